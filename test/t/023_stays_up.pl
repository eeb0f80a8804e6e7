# What administrators do, and what happens at the wrong moment, ends in an error at most: shared memory is freed
# after a crash, nothing fails after a commit, workers of a database that is dropped end quietly, the
# ledger can be altered, and a server without the library, or with another one, tells.

use strict;
use warnings;

use File::Copy;
use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = vecprov_node('main');
$node->append_conf('postgresql.conf', <<'EOC');
shared_buffers = 32MB
logging_collector = on
log_directory = 'log'
log_filename = 'server.log'
log_min_messages = debug1
EOC
$node->start;
vecprov_functions($node);
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE items (id int, v vector(8), note text) WITH (autovacuum_enabled = off);
INSERT INTO items SELECT i, vec(i, 8) FROM generate_series(1, 500) i;
CREATE INDEX items_v_idx ON items USING vecprov (v);
CREATE TABLE plain (v vector(2));
EOS

sub server_log
{
	return slurp_file($node->data_dir . '/log/server.log');
}

# Waits for something in the log, a regular expression of SQL. The server may be restarting.
sub log_has
{
	my ($pattern) = @_;

	return $node->poll_query_until('postgres', "SELECT pg_read_file('log/server.log') ~ \$\$$pattern\$\$");
}

