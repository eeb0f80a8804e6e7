# vecprov-load: what is read is what is written in every format; bad records
# are found and can be loaded later; each record is loaded once whatever is
# killed; limits, interrupts and wrong options.

use strict;
use warnings;

use IPC::Run;
use LoadProxy;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);
use VecprovTest;

plan skip_all => 'vecprov-load is not built: it needs libpq-dev and libjansson-dev'
  unless grep { -x "$_/vecprov-load" } split /:/, $ENV{PATH};

my $node = vecprov_node('load');
$node->append_conf('postgresql.conf', "max_connections = 40\n");
$node->start;
vecprov_functions($node);
my $dir = $node->basedir;
my $connection = $node->connstr('postgres');

sub sql
{
	return $node->safe_psql('postgres', $_[0]);
}

# Runs the program: its status, its report, and what it told. A hash of the report's numbers.
sub load
{
	my @args = @_;
	my $input = ref $args[-1] ? ${ pop @args } : '';
	my ($out, $err);
	IPC::Run::run([ 'vecprov-load', '-d', $connection, '--progress', 'none', @args ], \$input, \$out, \$err);
	my %report = (status => $? >> 8, out => $out, err => $err);
	$report{$1} = $2 while $out =~ /"(\w+)": "?([\w.]+)/g;
	return \%report;
}

sub loads_all
{
	my ($name, $records, @args) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $report = load(@args);
	is("$report->{status} $report->{outcome} $report->{loaded}", "0 complete $records", $name)
	  or diag($report->{err});
	return $report;
}

# A table with a column of each type, in which the texts are as bad as they can be
my $columns = 'id bigint, v vector(4), h halfvec(4), s sparsevec(10), b bit(4), meta jsonb, tags text[], note text, n numeric';
sql(<<"EOS");
CREATE TABLE source ($columns);
INSERT INTO source SELECT i, ('[' || i || ',2.5,-3e-5,4]')::vector, ('[1,2,3,' || i % 100 || ']')::halfvec,
	('{1:' || i || '.5,3:2}/10')::sparsevec, (i % 16)::int::bit(4),
	jsonb_build_object('a', i, 'q', E'x"y\\t\\n\\\\'), ARRAY['t' || i, 'a,b', E'q"\\\\', NULL, '{}'],
	CASE i % 5 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN '\\N' WHEN 3 THEN E'a,"b"\\r\\n\\tc\\\\' ELSE 'ü' END,
	i + 0.12345678901234567890123
FROM generate_series(1, 3500) i;
CREATE TABLE items (LIKE source, PRIMARY KEY (id));
EOS
my $all = "count(*) || ' ' || md5(string_agg(x::text, ',' ORDER BY id))";
my $source = sql("SELECT $all FROM source x");

