# What an index holds is what its rows are, also for others: while somebody
# writes, after ROLLBACK PREPARED and COMMIT PREPARED, after a crash, on a
# standby and where logical replication writes; and a limit that is changed
# beside writers.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = vecprov_node('main', allows_streaming => 'logical');
$node->append_conf('postgresql.conf', <<'EOC');
max_prepared_transactions = 5
EOC
$node->start;
$node->safe_psql('postgres', <<'EOS');
CREATE EXTENSION vecprov;
INSERT INTO vecprov.tiers (name, shard_bytes, keeps_vectors, units) VALUES ('tiny', 100000, false, 1);
-- 8 + 12 + 80 bytes: a record of 100
CREATE TABLE items (id bigint PRIMARY KEY, v vector(3), body text);
CREATE FUNCTION new_rows(low int, n int) RETURNS SETOF items LANGUAGE sql AS
	$$ SELECT i, ARRAY[1 + i % 97, i % 89, i % 83]::vector(3), repeat('x', 80) FROM generate_series(low, low + n - 1) i $$;
INSERT INTO items SELECT * FROM new_rows(1, 900);
CREATE INDEX items_idx ON items USING vecprov (v) WITH (tier = tiny);
EOS

$node->safe_psql('postgres', "INSERT INTO vecprov.tiers (name, shard_bytes, keeps_vectors, units) VALUES ('smaller', 60000, false, 1)");
my $full = qr/index "items_idx" has reached its capacity of \d+ bytes/;

