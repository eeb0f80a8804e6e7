# The server scales indexes by itself, by a clock that the test moves, and writes down hours.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = vecprov_node('policy');
$node->append_conf('postgresql.conf', <<'EOC');
vecprov.scale_change_interval = 3600
max_worker_processes = 16
EOC
$node->start;
vecprov_functions($node);
$node->safe_psql('postgres', <<'EOS');
CREATE FUNCTION pretend(index regclass, replica integer, busy double precision) RETURNS void
	AS 'vecprov', 'vecprov_debug_load' LANGUAGE C STRICT;
CREATE FUNCTION launcher_rounds(OUT rounds bigint, OUT idle_looks bigint) AS 'vecprov', 'vecprov_debug_launcher' LANGUAGE C;
INSERT INTO vecprov.tiers VALUES ('own', 100000, true, 1);
CREATE ROLE owner LOGIN;
CREATE ROLE other;
GRANT SET ON PARAMETER vecprov.provision TO owner;
GRANT CREATE ON SCHEMA public TO owner;
SET ROLE owner;
CREATE TABLE items (id int, v vector(4));
INSERT INTO items SELECT i, ARRAY[i, i % 7, i % 11, 1] FROM generate_series(1, 2000) i;
CREATE INDEX items_idx ON items USING vecprov (v) WITH (tier = own);
RESET ROLE;
-- what a policy says of this one tells that all policies have been looked at
CREATE TABLE zz_canary (v vector(4));
INSERT INTO zz_canary VALUES ('[1,2,3,4]');
CREATE INDEX zz_canary_idx ON zz_canary USING vecprov (v) WITH (tier = own);
EOS
$node->safe_psql('postgres', "SELECT vecprov_wait('$_', '180 s')") foreach 'items_idx', 'zz_canary_idx';

my $clock = 0;

# Moves the clock of the server.
sub move
{
	my ($seconds) = @_;
	$clock += $seconds;
	$node->safe_psql('postgres', "ALTER SYSTEM SET vecprov.debug_clock = '$clock s'");
	$node->reload;
}

# What the ledger has of the policies of an index, in order; of the last row
# alone when `last` is set.
sub ledger
{
	my ($index, $what) = @_;
	return $node->safe_psql('postgres', "SELECT $what FROM vecprov.changes WHERE index = 'public.$index' AND by_policy ORDER BY at");
}

# Moves the clock on, such that policies are looked at with replicas as busy
# as given, and waits until they have been. The canary is always too full, and
# its policy has a dry run for each look.
sub look
{
	my ($seconds, %busy) = @_;
	my $then = $clock + $seconds;
	my $moment = $node->safe_psql('postgres', "SELECT clock_timestamp() + '$then s'::interval");

	# what will have been until then
	$node->safe_psql('postgres', join '', "SET vecprov.debug_clock = '$then s';",
		map { "SELECT pretend('items_idx', $_, $busy{$_});" } sort keys %busy) if %busy;
	move($seconds);
	$node->poll_query_until('postgres',
		"SELECT count(*) > 0 FROM vecprov.changes WHERE index = 'public.zz_canary_idx' AND by_policy AND at >= '$moment'") or die 'no look';
	return;
}

sub replicas
{
	return $node->safe_psql('postgres', "SELECT replicas FROM vecprov.indexes WHERE index = 'items_idx'::regclass");
}

sub settle
{
	$node->safe_psql('postgres', "SELECT vecprov_wait('items_idx', '180 s')");
	return;
}

$node->safe_psql('postgres', <<'EOS');
SET ROLE owner;
SELECT vecprov_policy('items_idx', 1, 3);
RESET ROLE;
SELECT vecprov_policy('zz_canary_idx', min_shards => 1, max_shards => 3, fullness => 0.0001, change_interval => '0', dry_run => true);
EOS

#
# Notifications
#

sub set_point
{
	my ($point) = @_;
	$node->safe_psql('postgres', "ALTER SYSTEM SET vecprov.debug_point = '$point'");
	$node->reload;
}

