# A server on which nothing is provisioned sleeps, and yet notices at once when something is: the launcher
# is woken by the transaction that provisions, not by a clock. Counts are compared, not times.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = vecprov_node('primary', allows_streaming => 1);
$primary->append_conf('postgresql.conf', "max_prepared_transactions = 2\n");
$primary->start;
vecprov_functions($primary);
$primary->safe_psql('postgres', <<'EOS');
CREATE FUNCTION launcher_rounds(OUT rounds bigint, OUT idle_looks bigint) AS 'vecprov', 'vecprov_debug_launcher' LANGUAGE C;
CREATE TABLE items (v vector(4));
INSERT INTO items SELECT ARRAY[i, i % 7, i % 11, 1] FROM generate_series(1, 200) i;
CREATE INDEX items_v_idx ON items USING vecprov (v);
EOS
$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;

# 17 and later know what an extension's process waits for.
my $named = $primary->safe_psql('postgres', 'SHOW server_version_num') >= 170000;

# The launcher's rounds, those of them that nobody woke it for, and the server's clock.
sub rounds
{
	my ($node) = @_;
	return split /\|/, $node->safe_psql('postgres',
		'SELECT rounds, idle_looks, extract(epoch FROM clock_timestamp())::int FROM launcher_rounds()');
}

