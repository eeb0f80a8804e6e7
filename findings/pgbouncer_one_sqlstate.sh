#!/usr/bin/env bash
# PgBouncer 1.18 has one SQLSTATE for a name that is wrong and for a server that
# is away, and leaves out the severity that is never translated.
#
# A good guess: a program that tries again decides by SQLSTATE. PostgreSQL has
# 3D000 for a database that there is not, 28000 for a role, and class 57 or 08
# for a server that starts or is gone: the first two are final. And since version
# 9.6 each error has a field V beside S, the severity in English, which libpq
# gives as PG_DIAG_SEVERITY_NONLOCALIZED.
#
# PgBouncer answers all of them with FATAL 08P01, protocol violation, which no
# server sends to a client that keeps to the protocol; and without V, so that
# libpq returns NULL. Only the text tells which of them it is.
#
# What follows: a program behind PgBouncer can try 08P01 again only on a
# connection whose names have worked before, and must take a missing V for S.
#
# Needs Debian 12, apt and perl; takes some seconds. Package (pinned): pgbouncer 1.18.0-1+deb12u1
# Seen on 2026-12-01:
#	no such database: S=FATAL V=none C=08P01 M=no such database: nowhere
#	no such user: S=FATAL V=none C=08P01 M="trust" authentication failed
#	no server: S=FATAL V=none C=08P01 M=client_login_timeout (server down)
set -euo pipefail

version=1.18.0-1+deb12u1
work=$(mktemp -d)
chmod 755 "$work"
bouncer=
clean_up()
{
	[ -z "$bouncer" ] || kill "$bouncer" 2>/dev/null || true
	rm -rf "$work"
}
trap clean_up EXIT

cd "$work"
mkdir packages && cd packages
apt-get -q download "pgbouncer=$version" libevent-2.1-7 libc-ares2 >/dev/null 2>&1
cd ..
for package in packages/*.deb; do
	dpkg -x "$package" root
done

# Two ports that are free: one for PgBouncer, one on which nobody listens.
ports=$(perl -MIO::Socket::INET -e '
	@s = map { IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1") } 1, 2;
	print join " ", map { $_->sockport } @s')
port=${ports% *} nobody=${ports#* }
echo '"app" ""' >users
cat >ini <<END
[databases]
app = host=127.0.0.1 port=$nobody
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $port
unix_socket_dir =
auth_type = trust
auth_file = $work/users
client_login_timeout = 3
END
as=()
if [ "$(id -u)" = 0 ]; then
	as=(runuser -u nobody --)
fi
"${as[@]}" env LD_LIBRARY_PATH="$(dirname "$(find "$work/root" -name 'libevent-2.1.so*' | head -n 1)")" \
	"$work/root/usr/sbin/pgbouncer" -q ini >log 2>&1 &
bouncer=$!

# ask TITLE USER DATABASE: connects, and prints the fields of the error.
ask()
{
	printf '%s: ' "$1"
	perl -MIO::Socket::INET -e '
		my ($port, $user, $database) = @ARGV;
		my $s;
		for (1 .. 100) {
			last if $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port);
			select undef, undef, undef, 0.1;
		}
		my $startup = pack("N", 196608) . "user\0$user\0database\0$database\0\0";
		syswrite $s, pack("N", 4 + length $startup) . $startup;
		my $answer = "";
		while ($answer !~ /\0\0\z/ && sysread $s, my $more, 8192) { $answer .= $more }
		my ($fields) = $answer =~ /E.{4}(.*)\0\0\z/s or die "no error: $answer\n";
		my %field = map { /^(.)(.*)/s } split /\0/, $fields;
		print join(" ", map { "$_=" . ($field{$_} // "none") } qw(S V C M)), "\n"' "$port" "$2" "$3"
}

ask 'no such database' app nowhere >seen
ask 'no such user' nobody app >>seen
ask 'no server' app app >>seen
cat seen

diff - seen <<'END' || { echo "this has changed"; exit 1; }
no such database: S=FATAL V=none C=08P01 M=no such database: nowhere
no such user: S=FATAL V=none C=08P01 M="trust" authentication failed
no server: S=FATAL V=none C=08P01 M=client_login_timeout (server down)
END
echo "as seen"