{
	my $listener = $node->background_psql('postgres');
	my $heard = '';
	my $hear = sub {
		my ($what) = @_;
		$heard = '';
		for (my $i = 0; $i < 1800 && $heard !~ $what; $i++)
		{
			$heard .= $listener->query('SELECT pg_sleep(0.1)');
		}
		return $heard;
	};
	my $set = sub { $node->safe_psql('postgres', "SET vecprov.scale_change_interval = 0; SELECT vecprov_set_replicas('items_idx', $_[0])") };

	$listener->query_safe('LISTEN vecprov');
	$set->(0);
	like($hear->(qr/Suspended/), qr/"vecprov" with payload "\{"index": "public.items_idx", "state": "Suspended", "error": null\}"/, 'LISTEN vecprov');
	$set->(1);
	like($hear->(qr/Ready/), qr/"state": "Ready"/, 'each state');

	# A supervisor is terminated between its look and its commit; the transaction of another one fails.
	my $offset = -s $node->logfile;
	set_point('supervisor-looked=stop');
	$set->(0);
	$node->wait_for_log(qr/stopped at debug point "supervisor-looked"/, $offset);
	my $pid = $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE backend_type = 'vecprov supervisor'");
	set_point('');
	kill 'TERM', $pid;
	kill 'CONT', $pid;
	like($hear->(qr/Suspended/), qr/"state": "Suspended"/, 'what a supervisor that is terminated has not told, the next one does');
	$offset = -s $node->logfile;
	set_point('supervisor-looked=error');
	$set->(1);
	$node->wait_for_log(qr/error at debug point "supervisor-looked"/, $offset);
	set_point('');
	like($hear->(qr/Ready/), qr/"state": "Ready"/, '... and what one has not told for an error');
	$listener->quit;
	# the ledger's clock goes on from here
	$node->safe_psql('postgres', "DELETE FROM vecprov.changes WHERE action = 'change'");
}

#
# Up
#

look(301, 1 => 0.5);
is(replicas(), 1, 'half busy: nothing is done');
look(61, 1 => 0.95);
is(replicas(), 2, 'too busy: a replica is added');
like(ledger('items_idx', 'action, old_replicas, new_replicas, role, message'),
	qr/^change\|1\|2\|owner\|the busiest replica was more than 80 % busy for 5 minutes, now 9\d %$/, 'the ledger says why');
settle();

# The policy waits after a change, and for a window of its own.
look(300, 1 => 0.95, 2 => 0.95);
is(replicas(), 2, 'not again before ten minutes');
# Its changes are not the owner's: he may change at once, and then not again within the hour.
$node->safe_psql('postgres', "SET ROLE owner; SELECT vecprov_set_replicas('items_idx', 1)");
is(replicas(), 1, 'the owner can change at once');
my (undef, undef, $stderr) = $node->psql('postgres', "SET ROLE owner; SELECT vecprov_set_replicas('items_idx', 2)");
like($stderr, qr/cannot be changed before/, 'and has an interval of his own');
settle();
look(500, 1 => 0.95);
is(replicas(), 1, 'the policy waits for ten minutes after it');
look(101, 1 => 0.95);
look(61, 1 => 0.95);
is(replicas(), 2, 'and does not wait for the owner\'s hour');
settle();
look(601, 1 => 0.1, 2 => 0.95);
look(61, 1 => 0.1, 2 => 0.95);
is(replicas(), 3, 'it goes by the busiest');
settle();
look(601, 1 => 1, 2 => 1, 3 => 1) for 1 .. 2;
is(replicas(), 3, 'not above the maximum');

#
# Down
#

look(601, 1 => 0.4, 2 => 0.4, 3 => 0.4) for 1 .. 8;
is(replicas(), 3, 'two replicas would be 60 % busy, which is not below 2/3 of 80 %');
look(61, 1 => 0.1, 2 => 0.1, 3 => 0.1);
look(1200, 1 => 0.1, 2 => 0.1, 3 => 0.1) for 1 .. 2;
is(replicas(), 3, 'not before an hour');
look(1000, 1 => 0.1, 2 => 0.1, 3 => 0.1);
look(300, 1 => 0.1, 2 => 0.1, 3 => 0.1);
is(replicas(), 2, 'a replica is taken away');
like((split /\n/, ledger('items_idx', 'message'))[-1], qr/^2 replicas would have been less than 53 % busy for 60 minutes$/, 'the ledger says why');
settle();
look(700, 1 => 0.1, 2 => 0.1);
$node->safe_psql('postgres', "SET ROLE owner; SELECT vecprov_set_replicas('items_idx', 0)");
settle();
look(7300);
is(replicas(), 0, 'a suspended index is left alone');
$node->safe_psql('postgres', "SET ROLE owner; SELECT vecprov_policy('items_idx', 2, 3)");
move(3601);
$node->safe_psql('postgres', "SET ROLE owner; SELECT vecprov_set_replicas('items_idx', 1)");
settle();
look(700, 1 => 0.1);
is(replicas(), 2, 'and brought to the minimum when it is resumed');
settle();

#
# Rights
#

$node->safe_psql('postgres', 'REVOKE SET ON PARAMETER vecprov.provision FROM owner');
look(601, 1 => 1, 2 => 1) for 1 .. 2;
is(replicas(), 2, 'without the right nothing is done');
like($node->safe_psql('postgres', "SELECT error FROM vecprov.policies WHERE index = 'items_idx'"),
	qr/^permission denied to provision index "items_idx"$/, 'and the policy says so');