# What a statement writes to stderr, with SQLSTATE.
sub stderr_of
{
	my ($sql, $database) = @_;
	my ($rc, $stdout, $stderr) = $node->psql($database // 'postgres', "\\set VERBOSITY verbose\n$sql");

	return $stderr;
}

# A mover that cannot be registered is no error of the change, and is tried again.
$node->safe_psql('postgres', "ALTER DATABASE postgres SET vecprov.debug_point = 'mover-due=error'");
$node->safe_psql('postgres', 'ALTER INDEX items_v_idx SET (tier = r10, shards = 2)');
ok(log_has('ERROR:  error at debug point "mover-due"'), 'an error while a mover is registered');
is($node->safe_psql('postgres', "SELECT state FROM vecprov.indexes"), 'Scaling', 'does not undo the change');
$node->safe_psql('postgres', 'ALTER DATABASE postgres RESET vecprov.debug_point');
ok($node->poll_query_until('postgres', "SELECT current_shards FROM vecprov_facts('items_v_idx', true)", 2),
	'the mover comes later');

# The ledger with what an administrator added: a refusal is written by a worker.
$node->safe_psql('postgres', <<'EOS');
CREATE FUNCTION shout(what text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN upper(what); END';
CREATE INDEX ON vecprov.changes (shout(message));
CREATE INDEX ON vecprov.changes (index) WHERE action = 'change';
ALTER TABLE vecprov.changes DROP COLUMN message;
ALTER TABLE vecprov.changes ADD number int GENERATED ALWAYS AS IDENTITY, ADD message text, ADD note text NOT NULL DEFAULT 'none';
CREATE INDEX ON vecprov.changes (shout(message));
ALTER DATABASE postgres SET default_transaction_read_only = on;
EOS
like(stderr_of("BEGIN READ WRITE; ALTER INDEX items_v_idx SET (tier = 'none')"),
	qr/tier "none" does not exist/, 'a change is refused');
is($node->safe_psql('postgres', "SELECT note, message FROM vecprov.changes WHERE action = 'refusal'"),
	'none|tier "none" does not exist', 'and that is in the altered ledger');
$node->safe_psql('postgres', 'BEGIN READ WRITE; ALTER DATABASE postgres RESET default_transaction_read_only; COMMIT');

# A database with workers, and a mover that waits for its next attempt, is dropped.
$node->safe_psql('postgres', 'CREATE DATABASE gone');
$node->safe_psql('gone', <<'EOS');
CREATE EXTENSION vecprov;
CREATE TABLE t (v vector(2));
INSERT INTO t SELECT ARRAY[i, i] FROM generate_series(1, 10) i;
CREATE INDEX t_idx ON t USING vecprov (v) WITH (tier = 'r10');
SELECT vecprov_wait('t_idx', '30 s');
ALTER DATABASE gone SET vecprov.debug_point = 'move-begun=wait';
EOS
my $gate = $node->background_psql('gone');
$gate->query_safe('SELECT pg_advisory_lock(7670)');
$node->safe_psql('gone', 'ALTER INDEX t_idx SET (shards = 2)');
my $mover = "FROM pg_stat_activity WHERE backend_type = 'vecprov mover' AND datname = 'gone'";
$node->poll_query_until('postgres', "SELECT count(*) $mover AND wait_event = 'advisory'", 1) or die 'no mover';
$node->safe_psql('postgres', "SELECT pg_terminate_backend(pid) $mover");
$node->poll_query_until('postgres', "SELECT count(*) $mover", 0) or die 'the mover stays';
$gate->quit;
$node->safe_psql('postgres', 'DROP DATABASE gone WITH (FORCE)');

# Shared memory after a crash. A process's mappings of it: "inode kilobytes", but for small ones.
sub mappings
{
	my ($pid) = @_;
	my @found;

	foreach (split /\n/, slurp_file("/proc/$pid/maps"))
	{
		push @found, $3 if /^([0-9a-f]+)-([0-9a-f]+) ..-s \S+ \S+ (\d+)/ && hex($2) - hex($1) > 16 * 1024 * 1024;
	}
	return @found;
}

# The server's processes, by what they call themselves.
sub processes
{
	my $postmaster = (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0];
	my %processes = ($postmaster => 'postmaster');

	foreach my $file (glob '/proc/[0-9]*/stat')
	{
		my $stat = eval { slurp_file($file) } or next;
		my ($pid, $parent) = $stat =~ /^(\d+) \(.*\) \S (\d+)/s;
		$processes{$pid} = slurp_file("/proc/$pid/cmdline") if $parent == $postmaster;
	}
	return %processes;
}

my $session = $node->background_psql('postgres');
my $pid = $session->query_safe('SET enable_seqscan = off; SELECT id FROM items ORDER BY v <-> vec(7, 8) LIMIT 1; SELECT pg_backend_pid()');
$pid =~ s/.*\n//s;
my $have_maps = $^O eq 'linux' && -r '/proc/self/maps';
if ($have_maps)
{
	cmp_ok(scalar mappings($pid), '>=', 1, 'a backend has shared memory');
}
kill 'KILL', $pid;
$session->{run}->kill_kill;
ok(log_has('all server processes terminated; reinitializing.*database system is ready to accept connections'),
	'the server comes back');
ok(log_has('reinitializing.*unregistering background worker "vecprov mover"'), 'the mover finds no database');
unlike(server_log(), qr/FATAL:  (?!the database system)/, 'and there is no FATAL of it');
my @told = server_log() =~ /LOG: .*"vecprov mover".*exited/g;
is(@told, 1, 'only that the mover was terminated');
SKIP:
{
	skip 'no /proc here', 2 unless $have_maps;
	$node->safe_psql('postgres', 'SET enable_seqscan = off; SELECT id FROM items ORDER BY v <-> vec(7, 8) LIMIT 1');
	my %processes = processes();
	my ($logger) = grep { $processes{$_} =~ /logger/ } keys %processes;
	is_deeply([ mappings($logger) ], [], 'the logging collector maps no shared memory');
	my %inodes = map { $_ => 1 } map { my $p = $_; eval { mappings($p) } } keys %processes;
	is(keys %inodes, 1, 'the old shared memory is gone');
}
intact($node, 'items', 'items_v_idx', 'after the crash');

# Without the library: what needs no index works, and a warning tells.
my $order = 'SELECT id FROM items ORDER BY v <-> vec(7, 8), id LIMIT 5';
my $answer = $node->safe_psql('postgres', $order);
my $line = qr/HINT:  Add the line "shared_preload_libraries = 'vecprov'" to postgresql\.conf/;
$node->safe_psql('postgres', 'CREATE DATABASE copy TEMPLATE postgres');
$node->safe_psql('postgres', 'CREATE DATABASE empty');
$node->adjust_conf('postgresql.conf', 'shared_preload_libraries', "''");
$node->restart;
my ($rc, $stdout, $stderr) = $node->psql('postgres', "SELECT count(*) FROM items; $order; EXPLAIN (COSTS OFF) $order");
like($stdout, qr/^500\n\Q$answer\E\n.*Seq Scan on items/s, 'without the library: rows are counted and sorted');
is(() = $stderr =~ /WARNING:  vecprov was not loaded when the server started\n.*\n$line/g, 1, 'one warning tells');
foreach my $sql ('COPY items TO STDOUT', "SELECT '[1,2]'::vector + '[1,2]' FROM items", 'ANALYZE items',
	'DELETE FROM items WHERE id = 8', 'ALTER TABLE items ADD more int DEFAULT 3', 'SELECT * FROM pg_indexes',
	'SELECT vecprov_record_size(1, 2, 3, 4)', "INSERT INTO plain VALUES ('[1,2]')")
{
	unlike(stderr_of("BEGIN; $sql; ROLLBACK"), qr/ERROR/, "works: $sql");
}
unlike(stderr_of('VACUUM items'), qr/ERROR/, 'works: VACUUM, while there is nothing to be taken out of the index');
my $dump = $node->basedir . '/dump.sql';
$node->command_ok([ 'pg_dump', '-f', $dump, $node->connstr('postgres') ], 'pg_dump works');
like(slurp_file($dump), qr/COPY public\.items.*\n\d+\t\[.*CREATE INDEX items_v_idx ON public\.items USING vecprov/s, 'and has all');
my $need = qr/ERROR:  55000: vecprov must be loaded when the server starts.*$line/s;
foreach my $sql ('INSERT INTO items SELECT * FROM items LIMIT 1', "SELECT * FROM vecprov_check('items_v_idx')", 'SELECT * FROM vecprov.indexes',
	'SELECT * FROM vecprov.metrics', 'ALTER INDEX items_v_idx SET (replicas = 2)', 'ALTER INDEX items_v_idx RESET (tier, shards)',
	"SELECT vecprov_release('items_v_idx')", 'TRUNCATE items', 'CREATE UNLOGGED TABLE u (v vector(2)); CREATE INDEX ON u USING vecprov (v)')
{
	like(stderr_of($sql), $need, "does not work: $sql");
}
$stderr = stderr_of('CREATE EXTENSION vecprov', 'empty');
like($stderr, $need, 'nor CREATE EXTENSION');
unlike($stderr, qr/WARNING/, 'which has no warning besides');
like(stderr_of("LOAD 'vecprov'; CREATE EXTENSION vecprov", 'empty'), $need, 'nor does it in a session that has loaded the library');
foreach my $sql ('DROP INDEX items_v_idx', 'DROP TABLE items', 'CREATE TABLE u (v vector(2)); DROP EXTENSION vecprov CASCADE')
{
	unlike(stderr_of($sql, 'copy'), qr/ERROR/, "works: $sql");
}
$node->safe_psql('postgres', 'DROP DATABASE copy');
pass('and so does DROP DATABASE');
$node->adjust_conf('postgresql.conf', 'shared_preload_libraries', "'vecprov'");
$node->restart;
intact($node, 'items', 'items_v_idx', 'with the library again');

# Another file of the library, beside that which the server runs.
my ($libdir, $sharedir) = map { my $dir = $node->config_data("--$_"); chomp $dir; $dir } qw(pkglibdir sharedir);
my ($suffix) = grep { -e "$libdir/vecprov.$_" } qw(so dylib);
my $other = $node->basedir . "/vecprov.$suffix";
copy("$libdir/vecprov.$suffix", $other) or die $!;
chmod 0755, $other;
my $version = $node->safe_psql('postgres', "SELECT extversion FROM pg_extension WHERE extname = 'vecprov'");
$stderr = stderr_of("LOAD '$other'");
like($stderr, qr/ERROR:  55000: the server runs another library of vecprov\n/, 'a second library is not loaded');
like($stderr, qr/DETAIL:  .* version \Q$version\E .* version \Q$version\E\.\nHINT:  Restart/, 'and it is told what to do');
is($node->safe_psql('postgres', <<"EOS"), "twice\n$answer", 'the session goes on with the first one');
DO \$\$
BEGIN
	LOAD '$other';
EXCEPTION WHEN object_not_in_prerequisite_state THEN
END \$\$;
DO \$\$
BEGIN
	LOAD '$other';
EXCEPTION WHEN object_not_in_prerequisite_state THEN
END \$\$;
SELECT 'twice';
$order;
EOS

# An extension of another version than the library.
$node->safe_psql('postgres', "UPDATE pg_extension SET extversion = '0.0.9' WHERE extname = 'vecprov'");
like(stderr_of("SELECT * FROM vecprov_facts('items_v_idx', true)"),
	qr/ERROR:  55000: extension "vecprov" is version 0\.0\.9, the server runs version \Q$version\E of its library\nHINT:  Run ALTER EXTENSION vecprov UPDATE/,
	'an older extension: functions say what to do');
is($node->safe_psql('postgres', "SET enable_seqscan = off; SELECT id FROM items ORDER BY v <-> vec(7, 8) LIMIT 1"), 7, 'its indexes work');
SKIP:
{
	skip 'the installation is not ours', 5 unless -w "$sharedir/extension";
	my @scripts = map { "$sharedir/extension/vecprov--$_.sql" } "0.0.9--$version", "$version--99.0", '99.0';
	append_to_file($_, "SELECT 1;\n") foreach @scripts;
	my $newer = qr/ERROR:  55000: extension "vecprov" is version 99\.0, the server runs version \Q$version\E of its library\nHINT:  Install.*restart the server/;
	like(stderr_of("ALTER EXTENSION vecprov UPDATE TO '99.0'"), $newer, 'an update to what the library is not');
	like(stderr_of("CREATE EXTENSION vecprov VERSION '99.0'", 'empty'), $newer, 'or a new extension of it');
	$node->safe_psql('postgres', 'ALTER EXTENSION vecprov UPDATE');
	is($node->safe_psql('postgres', "SELECT extversion FROM pg_extension WHERE extname = 'vecprov'"), $version, 'the update to the library\'s version');
	is($node->safe_psql('postgres', "SELECT tier FROM vecprov_facts('items_v_idx', true)"), 'r10', 'after which functions work');
	unlink @scripts;
}
$node->stop;
unlike(server_log(), qr/TRAP:|PANIC/, 'no assertion failed');
done_testing();
