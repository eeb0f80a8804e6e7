# Builds that do not come to their end: by an error, by a cancel in each of their phases, by kill -9.
# Nothing is left behind that hurts, and the next build makes a sound index. And builds that are
# interrupted without being meant to end.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = vecprov_node('main');
$node->append_conf('postgresql.conf', "max_parallel_maintenance_workers = 1\nmaintenance_work_mem = '64MB'");
$node->start;
vecprov_functions($node);
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE items (id int, v vector(80));
INSERT INTO items SELECT i, vec(i % 1500, 80) FROM generate_series(1, 2000) i;
CREATE TABLE many (id int, v vector(64));
INSERT INTO many SELECT i, vec(i % 15000, 64) FROM generate_series(1, 30000) i;
ANALYZE;
EOS

my $create = 'CREATE INDEX items_v_idx ON items USING vecprov (v)';
my @points = ('build-loaded', 'build-ordered', 'build-linked', 'build-written');

sub build_and_check
{
	my ($name) = @_;

	$node->safe_psql('postgres', $create);
	intact($node, 'items', 'items_v_idx', $name);
	$node->safe_psql('postgres', 'DROP INDEX items_v_idx');
}

# Temporary files: what pages will have, and where memory is too small the graph.
sub files
{
	return $node->safe_psql('postgres', 'SELECT count(*) FROM pg_ls_tmpdir()');
}

# An error, then the same session builds the index; memory is too small for the graph.
foreach my $point (map("$_=error", @points))
{
	my ($rc, $stdout, $stderr) = $node->psql('postgres', <<"EOS", on_error_stop => 0);
SET maintenance_work_mem = '1MB';
SET vecprov.debug_point = '$point';
$create WITH (m = 64, ef_construction = 128);
RESET vecprov.debug_point;
$create WITH (m = 64, ef_construction = 128);
EOS
	like($stderr, qr/error at debug point/, "$point: the build failed");
	is(() = $stderr =~ /ERROR/g, 1, "$point: once");
	is(() = $stderr =~ /the graph outgrew maintenance_work_mem/g, 2, "$point: in a file both times");
	is(files(), 0, "$point: no file is left");
	intact($node, 'items', 'items_v_idx', "$point, built again by the same session");
	$node->safe_psql('postgres', 'DROP INDEX items_v_idx');
}

# kill -9. A plain build leaves no index, a concurrent one an invalid index to be built again, and
# REINDEX the old one.
foreach my $point (map("$_=crash", @points), 'change-before-wal=crash:2')
{
	ok(crash_at($node, $point, $create), "$point: CREATE INDEX crashed");
	is($node->safe_psql('postgres', "SELECT count(*) FROM pg_class WHERE relname = 'items_v_idx'"),
		0, "$point: there is no index");
	build_and_check("$point, built again");
}
foreach my $point ('build-loaded=crash', 'build-linked=crash')
{
	ok(crash_at($node, $point, "SET maintenance_work_mem = '1MB'; $create WITH (m = 64, ef_construction = 128)"),
		"$point: CREATE INDEX crashed, the graph in a file");
	is($node->safe_psql('postgres', "SELECT count(*) FROM pg_class WHERE relname = 'items_v_idx'"),
		0, "$point: there is no index");
	is(files(), 0, "$point: no file is left");
}
foreach my $point ('build-loaded=crash', 'build-written=crash')
{
	(my $concurrently = $create) =~ s/INDEX/INDEX CONCURRENTLY/;
	ok(crash_at($node, $point, $concurrently), "$point: CREATE INDEX CONCURRENTLY crashed");
	is( $node->safe_psql('postgres',
			"SELECT indisvalid FROM pg_index WHERE indexrelid = 'items_v_idx'::regclass"),
		'f', "$point: the index is invalid");
	$node->safe_psql('postgres', <<'EOS');
INSERT INTO items SELECT max(id) + 1, vec(max(id), 80) FROM items;
REINDEX INDEX items_v_idx;
EOS
	intact($node, 'items', 'items_v_idx', "$point, built again by REINDEX");

	foreach my $reindex ('REINDEX INDEX items_v_idx', 'REINDEX INDEX CONCURRENTLY items_v_idx')
	{
		ok(crash_at($node, $point, $reindex), "$point: $reindex crashed");
		intact($node, 'items', 'items_v_idx', "$point: the index before $reindex");
	}
	$node->safe_psql('postgres', <<'EOS');
DROP INDEX items_v_idx_ccnew;
REINDEX INDEX CONCURRENTLY items_v_idx;
EOS
	intact($node, 'items', 'items_v_idx', "$point: after REINDEX CONCURRENTLY");
	$node->safe_psql('postgres', 'DROP INDEX items_v_idx');
}