$node->safe_psql('postgres', "GRANT SET ON PARAMETER vecprov.provision TO owner; INSERT INTO vecprov.quotas VALUES ('owner', NULL, 2)");
look(601, 1 => 1, 2 => 1) for 1 .. 2;
is(replicas(), 2, 'nor beyond the quota');
like($node->safe_psql('postgres', "SELECT error FROM vecprov.policies WHERE index = 'items_idx'"),
	qr/^quota of role "owner" does not allow index "items_idx"$/, 'which the policy says, too');
is((split /\n/, ledger('items_idx', 'action, old_replicas, new_replicas'))[-1], 'refusal|2|3', 'and the ledger');
$node->safe_psql('postgres', "DELETE FROM vecprov.quotas; ALTER TABLE items OWNER TO other");
look(601, 1 => 1, 2 => 1) for 1 .. 2;
is(replicas(), 2, 'a policy is its owner\'s');
like($node->safe_psql('postgres', "SELECT error FROM vecprov.policies WHERE index = 'items_idx'"),
	qr/^index "items_idx" belongs to another role than its policy$/, 'and says so');
$node->safe_psql('postgres', "ALTER TABLE items OWNER TO owner");
look(601, 1 => 1, 2 => 1) for 1 .. 2;
is(replicas(), 3, 'it goes on');
is($node->safe_psql('postgres', "SELECT count(error) FROM vecprov.policies"), 0, 'and shows no error any more');
settle();

#
# Dry run
#

$node->safe_psql('postgres', "SET ROLE owner; SELECT vecprov_policy('items_idx', 1, 5, dry_run => true)");
look(601, 1 => 1, 2 => 1, 3 => 1) for 1 .. 2;
is(replicas(), 3, 'a dry run changes nothing');
like((split /\n/, ledger('items_idx', 'action, old_replicas, new_replicas, message'))[-1],
	qr/^dry run\|3\|4\|the busiest replica was more than 80 % busy/, 'and tells what would have been done');

#
# Shards
#

is($node->safe_psql('postgres', "SELECT index_size, shards FROM vecprov.indexes WHERE index = 'items_idx'::regclass"),
	'40000|1', 'the index is 40 % full');
$node->safe_psql('postgres', "SET ROLE owner; SELECT vecprov_policy('items_idx', min_shards => 1, max_shards => 4)");
my $insert = 'INSERT INTO items SELECT i, ARRAY[i, i % 7, i % 11, 1] FROM generate_series(2001, 4500) i';
$node->safe_psql('postgres', "BEGIN; $insert; ROLLBACK");
look(601);
is($node->safe_psql('postgres', "SELECT shards FROM vecprov.indexes WHERE index = 'items_idx'::regclass"), 1, 'rows that were rolled back add none');
$node->safe_psql('postgres', $insert);
look(601);
is($node->safe_psql('postgres', "SELECT shards FROM vecprov.indexes WHERE index = 'items_idx'::regclass"), 2, '90 % full: a shard is added');
like((split /\n/, ledger('items_idx', 'message'))[-1], qr/^1 shards are 90 % full$/, 'the ledger says why');
settle();
$node->safe_psql('postgres', 'DELETE FROM items WHERE id > 2000');
vacuum($node, 'items');
look(1800);
is($node->safe_psql('postgres', "SELECT shards FROM vecprov.indexes WHERE index = 'items_idx'::regclass"), 2, 'not taken away before an hour');
look(1801);
is($node->safe_psql('postgres', "SELECT shards FROM vecprov.indexes WHERE index = 'items_idx'::regclass"), 1, 'but then');
settle();

#
# Nothing provisioned: the launcher sleeps, and looks at policies by the clock
#

$node->safe_psql('postgres', "DROP TABLE zz_canary; SELECT vecprov_release('items_idx')");
$node->safe_psql('postgres', 'DELETE FROM vecprov.policies');
settle();
{
	my $slept = 0;
	for (1 .. 120)
	{
		my $before = $node->safe_psql('postgres', 'SELECT rounds FROM launcher_rounds()');
		$node->safe_psql('postgres', 'SELECT pg_sleep(0.5)');
		$slept = $node->safe_psql('postgres', 'SELECT rounds FROM launcher_rounds()') == $before;
		last if $slept;
	}
	ok($slept, 'with no policy the launcher sleeps');
}

#
# Hours
#

