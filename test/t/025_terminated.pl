# pg_terminate_backend for each background process in each place where it waits: it ends at once, leaves no
# lock, seat or slot, and its work goes on.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = vecprov_node('main');
$node->append_conf('postgresql.conf', <<'EOC');
max_worker_processes = 24
EOC
$node->start;
vecprov_functions($node);
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE items (id int, v vector(32));
INSERT INTO items SELECT i, vec(i, 32) FROM generate_series(1, 600) i;
CREATE INDEX items_v_idx ON items USING vecprov (v) WITH (tier = r10);
EOS

my $ready = "SELECT replace(state, 'Loading', 'Ready') = 'Ready' FROM vecprov.indexes WHERE index = 'items_v_idx'::regclass";

# The process of this kind that is where `condition` says.
sub wait_for
{
	my ($kind, $condition) = @_;
	my $find = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'vecprov $kind' AND $condition LIMIT 1";

	$node->poll_query_until('postgres', "SELECT EXISTS ($find)") or die "the $kind never was there: $condition";
	return $node->safe_psql('postgres', $find);
}

sub terminate
{
	my ($pid, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
	ok($node->poll_query_until('postgres', "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $pid)"), "$name: it ends");
	is( $node->safe_psql('postgres', <<"EOS"), '0|0', "$name: no lock and no seat is left");
SELECT (SELECT count(*) FROM pg_locks WHERE pid = $pid), (SELECT sum(in_use) FROM vecprov.replicas);
EOS
}

# All processes of a database that are started from now on wait at a point, or do as `action` says; or do not
# any more.
sub stop_at
{
	my ($point, $database, $action) = @_;
	$database ||= 'postgres';
	$action ||= 'wait';

	$node->safe_psql('postgres', "ALTER DATABASE $database " .
		(defined $point ? "SET vecprov.debug_point = '$point=$action'" : 'RESET vecprov.debug_point'));
}

my $shards = 1;
sub change_shards
{
	$shards = 4 - $shards;		# 3, 1, 3 ...
	$node->safe_psql('postgres', "SELECT vecprov_set_shards('items_v_idx', $shards)");
}

# VACUUM starts a mover where there is none.
sub goes_on
{
	my ($name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	$node->safe_psql('postgres', 'VACUUM items');
	ok($node->poll_query_until('postgres', $ready), "$name: the work is done by another one");
	is($node->safe_psql('postgres', "SELECT current_shards FROM vecprov.indexes WHERE index = 'items_v_idx'::regclass"), $shards,
		"$name: all is moved");
}

my $at_lock = "wait_event_type = 'Lock' AND wait_event";

#----------
# Mover
#----------
foreach my $point ('move-begun', 'insert-stored', 'move-finished', 'move-settled', 'vacuum-surveyed')
{
	my $hold = hold($node);
	stop_at($point);
	change_shards();
	my $pid = wait_for('mover', "$at_lock = 'advisory'");
	stop_at(undef);
	terminate($pid, "mover at $point");
	$hold->quit;
	goes_on("mover at $point");
}

# between portions, it waits for a lock of the table
{
	my $hold = hold($node);
	stop_at('move-begun');
	change_shards();
	my $pid = wait_for('mover', "$at_lock = 'advisory'");
	stop_at(undef);
	my $session = $node->background_psql('postgres');
	$session->query_until(qr/started/, "\\echo started\nBEGIN; LOCK TABLE items;\n\\echo finished\n");
	$node->poll_query_until('postgres', "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query ~ 'LOCK TABLE items' AND $at_lock = 'relation' AND pid <> pg_backend_pid())");
	$hold->quit;
	finish_session($session);
	$pid = wait_for('mover', "$at_lock = 'relation'");
	terminate($pid, 'mover that waits for the table');
	$session->query_safe('COMMIT');
	$session->quit;
	goes_on('mover that waits for the table');
}

# for VACUUM
{
	my $hold = hold($node);
	$node->safe_psql('postgres', 'DELETE FROM items WHERE id <= 20');
	my $vacuum = at_point($node, 'vacuum-surveyed', 'VACUUM items');
	change_shards();
	my $pid = wait_for('mover', "$at_lock = 'page'");
	terminate($pid, 'mover that waits for VACUUM');
	$hold->quit;
	finish_session($vacuum);
	$vacuum->quit;
	goes_on('mover that waits for VACUUM');
}

# for searches
{
	my $session = $node->background_psql('postgres');
	$session->query_safe('SET enable_seqscan = off');
	$session->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ');
	$session->query_safe('SELECT id FROM items ORDER BY v <-> vec(7, 32) LIMIT 1');
	change_shards();
	my $pid = wait_for('mover', "wait_event_type = 'Extension'");
	terminate($pid, 'mover that waits for searches');
	$session->query_safe('COMMIT');
	$session->quit;
	goes_on('mover that waits for searches');
}

# with its database
{
	$node->safe_psql('postgres', 'CREATE DATABASE other');
	$node->safe_psql('other', <<'EOS');
CREATE EXTENSION vecprov;
CREATE TABLE t (v vector(2));
INSERT INTO t SELECT ARRAY[i, 1]::real[]::vector FROM generate_series(1, 100) i;
CREATE INDEX t_idx ON t USING vecprov (v) WITH (tier = 'r10');
EOS
	my $hold = $node->background_psql('other');
	$hold->query_safe('SELECT pg_advisory_lock(7670)');
	stop_at('move-finished', 'other');
	$node->safe_psql('other', "SELECT vecprov_set_shards('t_idx', 2)");
	my $pid = wait_for('mover', "$at_lock = 'advisory'");
	$node->safe_psql('postgres', 'DROP DATABASE other WITH (FORCE)');
	is($node->safe_psql('postgres', "SELECT count(*) FROM pg_locks WHERE pid = $pid"), '0', 'mover of a database that is dropped: no lock is left');
	eval { $hold->quit };
}

# with its postmaster, whose successor could not start before: the mover is held while that is killed
{
	my $offset = log_end($node);
	stop_at('move-begun', 'postgres', 'stop');
	change_shards();
	$node->wait_for_log(qr/stopped at debug point "move-begun"/, $offset);
	stop_at(undef);
	my $pid = $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE backend_type = 'vecprov mover'");
	$node->kill9;
	# it looks for the postmaster every second
	sleep(2);
	kill 'CONT', $pid;
	start_again($node);
	unlike(slurp_file($node->logfile, $offset), qr/\[$pid\].* shards now/, 'mover without a postmaster: it ends before it is done');
	goes_on('mover without a postmaster');
}

#----------
# Merger
#----------
$node->safe_psql('postgres', <<'EOS');
CREATE FUNCTION runs(index regclass, OUT col int, OUT level int, OUT entries bigint)
	RETURNS SETOF record AS 'vecprov', 'vecprov_debug_runs' LANGUAGE C STRICT;
CREATE TABLE runs (k int, v vector(4));
CREATE INDEX runs_idx ON runs USING vecprov (v, k) WITH (m = 4, ef_construction = 10);
CREATE VIEW runs_of_level AS SELECT coalesce(max(n), 0) AS n
	FROM (SELECT count(*) AS n FROM runs('runs_idx'::text::regclass) GROUP BY level) x;
EOS

# Four flushes make a merge due, each of two pages of some thousand rows.
my $flush = 'INSERT INTO runs SELECT i, vec(i % 40, 4) FROM generate_series(1, 9000) i';

foreach my $point ('merge-begun', 'merge-sorted', 'runs-written', 'runs-used', 'runs-ended')
{
	my $hold = hold($node);
	$node->safe_psql('postgres', 'TRUNCATE runs');
	stop_at($point);
	$node->safe_psql('postgres', "SET vecprov.debug_point = ''; $flush");
	my $pid = wait_for('merger', "$at_lock = 'advisory'");
	stop_at(undef);
	terminate($pid, "merger at $point");
	$hold->quit;
	is($node->safe_psql('postgres', "SELECT count(*) FROM vecprov_check('runs_idx', true)"), 0, "merger at $point: the index is sound");
	$node->safe_psql('postgres', 'INSERT INTO runs SELECT i, vec(i % 40, 4) FROM generate_series(1, 9000) i');
	ok($node->poll_query_until('postgres', 'SELECT n < 4 FROM runs_of_level'), "merger at $point: the work is done by another one");
	is($node->safe_psql('postgres', "SELECT count(*) FROM vecprov_check('runs_idx', true)"), 0, "merger at $point: it is sound then, too");
}

# one that waits for a flush
{
	my $hold = hold($node);
	$node->safe_psql('postgres', 'TRUNCATE runs');
	stop_at('merge-begun');
	$node->safe_psql('postgres', "SET vecprov.debug_point = ''; $flush");
	wait_for('merger', "$at_lock = 'advisory'");
	stop_at(undef);
	my $offset = log_end($node);
	my $insert = $node->background_psql('postgres');
	my $inserting = $insert->query_safe("SET vecprov.debug_point = 'runs-written=stop'; SELECT pg_backend_pid()");
	$insert->query_until(qr/started/,
		"\\echo started\nINSERT INTO runs SELECT i, vec(i % 40, 4) FROM generate_series(1, 9000) i;\n\\echo finished\n");
	$node->wait_for_log(qr/stopped at debug point "runs-written"/, $offset);
	$hold->quit;
	my $pid = wait_for('merger', "$at_lock = 'page'");
	terminate($pid, 'merger that waits for a flush');
	kill 'CONT', $inserting;
	finish_session($insert);
	$insert->quit;
	ok($node->poll_query_until('postgres', 'SELECT n < 4 FROM runs_of_level'), 'merger that waits for a flush: the work is done by another one');
	is($node->safe_psql('postgres', "SELECT count(*) FROM vecprov_check('runs_idx', true)"), 0, 'merger that waits for a flush: the index is sound');
}

#----------
# Scout, ledger, worker, keeper, launcher
#----------
{
	my $hold = hold($node);
	stop_at('catalog-reader-begun');
	$node->safe_psql('postgres', "SELECT vecprov_set_replicas('items_v_idx', 2)");
	my $pid = wait_for('catalog reader', "$at_lock = 'advisory'");
	stop_at(undef);
	terminate($pid, 'catalog reader');
	$hold->quit;
	ok($node->poll_query_until('postgres', "SELECT count(*) = 2 FROM vecprov.workers WHERE state = 'Running'"), 'catalogue reader: another one has read the catalogues');
}

{
	my $hold = hold($node);
	stop_at('ledger-written');
	my $session = $node->background_psql('postgres', on_error_stop => 0);
	$session->query_until(qr/started/,
		"SET vecprov.scale_change_interval = 1000;\n\\echo started\nSELECT vecprov_set_shards('items_v_idx', 7);\n\\echo finished\n");
	my $pid = wait_for('ledger', "$at_lock = 'advisory'");
	stop_at(undef);
	terminate($pid, 'ledger');
	my ($out, $err) = finish_session($session);
	like($err, qr/ERROR/, 'ledger: the refusal is told all the same');
	$hold->quit;
	$session->quit;
}

{
	my $hold = hold($node);
	my $old = $node->safe_psql('postgres', 'SELECT min(pid) FROM vecprov.workers');
	stop_at('search-seated');
	$node->safe_psql('postgres', 'SELECT count(pg_terminate_backend(pid)) FROM vecprov.workers WHERE pid IS NOT NULL');
	$node->poll_query_until('postgres', <<"EOS") or die 'no new workers';
SELECT count(*) = 2 FROM vecprov.workers JOIN pg_stat_activity USING (pid) WHERE wait_event_type = 'Extension' AND pid > $old
EOS
	stop_at(undef);
	my $session = $node->background_psql('postgres', on_error_stop => 0);
	$session->query_until(qr/started/, <<'EOS');
\echo started
WITH q AS MATERIALIZED (SELECT array_agg(vec(i, 32)) AS a FROM generate_series(1, 100) i)
SELECT count(*) FROM q, generate_series(1, 300) n, LATERAL (SELECT * FROM vecprov_search('items_v_idx', q.a, 3 + 0 * n)) s;
\echo finished
EOS
	my $pid = wait_for('worker', "$at_lock = 'advisory'");
	$node->safe_psql('postgres', 'SELECT count(pg_terminate_backend(pid)) FROM vecprov.workers WHERE pid IS NOT NULL');
	my ($out, $err) = finish_session($session);
	like($out, qr/^90000$/m, 'worker: its client has its answer');
	$session->quit;
	$hold->quit;
	terminate($pid, 'worker');
	ok($node->poll_query_until('postgres', "SELECT count(*) = 2 FROM vecprov.workers WHERE state = 'Running'"), 'worker: others have come');
}

foreach my $kind ('keeper', 'launcher')
{
	my $pid = wait_for($kind, "wait_event_type = 'Extension'");
	terminate($pid, $kind);
	wait_for($kind, "pid <> $pid");
	ok($node->poll_query_until('postgres', "SELECT state = 'Ready' FROM vecprov.indexes WHERE index = 'items_v_idx'::regclass"), "$kind: another one holds the index");
}

# a launcher reads the list of databases when it starts
{
	my $session = $node->background_psql('postgres');
	$session->query_safe('BEGIN; LOCK TABLE pg_database');
	my $pid = $session->query_safe("SELECT pid FROM pg_stat_activity WHERE backend_type = 'vecprov launcher'");
	$session->query_safe("SELECT pg_terminate_backend($pid)");
	my $waiting = "SELECT coalesce(max(pid), 0) FROM pg_stat_activity WHERE backend_type = 'vecprov launcher' AND wait_event_type = 'Lock'";
	my $second = 0;
	# nobody else can connect
	foreach (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		$session->query_safe('SELECT pg_stat_clear_snapshot(), pg_sleep(0.1)');
		$second = $session->query_safe($waiting);
		last if $second;
	}
	cmp_ok($second, '>', 0, 'a launcher waits for pg_database');
	is($session->query_safe("SELECT pg_terminate_backend($second, 60000)"), 't', 'and ends while it does');
	is($session->query_safe("SELECT count(*) FROM pg_locks WHERE pid = $second"), '0', 'it leaves no lock');
	$session->query_safe('COMMIT');
	$session->quit;
}

intact($node, 'items', 'items_v_idx', 'at the end');
unlike(slurp_file($node->logfile), qr/TRAP:|PANIC|terminated by signal/, 'no assertion failed');
$node->stop;
done_testing();
