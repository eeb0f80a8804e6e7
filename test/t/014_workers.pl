# Workers of replicas: they come, run searches for others, and are replaced; whoever asks them gets the right
# answer, whatever happens to them; and they are in nobody's way.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# a processor that we may use
my ($cpu) = -r '/proc/self/status' ? slurp_file('/proc/self/status') =~ /^Cpus_allowed_list:\s*(\d+)/m : 0;

my $node = vecprov_node('main', allows_streaming => 1);
# without huge pages the first searches of a connection are handed over
$node->append_conf('postgresql.conf', <<"EOC");
huge_pages = off
max_connections = 60
shared_buffers = 32MB
max_worker_processes = 24
vecprov.max_workers = 8
vecprov.zones = 'north=$cpu; south=$cpu'
EOC
$node->start;
vecprov_functions($node);
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE items (id int, v vector(80)) WITH (autovacuum_enabled = off);
INSERT INTO items SELECT i, vec(i, 80) FROM generate_series(1, 3000) i;
CREATE INDEX items_v_idx ON items USING vecprov (v) WITH (tier = 'r10', replicas = 2);
CREATE TABLE queries AS SELECT i AS id, near(i * 7, 80) AS q FROM generate_series(1, 200) i;
CREATE FUNCTION batch(k int) RETURNS TABLE (query int, tid tid) LANGUAGE sql AS $$
	SELECT query, ctid FROM vecprov_search('items_v_idx', (SELECT array_agg(q ORDER BY id) FROM queries), k) $$;
CREATE FUNCTION single(k int) RETURNS TABLE (query int, tid tid) LANGUAGE sql SET enable_seqscan = off AS $$
	SELECT q.id, r.ctid FROM queries q CROSS JOIN LATERAL (SELECT ctid FROM items ORDER BY v <-> q.q LIMIT k) r $$;
