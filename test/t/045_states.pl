# An index is Ready when it has all pages and all workers, and never before. Workers that settings forbid, or
# that do not come, are an error after a minute, by a clock that the test moves; vecprov_wait tells it.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = vecprov_node('states');
$node->start;
vecprov_functions($node);
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE items (id int, v vector(8));
INSERT INTO items SELECT i, vec(i, 8) FROM generate_series(1, 2000) i;
CREATE INDEX items_v_idx ON items USING vecprov (v) WITH (tier = r10);
CREATE VIEW promised AS
	SELECT i.state, i.replicas, i.current_replicas, i.resident, i.replicas * t.units AS workers,
		(SELECT count(*) FROM vecprov.workers w WHERE w.index = i.index AND w.state = 'Running') AS running
	FROM vecprov.indexes i JOIN vecprov.tiers t ON t.name = i.tier WHERE i.index = 'items_v_idx'::regclass;
-- Looks every 10 ms until the index is Ready. Workers do not end meanwhile, so those that are there later were not
-- there too early. Returns the states that it has seen.
CREATE FUNCTION watch() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	now text;
	seen text[] := '{}';
	later record;
BEGIN
	FOR i IN 1 .. 18000 LOOP
		SELECT state INTO now FROM vecprov.indexes WHERE index = 'items_v_idx'::regclass;
		SELECT * INTO later FROM promised;
		IF now IS DISTINCT FROM seen[array_upper(seen, 1)] THEN
			seen := seen || now;
		END IF;
		IF now = 'Ready' THEN
			ASSERT later.running = later.workers AND later.current_replicas = later.replicas AND later.resident = 1,
				format('Ready too early: %s', later);
			RETURN array_to_string(seen, ' ');
		END IF;
		PERFORM pg_sleep(0.01);
	END LOOP;
	RETURN 'never Ready';
END $$;
EOS

my $clock = 0;

sub move
{
	my ($seconds) = @_;
	$clock += $seconds;
	$node->safe_psql('postgres', "ALTER SYSTEM SET vecprov.debug_clock = '$clock s'");
	$node->reload;
}

sub state_of
{
	return $node->safe_psql('postgres',
		"SELECT state, current_replicas, error, advice ~ 'set ' FROM vecprov.indexes WHERE index = 'items_v_idx'::regclass");
}

