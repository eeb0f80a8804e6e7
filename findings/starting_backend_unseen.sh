#!/usr/bin/env bash
# A backend of PostgreSQL that is still starting can keep VACUUM from removing
# rows, while pg_stat_activity does not show it.
#
# A good guess: what holds VACUUM back is a row of pg_stat_activity (backend_xmin),
# of pg_prepared_xacts or of pg_replication_slots. If all three are clean, VACUUM
# removes what is dead. But a backend takes its first snapshot before it reads
# the catalogues, and enters pg_stat_activity only at the end of its start. In
# between it has an xmin that no view shows. That takes milliseconds, and longer
# on a slow machine; here the developer option post_auth_delay stretches it.
#
# What follows: a test that counts what VACUUM has left must not trust
# pg_stat_activity alone. The transaction of a backend that starts has a lock on
# its own virtual transaction ID, so pg_locks shows its pid.
#
# Needs Debian 12 and apt; takes some seconds. Package (pinned): postgresql-15 15.20-0+deb12u1
# Seen on 2026-12-01:
#	in pg_stat_activity: 0, in pg_prepared_xacts: 0, in pg_replication_slots: 0
#	in pg_locks: 1
#	tuples: 0 removed, 1000 remain, 1000 are dead but not yet removable
#	after its end: tuples: 1000 removed, 0 remain, 0 are dead but not yet removable
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
printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$work/data'" "autovacuum = off" |
	"${as_server[@]}" tee -a data/postgresql.conf >/dev/null
control start
query()
{
	"${as_server[@]}" "$bin/psql" -X -qAt -h "$work/data" -U postgres "$@"
}
vacuum()
{
	query -c 'VACUUM VERBOSE items' 2>&1 | grep '^tuples: '
}
wait_for()
{
	for ((i = 0; i < 600; i++)); do
		[ "$(query -c "$1")" != "$2" ] || return 0
		sleep 0.1
	done
	echo "never: $1 gives $2"
	exit 1
}
query -c 'CREATE TABLE items (id int)' -c 'INSERT INTO items SELECT generate_series(1, 1000)'

# a backend that takes a minute to start
PGOPTIONS='-c post_auth_delay=60' query -c 'SELECT 1' >/dev/null 2>&1 &
unseen="FROM pg_locks WHERE locktype = 'virtualxid' AND pid NOT IN (SELECT pid FROM pg_stat_activity)"
wait_for "SELECT count(*) $unseen" 1

query -c 'DELETE FROM items'
seen=$(query -F ', ' -c "SELECT 'in pg_stat_activity: ' || (SELECT count(*) FROM pg_stat_activity
		WHERE (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL) AND pid <> pg_backend_pid()),
	'in pg_prepared_xacts: ' || (SELECT count(*) FROM pg_prepared_xacts),
	'in pg_replication_slots: ' || (SELECT count(*) FROM pg_replication_slots)")
echo "$seen"
locked=$(query -c "SELECT count(*) $unseen")
echo "in pg_locks: $locked"
held=$(vacuum)
echo "$held"

control -m immediate stop
control start
released=$(vacuum)
echo "after its end: $released"
[ "$seen" = "in pg_stat_activity: 0, in pg_prepared_xacts: 0, in pg_replication_slots: 0" ]
[ "$locked" = 1 ]
[ "$held" = "tuples: 0 removed, 1000 remain, 1000 are dead but not yet removable" ]
[ "$released" = "tuples: 1000 removed, 0 remain, 0 are dead but not yet removable" ]
echo "as found"