# Waits for half a second without a round; a launcher that looks ten times a second has none.
sub becomes_idle
{
	my ($node, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	foreach (1 .. 120)
	{
		my ($before) = rounds($node);
		$node->safe_psql('postgres', 'SELECT pg_sleep(0.5)');
		if ((rounds($node))[0] == $before)
		{
			pass("$name: the launcher sleeps");
			return;
		}
	}
	fail("$name: the launcher sleeps");
}

# It is counted how often the launcher looks, by itself, in so many seconds, while others work.
sub stays_idle
{
	my ($node, $name, $per_second) = @_;
	my ($before, undef, $begun) = rounds($node);

	$node->safe_psql('postgres', 'SELECT pg_sleep(0.01)') for 1 .. 50;
	$node->safe_psql('postgres', 'SELECT pg_sleep(3)');
	my ($after, undef, $end) = rounds($node);
	cmp_ok($after - $before, '<=', 2 + ($end - $begun) * $per_second, "$name: it stays asleep");
}

# Is what a statement provisions ready without a look of the launcher's own? Once of three times will
# do: one may fall just in between.
sub wakes
{
	my ($name, $database, $statement, $undo) = @_;
	my $woken = 0;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	for (my $try = 0; $try < 3 && !$woken; $try++)
	{
		becomes_idle($primary, $name);
		my (undef, $looks) = rounds($primary);
		$primary->safe_psql('postgres', $_) foreach split /;\n/, $statement;
		is($primary->psql($database, "SELECT vecprov_wait('items_v_idx', '180 s')"), 0, "$name: ready");
		$woken = (rounds($primary))[1] == $looks;
		$primary->safe_psql('postgres', $_) foreach split /;\n/, $undo;
	}
	ok($woken, "$name: the launcher was woken");
}

becomes_idle($primary, 'primary');
stays_idle($primary, 'primary', 0.2);
becomes_idle($standby, 'standby');
stays_idle($standby, 'standby', 2);
is($primary->safe_psql('postgres', "SELECT wait_event_type, wait_event FROM pg_stat_activity WHERE backend_type = 'vecprov launcher'"),
	$named ? 'Extension|VecprovLauncherIdle' : 'Extension|Extension', 'what it waits for has a name');

my $release = "SELECT vecprov_release('items_v_idx')";
wakes('a statement', 'postgres', "SELECT vecprov_provision('items_v_idx', 'r10', 1, 1)", $release);
wakes('a transaction in two phases', 'postgres',
	"BEGIN; ALTER INDEX items_v_idx SET (tier = r10); PREPARE TRANSACTION 'p';\nCOMMIT PREPARED 'p'", $release);

# A database that takes no connections has nothing in memory. One that is made of it has, and it itself
# when it is opened.
$primary->safe_psql('postgres', 'CREATE DATABASE mould TEMPLATE postgres');
$primary->safe_psql('mould', "SELECT vecprov_provision('items_v_idx', 'r10', 1, 1)");
is($primary->psql('mould', "SELECT vecprov_wait('items_v_idx', '180 s')"), 0, 'another database: ready');
$primary->safe_psql('postgres', 'ALTER DATABASE mould ALLOW_CONNECTIONS false');
wakes('a copy of a database', 'copy', 'CREATE DATABASE copy TEMPLATE mould', 'DROP DATABASE copy');
wakes('a database that is opened', 'mould', 'ALTER DATABASE mould ALLOW_CONNECTIONS true',
	'ALTER DATABASE mould ALLOW_CONNECTIONS false');

# A catalogue reader that is still at work when its database is closed leaves no slots.
{
	$primary->safe_psql('postgres', 'ALTER DATABASE mould ALLOW_CONNECTIONS true');
	is($primary->psql('mould', "SELECT vecprov_wait('items_v_idx', '180 s')"), 0, 'opened once more: ready');
	my $gate = $primary->background_psql('mould');
	$gate->query_safe('SELECT pg_advisory_lock(7670)');
	$primary->safe_psql('postgres', "ALTER DATABASE mould SET vecprov.debug_point = 'catalog-reader-begun=wait'");
	$primary->safe_psql('mould', "SELECT vecprov_set_replicas('items_v_idx', 2)");
	$primary->poll_query_until('postgres',
		"SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'vecprov catalog reader' AND wait_event = 'advisory'", 1)
	  or die 'no catalogue reader';
	$primary->safe_psql('postgres', 'ALTER DATABASE mould ALLOW_CONNECTIONS false');
	my ($before) = rounds($primary);
	$primary->poll_query_until('postgres', "SELECT rounds > $before + 1 FROM launcher_rounds()") or die 'no launcher';
	$gate->quit;
	becomes_idle($primary, 'a database that was closed meanwhile');
	$primary->safe_psql('postgres', 'ALTER DATABASE mould RESET vecprov.debug_point');
}

# An insert that makes a merge of posting lists due wakes it, and it sleeps again when that is done.
{
	$primary->safe_psql('postgres', <<'EOS');
CREATE FUNCTION runs(index regclass, OUT col int, OUT level int, OUT entries bigint)
	RETURNS SETOF record AS 'vecprov', 'vecprov_debug_runs' LANGUAGE C STRICT;
CREATE TABLE runs (k int, v vector(4));
CREATE INDEX runs_idx ON runs USING vecprov (v, k) WITH (m = 4, ef_construction = 10);
EOS
	my $merged = 0;
	for (my $try = 0; $try < 3 && !$merged; $try++)
	{
		becomes_idle($primary, 'before a merge');
		my (undef, $looks) = rounds($primary);
		$primary->safe_psql('postgres',
			'INSERT INTO runs SELECT i, ARRAY[i % 97, i % 89, i % 83, 1] FROM generate_series(1, 9000) i');
		ok( $primary->poll_query_until('postgres',
				"SELECT max(n) < 4 FROM (SELECT count(*) AS n FROM runs('runs_idx') GROUP BY level) x"), 'runs are merged');
		$merged = (rounds($primary))[1] == $looks;
	}
	ok($merged, 'a flush wakes the launcher');
	becomes_idle($primary, 'after a merge');
	stays_idle($primary, 'after a merge', 0.2);
}

# On a standby the launcher has to look by itself.
$primary->safe_psql('postgres', "SELECT vecprov_provision('items_v_idx', 'r10', 1, 1)");
$primary->wait_for_catchup($standby);
is($standby->psql('postgres', "SELECT vecprov_wait('items_v_idx', '180 s')"), 0, 'standby: ready');
$primary->safe_psql('postgres', $release);
$primary->wait_for_catchup($standby);
becomes_idle($standby, 'standby, released');

done_testing();
