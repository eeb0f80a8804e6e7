# Cells: many rows that match are measured in the cells that are nearest.  No row is lost: places are used
# again by other vectors, VACUUM is killed where it tells cells of that, a standby follows.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = vecprov_node('primary', allows_streaming => 1);
$node->append_conf('postgresql.conf', <<'EOC');
wal_consistency_checking = 'vecprov'
max_parallel_maintenance_workers = 0
jit = off
EOC
$node->start;
vecprov_functions($node);

# points anywhere in a cube: their cells are alike
$node->safe_psql('postgres', <<'EOS');
CREATE FUNCTION spot(i int) RETURNS vector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT array_agg((hashint4extended(i, d) & 1023) / 1024.0 ORDER BY d)::real[]::vector FROM generate_series(1, 12) d
$$;
EOS

# six kinds of 2,000 rows, of 94 cells
my $make = <<'EOS';
DROP TABLE IF EXISTS items;
CREATE TABLE items (id int, kind int, v vector(12));
INSERT INTO items SELECT i, i / 40 % 6, spot(i) FROM generate_series(1, 12000) i;
CREATE INDEX items_v_idx ON items USING vecprov (v, kind);
ANALYZE items;
EOS
my $vacuum = 'VACUUM (INDEX_CLEANUP ON) items';
# with little effort, since more of it measures all 2,000 of a kind
my $settings = 'SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off; SET vecprov.ef_search = 20;';

