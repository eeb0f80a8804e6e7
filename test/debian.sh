# Debians of their own in directories, for the scripts that test in one, as root. They source this
# file after machine.sh.
#
#	debian_tools					installs debootstrap if it is missing
#	debian_make SUITE DIRECTORY		makes a minimal Debian there, unless there is one, of packages
#									from MIRROR or else from where this machine has its own
#	debian_server SUITE DIRECTORY [MAJOR]	makes one that has a compiler, PostgreSQL (the one of its
#									release, or MAJOR), and pgvector for it if there is one; copies
#									the tree to /vecprov in it; of experimental, PostgreSQL alone
#									is taken, and the rest from sid
#	debian_assert_server DIRECTORY MAJOR	compiles PostgreSQL with assertions there, from Debian's
#									source, into /assert-MAJOR, unless that is there
#	debian_run DIRECTORY SCRIPT [ARG...]	runs the text SCRIPT in it with bash, with mounts and
#									processes of its own, which end with it; returns its status
#	debian_end DIRECTORY			ends what debian_run runs, and removes DIRECTORY if one is
#									named: for an exit trap
#
# debian_run heeds these: debian_base: the Debian is a copy of that one, made in DIRECTORY/root.
# debian_packages: a directory that keeps downloaded packages. debian_noexec: /tmp is mounted noexec.

debian_base= debian_packages= debian_noexec= debian_child=

debian_tools()
{
	[ "$(id -u)" = 0 ] || die "debootstrap and chroot need root: run this as root or with sudo"
	command -v debootstrap >/dev/null && return
	apt_get update && apt_get install -y --no-install-recommends debootstrap
}

debian_make()
{
	local suite=$1 place=$2 mirror=${MIRROR:-}

	[ ! -f "$place/etc/debian_version" ] || [ -d "$place/debootstrap" ] || return 0
	[ -n "$mirror" ] || mirror=$(apt-get indextargets --format '$(REPO_URI)' \
		'Created-By: Packages' 'Origin: Debian' 2>/dev/null | head -n 1)
	echo "Making a Debian $suite in $place"
	mkdir -p "$place/etc/dpkg/dpkg.cfg.d" "$place/etc/apt/apt.conf.d"
	# It need not survive a power failure; and the mirror may be a snapshot of an earlier day.
	echo force-unsafe-io >"$place/etc/dpkg/dpkg.cfg.d/unsafe-io"
	echo 'Acquire::Check-Valid-Until "false";' >"$place/etc/apt/apt.conf.d/valid-until"
	if ! debootstrap --variant=minbase "$suite" "$place" ${mirror:+"$mirror"} \
		>"$place/debootstrap.log" 2>&1
	then
		tail -n 20 "$place/debootstrap.log"
		return 1
	fi
}

debian_server()
{
	local suite=$1 place=$2 base=$1

	[ "$suite" != experimental ] || base=sid
	debian_make "$base" "$place" || return 1
	rm -rf "$place/vecprov"
	copy_tree "$place/vecprov"
	debian_run "$place" '
		. /vecprov/test/machine.sh
		suite=$1 major=$2
		if [ "$suite" = experimental ]; then
			sed -n "s/ sid / experimental /p" /etc/apt/sources.list >/etc/apt/sources.list.d/experimental.list
			printf "Package: src:postgresql-%s\nPin: release a=experimental\nPin-Priority: 600\n" "$major" \
				>/etc/apt/preferences.d/postgresql
		fi
		apt-get -q update >/dev/null
		[ -n "$major" ] || major=$(debian_major)
		packages="build-essential clang perl libipc-run-perl libpq-dev libjansson-dev
			postgresql-$major postgresql-server-dev-$major"
		if apt-cache show "postgresql-$major-pgvector" >/dev/null 2>&1; then
			packages="$packages postgresql-$major-pgvector"
		fi
		apt-get -q install -y --no-install-recommends $packages >/vecprov/packages.log 2>&1 ||
			{ tail -n 20 /vecprov/packages.log; exit 1; }
		. /etc/os-release
		echo "$PRETTY_NAME: $(gcc --version | head -n 1);" \
			"$(dpkg-query -W -f "\${Package} \${Version};" $(echo $packages | tr " " "\n" | grep "^postgresql-"))"
	' "$suite" "${3:-}"
}

debian_assert_server()
{
	debian_run "$1" '
		major=$1 place=/assert-$1
		[ ! -f "$place/complete" ] || exit 0
		cd /etc/apt
		cat sources.list $(ls sources.list.d/*.list 2>/dev/null | grep -v /source.list) |
			sed -n "s/^deb /deb-src /p" >sources.list.d/source.list
		apt-get -q update >/dev/null
		apt-get -q install -y --no-install-recommends bison flex libicu-dev pkg-config
		rm -rf /source
		mkdir /source
		cd /source
		apt-get -q source --download-only "postgresql-$major"
		tar -xf postgresql-*.orig.tar.?z*
		cd postgresql-*/
		./configure -q --prefix="$place" --enable-cassert --enable-debug --enable-tap-tests \
			--with-icu --without-readline --without-zlib
		make -s -j "$(nproc)" install
		make -s -j "$(nproc)" -C contrib install
		rm -rf /source
		touch "$place/complete"
	' "$2"
}

debian_run()
{
	local place=$1 status=0
	shift

	unshare --mount --pid --fork --kill-child bash -eu -c '
		place=$0 base=$1 packages=$2 noexec=$3
		shift 3
		if [ -n "$base" ]; then
			mkdir -p "$place/upper" "$place/work" "$place/root"
			mount -t overlay -o "lowerdir=$base,upperdir=$place/upper,workdir=$place/work" \
				overlay "$place/root" 2>/dev/null || cp -a "$base/." "$place/root"
			place=$place/root
		fi
		[ -z "$packages" ] || mount --bind "$packages" "$place/var/cache/apt/archives"
		[ -z "$noexec" ] || mount -t tmpfs -o noexec,mode=1777 tmpfs "$place/tmp"
		mount -t proc proc "$place/proc"
		mount -t tmpfs -o mode=1777 tmpfs "$place/dev/shm"
		exec chroot "$place" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
			DEBIAN_FRONTEND=noninteractive /bin/bash -eu -c "$@"
	' "$place" "$debian_base" "$debian_packages" "$debian_noexec" "$1" bash "${@:2}" &
	debian_child=$!
	wait "$debian_child" || status=$?
	debian_child=
	return "$status"
}

debian_end()
{
	trap - EXIT
	[ -z "$debian_child" ] || kill -KILL "$debian_child" 2>/dev/null || true
	wait 2>/dev/null || true
	[ -z "$1" ] || rm -rf --one-file-system "$1"
}
