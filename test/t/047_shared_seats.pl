# Partitions share the replicas of their partitioned index: seats, the line for them, workers, batches, policies, quotas;
# while partitions come and go, and after a crash.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use VecprovTest;

my $node = vecprov_node('shared');
$node->append_conf('postgresql.conf', <<'EOC');
max_connections = 60
max_worker_processes = 24
vecprov.max_workers = 8
EOC
$node->start;
vecprov_functions($node);
$node->safe_psql('postgres', <<'EOS');
CREATE FUNCTION pretend(index regclass, replica integer, busy double precision) RETURNS void
	AS 'vecprov', 'vecprov_debug_load' LANGUAGE C STRICT;
CREATE TABLE parts (id int, v vector(80)) PARTITION BY RANGE (id);
CREATE TABLE parts_0 PARTITION OF parts FOR VALUES FROM (0) TO (1000);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (1000) TO (3000) PARTITION BY RANGE (id);
CREATE TABLE parts_1a PARTITION OF parts_1 FOR VALUES FROM (1000) TO (2000);
CREATE TABLE parts_1b PARTITION OF parts_1 FOR VALUES FROM (2000) TO (3000);
CREATE TABLE more (LIKE parts);
INSERT INTO parts SELECT i, vec(i, 80) FROM generate_series(0, 2999) i;
INSERT INTO more SELECT i, vec(i, 80) FROM generate_series(3000, 3999) i;
CREATE INDEX parts_idx ON parts USING vecprov (v) WITH (tier = r10);
CREATE INDEX more_idx ON more USING vecprov (v);
CREATE VIEW seats AS SELECT sum(seats) AS seats, sum(in_use) AS in_use, max(queue) AS queue FROM vecprov.replicas;
-- the nearest rows of one partition
CREATE FUNCTION nearest(part text, i int, k int) RETURNS int[] LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
	ids int[];
BEGIN
	EXECUTE format('SELECT array_agg(id) FROM (SELECT id FROM %I ORDER BY v <-> near($1, 80) LIMIT $2) r', part) INTO ids USING i, k;
	RETURN ids;
END
$$;
SELECT vecprov_wait('parts_idx', '180 s');
EOS

my $at_point = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory'";
my @leaves = ('parts_0', 'parts_1a', 'parts_1b');
my %answer;
foreach my $leaf (@leaves)
{
	$answer{"$leaf $_"} = $node->safe_psql('postgres', "SELECT nearest('$leaf', $_, 3)") foreach 1 .. 6;
}

sub set_workers
{
	my ($count, $running) = @_;
	$node->safe_psql('postgres', "ALTER SYSTEM SET vecprov.max_workers = $count");
	$node->safe_psql('postgres', 'SELECT pg_reload_conf()');
	$node->poll_query_until('postgres', "SELECT count(*) FROM vecprov.workers WHERE state = 'Running'", $running)
	  or die 'no such workers';
}

sub begin
{
	my ($settings, $sql) = @_;
	my $session = $node->background_psql('postgres', on_error_stop => 0);

	$session->query_safe($settings) if $settings;
	$session->query_until(qr/started/, "\\echo started\n$sql;\n\\echo finished\n");
	return $session;
}

# Has a seat by a search of a partition, in its own process, while there are no workers.
sub holder
{
	my ($leaf, $holders) = @_;
	my $session = begin("SET vecprov.debug_point = 'search-seated=wait'", "SELECT nearest('$leaf', 1, 3)");

	$node->poll_query_until('postgres', $at_point, "$holders") or die 'nobody holds the seat';
	return $session;
}

