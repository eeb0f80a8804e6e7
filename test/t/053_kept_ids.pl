# Ids of conditions that a process keeps from one search to the next: no row is missing that others have
# inserted, flushed or vacuumed since, and none of an index that is another one in the same file.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = vecprov_node('primary');
$node->append_conf('postgresql.conf', "max_parallel_maintenance_workers = 0\njit = off\n");
$node->start;
vecprov_functions($node);
$node->safe_psql('postgres', <<'EOS');
CREATE FUNCTION spot(i int) RETURNS vector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT array_agg((hashint4extended(i, d) & 1023) / 1024.0 ORDER BY d)::real[]::vector FROM generate_series(1, 12) d
$$;
CREATE TABLE items (id int, kind int, half int, v vector(12)) WITH (autovacuum_enabled = off);
INSERT INTO items SELECT i, i / 40 % 6, i % 2, spot(i) FROM generate_series(1, 12000) i;
CREATE INDEX items_v_idx ON items USING vecprov (v, kind, half);
ANALYZE items;
EOS
my $settings = 'SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off; SET vecprov.ef_search = 40;';

#----------
# A condition that comes again is answered another way
#----------
sub ways
{
	my ($times, $where, $among) = @_;
	my $query = "SELECT id FROM items WHERE $where ORDER BY v <-> spot(77) LIMIT 10;\n" . ($among // '');
	my ($rc, $out, $err) = $node->psql('postgres', "$settings SET client_min_messages = debug1;" . $query x $times);
	return join(', ', $err =~ /filter: (.*)/g);
}
my $cells = 'matches in the nearest cells';
is(ways(3, 'kind < 4'), "graph, $cells, $cells", 'two thirds of the rows');
is(ways(3, 'kind < 4 AND half < 1'), "graph, $cells, $cells", 'two conditions');

#----------
# Others change the index meanwhile
#----------
my $session = $node->background_psql('postgres');
$session->query_safe("SET client_min_messages = warning; $settings");

# How many of the rows with these numbers does a search by their own vectors miss?
sub missed
{
	my ($from, $to) = @_;
	return $session->query_safe(<<"EOS");
SELECT count(*) FROM generate_series($from, $to, 7) i, LATERAL (SELECT count(*) FILTER (WHERE v = spot(i)) AS found
	FROM (SELECT v FROM items WHERE kind < 4 ORDER BY v <-> spot(i) LIMIT 1) r) f WHERE found = 0 AND i / 40 % 6 < 4;
EOS
}

is(missed(1, 700), 0, 'kept');
$node->safe_psql('postgres', 'INSERT INTO items SELECT i, i / 40 % 6, i % 2, spot(i) FROM generate_series(12001, 12300) i');
is(missed(12001, 12300), 0, 'rows in recent pages');
$node->safe_psql('postgres', 'INSERT INTO items SELECT i, i / 40 % 6, i % 2, spot(i) FROM generate_series(12301, 16000) i');
is(missed(12301, 16000), 0, 'rows in runs of later generations');
$node->safe_psql('postgres', 'DELETE FROM items WHERE id % 3 = 0');
my $vacuum = 'VACUUM (INDEX_CLEANUP ON) items';
$node->safe_psql('postgres', $vacuum);
$node->safe_psql('postgres', 'SELECT txid_current()');
$node->safe_psql('postgres', $vacuum);
my $size = $node->safe_psql('postgres', "SELECT pg_relation_size('items_v_idx')");
$node->safe_psql('postgres', 'INSERT INTO items SELECT i, i / 40 % 6, i % 2, spot(i) FROM generate_series(20001, 22000) i');
is($node->safe_psql('postgres', "SELECT pg_relation_size('items_v_idx') - $size"), 0, 'new rows are where others were');
is(missed(20001, 22000), 0, 'rows at places of others');
is($session->query_safe('SELECT (SELECT count(*) FROM (SELECT id FROM items WHERE kind < 4 ORDER BY v <-> spot(3)) r) -
	(SELECT count(*) FROM items WHERE kind + 0 < 4)'), 0, 'a scan to its end');

#----------
# Another index in the same file: keys are other, but the runs are as long
#----------
$session->query_safe(<<'EOS');
CREATE TEMP TABLE brief (id int, kind int, v vector(12)) ON COMMIT DELETE ROWS;
CREATE INDEX brief_v_idx ON brief USING vecprov (v, kind);
SET vecprov.ef_search = 10;
EOS
my $file = $session->query_safe("SELECT pg_relation_filenode('brief_v_idx')");
foreach my $first (0, 3, 1)
{
	is($session->query_safe(<<"EOS"), "3000\n3000\n3000", "transaction with kinds from $first on");
BEGIN;
INSERT INTO brief SELECT i, (i + $first) % 6, spot(i) FROM generate_series(1, 6000) i;
SELECT count(*) FROM (SELECT id FROM brief WHERE kind < 3 ORDER BY v <-> spot(3)) r;
SELECT count(*) FROM (SELECT id FROM brief WHERE kind < 3 ORDER BY v <-> spot(4)) r;
SELECT count(*) FROM (SELECT id FROM brief WHERE kind < 3 ORDER BY v <-> spot(5)) r;
COMMIT;
EOS
}
is($session->query_safe("SELECT pg_relation_filenode('brief_v_idx')"), $file, 'in the same file');

#----------
# More conditions than are remembered, each again
#----------
is($session->query_safe(<<'EOS'), 0, 'many conditions');
SET vecprov.ef_search = 40;
SELECT count(*) FROM generate_series(1, 200) i, LATERAL (SELECT count(*) AS n FROM
	(SELECT id FROM items WHERE kind < 1 + i % 5 AND half < 1 + i % 3 AND id > 0 ORDER BY v <-> spot(i) LIMIT 10) r) f WHERE n <> 10;
EOS
$session->quit;
is($node->safe_psql('postgres', "SELECT count(*) FROM vecprov_check('items_v_idx', true)"), 0, 'checked');

$node->stop;
done_testing();
