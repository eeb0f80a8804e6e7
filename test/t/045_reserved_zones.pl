# Reserved zones: which processes of the server may run where, at each step, as the kernel has it. A process that has no
# seat of an index of the zone does not run there; all is given back when the setting goes.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

# The processors of a process, as a list of numbers.
sub processors
{
	my ($pid) = @_;
	open(my $file, '<', "/proc/$pid/status") or return;
	my ($list) = join('', <$file>) =~ /^Cpus_allowed_list:\s*(\S+)$/m;
	return map { /^(\d+)-(\d+)$/ ? ($1 .. $2) : $_ } split(/,/, $list // '');
}

sub mask
{
	return join(',', processors(@_));
}

my @all = processors('self');
plan skip_all => 'the system does not tell where processes run' if !@all;
plan skip_all => 'this machine has one processor for us, and all cannot be reserved' if @all == 1;
my $reserved = $all[-1];
my $all      = join(',', @all);
my $ordinary = join(',', @all[ 0 .. $#all - 1 ]);

my $node = vecprov_node('main');
$node->append_conf('postgresql.conf', <<"EOC");
autovacuum = on
logging_collector = off
max_connections = 60
max_worker_processes = 24
vecprov.max_workers = 8
EOC
$node->start;
plan skip_all => 'the library is built without server internals' if $node->safe_psql('postgres', 'SHOW vecprov.server_internals') eq 'off';
vecprov_functions($node);
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE items (id int, v vector(80)) WITH (autovacuum_enabled = off);
INSERT INTO items SELECT i, vec(i, 80) FROM generate_series(1, 3000) i;
CREATE INDEX items_v_idx ON items USING vecprov (v) WITH (tier = 'r10');
CREATE TABLE others AS SELECT * FROM items;
CREATE INDEX others_v_idx ON others USING vecprov (v);
CREATE FUNCTION processors() RETURNS text LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
	SELECT (regexp_match(pg_read_file('/proc/self/status', 0, 100000), '\nCpus_allowed_list:\s*(\S+)'))[1] $$;
SELECT vecprov_wait('items_v_idx', '180 s');
EOS
my $search = 'SELECT id FROM items ORDER BY v <-> vec(7, 80) LIMIT 3';
my $answer = $node->safe_psql('postgres', "SET enable_seqscan = off; $search");
my $postmaster = (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0];

# Waits until something is so; what it is in the end.
sub becomes
{
	my ($look, $want, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $got;

	foreach (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		$got = $look->();
		last if $got eq $want;
		usleep(100_000);
	}
	is($got, $want, $name);
}

sub children
{
	my @pids;
	foreach my $path (glob('/proc/[0-9]*/stat'))
	{
		open(my $file, '<', $path) or next;
		my $line = <$file> // '';
		push @pids, $1 if $line =~ /^(\d+) \(.*\) \S (\d+)/s && $2 == $postmaster;
	}
	return @pids;
}

sub workers
{
	return grep { /\d/ } split(/\n/, $node->safe_psql('postgres', 'SELECT pid FROM vecprov.workers ORDER BY replica, unit'));
}

# The masks that processes other than workers have, each once, and those of workers.
sub masks
{
	my %worker = map { $_ => 1 } workers();
	my (%others, %workers);
	foreach my $pid ($postmaster, children())
	{
		my $mask = mask($pid);
		next if $mask eq '';    # it has ended
		$worker{$pid} ? $workers{$mask}++ : $others{$mask}++;
	}
	return join(' ', sort keys %others) . ' | ' . join(' ', sort keys %workers);
}

sub set_zones
{
	my ($zones) = @_;
	$node->safe_psql('postgres', "ALTER SYSTEM SET vecprov.zones = '$zones'");
	$node->reload;
}

sub session
{
	my ($settings) = @_;
	my $session = $node->background_psql('postgres', on_error_stop => 0);
	$session->query_safe('SET enable_seqscan = off; ' . ($settings || ''));
	my ($pid) = $session->query_safe('SELECT pg_backend_pid()') =~ /(\d+)/;
	return ($session, $pid);
}

# A session that stops in a search with its seat, and its process.
sub holder
{
	my $table = shift // 'items';
	my ($session, $pid) = session();

	# the first searches of a session are handed over to the worker, where memory is not mapped by huge pages
	$session->query_safe("SELECT count(*) FROM generate_series(1, 70) i, LATERAL (SELECT id FROM $table ORDER BY v <-> vec(i, 80) LIMIT 1) x");
	$session->query_safe("SET vecprov.debug_point = 'search-seated=wait'");
	$session->query_until(qr/started/, "\\echo started\nSELECT id FROM $table ORDER BY v <-> vec(7, 80) LIMIT 3;\n\\echo finished\n");
	$node->poll_query_until('postgres', "SELECT wait_event = 'advisory' FROM pg_stat_activity WHERE pid = $pid")
	  or die 'the search does not stop';
	return ($session, $pid);
}

my $in_use = 'SELECT sum(in_use) FROM vecprov.replicas';

sub refused
{
	my ($zones, $detail, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my (undef, undef, $err) = $node->psql('postgres', "ALTER SYSTEM SET vecprov.zones = '$zones'");
	like($err, qr/invalid value for parameter "vecprov.zones".*\nDETAIL:  $detail/, $name);
}

# What cannot be.
refused("a=$all reserved", 'All processors that the server may use would be reserved', 'all processors cannot be reserved');
refused("a=$ordinary reserved; b=$reserved reserved", 'All processors that the server may use would be reserved', 'nor all by several zones');
refused("a=$reserved reserved; b=$all", 'A reserved processor can be in one zone only', 'a reserved processor in two zones');
refused("a=$reserved reserve", 'Zones look like this', 'a word that means nothing');
my $count = $node->safe_psql('postgres', 'SELECT processors FROM vecprov_server_units()');
becomes(sub { masks() }, "$all | $all", 'without zones all run everywhere');

# Processes that run when the setting comes: one that is idle, one in a statement, and a parallel query.
my ($idle, $idle_pid) = session();
my ($busy, $busy_pid) = session();
$busy->query_until(qr/started/, "\\echo started\nSELECT pg_sleep(3600);\n\\echo finished\n");
set_zones("a=$reserved reserved");
becomes(sub { masks() }, "$ordinary | $reserved", 'workers run in the zone, all others elsewhere, also who was there before');
is(mask($_), $ordinary, 'an idle one, and one in a statement') foreach ($idle_pid, $busy_pid);
is($node->safe_psql('postgres', 'SELECT processors FROM vecprov_server_units()'), $count, 'the server has as many processors as before');
my $of_parallel = <<'EOS';
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET parallel_leader_participation = off;
SELECT count(*) OVER (), processors() FROM others WHERE id <= 3 AND processors() IS NOT NULL GROUP BY 2;
EOS

# Who has a seat.
my $gate = hold($node);
my ($first, $first_pid) = holder();
is(mask($first_pid), $reserved, 'a backend that has a seat runs in the zone');
my ($other, $other_pid) = holder('others');
is(mask($other_pid), $ordinary, 'one that searches an index on demand does not');
is(masks(), "$ordinary $reserved | $reserved", 'nobody else is there');
$gate->quit;
finish_session($_) foreach ($first, $other);
becomes(sub { mask($first_pid) }, $ordinary, 'it leaves the zone after the search');
becomes(sub { $node->safe_psql('postgres', $in_use) }, '0', 'and gives its seat back');
$first->query_safe('RESET vecprov.debug_point');
is($first->query_safe("$search"), $answer, 'it searches again');
my $list = $first->query_safe($of_parallel);
like($list, qr/^1\|/m, 'a parallel query of it');
my ($where) = $list =~ /^1\|(\S+)/m;
is(join(',', map { /^(\d+)-(\d+)$/ ? ($1 .. $2) : $_ } split(/,/, $where)), $ordinary, 'its workers are not in the zone');

# An open cursor has no seat, and is not in the zone.
$first->query_safe("BEGIN; DECLARE c CURSOR FOR $search; FETCH 1 FROM c");
becomes(sub { mask($first_pid) . ' ' . $node->safe_psql('postgres', $in_use) }, "$ordinary 0", 'an open cursor has no seat');
$first->query_safe('FETCH 1 FROM c');
becomes(sub { mask($first_pid) . ' ' . $node->safe_psql('postgres', $in_use) }, "$ordinary 0", 'nor after the next row');
$first->query_safe('COMMIT');

# A statement that goes on to do other things keeps nobody waiting, and does not stay.
my ($slow, $slow_pid) = session();
$slow->query_until(qr/started/, "\\echo started\nSELECT id, pg_sleep(3600) FROM items ORDER BY v <-> vec(7, 80) LIMIT 3;\n\\echo finished\n");
$node->poll_query_until('postgres', "SELECT wait_event = 'PgSleep' FROM pg_stat_activity WHERE pid = $slow_pid") or die 'it does not sleep';
is($node->safe_psql('postgres', "SET enable_seqscan = off; $search"), $answer, 'another search gets the only seat');
becomes(sub { mask($slow_pid) . ' ' . $node->safe_psql('postgres', $in_use) }, "$ordinary 0", 'the sleeping one is not in the zone');
$node->safe_psql('postgres', "SELECT pg_cancel_backend($slow_pid)");
finish_session($slow);
is(($slow->query($search))[0], $answer, 'it can search again');

# Those that end with a seat.
$gate = hold($node);
my ($ended, $ended_pid) = holder();
is(mask($ended_pid), $reserved, 'another one has the seat');
$node->safe_psql('postgres', "SELECT pg_terminate_backend($ended_pid)");
becomes(sub { $node->safe_psql('postgres', $in_use) }, '0', 'terminated: the seat is free');
my ($error, $error_pid) = holder();
$node->safe_psql('postgres', "SELECT pg_cancel_backend($error_pid)");
becomes(sub { mask($error_pid) . ' ' . $node->safe_psql('postgres', $in_use) }, "$ordinary 0", 'cancelled: it leaves the zone');
$gate->quit;
finish_session($error);
$_->quit foreach ($error, $slow, $first, $other);

# Many clients, one after the other, on one seat, and DDL of all kinds beside.
append_to_file($node->basedir . '/search.sql', "\\set i random(1, 3000)\nSELECT id FROM items ORDER BY v <-> vec(:i, 80) LIMIT 10;\n");
append_to_file($node->basedir . '/batch.sql',
	"SELECT count(*) FROM vecprov_search('items_v_idx', (SELECT array_agg(v) FROM items WHERE id <= 20), 5);\n");
append_to_file($node->basedir . '/mixed.sql', <<'EOS');
\set i random(1, 3000)
BEGIN;
SELECT id FROM items ORDER BY v <-> vec(:i, 80) LIMIT 10;
SELECT count(*) FROM others WHERE id < 100;
SELECT a.id, b.id FROM (SELECT id, v FROM others WHERE id = :i) a CROSS JOIN LATERAL (SELECT id FROM items ORDER BY v <-> a.v LIMIT 2) b;
COMMIT;
EOS
append_to_file($node->basedir . '/zones.sql', <<"EOS");
\\set n random(1, 3)
SELECT vecprov_set_replicas('items_v_idx', :n);
\\if :n = 1
ALTER SYSTEM SET vecprov.zones = '';
\\else
ALTER SYSTEM SET vecprov.zones = 'a=$reserved reserved';
\\endif
SELECT pg_reload_conf();
EOS

sub pgbench
{
	my ($name, @files) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$node->command_ok([ 'pgbench', '-n', '-c', '8', '-T', '5', '-M', 'prepared', (map { ('-f', $node->basedir . "/$_.sql") } @files),
		$node->connstr('postgres') ], $name);
}
$node->safe_psql('postgres', 'ALTER DATABASE postgres SET enable_seqscan = off');
pgbench('many clients on one seat', qw(search mixed batch));
becomes(sub { $node->safe_psql('postgres', $in_use) }, '0', 'no seat is lost');
becomes(sub { masks() }, "$ordinary | $reserved", 'nobody stays in the zone');
my $changes = IPC::Run::start([ 'pgbench', '-n', '-c', '1', '-T', '5', '--rate', '10', '-f', $node->basedir . '/zones.sql', $node->connstr('postgres') ],
	'<', \undef, '>', \my $out, '2>&1');
pgbench('while replicas and zones change', qw(search mixed batch));
$changes->finish;
unlike($out, qr/ERROR|FATAL|abort/, 'which they do');
$node->safe_psql('postgres', "SELECT vecprov_set_replicas('items_v_idx', 1)");
set_zones("a=$reserved reserved");
becomes(sub { scalar(workers()) }, '1', 'one replica again');
becomes(sub { $node->safe_psql('postgres', $in_use) }, '0', 'no seat is lost');
becomes(sub { masks() }, "$ordinary | $reserved", 'all is as the setting says');
is(mask($busy_pid), $ordinary, 'also who was in a statement all the time');

# A client that never pauses: its backend need not leave the zone, but goes by a new setting.
my $restless = IPC::Run::start([ 'pgbench', '-n', '-c', '1', '-T', '3600', '-f', $node->basedir . '/search.sql', $node->connstr('postgres') ],
	'<', \undef, '>', \my $ignored, '2>&1');
becomes(sub { masks() =~ /^\S+ $reserved \|/ ? 1 : 0 }, 1, 'a backend whose client goes on is seen in the zone');
set_zones('');
becomes(sub { masks() }, "$all | $all", 'the setting goes while it searches');
set_zones("a=$reserved reserved");
becomes(sub { masks() =~ /^\S+ $reserved \|/ ? 1 : 0 }, 1, 'it is back in the zone');
$restless->kill_kill;
becomes(sub { masks() . ' ' . $node->safe_psql('postgres', $in_use) }, "$ordinary | $reserved 0", 'it has ended');

# kill -9 of one that has a seat: the server starts again, as the setting says.
$gate = hold($node);
my ($killed, $killed_pid) = holder();
my $offset = log_end($node);
kill 'KILL', $killed_pid;
crash_and_wait($node, $offset);
becomes(sub { masks() }, "$ordinary | $reserved", 'after a crash');

# The launcher is lost while the setting changes.
($idle, $idle_pid) = session();
$node->safe_psql('postgres', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'vecprov launcher'");
set_zones('');
becomes(sub { masks() }, "$all | $all", 'the launcher was lost: the next one sees to all processes');
set_zones("a=$reserved reserved");
becomes(sub { masks() }, "$ordinary | $reserved", 'reserved again');

# The setting goes while a seat is held.
$gate = hold($node);
($first, $first_pid) = holder();
set_zones('');
becomes(sub { mask($idle_pid) . ' ' . mask($postmaster) }, "$all $all", 'the setting goes: masks are given back');
$gate->quit;
finish_session($first);
becomes(sub { masks() }, "$all | $all", 'also to who was in the zone');
is($first->query_safe("RESET vecprov.debug_point; $search"), $answer, 'it can search');

# A zone that is not reserved binds workers and nobody else, as ever.
set_zones("a=$reserved");
becomes(sub { masks() }, "$all | $reserved", 'a zone that is not reserved');

SKIP:
{
	skip 'taskset is not installed', 7 if system('taskset -p $$ >/dev/null 2>&1') != 0;

	# A mask that somebody else has set.
	system("taskset -pc $all[0] $idle_pid >/dev/null");
	set_zones("a=$reserved reserved");
	becomes(sub { mask($first_pid) }, $ordinary, 'reserved again');
	is(mask($idle_pid), $all[0], 'a mask that somebody has set for a backend is kept');
	is($idle->query_safe($search), $answer, 'it can search');
	becomes(sub { mask($idle_pid) }, $all[0], 'and has it afterwards');
	$_->quit foreach ($idle, $first);

	# The server is started on fewer processors.
	$node->stop;
	system("taskset -pc $all[0] $$ >/dev/null");
	$node->start;
	$postmaster = (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0];
	becomes(sub { masks() }, "$all[0] | $reserved", 'a server that is bound to a processor beside the zone');
	refused("a=$all[0] reserved", 'All processors that the server may use would be reserved', 'which cannot be reserved');
	set_zones('');
	becomes(sub { masks() }, "$all[0] | $all[0]", 'the inherited mask is given back');
	system("taskset -pc $all $$ >/dev/null");
	$node->restart;
	$postmaster = (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0];
}

SKIP:
{
	skip 'this machine has fewer than three processors for us', 2 if @all < 3;
	my @zones = @all[ -2, -1 ];
	my $rest  = join(',', @all[ 0 .. $#all - 2 ]);
	$node->safe_psql('postgres', "SELECT vecprov_set_replicas('items_v_idx', 2)");
	set_zones("a=$zones[0] reserved; b=$zones[1] reserved");
	becomes(sub { masks() }, "$rest | " . join(' ', sort @zones), 'two zones');
	set_zones("a=$zones[0] reserved; b=$zones[1]");
	becomes(sub { masks() }, join(',', @all[ 0 .. $#all - 2 ], $zones[1]) . ' | ' . join(' ', sort @zones), 'one of them is not reserved any more');
}

# It belongs to the switch of all that is not PostgreSQL's own.
set_zones('');
$node->append_conf('postgresql.conf', "vecprov.server_internals = off\n");
$node->restart;
$postmaster = (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0];
refused("a=$reserved reserved", 'Processors can be reserved only if vecprov.server_internals is on', 'without server internals');
intact($node, 'items', 'items_v_idx', 'at the end');
unlike(slurp_file($node->logfile), qr/TRAP:|PANIC/, 'no assertion failed');
$node->stop;
done_testing();
