# kill -9 and errors at every step of VACUUM: the index stays sound, rows that are inserted before the
# next VACUUM are found, and the next VACUUM finishes the work. And many rounds of deleting, VACUUM
# and inserting: ids are used again, and recall does not decay.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = vecprov_node('main');
$node->append_conf('postgresql.conf', 'max_parallel_maintenance_workers = 0');
$node->start;
vecprov_functions($node);

# 400 rows, 100 of them in chains of equal vectors; half of them deleted, the heads of some chains,
# whole chains and one of the clusters of vec() wholly among them.
my $make = <<'EOS';
DROP TABLE IF EXISTS items;
CREATE TABLE items (id int, v vector(80));
INSERT INTO items SELECT i, vec(CASE WHEN i % 4 = 0 THEN i / 40 ELSE i END, 80) FROM generate_series(1, 400) i;
CREATE INDEX ON items USING vecprov (v) WITH (m = 8, ef_construction = 24);
DELETE FROM items WHERE id <= 100 OR id % 3 = 0 OR id % 40 = 7;
EOS

# What must hold from now on: at once, with rows where others were, and after the next VACUUM.
sub check_and_go_on
{
	my ($name) = @_;

	intact($node, 'items', 'items_v_idx', $name);
	$node->safe_psql('postgres',
		'INSERT INTO items SELECT 1000 + i, vec(i, 80) FROM generate_series(1, 400) i WHERE i <= 100 OR i % 40 = 7');
	intact($node, 'items', 'items_v_idx', "$name, inserted again");
	$node->safe_psql('postgres', 'VACUUM items');
	intact($node, 'items', 'items_v_idx', "$name, vacuumed again");
}

foreach my $count (1, 2, 4, 8, 16, 32, 64, 100, 150, 200, 300)
{
	$node->safe_psql('postgres', $make);
	if (crash_at($node, "change-before-wal=crash:$count", 'VACUUM items'))
	{
		check_and_go_on("change $count");
	}
	else
	{
		cmp_ok($count, '>', 100, "VACUUM makes more than 100 changes");
	}
}

foreach my $point ('vacuum-marked', 'vacuum-surveyed', 'vacuum-repaired', 'vacuum-unlinked')
{
	$node->safe_psql('postgres', $make);
	ok(crash_at($node, "$point=crash", 'VACUUM items'), "$point: crashed");
	check_and_go_on($point);

	$node->safe_psql('postgres', $make);
	my ($rc, $stdout, $stderr) =
	  $node->psql('postgres', "SET vecprov.debug_point = '$point=error'; VACUUM items;");
	like($stderr, qr/error at debug point "$point"/, "$point: an error");
	check_and_go_on("$point, error");
}

# Among the pages whose dead it lists: those that are not listed yet lead to such as are.
foreach my $count (1, 2, 4)
{
	$node->safe_psql('postgres', $make);
	ok(crash_at($node, "vacuum-listed=crash:$count", 'VACUUM items'), "page $count is listed: crashed");
	check_and_go_on("page $count is listed");
}

# A whole cluster of 500 is gone, but VACUUM has only marked it: rows that come into its place have no
# living neighbours near by, and must be found all the same; after the next VACUUM, too.
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE clusters (id int, v vector(80));
INSERT INTO clusters SELECT i, vec(i * 40 + i % 2, 80) FROM generate_series(1, 1000) i;
CREATE INDEX ON clusters USING vecprov (v);
DELETE FROM clusters WHERE id % 2 = 0;
EOS
$node->psql('postgres', "SET vecprov.debug_point = 'vacuum-marked=error'; VACUUM clusters;");
$node->safe_psql('postgres',
	'INSERT INTO clusters SELECT i, vec(i * 40 + i % 2, 80) FROM generate_series(1002, 1400, 2) i');
intact($node, 'clusters', 'clusters_v_idx', 'into the place of a dead cluster');
$node->safe_psql('postgres', 'VACUUM clusters');
intact($node, 'clusters', 'clusters_v_idx', 'into the place of a dead cluster, vacuumed');

# The same with all rows gone.
$node->safe_psql('postgres', 'DELETE FROM clusters');
$node->psql('postgres', "SET vecprov.debug_point = 'vacuum-marked=error'; VACUUM clusters;");
$node->safe_psql('postgres', 'INSERT INTO clusters SELECT i, vec(i, 80) FROM generate_series(1, 200) i');
intact($node, 'clusters', 'clusters_v_idx', 'into a dead graph');
$node->safe_psql('postgres', 'VACUUM clusters');
intact($node, 'clusters', 'clusters_v_idx', 'into a dead graph, vacuumed');

# And while VACUUM is at work: rows that take used ids after it has seen which nodes there are.
$node->safe_psql('postgres', <<'EOS');
TRUNCATE clusters;
INSERT INTO clusters SELECT i, vec(i, 80) FROM generate_series(1, 1500) i;
DELETE FROM clusters WHERE id % 3 = 0;
VACUUM clusters;
DELETE FROM clusters WHERE id % 3 = 1;
EOS
foreach my $point ('vacuum-surveyed', 'vacuum-repaired')
{
	my $hold    = hold($node);
	my $session = at_point($node, $point, 'VACUUM clusters');
	$node->safe_psql('postgres', <<'EOS');
INSERT INTO clusters SELECT (SELECT max(id) FROM clusters) + i, vec(i, 80) FROM generate_series(1, 600) i;
DELETE FROM clusters WHERE id % 11 = 5;
EOS
	$hold->quit;
	finish_session($session);
	$session->quit;
	intact($node, 'clusters', 'clusters_v_idx', "inserted at $point");
}
$node->safe_psql('postgres', 'DROP TABLE clusters');

# Rounds: half of the rows are deleted and inserted anew.
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE rounds (id int, v vector(80));
INSERT INTO rounds SELECT i, vec(i, 80) FROM generate_series(1, 3000) i;
CREATE INDEX ON rounds USING vecprov (v);
EOS
my $measure = <<'EOS';
SELECT pg_relation_size('rounds_v_idx') / current_setting('block_size')::int, vecprov_recall('rounds_v_idx', 10, 100)
EOS
my ($first_pages, $first_recall) = split /\|/, $node->safe_psql('postgres', $measure);
cmp_ok($first_recall, '>=', 0.9, 'recall of the build');
foreach my $round (1 .. 6)
{
	$node->safe_psql('postgres', "DELETE FROM rounds WHERE (id / 7 + $round) % 2 = 0");
	$node->safe_psql('postgres', 'VACUUM rounds');
	$node->safe_psql('postgres', <<"EOS");
INSERT INTO rounds SELECT i, vec(i + 10000 * $round, 80) FROM generate_series(1, 3000) i
WHERE (i / 7 + $round) % 2 = 0
EOS
	my ($pages, $recall) = split /\|/, $node->safe_psql('postgres', $measure);
	is($pages, $first_pages, "round $round: no page more than at first");
	cmp_ok($recall, '>=', 0.9, "round $round: recall");
	cmp_ok($recall, '>=', $first_recall - 0.03, "round $round: recall does not decay");
}
intact($node, 'rounds', 'rounds_v_idx', 'after the rounds');

$node->stop;
done_testing();
