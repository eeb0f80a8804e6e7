# A streaming standby: while it replays what happens on the primary, with every changed page compared
# (wal_consistency_checking), its searches find what they must; when it has caught up, it gives the
# primary's answers; a query that stands in the way of ids being used again loses no rows; promoted,
# it goes on as a primary.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = vecprov_node('primary', allows_streaming => 1);
$primary->append_conf('postgresql.conf', <<'EOC');
# 'all' are those known before libraries are loaded
wal_consistency_checking = 'all, vecprov'
max_connections = 20
EOC
$primary->start;
vecprov_functions($primary);
$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->append_conf('postgresql.conf', <<'EOC');
hot_standby_feedback = on
wal_receiver_status_interval = 1
EOC
$standby->start;

# Rows up to 200 stay; the others come and go.
$primary->safe_psql('postgres', <<'EOS' . other_types('items'));
CREATE TABLE items (id int, v vector(80));
INSERT INTO items SELECT i, vec(i, 80) FROM generate_series(1, 1000) i;
CREATE INDEX ON items USING vecprov (v);
CREATE UNLOGGED TABLE unlogged (id int, v vector(80));
CREATE INDEX ON unlogged USING vecprov (v);
INSERT INTO unlogged SELECT i, vec(i, 80) FROM generate_series(1, 50) i;
EOS
$primary->wait_for_catchup($standby);
all_intact($standby, 'items', 'the build, on the standby');

sub answers
{
	my ($node) = @_;

	return $node->safe_psql('postgres', <<'EOS');
SET enable_seqscan = off;
SELECT q, array_agg(id) FROM generate_series(3, 1500, 77) q,
	LATERAL (SELECT id FROM items ORDER BY v <-> near(q, 80) LIMIT 15) n GROUP BY q ORDER BY q;
SELECT q, array_agg(id) FROM generate_series(3, 1500, 77) q,
	LATERAL (SELECT id FROM items ORDER BY h <-> near(q, 80)::halfvec LIMIT 15) n GROUP BY q ORDER BY q;
SELECT q, array_agg(id) FROM generate_series(3, 1500, 77) q,
	LATERAL (SELECT id FROM items ORDER BY s <-> near(q, 80)::sparsevec LIMIT 15) n GROUP BY q ORDER BY q;
SELECT q, array_agg(distance) FROM generate_series(3, 1500, 77) q,
	LATERAL (SELECT i.b <~> o.b AS distance FROM (SELECT b FROM items WHERE id = q LIMIT 1) o,
		LATERAL (SELECT b FROM items ORDER BY b <~> o.b LIMIT 15) i) n GROUP BY q ORDER BY q;
EOS
}

# A client of the standby that is disappointed by the first row that it does not find.
my $search = $primary->basedir . '/search.sql';
append_to_file($search, <<'EOS');
\set i random(1, 200)
SELECT 1 / count(*) FROM (SELECT id FROM items ORDER BY v <-> vec(:i, 80) LIMIT 3) n WHERE id = :i;
EOS
# Another one that is by the first rule that a light check finds broken: it goes on beside the replay.
my $check = $primary->basedir . '/check.sql';
append_to_file($check, <<'EOS');
SELECT 1 / (count(*) = 0)::int FROM unnest('{items_v_idx,items_h_idx,items_b_idx,items_s_idx}'::regclass[]) i,
	vecprov_check(i);
EOS
my $searched = '';
my $reader   = IPC::Run::start(
	[ 'pgbench', '-n', '-c', '2', '-T', '600', '--random-seed', '1', '-h', $standby->host,
		'-p', $standby->port, '-f', $search, '-f', $check, 'postgres' ],
	'<', \undef, '>', \$searched, '2>&1');

