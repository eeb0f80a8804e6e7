# Provisioned indexes stay in memory: on a primary and its standby, through restarts, DDL, and the end of
# the processes that see to it. Whoever would drop a pinned file spins for ever, so every statement here
# has a limit, and each time the standby has to catch up.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = vecprov_node('primary', allows_streaming => 1);
$primary->append_conf('postgresql.conf', <<'EOC');
shared_buffers = 16MB
max_connections = 20
statement_timeout = 180s
EOC
$primary->start;
vecprov_functions($primary);
$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
# no query, and no keeper, is ever cancelled for redo's sake: who stands in its way must go by itself
$standby->append_conf('postgresql.conf', "max_standby_streaming_delay = -1\n");
$standby->start;

# Pages of an index that are pinned, as the server counts them; undef: it cannot tell.
my $counted = $primary->safe_psql('postgres',
	"SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_buffercache'");
$primary->safe_psql('postgres', 'CREATE EXTENSION pg_buffercache') if $counted;

sub state_of
{
	my ($node, $index, $database) = @_;
	return $node->safe_psql($database || 'postgres',
		"SELECT state FROM vecprov.indexes WHERE index::text = '$index'");
}

# Waits for an index to be in memory, and looks whether what is said is so.
sub ready
{
	my ($node, $index, $name, $database) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	$database ||= 'postgres';
	my ($rc, $out, $err) = $node->psql($database, "SELECT vecprov_wait('$index', '180 s')");
	is($rc, 0, "$name: ready") or diag($err);
	return unless $counted && $database eq 'postgres';
	is($node->safe_psql('postgres', <<"EOS"), 't|t', "$name: pinned");
SELECT count(*) > 0, count(*) = (SELECT resident_size / 8192 FROM vecprov.indexes WHERE index = '$index'::regclass)
FROM pg_buffercache WHERE relfilenode = pg_relation_filenode('$index') AND relforknumber = 0 AND pinning_backends > 0
	AND reldatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
EOS
}