# How a search found its rows
sub way
{
	my ($where, $query) = @_;
	my ($rc, $out, $err) = $where->psql('postgres', "$settings SET client_min_messages = debug1; " .
		($query // 'SELECT id FROM items WHERE kind = 2 ORDER BY v <-> spot(77) LIMIT 10'));
	return $err =~ /filter: (.*)/ ? $1 : "none: $err";
}

# Searches for rows by their own vectors; scans to their end
sub found
{
	my ($where, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	is(way($where), 'matches in the nearest cells', "$name: by cells");
	is($where->safe_psql('postgres', <<"EOS"), "0\n0", "$name: all are found");
$settings
SELECT count(*) FROM items i WHERE (id % 29 = 0 OR id > 12000) AND NOT EXISTS (SELECT FROM
	(SELECT id FROM items k WHERE k.kind = i.kind ORDER BY k.v <-> i.v LIMIT 1) r WHERE r.id = i.id);
SELECT (SELECT count(DISTINCT id) FROM (SELECT id FROM items WHERE kind = 3 ORDER BY v <-> spot(3)) r) -
	(SELECT count(*) FROM items WHERE kind + 0 = 3);
EOS
}

#----------
# A build
#----------
$node->safe_psql('postgres', $make);
found($node, 'built');
cmp_ok($node->safe_psql('postgres', <<"EOS"), '>=', 0.9, 'recall of ten');
$settings
SELECT avg((SELECT count(*) FROM
	(SELECT id FROM items WHERE kind = q % 6 ORDER BY v <-> spot(q + 100000) LIMIT 10) a JOIN
	(SELECT id FROM items WHERE kind + 0 = q % 6 ORDER BY v <-> spot(q + 100000) LIMIT 10) b USING (id)) / 10.0)
FROM generate_series(1, 120) q;
EOS

# A tight cluster, and points around it, which have their neighbours in wide cells: there are none
$node->safe_psql('postgres', <<'EOS');
SELECT setseed(0.3);
CREATE TABLE around (id int, k int, v vector(16));
INSERT INTO around SELECT i, i % 5, ARRAY(SELECT CASE WHEN i % 10 > 0 THEN 0.5 + 0.002 * random() ELSE random() END
	FROM generate_series(1, 16)) FROM generate_series(1, 30000) i;
CREATE INDEX around_v_idx ON around USING vecprov (v, k);
ANALYZE around;
EOS
cmp_ok($node->safe_psql('postgres', <<"EOS"), '>=', 0.99, 'recall of ten around a cluster');
$settings
SET vecprov.ef_search = 100;
SELECT avg((SELECT count(*) FROM
	(SELECT id FROM around WHERE k = 0 ORDER BY v <-> q.v LIMIT 10) a JOIN
	(SELECT id FROM around WHERE k + 0 = 0 ORDER BY v <-> q.v LIMIT 10) b USING (id)) / 10.0)
FROM (SELECT v FROM around WHERE id % 300 = 0) q;
EOS

is(way($node, 'SELECT id FROM around WHERE k = 0 ORDER BY v <-> array_fill(0.3, ARRAY[16])::vector LIMIT 10'),
	'all matches', 'cells that are unlike are not used');

#----------
# Inner product: of vectors of length 1, by floats and by codes
#----------
foreach my $dims (12, 64)
{
	$node->safe_psql('postgres', <<"EOS");
DROP TABLE IF EXISTS units;
CREATE TABLE units (id int, k int, v vector($dims));
SELECT setseed(0.2);
INSERT INTO units SELECT i, i % 5, l2_normalize((SELECT array_agg(random() - 0.3) FROM generate_series(1, $dims) WHERE i > 0)::real[]::vector)
	FROM generate_series(1, 12000) i;
CREATE INDEX units_v_idx ON units USING vecprov (v vector_ip_ops, k);
ANALYZE units;
EOS
	my $near = "SELECT id FROM units WHERE k = 0 ORDER BY v <#> (SELECT v FROM units WHERE id = 77) LIMIT 10";
	is(way($node, $near), 'matches in the nearest cells', "inner product, $dims dimensions: by cells");
	# queries that are no rows, and of any length
	my ($with, $without) = map { $node->safe_psql('postgres', <<"EOS") } ('k = 1', 'true');
$settings
WITH queries AS MATERIALIZED (SELECT (a.v + b.v) * array_fill(3 + a.id % 7, ARRAY[$dims])::vector AS v
	FROM units a, units b WHERE a.id <= 40 AND b.id = a.id + 60)
SELECT avg((SELECT count(*) FROM
	(SELECT id FROM units WHERE $_ ORDER BY v <#> q.v LIMIT 10) a JOIN
	(SELECT id FROM units WHERE $_ ORDER BY (v <#> q.v) + 0 LIMIT 10) b USING (id)) / 10.0) FROM queries q;
EOS
	cmp_ok($with, '>=', $without - 0.02, "inner product, $dims dimensions: recall of ten");
	$node->safe_psql('postgres', "UPDATE units SET v = v * array_fill(1.2, ARRAY[$dims])::vector WHERE id = 5; REINDEX INDEX units_v_idx");
	is(way($node, $near), 'all matches', "inner product, $dims dimensions: a longer vector");
}

#----------
# A damaged page
#----------
$node->safe_psql('postgres', <<'EOS');
CREATE FUNCTION pages(index regclass) RETURNS bytea AS 'vecprov', 'vecprov_debug_pages' LANGUAGE C STRICT;
CREATE FUNCTION flip_bit(index regclass, block int, nr int) RETURNS void
	AS 'vecprov', 'vecprov_debug_flip_bit' LANGUAGE C STRICT;
EOS
my $raw = pack('H*', $node->safe_psql('postgres', "SELECT encode(pages('items_v_idx'), 'hex')"));
# behind the header of 24 bytes: use, next, last, next piece, XID; then the page's first cell, how many
my @cells = grep { unpack('V', substr($raw, $_ * 8192 + 24, 4)) == 5 && unpack('v', substr($raw, $_ * 8192 + 8182, 2)) == 7 }
  0 .. length($raw) / 8192 - 1;
cmp_ok(scalar(@cells), '>', 0, 'there are pages of cells');
foreach my $field ([ 'use', 24 ], [ 'first', 48 ], [ 'count', 52 ])
{
	my ($name, $at) = @$field;
	my $bit = 8 * $at + 1;
	$node->safe_psql('postgres', "SELECT flip_bit('items_v_idx', $cells[0], $bit)");
	is($node->safe_psql('postgres', "SELECT block, rule FROM vecprov_check('items_v_idx', true) WHERE rule = 'cells'"),
		"$cells[0]|cells", "$name: vecprov_check names the page");
	$node->safe_psql('postgres', "SELECT flip_bit('items_v_idx', $cells[0], $bit)");
}
intact($node, 'items', 'items_v_idx', 'put back');

#----------
# Places that are used again
#----------
my $replace = <<'EOS';
DELETE FROM items WHERE id % 3 = 0;
EOS
my $add = <<'EOS';
INSERT INTO items SELECT 12000 + i, i / 40 % 6, spot(i * 7 + 50000) FROM generate_series(1, 1500) i;
EOS
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
$node->safe_psql('postgres', "$replace $vacuum;");
my $size = $node->safe_psql('postgres', "SELECT pg_relation_size('items_v_idx')");
$node->safe_psql('postgres', "SELECT txid_current(); $vacuum");
$node->safe_psql('postgres', $add);
is($node->safe_psql('postgres', "SELECT pg_relation_size('items_v_idx') - $size"), 0, 'new rows are where others were');
found($node, 'used again');
intact($node, 'items', 'items_v_idx', 'used again');
$node->wait_for_catchup($standby);
found($standby, 'standby');
$standby->stop;

#----------
# kill -9
#----------
foreach my $point ('vacuum-estranged=crash', 'vacuum-listed=crash:1', 'vacuum-listed=crash:40')
{
	$node->safe_psql('postgres', "$make $replace");
	ok(crash_at($node, $point, $vacuum), "$point: crashed");
	intact($node, 'items', 'items_v_idx', $point);
	$node->safe_psql('postgres', $vacuum);
	$node->safe_psql('postgres', "SELECT txid_current(); $vacuum");
	$node->safe_psql('postgres', $add);
	found($node, $point);
	intact($node, 'items', 'items_v_idx', "$point, used again");
}

$node->stop;
done_testing();