foreach my $cycle (0 .. 9)
{
	$primary->safe_psql('postgres', "DELETE FROM items WHERE id > 200 AND id % 10 = $cycle");
	$primary->safe_psql('postgres', 'VACUUM items');
	$primary->safe_psql('postgres', <<"EOS");
INSERT INTO items SELECT i, vec(i + 2000, 80) FROM generate_series(201, 1000) i WHERE i % 10 = $cycle;
UPDATE items SET v = near(id, 80) WHERE id > 200 AND id % 50 = $cycle;
EOS
	$primary->wait_for_catchup($standby);
	is(answers($standby), answers($primary), "cycle $cycle: the standby answers as the primary");
}
$reader->pump_nb;
ok($reader->pumpable, 'the searches and checks on the standby are still going');
$reader->kill_kill;
unlike($searched, qr/ERROR|abort/, 'none failed while WAL was replayed');
all_intact($standby, 'items', 'after the cycles, on the standby');
all_intact($primary, 'items', 'after the cycles, on the primary');

# A cursor on the standby stands in a chain of equal vectors, before two nodes of rows that were rolled
# back: no row conflicts with it. The primary, which does not know of it, uses their ids for others.
$standby->safe_psql('postgres', <<'EOS');
ALTER SYSTEM SET hot_standby_feedback = off;
ALTER SYSTEM SET max_standby_streaming_delay = -1;
SELECT pg_reload_conf();
EOS
$primary->poll_query_until('postgres', 'SELECT bool_and(backend_xmin IS NULL) FROM pg_stat_replication')
  or die 'the feedback goes on';
$primary->safe_psql('postgres', <<'EOS');
CREATE TABLE chain (id int, v vector(80));
CREATE INDEX ON chain USING vecprov (v);
INSERT INTO chain SELECT i, vec(1, 80) FROM generate_series(1, 6) i;
-- on another page of the table: the cursor will have the first one pinned
INSERT INTO chain SELECT i, NULL FROM generate_series(11, 310) i;
BEGIN;
INSERT INTO chain SELECT i, vec(1, 80) FROM generate_series(401, 402) i;
ROLLBACK;
-- a commit, so that the standby gets all this
INSERT INTO chain VALUES (403, NULL);
EOS
$primary->wait_for_catchup($standby);

my $cursor = $standby->background_psql('postgres');
$cursor->query_safe(<<'EOS');
SET enable_seqscan = off;
SET enable_sort = off;
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM chain WHERE v IS NOT NULL ORDER BY v <-> vec(1, 80) LIMIT 100;
EOS
my @ids = split /\n/, $cursor->query_safe('FETCH 1 FROM c');
$primary->safe_psql('postgres', 'VACUUM chain');
$primary->safe_psql('postgres', "INSERT INTO chain SELECT 500 + 10 * $_ + i, vec(2, 80) FROM generate_series(1, 2) i")
  foreach 1 .. 2;
my $lsn = $primary->lsn('insert');
$standby->poll_query_until('postgres', <<"EOS") or die 'the standby neither replays nor waits';
SELECT pg_last_wal_replay_lsn() >= '$lsn' OR EXISTS (SELECT FROM pg_stat_activity
	WHERE backend_type = 'startup' AND wait_event = 'RecoveryConflictSnapshot')
EOS
push @ids, split /\n/, $cursor->query_safe('FETCH ALL FROM c');
$cursor->quit;
is(join(' ', sort { $a <=> $b } @ids), '1 2 3 4 5 6', 'a cursor of the standby gets all rows of its snapshot');
$primary->wait_for_catchup($standby);
intact($standby, 'chain', 'chain_v_idx', 'ids used again, on the standby');

$standby->promote;
$standby->safe_psql('postgres', <<'EOS');
INSERT INTO items SELECT i, vec(i, 80) FROM generate_series(5001, 5200) i;
DELETE FROM items WHERE id % 4 = 0;
VACUUM items;
INSERT INTO unlogged SELECT i, vec(i, 80) FROM generate_series(1, 20) i;
EOS
all_intact($standby, 'items', 'promoted');
is($standby->safe_psql('postgres', 'SELECT count(*) FROM unlogged'), 20, 'promoted: the unlogged table was empty');
intact($standby, 'unlogged', 'unlogged_v_idx', 'promoted, unlogged');
$standby->restart;
all_intact($standby, 'items', 'promoted and restarted');

$standby->stop;
$primary->stop;
done_testing();
