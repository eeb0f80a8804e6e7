# Landmarks of sparse vectors, where pages of them are added and give each other terms: kill -9 at each
# step of the insert that does so, and of a VACUUM that renews them. After recovery, and on a standby that
# compares every page it replays (wal_consistency_checking), short texts are found all the same; of
# several shards, too.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = vecprov_node('primary', allows_streaming => 1);
$primary->append_conf('postgresql.conf', <<'EOC');
wal_consistency_checking = 'all, vecprov'
shared_buffers = 32MB
# a crash must not take away what the standby has not got yet
wal_keep_size = 4GB
EOC
$primary->start;
# text(i): 4 to 11 terms of 20,000 by Zipf's law, weighing the more the rarer they are, normalised
$primary->safe_psql('postgres', <<'EOS');
CREATE EXTENSION IF NOT EXISTS vecprov;
CREATE FUNCTION text(i integer) RETURNS sparsevec LANGUAGE sql IMMUTABLE AS $$
	SELECT l2_normalize(('{' || string_agg(word || ':' || weight, ',') || '}/20000')::sparsevec)
	FROM (SELECT word, (count(*) * ln(2.0 + word))::real AS weight
		FROM (SELECT floor(20000 ^ (((hashint4extended(i, n) >> 20) & 1048575) / 1048576.0))::integer AS word
			FROM generate_series(1, 4 + i % 8) n) w
		GROUP BY word) c
$$;
EOS
$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;

sub answers
{
	my ($node) = @_;

	return $node->safe_psql('postgres', <<'EOS');
SET enable_seqscan = off;
SELECT q, array_agg(id) FROM generate_series(1, 3000, 29) q,
	LATERAL (SELECT id FROM texts ORDER BY s <-> text(q) LIMIT 10) n GROUP BY q ORDER BY q;
EOS
}

sub look
{
	my ($name) = @_;

	intact($primary, 'texts', 'texts_s_idx', $name, undef, 's');
	is($primary->safe_psql('postgres', "SELECT vecprov_recall('texts_s_idx', 10, 50) >= 0.95"), 't',
		"$name: recall");
	$primary->wait_for_catchup($standby);
	is(answers($standby), answers($primary), "$name: the standby answers as the primary");
}

# Rows of the first stripe: the one after them is where the index grows by more than a page.
my $rows = $primary->safe_psql('postgres', <<'EOS');
CREATE TABLE texts (id int, s sparsevec(20000));
CREATE INDEX ON texts USING vecprov (s sparsevec_l2_ops);
INSERT INTO texts SELECT i, text(i) FROM generate_series(1, 1000) i;
DO $$
DECLARE
	before bigint;
	i int := 1000;
BEGIN
	LOOP
		before := pg_relation_size('texts_s_idx');
		i := i + 1;
		INSERT INTO texts VALUES (i, text(i));
		EXIT WHEN pg_relation_size('texts_s_idx') > before + 2 * 8192;
	END LOOP;
END $$;
SELECT count(*) - 1 FROM texts;
EOS
look('grown row by row');

my $crashes = 0;
# the pages' INITs, their shares, the row, its links, its landmarks
foreach my $count (2, 8, 9, 10, 12, 14, 16, 30, 50)
{
	$primary->safe_psql('postgres', <<"EOS");
TRUNCATE texts;
INSERT INTO texts SELECT i, text(i) FROM generate_series(1, $rows) i;
EOS
	last
	  unless crash_at($primary, "change-before-wal=crash:$count",
		"INSERT INTO texts SELECT i, text(i) FROM generate_series($rows + 1, $rows + 2) i");
	$crashes++;
	$primary->safe_psql('postgres',
		"INSERT INTO texts SELECT i, text(i) FROM generate_series($rows + 3, $rows + 200) i");
	look("change $count");
}
cmp_ok($crashes, '>=', 8, 'the insert crashed at its changes');

foreach my $count (1, 40, 200, 300, 310)
{
	$primary->safe_psql('postgres', 'DELETE FROM texts WHERE id % 3 = 0');
	crash_at($primary, "change-before-wal=crash:$count", 'VACUUM texts');
	look("VACUUM, change $count");
	$primary->safe_psql('postgres', <<'EOS');
VACUUM texts;
INSERT INTO texts SELECT i, text(i) FROM generate_series(3, 2400, 3) i;
EOS
	look("VACUUM, change $count, vacuumed and inserted again");
}

# rows on their way from shard to shard take their landmarks along
$primary->safe_psql('postgres', <<'EOS');
SELECT vecprov_provision('texts_s_idx', 'r10', 3, 1);
SELECT vecprov_wait('texts_s_idx', '5 minutes');
EOS
look('three shards');

$standby->promote;
is($standby->safe_psql('postgres', "SELECT vecprov_recall('texts_s_idx', 10, 50) >= 0.95"), 't',
	'promoted: recall');
intact($standby, 'texts', 'texts_s_idx', 'promoted', undef, 's');
$standby->stop;
$primary->stop;
done_testing();