# Rows that come and go while the index is built concurrently.
{
	my $hold    = hold($node);
	my $session = at_point($node, 'build-linked', "CREATE INDEX CONCURRENTLY items_v_idx ON items USING vecprov (v)");
	$node->safe_psql('postgres', <<'EOS');
INSERT INTO items SELECT i, vec(i, 80) FROM generate_series(3001, 3100) i;
DELETE FROM items WHERE id % 10 = 3;
UPDATE items SET v = near(id, 80) WHERE id % 10 = 4;
EOS
	$hold->quit;
	finish_session($session);
	$session->quit;
	intact($node, 'items', 'items_v_idx', 'built concurrently with changes');
	$node->safe_psql('postgres', 'DROP INDEX items_v_idx');
}

# What is seen of a build at each point, and a cancel there.
my $rows = $node->safe_psql('postgres', 'SELECT count(*) FROM items');
my %progress = (
	'build-loaded'  => [ 'phase, tuples_done',  "building index: loading vectors|$rows" ],
	'build-ordered' => [ 'phase, tuples_total', "building index: ordering vectors|$rows" ],
	'build-linked'  => [ 'phase, tuples_total', "building index: linking the graph|$rows" ],
	'build-written' => [ 'phase, tuples_done',  "building index: writing the graph|$rows" ]);
foreach my $point (@points)
{
	my $hold    = hold($node);
	my $session = at_point($node, $point, $create);

	my ($what, $seen) = @{ $progress{$point} };
	is($node->safe_psql('postgres', "SELECT $what FROM pg_stat_progress_create_index"),
		$seen, "$point: phase and tuples");
	$node->safe_psql('postgres', 'SELECT pg_cancel_backend(pid) FROM pg_stat_progress_create_index');
	my ($output, $errors) = finish_session($session);
	like($errors, qr/canceling statement due to user request/, "$point: cancelled");
	$session->quit;
	$hold->quit;
	build_and_check("$point, cancelled, built again");
}

# Starts a build of many rows with two threads, and returns when they link.
sub linking
{
	my ($options, $memory) = @_;
	my $session = $node->background_psql('postgres', on_error_stop => 0);

	$session->query_safe("SET client_min_messages = warning; SET maintenance_work_mem = '$memory'");
	$session->query_until(qr/started/,
		"\\echo started\nCREATE INDEX many_v_idx ON many USING vecprov (v) WITH ($options);\n\\echo finished\n");
	$node->poll_query_until('postgres', <<'EOS') or die 'the build does not link';
SELECT EXISTS (SELECT FROM pg_stat_progress_create_index
	WHERE phase = 'building index: linking the graph' AND tuples_done > 0 AND tuples_total = 30000)
EOS
	return $session;
}

sub threads
{
	my ($pid) = @_;
	my @tasks = glob "/proc/$pid/task/*";
	return scalar @tasks;
}

