# What the scripts need of the machine that they run on; they source this file.
#
#	die MESSAGE				ends the script with one line
#	fit_tmpdir [PREFIX...]	sets TMPDIR to a directory in which programs can be run
#	apt_get ARG...			apt-get as root, quiet unless it fails; waits for another one
#	debian_major			prints the major version of this Debian's PostgreSQL
#	clang_program			prints the name of this machine's clang; fails if there is none
#	copy_tree DIRECTORY		copies the sources there
#
# Sets $root (the tree).

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# After `su`, PATH lacks the programs of administrators: runuser, ldconfig, debootstrap.
PATH=$PATH:/usr/sbin:/sbin

die()
{
	echo "${0##*/}: $*" >&2
	exit 1
}

# Exports TMPDIR, as it is or else /tmp or /var/tmp: a directory in which programs can be made and
# run, also by the user as whom PREFIX runs a command. Its name has no character that make or
# PostgreSQL's tests would not take, and leaves room for the name of a Unix socket.
fit_tmpdir()
{
	local place probe wanted=${TMPDIR:-/tmp}

	for place in "$wanted" /tmp /var/tmp; do
		[[ $place =~ ^/[A-Za-z0-9_./+-]*$ && ${#place} -le 70 ]] || continue
		probe=$(mktemp -d "$place/vecprov-probe.XXXXXX" 2>/dev/null) || continue
		printf '#!/bin/sh\n' >"$probe/program"
		chmod -R 755 "$probe"
		if "$@" "$probe/program" 2>/dev/null; then
			rm -rf "$probe"
			[ "$place" = "$wanted" ] ||
				echo "Temporary files go to $place: programs cannot be made and run in $wanted" >&2
			export TMPDIR=$place
			return 0
		fi
		rm -rf "$probe"
	done
	die "programs cannot be made and run in $wanted, /tmp and /var/tmp (mounted noexec?):" \
		"set TMPDIR to a directory where they can, without spaces in its name"
}

# Needs root or sudo. Returns apt-get's status, and prints the end of its output if it failed. The
# caller's locale is kept, because a new server takes it over, but for the language of messages.
apt_get()
{
	local log end=$((SECONDS + 600)) said= status as_root=()

	[ "$(id -u)" = 0 ] || as_root=(sudo)
	log=$(mktemp 2>/dev/null || mktemp /tmp/vecprov-apt.XXXXXX) || return 1
	while true; do
		status=0
		"${as_root[@]}" env -u TMPDIR DEBIAN_FRONTEND=noninteractive LANGUAGE=en apt-get -q "$@" \
			</dev/null >"$log" 2>&1 || status=$?
		if [ "$status" = 0 ] || [ "$SECONDS" -ge "$end" ] || ! grep -q 'Could not get lock' "$log"; then
			break
		fi
		[ -n "$said" ] || echo "Waiting, for 10 minutes at most, until another apt or dpkg is done:" \
			"$(sed -n 's/^E: Could not get lock //p' "$log" | head -n 1)"
		said=yes
		sleep 1
	done
	[ "$status" = 0 ] || tail -n 20 "$log" >&2
	rm -f "$log"
	return "$status"
}

# Nothing if apt is not there, or its lists are not.
debian_major()
{
	LC_ALL=C apt-cache depends postgresql 2>/dev/null |
		sed -n 's/.*Depends: postgresql-\([0-9]*\)$/\1/p' | head -n 1
}

# With Debian's server headers comes one that has its version in its name.
clang_program()
{
	! command -v clang >/dev/null || { echo clang; return; }
	compgen -c clang- | grep -xE 'clang-[0-9]+' | sort -Vr | grep -m 1 .
}

# Sources only: objects may have been made for another server.
copy_tree()
{
	mkdir -p "$1"
	tar -C "$root" --exclude='*.o' --exclude='*.d' --exclude='*.so' \
		-cf - Makefile vecprov.control META.json README.md CHANGELOG.md LICENSE debian src sql expected \
		test doc findings | tar -C "$1" -xf -
}