sub state_becomes
{
	my ($state, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	ok($node->poll_query_until('postgres', "SELECT state FROM vecprov.indexes WHERE index = 'items_v_idx'::regclass", $state), $name)
	  or diag(state_of());
}

sub error_of
{
	my ($sql) = @_;
	my ($rc, $stdout, $stderr) = $node->psql('postgres', "\\set VERBOSITY verbose\n$sql");
	return $stderr;
}

#
# Never too early
#

my $watched = 'SELECT watch()';
like($node->safe_psql('postgres', $watched), qr/Ready$/, 'a new index');
foreach my $change (
	"vecprov_set_replicas('items_v_idx', 5)",
	"vecprov_set_replicas('items_v_idx', 2)",
	"vecprov_provision('items_v_idx', 'r40', 1, 3)",
	"vecprov_set_shards('items_v_idx', 2)",
	"vecprov_set_replicas('items_v_idx', 5)",
	"vecprov_set_replicas('items_v_idx', 0); SELECT vecprov_wait('items_v_idx', '180 s'); SELECT vecprov_set_replicas('items_v_idx', 3)",
	"vecprov_set_tier('items_v_idx', 'r10')")
{
	like($node->safe_psql('postgres', "SELECT $change; $watched"), qr/Ready$/, $change);
}
$node->safe_psql('postgres', "INSERT INTO vecprov.tiers VALUES ('own', 1000000, false, 1)");
$node->safe_psql('postgres', "SELECT vecprov_set_tier('items_v_idx', 'own'); $watched");
like($node->safe_psql('postgres', "UPDATE vecprov.tiers SET units = 2, keeps_vectors = true WHERE name = 'own'; $watched"),
	qr/Ready$/, 'the tier promises more');

# A change that nobody has read yet.
foreach my $change ("SELECT vecprov_set_replicas('items_v_idx', 4)", "UPDATE vecprov.tiers SET units = 3 WHERE name = 'own'")
{
	my $hold = hold($node);
	$node->safe_psql('postgres', "ALTER DATABASE postgres SET vecprov.debug_point = 'catalog-reader-begun=wait'");
	$node->safe_psql('postgres', $change);
	$node->poll_query_until('postgres',
		"SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'vecprov catalog reader' AND wait_event = 'advisory'", 1) or die 'no catalogue reader';
	like(state_of(), qr/^Loading\|/, "not Ready from the commit on: $change");
	$node->safe_psql('postgres', 'ALTER DATABASE postgres RESET vecprov.debug_point');
	$hold->quit;
	like($node->safe_psql('postgres', $watched), qr/Ready$/, 'but then');
}
$node->safe_psql('postgres', 'REINDEX INDEX items_v_idx');
like($node->safe_psql('postgres', $watched), qr/Ready$/, 'rebuilt');
$node->restart;
like($node->safe_psql('postgres', $watched), qr/Ready$/, 'the server was restarted');
{
	my $offset = log_end($node);
	my $pid = $node->safe_psql('postgres', 'SELECT min(pid) FROM vecprov.workers');
	kill 'KILL', $pid;
	crash_and_wait($node, $offset);
}
like($node->safe_psql('postgres', $watched), qr/Ready$/, 'it crashed');
like($node->safe_psql('postgres', "SELECT vecprov_provision('items_v_idx', 'r10', 1, 2); $watched"), qr/Ready$/, 'less is promised');

#
# Workers that end, and others that do not come
#

my $listener = $node->background_psql('postgres');
my $heard = '';

# Waits for a notification.
sub hear
{
	my ($state, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$heard = '';
	for (my $i = 0; $i < 1800 && $heard !~ /"state": "$state"/; $i++)
	{
		$heard .= $listener->query('SELECT pg_sleep(0.1)');
	}
	like($heard, qr/"state": "$state"/, $name);
}
$listener->set_query_timer_restart();
$listener->query_safe('LISTEN vecprov');
# what was told last, since only what is another state is told
$node->safe_psql('postgres', "SELECT vecprov_set_replicas('items_v_idx', 0)");
hear('Suspended', 'suspended');
$node->safe_psql('postgres', "SELECT vecprov_set_replicas('items_v_idx', 2)");
hear('Ready', 'and resumed');

$node->safe_psql('postgres', "ALTER DATABASE postgres SET vecprov.debug_point = 'worker-begun=wait'");
my $hold = hold($node);
$node->safe_psql('postgres', 'SELECT pg_terminate_backend(pid, 10000) FROM vecprov.workers WHERE replica = 2');
$node->poll_query_until('postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'vecprov worker' AND wait_event = 'advisory'", 1)
  or die 'no worker comes: ' . $node->safe_psql('postgres', "SELECT * FROM vecprov.workers; SELECT pid, backend_type, wait_event, query FROM pg_stat_activity");
like(state_of(), qr/^Scaling\|1\|\|/, 'a worker that does not serve yet is not there');
is($node->safe_psql('postgres', "SELECT replica, state FROM vecprov.replicas ORDER BY 1"), "1|Ready\n2|Scaling", 'whose replica it is');
is($node->safe_psql('postgres', "SELECT state, pid IS NOT NULL FROM vecprov.workers ORDER BY replica"), "Running|t\nStarting|t", 'and which worker');
hear('Scaling', 'a notification says so');
move(61);
state_becomes('Error', 'after a minute it is an error');
like(state_of(), qr/^Error\|1\|1 of 2 workers are missing; they are started, and do not come: see the server's log\|/, 'with what is known');
hear('Error', 'of which a notification tells');
like($heard, qr/1 of 2 workers are missing/, 'with the reason');
like(error_of("SELECT vecprov_wait('items_v_idx')"), qr/55000: index "items_v_idx" lacks workers.*DETAIL:  1 of 2 workers are missing; they/s,
	'vecprov_wait does not wait for it');
is($node->safe_psql('postgres', 'SET enable_seqscan = off; SELECT id FROM items ORDER BY v <-> vec(7, 8) LIMIT 1'), 7, 'nothing is refused');
$node->safe_psql('postgres', 'ALTER DATABASE postgres RESET vecprov.debug_point');
$hold->quit;
like($node->safe_psql('postgres', $watched), qr/Ready$/, 'it comes: Ready');
hear('Ready', 'a notification');

# Terminated while somebody looks: Ready is true whenever it is said.
foreach (1 .. 5)
{
	$node->safe_psql('postgres', 'SELECT pg_terminate_backend(pid, 10000) FROM vecprov.workers WHERE pid IS NOT NULL');
	like($node->safe_psql('postgres', $watched), qr/Ready$/, 'workers were terminated: not Ready until others are there');
}

#
# Settings
#

# What the error tells is set, and suffices.
sub follow
{
	my $advice = $node->safe_psql('postgres', "SELECT substring(advice, 'set .* to \\d+') FROM vecprov.indexes WHERE index = 'items_v_idx'::regclass");
	my %set = $advice =~ /(\S+) to (\d+)/g;
	$node->safe_psql('postgres', "ALTER SYSTEM SET $_ = $set{$_}") foreach sort keys %set;
	exists $set{max_worker_processes} ? $node->restart : $node->reload;
	return $advice;
}

# Another index, so that what suffices is more than this one needs.
$node->safe_psql('postgres', "CREATE INDEX other_idx ON items USING vecprov (v) WITH (tier = r10, replicas = 3); SELECT vecprov_wait('other_idx', '180 s')");
$node->safe_psql('postgres', 'ALTER SYSTEM SET vecprov.max_workers = 5');
$node->reload;
$node->safe_psql('postgres', "SELECT vecprov_set_tier('items_v_idx', 'r40')");
ok($node->poll_query_until('postgres', "SELECT running = 2 AND current_replicas = 0 AND resident = 1 FROM promised"), 'two of eight');
like(state_of(), qr/^Loading\|0\|\|t$/, 'no replica is complete; advised at once');
like(error_of("SELECT vecprov_wait('items_v_idx', '1 s')"), qr/55P03: the capacity of the index is not ready yet/, 'for a minute it is waited for');
move(61);
state_becomes('Error', 'after a minute it is an error');
like(state_of(), qr/^Error\|0\|6 of 8 workers are missing; vecprov.max_workers is 5, and 11 would do\|t$/, 'with the setting, and the number');
like(error_of("SELECT vecprov_wait('items_v_idx')"),
	qr/55000: index "items_v_idx" lacks workers\nDETAIL:  6 of 8 workers are missing; vecprov.max_workers is 5, and 11 would do\nHINT:  To mend it, set vecprov.max_workers to 11/,
	'vecprov_wait says so');
is(follow(), 'set vecprov.max_workers to 11', 'the advice');
like($node->safe_psql('postgres', $watched), qr/^(?:Error )?.*Ready$/, 'is followed: Ready again');
hear('Ready', 'a notification');

$node->safe_psql('postgres', 'ALTER SYSTEM SET max_worker_processes = 9');
$node->safe_psql('postgres', 'ALTER SYSTEM SET vecprov.max_workers = 4');
$listener->quit;
$node->restart;
ok($node->poll_query_until('postgres', "SELECT count(*) FROM vecprov.workers WHERE state = 'Running'", 3), 'room for three');
move(61);
state_becomes('Error', 'too few processes');
like(state_of(), qr/\|\d of 8 workers are missing; vecprov.max_workers is 4, and 11 would do; max_worker_processes is 9, and 17 would do\|t$/, 'both settings');
is(follow(), 'set vecprov.max_workers to 11 and max_worker_processes to 17', 'the advice');
like($node->safe_psql('postgres', $watched), qr/Ready$/, 'is followed: Ready');

# No workers at all.
$node->safe_psql('postgres', "DROP INDEX other_idx; SELECT vecprov_provision('items_v_idx', 'r10', 1, 1)");
$node->safe_psql('postgres', 'ALTER SYSTEM SET vecprov.max_workers = 0');
$node->reload;
ok($node->poll_query_until('postgres', "SELECT count(pid) FROM vecprov.workers", 0), 'no workers');
move(61);
state_becomes('Error', 'none are wanted');
like(state_of(), qr/^Error\|0\|1 of 1 workers are missing; vecprov.max_workers is 0, and 1 would do\|t$/, 'which is no promise that is kept');
$node->safe_psql('postgres', "SELECT vecprov_set_replicas('items_v_idx', 0); SELECT vecprov_wait('items_v_idx', '180 s')");
like(state_of(), qr/^Suspended\|0\|\|/, 'a suspended index lacks none');
$node->safe_psql('postgres', 'ALTER SYSTEM SET vecprov.max_workers = 1');
$node->reload;
$node->safe_psql('postgres', "SELECT vecprov_set_replicas('items_v_idx', 1)");
like($node->safe_psql('postgres', $watched), qr/Ready$/, 'resumed');

unlike(slurp_file($node->logfile), qr/TRAP:|PANIC/, 'no assertion failed');
$node->stop;
done_testing();