# A cancel while several threads link: the build ends, long before it would have, and so do they.
# With the graph in memory, and in a file.
foreach my $case (
	[ 'pg_cancel_backend',    '64MB', 1 ],
	[ 'pg_cancel_backend',    '1MB',  2 ],
	[ 'pg_terminate_backend', '64MB', 1 ],
	[ 'pg_terminate_backend', '1MB',  2 ])
{
	my ($signal, $memory, $files) = @$case;
	my $session = linking('m = 48, ef_construction = 1000', $memory);
	is(files(), $files, "$signal, $memory: $files temporary files");
	my $pid     = $node->safe_psql('postgres', 'SELECT pid FROM pg_stat_progress_create_index');

  SKIP:
	{
		skip 'no /proc', 1 unless -d "/proc/$pid/task";
		cmp_ok(threads($pid), '>', 1, "$signal: several threads are at work");
	}
	$node->safe_psql('postgres', "SELECT $signal($pid)");
	if ($signal eq 'pg_cancel_backend')
	{
		my ($output, $errors) = finish_session($session);
		like($errors, qr/canceling statement due to user request/, "$signal: cancelled");
	  SKIP:
		{
			skip 'no /proc', 1 unless -d "/proc/$pid/task";
			is(threads($pid), 1, "$signal: no thread is left");
		}
		is($session->query('SELECT 1'), 1, "$signal: the session goes on");
		$session->quit;
	}
	else
	{
		ok( $node->poll_query_until('postgres',
				"SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $pid)"),
			"$signal: the backend ends");
		eval { $session->quit };
	}
	is(files(), 0, "$signal, $memory: no file is left");
}

# kill -9 while they link a graph in a file.
{
	my $session = linking('m = 48, ef_construction = 1000', '1MB');
	my $offset  = log_end($node);

	kill 'KILL', $node->safe_psql('postgres', 'SELECT pid FROM pg_stat_progress_create_index');
	crash_and_wait($node, $offset);
	eval { $session->quit };
	is(files(), 0, 'killed while linking: no file is left');
	is($node->safe_psql('postgres', "SELECT count(*) FROM pg_class WHERE relname = 'many_v_idx'"),
		0, 'killed while linking: there is no index');
}

# Interrupts that are no cancel: the build goes on as if nothing had been.
foreach my $memory ('64MB', '1MB')
{
	my $session = linking('m = 16, ef_construction = 64', $memory);
	$node->safe_psql('postgres', <<'EOS');
DO $$
BEGIN
	FOR i IN 1..5 LOOP
		PERFORM pg_stat_clear_snapshot();
		PERFORM pg_log_backend_memory_contexts(pid) FROM pg_stat_progress_create_index;
		PERFORM pg_sleep(0.05);
	END LOOP;
END $$;
EOS
	$node->safe_psql('postgres', 'CREATE DATABASE other');
	$node->safe_psql('postgres', 'DROP DATABASE other');
	my ($output, $errors) = finish_session($session);
	is($errors, '', "interrupted without a cancel, $memory: built");
	$session->quit;
	intact($node, 'many', 'many_v_idx', "interrupted without a cancel, $memory", 'id % 100 = 0');
	is(files(), 0, "$memory: no file is left");
	$node->safe_psql('postgres', 'DROP INDEX many_v_idx');
}

# Without WAL of the new file (wal_level = minimal), what the transaction did survives all the same.
$node->safe_psql('postgres', "ALTER SYSTEM SET wal_level = minimal; ALTER SYSTEM SET max_wal_senders = 0");
$node->restart;
$node->safe_psql('postgres', <<'EOS');
BEGIN;
CREATE TABLE fresh (id int, v vector(80));
INSERT INTO fresh SELECT i, vec(i, 80) FROM generate_series(1, 500) i;
CREATE INDEX fresh_v_idx ON fresh USING vecprov (v);
INSERT INTO fresh SELECT i, vec(i, 80) FROM generate_series(501, 600) i;
DELETE FROM fresh WHERE id % 7 = 0;
COMMIT;
EOS
$node->stop('immediate');
$node->start;
intact($node, 'fresh', 'fresh_v_idx', 'wal_level = minimal, after a crash');

$node->stop;
done_testing();
