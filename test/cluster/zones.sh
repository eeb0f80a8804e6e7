# Zones and the servers in them, for test/cluster/demo, which sources this file.
#
#	network_open					makes the network: a bridge, which the script itself is at
#	zone_open ZONE					a place with an address, and the files of doc/architecture
#	zone_start ZONE PROGRAM...		starts these of its programs: etcd node pgbouncer exporters
#	zone_run ZONE COMMAND...		runs a command there as the owner of the sandbox
#	zone_background ZONE NAME COMMAND...	likewise in the background, as process $!
#	zone_kill ZONE					kill -9 of all processes in it
#	zones_end						that of all zones
#
# ZONE is a, b, c, d for node-a and so on; r, where a backup is restored; or `entry`: HAProxy,
# Prometheus, the clients. Everything of a zone is below $box/zones/ZONE, and its processes are those
# that work there, so that they are found without a list of them.
#
# Needs from the caller: box, bin, root, as_server, network (namespaces or loopback). Sets `net`, the
# first three numbers of all addresses.

declare -A host=([entry]=10 [a]=11 [b]=12 [c]=13 [d]=14 [r]=15)
net=10.88.0
[ "$network" = namespaces ] || net=127.88.0

address()
{
	echo "$net.${host[$1]}"
}

network_open()
{
	[ "$network" = namespaces ] || return 0
	mount -t tmpfs tmpfs /run &&
		ip link set lo up &&
		ip link add zones type bridge &&
		ip address add "$net.10/24" dev zones &&
		ip link set zones up
}

# The end of the cable in the zone is eth0.
zone_connect()
{
	[ "$network" = namespaces ] && [ "$1" != entry ] || return 0
	ip netns add "$1" &&
		ip link add "zone-$1" type veth peer name eth0 netns "$1" &&
		ip link set "zone-$1" master zones up &&
		ip -n "$1" address add "$(address "$1")/24" dev eth0 &&
		ip -n "$1" link set eth0 up &&
		ip -n "$1" link set lo up
}

zone_open()
{
	local zone=$1 place=$box/zones/$1

	mkdir -p "$place"/{etc,run,log,data} "$box/repository" && chmod 700 "$place/data"
	cp "$root"/doc/architecture/{*.*,restore-wal} "$root"/doc/monitoring/{vecprov-rules,postgres-exporter-queries}.yml "$place/etc"
	sed -i -e "s/\\bNODE\\b/node-$zone/g; s/\\bADDRESS\\b/$(address "$zone")/g; s/10\\.88\\.0\\./$net./g" \
		-e "s|/var/lib/postgresql/15/main|$place/data|; s|/usr/lib/postgresql/15/bin|$bin|" \
		-e "s|/var/run/postgresql|$place/run|; s|/var/run/pgbackrest|$place/run|" \
		-e "s|/etc/[a-z]*/|$place/etc/|; s|/var/lib/etcd|$place/etcd|" \
		-e "s|/var/lib/pgbackrest|$box/repository|; s|/var/log/pgbackrest|$place/log|" \
		-e "s|/var/lib/postgresql/|$place/run/|" "$place"/etc/*.*
	# who may switch users need not, and the other user has no right to
	sed -i '/^ *\(user\|group\) haproxy/d' "$place/etc/haproxy.cfg"
	[ "$network" = namespaces ] || sed -i "s|$net.0/24|127.0.0.0/8|" "$place/etc/patroni.yml"
	[ "$("${as_server[@]}" id -un)" = postgres ] || sed -i 's/ peer$/ trust/' "$place/etc/patroni.yml"
	sed -i 's/_interval: 15s/_interval: 2s/' "$place/etc/prometheus.yml"
	cat "$place/etc/small.conf" >>"$place/etc/postgresql.conf"
	[ ${#as_server[@]} = 0 ] || chown -R "$server_user" "$place" "$box/repository"
	zone_connect "$zone"
}

# zone_exec ZONE COMMAND...: the process becomes the command
zone_exec()
{
	local zone=$1 inside=()

	shift
	[ "$network" != namespaces ] || [ "$zone" = entry ] || inside=(ip netns exec "$zone")
	exec "${inside[@]}" "${as_server[@]}" env -C "$box/zones/$zone" HOME="$box/zones/$zone" \
		PGBACKREST_CONFIG="$box/zones/$zone/etc/pgbackrest.conf" "$@"
}

zone_run()
{
	(zone_exec "$@")
}

# zone_background ZONE NAME COMMAND...: its output goes to the log of that name
zone_background()
{
	local zone=$1 log=$box/zones/$1/log/$2.log

	shift 2
	zone_exec "$zone" "$@" >>"$log" 2>&1 &
}

# The settings of a file of variables, as arguments of env.
variables()
{
	sed '/^#/d' "$box/zones/$1/etc/$2"
}

zone_start()
{
	local zone=$1 what here
	shift
	here=$(address "$zone")
	for what; do
		case $what in
			etcd) zone_background "$zone" etcd env $(variables "$zone" etcd.env) etcd ;;
			node) zone_background "$zone" patroni env $(variables "$zone" node.env) patroni "$box/zones/$zone/etc/patroni.yml" ;;
			pgbouncer) zone_background "$zone" pgbouncer pgbouncer "$box/zones/$zone/etc/pgbouncer.ini" ;;
			haproxy) zone_background "$zone" haproxy haproxy -db -f "$box/zones/$zone/etc/haproxy.cfg" ;;
			exporters)
				zone_background "$zone" postgres-exporter env \
					DATA_SOURCE_NAME="postgresql://watcher:CHANGE-watcher@$here:5432/app?sslmode=disable" \
					prometheus-postgres-exporter --web.listen-address="$here:9187" \
					--extend.query-path="$box/zones/$zone/etc/postgres-exporter-queries.yml"
				zone_background "$zone" node-exporter prometheus-node-exporter --web.listen-address="$here:9100" ;;
			prometheus) zone_background "$zone" prometheus prometheus --config.file="$box/zones/$zone/etc/prometheus.yml" \
				--storage.tsdb.path="$box/zones/$zone/prometheus" --web.listen-address="$here:9090" ;;
		esac
	done
}

# The ids of the processes of a zone, or of all zones.
zone_processes()
{
	local process place=$box/zones/${1:+$1/}

	for process in /proc/[0-9]*; do
		[[ $(readlink "$process/cwd")/ != "$place"* ]] || echo "${process##*/}"
	done 2>/dev/null
}

zone_kill()
{
	local all

	# some may be born while others are looked for
	while all=$(zone_processes "$1") && [ -n "$all" ]; do
		kill -KILL $all 2>/dev/null
		sleep 0.1
	done
}

zones_end()
{
	zone_kill ''
}
