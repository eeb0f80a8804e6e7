# An index that nobody searches becomes idle by its policy: no pins, no seats, no workers, and nothing is refused.
# The next search wakes it. By a clock that the test moves.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = vecprov_node('idle', allows_streaming => 1);
$node->start;
vecprov_functions($node);
$node->safe_psql('postgres', <<'EOS');
CREATE ROLE owner;
GRANT SET ON PARAMETER vecprov.provision TO owner;
GRANT CREATE ON SCHEMA public TO owner;
CREATE TABLE items (id int, v vector(8));
INSERT INTO items SELECT i, vec(i, 8) FROM generate_series(1, 2000) i;
ALTER TABLE items OWNER TO owner;
CREATE INDEX items_v_idx ON items USING vecprov (v) WITH (tier = r40, replicas = 2);
-- what a policy says of this one tells that all policies have been looked at
INSERT INTO vecprov.tiers VALUES ('own', 100000, true, 1);
CREATE TABLE zz_canary (v vector(8));
INSERT INTO zz_canary SELECT vec(1, 8);
CREATE INDEX zz_canary_idx ON zz_canary USING vecprov (v) WITH (tier = own);
SELECT vecprov_wait('items_v_idx', '180 s'), vecprov_wait('zz_canary_idx', '180 s');
SELECT vecprov_policy('zz_canary_idx', min_shards => 1, max_shards => 3, fullness => 0.00001, change_interval => '0', dry_run => true);
EOS

my $clock = 0;

# Moves the clock of the server, and waits until policies have been looked at.
sub look
{
	my ($seconds) = @_;

	$clock += $seconds;
	my $moment = $node->safe_psql('postgres', "SELECT clock_timestamp() + '$clock s'::interval");
	$node->safe_psql('postgres', "ALTER SYSTEM SET vecprov.debug_clock = '$clock s'");
	$node->reload;
	$node->poll_query_until('postgres',
		"SELECT count(*) > 0 FROM vecprov.changes WHERE index = 'public.zz_canary_idx' AND by_policy AND at >= '$moment'") or die 'no look';
}

my $of_items = "FROM vecprov.indexes WHERE index = 'items_v_idx'::regclass";