sub answered
{
	my ($session, $leaf, $i, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($out, $err) = finish_session($session);

	like($out, qr/^\Q$answer{"$leaf $i"}\E$/m, $name);
	is($err, '', "$name: no error");
	$session->quit;
}

sub nothing_left
{
	my ($name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	ok($node->poll_query_until('postgres', 'SELECT coalesce(in_use, 0) = 0 AND coalesce(queue, 0) = 0 FROM seats'), "$name: no seat is lost");
}

sub ready
{
	my ($name, $seats) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	$node->safe_psql('postgres', "SELECT vecprov_wait('parts_idx', '180 s')");
	is($node->safe_psql('postgres', "SELECT string_agg(DISTINCT concat_ws(' ', state, error, current_replicas = replicas), ', ')
		FROM vecprov.indexes WHERE mode = 'provisioned'"), 'Ready t', "$name: all are ready");
	is($node->safe_psql('postgres', 'SELECT seats FROM seats'), $seats, "$name: $seats seats for all");
}

#
# One seat for three partitions: who searches another one waits, and the worker runs searches of all of them
#

ready('one replica', 1);
set_workers(0, 0);
my $gate  = hold($node);
my $first = holder('parts_0', 1);
set_workers(1, 1);
my @line;
foreach my $i (1 .. 6)
{
	# each would fail if it had to search itself
	push @line, begin("SET vecprov.debug_point = 'search-seated=error'", "SELECT nearest('$leaves[$i % 3]', $i, 3)");
	$node->poll_query_until('postgres', 'SELECT queue FROM seats', "$i") or die "number $i does not wait";
}
is($node->safe_psql('postgres', 'SELECT in_use FROM seats'), 1, 'one of the partitions has the only seat');
$gate->quit;
answered($line[ $_ - 1 ], $leaves[ $_ % 3 ], $_, "number $_ in line, of $leaves[$_ % 3]") foreach 1 .. 6;
answered($first, 'parts_0', 1, 'who had the seat');
nothing_left('a line');
is($node->safe_psql('postgres', <<'EOS'), 't|t', 'the time in line counts for the index that was searched');
SELECT bool_and(value > 0) FILTER (WHERE labels->>'index' ~ '^parts_..?_v'), count(*) FILTER (WHERE labels->>'index' = 'parts_idx') = 0
FROM vecprov.metrics WHERE name = 'vecprov_wait_seconds_sum' AND labels->>'index' ~ '^parts'
EOS

# A partition that somebody has locked fails its own search alone, which goes on by itself
set_workers(0, 0);
$gate  = hold($node);
$first = holder('parts_0', 1);
set_workers(1, 1);
my $waits = begin(undef, "SELECT nearest('parts_1a', 2, 3)");
$node->poll_query_until('postgres', 'SELECT queue FROM seats', '1') or die 'does not wait';
my $locker = $node->background_psql('postgres', on_error_stop => 0);
$locker->query_until(qr/started/, "\\echo started\nBEGIN; LOCK TABLE parts_1a;\n\\echo finished\n");
$node->poll_query_until('postgres', "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'parts_1a'::regclass)") or die 'no lock';
my $after = begin("SET vecprov.debug_point = 'search-seated=error'", "SELECT nearest('parts_1b', 3, 3)");
$node->poll_query_until('postgres', 'SELECT queue FROM seats', '2') or die 'does not wait';
$gate->quit;
answered($waits, 'parts_1a', 2, 'whose partition is wanted by somebody else');
answered($after, 'parts_1b', 3, 'who stands behind');
answered($first, 'parts_0', 1, 'who has the seat');
finish_session($locker);
$locker->quit;
nothing_left('a lock');

#
# A free seat is anybody's; a batch uses all
#

set_workers(8, 1);
$node->safe_psql('postgres', "SELECT vecprov_set_replicas('parts_idx', 3)");
ready('three replicas', 3);
is($node->safe_psql('postgres', "SELECT string_agg(concat_ws(' ', labels->>'index', value), ',') FROM vecprov.metrics WHERE name = 'vecprov_seats'"),
	'parts_idx 3', 'metrics have them once');
set_workers(0, 0);
$gate = hold($node);
my @holders = map { holder('parts_0', $_) } 1 .. 2;
is($node->safe_psql('postgres', "SELECT nearest('parts_1a', 4, 3)"), $answer{'parts_1a 4'}, 'the third seat is for another partition');
push @holders, holder('parts_1b', 3);
my $fourth = begin(undef, "SELECT nearest('parts_1a', 5, 3)");
ok($node->poll_query_until('postgres', 'SELECT queue FROM seats', '1'), 'the fourth waits, whichever it searches');
$gate->quit;
answered($fourth, 'parts_1a', 5, 'the fourth');
answered($holders[0], 'parts_0', 1, 'the first');
answered($holders[1], 'parts_0', 1, 'the second');
answered($holders[2], 'parts_1b', 1, 'the third');
set_workers(8, 3);
my $batch = q{SELECT count(*), count(DISTINCT query) FROM vecprov_search_partitions('parts_idx', (SELECT array_agg(near(i, 80)) FROM generate_series(1, 100) i), 5)};
is($node->safe_psql('postgres', $batch), '500|100', 'a batch over all partitions');
nothing_left('a batch');

#
# Quota and budget count the replicas once
#

$node->safe_psql('postgres', "INSERT INTO vecprov.quotas (role, units) VALUES ('postgres', 4); CREATE ROLE plain; GRANT SET ON PARAMETER vecprov.provision TO plain");
$node->safe_psql('postgres', "ALTER TABLE $_ OWNER TO plain; UPDATE vecprov.quotas SET role = 'plain'") foreach 'parts', 'parts_1', @leaves;
my ($rc, $out, $error) = $node->psql('postgres', "SET ROLE plain; SELECT vecprov_set_replicas('parts_idx', 5)");
like($error, qr/quota of role "plain" does not allow index "parts_idx".*needs 5 units; the quota is 4, .* have 0/s, 'a quota');
is($node->psql('postgres', "SET ROLE plain; SELECT vecprov_set_replicas('parts_idx', 4)"), 0, 'within the quota');
$node->safe_psql('postgres', "ALTER SYSTEM SET vecprov.units = 5");
$node->reload;
($rc, $out, $error) = $node->psql('postgres', "SELECT vecprov_set_replicas('parts_idx', 6)");
like($error, qr/vecprov.units does not allow index "parts_idx".*needs 6 units; the server's budget is 5/s, 'a budget');
$node->safe_psql('postgres', "ALTER SYSTEM RESET vecprov.units; DELETE FROM vecprov.quotas");
$node->reload;
$node->safe_psql('postgres', "SELECT vecprov_set_replicas('parts_idx', 2)");

# What has the same capacity already when it is attached gives its own replicas back
$node->safe_psql('postgres', "SELECT vecprov_provision('more_idx', 'r10', 1, 2); SELECT vecprov_wait('more_idx', '180 s')");
is($node->safe_psql('postgres', 'SELECT units FROM vecprov_server_units()'), 4, 'each has replicas');
$node->safe_psql('postgres', 'ALTER TABLE parts ATTACH PARTITION more FOR VALUES FROM (3000) TO (4000)');
ok($node->poll_query_until('postgres', 'SELECT units = 2 FROM vecprov_server_units()'), 'attached with the same capacity: replicas are shared');
ready('attached', 2);
$node->safe_psql('postgres', 'ALTER TABLE parts DETACH PARTITION more');

#
# Partitions come and go, and replicas change, while all are searched
#

my $script = $node->basedir . '/search.sql';
append_to_file($script, <<'EOS');
\set i random(0, 2999)
SET enable_seqscan = off;
SELECT count(*) FROM (SELECT id FROM parts ORDER BY v <-> vec(:i, 80) LIMIT 5) s;
EOS
my $log   = $node->basedir . '/pgbench.log';
my $bench = IPC::Run::start([ 'pgbench', '-n', '-c', '8', '-T', '15', '-f', $script, '-p', $node->port, '-h', $node->host, 'postgres' ], '>', $log, '2>&1');
for my $round (1 .. 6)
{
	$node->safe_psql('postgres', 'ALTER TABLE parts ATTACH PARTITION more FOR VALUES FROM (3000) TO (4000)');
	$node->safe_psql('postgres', "SELECT vecprov_set_replicas('parts_idx', " . (1 + $round % 3) . ')');
	$node->safe_psql('postgres', 'ALTER TABLE parts DETACH PARTITION more' . ($round % 2 ? ' CONCURRENTLY' : ''));
	$node->safe_psql('postgres', 'REINDEX INDEX CONCURRENTLY parts_0_v_idx') if $round == 3;
	$node->safe_psql('postgres', "SELECT vecprov_release('parts_idx'); SELECT vecprov_provision('parts_idx', 'r10', replicas => 2)") if $round == 4;
}
$bench->finish;
my $said = slurp_file($log);
unlike($said, qr/ERROR|aborted/, 'while partitions come and go no search fails');
like($said, qr/number of failed transactions: 0|number of transactions actually processed: \d/, 'and they run');
nothing_left('after all of this');
ready('after all of this', 1);

# A crash: all memory is new
$node->safe_psql('postgres', "SELECT vecprov_set_replicas('parts_idx', 2)");
ok(crash_at($node, 'search-seated=crash', "SELECT nearest('parts_1b', 1, 3)"), 'crashed with a seat');
ready('after a crash', 2);
is($node->safe_psql('postgres', "SELECT nearest('parts_1b', 6, 3)"), $answer{'parts_1b 6'}, 'searched after a crash');
nothing_left('a crash');

#
# A policy of the partitioned index goes by the replicas that all share, and by the largest partition
#

my $clock = 0;
$node->safe_psql('postgres', "SELECT vecprov_policy('parts_idx', 1, 4, up_after => '1 min', min_shards => 1, max_shards => 5)");
sub policy_does
{
	my ($what, $name, $prepare) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	$clock += 1000;
	$node->safe_psql('postgres', "SET vecprov.debug_clock = '$clock s'; $prepare") if $prepare;
	$node->safe_psql('postgres', "ALTER SYSTEM SET vecprov.debug_clock = '$clock s'");
	$node->reload;
	ok($node->poll_query_until('postgres', "SELECT concat_ws(' ', shards, replicas) = '$what' FROM vecprov.indexes WHERE index = 'parts_idx'::regclass"), $name)
	  or diag($node->safe_psql('postgres', 'SELECT error FROM vecprov.policies'));
	$node->safe_psql('postgres', "SELECT vecprov_wait('parts_idx', '180 s')");
}
policy_does('1 3', 'a policy adds a replica for all', "SELECT pretend('parts_idx', 1, 0.9)");
is($node->safe_psql('postgres', "SELECT DISTINCT replicas FROM vecprov.indexes WHERE parent IS NOT NULL"), 3, 'which all partitions have');
like($node->safe_psql('postgres', "SELECT message FROM vecprov.changes WHERE by_policy AND index = 'public.parts_idx' AND new_replicas = 3"), qr/busiest replica was more than 80 % busy/, 'and says why');
$node->safe_psql('postgres', "INSERT INTO vecprov.tiers VALUES ('small', 400000, false, 1); SELECT vecprov_policy('parts_idx'); SELECT vecprov_set_tier('parts_idx', 'small')");
$node->safe_psql('postgres', "SELECT vecprov_policy('parts_idx', min_shards => 1, max_shards => 5)");
# the largest has 1,000 records of 324 bytes
policy_does('2 3', 'it adds a shard for the largest partition');

$node->stop;
done_testing;