sub on_both
{
	my ($index, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	ready($primary, $index, $name);
	# what a transaction wrote that rolled back reaches the disk, and so the standby, at leisure
	$primary->safe_psql('postgres', "SELECT pg_logical_emit_message(true, '', '')");
	$primary->wait_for_catchup($standby);
	ready($standby, $index, "$name, standby");
}

sub resident
{
	my ($node, $index) = @_;
	return $node->safe_psql('postgres', "SELECT resident_size FROM vecprov.indexes WHERE index = '$index'::regclass");
}

#
# The life of an index
#

$primary->safe_psql('postgres', <<'EOS');
CREATE TABLE items (id int, v vector(80));
INSERT INTO items SELECT i, vec(i, 80) FROM generate_series(1, 3000) i;
CREATE INDEX items_v_idx ON items USING vecprov (v) WITH (tier = 'r10');
EOS
on_both('items_v_idx', 'created');
my $r10 = resident($primary, 'items_v_idx');
my $search = "SELECT search FROM vecprov_index_bytes('items_v_idx')";
is($r10, $primary->safe_psql('postgres', $search), 'r10 keeps what searches need');

# Ten times what shared buffers hold goes through them.
$primary->safe_psql('postgres', <<'EOS');
CREATE TABLE filler AS SELECT i, repeat('x', 1000) FROM generate_series(1, 40000) i;
SELECT count(*), max(length(repeat)) FROM filler;
CREATE INDEX ON filler (i);
EOS
on_both('items_v_idx', 'pages come and go');

$primary->safe_psql('postgres', 'INSERT INTO items SELECT i, vec(i, 80) FROM generate_series(3001, 4000) i');
$primary->poll_query_until('postgres',
	"SELECT resident_size > $r10 AND resident_size = ($search) FROM vecprov.indexes WHERE index = 'items_v_idx'::regclass")
  or die 'it grows, and what is new is not pinned';
on_both('items_v_idx', 'grown');
$r10 = resident($primary, 'items_v_idx');

$primary->safe_psql('postgres', "SELECT vecprov_set_tier('items_v_idx', 'r40')");
on_both('items_v_idx', 'with vectors');
is(resident($primary, 'items_v_idx'), $primary->safe_psql('postgres', "SELECT pg_relation_size('items_v_idx')"),
	'r40 keeps all of it');
$primary->safe_psql('postgres', "INSERT INTO vecprov.tiers VALUES ('tiny', 10000000, false, 1)");
$primary->safe_psql('postgres', "SELECT vecprov_set_tier('items_v_idx', 'tiny')");
on_both('items_v_idx', 'another tier');
is(resident($primary, 'items_v_idx'), $r10, 'as much as of r10');
$primary->safe_psql('postgres', "UPDATE vecprov.tiers SET keeps_vectors = true WHERE name = 'tiny'");
$primary->poll_query_until('postgres',
	"SELECT resident_size > $r10 FROM vecprov.indexes WHERE index = 'items_v_idx'::regclass")
  or die 'the tier was changed, and nothing follows';
on_both('items_v_idx', 'the tier changed');

$primary->safe_psql('postgres', "SELECT vecprov_set_replicas('items_v_idx', 0)");
$primary->safe_psql('postgres', "SELECT vecprov_wait('items_v_idx', '180 s')");
is(state_of($primary, 'items_v_idx') . resident($primary, 'items_v_idx'), 'Suspended0', 'suspended');
$primary->safe_psql('postgres', "SELECT vecprov_set_replicas('items_v_idx', 2)");
on_both('items_v_idx', 'resumed');
$primary->safe_psql('postgres', "SELECT vecprov_release('items_v_idx')");
$primary->safe_psql('postgres', "SELECT vecprov_wait('items_v_idx', '180 s')");
is(resident($primary, 'items_v_idx'), '', 'released');
$primary->safe_psql('postgres', "SELECT vecprov_provision('items_v_idx', 'r40', 1, 1)");
on_both('items_v_idx', 'provisioned again');

my ($rc, $out, $err) = $primary->psql('postgres', <<'EOS');
BEGIN;
SELECT vecprov_set_replicas('items_v_idx', 3);
SELECT vecprov_wait('items_v_idx', '100 ms');
EOS
like($err, qr/not ready yet/, 'a change that is not committed is not waited for long');
is($primary->safe_psql('postgres', "SELECT current_replicas FROM vecprov.indexes WHERE index = 'items_v_idx'::regclass"),
	1, 'nor made');

#
# DDL
#

$primary->append_conf('postgresql.conf', "allow_in_place_tablespaces = on\n");
$standby->append_conf('postgresql.conf', "allow_in_place_tablespaces = on\n");
$_->reload foreach ($primary, $standby);
$primary->safe_psql('postgres', "CREATE TABLESPACE place LOCATION ''");

foreach my $ddl (
	'REINDEX INDEX items_v_idx',
	'REINDEX INDEX CONCURRENTLY items_v_idx',
	'VACUUM FULL items',
	'ALTER INDEX items_v_idx SET TABLESPACE place',
	'ALTER INDEX items_v_idx SET TABLESPACE pg_default',
	'ALTER TABLE items SET UNLOGGED',
	'ALTER TABLE items SET LOGGED',
	'ALTER TABLE items ALTER id TYPE bigint',
	'ALTER INDEX items_v_idx RENAME TO other; ALTER INDEX other RENAME TO items_v_idx',
	'BEGIN; REINDEX INDEX items_v_idx; SELECT pg_sleep(0.1); ROLLBACK',
	'BEGIN; DROP INDEX items_v_idx; SELECT pg_sleep(0.1); ROLLBACK',
	'VACUUM items',
	'TRUNCATE items',
	'INSERT INTO items SELECT i, vec(i, 80) FROM generate_series(1, 3000) i')
{
	$primary->safe_psql('postgres', $ddl);
	$ddl =~ /UNLOGGED/ ? ready($primary, 'items_v_idx', $ddl) : on_both('items_v_idx', $ddl);
}
intact($primary, 'items', 'items_v_idx', 'after all that');
intact($standby, 'items', 'items_v_idx', 'after all that, on the standby');

# Under DDL without end, from several sides.
my $script = $primary->basedir . '/ddl.sql';
append_to_file($script, <<'EOS');
\set what random(1, 4)
\if :what = 1
REINDEX INDEX items_v_idx;
\elif :what = 2
TRUNCATE items;
\elif :what = 3
ALTER INDEX items_v_idx SET TABLESPACE place;
\else
ALTER INDEX items_v_idx SET TABLESPACE pg_default;
\endif
EOS
$primary->command_ok([ 'pgbench', '-n', '-c', '3', '-T', '5', '--random-seed', '1', '-f', $script, $primary->connstr('postgres') ],
	'much DDL');
on_both('items_v_idx', 'after much DDL');

$primary->safe_psql('postgres', 'DROP INDEX items_v_idx');
$primary->safe_psql('postgres', 'CREATE INDEX items_v_idx ON items USING vecprov (v) WITH (tier = r10)');
on_both('items_v_idx', 'dropped and created');
$primary->safe_psql('postgres', 'DROP TABLE items');
$primary->wait_for_catchup($standby);

# Indexes that the server makes by itself.
$primary->safe_psql('postgres', <<'EOS');
CREATE TABLE parts (id int, v vector(80)) PARTITION BY RANGE (id);
CREATE INDEX parts_v_idx ON parts USING vecprov (v) WITH (tier = 'r10');
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (200);
CREATE TABLE alike (LIKE parts_1 INCLUDING INDEXES);
EOS
on_both('parts_1_v_idx', 'of a new partition');
on_both('alike_v_idx', 'of a table like it');
$primary->safe_psql('postgres', 'DROP TABLE parts, alike');

#
# Databases
#

$primary->safe_psql('postgres', <<'EOS');
CREATE TABLE items (id int, v vector(80));
INSERT INTO items SELECT i, vec(i, 80) FROM generate_series(1, 10000) i;
CREATE INDEX items_v_idx ON items USING vecprov (v) WITH (tier = 'r10');
EOS
on_both('items_v_idx', 'there again');
$primary->safe_psql('postgres', 'CREATE DATABASE template TEMPLATE postgres');
ready($primary, 'items_v_idx', 'a copy of the database', 'template');
$primary->wait_for_catchup($standby);
ready($standby, 'items_v_idx', 'a copy of the database, standby', 'template');
$primary->safe_psql('postgres', 'ALTER DATABASE template RENAME TO copy');
$primary->safe_psql('postgres', 'ALTER DATABASE copy SET TABLESPACE place');
ready($primary, 'items_v_idx', 'the database moved', 'copy');
$primary->wait_for_catchup($standby);
ready($standby, 'items_v_idx', 'the database moved, standby', 'copy');

# The memory of both together: 70 % of 16 MB are 11.7 million bytes.
$primary->safe_psql('postgres', "SELECT vecprov_provision('items_v_idx', 'r40', 1, 1)");
ready($primary, 'items_v_idx', 'with vectors');
cmp_ok(resident($primary, 'items_v_idx'), '>', 5000000, 'this much');
$primary->safe_psql('copy', 'INSERT INTO items SELECT i, vec(i, 80) FROM generate_series(10001, 14000) i');
$primary->safe_psql('copy', 'REINDEX INDEX items_v_idx');
ready($primary, 'items_v_idx', 'the other without vectors', 'copy');
($rc, $out, $err) = $primary->psql('copy', "SELECT vecprov_provision('items_v_idx', 'r40', 1, 1)");
like($err, qr/memory cannot hold index "items_v_idx" in tier "r40"\n.*It needs \d+ bytes; of \d+, which are 70 %.* \d+ are promised to other/,
	'beyond 70 % of shared buffers, with what another database has: refused');
is($primary->safe_psql('copy', "SELECT state, tier FROM vecprov.indexes WHERE index = 'items_v_idx'::regclass"),
	'Ready|r10', 'beyond: it stays as it was');
is(state_of($primary, 'items_v_idx'), 'Ready', 'the first is not touched by that');
$primary->safe_psql('postgres', "SELECT vecprov_set_replicas('items_v_idx', 0)");
$primary->poll_query_until('copy', "SELECT vecprov_provision('items_v_idx', 'r40', 1, 1) IS NOT NULL")
  or die 'room was made, and is not to be had';
ready($primary, 'items_v_idx', 'room was made', 'copy');
$primary->safe_psql('postgres', 'DROP DATABASE copy');
$primary->wait_for_catchup($standby);
pass('a database is dropped, on both');
$primary->safe_psql('postgres', "SELECT vecprov_set_replicas('items_v_idx', 1)");
on_both('items_v_idx', 'after the drop');

#
# Ends
#

sub pid_of
{
	my ($node, $what) = @_;
	return $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE backend_type = 'vecprov $what'");
}

# Ends a process, and waits for the next.
sub replaced
{
	my ($node, $what) = @_;
	my $pid = pid_of($node, $what);

	$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
	$node->poll_query_until('postgres',
		"SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'vecprov $what' AND pid <> $pid")
	  or die "no other $what";
}

foreach my $node ($primary, $standby)
{
	foreach my $what ('keeper', 'launcher')
	{
		replaced($node, $what);
		ready($node, 'items_v_idx', $node->name . ": another $what");
	}
}
$primary->safe_psql('postgres', 'REINDEX INDEX items_v_idx');
on_both('items_v_idx', 'REINDEX after that');

foreach my $node ($primary, $standby)
{
	$node->restart;
	ready($node, 'items_v_idx', $node->name . ': restarted');
}
$standby->stop('immediate');
$standby->start;
ready($standby, 'items_v_idx', 'standby: crashed');
my $offset = log_end($primary);
kill 'KILL', pid_of($primary, 'keeper');
crash_and_wait($primary, $offset);
on_both('items_v_idx', 'after kill -9 of the keeper');

#
# A page that cannot be read
#

$primary->safe_psql('postgres', <<'EOS');
CREATE TABLE bad (id int, v vector(80));
INSERT INTO bad SELECT i, vec(i, 80) FROM generate_series(1, 500) i;
CREATE INDEX bad_v_idx ON bad USING vecprov (v) WITH (tier = 'r40');
CREATE TABLE worse (id int, v vector(80));
INSERT INTO worse SELECT i, vec(i, 80) FROM generate_series(1, 500) i;
CREATE INDEX worse_v_idx ON worse USING vecprov (v) WITH (tier = 'r10');
CREATE UNLOGGED TABLE unlogged (id int, v vector(80));
INSERT INTO unlogged SELECT i, vec(i, 80) FROM generate_series(1, 500) i;
CREATE INDEX unlogged_v_idx ON unlogged USING vecprov (v) WITH (tier = 'r40');
EOS
ready($primary, 'unlogged_v_idx', 'unlogged');
$primary->wait_for_catchup($standby);
ready($standby, 'bad_v_idx', 'standby: not yet damaged');
my %file = map { $_ => $primary->data_dir . '/' . $primary->safe_psql('postgres', "SELECT pg_relation_filepath('$_')") }
  qw(bad_v_idx worse_v_idx);
$offset = log_end($primary);
$primary->stop;
# of the second one the last block, exact vectors
my %block = (bad_v_idx => 5, worse_v_idx => (-s $file{worse_v_idx}) / 8192 - 1);
foreach my $index (keys %file)
{
	open my $handle, '+<:raw', $file{$index} or die $!;
	seek $handle, $block{$index} * 8192, 0;
	print $handle "\xff" x 100;
	close $handle;
}
$primary->start;
$primary->poll_query_until('postgres', "SELECT state = 'Error' FROM vecprov.indexes WHERE index = 'bad_v_idx'::regclass")
  or die 'nobody saw the damage';
like($primary->safe_psql('postgres', "SELECT error FROM vecprov.indexes WHERE index = 'bad_v_idx'::regclass"),
	qr/invalid page in block 5/, 'a damaged page: told');
ready($primary, 'items_v_idx', 'the others');
is(state_of($primary, 'bad_v_idx'), 'Error', 'still told');
$primary->wait_for_log(qr/invalid page in block $block{worse_v_idx} of/, $offset);
ready($primary, 'worse_v_idx', 'what the tier does not keep is damaged');
is($primary->safe_psql('postgres', "SELECT resident FROM vecprov.indexes WHERE index = 'worse_v_idx'::regclass"), 1,
	'what it keeps is pinned');
$primary->safe_psql('postgres', 'DROP TABLE worse');
$primary->safe_psql('postgres', 'REINDEX INDEX bad_v_idx');
on_both('bad_v_idx', 'mended');

#
# Promotion, and too many
#

is(state_of($standby, 'unlogged_v_idx'), 'Error', 'standby: an unlogged index is not there');
($rc, $out, $err) = $standby->psql('postgres', "SELECT vecprov_wait('unlogged_v_idx')");
like($err, qr/it is unlogged, and not there before this standby is promoted/, 'which nobody waits for');

# From the promotion on, what was read on the standby is not said of it, though nobody has read it anew.
my $hold = hold($standby);
$primary->safe_psql('postgres', "ALTER DATABASE postgres SET vecprov.debug_point = 'catalog-reader-begun=wait'");
$primary->wait_for_catchup($standby);
$standby->promote;
$standby->poll_query_until('postgres',
	"SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'vecprov catalog reader' AND wait_event = 'advisory'", 1) or die 'no catalogue reader';
is(state_of($standby, 'unlogged_v_idx'), 'Loading', 'promoted: it is not told to be missing');
($rc, $out, $err) = $standby->psql('postgres', "SELECT vecprov_wait('unlogged_v_idx', '1 ms')");
unlike($err, qr/not there/, 'and can be waited for');
$_->safe_psql('postgres', 'ALTER DATABASE postgres RESET vecprov.debug_point') for $primary, $standby;
$hold->quit;
ready($standby, 'unlogged_v_idx', 'promoted: it is');
ready($standby, 'items_v_idx', 'promoted');
$standby->safe_psql('postgres', 'REINDEX INDEX items_v_idx');
ready($standby, 'items_v_idx', 'promoted, rebuilt');
$standby->stop;

$primary->append_conf('postgresql.conf', 'vecprov.max_provisioned_indexes = 1');
$offset = log_end($primary);
$primary->restart;
$primary->wait_for_log(qr/2 provisioned indexes cannot be kept in memory/, $offset);
$primary->poll_query_until('postgres', "SELECT count(*) FILTER (WHERE state = 'Ready') = 1 FROM vecprov.indexes")
  or die 'one has room';
is($primary->safe_psql('postgres', "SELECT string_agg(DISTINCT error, ' '), count(*) FILTER (WHERE state = 'Error') FROM vecprov.indexes"),
	'vecprov.max_provisioned_indexes is 1, and the server has more|2', 'two have none');
($rc, $out, $err) = $primary->psql('postgres', "SELECT vecprov_wait(index) FROM vecprov.indexes WHERE state = 'Error'");
like($err, qr/cannot be kept in memory.*vecprov.max_provisioned_indexes is 1, and the server has more/s, 'which nobody waits for');
$primary->safe_psql('postgres', <<'EOS');
SELECT format('DROP INDEX %s', index) FROM vecprov.indexes WHERE state = 'Ready' \gexec
EOS
$primary->poll_query_until('postgres', "SELECT count(*) FILTER (WHERE state = 'Ready') = 1 FROM vecprov.indexes")
  or die 'the next has room';
$primary->append_conf('postgresql.conf', 'vecprov.max_provisioned_indexes = 0');
$primary->restart;
is($primary->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type ~ 'vecprov'"), 0,
	'none wanted: no processes');
($rc, $out, $err) = $primary->psql('postgres', 'SELECT vecprov_wait(min(index::text)::regclass) FROM vecprov.indexes');
like($err, qr/cannot be kept in memory/, 'and nothing to wait for');
is($primary->safe_psql('postgres', 'SELECT count(*) FROM vecprov.indexes i, vecprov_check(i.index, true)'), 0,
	'what is left is sound');
$primary->stop;
done_testing();
