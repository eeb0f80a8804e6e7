# vecprov_doctor tells what is wrong and what to type, above all where nothing
# else of vecprov answers: the library is not loaded at the start, or is of
# another version. What it says to type is typed, and helps.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = vecprov_node('main');
$node->append_conf('postgresql.conf', <<'EOC');
shared_buffers = 16MB
huge_pages = off
max_worker_processes = 8
max_prepared_transactions = 2
vecprov.max_workers = 4
EOC
$node->start;

# What is said to type of an item, and typed, a statement each.
sub advice
{
	my ($item, $psql) = @_;

	return $node->safe_psql('postgres', "SELECT advice FROM vecprov_doctor() WHERE item LIKE '$item' AND advice IS NOT NULL");
}
sub state_of
{
	my ($item) = @_;

	return $node->safe_psql('postgres', "SELECT state FROM vecprov_doctor() WHERE item LIKE '$item'");
}
sub follow
{
	my ($advice) = @_;

	$node->safe_psql('postgres', $_) foreach grep { !/^\s*--/ } split /(?<=;)\s+/, $advice =~ s/\s+--.*//mgr;
}

vecprov_functions($node);
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE items (id integer, v vector(80));
INSERT INTO items SELECT i, vec(i, 80) FROM generate_series(1, 2000) i;
CREATE INDEX items_v_idx ON items USING vecprov (v);
ANALYZE items;
EOS
is(advice('%'), '', 'nothing is in the way');
like(state_of('memory'), qr/^searches need [1-9] MB of the indexes of this database, shared_buffers is 17 MB$/, 'memory');
is(state_of('huge pages'), 'huge_pages is off, shared memory is not made of them', 'huge pages');

# Workers
$node->safe_psql('postgres', "SELECT vecprov_provision('items_v_idx', 'r10', 1, 5)");
$node->poll_query_until('postgres', "SELECT state LIKE '2 run of 5 %' FROM vecprov_doctor() WHERE item = 'workers'")
  or die 'workers: ' . state_of('workers');
like(state_of('workers'), qr/: max_worker_processes leaves no room for it$/, 'workers: too few');
my $advice = advice('workers');
is($advice, 'ALTER SYSTEM SET vecprov.max_workers = 5; ALTER SYSTEM SET max_worker_processes = 11;  -- then restart the server', 'what to type');
follow($advice);
$node->restart;
$node->poll_query_until('postgres', "SELECT state LIKE '5 run of 5 %' FROM vecprov_doctor() WHERE item = 'workers'")
  or die 'workers: ' . state_of('workers');
is(advice('workers'), '', 'enough');
$node->safe_psql('postgres', "SELECT vecprov_release('items_v_idx')");

# Memory: more indexes than shared buffers
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE wide (v vector(1000));
INSERT INTO wide SELECT array_agg(hashint4extended(i, d) & 255)::real[]::vector FROM generate_series(1, 3000) i, generate_series(1, 1000) d GROUP BY i;
SET maintenance_work_mem = '64MB';
CREATE INDEX wide_1 ON wide USING vecprov (v vector_l1_ops);
CREATE INDEX wide_2 ON wide USING vecprov (v vector_l1_ops);
CREATE INDEX wide_3 ON wide USING vecprov (v vector_l1_ops);
CREATE INDEX wide_4 ON wide USING vecprov (v vector_l1_ops);
EOS
like(advice('memory'), qr/^ALTER SYSTEM SET shared_buffers = '\d+MB';  -- then restart the server$/, 'memory: too little');
follow(advice('memory'));
$node->restart;
is(advice('memory'), '', 'enough');
$node->safe_psql('postgres', 'DROP TABLE wide');

# An index that is locked, and one that is damaged
my $holder = $node->background_psql('postgres');
$holder->query_safe('BEGIN; LOCK TABLE items IN ACCESS EXCLUSIVE MODE');
is($node->safe_psql('postgres', "SET lock_timeout = '1s'; SELECT count(*) FROM vecprov_doctor() WHERE item = 'memory'"), 1, 'waits for nobody');
$holder->query_safe('COMMIT');
$holder->quit;
$node->safe_psql('postgres', 'CREATE TABLE bad AS SELECT * FROM items; CREATE INDEX bad_v_idx ON bad USING vecprov (v); ANALYZE bad; CHECKPOINT');
my $file = $node->data_dir . '/' . $node->safe_psql('postgres', "SELECT pg_relation_filepath('bad_v_idx')");
$node->stop;
open my $handle, '+<', $file or die;
seek $handle, 40, 0;
print $handle "\xff" x 64;
close $handle;
$node->start;
is(advice('index public.bad_v_idx'), 'REINDEX INDEX public.bad_v_idx;', 'a damaged index');
follow(advice('index public.bad_v_idx'));
is(advice('index %'), '', 'sound again');

# The library is not loaded
$node->adjust_conf('postgresql.conf', 'shared_preload_libraries', "'auto_explain, pg_prewarm'");
$node->restart;
is(state_of('library'), 'not loaded when the server started: indexes cannot be used', 'not preloaded');
$advice = advice('library');
is($advice, q{ALTER SYSTEM SET shared_preload_libraries = 'auto_explain', 'pg_prewarm', 'vecprov';  -- then restart the server}, 'what to type');
$node->safe_psql('postgres', 'CREATE ROLE somebody');
is($node->safe_psql('postgres', "SET ROLE somebody; SELECT advice FROM vecprov_doctor() WHERE item = 'library'"), '-- a superuser tells what to type',
	'to whom the setting is not shown');
follow($advice);
$node->restart;
is(state_of('library'), 'loaded when the server started', 'preloaded');
is($node->safe_psql('postgres', 'SHOW shared_preload_libraries'), 'auto_explain, pg_prewarm, vecprov', 'beside the others');

# The extension is of another version
$node->safe_psql('postgres', "UPDATE pg_extension SET extversion = '0.1.0' WHERE extname = 'vecprov'");
is(advice('versions'), 'ALTER EXTENSION vecprov UPDATE;', 'an old extension');
$node->safe_psql('postgres', "UPDATE pg_extension SET extversion = '0.2.0' WHERE extname = 'vecprov'");

# Transactions that are open, and then old: the test has no hour
my $open = $node->background_psql('postgres', on_error_stop => 0);
my $pid = $open->query_safe('BEGIN; SELECT pg_backend_pid()');
$node->safe_psql('postgres', "BEGIN; CREATE TABLE prepared (); PREPARE TRANSACTION 'it''s'");
my $old = "FROM vecprov_doctor() WHERE item = 'old transactions'";
is($node->safe_psql('postgres', "SELECT count(*) $old"), 0, 'none is old');
my $definition = $node->safe_psql('postgres', "SELECT pg_get_functiondef('vecprov_doctor_server'::regproc)");
is(($definition =~ s/interval '1 hour'/interval '0 hours'/g), 2, 'an hour is old');
$node->safe_psql('postgres', $definition);
like(state_of('old transactions'), qr/^process $pid has a transaction since .*\nprepared transaction it's has a transaction since /, 'two are old');
$advice = advice('old transactions');
is($advice, "SELECT pg_terminate_backend($pid);\nROLLBACK PREPARED 'it''s';", 'what to type');
follow($advice);
$node->poll_query_until('postgres', "SELECT count(*) = 0 $old");
is($node->safe_psql('postgres', "SELECT count(*) $old"), 0, 'none is left');
$open->{run}->kill_kill;

$node->stop;
done_testing();
