# Between two searches of a client that waits for each answer: the server stays awake for it, and wakes it up before
# the rows are ready; gives way when it takes its time; and hears what else it is told meanwhile.

use strict;
use warnings;

use VecprovTest;
use IO::Select;
use IO::Socket::UNIX;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = vecprov_node('main');
$node->append_conf('postgresql.conf', "jit = off\n");
$node->start;
vecprov_functions($node);
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE items (id int, v vector(80));
INSERT INTO items SELECT i, vec(i, 80) FROM generate_series(1, 1000) i;
CREATE INDEX ON items USING vecprov (v);
EOS
my $nearest = "SELECT id FROM items ORDER BY v <-> (SELECT near(7, 80)) LIMIT 3";

#
# A client that sees each message as it arrives, of the simple protocol
#

sub send_message
{
	my ($client, $type, $body) = @_;
	syswrite($client, $type . pack('N', 4 + length $body) . $body) or die "connection is gone: $!";
}

sub read_bytes
{
	my ($client, $n) = @_;
	my $bytes = '';

	while (length $bytes < $n)
	{
		sysread($client, $bytes, $n - length $bytes, length $bytes) or return undef;
	}
	return $bytes;
}

# Type and body of the next message; nothing when the connection has ended.
sub read_message
{
	my ($client) = @_;
	my $head = read_bytes($client, 5) // return;
	my ($type, $length) = unpack('aN', $head);

	return ($type, read_bytes($client, $length - 4));
}

# All until the server is ready again: their types, and the rows' only column.
sub read_answer
{
	my ($client) = @_;
	my ($types, @rows) = ('');

	while (my ($type, $body) = read_message($client))
	{
		$types .= $type;
		push @rows, substr($body, 6) if $type eq 'D';
		last if $type eq 'Z';
	}
	return ($types, join(',', @rows));
}

sub query
{
	my ($client, $sql) = @_;
	send_message($client, 'Q', "$sql\0");
	return read_answer($client);
}

sub connect_client
{
	my $client = IO::Socket::UNIX->new(Peer => $node->host . '/.s.PGSQL.' . $node->port) or die "no connection: $!";
	my $user = $ENV{PGUSER} // getpwuid($<);
	my $body = pack('N', 196608) . "user\0$user\0database\0postgres\0\0";

	syswrite($client, pack('N', 4 + length $body) . $body);
	like((read_answer($client))[0], qr/^R.*Z$/, 'connected');
	query($client, 'SET enable_seqscan = off');
	return $client;
}

# How often the server's process went to sleep, until now.
sub sleeps
{
	my ($pid) = @_;
	slurp_file("/proc/$pid/status") =~ /^voluntary_ctxt_switches:\s+(\d+)/m or die 'cannot tell';
	return $1;
}

my $client = connect_client();
my (undef, $pid) = query($client, 'SELECT pg_backend_pid()');
my (undef, $rows) = query($client, $nearest);
is($rows =~ tr/,//, 2, 'three rows');

#
# 1. It stays awake
#

SKIP:
{
	skip 'nothing tells here how often a process sleeps', 2 if !-r "/proc/$pid/status";

	query($client, 'SET vecprov.busy_poll = 0');
	foreach (1 .. 50)
	{
		my $before = sleeps($pid);
		die 'other rows' if (query($client, $nearest))[1] ne $rows;
		for (my $ms = 0; sleeps($pid) == $before; $ms++)
		{
			die 'it does not sleep' if $ms > 1000 * $PostgreSQL::Test::Utils::timeout_default;
			select undef, undef, undef, 0.001;
		}
	}
	pass('it sleeps between two queries, which can be seen');

	# The point: also when other processes need the processor.
	query($client, 'SET vecprov.busy_poll = 1000000');
	query($client, "SET vecprov.debug_point = 'client-patient=wait'");
	query($client, $nearest);
	my $before = sleeps($pid);
	foreach (1 .. 50)
	{
		die 'other rows' if (query($client, $nearest))[1] ne $rows;
	}
	cmp_ok(sleeps($pid) - $before, '<', 25, 'mostly not, while it looks for the next one');
	query($client, 'RESET vecprov.debug_point');
}

#
# 2. It wakes the client
#

# Has the description of the rows come while the search is held up, after some that were not?
sub comes_early
{
	my $blocker = hold($node);
	my $early;

	query($client, "SET vecprov.debug_point = 'client-patient=wait'");
	query($client, $nearest) foreach 1 .. 50;
	query($client, "SET vecprov.debug_point = 'search-found=wait'");
	send_message($client, 'Q', "$nearest\0");
	$node->poll_query_until('postgres', "SELECT wait_event = 'advisory' FROM pg_stat_activity WHERE pid = $pid")
	  or die 'the search is not held up';
	$early = IO::Select->new($client)->can_read(0) ? 1 : 0;
	$blocker->quit;
	die 'other rows' if (read_answer($client))[1] ne $rows;
	query($client, 'RESET vecprov.debug_point');
	return $early;
}

query($client, 'SET vecprov.busy_poll = 0');
is(comes_early(), 0, 'vecprov.busy_poll = 0: nothing is sent before the rows');
query($client, 'SET vecprov.busy_poll = 1000000');
my $early = 0;
for (my $i = 0; $i < 300 && !$early; $i++)
{
	$early = comes_early();
}
ok($early, 'what comes before the rows is sent when the graph has been searched');

#
# 3. It hears what it is told
#

query($client, 'SET vecprov.busy_poll = 1000000');
query($client, $nearest) foreach 1 .. 20;
$node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)");
is((query($client, $nearest))[1], $rows, 'a cancel between two queries harms none');
is((query($client, "BEGIN; $nearest"))[1], $rows, 'in a transaction');
is((query($client, 'SELECT 1/0'))[0], 'EZ', 'an error');
is((query($client, $nearest))[0], 'EZ', 'in a transaction that has failed');
is((query($client, "ROLLBACK; $nearest"))[1], $rows, 'after it');
is((query($client, "$nearest; $nearest"))[0], 'TDDDCTDDDCZ', 'two in one command');

# the next command is there before the answer to the first
send_message($client, 'Q', "$nearest\0") foreach 1 .. 20;
is(join('', map { (read_answer($client))[0] } 1 .. 20), 'TDDDCZ' x 20, 'twenty at a time');

query($client, "SET idle_session_timeout = '10 ms'; $nearest");
my ($type, $body) = read_message($client);
like($body // '', qr/57P05/, 'a session that has been idle for too long ends');

$client = connect_client();
(undef, $pid) = query($client, "SET vecprov.busy_poll = 1000000; SELECT pg_backend_pid()");
query($client, $nearest) foreach 1 .. 20;
$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
($type, $body) = read_message($client);
like($body // '', qr/57P01/, 'one that is told to end does');

# nobody is there any more
$client = connect_client();
query($client, "SET vecprov.busy_poll = 1000000; $nearest");
close $client;
ok($node->poll_query_until('postgres',
		"SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'client backend'"), 'a client that goes is noticed');

is($node->safe_psql('postgres', "SELECT count(*) FROM vecprov_check('items_v_idx', true)"), 0, 'sound');
$node->stop;
done_testing();