sub state_is
{
	my ($state, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($node->safe_psql('postgres', "SELECT state $of_items"), $state, $name);
}

sub state_becomes
{
	my ($state, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	ok($node->poll_query_until('postgres', "SELECT state $of_items", $state), $name);
}

# The last row that the ledger has of being idle.
sub ledger
{
	return $node->safe_psql('postgres', <<'EOS');
SELECT action, message FROM vecprov.changes WHERE index = 'public.items_v_idx' AND action IN ('idle', 'wake') ORDER BY at DESC LIMIT 1
EOS
}

sub ledger_becomes
{
	my ($row, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	ok($node->poll_query_until('postgres', <<"EOS", $row), $name) or diag(ledger());
SELECT action || ': ' || message FROM vecprov.changes WHERE index = 'public.items_v_idx' AND action IN ('idle', 'wake') ORDER BY at DESC LIMIT 1
EOS
}

my $search = 'SET enable_seqscan = off; SELECT array_agg(id) FROM (SELECT id FROM items ORDER BY v <-> vec(7, 8) LIMIT 3) x';
my $answer = $node->safe_psql('postgres', $search);

# Nobody has searched for half an hour. The first look may find a search that came before it.
sub fall_idle
{
	my ($name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	look(61);
	look(1801);
	state_is('Idle', $name);
}

my $listener = $node->background_psql('postgres');
$listener->set_query_timer_restart();

sub hear
{
	my ($state, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $heard = '';
	for (my $i = 0; $i < 1800 && $heard !~ /items_v_idx", "state": "$state"/; $i++)
	{
		$heard .= $listener->query('SELECT pg_sleep(0.1)');
	}
	like($heard, qr/items_v_idx", "state": "$state"/, $name);
}
$listener->query_safe('LISTEN vecprov');

#
# It falls idle
#

my $cost = "SELECT sum(units) FROM vecprov_server_units() UNION ALL SELECT memory_fullness::numeric(20, 10) $of_items";
my $promised = $node->safe_psql('postgres', $cost);
$node->safe_psql('postgres', "SET ROLE owner; SELECT vecprov_policy('items_v_idx', idle_after => '30 minutes')");
look(61);
look(1700);
state_is('Ready', 'not before the time is over');
$node->safe_psql('postgres', $search);
look(200);
state_is('Ready', 'a search counts');
look(1801);
state_is('Idle', 'without a search for half an hour it is idle');
is(ledger(), 'idle|no search for 30 minutes', 'the ledger says why');
is($node->safe_psql('postgres', "SELECT role, by_policy, old_tier, new_tier, new_replicas FROM vecprov.changes WHERE action = 'idle'"),
	'owner|t|r40|r40|2', 'and whose policy it was');
hear('Idle', 'a notification');
ok($node->poll_query_until('postgres', "SELECT resident_size = 0 AND resident IS NULL AND current_replicas = 0 $of_items"), 'no page is pinned');
ok($node->poll_query_until('postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'vecprov worker'", 1), 'no workers but the other index\'s');
is($node->safe_psql('postgres', "SELECT sum(seats), count(*), string_agg(DISTINCT state, ' ') FROM vecprov.replicas WHERE index = 'items_v_idx'::regclass"),
	'0|2|Idle', 'no seats');
is($node->safe_psql('postgres', "SELECT count(*) FROM vecprov.workers WHERE index = 'items_v_idx'::regclass"), 0, 'no worker is missed');
is($node->safe_psql('postgres', "SELECT string_agg(labels->>'state', ' ') FROM vecprov.metrics WHERE name = 'vecprov_state' AND value = 1 AND labels->>'index' = 'items_v_idx'"),
	'Idle', 'the metric');
is($node->safe_psql('postgres', $cost), $promised, 'memory and units stay promised');
look(7200);
ok($node->poll_query_until('postgres', <<'EOS'), 'and are billed');
SELECT count(*) > 0 AND coalesce(bool_and(tier = 'r40' AND replicas = 2), false) FROM vecprov.usage
WHERE index = 'public.items_v_idx' AND began >= (SELECT at FROM vecprov.changes WHERE action = 'idle')
EOS

$node->safe_psql('postgres', 'INSERT INTO items SELECT i, vec(i, 8) FROM generate_series(2001, 2100) i; VACUUM items');
look(61);
state_is('Idle', 'writes do not wake it');
is(ledger(), 'idle|no search for 30 minutes', 'nor does time');
$node->safe_psql('postgres', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type IN ('vecprov keeper', 'vecprov launcher')");
$node->poll_query_until('postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type IN ('vecprov keeper', 'vecprov launcher')", 2) or die 'no keeper';
look(61);
is($node->safe_psql('postgres', "SELECT state, resident_size $of_items"), 'Idle|0', 'nor do another keeper and launcher');

#
# It wakes
#

is($node->safe_psql('postgres', "SET default_transaction_read_only = on; $search"), $answer, 'a search finds the same');
state_becomes('Ready', 'and wakes it');
is($node->safe_psql('postgres', "SELECT resident, current_replicas $of_items"), '1|2', 'with all that was promised');
ledger_becomes('wake: it was searched', 'the ledger says why');
hear('Ready', 'a notification');
is($node->safe_psql('postgres', "SELECT sum(seats), sum(in_use) FROM vecprov.replicas WHERE index = 'items_v_idx'::regclass"), '8|0', 'seats are back');

fall_idle('idle again');
is($node->safe_psql('postgres', "SELECT count(*) FROM vecprov_search('items_v_idx', ARRAY[vec(1, 8), vec(2, 8)], 5)"), 10, 'a batch');
state_becomes('Ready', 'wakes it, too');
fall_idle('idle again');
$node->safe_psql('postgres', "SELECT vecprov_wait('items_v_idx', '180 s')");
state_is('Ready', 'vecprov_wait wakes it');
ledger_becomes('wake: vecprov_wait was called', 'which the ledger has');
fall_idle('idle again');
$node->safe_psql('postgres', "SELECT vecprov_set_replicas('items_v_idx', 3)");
state_becomes('Ready', 'a change wakes it');
ledger_becomes('wake: the index was changed', 'which the ledger has');
fall_idle('idle again');
$node->safe_psql('postgres', "SET ROLE owner; SELECT vecprov_policy('items_v_idx')");
state_becomes('Ready', 'the end of its policy wakes it');
ledger_becomes('wake: no policy lets it be idle any more', 'which the ledger has');
look(61);
look(86400);
state_is('Ready', 'and without one it stays as it is');
$node->safe_psql('postgres', "SET ROLE owner; SELECT vecprov_policy('items_v_idx', idle_after => '30 minutes', dry_run => true)");
look(61);
look(1801);
look(61);
state_is('Ready', 'a dry run does nothing');
is($node->safe_psql('postgres', "SELECT count(*), max(message) FROM vecprov.changes WHERE index = 'public.items_v_idx' AND action = 'dry run'"),
	'1|no search for 30 minutes: it would be idle', 'and tells it once');
$node->safe_psql('postgres', "SET ROLE owner; SELECT vecprov_policy('items_v_idx', idle_after => '30 minutes')");
$node->safe_psql('postgres', "SELECT vecprov_set_replicas('items_v_idx', 0); SELECT vecprov_wait('items_v_idx', '180 s')");
look(61);
look(3600);
state_is('Suspended', 'a suspended index is not idle');
$node->safe_psql('postgres', "SELECT vecprov_set_replicas('items_v_idx', 2); SELECT vecprov_wait('items_v_idx', '180 s')");

# The right to provision is gone
$node->safe_psql('postgres', 'REVOKE SET ON PARAMETER vecprov.provision FROM owner');
look(61);
look(1801);
state_is('Ready', 'without the right a policy does nothing');
$node->safe_psql('postgres', 'GRANT SET ON PARAMETER vecprov.provision TO owner');

#
# Restart, crash, and a standby
#

fall_idle('idle');
$node->restart;
state_becomes('Ready', 'a restart: it is warm by itself');
ledger_becomes('wake: the server was started', 'which the ledger has');
fall_idle('and idle later');
{
	my $offset = log_end($node);
	kill 'KILL', $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE backend_type = 'vecprov keeper'");
	eval { $listener->quit };
	crash_and_wait($node, $offset);
}
state_becomes('Ready', 'the same after a crash');
ok($node->poll_query_until('postgres', "SELECT count(*) FROM vecprov.changes WHERE message = 'the server was started'", 2), 'which the ledger has');

$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
ok($standby->poll_query_until('postgres', "SELECT state $of_items", 'Ready'), 'a standby is Ready');
fall_idle('the primary is idle');
is($standby->safe_psql('postgres', "SELECT state $of_items"), 'Ready', 'the standby is not');
$standby->stop;

#
# Searches while it falls idle, again and again: none fails, and what was promised is there in the end
#

my $script = $node->basedir . '/search.sql';
append_to_file($script, <<'EOS');
\set i random(1, 2000)
\set pause random(1, 2000)
SELECT id FROM items ORDER BY v <-> vec(:i, 8) LIMIT 5;
\sleep :pause ms
EOS
my $before = $node->safe_psql('postgres', "SELECT count(*) FROM vecprov.changes WHERE action = 'wake'");
my $output = '';
my $clients = IPC::Run::start(
	[ 'env', 'PGOPTIONS=-c enable_seqscan=off', 'pgbench', '-n', '-c', '1', '-T', '15', '-f', $script, $node->connstr('postgres') ],
	'<', \undef, '>', \$output, '2>&1');
while ($clients->pumpable)
{
	$clients->pump_nb;
	look(1801);
}
$clients->finish;
note($node->safe_psql('postgres', "SELECT count(*) - $before FROM vecprov.changes WHERE action = 'wake'") . ' times idle');
unlike($output, qr/ERROR|FATAL|abort/, 'no search fails');
like($output, qr/number of transactions actually processed: [1-9]/, 'and some are done');
$node->safe_psql('postgres', $search);
state_becomes('Ready', 'Ready in the end');
is($node->safe_psql('postgres', "SELECT sum(seats), sum(in_use), sum(queue) FROM vecprov.replicas WHERE index = 'items_v_idx'::regclass"), '8|0|0',
	'with all seats');
ok($node->poll_query_until('postgres', <<'EOS'), 'the ledger has idle and wake by turns');
SELECT count(*) FILTER (WHERE action = before) = 0 AND count(*) FILTER (WHERE action = 'idle') = count(*) FILTER (WHERE action = 'wake')
FROM (SELECT action, lag(action) OVER (ORDER BY at, xact) AS before FROM vecprov.changes
	WHERE index = 'public.items_v_idx' AND action IN ('idle', 'wake')) x
EOS

# What was released while it was idle is not woken later
fall_idle('idle once more');
ledger_becomes('idle: no search for 30 minutes', 'which the ledger has');
$node->safe_psql('postgres', "SELECT vecprov_release('items_v_idx')");
$node->safe_psql('postgres', "SELECT vecprov_provision('items_v_idx', tier => 'r40'); SELECT vecprov_wait('items_v_idx', '180 s')");
look(61);
look(61);
is(ledger(), 'idle|no search for 30 minutes', 'released and provisioned again, it was not woken');
intact($node, 'items', 'items_v_idx', 'at the end');
unlike(slurp_file($node->logfile), qr/TRAP:|PANIC/, 'no assertion failed');
$node->stop;
done_testing();
