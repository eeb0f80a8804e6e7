# The programs of doc/ are run as they stand on their pages. A block that
# follows a line <!-- program: NAME --> is the file of that name.
#
# Programs whose driver is not installed here are skipped; `make test-clients`,
# which installs drivers, sets PROGRAMS=all, and then none may be missing.
#
# Those of doc/retrying.md run against a server that refuses 30 % of statements
# and is restarted twice: each row must be there once. They must wait as long as
# a refusal says, try nothing again that cannot succeed, and end.

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);
use VecprovTest;

my $jar = '/usr/share/java/postgresql.jar';
my $rows = 150;
# psycopg has texts of a server without an encoding as bytes
my $node = vecprov_node('programs', extra => [ '-E', 'UTF8' ]);
$node->append_conf('postgresql.conf', "listen_addresses = '127.0.0.1'");
$node->start;
my $dir = $node->basedir;

sub sql
{
	return $node->safe_psql('postgres', $_[0]);
}

my %used;

# Writes a program of a page into a file, and returns the file's name.
sub program
{
	my ($page, $name) = @_;
	my $text = slurp_file("$ENV{TESTDIR}/doc/$page");

	$text =~ /^<!-- program: \Q$name\E -->\n\n?((?:    .*\n|\n)+)/m or die "doc/$page has no program $name";
	$used{"$page $name"} = 1;
	return spit($node, $name, $1 =~ s/^    //mgr =~ s/\n+\z/\n/r);
}

# Whether a command is there and ends well
sub works
{
	my @command = @_;
	return eval { IPC::Run::run([@command], '<', '/dev/null', '>', '/dev/null', '2>', '/dev/null') };
}

# Makes a program ready: returns the command that runs it, or nothing if something is missing here.
my %prepare = (
	py => sub { works('/usr/bin/python3', '-c', 'import psycopg') ? [ '/usr/bin/python3', $_[0] ] : undef },
	js => sub { works('node', '-e', 'require("pg")') ? [ 'node', $_[0] ] : undef },
	java => sub {
		return undef unless -f $jar && works('javac', '-version');
		IPC::Run::run([ 'javac', '-d', $dir, '-cp', $jar, $_[0] ]) or die "$_[0] does not compile";
		return [ 'java', '-cp', "$jar:$dir", $_[0] =~ m{([^/]+)\.java$}, "jdbc:postgresql://127.0.0.1:" . $node->port . '/postgres?user=app' ];
	},
	c => sub {
		chomp(my $include = `pg_config --includedir`);
		return undef unless -f "$include/libpq-fe.h";
		IPC::Run::run([ split(' ', $ENV{CC} // 'cc'), '-Wall', '-Werror', "-I$include", $_[0], '-lpq', '-o', "$_[0].out" ]) or die "$_[0] does not compile";
		return ["$_[0].out"];
	});

sub command
{
	my ($page, $name) = @_;
	my ($kind) = $name =~ /\.(\w+)$/;
	my $command = $prepare{$kind}->(program($page, $name));

	die "what $name needs is not installed" if !$command && ($ENV{PROGRAMS} // '') eq 'all';
	return $command;
}

# Starts a program with a file as its input, as the role app.
sub begin
{
	my ($command, $input, $out, $err, %env) = @_;
	local @ENV{ 'PGHOST', 'PGPORT', 'PGUSER', 'PGDATABASE', keys %env } = ('127.0.0.1', $node->port, 'app', 'postgres', values %env);

	return IPC::Run::start($command, '<', $input, '>', $out, '2>', $err, IPC::Run::timeout(5 * $PostgreSQL::Test::Utils::timeout_default));
}

# Whether it ended well, and what it printed.
sub finish
{
	my @args = @_;
	my ($out, $err) = ('', '');
	my $harness = begin(@args[ 0, 1 ], \$out, \$err, @args[ 2 .. $#args ]);

	$harness->finish;
	return ($harness->full_result(0) == 0, $out, $err);
}

#
# doc/retrying.md
#

sub vector
{
	my ($i) = @_;
	return '[' . join(',', map { ($i * ($_ + 3) * 37) % 1009 / 4 } 0 .. 7) . ']';
}

# Each statement of app's on items takes a number, at the first row that row security asks about; six
# of twenty are refused, some one after the other.
sql(<<'EOS');
CREATE EXTENSION vecprov;
CREATE ROLE app LOGIN;
CREATE TABLE items (id bigint PRIMARY KEY, embedding vector(8) NOT NULL);
CREATE INDEX items_embedding_idx ON items USING vecprov (embedding);
GRANT SELECT, INSERT ON items TO app;
CREATE SEQUENCE statements;
CREATE TABLE refusals (at int PRIMARY KEY, sqlstate text);
INSERT INTO refusals VALUES (0, '53000'), (1, '40001'), (5, '53300'), (8, '53000'), (12, '40P01'), (15, '53000');
CREATE FUNCTION admit() RETURNS boolean LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public AS $$
DECLARE
	statement text := statement_timestamp()::text;
	refusal text;
BEGIN
	IF statement IS DISTINCT FROM current_setting('app.statement', true) THEN
		PERFORM set_config('app.statement', statement, false);
		SELECT sqlstate INTO refusal FROM nextval('statements') n LEFT JOIN refusals ON at = n % 20;
		IF refusal IS NOT NULL THEN
			RAISE EXCEPTION 'refused' USING ERRCODE = refusal,
				CONSTRAINT = CASE WHEN refusal = '53000' THEN 'wait_ms=2 needs=1 rate=500 burst=1' ELSE '' END;
		END IF;
	END IF;
	RETURN true;
END $$;
CREATE POLICY reads ON items FOR SELECT USING (admit());
CREATE POLICY writes ON items FOR INSERT WITH CHECK (admit());
EOS
my $input = spit($node, 'rows', join '', map { "$_\t" . vector($_) . "\n" } 1 .. $rows);
my $few = spit($node, 'few', join '', map { "$_\t" . vector($_) . "\n" } 1 .. 5);
my $bad = spit($node, 'bad', "1\t[1,2\n");

sub once
{
	my ($name, $wanted) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(sql('SELECT count(*), count(DISTINCT id), sum(id) FROM items'), "$wanted|$wanted|" . $wanted * ($wanted + 1) / 2, $name);
}

# Refusals and restarts
sub survives
{
	my ($name, $command) = @_;
	my ($out, $err) = ('', '');

	sql('ALTER TABLE items ENABLE ROW LEVEL SECURITY; ALTER SEQUENCE statements RESTART');
	my $harness = begin($command, $input, \$out, \$err);
	foreach my $restart ([ 50, 'immediate' ], [ 200, 'fast' ])
	{
		my ($after, $mode) = @$restart;

		while (sql('SELECT last_value FROM statements') < $after)
		{
			$harness->pumpable or die "$name ended: $out $err";
			$harness->pump_nb;
			usleep(50_000);
		}
		$node->stop($mode);
		start_again($node);
	}
	$harness->finish;
	is($harness->full_result(0), 0, "$name: ends well") or diag($err);
	my ($stored, $found, $retried) = $out =~ /^stored (\d+), found (\d+), retried (\d+)$/;
	is($stored, $rows, "$name: stores all");
	cmp_ok($found // 0, '>=', 0.99 * $rows, "$name: finds them");
	# 0.3 of all attempts are refused: at least three for seven that succeed, but for numbers that a crash skips
	cmp_ok($retried // 0, '>=', 2 * $rows * 3 / 7 - 30, "$name: was refused");
	once("$name: each row is there once", $rows);
	sql('ALTER TABLE items DISABLE ROW LEVEL SECURITY; TRUNCATE items');
}

# A record a second. Who waits as long as the refusal says is refused once for a record.
sub waits
{
	my ($name, $command) = @_;

	sql('INSERT INTO vecprov.limits (write_records) VALUES (1)');
	my ($ok, $out, $err) = finish($command, $few);
	my ($retried) = $out =~ /retried (\d+)/;
	ok($ok, "$name: a limit holds it up") or diag($err);
	once("$name: all come through", 5);
	cmp_ok($retried // 0, '>', 0, "$name: was refused by a limit");
	cmp_ok($retried // 9, '<=', 5, "$name: waits as long as the refusal says");
	sql('DELETE FROM vecprov.limits; TRUNCATE items');
}

# What cannot succeed is tried once, and what goes on failing ends.
sub gives_up
{
	my ($name, $command) = @_;
	my $offset = log_end($node);
	my ($ok, $out, $err) = finish($command, $bad);

	ok(!$ok, "$name: bad data are an error");
	like($err, qr/type vector/, "$name: which it tells");
	my $log = substr(slurp_file($node->logfile), $offset);
	is(scalar(() = $log =~ /ERROR: .* type vector/g), 1, "$name: and are sent once");
	$node->stop;
	($ok, $out, $err) = finish($command, $few, RETRY_DEADLINE => 1);
	ok(!$ok, "$name: ends if there is no server");
	isnt($err, '', "$name: and tells why");
	$node->start;
}

foreach my $name (qw(retrying.py retrying.js Retrying.java retrying.c))
{
  SKIP:
	{
		my $command = command('retrying.md', $name) or skip "$name: its driver is not installed", 1;
		survives($name, $command);
		waits($name, $command);
		gives_up($name, $command);
	}
}

#
# doc/examples.md: prints what the page says
#

my ($printed) = slurp_file("$ENV{TESTDIR}/doc/examples.md") =~ /^<!-- output: .*\n\n((?:    .*\n)+)/m;
$printed =~ s/^    //mg;
foreach my $name (qw(example.py example.js))
{
  SKIP:
	{
		my $command = command('examples.md', $name) or skip "$name: its driver is not installed", 1;
		sql('DROP TABLE IF EXISTS pages');
		my ($ok, $out, $err) = finish($command, '/dev/null', PGUSER => sql('SELECT current_user'));
		is($out, $printed, "$name: prints what the page says") or diag($err);
	}
}

#
# doc/reembedding.md: texts that change while the model is at work get vectors of what they are now
#

SKIP:
{
	my $command = command('reembedding.md', 'reembed.py') or skip 'reembed.py: its driver is not installed', 1;
	my ($trigger) = slurp_file("$ENV{TESTDIR}/doc/reembedding.md") =~ /^(    CREATE FUNCTION items_text_changed.*?items_text_changed\(\);)/ms;

	sql('DROP TABLE items; CREATE TABLE items (id bigint PRIMARY KEY, word text, embedding_v2 vector(3)); GRANT ALL ON items TO app');
	sql("INSERT INTO items SELECT i, nullif('word' || i, 'word7') FROM generate_series(1, 700) i; $trigger");
	# changes a text that it was asked for, and one that is done already
	spit($node, 'model.py', <<'EOS');
import psycopg

calls = 0

def embed(texts):
    global calls
    calls += 1
    with psycopg.connect("", autocommit=True) as connection:
        if calls <= 3:
            connection.execute("UPDATE items SET word = %s WHERE word = %s", (f"changed{calls}", texts[-1]))
        if calls == 3:
            connection.execute("UPDATE items SET word = 'again' WHERE id = 1")
    return [[len(text), ord(text[0]), ord(text[-1])] for text in texts]
EOS
	my ($ok, $out, $err) = finish($command, '/dev/null');
	ok($ok, 'reembed.py: ends well') or diag($err);
	is($out, "embedded 700\n", 'reembed.py: 699 rows have a text, and one was done twice');
	is(sql("SELECT count(*) FROM items WHERE word ~ 'changed|again'"), 4, 'texts have changed meanwhile');
	is(sql('SELECT id, embedding_v2 FROM items WHERE word IS NULL OR embedding_v2 IS NULL OR embedding_v2 <> ARRAY[length(word), ascii(word), ascii(right(word, 1))]::vector'),
		'7|', 'each text has its vector, and only the row without a text has none');
}

#
# doc/spark.md: a partition that is stored twice, with refusals, is there once
#

SKIP:
{
	command('spark.md', 'partition.py') or skip 'partition.py: its driver is not installed', 1;
	command('retrying.md', 'retrying.py');
	sql('DROP TABLE items; CREATE TABLE items (id bigint PRIMARY KEY, embedding vector(2)); CREATE INDEX ON items USING vecprov (embedding); GRANT ALL ON items TO app');
	# as many at once as a batch has: the next one has to wait
	sql('INSERT INTO vecprov.limits (write_records, burst_seconds) VALUES (1000, 0.5)');
	my $task = spit($node, 'task.py', <<'EOS');
from partition import store
for part in (range(1200), [*range(600, 1300), 1299]):
    store({"id": i, "embedding": [i, 0.5]} for i in part)
EOS
	my ($ok, $out, $err) = finish([ '/usr/bin/python3', $task ], '/dev/null');
	ok($ok, 'partition.py: ends well') or diag($err);
	is(sql('SELECT count(*), sum(id) FROM items WHERE embedding = ARRAY[id, 0.5]::real[]::vector'), '1300|844350', 'partition.py: each row is there once');
	is(sql('SELECT count(DISTINCT xmin::text) FROM items'), 4, 'partition.py: rows that are as they should be are left alone');
	sql('DELETE FROM vecprov.limits');
}

# None is forgotten
my @programs = map { my $page = $_; map { "$page $_" } slurp_file("$ENV{TESTDIR}/doc/$page") =~ /^<!-- program: (\S+) -->/mg } map { m{([^/]+)$} } glob("$ENV{TESTDIR}/doc/*.md");
is(join("\n", sort @programs), join("\n", sort keys %used), 'all programs were run');

$node->stop;
done_testing();