-- fails when rows are not those that a SELECT finds
CREATE FUNCTION same(k int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
	wrong bigint;
BEGIN
	WITH b AS MATERIALIZED (SELECT * FROM batch(k)), s AS MATERIALIZED (SELECT * FROM single(k))
	SELECT count(*) FROM b FULL JOIN s USING (query, tid) WHERE b.query IS NULL OR s.query IS NULL INTO wrong;
	ASSERT wrong = 0, 'a batch found other rows';
	RETURN k;
END $$;
-- again and again, as a worker may be too slow to begin
CREATE FUNCTION same_often() RETURNS int LANGUAGE sql AS 'SELECT max(same(10)) FROM generate_series(1, 5)';
CREATE FUNCTION search_often() RETURNS int[] LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
	found int[];
BEGIN
	FOR i IN 1 .. 50 LOOP
		SELECT array_agg(id) INTO found FROM (SELECT id FROM items ORDER BY v <-> vec(7, 80) LIMIT 3) r;
	END LOOP;
	RETURN found;
END $$;
SELECT vecprov_wait('items_v_idx', '180 s');
EOS

my $running = "SELECT count(*) FROM vecprov.workers WHERE state = 'Running'";
my $kill = 'SELECT count(pg_terminate_backend(pid)) FROM vecprov.workers WHERE pid IS NOT NULL';

sub workers_become
{
	my ($count, $name, $server, $database) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	ok(($server || $node)->poll_query_until($database || 'postgres', $running, $count), $name);
}

sub same
{
	my ($name, $server) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	is(($server || $node)->safe_psql('postgres', 'SELECT same(10)'), 10, $name);
}

workers_become(2, 'a worker for each replica');
is($node->safe_psql('postgres', "SELECT count(DISTINCT zone), string_agg(DISTINCT zone, ' ' ORDER BY zone) FROM vecprov.replicas WHERE pid IS NOT NULL"),
	'2|north south', 'in different zones');
SKIP:
{
	my $pid = $node->safe_psql('postgres', 'SELECT min(pid) FROM vecprov.replicas');
	skip 'no /proc here', 1 unless -r "/proc/$pid/status";
	like(slurp_file("/proc/$pid/status"), qr/^Cpus_allowed_list:\s*$cpu$/m, 'a worker is bound to the processors of its zone');
}
same('a batch finds what single searches find');
my ($rc, $out, $err) = $node->psql('postgres', "ALTER SYSTEM SET vecprov.zones = 'a=0-; b=1'");
like($err, qr/invalid value for parameter "vecprov.zones".*\n.*Zones look like this/, 'zones that make no sense');
($rc, $out, $err) = $node->psql('postgres', "ALTER SYSTEM SET vecprov.zones = 'a=0; a=1'");
like($err, qr/Two zones have the same name/, 'two zones of one name');

# How many there may be.
sub set_workers
{
	my ($count) = @_;
	$node->safe_psql('postgres', "ALTER SYSTEM SET vecprov.max_workers = $count");
	$node->safe_psql('postgres', 'SELECT pg_reload_conf()');
}
set_workers(1);
ok($node->poll_query_until('postgres', "SELECT string_agg(concat_ws(': ', state, error), ', ' ORDER BY replica) FROM vecprov.workers",
	'Running, Missing: vecprov.max_workers is reached'), 'as many as the setting allows');
same('one helps');
set_workers(0);
workers_become(0, 'none');
same('nobody helps');
set_workers(8);
workers_become(2, 'they are back');
$node->safe_psql('postgres', "SELECT vecprov_set_tier('items_v_idx', 'r40')");
workers_become(8, 'a worker for each unit');
same('eight seats');
$node->safe_psql('postgres', "SELECT vecprov_set_replicas('items_v_idx', 0)");
workers_become(0, 'none for a suspended index');
$node->safe_psql('postgres', "SELECT vecprov_provision('items_v_idx', 'r10', 1, 2)");
workers_become(2, 'two again');

# Workers that stop in the middle of a search, those that are started from now on, once each. Who asks for a
# search waits until it is done or the worker ends.
sub stop_workers
{
	$node->safe_psql('postgres', "ALTER DATABASE postgres SET vecprov.debug_point = 'search-seated=wait'");
	my $old = $node->safe_psql('postgres', 'SELECT array_agg(pid) FROM vecprov.workers');
	$node->safe_psql('postgres', $kill);
	# who sleeps has read its settings, and the table
	$node->poll_query_until('postgres', <<"EOS") or die 'no new workers';
SELECT count(*) = 2 FROM vecprov.workers JOIN pg_stat_activity USING (pid)
	WHERE wait_event_type = 'Extension' AND pid <> ALL ('$old'::int[])
EOS
	$node->safe_psql('postgres', 'ALTER DATABASE postgres RESET vecprov.debug_point');
}
my $stopped = "SELECT count(*) > 0 FROM pg_stat_activity WHERE backend_type = 'vecprov worker' AND wait_event = 'advisory'";

sub asking
{
	my ($sql) = @_;
	my $session = $node->background_psql('postgres', on_error_stop => 0);

	$session->query_safe('SET enable_seqscan = off');
	$session->query_until(qr/started/, "\\echo started\n$sql;\n\\echo finished\n");
	$node->poll_query_until('postgres', $stopped) or die 'no worker stopped';
	return $session;
}

my $search = 'SELECT search_often()';
my $answer = $node->safe_psql('postgres', $search);

stop_workers();
my $gate = hold($node);
my $session = asking('SELECT same_often()');
is($node->safe_psql('postgres', 'SELECT sum(in_use) > 0 FROM vecprov.replicas'), 't', 'a worker has a seat, and a query of a batch');
$node->safe_psql('postgres', $kill);
($out, $err) = finish_session($session);
like($out, qr/^10$/m, 'its worker ended: the batch is answered all the same');
$session->quit;
$gate->quit;
workers_become(2, 'others come');

stop_workers();
$gate = hold($node);
$session = asking($search);
$node->safe_psql('postgres', $kill);
($out, $err) = finish_session($session);
like($out, qr/^\Q$answer\E$/m, 'the same of a first search');
$session->quit;
$gate->quit;
workers_become(2, 'others come');

stop_workers();
$gate = hold($node);
$session = asking($search);
$gate->quit;
($out, $err) = finish_session($session);
like($out, qr/^\Q$answer\E$/m, 'the worker goes on: it has the answer');
$session->quit;

foreach my $sql ($search, 'SELECT same_often()')
{
	stop_workers();
	$gate = hold($node);
	$session = asking("SET statement_timeout = '5s'; $sql");
	($out, $err) = finish_session($session);
	like($err, qr/canceling statement due to statement timeout/, 'who waits for a worker can leave');
	$gate->quit;
	$session->quit;
}
$node->poll_query_until('postgres', $stopped, 'f') or die 'workers still stop';
same('what was left is cleared up');
is($node->safe_psql('postgres', 'SELECT sum(in_use) FROM vecprov.replicas'), 0, 'and no seat is lost');

# DDL does not wait for workers that have nothing to do, nor they for it.
$node->safe_psql('postgres', <<'EOS');
SET statement_timeout = '180s';
REINDEX INDEX items_v_idx;
SELECT same(10);
BEGIN;
DROP INDEX items_v_idx;
ROLLBACK;
SELECT same(10);
EOS
$session = $node->background_psql('postgres');
$session->query_safe('BEGIN; SELECT same(10)');
my $ddl = $node->background_psql('postgres');
$ddl->query_until(qr/started/, "\\echo started\nDROP INDEX items_v_idx;\n\\echo finished\n");
$node->poll_query_until('postgres', "SELECT count(*) FROM pg_stat_activity WHERE query ~ '^DROP INDEX' AND wait_event_type = 'Lock'", '1');
is($session->query_safe('SELECT same(10)'), 10, 'a batch while somebody waits to drop the index');
$session->query_safe('COMMIT');
finish_session($ddl);
$_->quit foreach ($session, $ddl);
workers_become(0, 'no index, no workers');
$node->safe_psql('postgres', <<'EOS');
CREATE INDEX items_v_idx ON items USING vecprov (v) WITH (tier = 'r10', replicas = 2);
SELECT vecprov_wait('items_v_idx', '180 s');
EOS
workers_become(2, 'an index again');

# Databases that have workers.
sub make_database
{
	my ($name) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $name");
	$node->safe_psql($name, <<'EOS');
CREATE EXTENSION vecprov;
CREATE TABLE t (v vector(2));
CREATE INDEX t_idx ON t USING vecprov (v) WITH (tier = 'r10', replicas = 2);
CREATE INDEX t_idx2 ON t USING vecprov (v vector_cosine_ops) WITH (tier = 'r10');
SELECT vecprov_wait('t_idx', '180 s'), vecprov_wait('t_idx2', '180 s');
EOS
	$node->poll_query_until($name, $running, '3') or die "no workers in $name";
}
make_database('first');
$node->safe_psql('postgres', 'CREATE DATABASE second TEMPLATE first');
pass('a database with workers is copied');
$node->poll_query_until($_, $running, '3') or die "no workers in $_" foreach qw(first second);
$node->safe_psql('postgres', 'ALTER DATABASE first RENAME TO third');
pass('renamed');
$node->poll_query_until('third', $running, '3') or die 'no workers in third';
$node->safe_psql('postgres', 'DROP DATABASE third');
pass('dropped');
# its keeper gone for a moment
$node->safe_psql('postgres', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'vecprov keeper'");
$node->safe_psql('postgres', 'DROP DATABASE second');
pass('dropped without a keeper');

# A zone after another is lost while clients search, one after another and in batches, and the number of replicas
# changes. No search fails.
my %file = (
	single => "\\set i random(1, 3000)\nSELECT id FROM items ORDER BY v <-> vec(:i, 80) LIMIT 10;\n",
	batch => "SELECT same(5);\n",
	loss => <<'EOS');
\set zone random(0, 1)
SELECT count(pg_terminate_backend(pid)) FROM vecprov.workers WHERE pid IS NOT NULL AND (zone = 'north') = (:zone = 0);
\set n random(1, 40)
\if :n <= 3
SELECT vecprov_set_replicas('items_v_idx', :n);
\endif
EOS
append_to_file($node->basedir . "/$_.sql", $file{$_}) foreach keys %file;
my $connection = $node->connstr('postgres');
my (@clients, %output);
foreach my $kind (qw(single batch))
{
	# a connection for each search
	$output{$kind} = '';
	push @clients, IPC::Run::start(
		[ 'pgbench', '-n', '-C', '-c', '3', '-T', '8', '-f', $node->basedir . "/$kind.sql", $connection ],
		'<', \undef, '>', \$output{$kind}, '2>&1');
}
$node->command_ok([ 'pgbench', '-n', '-c', '1', '-T', '8', '--rate', '10', '--random-seed', '1', '-f', $node->basedir . '/loss.sql', $connection ],
	'workers are lost, replicas come and go');
$_->finish foreach @clients;
unlike($output{$_}, qr/ERROR|FATAL|abort/, "no search fails: $_") foreach qw(single batch);
like($output{$_}, qr/number of transactions actually processed: [1-9]/, "and some are done: $_") foreach qw(single batch);
$node->safe_psql('postgres', "SELECT vecprov_set_replicas('items_v_idx', 2)");
workers_become(2, 'all are replaced');
is($node->safe_psql('postgres', 'SELECT sum(in_use) FROM vecprov.replicas'), 0, 'no seat is lost');
intact($node, 'items', 'items_v_idx', 'after losses');

# A worker that is killed takes the server with it, which comes back by itself.
my $offset = log_end($node);
my $pid = $node->safe_psql('postgres', 'SELECT min(pid) FROM vecprov.workers');
kill 'KILL', $pid;
crash_and_wait($node, $offset);
ok($node->poll_query_until('postgres', "SELECT state FROM vecprov.indexes WHERE index = 'items_v_idx'::regclass", 'Ready'), 'warm again by itself');
workers_become(2, 'with workers');
ok($node->poll_query_until('postgres', "SELECT heap_blks_read + heap_blks_hit >= pg_relation_size('items') / current_setting('block_size')::int FROM pg_statio_user_tables WHERE relid = 'items'::regclass"), 'a worker has read the table');
my $plan = $node->safe_psql('postgres', 'SET enable_seqscan = off; EXPLAIN (ANALYZE, BUFFERS) SELECT id FROM items ORDER BY v <-> vec(7, 80) LIMIT 10');
like($plan, qr/Index Scan.*Buffers: shared hit=\d+\n.*Planning/s, 'the first search reads nothing');
same('as before');

# A standby has workers of its own.
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->append_conf('postgresql.conf', 'huge_pages = try');
$standby->start;
ok($standby->poll_query_until('postgres', "SELECT state FROM vecprov.indexes WHERE index = 'items_v_idx'::regclass", 'Ready'), 'a standby gets warm');
workers_become(2, 'and has workers', $standby);
same('which work', $standby);
make_database('fourth');
$node->wait_for_catchup($standby);
workers_become(3, 'of each database', $standby, 'fourth');
$node->safe_psql('postgres', 'DROP DATABASE fourth');
$node->wait_for_catchup($standby);
pass('the drop of a database is replayed');
$node->safe_psql('postgres', 'REINDEX INDEX items_v_idx; DELETE FROM items WHERE id % 3 = 0');
$node->wait_for_catchup($standby);
same('and DDL', $standby);
$standby->promote;
workers_become(2, 'promoted', $standby);
same('it goes on', $standby);
intact($standby, 'items', 'items_v_idx', 'promoted');
$standby->stop;
intact($node, 'items', 'items_v_idx', 'at the end');
unlike(slurp_file($node->logfile), qr/TRAP:|PANIC/, 'no assertion failed');
$node->stop;
done_testing();
