# What the TAP tests of vecprov share: servers with the library loaded, vectors that are the same on
# every run, crashes on purpose, and what every hard test ends with: is the index sound, and does it
# return every row?

package VecprovTest;

use strict;
use warnings;

use Exporter 'import';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

our @EXPORT = qw(
  vecprov_node vecprov_functions vacuum crash_at crash_and_wait start_again log_end
  intact other_types all_intact hold at_point finish_session spit slurp
);

# A server with vecprov, with room for the workers of all indexes that tests provision, whose capacity may be
# changed as often as a test likes. It comes back by itself when a backend is killed.
sub vecprov_node
{
	my ($name, %params) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(%params);
	$node->append_conf('postgresql.conf', <<'EOC');
shared_preload_libraries = 'vecprov'
restart_after_crash = on
autovacuum = off
log_statement = none
max_wal_size = 1GB
max_worker_processes = 32
vecprov.max_workers = 24
vecprov.tier_change_interval = 0
vecprov.scale_change_interval = 0
EOC
	$node->append_conf('postgresql.conf', "wal_level = replica\n") unless $params{allows_streaming};
	return $node;
}

# The extension and test functions; `create`: SQL that makes it otherwise than usual.
# vec(i, dims): vector number i of a fixed sequence: 40 clusters with noise around them.
# near(i, dims): another one beside it, not the same.
sub vecprov_functions
{
	my ($node, $create) = @_;

	$node->safe_psql('postgres', $create // 'CREATE EXTENSION vecprov');
	$node->safe_psql('postgres', <<'EOS');
CREATE FUNCTION vec(i int, dims int) RETURNS vector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT array_agg(((hashint4extended(i % 40, d) & 1023) + (hashint4extended(i, d) & 255)) / 1024.0
		ORDER BY d)::real[]::vector
	FROM generate_series(1, dims) d
$$;
CREATE FUNCTION near(i int, dims int) RETURNS vector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT vec(i, dims) + (SELECT array_agg((hashint4extended(i, -d) & 15) / 4096.0 ORDER BY d)
		FROM generate_series(1, dims) d)::real[]::vector
$$;
EOS
}

# VACUUM that removes all rows that are gone: waits until nobody has an older snapshot (sql/include/vacuum.sql).
sub vacuum
{
	my ($node, $what) = @_;

	$node->safe_psql('postgres', "\\i $ENV{TESTDIR}/sql/include/vacuum.sql\n:vacuum $what");
	return;
}

sub log_end
{
	my ($node) = @_;
	return -s $node->logfile;
}

# Waits until the server has recovered from a crash that happened after this offset of its log.
sub crash_and_wait
{
	my ($node, $offset) = @_;

	$node->wait_for_log(qr/database system is ready to accept connections/, $offset);
	$node->poll_query_until('postgres', 'SELECT true')
	  or die 'the server did not come back';
}

# Starts a server after a kill -9 of its postmaster; its backends may still be on their way out.
sub start_again
{
	my ($node, $tries) = @_;

	foreach (1 .. $tries // 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		return if $node->start(fail_ok => 1);
		# forgets the process id that the dead one left
		$node->stop('fast', fail_ok => 1);
		usleep(100_000);
	}
	die 'the server does not start';
}

# Runs SQL with a debug point set to crash. True when it did; then the server is up again.
sub crash_at
{
	my ($node, $point, $sql) = @_;
	my $offset = log_end($node);
	my ($stdout, $stderr);
	my $rc = $node->psql('postgres', "SET vecprov.debug_point = '$point'; $sql",
		stdout => \$stdout, stderr => \$stderr, on_error_die => 0, on_error_stop => 1);

	return 0 if $rc == 0;
	die "at $point: $stderr" unless $stderr =~ /server closed the connection|terminating connection/;
	crash_and_wait($node, $offset);
	return 1;
}

# The three questions about an index that are asked again and again, all in one session:
# vecprov_check finds no broken rule; a scan of the index to its end returns exactly the rows that the
# table has, each once; and a search for a row's own vector finds it or an equal one (HNSW may miss
# one in two hundred). The table has the columns id and v, or `column` with its operator `op`. `where`:
# whose vectors are searched for.
sub intact
{
	my ($node, $table, $index, $name, $where, $column, $op) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$where = defined $where ? "AND $where" : '';
	$column ||= 'v';
	$op ||= '<->';
	# the cosine distance of a vector from itself is rounded; others have larger products with it
	my $own = $op eq '<=>' ? '1e-6' : $op eq '<#>' ? "a.$column <#> a.$column" : '0';

	my $answer = $node->safe_psql('postgres', <<"EOS");
SET client_min_messages = warning;
SELECT 'broken', * FROM vecprov_check('$index', true) LIMIT 20;
SET enable_seqscan = off;
SET enable_sort = off;
SET vecprov.ef_search = 100;
SET vecprov.iterative_scan = relaxed_order;
SET vecprov.max_scan_tuples = 1000000000;
SELECT coalesce(array_agg(id), '{}') AS found FROM
	(SELECT id FROM $table ORDER BY $column $op (SELECT $column FROM $table LIMIT 1) LIMIT 1000000000) x \\gset
SELECT 'missed', count(*), 'of', (SELECT count(*) FROM $table WHERE $column IS NOT NULL $where)
	FROM $table a LEFT JOIN LATERAL
	(SELECT b.$column $op a.$column AS dist FROM $table b ORDER BY b.$column $op a.$column LIMIT 1) n ON true
	WHERE $column IS NOT NULL $where AND coalesce(dist > $own, true)
	HAVING count(*) > 1 + (SELECT count(*) FROM $table WHERE $column IS NOT NULL $where) / 200;
RESET enable_seqscan;
RESET enable_sort;
SELECT 'twice', id FROM unnest(:'found'::bigint[]) id GROUP BY id HAVING count(*) > 1 LIMIT 5;
SELECT 'not returned', id FROM (SELECT id FROM $table
	EXCEPT SELECT unnest(:'found'::bigint[])) x LIMIT 5;
SELECT 'not there', id FROM (SELECT unnest(:'found'::bigint[]) AS id
	EXCEPT SELECT id FROM $table) x LIMIT 5;
EOS
	is($answer, '', "$name: no rule is broken, every row is returned once and found");
}

# SQL that gives a table with a column v vector(80) columns of the other types, made of v, and an
# index each: h halfvec, b bit, s sparsevec. all_intact looks at the four.
sub other_types
{
	my ($table) = @_;

	return <<"EOS";
ALTER TABLE $table ADD h halfvec(80) GENERATED ALWAYS AS (v::halfvec(80)) STORED,
	ADD b bit(80) GENERATED ALWAYS AS (binary_quantize(v - array_fill(0.6::real, ARRAY[80])::vector)::bit(80)) STORED,
	ADD s sparsevec(80) GENERATED ALWAYS AS (v::sparsevec(80)) STORED;
CREATE INDEX ${table}_h_idx ON $table USING vecprov (h halfvec_l2_ops);
CREATE INDEX ${table}_b_idx ON $table USING vecprov (b bit_hamming_ops);
CREATE INDEX ${table}_s_idx ON $table USING vecprov (s sparsevec_l2_ops);
EOS
}

sub all_intact
{
	my ($node, $table, $name, $where) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	intact($node, $table, "${table}_v_idx", $name, $where);
	intact($node, $table, "${table}_h_idx", "$name, halfvec", $where, 'h');
	intact($node, $table, "${table}_b_idx", "$name, bit", $where, 'b', '<~>');
	intact($node, $table, "${table}_s_idx", "$name, sparsevec", $where, 's');
}

# A session that holds the lock on which debug points wait, until it is told to let go (quit).
sub hold
{
	my ($node) = @_;
	my $session = $node->background_psql('postgres');

	$session->query_safe('SELECT pg_advisory_lock(7670)');
	return $session;
}

# Starts SQL in a session of its own that stops at a debug point, and returns when it is there.
sub at_point
{
	my ($node, $point, $sql) = @_;
	my $session = $node->background_psql('postgres', on_error_stop => 0);

	$session->query_safe("SET application_name = 'at_point'; SET vecprov.debug_point = '$point=wait'");
	$session->query_until(qr/started/, "\\echo started\n$sql;\n\\echo finished\n");
	$node->poll_query_until('postgres', <<'EOS') or die "never came to $point";
SELECT EXISTS (SELECT FROM pg_stat_activity
	WHERE application_name = 'at_point' AND wait_event_type = 'Lock' AND wait_event = 'advisory')
EOS
	return $session;
}

# Returns what a session printed when its statement ends.
sub finish_session
{
	my ($session) = @_;
	my $output = $session->query_until(qr/finished/, '');
	return ($output, $session->{stderr});
}

# Writes a file beside a server's data, byte by byte; returns its whole name.
sub spit
{
	my ($node, $name, $text) = @_;
	my $file = $node->basedir . "/$name";

	open my $out, '>:raw', $file or die "$file: $!";
	print $out $text;
	close $out;
	return $file;
}

# What is in such a file; nothing if it is not there.
sub slurp
{
	my ($node, $name) = @_;

	open my $in, '<:raw', $node->basedir . "/$name" or return '';
	return do { local $/; <$in> };
}

1;
