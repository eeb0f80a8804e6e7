#!/usr/bin/env bash
# An extension that is compiled with the headers of PostgreSQL 15.20 does not load into a server
# 15.18, though both are the same major version and the extension calls nothing new.
#
# A good guess: within a major version, headers of any minor release will do, since the functions and
# structures that they declare stay. But functions that are defined in headers are compiled into the
# extension. In 15.20 heap_getattr(), such a one since 15.0, calls heap_datum_check(), which servers
# before do not have: "undefined symbol: heap_datum_check". Where the library is in
# shared_preload_libraries, the server does not start.
#
# What follows: build packages with the oldest minor release that they are to run on, or compare the
# undefined symbols of the library with those that the oldest release has.
#
# Needs Debian 12 with gcc, and apt; takes half a minute. Packages (pinned):
#	postgresql-15 15.18-0+deb12u1, postgresql-server-dev-15 15.20-0+deb12u1 (for its headers)
# Seen on 2026-11-29:
#	ERROR:  could not load library "...": ...: undefined symbol: heap_datum_check
set -euo pipefail

old=15.18-0+deb12u1 new=15.20-0+deb12u1
work=$(mktemp -d)
chmod 755 "$work"
as_server=()
if [ "$(id -u)" = 0 ]; then
	as_server=(runuser -u nobody --)
fi
bin=$work/old/usr/lib/postgresql/15/bin
clean_up()
{
	[ ! -f "$work/data/postmaster.pid" ] ||
		"${as_server[@]}" "$bin/pg_ctl" -D "$work/data" -m immediate stop >/dev/null
	rm -rf "$work"
}
trap clean_up EXIT

cd "$work"
mkdir packages && cd packages
apt-get -q download "postgresql-15=$old" "postgresql-client-15=$old" "postgresql-server-dev-15=$new" >/dev/null 2>&1
cd ..
for package in packages/postgresql{,-client}-15_*; do
	dpkg -x "$package" old
done
dpkg -x packages/postgresql-server-dev-15_* new

cat >reader.c <<'C'
#include "postgres.h"
#include "access/htup_details.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "utils/typcache.h"

PG_MODULE_MAGIC;
PG_FUNCTION_INFO_V1(first_column);

/* What many extensions do: a column of a row that is an argument. */
Datum
first_column(PG_FUNCTION_ARGS)
{
	HeapTupleHeader row = PG_GETARG_HEAPTUPLEHEADER(0);
	HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(row), .t_data = row};
	TupleDesc	desc = lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(row), HeapTupleHeaderGetTypMod(row));
	bool		isnull;
	Datum		value = heap_getattr(&tuple, 1, desc, &isnull);

	ReleaseTupleDesc(desc);
	if (isnull)
		PG_RETURN_NULL();
	return value;
}
C
gcc -shared -fPIC -O2 -I"$work/new/usr/include/postgresql/15/server" -o reader.so reader.c

mkdir data
if [ "$(id -u)" = 0 ]; then
	chown nobody data
fi
"${as_server[@]}" "$bin/initdb" -D data -U postgres -A trust -N >/dev/null
"${as_server[@]}" "$bin/pg_ctl" -D data -w -l data/log \
	-o "-c listen_addresses='' -c unix_socket_directories='$work/data'" start >/dev/null
query()
{
	"${as_server[@]}" "$bin/psql" -X -At -h "$work/data" -U postgres -c "$1" 2>&1
}
version=$(query 'SHOW server_version')
output=$(query "LOAD '$work/reader.so'") && loaded=yes || loaded=no
echo "server $version, headers $new: $output"
[[ $version == 15.18* && $loaded == no && $output == *"undefined symbol: heap_datum_check"* ]]
echo "as found"
