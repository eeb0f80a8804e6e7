# Searches that wait in line: workers run them, in the order of arrival, and who waits gets the right answer,
# whatever happens to the worker, to others in the line, or to himself.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = vecprov_node('main');
$node->append_conf('postgresql.conf', <<'EOC');
max_connections = 60
max_worker_processes = 24
vecprov.max_workers = 8
EOC
$node->start;
vecprov_functions($node);
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE items (id int, v vector(80));
INSERT INTO items SELECT i, vec(i, 80) FROM generate_series(1, 3000) i;
CREATE INDEX items_v_idx ON items USING vecprov (v) WITH (tier = 'r10');
CREATE VIEW seats AS
	SELECT sum(seats) AS seats, sum(in_use) AS in_use, max(queue) AS queue FROM vecprov.replicas
	WHERE index = 'items_v_idx'::regclass;
CREATE FUNCTION nearest(i int, k int) RETURNS int[] LANGUAGE sql SET enable_seqscan = off AS $$
	SELECT array_agg(id) FROM (SELECT id FROM items ORDER BY v <-> near(i, 80) LIMIT k) r $$;
SELECT vecprov_wait('items_v_idx', '180 s');
EOS

my $at_point = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory'";
my $kill     = 'SELECT count(pg_terminate_backend(pid)) FROM vecprov.workers WHERE pid IS NOT NULL';
my %answer;
foreach my $k (3, 40, 400)
{
	$answer{"$_ $k"} = $node->safe_psql('postgres', "SELECT nearest($_, $k)") foreach 1 .. 8;
}