# Records and bytes: of the table, of the index, broken rules.
sub sizes
{
	my ($on) = @_;
	return ($on // $node)->safe_psql('postgres', <<'EOS');
SELECT count(*), f.records - count(*), f.index_size - sum(20 + octet_length(body)),
	(SELECT count(*) FROM vecprov_check('items_idx', true))
FROM items, vecprov_facts('items_idx', true) f GROUP BY f.records, f.index_size
EOS
}

sub insert
{
	my ($low, $n) = @_;
	my ($rc, $stdout, $stderr) = $node->psql('postgres', "INSERT INTO items SELECT * FROM new_rows($low, $n)");
	return $rc == 0 ? 'ok' : $stderr =~ /$full/ ? 'full' : $stderr;
}

sub size_now { return $node->safe_psql('postgres', "SELECT index_size FROM vecprov_facts('items_idx', true)") }

# While another one writes: what it has inserted counts, what it has replaced does not help others.
my $writer = $node->background_psql('postgres', on_error_stop => 0);
$writer->query_safe('BEGIN; INSERT INTO items SELECT * FROM new_rows(1001, 60)');
is(size_now(), 96000, 'what is being inserted counts');
is(insert(2001, 41), 'full', 'the rest is what there is');
is(insert(2001, 40), 'ok', 'all of it');
is(size_now(), 100000, 'full');
$writer->query_safe('ROLLBACK');
is(sizes(), '940|0|0|0', 'nothing is left of a rollback, for others at once');
$writer->query_safe("BEGIN; UPDATE items SET v = v + '[1,1,1]', body = left(body, 40)");
is(size_now(), 94000, 'rows that are being made shorter do not count as shorter for others');
is(insert(3001, 61), 'full', '... nor is their room given away');
is($writer->query_safe("SELECT index_size FROM vecprov_facts('items_idx', true)"), 940 * 60, '... who does it sees it');
$writer->query_safe('COMMIT');
is(sizes(), '940|0|0|0', '... and all when that has committed');
$node->safe_psql('postgres', "UPDATE items SET v = v + '[1,1,1]', body = repeat('x', 80)");
is(sizes(), '940|0|0|0', 'back again');
vacuum($node, 'items');
is(sizes(), '940|0|0|0', 'after VACUUM, too');

# An old snapshot, for which VACUUM leaves the versions before
$writer->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM items');
$node->safe_psql('postgres', "UPDATE items SET v = v + '[1,1,1]'");
vacuum_now();
is(sizes(), '940|0|0|0', 'VACUUM beside an old snapshot');
insert(3001, 61);
vacuum_now();
is(sizes(), '940|0|0|0', '... marks what was aborted');
$writer->query_safe('COMMIT');
vacuum($node, 'items');
is(sizes(), '940|0|0|0', '... and the rest when that has gone');

sub vacuum_now { $node->safe_psql('postgres', 'VACUUM items') }

# Prepared transactions
$node->safe_psql('postgres', "BEGIN; INSERT INTO items SELECT * FROM new_rows(1001, 60); PREPARE TRANSACTION 'one'");
is(size_now(), 100000, 'what was prepared counts');
is(insert(2101, 1), 'full', '... for others');
$node->restart;
is(insert(2101, 1), 'full', '... after a restart');
$node->safe_psql('postgres', "ROLLBACK PREPARED 'one'");
is(sizes(), '940|0|0|0', '... and no more when it was rolled back');
$node->safe_psql('postgres', "BEGIN; SAVEPOINT a; INSERT INTO items SELECT * FROM new_rows(1001, 20); ROLLBACK TO a; "
	  . "INSERT INTO items SELECT * FROM new_rows(1001, 10); UPDATE items SET v = v + '[1,1,1]' WHERE id < 50; PREPARE TRANSACTION 'two'");
$node->stop('immediate');
$node->start;
is(size_now(), 95000, 'after a crash it counts without what had aborted, and replaces nothing yet');
$node->safe_psql('postgres', "COMMIT PREPARED 'two'");
is(sizes(), '950|0|0|0', 'when it has committed it does');

# A crash, of the server and of a backend
$writer->quit;
$writer = $node->background_psql('postgres', on_error_stop => 0);
$writer->query_safe("BEGIN; INSERT INTO items SELECT * FROM new_rows(1101, 50); UPDATE items SET v = v + '[1,1,1]' WHERE id < 100");
$node->safe_psql('postgres', 'CHECKPOINT');
$node->stop('immediate');
$writer->{run}->finish;
$node->start;
is(sizes(), '950|0|0|0', 'after a crash nothing is left of who was writing');
is(insert(4001, 50), 'ok', '... and its room is there');
is(insert(4101, 1), 'full', 'but no more');
$node->safe_psql('postgres', 'DELETE FROM items WHERE id > 4000');
vacuum($node, 'items');
is(sizes(), '950|0|0|0', 'VACUUM has nothing to mend');

# A standby, promoted while a transaction was open
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
$writer = $node->background_psql('postgres', on_error_stop => 0);
$writer->query_safe("BEGIN; INSERT INTO items SELECT * FROM new_rows(1201, 30); SAVEPOINT a; INSERT INTO items SELECT * FROM new_rows(1301, 10); ROLLBACK TO a");
$node->safe_psql('postgres', "BEGIN; INSERT INTO items SELECT * FROM new_rows(1401, 10); ROLLBACK; UPDATE items SET v = v + '[1,1,1]' WHERE id < 100");
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
is($standby->safe_psql('postgres', "SELECT index_size FROM vecprov_facts('items_idx', true)"), 98000, 'a standby says the same');
$standby->promote;
is(sizes($standby), '950|0|0|0', 'who was writing when a standby is promoted has aborted');
$standby->stop;
$writer->query_safe('ROLLBACK');

# Logical replication: its worker updates without an executor of the usual kind.
my $subscriber = vecprov_node('subscriber');
$subscriber->start;
$subscriber->safe_psql('postgres', "CREATE EXTENSION vecprov; CREATE TABLE items (id bigint PRIMARY KEY, v vector(3), body text); CREATE INDEX items_idx ON items USING vecprov (v)");
$node->safe_psql('postgres', 'CREATE TABLE two (id bigint PRIMARY KEY, v vector(3), body text); CREATE PUBLICATION p FOR TABLE items, two');
$subscriber->safe_psql('postgres', 'CREATE TABLE two (id bigint PRIMARY KEY, v vector(3), body text); CREATE INDEX two_idx ON two USING vecprov (v)');
my $connection = $node->connstr . ' dbname=postgres';
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION s CONNECTION '$connection' PUBLICATION p");
$subscriber->wait_for_subscription_sync($node, 's');
is(sizes($subscriber), '950|0|0|0', 'a subscriber has copied all');
$node->safe_psql('postgres', "UPDATE items SET v = v + '[1,1,1]'");
$node->wait_for_catchup('s');
is(sizes($subscriber), '950|0|0|0', 'versions of the same size that it has replaced count once');

# An update that was rolled back leaves a version that leads to the place of its successor. There the other row's version comes.
$node->safe_psql('postgres', "INSERT INTO two VALUES (1, '[1,2,3]', repeat('x', 400)), (2, '[3,2,1]', repeat('x', 80))");
$node->wait_for_catchup('s');
$subscriber->safe_psql('postgres', "BEGIN; UPDATE two SET v = v + '[1,1,1]' WHERE id = 1; ROLLBACK");
$subscriber->safe_psql('postgres', 'VACUUM two');
$node->safe_psql('postgres', "UPDATE two SET v = v + '[1,1,1]' WHERE id = 2");
$node->wait_for_catchup('s');
is($subscriber->safe_psql('postgres', 'SELECT ctid FROM two WHERE id = 2'), '(0,3)', 'a row has the place of a version that is gone');
is($subscriber->safe_psql('postgres', "SELECT f.index_size - sum(20 + octet_length(body)) FROM two, vecprov_facts('two_idx', true) f GROUP BY f.index_size"),
	0, '... and replaces its own, not the one that led there');
$subscriber->stop;
$node->safe_psql('postgres', 'DROP PUBLICATION p; DROP TABLE two');

# A limit that is raised is seen by a statement that has begun before.
$node->safe_psql('postgres', 'CREATE TABLE gate (n int); INSERT INTO gate VALUES (1)');
$node->safe_psql('postgres', <<'EOS');
CREATE FUNCTION wait_at(i int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_advisory_lock_shared(i);
	PERFORM pg_advisory_unlock_shared(i);
	RETURN i;
END $$;
EOS
my $gate = $node->background_psql('postgres');
$gate->query_safe('SELECT pg_advisory_lock(1)');
$writer = $node->background_psql('postgres', on_error_stop => 0);

# Begins an insert of rows, of which all but the first come when the gate opens.
sub begin_insert
{
	my ($low, $n) = @_;
	$writer->{stdin} .= "INSERT INTO items SELECT r.* FROM generate_series(0, " . ($n - 1) . ") g, "
	  . "LATERAL (SELECT CASE WHEN g = 1 THEN wait_at(1) END OFFSET 0) w, LATERAL new_rows($low + g, 1) r;\n";
	$writer->{run}->pump_nb;
	$node->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted");
}

# Lets it go on; what it said.
sub end_insert
{
	$gate->query_safe('SELECT pg_advisory_unlock(1)');
	my $answer = $writer->query('SELECT 1');
	my $errors = $writer->{stderr};
	$writer->{stderr} = '';
	$gate->query_safe('SELECT pg_advisory_lock(1)');
	return $errors =~ /$full/ ? 'full' : $errors eq '' ? 'ok' : $errors;
}

is(sizes(), '950|0|0|0', 'before changes of the limit');
begin_insert(5001, 100);
$node->safe_psql('postgres', "SELECT vecprov_set_shards('items_idx', 2)");
is(end_insert(), 'ok', 'a statement sees that shards were added since it began');
is(sizes(), '1050|0|0|0', '... and goes on');
$node->safe_psql('postgres', 'DELETE FROM items WHERE id > 5000');
vacuum($node, 'items');

# One that is lowered holds for it, too.
begin_insert(5001, 100);
$node->safe_psql('postgres', "SELECT vecprov_set_shards('items_idx', 1)");
is(end_insert(), 'full', 'a statement sees that shards were taken away');
is(sizes(), '950|0|0|0', '... and has no effect');
my ($rc, $stdout, $stderr) = $node->psql('postgres', "SELECT vecprov_set_shards('items_idx', 2); ");
begin_insert(5001, 100);
my $changer = $node->background_psql('postgres', on_error_stop => 0);
$changer->query_safe('SET client_min_messages = warning');
$changer->query_safe("BEGIN; SELECT vecprov_set_shards('items_idx', 1)");
is(end_insert(), 'full', 'a change that is under way holds for it already');
$changer->query_safe('ROLLBACK');
begin_insert(5001, 100);
is(end_insert(), 'ok', 'one that was rolled back does not');
$changer->query('SELECT vecprov_set_shards(\'items_idx\', 1)');
like($changer->{stderr}, qr/index "items_idx" needs at least 2 shards of tier "tiny", not 1/, 'what is held is not taken away');
$changer->{stderr} = '';
$node->safe_psql('postgres', 'DELETE FROM items WHERE id > 5000');
vacuum($node, 'items');
$changer->query_safe("BEGIN; SELECT vecprov_set_shards('items_idx', 1); COMMIT; SELECT vecprov_set_shards('items_idx', 3)");
is(insert(5001, 100), 'ok', 'a limit that was raised again');
is(sizes(), '1050|0|0|0', 'sizes at the end');
begin_insert(6001, 1000);
$changer->query_safe("SELECT vecprov_set_shards('items_idx', 2)");
$changer->query_safe("BEGIN; ALTER INDEX items_idx SET (tier = smaller); ROLLBACK");
is(end_insert(), 'full', 'a limit that was lowered holds when a change after that is rolled back');
$_->quit foreach $writer, $gate, $changer;

# An index that is built beside writers and is too small
($rc, $stdout, $stderr) = $node->psql('postgres', 'CREATE INDEX CONCURRENTLY small_idx ON items USING vecprov (v) WITH (tier = tiny)');
like($stderr, qr/ERROR:  index "small_idx" needs a capacity of 105000 bytes, not 100000/, 'CREATE INDEX CONCURRENTLY of too small an index is refused');
is(insert(6001, 10), 'ok', '... and what it leaves stops nobody');
$node->safe_psql('postgres', "DROP INDEX small_idx; UPDATE vecprov.tiers SET shard_bytes = 30000 WHERE name = 'tiny'");
is(insert(6011, 1), 'full', 'an index that holds more than it may');
($rc, $stdout, $stderr) = $node->psql('postgres', 'REINDEX INDEX CONCURRENTLY items_idx');
is($rc, 0, '... can be built again beside writers');
like($stderr, qr/WARNING:  index "items_idx_ccnew" needs a capacity of 106000 bytes/, '... with a warning');
is(sizes(), '1060|0|0|0', '... and has the same size');
$node->safe_psql('postgres', 'SET client_min_messages = error; DROP TABLE items CASCADE');

# Memory is promised once for the server, and to one after the other.
$node->append_conf('postgresql.conf', "shared_buffers = 8MB\n");
$node->restart;
foreach my $database (qw(postgres other))
{
	$node->safe_psql('postgres', 'CREATE DATABASE other') if $database eq 'other';
	$node->safe_psql($database, 'CREATE EXTENSION IF NOT EXISTS vecprov');
	foreach my $table (qw(one two))
	{
		$node->safe_psql($database, "CREATE TABLE $table (v vector(200))");
		$node->safe_psql($database, "INSERT INTO $table SELECT array_agg(random())::real[]::vector FROM generate_series(0, 599999) g GROUP BY g / 200");
		$node->safe_psql($database, "CREATE INDEX ${table}_idx ON $table USING vecprov (v)");
	}
}
my @two = map { $node->background_psql('postgres', on_error_stop => 0) } 0 .. 1;
$_->query_safe('SET client_min_messages = error') foreach @two;
$two[0]->query_safe("BEGIN; ALTER INDEX one_idx SET (tier = r40)");
$two[1]->query("ALTER INDEX two_idx SET (tier = r40)");
like($two[1]->{stderr}, qr/memory cannot hold index "two_idx" besides all others/, 'of two that ask at one moment one gets the memory');
$two[1]->{stderr} = '';
$node->safe_psql('postgres', 'INSERT INTO vecprov.quotas (role, units) VALUES (current_user::regrole, 1)');
$two[1]->query("ALTER INDEX two_idx SET (tier = r40)");
like($two[1]->{stderr}, qr/memory cannot hold index "two_idx" besides all others/, '... also of those of a superuser who is past his quota');
$two[1]->{stderr} = '';
$node->safe_psql('postgres', 'DELETE FROM vecprov.quotas');
($rc, $stdout, $stderr) = $node->psql('other', "ALTER INDEX one_idx SET (tier = r40)");
like($stderr, qr/memory cannot hold index "one_idx"/, '... in another database, too');
$two[0]->query_safe('COMMIT');
($rc, $stdout, $stderr) = $node->psql('other', "ALTER INDEX one_idx SET (tier = r40)");
like($stderr, qr/memory cannot hold index "one_idx"/, '... and when it has got it');
$two[0]->query_safe("BEGIN; ALTER INDEX one_idx RESET (tier)");
$two[0]->query_safe('COMMIT');
$node->safe_psql('other', "SET client_min_messages = error; ALTER INDEX one_idx SET (tier = r40)");
$two[1]->query("ALTER INDEX two_idx SET (tier = r40)");
like($two[1]->{stderr}, qr/memory cannot hold index "two_idx"/, 'what is promised in another database counts');
$_->quit foreach @two;

done_testing();
