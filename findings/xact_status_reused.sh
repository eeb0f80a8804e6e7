#!/usr/bin/env bash
# pg_xact_status() of PostgreSQL can say "committed" of a transaction that a crash has undone.
#
# A good guess: a client whose COMMIT was in doubt, since the connection was
# lost, asks pg_xact_status() for the transaction ID that it has got from
# pg_current_xact_id(), which is a 64-bit number that never comes again. But
# an ID is only kept from being given again by WAL records that bear it and
# have reached the disk. If the server crashes before any of them has, the ID
# is given to the next transaction after recovery, and what that has become is
# the answer.
#
# What follows: the question is safe only if a record of the transaction is
# known to be on disk when the ID is read: for instance if a logical message
# was written in it (pg_logical_emit_message()) and pg_current_wal_flush_lsn()
# has passed it before COMMIT is sent. A row of one's own, written in the same
# transaction, says the same without the commit log.
#
# Needs Debian 12 and apt; takes some seconds. Package (pinned): postgresql-15 15.20-0+deb12u1
# Seen on 2026-11-30:
#	rows of the first transaction: 0
#	its status: committed
set -euo pipefail

version=15.20-0+deb12u1
work=$(mktemp -d)
chmod 755 "$work"
as_server=()
if [ "$(id -u)" = 0 ]; then
	as_server=(runuser -u nobody --)
fi
bin=$work/root/usr/lib/postgresql/15/bin
control()
{
	"${as_server[@]}" "$bin/pg_ctl" -D "$work/data" -w -l "$work/data/log" "$@" >/dev/null
}
clean_up()
{
	[ ! -f "$work/data/postmaster.pid" ] || control -m immediate stop
	rm -rf "$work"
}
trap clean_up EXIT

cd "$work"
mkdir packages && cd packages
apt-get -q download "postgresql-15=$version" "postgresql-client-15=$version" >/dev/null 2>&1
cd ..
for package in packages/*.deb; do
	dpkg -x "$package" root
done
mkdir data
if [ "$(id -u)" = 0 ]; then
	chown nobody data
fi
"${as_server[@]}" "$bin/initdb" -D data -U postgres -A trust -N >/dev/null
# nothing but a commit writes WAL to the disk for ten seconds
printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$work/data'" \
	"wal_writer_delay = 10s" "autovacuum = off" | "${as_server[@]}" tee -a data/postgresql.conf >/dev/null
control start
query()
{
	"${as_server[@]}" "$bin/psql" -X -qAt -h "$work/data" -U postgres "$@"
}
query -c 'CREATE TABLE loaded (batch text)' -c CHECKPOINT

# its COMMIT returns before its WAL is on disk, and the server ends as in a crash
id=$(query -c 'SET synchronous_commit = off' -c 'BEGIN' -c "INSERT INTO loaded VALUES ('first')" \
	-c 'SELECT pg_current_xact_id()' -c 'COMMIT')
control -m immediate stop
control start
query -c "INSERT INTO loaded VALUES ('second')"
rows=$(query -c "SELECT count(*) FROM loaded WHERE batch = 'first'")
status=$(query -c "SELECT pg_xact_status('$id')")
echo "rows of the first transaction: $rows"
echo "its status: $status"
[ "$rows" = 0 ] && [ "$status" = committed ]
echo "as found"