sub set_workers
{
	my ($count, $running) = @_;
	$node->safe_psql('postgres', "ALTER SYSTEM SET vecprov.max_workers = $count");
	$node->safe_psql('postgres', 'SELECT pg_reload_conf()');
	$node->poll_query_until('postgres', "SELECT count(*) FROM vecprov.workers WHERE state = 'Running'", $running // $count)
	  or die 'no such workers';
}

# Who runs SQL in the background.
sub session
{
	my ($settings) = @_;
	my $session = $node->background_psql('postgres', on_error_stop => 0);

	$session->query_safe("SET enable_seqscan = off; $settings");
	return $session;
}

sub begin
{
	my ($session, $sql) = @_;
	$session->query_until(qr/started/, "\\echo started\n$sql;\n\\echo finished\n");
	return $session;
}

# Has the only seat, in its own process, while there are no workers; afterwards there are some.
sub holder
{
	my ($workers) = @_;
	set_workers(0);
	my $session = begin(session("SET vecprov.debug_point = 'search-seated=wait'"), 'SELECT nearest(1, 3)');
	$node->poll_query_until('postgres', $at_point, '1') or die 'nobody holds the seat';
	set_workers($workers, 1) if $workers;
	return $session;
}

# Who stands in line as number `place` (undef: soon), for near(i)'s nearest rows; by_worker: it fails if it has to search itself.
sub in_line
{
	my ($place, $i, $k, $by_worker, $settings) = @_;
	my $session = session(($settings || '') . ($by_worker ? "SET vecprov.debug_point = 'search-seated=error'" : ''));

	begin($session, "SELECT nearest($i, $k)");
	return $session if !defined $place;
	$node->poll_query_until('postgres', 'SELECT queue FROM seats', $place) or die "number $place does not wait";
	return $session;
}

sub answered
{
	my ($session, $i, $k, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($out, $err) = finish_session($session);

	like($out, qr/^\Q$answer{"$i $k"}\E$/m, $name);
	is($err, '', "$name: no error");
	$session->quit;
}

sub nothing_left
{
	my ($name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	ok($node->poll_query_until('postgres', 'SELECT in_use, queue FROM seats', '0|0'), "$name: no seat is lost");
}

# Whoever waits is served by the worker; who wants more rows than it was asked for, by whoever comes next.
my $gate  = hold($node);
my $first = holder(1);
my @want  = (3, 3, 3, 3, 40, 40, 400);
my @line  = map { in_line($_, $_, $want[ $_ - 1 ], $_ < 5) } 1 .. 7;
$gate->quit;
answered($line[ $_ - 1 ], $_, $want[ $_ - 1 ], "number $_, by the worker") foreach 1 .. 7;
answered($first, 1, 3, 'who had the seat');
nothing_left('a line');

# Without workers they search themselves; with a worker for one of four seats, both.
$gate  = hold($node);
$first = holder(0);
@line  = map { in_line($_, $_, 3, 0) } 1 .. 4;
$gate->quit;
answered($line[ $_ - 1 ], $_, 3, "number $_, by itself") foreach 1 .. 4;
answered($first, 1, 3, 'who had the seat');
$gate  = hold($node);
$first = holder(1);
@line  = map { in_line($_, $_, 3, 0) } 1 .. 6;
$node->safe_psql('postgres', "SELECT vecprov_set_tier('items_v_idx', 'r40')");
answered($line[ $_ - 1 ], $_, 3, "number $_, of seats that were added") foreach 1 .. 6;
$gate->quit;
answered($first, 1, 3, 'who had the seat');
$node->safe_psql('postgres', "SELECT vecprov_set_tier('items_v_idx', 'r10')");
nothing_left('more seats');

# Who leaves the line, in whatever way. The one with a timeout comes last: however slow the machine, nobody counts
# on it in the line.
$gate  = hold($node);
$first = holder(1);
@line  = (
	in_line(1, 1, 3, 1, "SET application_name = 'cancelled';"),
	in_line(2, 2, 3, 1, "SET application_name = 'ended';"),
	in_line(3, 3, 3, 1),
	in_line(undef, 4, 3, 1, "SET statement_timeout = '2s';"));
$node->safe_psql('postgres', "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'cancelled'");
$node->safe_psql('postgres', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ended'");
my ($out, $err) = finish_session($line[3]);
like($err, qr/canceling statement due to statement timeout/, 'statement_timeout in line');
($out, $err) = finish_session($line[0]);
like($err, qr/canceling statement due to user request/, 'a cancel in line');
ok($node->poll_query_until('postgres', 'SELECT queue FROM seats', '1'), 'they have left');
$gate->quit;
answered($line[2], 3, 3, 'who stayed');
answered($first, 1, 3, 'who had the seat');
$line[$_]->quit foreach 0, 3;
nothing_left('who left');

# The worker stops in the middle of the search that it runs for the first in line.
sub stopped_worker
{
	$node->safe_psql('postgres', "ALTER DATABASE postgres SET vecprov.debug_point = 'search-seated=wait'");
	my $session = holder(1);
	$node->poll_query_until('postgres',
		"SELECT count(*) FROM vecprov.workers JOIN pg_stat_activity USING (pid) WHERE datname = 'postgres'", '1')
	  or die 'no worker';
	$node->safe_psql('postgres', 'ALTER DATABASE postgres RESET vecprov.debug_point');
	my @sessions = map { in_line($_, $_, 3, 0, $_ == 1 ? "SET application_name = 'served';" : '') } 1 .. 3;
	$node->safe_psql('postgres', "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'advisory'");
	finish_session($session);
	$session->quit;
	$node->poll_query_until('postgres', "$at_point AND backend_type = 'vecprov worker'", '1') or die 'the worker does not stop';
	is($node->safe_psql('postgres', 'SELECT in_use, queue FROM seats'), '1|2', 'a worker has the seat, two wait');
	return @sessions;
}

foreach my $end ('is ended', 'goes on')
{
	$gate = hold($node);
	@line = stopped_worker();
	$node->safe_psql('postgres', $kill) if $end eq 'is ended';
	$gate->quit;
	answered($line[ $_ - 1 ], $_, 3, "the worker $end: number $_") foreach 1 .. 3;
	nothing_left("the worker $end");
}
foreach my $end ('pg_cancel_backend', 'pg_terminate_backend')
{
	$gate = hold($node);
	@line = stopped_worker();
	$node->safe_psql('postgres', "SELECT $end(pid) FROM pg_stat_activity WHERE application_name = 'served'");
	$node->poll_query_until('postgres', "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'served' AND state = 'active'", '0')
	  or die 'it does not leave';
	is($node->safe_psql('postgres', 'SELECT in_use, queue FROM seats'), '1|2', "$end: the worker still has its seat");
	$gate->quit;
	answered($line[ $_ - 1 ], $_, 3, "$end: number $_") foreach 2, 3;
	nothing_left($end);
}

# A worker that does not get the index, since somebody waits to have it alone: who is first in line searches himself.
$gate = hold($node);
my $reader = session('BEGIN; SELECT nearest(2, 3)');
$first = holder(1);
my $ddl = begin(session(''), 'REINDEX INDEX items_v_idx');
$node->poll_query_until('postgres', "SELECT count(*) FROM pg_stat_activity WHERE query ~ 'REINDEX' AND wait_event_type = 'Lock'", '1')
  or die 'nobody waits';
begin($reader, 'SELECT nearest(3, 3)');
$node->poll_query_until('postgres', 'SELECT queue FROM seats', '1') or die 'it does not wait';
$gate->quit;
($out, $err) = finish_session($reader);
like($out, qr/^\Q$answer{'3 3'}\E$/m, 'a worker cannot open the index: its client can');
$reader->query_safe('COMMIT');
answered($first, 1, 3, 'who had the seat');
finish_session($ddl);
$_->quit foreach ($reader, $ddl);
nothing_left('DDL');

# Many clients on one and two seats, of which some are cancelled, and workers that come and go.
$node->safe_psql('postgres', "SELECT vecprov_set_replicas('items_v_idx', 2)");
append_to_file($node->basedir . '/search.sql', <<'EOS');
\set i random(1, 8)
SELECT 1 / (nearest(:i, 3) = (SELECT ids FROM answers WHERE i = :i))::int;
EOS
append_to_file($node->basedir . '/loss.sql', <<'EOS');
\set n random(1, 3)
\if :n = 1
SELECT count(pg_terminate_backend(pid)) FROM vecprov.workers WHERE pid IS NOT NULL;
\elif :n = 2
SELECT vecprov_set_replicas('items_v_idx', 1 + random()::int);
\else
SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'restless' AND state = 'active';
\endif
EOS
$node->safe_psql('postgres', 'CREATE TABLE answers AS SELECT i, nearest(i, 3) AS ids FROM generate_series(1, 8) i');
my %clients;
my %output;
foreach my $who (qw(patient restless))
{
	$output{$who} = '';
	$clients{$who} = IPC::Run::start(
		[ 'pgbench', '-n', '-c', '8', '-T', '8', '-f', $node->basedir . '/search.sql', '-M', 'prepared',
		  $node->connstr('postgres') . " application_name=$who" ],
		'<', \undef, '>', \$output{$who}, '2>&1');
}
$node->command_ok([ 'pgbench', '-n', '-c', '1', '-T', '8', '--rate', '8', '--random-seed', '1', '-f', $node->basedir . '/loss.sql',
	$node->connstr('postgres') ], 'workers are lost, replicas come and go, searches are cancelled');
$_->finish foreach values %clients;
unlike($output{patient}, qr/ERROR|FATAL|abort/, 'no search fails, nor finds other rows');
unlike($output{restless}, qr/division by zero|FATAL/, 'nor do others than those that were cancelled');
like($output{patient}, qr/number of transactions actually processed: [1-9]/, 'and some are done');
nothing_left('many clients');
intact($node, 'items', 'items_v_idx', 'at the end');
unlike(slurp_file($node->logfile), qr/TRAP:|PANIC/, 'no assertion failed');
$node->stop;
done_testing();
