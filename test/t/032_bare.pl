# Rows without a vector: kill -9 at every step of inserts and VACUUM; scans that stand on a node while
# VACUUM puts its rows elsewhere; builds with concurrent inserts; a standby.

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
EOC
$node->start;
vecprov_functions($node);
$node->safe_psql('postgres', 'CREATE SEQUENCE ids START 1001');

# 100 rows with a vector, 300 without; nodes have room for 10 of these. v: cosine, so that zero vectors
# are rows without one, too.
my $make = <<'EOS';
DROP TABLE IF EXISTS items;
CREATE TABLE items (id int, v vector(80));
CREATE FUNCTION pg_temp.v(i int) RETURNS vector LANGUAGE sql AS
	$$SELECT CASE WHEN i > 250 THEN NULL WHEN i > 100 THEN array_fill(0::real, ARRAY[80])::vector ELSE vec(i, 80) END$$;
INSERT INTO items SELECT i, pg_temp.v(i) FROM generate_series(1, 400) i;
CREATE INDEX ON items USING vecprov (v vector_cosine_ops) WITH (m = 4);
EOS
my $insert = "INSERT INTO items SELECT nextval('ids'), CASE WHEN i % 2 = 0 THEN array_fill(0::real, ARRAY[80])::vector END FROM generate_series(1, 60) i;";
my $delete = 'DELETE FROM items WHERE id > 100 AND id % 4 <> 0;';

# All rows are there; rows can be inserted, and VACUUM leaves all in order.
sub sound
{
	my ($name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	intact($node, 'items', 'items_v_idx', $name, 'id <= 100', undef, '<=>');
	$node->safe_psql('postgres', $insert);
	$node->safe_psql('postgres', 'DELETE FROM items WHERE id > 100 AND id % 8 = 0');
	$node->safe_psql('postgres', 'VACUUM (INDEX_CLEANUP ON) items');
	intact($node, 'items', 'items_v_idx', "$name, vacuumed", 'id <= 100', undef, '<=>');
	$node->safe_psql('postgres', $insert);
	intact($node, 'items', 'items_v_idx', "$name, inserted", 'id <= 100', undef, '<=>');
}

#----------
# Crashes
#----------
foreach my $count (1, 11, 12)
{
	$node->safe_psql('postgres', $make);
	ok(crash_at($node, "change-before-wal=crash:$count", $insert), "insert: crashed at change $count");
	sound("insert, change $count");
}
foreach my $count (1, 12)
{
	$node->safe_psql('postgres', $make);
	ok(crash_at($node, "insert-bare=crash:$count", $insert), "insert: crashed after row $count");
	sound("insert, row $count");
}
foreach my $count (1 .. 6, 10, 20)
{
	$node->safe_psql('postgres', $make . $delete);
	last unless crash_at($node, "change-before-wal=crash:$count", 'VACUUM (INDEX_CLEANUP ON) items');
	sound("VACUUM, change $count");
}
foreach my $point ('vacuum-marked', 'vacuum-merged')
{
	$node->safe_psql('postgres', $make . $delete);
	ok(crash_at($node, "$point=crash", 'VACUUM (INDEX_CLEANUP ON) items'), "$point: crashed");
	sound($point);
	$node->safe_psql('postgres', $make . $delete);
	$node->psql('postgres', "SET vecprov.debug_point = '$point=error'; VACUUM (INDEX_CLEANUP ON) items;");
	sound("$point, error");
}
foreach my $point ('build-loaded', 'build-written')
{
	$node->safe_psql('postgres', $make);
	ok(crash_at($node, "$point=crash", 'REINDEX INDEX items_v_idx'), "REINDEX, $point: crashed");
	sound("REINDEX, $point");
}

#----------
# Scans that stand on a node
#----------
# Rows are deleted before the scans begin; VACUUM then moves those that are left to other nodes, and
# inserts use the ids of these nodes again as soon as they may.
$node->safe_psql('postgres', $make . $delete);
my $left    = $node->safe_psql('postgres', 'SELECT count(*) FROM items');
my @cursors = (20, 99, 103, 120, 140, 150, 165);
my $scan    = $node->background_psql('postgres', on_error_stop => 1);
$scan->query_safe('SET enable_seqscan = off; SET enable_sort = off; SET client_min_messages = warning; BEGIN ISOLATION LEVEL REPEATABLE READ');
foreach my $n (@cursors)
{
	$scan->query_safe("DECLARE c$n CURSOR FOR SELECT id FROM items ORDER BY v <=> vec(3, 80)");
}
my %seen = map { $_ => $scan->query_safe("FETCH $_ FROM c$_") } @cursors;
foreach (1 .. 3)
{
	$node->safe_psql('postgres', 'VACUUM (INDEX_CLEANUP ON) items');
	$node->safe_psql('postgres', $insert);
	$node->safe_psql('postgres', 'DELETE FROM items WHERE id > 1000 AND id % 3 = 1');
}
foreach my $n (@cursors)
{
	my @ids = split /\n/, "$seen{$n}\n" . $scan->query_safe("FETCH ALL FROM c$n");
	my %ids = map { $_ => 1 } @ids;
	is(scalar(@ids) . ' ' . keys(%ids), "$left $left", "a scan that stood at row $n has each row once");
}
$scan->query_safe('COMMIT');
$scan->quit;
intact($node, 'items', 'items_v_idx', 'afterwards', 'id <= 100', undef, '<=>');

#----------
# CREATE INDEX CONCURRENTLY and REINDEX CONCURRENTLY, while rows are inserted
#----------
$node->safe_psql('postgres', $make . 'DROP INDEX items_v_idx');
foreach my $statement ('CREATE INDEX CONCURRENTLY items_v_idx ON items USING vecprov (v vector_cosine_ops) WITH (m = 4)',
	'REINDEX INDEX CONCURRENTLY items_v_idx')
{
	my $writer = $node->background_psql('postgres', on_error_stop => 1);
	$writer->query_safe("BEGIN; $insert");
	my $build = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', $statement ]);
	$node->poll_query_until('postgres',
		"SELECT count(*) > 0 FROM pg_stat_activity WHERE query LIKE '%CONCURRENTLY%' AND wait_event_type = 'Lock'");
	$node->safe_psql('postgres', $insert);
	$writer->query_safe("$insert; COMMIT");
	$writer->quit;
	$node->safe_psql('postgres', $insert);
	ok($build->finish, $statement);
	sound($statement);
}

#----------
# A standby
#----------
$node->safe_psql('postgres', $make);
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->append_conf('postgresql.conf', "hot_standby_feedback = on\nwal_receiver_status_interval = 1");
$standby->start;
foreach my $round (1 .. 3)
{
	$node->safe_psql('postgres', "DELETE FROM items WHERE id > 100 AND id % 4 = $round");
	$node->safe_psql('postgres', 'VACUUM (INDEX_CLEANUP ON) items');
	$node->safe_psql('postgres', $insert);
	$node->wait_for_catchup($standby);
	intact($standby, 'items', 'items_v_idx', "standby, round $round", 'id <= 100', undef, '<=>');
}
$standby->promote;
$standby->safe_psql('postgres', $insert);
intact($standby, 'items', 'items_v_idx', 'promoted', 'id <= 100', undef, '<=>');

done_testing();