sub hours
{
	return $node->safe_psql('postgres', <<'EOS');
SELECT count(*), count(*) FILTER (WHERE ended > next), count(*) FILTER (WHERE ended < next), count(DISTINCT tier)
FROM (SELECT *, lead(began) OVER (ORDER BY began) AS next FROM vecprov.usage WHERE index = 'public.items_idx') x
EOS
}
my ($rows, $overlaps, $gaps) = split /\|/, hours();
cmp_ok($rows, '>', 8, 'hours were written down');
is("$overlaps $gaps", '0 0', 'without overlaps and gaps');

# Waits until the hours that are over have been written.
sub written
{
	return $node->poll_query_until('postgres', q(SELECT max(ended) = date_trunc('hour', vecprov_clock()) FROM vecprov.usage));
}

# An index that somebody has locked at the full hour has its hours, and what was counted comes with the next one.
$node->safe_psql('postgres', 'CREATE TABLE free (id int, v vector(4)); CREATE INDEX free_idx ON free USING vecprov (v)');
move(3600);
ok(written(), 'hours with another index');
$node->safe_psql('postgres', <<'EOS');
INSERT INTO free SELECT i, ARRAY[i, i % 7, i % 11, 1] FROM generate_series(1, 100) i;
SET enable_seqscan = off;
DO $$ BEGIN FOR i IN 1 .. 8 LOOP PERFORM id FROM free ORDER BY v <-> '[1,2,3,4]' LIMIT 3; END LOOP; END $$;
EOS
my $locker = $node->background_psql('postgres');
$locker->query_safe('BEGIN; REINDEX INDEX free_idx');
move(3600);
ok(written(), 'the hour is over');
$locker->query_safe('ROLLBACK');
$locker->quit;
move(3600);
ok(written(), 'the next hour is over');
is($node->safe_psql('postgres', "SELECT count(*), sum(read_units), sum(write_units) FROM vecprov.usage WHERE index = 'public.free_idx'"),
	'3|2|100', 'an index that was locked at the full hour has all hours and all units');
is($node->safe_psql('postgres', "SELECT read_units, write_units FROM vecprov.usage WHERE index = 'public.free_idx' ORDER BY began DESC LIMIT 1"),
	'2|100', '... those that were not known with the hour after');
($rows) = split /\|/, hours();

# The server is down for five hours.
$node->safe_psql('postgres', "SELECT vecprov_provision('items_idx', 'own', 1, 2)");
$node->stop;
$clock += 5 * 3600;
$node->append_conf('postgresql.auto.conf', "vecprov.debug_clock = '$clock s'");
$node->start;
ok(written(),
	'hours in which the server was down are written afterwards');
my ($more, $more_overlaps, $more_gaps) = split /\|/, hours();
cmp_ok($more, '>=', $rows + 5, 'each of them');
is("$more_overlaps $more_gaps", '0 0', 'once');
is($node->safe_psql('postgres', "SELECT sum(read_units), sum(write_units) FROM vecprov.usage WHERE index = 'public.free_idx'"),
	'2|100', 'counters that outlived the restart go on');
is($node->safe_psql('postgres', "SELECT tier, replicas FROM vecprov.usage WHERE index = 'public.items_idx' ORDER BY began DESC LIMIT 1"), 'own|2', 'as the ledger has it');

# Bills go on in another server; policies, too.
$node->safe_psql('postgres', "SELECT vecprov_policy('items_idx', 1, 2)");
my $bill = "SELECT item, round(quantity, 3) FROM vecprov_bill(%s, 'example', 'example') WHERE item = 'own'";
$node->safe_psql('postgres', "INSERT INTO vecprov.rates VALUES ('example', 'example', 'own', 1)");
my ($from, $to) = split /\|/, $node->safe_psql('postgres', 'SELECT min(began), max(ended) FROM vecprov.usage');
my $ours = $node->safe_psql('postgres', sprintf($bill, "'$from', '$to'"));
$node->safe_psql('postgres', 'CREATE DATABASE restored');
my $dump = $node->basedir . '/dump';
command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr('postgres') ], 'pg_dump');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', 'restored', $dump ], 'pg_restore');
is($node->safe_psql('restored', sprintf($bill, "'$from', '$to'")), $ours, 'a restored database has the same bill');
is($node->safe_psql('restored', 'SELECT schema, index, role, max_replicas FROM vecprov.policies'), 'public|items_idx|owner|2', 'and the policies');
$node->safe_psql('postgres', 'DROP DATABASE restored');

# What is older than 400 days goes.
move(401 * 86400);
ok($node->poll_query_until('postgres', "SELECT min(ended) >= vecprov_clock() - '400 days 2 hours'::interval AND max(ended) = date_trunc('hour', vecprov_clock()) FROM vecprov.usage"),
	'hours are kept for 400 days');

done_testing();
