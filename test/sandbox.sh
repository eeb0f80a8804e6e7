#!/usr/bin/env bash
# A private PostgreSQL with vecprov in it, for the scripts that need one: they source this file. Run
# as a program, it makes one and runs a command (make bench), with PG_CONFIG set to it.
#
# PostgreSQL finds its files relative to its programs. So a copy of the programs (15 MB), beside
# links to the rest of the installation, is an installation of its own, into which vecprov can go
# without touching the system's. Everything lies in one temporary directory, belongs to an
# unprivileged user when root calls, and goes away with the script.
#
#	sandbox_open [ARG]	installs missing packages, builds a copy of the tree with the make
#						ARGuments, installs it into the sandbox
#	server_start [LINE]	starts a server; LINEs go to its postgresql.conf
#	server_stop			stops it
#	sandbox_close		stops what runs in the sandbox and removes it; done at exit
#
# Sets $root (the tree), $box (the sandbox), $tree (its copy of the tree), $bin (its programs),
# $PG_CONFIG (its pg_config), as_server (an array: the prefix that runs a command as the owner of
# the sandbox) and as_test (the same with what TAP tests need in their environment). Whoever runs
# something in the background puts its process id, or several, into $child.

. "$(dirname "${BASH_SOURCE[0]}")/machine.sh"
PG_CONFIG=${PG_CONFIG:-pg_config}
MAKE=${MAKE:-make}
box=
child=

# The caller's own server must not be meant by accident.
for name in "${!PG@}"; do
	[ "$name" = PG_CONFIG ] || unset "$name"
done

sandbox_open()
{
	local log name

	"$root/test/setup" || exit 1
	# What programs print is read below and by the scripts that call this. PostgreSQL's tests ignore
	# LC_ALL, and make servers of what else there is.
	unset LANG LANGUAGE "${!LC_@}"
	export LC_ALL=C
	case $PG_CONFIG in
		*/*) PG_CONFIG=$(realpath -s "$PG_CONFIG") ;;
	esac
	as_server=()
	if [ "$(id -u)" = 0 ]; then
		server_user=postgres
		id -u postgres >/dev/null 2>&1 || server_user=nobody
		as_server=(runuser -u "$server_user" --)
	fi
	fit_tmpdir "${as_server[@]}"
	box=$(mktemp -d "$TMPDIR/vecprov.XXXXXX") || exit 1
	trap sandbox_close EXIT
	trap 'exit 130' INT
	trap 'exit 143' HUP TERM
	cd "$box" || exit 1
	[ ${#as_server[@]} = 0 ] || as_server+=(env HOME="$box")

	bin=$box$("$PG_CONFIG" --bindir)
	mkdir -p "$bin" log
	for name in "$("$PG_CONFIG" --bindir)"/{postgres,initdb,psql,pgbench,createdb,dropdb,vacuumdb,pg_*}; do
		cp -L "$name" "$bin" 2>/dev/null
	done
	for name in pkglibdir sharedir includedir includedir-server; do
		name=$("$PG_CONFIG" --$name)
		mkdir -p "$box$name"
		cp -asn "$name/." "$box$name"
	done
	name=$("$PG_CONFIG" --libdir)
	mkdir -p "$box$name"
	cp -asn "$name"/libp[gq]* "$box$name"
	PG_CONFIG=$bin/pg_config

	echo "Building vecprov for $("$PG_CONFIG" --version)"
	tree=$box/tree
	copy_tree "$tree"
	[ ${#as_server[@]} = 0 ] || chown -R "$server_user" "$box"

	log=$box/log/build.log
	if ! "${as_server[@]}" "$MAKE" -C "$tree" -j "$(nproc)" PG_CONFIG="$PG_CONFIG" "$@" install \
		>"$log" 2>&1; then
		tail -n 40 "$log" >&2
		die "vecprov does not build with $("$PG_CONFIG" --version)"
	fi
	grep -E "^[^ ]+\\.[ch]:[0-9].*warning:" "$log" || true

	name=$(dirname "$("$PG_CONFIG" --pgxs)")/../test
	as_test=("${as_server[@]}" env -C "$tree" PATH="$bin:$PATH" TESTDIR="$tree"
		TESTDATADIR="$tree/tmp_check" TESTLOGDIR="$tree/tmp_check/log"
		PERL5LIB="$name/perl:$tree/test/t" PG_REGRESS="$name/regress/pg_regress" PGPORT=65432)
}

server_start()
{
	"${as_server[@]}" "$bin/initdb" -D "$box/data" -U postgres -A trust -E UTF8 --no-locale -N \
		>"$box/log/initdb.log" 2>&1 || { cat "$box/log/initdb.log"; die "initdb failed"; }
	{
		echo "shared_preload_libraries = 'vecprov'"
		echo "listen_addresses = ''"
		echo "unix_socket_directories = '$box'"
		echo "unix_socket_permissions = 0700"
		printf '%s\n' "$@"
	} | "${as_server[@]}" tee -a "$box/data/postgresql.conf" >/dev/null
	if ! "${as_server[@]}" "$bin/pg_ctl" -D "$box/data" -l "$box/log/server.log" \
		-w -t 60 start >/dev/null
	then
		cat "$box/log/server.log"
		die "the server does not start"
	fi
	export PGHOST=$box PGUSER=postgres
}

server_stop()
{
	"${as_server[@]}" "$bin/pg_ctl" -D "$box/data" -m fast -w stop >/dev/null
}

sandbox_close()
{
	local file

	trap - EXIT
	[ -n "$box" ] || return
	cd / || return
	[ -z "$child" ] || kill $child 2>/dev/null
	find "$box" -name postmaster.pid 2>/dev/null | while read -r file; do
		"${as_server[@]}" "$bin/pg_ctl" -D "${file%/*}" -m immediate -w stop >/dev/null 2>&1
	done
	rm -rf "$box"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
	set -u
	sandbox_open
	cd "$root" && PG_CONFIG=$PG_CONFIG "$@"
fi
