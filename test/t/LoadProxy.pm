# A proxy between vecprov-load and a server, for tests of what the loader does
# when the network fails. It listens on a port of its own, and has a process for
# each connection.

package LoadProxy;

use strict;
use warnings;

use Exporter 'import';
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();

our @EXPORT = qw(start_proxy stop_proxies cut_after);

my @proxies;
END { stop_proxies() }

# Returns a connection string that leads to $node by way of a new proxy. For each
# connection $forward->($client, $server) is called, in a process of its own,
# with the sockets of the two sides. The connection ends when it returns.
# $accepted->(n), if given, is called before the n-th one is made to the server,
# and others wait.
sub start_proxy
{
	my ($node, $forward, $accepted) = @_;
	my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 50) or die "no socket: $@";
	my $socket = $node->host . '/.s.PGSQL.' . $node->port;
	my $proxy = fork // die "no process: $!";

	if ($proxy == 0)
	{
		my $n = 0;
		@proxies = ();
		$SIG{CHLD} = 'IGNORE';
		$SIG{PIPE} = 'IGNORE';
		while (my $client = $listener->accept)
		{
			$accepted->(++$n) if $accepted;
			next if fork;
			srand;    # the parent has taken a seed, which all would share
			my $server = IO::Socket::UNIX->new(Peer => $socket);
			$forward->($client, $server) if $server;
			POSIX::_exit(0);
		}
		POSIX::_exit(1);
	}
	push @proxies, $proxy;
	return 'host=127.0.0.1 sslmode=disable gssencmode=disable dbname=postgres port=' . $listener->sockport;
}

# Ends the proxies, but not the connections that they have made.
sub stop_proxies
{
	local $?;
	foreach my $proxy (splice @proxies)
	{
		kill 'KILL', $proxy;
		waitpid $proxy, 0;
	}
	return;
}

# Sends what comes from either side to the other one, for so many bytes. True
# if it stops there, false if one side has closed its connection before.
sub cut_after
{
	my ($client, $server, $left) = @_;
	my $select = IO::Select->new($client, $server);

	while ($left > 0)
	{
		foreach my $from ($select->can_read)
		{
			my $got = sysread $from, my $bytes, $left < 65536 ? $left : 65536 or return 0;
			my $to = $from == $client ? $server : $client;

			$left -= $got;
			while (length $bytes)
			{
				my $sent = syswrite $to, $bytes or return 0;
				substr $bytes, 0, $sent, '';
			}
		}
	}
	return 1;
}

1;