sub same_as_source
{
	my ($name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(sql("SELECT $all FROM items x"), $source, $name);
	sql('TRUNCATE items');
}

foreach my $format (qw(csv tsv jsonl binary))
{
	is(load('-t', 'source', '--export', "$dir/all.$format")->{exported}, 3500, "$format: exported");
	loads_all("$format: loaded", 3500, '-t', 'items', "$dir/all.$format");
	same_as_source("$format: the same");
	loads_all("$format: upsert from a pipe", 3500, '-t', 'items', '-f', $format, '--upsert', 'id', \slurp($node, "all.$format"));
	loads_all("$format: again", 3500, '-t', 'items', '-f', $format, '--upsert', 'id', "$dir/all.$format");
	same_as_source("$format: the same, once");
}
loads_all('several files', 3500, '-t', 'items', map { spit($node, "part$_.tsv", sql("COPY (SELECT * FROM source WHERE id % 3 = $_) TO STDOUT") . "\n") } 0 .. 2);
same_as_source('several files: the same');
loads_all('from another database', 3500, '-t', 'items', '--from-pgvector', $connection, '--source-table', 'source');
same_as_source('from another database: the same');
loads_all('from a query, mapped', 3500, '-t', 'items', '--from-pgvector', $connection, '--map', 'number=id,tag=tags',
	'--query', 'SELECT id AS number, v, h, s, b, meta, tags AS tag, note, n FROM source');
same_as_source('from a query: the same');

# Columns: other names, another order, some left out; JSON's ways to write a vector
loads_all('columns are mapped', 2, '-t', 'items', '--map', 'ID=id,text=note', '--ignore-extra',
	spit($node, 'mapped.csv', "\xEF\xBB\xBFtext,none,ID,v\r\n\"a,\r\nb\",x,1,\"[1,2,3,4]\"\r\n,y,2,\r\n"));
is(sql('SELECT id, v, note FROM items ORDER BY id'), "1|[1,2,3,4]|a,\r\nb\n2||", 'mapped, an empty field is NULL');
sql('TRUNCATE items');
loads_all('--columns', 1, '-t', 'items', '--columns', 'note,id', spit($node, 'two.tsv', "a\\tb\t7\n"));
is(sql('SELECT id, note FROM items'), "7|a\tb", 'in the order of the file');
sql('TRUNCATE items');
loads_all('JSON', 2, '-t', 'items', spit($node, 'ways.jsonl', <<'EOS'));
{"id": 1, "v": [1, 2, 3e0, 4], "s": {"indices": [0, 9], "values": [0.5, 1]}, "b": [1,0,0,1], "n": 12345678901234567890.123456789012345678901}

{"n": null, "v": "[4,3,2,1]", "id": 2, "s": "{2:1}/10", "b": "0110"}
EOS
is(sql('SELECT id, v, s, b, n FROM items ORDER BY id'), "1|[1,2,3,4]|{1:0.5,10:1}/10|1001|12345678901234567890.123456789012345678901\n"
	  . '2|[4,3,2,1]|{2:1}/10|0110|', 'arrays, objects, strings; numbers with all their digits');
sql('TRUNCATE items');

# Files of vectors
sql('CREATE TABLE vectors (id int PRIMARY KEY, v vector); CREATE TABLE halves (h halfvec(3))');
my $fvecs = join '', map { pack 'l<f<*', 3, $_, $_ + 0.5, -$_ } 1 .. 2500;
my $bvecs = join '', map { pack 'l<C*', 3, $_ % 256, 7, 255 } 1 .. 2500;
my $npy = "\x93NUMPY\x01\x00" . pack('v', 118) . sprintf("%-117s\n", "{'descr': '<f4', 'fortran_order': False, 'shape': (2500, 3), }")
  . join '', map { pack 'f<*', $_, $_ + 0.5, -$_ } 1 .. 2500;
foreach (([ 'fvecs', $fvecs ], [ 'bvecs', $bvecs ], [ 'npy', $npy ]))
{
	my ($format, $data) = @$_;
	loads_all("$format: loaded", 2500, '-t', 'vectors', '--id-column', 'id', '--first-id', 0, spit($node, "in.$format", $data));
	is(sql('SELECT min(id), max(id), sum(id) FROM vectors'), '0|2499|3123750', "$format: numbers");
	load('-t', 'vectors', '--export', "$dir/out.$format", '--query', 'SELECT * FROM vectors ORDER BY id', '--columns', 'v');
	ok(slurp($node, "out.$format") eq $data, "$format: written as it was read");
	sql('TRUNCATE vectors');
}
loads_all('halfvec from fvecs', 2500, '-t', 'halves', "$dir/in.fvecs");
is(sql(q(SELECT count(*) FROM halves WHERE h = '[1000,1000.5,-1000]')), 1, 'halfvec: there');
my $f2 = "\x93NUMPY\x01\x00" . pack('v', 118) . sprintf("%-117s\n", "{'descr': '<f2', 'fortran_order': False, 'shape': (1, 3), }") . pack('v*', 0x3c00, 0xc400, 0x0001);
loads_all('npy of halves', 1, '-t', 'vectors', '--id-column', 'id', spit($node, 'half.npy', $f2));
is(sql('SELECT v FROM vectors'), '[1,-4,5.9604645e-08]', 'halves');
sql('TRUNCATE vectors');
like(load('-t', 'vectors', '--id-column', 'id', spit($node, 'cut.fvecs', substr $fvecs, 0, 50))->{err}, qr/byte 48: the file ends within a vector/, 'a file that is cut off');
sql('TRUNCATE vectors');

# Of equal keys in a batch the last one wins
loads_all('equal keys', 3, '-t', 'items', '--upsert', 'id', spit($node, 'twice.tsv', join '', map { "1\t[1,1,1,$_]" . "\t\\N" x 7 . "\n" } 1 .. 3));
is(sql('SELECT id, v FROM items'), '1|[1,1,1,3]', 'the last one wins');
sql('TRUNCATE items');

# Bad records: found one by one, kept, and loaded when they have been put right
my %bad = (17 => '[1,2,3]', 18 => 'NaN', 1999 => '[1,2,3,4', 2500 => "\xff");
my $lines = join '', map { "$_\t" . ($bad{$_} // "[1,2,3,$_]") . "\n" } 1 .. 2500;
sub bad_records
{
	my ($name, @where) = @_;
	sql('TRUNCATE vectors; ALTER TABLE vectors ALTER v TYPE vector(4)');
	my $report = load('-t', 'vectors', @where, spit($node, 'bad.tsv', $lines . "1\t[1,2,3,4]\n3000\n"));
	is("$report->{status} $report->{loaded} $report->{dead_letters}", '2 2496 6', "$name: the others are loaded") or diag($report->{err});
	is(sql('SELECT count(*), sum(id) FROM vectors'), '2496|' . (2500 * 2501 / 2 - 17 - 18 - 1999 - 2500), "$name: each once");
}
unlink "$dir/dead";
bad_records('file of dead letters', '--dead-letters', "$dir/dead");
my $dead = slurp($node, 'dead');
is(join(' ', sort { $a <=> $b } $dead =~ /"line": (\d+)/g), '17 18 1999 2500 2501 2502', 'lines');
is(join(' ', sort $dead =~ /"sqlstate": "(\w+)"/g), '22000 22021 22P02 22P02 22P04 23505', 'SQLSTATEs');
like($dead, qr/"raw": "3000"/, 'what cannot be read');
like($dead, qr/\{"hex": "ff"\}/, 'what is not UTF-8');
like($dead, qr/"message": "expected 4 dimensions, not 3/, 'the message');
$dead =~ s/"v": (?:"[^"]*"|\{[^}]*\})/"v": "[4,4,4,4]"/g;
$dead =~ s/"id": "1"/"id": "2501"/;
my $again = load('-t', 'vectors', '--retry-dead-letters', '--dead-letters', "$dir/still", spit($node, 'mended', $dead));
is("$again->{status} $again->{loaded} $again->{dead_letters}", '2 5 1', 'mended letters are loaded');
is(sql('SELECT count(*), count(DISTINCT id) FROM vectors'), '2501|2501', 'all there');
like(slurp($node, 'still'), qr/"origin": \{"file": "[^"]*bad.tsv", "record": 2502\}, "raw": "3000"/, 'and one is dead still');

bad_records('table of dead letters', '--dead-letter-table', 'dead');
is(sql('SELECT count(*), sum(line) FROM dead'), '6|' . (17 + 18 + 1999 + 2500 + 2501 + 2502), 'table: lines');
sql(q(UPDATE dead SET letter = regexp_replace(letter, '"v": ("[^"]*"|\{[^}]*\})', '"v": "[4,4,4,4]"')));
$again = load('-t', 'vectors', '--retry-dead-letters', '--dead-letter-table', 'dead');
is("$again->{status} $again->{loaded} $again->{dead_letters}", '2 4 2', 'table: mended letters are loaded') or diag($again->{err});
is(sql('SELECT count(*), count(DISTINCT id) FROM vectors'), '2500|2500', 'table: all there');
is(sql('SELECT string_agg(sqlstate, \' \' ORDER BY sqlstate) FROM dead'), '22P04 23505', 'table: the others are kept');

my $binary = load('-t', 'vectors', '--dead-letters', "$dir/binary_dead", '--id-column', 'id', spit($node, 'mixed.fvecs', pack('l<f<4', 4, 1 .. 4) . pack('l<f<3', 3, 1 .. 3)));
is("$binary->{status} $binary->{dead_letters}", '2 2', 'binary: an id that is there, three dimensions');
sql('DELETE FROM vectors WHERE id = 1');
is(load('-t', 'vectors', '--retry-dead-letters', '--dead-letters', "$dir/binary_still", "$dir/binary_dead")->{loaded}, 1, 'binary: loaded again');

sql('TRUNCATE vectors');
my $stopped = load('-t', 'vectors', "$dir/bad.tsv", '-c', 1);
is($stopped->{status}, 3, 'without a place for dead letters the load stops');
like($stopped->{err}, qr/bad\.tsv", line 17, record 17: expected 4 dimensions, not 3/, 'and says where and why');
is(load('-t', 'vectors', '--dead-letters', "$dir/dead2", '--max-dead-letters', 2, "$dir/bad.tsv")->{status}, 3, '--max-dead-letters');

# Limits: each record comes through once, and the refusal says for how long to wait
sql(<<'EOS');
TRUNCATE vectors;
CREATE INDEX vectors_idx ON vectors USING vecprov (v);
INSERT INTO vecprov.limits (write_records, burst_seconds) VALUES (2000, 0.05);
EOS
my $limited = loads_all('a limit refuses', 2500, '-t', 'vectors', spit($node, 'good.tsv', join '', map { "$_\t[1,2,3,$_]\n" } 1 .. 2500));
cmp_ok($limited->{refused_by_limits}, '>', 0, 'batches were refused');
is(sql('SELECT count(*), sum(id) FROM vectors'), '2500|3126250', 'all there, once');
my ($rc, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\nINSERT INTO vectors SELECT i, '[1,2,3,4]' FROM generate_series(10001, 10400) i");
like($err, qr/CONSTRAINT NAME:  wait_ms=\d+ needs=1 rate=2000 burst=100/, 'a field tells how long to wait');
sql('TRUNCATE vectors; TRUNCATE vecprov.limits; SELECT vecprov_set_tier(\'vectors_idx\', \'r10\'); SELECT vecprov_set_replicas(\'vectors_idx\', 0)');
my $suspended = load('-t', 'vectors', '--dead-letters', "$dir/dead3", "$dir/good.tsv");
is("$suspended->{status} $suspended->{dead_letters}", '3 0', 'a suspended index stops the load, and blames no record');
like($suspended->{err}, qr/55000 .*index "vectors_idx" is suspended/, 'and says so');
sql('DROP INDEX vectors_idx');

# --rate, logs, --build
my $began = time;
sql('TRUNCATE vectors');
loads_all('--rate and logs', 2500, '-t', 'vectors', '--rate', 5000, '--log-table', 'logged', '--log-file', "$dir/log", '--log-format', 'json', '--log-level', 'debug',
	'--build', 'USING vecprov (v)', '--load-name', 'rated', "$dir/good.tsv");
cmp_ok(time - $began, '>', 0.2, 'it took its time');
is(sql("SELECT count(DISTINCT batch) = count(*), sum(records), sum(bytes), min(load), bool_and(outcome = 'loaded') FROM logged"),
	't|2500|' . (length(slurp($node, 'good.tsv')) - 2500) . '|rated|t', 'a row for each batch');
is(scalar(() = slurp($node, 'log') =~ /^\{"time": "[^"]+", "level": "debug", "event": "batch", .*"outcome": "loaded"/mg), sql('SELECT count(*) FROM logged'), 'a line for each batch');
is(sql("SELECT count(*) FROM pg_index WHERE indrelid = 'vectors'::regclass AND indisvalid"), 2, '--build');
intact($node, 'vectors', 'vectors_v_idx', 'built');
sql('DROP INDEX vectors_v_idx');

# kill -9 at any point: with --resume, each record is loaded once, or dead once
sub start_load
{
	my ($out, $err) = ('', '');
	return IPC::Run::start([ 'vecprov-load', '-d', $connection, '--progress', 'none', @_ ], '<', '/dev/null', '>', \$out, '2>', \$err);
}
my $many = join '', map { "$_\t" . ($_ % 1111 ? "[1,2,3,$_]" : 'bad') . "\n" } 1 .. 20000;
spit($node, 'many.tsv', $many);
my $good = 20000 - int(20000 / 1111);
my $sum = 0;
$_ % 1111 and $sum += $_ for 1 .. 20000;

foreach my $place ([ 'file', '--dead-letters', "$dir/killed" ], [ 'table', '--dead-letter-table', 'killed' ])
{
	my ($name, @place) = @$place;
	my @args = ('-t', 'twice', @place, '--progress-table', 'progress', '--resume', '--load-name', "killed $name", '--batch-records', 150, "$dir/many.tsv");
	sql('DROP TABLE IF EXISTS twice; CREATE TABLE twice (id int, v vector(4))');
	my ($hit, $grew) = (0, 0);
	foreach my $time (1 .. 12)
	{
		my $before = sql('SELECT count(*) FROM twice');
		unlink "$dir/killed.log";
		my $loader = start_load('--rate', 2000, '--log-level', 'debug', '--log-file', "$dir/killed.log", @args);
		# at any moment; every third time not before it has loaded something
		$loader->pump_nb, sleep(0.01) while $time % 3 == 0 && $loader->pumpable && slurp($node, 'killed.log') !~ /records loaded/;
		sleep(rand(0.2));
		$loader->signal('KILL') if $loader->pumpable;
		$loader->finish;
		# the signal that ended it, if it was not at its end before
		$hit++ if ($loader->full_result(0) & 127) == 9;
		$grew++ if sql('SELECT count(*) FROM twice') > $before;
	}
	cmp_ok($hit, '>=', 4, "$name: kills hit loads that went on");
	cmp_ok($grew, '>=', 4, "$name: which had loaded something");
	my $left = $good - sql('SELECT count(*) FROM twice');
	cmp_ok($left, '>', 0, "$name: and had not loaded all");
	my $rest = load(@args);
	is("$rest->{status} $rest->{in_doubt}", ($rest->{dead_letters} ? 2 : 0) . ' 0', "$name: goes on to the end") or diag($rest->{err});
	is(sql('SELECT count(*), count(DISTINCT id), sum(id) FROM twice'), "$good|$good|$sum", "$name: each record once");
	my @lines = sort { $a <=> $b } $name eq 'file' ? slurp($node, 'killed') =~ /"line": (\d+)/g : split /\n/, sql('SELECT line FROM killed');
	is("@lines", join(' ', map { 1111 * $_ } 1 .. 18), "$name: each dead letter once");
	is(load(@args)->{skipped}, 20000, "$name: nothing is left");
}
like(load('-t', 'twice', '--progress-table', 'progress', '--load-name', 'killed table', "$dir/many.tsv")->{err}, qr/has been begun.*--resume goes on/, 'not begun twice by accident');
spit($node, 'many.tsv', substr $many, 0, 1000);
like(load('-t', 'twice', '--progress-table', 'progress', '--resume', '--load-name', 'killed table', "$dir/many.tsv")->{err}, qr/has 1000 bytes, but/, 'a file that is another one');
spit($node, 'many.tsv', $many);

# The server is killed and restarted under a load that goes on: without
# --resume too, COMMITs in doubt are found out about
foreach my $options ([ 'plain' ], [ 'progress', '--progress-table', 'progress', '--load-name', 'restarted' ], [ 'upsert', '--upsert', 'id' ])
{
	my ($name, @options) = @$options;
	sql('DROP TABLE IF EXISTS twice; CREATE TABLE twice (id int' . ($name eq 'upsert' ? ' PRIMARY KEY' : '') . ', v vector(4))');
	unlink "$dir/restarted";
	my ($loader_out, $loader_err) = ('', '');
	my $loader = IPC::Run::start([ 'vecprov-load', '-d', $connection, '--progress', 'none', '-t', 'twice', '--dead-letters', "$dir/restarted", '--rate', 8000,
		'--batch-records', 100, '--attempts', 100, @options, "$dir/many.tsv" ], '<', '/dev/null', '>', \$loader_out, '2>', \$loader_err);
	foreach my $mode (qw(immediate fast immediate))
	{
		sleep(0.1 + rand(0.2));
		$node->stop($mode, fail_ok => 1);
		start_again($node);
	}
	$loader->finish;
	is(sql('SELECT count(*), count(DISTINCT id), sum(id) FROM twice'), "$good|$good|$sum", "$name: each record once over restarts")
	  or diag($loader_out, $loader_err);
	is(scalar(() = slurp($node, 'restarted') =~ /"line"/g), 18, "$name: and each dead letter");
	like($loader_out, qr/"retried": [1-9]/, "$name: it was retried") or diag($loader_out);
}

# Connections are cut at random bytes, in either direction. A COMMIT may have
# arrived or not: without --progress-table as well, the loader finds out.
# Half of them end within the first statements, others in the middle of data.
my $cut = start_proxy($node, sub { cut_after(@_, int(rand() < 0.5 ? 300 + rand(3000) : rand(40_000))) });
foreach my $options ([ 'plain' ], [ 'progress', '--progress-table', 'progress', '--load-name', 'cut' ], [ 'upsert', '--upsert', 'id' ])
{
	my ($name, @options) = @$options;
	sql('DROP TABLE IF EXISTS twice; CREATE TABLE twice (id int' . ($name eq 'upsert' ? ' PRIMARY KEY' : '') . ', v vector(4))');
	unlink "$dir/cut";
	my $report = load('-d', $cut, '-t', 'twice', '--dead-letters', "$dir/cut", '--batch-records', 100, '--backoff', 0.01, '--backoff-cap', 0.05,
		'--attempts', 1000, @options, "$dir/many.tsv");
	is(sql('SELECT count(*), count(DISTINCT id), sum(id) FROM twice'), "$good|$good|$sum", "$name: each record once over cut connections")
	  or diag($report->{out}, $report->{err});
	is(scalar(() = slurp($node, 'cut') =~ /"line"/g), 18, "$name: and each dead letter");
	cmp_ok($report->{retried}, '>', 10, "$name: connections were cut");
	note $report->{out};
}
stop_proxies();

# Fail-over: of several hosts, the one that takes writes is found; the notes tell what it has
my $primary = vecprov_node('primary', allows_streaming => 1);
$primary->start;
vecprov_functions($primary);
$primary->safe_psql('postgres', 'CREATE TABLE twice (id int, v vector(4))');
$primary->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'copy', has_streaming => 1);
$standby->start;
$primary->safe_psql('postgres', "ALTER SYSTEM SET synchronous_standby_names = 'standby'");
$primary->reload;
$primary->poll_query_until('postgres', "SELECT sync_state = 'sync' FROM pg_stat_replication") or die 'not synchronous';
my ($over_out, $over_err) = ('', '');
my $over = IPC::Run::start([ 'vecprov-load', '-d', 'host=' . $standby->host . ',' . $primary->host . ' port=' . $standby->port . ',' . $primary->port . ' dbname=postgres',
		'--progress', 'none', '-t', 'twice', '--dead-letters', "$dir/over", '--rate', 8000, '--batch-records', 100, '--attempts', 100,
		'--progress-table', 'progress', "$dir/many.tsv" ], '<', '/dev/null', '>', \$over_out, '2>', \$over_err);
$primary->poll_query_until('postgres', 'SELECT count(*) > 3000 FROM twice') or die "nothing is loaded: $over_err";
$primary->stop('immediate');
$standby->promote;
$over->finish;
is($standby->safe_psql('postgres', 'SELECT count(*), count(DISTINCT id), sum(id) FROM twice'), "$good|$good|$sum", 'fail-over: each record once')
  or diag($over_out, $over_err);
like($over_out, qr/"retried": [1-9]/, 'fail-over: it was noticed');
$standby->stop;

# Ctrl-C: what is under way ends, and the report tells how far it came
sql('DROP TABLE twice; CREATE TABLE twice (id int, v vector(4))');
my ($int_out, $int_err) = ('', '');
my $interrupted = IPC::Run::start([ 'vecprov-load', '-d', $connection, '--progress', 'none', '-t', 'twice', '--dead-letters', "$dir/int", '--rate', 5000, "$dir/many.tsv" ],
	'<', '/dev/null', '>', \$int_out, '2>', \$int_err);
$node->poll_query_until('postgres', 'SELECT count(*) > 0 FROM twice');
$interrupted->signal('INT');
$interrupted->finish;
is($interrupted->full_result(0) >> 8, 130, 'interrupted');
my ($loaded) = $int_out =~ /"outcome": "interrupted".*"loaded": (\d+)/;
is($loaded, sql('SELECT count(*) FROM twice'), 'the report tells what is loaded');

# Who may write to the table may load; what is wrong is told at once
sql('CREATE ROLE loader LOGIN; GRANT SELECT, INSERT ON twice TO loader; TRUNCATE twice');
my $other = load('-d', "$connection user=loader", '-t', 'twice', "$dir/good.tsv");
is("$other->{status} $other->{loaded}", '0 2500', 'INSERT is right enough');
foreach (
	[ 'no table', qr/--table is needed/, "$dir/good.tsv" ],
	[ 'no format', qr/--format is needed/, '-t', 'twice', "$dir/none" ],
	[ 'no file', qr/could not open file ".*none.tsv"/, '-t', 'twice', "$dir/none.tsv" ],
	[ 'no such table', qr/42P01 relation "nowhere" does not exist/, '-t', 'nowhere', "$dir/good.tsv" ],
	[ 'no such column', qr/42703 table public.twice has no column "x"/, '-t', 'twice', '--columns', 'x', "$dir/good.tsv" ],
	[ '--resume without a place', qr/--resume needs --progress-table/, '-t', 'twice', '--resume', "$dir/good.tsv" ],
	[ 'a number that is none', qr/--connections takes a number from 1 to 256, not "4x"/, '-t', 'twice', '-c', '4x', "$dir/good.tsv" ],
	[ 'a file twice', qr/is given twice/, '-t', 'twice', "$dir/good.tsv", "$dir/good.tsv" ],
	[ 'no right', qr/42501 permission denied/, '-d', "$connection user=loader", '-t', 'items', "$dir/all.csv" ],
	[ 'no such database', qr/database "nowhere" does not exist/, '-d', "$connection dbname=nowhere", '-t', 'items', "$dir/all.csv" ],
	[ 'not npy', qr/this is no npy file/, '-t', 'vectors', '-f', 'npy', "$dir/good.tsv" ],
	[ 'a quote never closed', qr/line 2: a quote is never closed/, '-t', 'twice', '-f', 'csv', spit($node, 'open.csv', "id,v\n1,\"[1,2\n") ],
  )
{
	my ($name, $message, @args) = @$_;
	my $report = load(@args);
	ok($report->{status} == 1 || $report->{status} == 3, "$name: status");
	like($report->{err}, $message, $name);
}

# --help names all options, and so does the page
my $help = `vecprov-load --help`;
my @options = sort { $a cmp $b } keys %{ { map { $_ => 1 } $help =~ /--([a-z][a-z-]+)/g } };
cmp_ok(scalar(@options), '>', 40, 'options');
if (open my $page, '<', 'doc/vecprov-load.md')
{
	my $text = do { local $/; <$page> };
	is(join(' ', grep { $text !~ /--\Q$_\E\b/ } @options), '', 'the page has them all');
}

$node->stop;
done_testing();
