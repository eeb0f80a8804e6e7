# vecprov-load: what the server, the network and the user do to a load that is
# under way. No slot for a connection, a PANIC in COMMIT, Ctrl-C while
# something is waited for; NULLs in the key of an upsert; the file of letters.

use strict;
use warnings;

use IO::Select;
use IPC::Run;
use LoadProxy;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use POSIX ();
use Test::More;
use VecprovTest;

plan skip_all => 'vecprov-load is not built: it needs libpq-dev and libjansson-dev'
  unless grep { -x "$_/vecprov-load" } split /:/, $ENV{PATH};

my $node = vecprov_node('faults');
$node->append_conf('postgresql.conf', "max_connections = 30\nsuperuser_reserved_connections = 5");
$node->start;
vecprov_functions($node);
my $dir = $node->basedir;
my $connection = $node->connstr('postgres');

sub sql
{
	return $node->safe_psql('postgres', $_[0]);
}

# A load that runs beside the test; ended() waits for its end and reads its
# report.
sub start_load
{
	my @args = @_;
	my %load = (out => '', err => '');
	$load{process} = IPC::Run::start([ 'vecprov-load', '-d', $connection, '--progress', 'none', @args ],
		'<', '/dev/null', '>', \$load{out}, '2>', \$load{err}, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
	return \%load;
}

sub ended
{
	my ($load) = @_;
	$load->{process}->finish;
	$load->{status} = $load->{process}->full_result(0) >> 8;
	$load->{$1} = $2 while $load->{out} =~ /"(\w+)": "?([\w.]+)/g;
	return $load;
}

sub load
{
	return ended(start_load(@_));
}

sub waits_for
{
	my ($what) = @_;
	$node->poll_query_until('postgres', "SELECT count(*) > 0 FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND $what") or die "nobody waits: $what";
	return;
}

my $records = 3000;
spit($node, 'all.tsv', join '', map { "$_\t[1,2,3,$_]\n" } 1 .. $records);
sql("CREATE TABLE items (id int, v vector(4)); CREATE TABLE source AS SELECT i AS id, ARRAY[1,2,3,i]::vector(4) AS v FROM generate_series(1, $records) i");
my $sums = 'count(*), count(DISTINCT id), sum(id)';
my $whole = sql("SELECT $sums FROM source");

sub each_once
{
	my ($name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(sql("SELECT $sums FROM items"), $whole, "$name: each record once");
	sql('TRUNCATE items');
	return;
}

# NULLs in a key differ from each other, unless the index says that they do not
sql('CREATE TABLE keyed (a int, b int, n int, UNIQUE (a, b)); CREATE TABLE equal (a int, b int, n int, UNIQUE NULLS NOT DISTINCT (a, b))');
spit($node, 'keys.tsv', "\\N\t1\t1\n1\t1\t2\n\\N\t1\t3\n1\t\\N\t4\n1\t1\t5\n\\N\t\\N\t6\n1\t\\N\t7\n\\N\t1\t8\n");
is(load('-t', 'keyed', '--upsert', 'a,b', "$dir/keys.tsv")->{outcome}, 'complete', 'NULL in a key: loaded');
is(sql('SELECT string_agg(n::text, \' \' ORDER BY n) FROM keyed'), '1 3 4 5 6 7 8', 'none is lost, and of equal keys the last one wins');
is(load('-t', 'equal', '--upsert', 'a,b', "$dir/keys.tsv")->{outcome}, 'complete', 'NULLS NOT DISTINCT: loaded');
is(sql('SELECT string_agg(n::text, \' \' ORDER BY n) FROM equal'), '5 6 7 8', 'the last one of each key');
is(load('-t', 'equal', '--upsert', 'b, a', "$dir/keys.tsv")->{outcome}, 'complete', 'again');
is(sql('SELECT string_agg(n::text, \' \' ORDER BY n) FROM equal'), '5 6 7 8', 'and it stays so');

# No slot: the server has other words for those who are no superusers, for
# roles and for databases, and another language may have others again
sql('CREATE ROLE loader LOGIN CONNECTION LIMIT 2; GRANT ALL ON items TO loader; CREATE ROLE crowd LOGIN');
my @held = map { $node->background_psql('postgres', extra_params => [ '-U', 'loader' ]) } 1, 2;
my $load = start_load('-d', "$connection user=loader", '-t', 'items', '-c', 1, '--backoff', 0.01, "$dir/all.tsv");
$load->{process}->pump until $load->{err} =~ /too many connections for role/ || !$load->{process}->pumpable;
$_->quit foreach @held;
is(ended($load)->{outcome}, 'complete', 'too many connections of a role: tried again') or diag $load->{err};
each_once('a role');
my @crowd = map { $node->background_psql('postgres', extra_params => [ '-U', 'crowd' ], on_error_stop => 0) } 1 .. 25;
$load = start_load('-d', "$connection user=loader", '-t', 'items', '-c', 1, '--backoff', 0.01, "$dir/all.tsv");
$load->{process}->pump until $load->{err} =~ /slots are reserved/ || !$load->{process}->pumpable;
like($load->{err}, qr/slots are reserved/, 'all slots but those of superusers are taken');
$_->quit foreach @crowd;
is(ended($load)->{outcome}, 'complete', 'which is tried again') or diag $load->{err};
each_once('no slot');
sql('ALTER ROLE loader CONNECTION LIMIT -1');
foreach ([ 'user=nobody_of_that_name', qr/role "nobody_of_that_name" does not exist/ ], [ 'dbname=nowhere', qr/database "nowhere" does not exist/ ])
{
	my ($wrong, $message) = @$_;
	is(load('-d', "$connection $wrong", '-t', 'items', "$dir/all.tsv")->{status}, 1, "$wrong: not tried again");
}

# PANIC in COMMIT: whether its WAL record is on disk nobody can tell before the
# server is up again. The proxy lets COMMIT through and swallows the answer, or
# keeps COMMIT back; three times.
my $panic = "SPANIC\0VPANIC\0C53100\0Mcould not write to file \"pg_wal/xlogtemp.1\": No space left on device\0\0";
my $at_commit = qr/Q\0\0\0\x0bCOMMIT\0\z/;

# Instead of a statement's answer, $fault->{answer} comes, and the connection ends.
sub answer_instead
{
	my ($client, $server, $fault) = @_;
	my $select = IO::Select->new($client, $server);

	while (1)
	{
		foreach my $from ($select->can_read)
		{
			sysread $from, my $bytes, 8192 or return;
			if ($from == $client && $bytes =~ $fault->{at} && (-s "$dir/faults" // 0) < 3)
			{
				open my $count, '>>', "$dir/faults" or die $!;
				print $count '.';
				close $count;
				syswrite $server, $bytes and sysread $server, my $answer, 8192 if $fault->{through};
				syswrite $client, 'E' . pack('N', 4 + length $fault->{answer}) . $fault->{answer};
				return;
			}
			syswrite $from == $client ? $server : $client, $bytes or return;
		}
	}
}
foreach my $through (0, 1)
{
	my $fault = { at => $at_commit, through => $through, answer => $panic };
	my $proxy = start_proxy($node, sub { answer_instead(@_, $fault) });
	my $kind = $through ? 'PANIC after COMMIT' : 'PANIC before COMMIT';
	my @args = ('-d', $proxy, '-t', 'items', '-c', 1, '--batch-records', 100, '--backoff', 0.01);
	foreach my $notes ('without notes', 'with notes')
	{
		my @notes = $notes eq 'with notes' ? ('--progress-table', 'progress', '--load-name', $kind) : ();
		unlink "$dir/faults";
		$load = load(@args, @notes, "$dir/all.tsv");
		is("$load->{outcome} $load->{loaded} $load->{in_doubt} $load->{found_committed}", "complete $records 0 " . ($through ? 300 : 0), "$kind, $notes: found out about")
		  or diag $load->{out}, $load->{err};
		each_once("$kind, $notes");
	}
	unlink "$dir/faults";
	my @last = (@args, '--attempts', 1, '--progress-table', 'progress', '--load-name', "$kind, last");
	$load = load(@last, "$dir/all.tsv");
	is("$load->{outcome} $load->{loaded} $load->{in_doubt}", 'failed 0 100', "$kind, the last attempt: in doubt");
	like($load->{err}, qr/PANIC.*100 records loaded or not, which is not known/, 'and told');
	is(sql('SELECT count(*) FROM items'), $through ? 100 : 0, 'which it could not know');
	$load = load(@last, '-d', $connection, '--resume', "$dir/all.tsv");
	is("$load->{outcome} $load->{loaded} $load->{in_doubt} $load->{skipped}", 'complete ' . ($through ? '2900 0 100' : '3000 0 0'), '--resume settles it');
	each_once("$kind, --resume");
}

# As PgBouncer tells that it has lost the server, which is no fault of the
# records, and no reason to end; a server says so only of what libpq does not do
my $crashed = "SFATAL\0C08P01\0Mserver conn crashed?\0\0";
foreach my $at ([ 'BEGIN' => qr/\AQ....BEGIN/s ], [ 'COPY' => qr/COPY / ], [ 'COMMIT' => $at_commit ])
{
	my ($statement, $pattern) = @$at;
	unlink "$dir/faults";
	$load = load('-d', start_proxy($node, sub { answer_instead(@_, { at => $pattern, answer => $crashed }) }), '-t', 'items', '-c', 1, '--batch-records', 100, '--backoff', 0.01, "$dir/all.tsv");
	is("$load->{outcome} $load->{loaded} $load->{retried}", "complete $records 3", "a pooler that loses the server at $statement")
	  or diag $load->{out}, $load->{err};
	each_once("a pooler, $statement");
}

# The server crashes when the worker's second connection is about to have the WAL
# flushed. What that connection then flushes is the WAL of the server that is up
# again, in which others have got the transaction's number
sql('ALTER SYSTEM SET wal_writer_delay = 10000');
$node->reload;
sql('CREATE TABLE others (id int)');
my $crashes = start_proxy(
	$node,
	sub { cut_after(@_, 1e9) },
	sub {
		# the first one reads the table, the second one writes
		return if shift() != 3;
		local $SIG{CHLD} = 'DEFAULT';
		$node->stop('immediate');
		start_again($node);
		sql('INSERT INTO others VALUES (1)') foreach 1 .. 20;
	});
$load = load('-d', $crashes, '-t', 'items', '-c', 1, '--batch-records', 10, '--backoff', 0.01, "$dir/all.tsv");
is(sql('SELECT count(*) FROM others'), 20, 'the server crashed before the WAL was flushed');
is("$load->{outcome} $load->{loaded} $load->{found_committed}", "complete $records 0", 'and the batch was loaded again') or diag $load->{out}, $load->{err};
each_once('a crash before the flush');

# Ctrl-C ends what waits, while that goes on: the tests would not end else
sub interrupted
{
	my ($name, $times, $waiting, @args) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$load = start_load('-c', 2, '--batch-records', 100, @args);
	waits_for($waiting);
	foreach my $time (1 .. $times)
	{
		# each is heeded before the next
		$load->{process}->signal('INT');
		$load->{process}->pump until $time == $times || $load->{err} =~ /interrupted: batches/ || !$load->{process}->pumpable;
	}
	ended($load);
	is("$load->{status} $load->{outcome}", '130 interrupted', "$name: interrupted") or diag $load->{out}, $load->{err};
	is($load->{loaded} . ' ' . $load->{in_doubt}, sql('SELECT count(*) FROM items') . ' 0', "$name: the report tells what is loaded");
	return;
}
my @from = ('-t', 'items', '--from-pgvector', $connection, '--query');
interrupted('a source that sorts', 1, "query LIKE '%pg_sleep%'", @from, 'SELECT * FROM source WHERE pg_sleep(3600) IS NULL ORDER BY id');
sub nothing_goes_on
{
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	ok($node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"), 'and the source does not go on');
	return;
}
nothing_goes_on();
interrupted('a source that has sent something', 1, "wait_event = 'PgSleep' AND (SELECT count(*) > 0 FROM items)", @from,
	'SELECT * FROM source WHERE id < 3000 OR pg_sleep(3600) IS NULL');
nothing_goes_on();
cmp_ok($load->{loaded}, '>', 0, 'what has come is loaded');
sql('TRUNCATE items');
$load = start_load('--export', "$dir/out.tsv", '--query', 'SELECT * FROM source WHERE pg_sleep(3600) IS NULL ORDER BY id');
waits_for("wait_event = 'PgSleep'");
$load->{process}->signal('INT');
is(ended($load)->{status} . " $load->{outcome}", '130 interrupted', 'an export that sorts');
ok(!-e "$dir/out.tsv" && !-e "$dir/out.tsv.part", 'and leaves no file');
POSIX::mkfifo("$dir/fifo", 0600) or die $!;
open my $fifo, '+<', "$dir/fifo" or die $!;
syswrite $fifo, join '', map { "$_\t[1,2,3,$_]\n" } 1 .. 150;
interrupted('a pipe that nobody writes to', 1, '(SELECT count(*) >= 100 FROM items)', '-t', 'items', '-f', 'tsv', "$dir/fifo");
close $fifo;
sql('TRUNCATE items');

my $lock = $node->background_psql('postgres');
sub locked
{
	my ($statement, @args) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$lock->query_safe("BEGIN; $statement");
	interrupted(@args);
	$lock->query_safe('ROLLBACK');
	sql('TRUNCATE items');
	return;
}
sql('CREATE TABLE logged (at timestamptz, load text, process bigint, batch bigint, worker integer, records integer, bytes bigint,'
	. ' milliseconds double precision, attempts integer, outcome text, sqlstate text, message text)');
my $waits = "wait_event_type = 'Lock'";
locked('LOCK TABLE logged', 'a table of logs that is locked', 1, "$waits AND query LIKE 'COPY logged%'", '-t', 'items', '--log-table', 'logged', '--rate', 1000, "$dir/all.tsv");
locked('LOCK TABLE source', 'a source that is locked', 1, $waits, @from, 'SELECT * FROM source');
locked("SELECT FROM progress FOR UPDATE", 'an owner that is locked', 1, $waits, '-t', 'items', '--progress-table', 'progress', '--resume', '--load-name', 'PANIC after COMMIT', "$dir/all.tsv");
locked('LOCK TABLE items IN SHARE MODE', 'a table that is locked', 2, $waits, '-t', 'items', '--attempts', 1, "$dir/all.tsv");
locked('INSERT INTO items VALUES (0)', 'an index that waits for a lock', 1, "$waits AND query LIKE 'CREATE INDEX%'", '-t', 'items', '--build', 'USING vecprov (v)', "$dir/all.tsv");

# A backend that does not even heed a cancellation
sql("CREATE FUNCTION sleep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(3600); RETURN NEW; END'; CREATE TRIGGER sleep BEFORE INSERT ON items FOR EACH ROW EXECUTE FUNCTION sleep()");
$load = start_load('-c', 1, '-t', 'items', "$dir/all.tsv");
waits_for("wait_event = 'PgSleep'");
my $stopped = sql("SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
kill 'STOP', $stopped;
$load->{process}->signal('INT');
$load->{process}->pump until $load->{err} =~ /interrupted: batches/ || !$load->{process}->pumpable;
$load->{process}->signal('INT');
is(ended($load)->{status} . " $load->{outcome} $load->{loaded} $load->{in_doubt}", '130 interrupted 0 0', 'a server that does not answer: it ends without');
kill 'CONT', $stopped;
sql('DROP TRIGGER sleep ON items');

# The file of letters keeps its mode, and a link stays a link; only letters
# that are told again are taken out of it
my ($kept, $again) = map { qq({"load": "$_", "file": "$dir/all.tsv", "record": 7, "message": "x"}\n) } 'another', 'letters';
spit($node, 'letters', $kept);
chmod 0640, "$dir/letters";
symlink "$dir/letters", "$dir/link" or die $!;
my @letters = ('-t', 'items', '--dead-letters', "$dir/link", '--progress-table', 'progress', '--resume', '--load-name', 'letters', "$dir/all.tsv");
my $inode = (stat "$dir/letters")[1];
is(load(@letters)->{outcome}, 'complete', 'letters: nothing to drop');
is((stat "$dir/letters")[1], $inode, 'the file is as it was');
sql("TRUNCATE items; DELETE FROM progress WHERE load = 'letters'");
spit($node, 'letters', $kept . $again);
spit($node, 'letters.new', 'of a run that was killed');
is(load(@letters)->{outcome}, 'complete', 'letters: one is told again');
is(slurp($node, 'letters'), $kept, 'it is dropped, the others stay');
is(sprintf('%o', (stat "$dir/letters")[2] & 07777), '640', 'the mode stays');
ok(-l "$dir/link", 'the link stays');
ok(!-e "$dir/letters.new", 'no other file is left');

$lock->quit;
$node->stop;
done_testing();
