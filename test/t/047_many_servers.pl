# A table on several servers, by postgres_fdw, and vecprov_search_cluster: the statements of
# doc/many-servers.md, run where they are to be run; answers against those of one table; a server that
# is lost, late, or ends in the middle; cancelling; whose rights; partitions that move.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $top = $ENV{TESTDIR};
my %node = map { $_ => vecprov_node($_) } qw(front db1 db2 db3 db4 db5);
foreach my $name (keys %node)
{
	# a role that is no superuser must be asked for its password
	my $hba = slurp_file($node{$name}->data_dir . '/pg_hba.conf');
	my $file = $node{$name}->data_dir . '/pg_hba.conf';
	open my $out, '>', $file or die "$file: $!";
	print $out "local all app scram-sha-256\nhost all app all scram-sha-256\n" if $name =~ /^db/;
	print $out $hba;
	close $out;
	$node{$name}->append_conf('postgresql.conf', "log_statement = all\nlog_line_prefix = '%a: '\n") if $name eq 'db3';
	$node{$name}->start;
}
my $front = $node{front};
my $superuser = $front->safe_psql('postgres', 'SELECT current_user');

#
# The page
#

# What it has for a machine, with the statements there, in order; a heading begins a part.
my %part;
{
	my $heading = '';
	my $machine;
	my @lines = split /\n/, slurp_file("$top/doc/many-servers.md");
	while (defined(my $line = shift @lines))
	{
		$heading = $1 if $line =~ /^## (.*)/;
		$machine = $1 if $line =~ /^<!-- example: not run: .*047_many_servers.pl runs it on (\w+)/;
		next unless defined $machine && $line =~ /^    /;
		my @block = ($line);
		push @block, shift @lines while @lines && $lines[0] =~ /^(?:    .*|)$/;
		pop @block while $block[-1] !~ /;\s*$/;
		push @{ $part{$heading} }, [ $machine, join("\n", map { s/^    //r } @block) . "\n" ];
		undef $machine;
	}
}

sub run_on
{
	my ($machine, $sql) = @_;

	$sql =~ s{host '(db\d)'(, (?:SET )?port) '5432'}{"host '" . $node{$1}->host . "'$2 '" . $node{$1}->port . "'"}ge;
	$sql =~ s/dbname 'app'/dbname 'postgres'/g;
	$sql =~ s/user 'postgres'/user '$superuser'/g;
	my ($stdout, $stderr);
	my $rc = $node{$machine}->psql('postgres', $sql, stdout => \$stdout, stderr => \$stderr, on_error_stop => 1);
	is($rc, 0, "on $machine: " . $sql =~ s/\s+/ /gr =~ s/^(.{60}).+/$1 .../r) or diag $stderr;
	return $stdout;
}

# Runs the next statements of a part.
sub run_next
{
	my ($heading) = @_;
	my $block = shift @{ $part{$heading} } or die "the page has no more of '$heading'";

	return run_on(@$block);
}

run_next('Create');
foreach my $i (1, 2)
{
	run_on('db' . ($i + 1), <<"EOS");
CREATE EXTENSION vecprov;
CREATE TABLE items_$i (id bigint NOT NULL, word text, embedding vector(100) NOT NULL);
CREATE ROLE app LOGIN PASSWORD 'CHANGE-app';
GRANT SELECT, INSERT, UPDATE, DELETE ON items_$i TO app;
EOS
}
run_next('Create');

# The same in one table; ef_search makes the answers of indexes of 3,000 rows exact
$front->safe_psql('postgres', <<"EOS");
CREATE TABLE new_items (id bigserial, word text, embedding vector(100));
\\copy new_items (word, embedding) FROM PROGRAM 'gzip -dc "$top/test/data/words.tsv.gz"'
CREATE TABLE queries AS SELECT row_number() OVER () AS n, embedding AS q FROM (SELECT * FROM new_items WHERE id % 500 = 0 ORDER BY id) i;
ALTER DATABASE postgres SET vecprov.ef_search = 10000;
ALTER SERVER shard_0 OPTIONS (SET options '-c vecprov.ef_search=10000');
ALTER SERVER shard_1 OPTIONS (SET options '-c vecprov.ef_search=10000');
ALTER SERVER shard_2 OPTIONS (SET options '-c vecprov.ef_search=10000');
EOS
run_next('Load');
my $of_first = $front->safe_psql('postgres', 'SELECT count(*) FROM items_0');
is($front->safe_psql('postgres', "SELECT count(*) FROM new_items WHERE satisfies_hash_partition('items'::regclass, 3, 0, id)"),
	$of_first, 'rows of partition 0, told by their hash');
is($node{db1}->safe_psql('postgres', 'SELECT count(*) FROM items_0'), $of_first, 'and they are on its server');
like(run_next('Load'), qr/^[tf]$/, 'of a single row');
run_next('Load');
run_on("db" . ($_ + 1), "CREATE INDEX items_${_}_embedding_idx ON items_$_ USING vecprov (embedding vector_cosine_ops); ANALYZE items_$_")
  foreach 1, 2;

#
# Answers
#

# A query for each row of `queries`: rank, distance and word of the search, or of the whole table. Rows that are
# equally far may come in any order, so what is compared is the distances, and whether each row is its own.
sub found
{
	my ($options) = @_;

	return $front->safe_psql('postgres', <<"EOS");
SELECT q.n, s.rank, round(s.distance::numeric, 5), s."row" ->> 'word' = i.word AND s.distance = (i.embedding <=> q.q)
FROM queries q CROSS JOIN LATERAL vecprov_search_cluster('items_embedding_idx', q.q, 10, columns => '{id,word}'$options) s
	JOIN new_items i ON i.id = (s."row" ->> 'id')::bigint
ORDER BY 1, 2
EOS
}

sub exact
{
	my ($where) = @_;

	return $front->safe_psql('postgres', <<"EOS");
SELECT q.n, i.rank, round(i.distance::numeric, 5), true
FROM queries q CROSS JOIN LATERAL (SELECT row_number() OVER (ORDER BY distance) AS rank, distance
	FROM (SELECT embedding <=> q.q AS distance FROM new_items WHERE $where ORDER BY embedding <=> q.q LIMIT 10) j) i
ORDER BY 1, 2
EOS
}
is(found(''), exact('true'), 'what one table has');
is(found(q{, filter => 'word LIKE $1 AND id % $2 = 0', params => '{c%,3}'}), exact("word LIKE 'c%' AND id % 3 = 0"), 'with a filter');
is(found(q{, filter => 'word = $1', params => '{nowhere-at-all}'}), '', 'that no row satisfies');
is(found(', partial => true'), exact('true'), 'partial, and nobody is missing');
my $ten = run_next('Search');
is(scalar(() = $ten =~ /^\d+\|c\w*\|[\d.e-]+\|shard_[012]$/mg), 10, "the page's search") or diag $ten;
my $plan = run_next('Search');
is(scalar(() = $plan =~ /Async Foreign Scan/g), 3, 'by hand: all servers are asked at once') or diag $plan;
is(scalar(() = $plan =~ /Remote SQL: .* LIMIT 10::bigint$/mg), 3, 'each for ten rows') or diag $plan;

# The planner knows nothing of the tables, or believes that a filter leaves fewer rows than k
sub asked
{
	my ($sql) = @_;
	my $offset = log_end($node{db3});

	$front->safe_psql('postgres', $sql);
	return map { s/\s+/ /gr =~ s/'\[.*?\]'/Q/gr }
	  slurp_file($node{db3}->logfile, $offset) =~ /^postgres_fdw: LOG:  (?:statement|execute <unnamed>): (.*\n(?:\t.*\n)*)/mg;
}
my $far = "'[" . join(',', (1) x 100) . "]'";
foreach my $k (1, 10, 10000)
{
	foreach my $filter ('', ", filter => 'id = 7'", ", filter => 'word = ''music'' AND id < 100 AND id > 50'")
	{
		my @declared = grep { /^DECLARE/ } asked("SELECT FROM vecprov_search_cluster('items_embedding_idx', $far, $k$filter)");
		is(scalar(grep { !/ LIMIT ${k}::bigint/ } @declared), 0, "k = $k$filter: the server is asked with a LIMIT, if it is") or diag @declared;
		is(scalar(@declared), 1, 'and it is asked') if $filter !~ /id = 7/;
	}
}
is(join(' ', map { /^(\w+)/ } grep { !/^SET/ } asked("SELECT FROM vecprov_search_cluster('items_embedding_idx', $far, 10)")),
	'START DECLARE FETCH CLOSE COMMIT', 'a search is five round trips');
$front->safe_psql('postgres', "ANALYZE items");
is(scalar(grep { /^DECLARE/ && !/ LIMIT 100::bigint/ } asked("SELECT FROM vecprov_search_cluster('items_embedding_idx', $far, 100, filter => 'word = ''music''')")),
	0, 'analyzed, and one row is expected: LIMIT 100');

# Errors, and text that is no condition
sub fails
{
	my ($sql, $error, $name) = @_;
	my ($stdout, $stderr);

	$front->psql('postgres', "\\set VERBOSITY verbose\n$sql", stdout => \$stdout, stderr => \$stderr);
	like($stderr, $error, $name // $sql);
	return $stderr;
}
my $search = "SELECT count(*) FROM vecprov_search_cluster('items_embedding_idx', $far, 10";
fails("$search, 'true) OR (true')", qr/ERROR:  42601/, 'a filter that closes brackets');
fails("$search, 'id IN (SELECT id FROM new_items)')", qr/ERROR:  0A000: filter has a subquery/);
fails("$search, 'random() < 2')", qr/ERROR:  0A000: filter cannot be evaluated by other servers\nDETAIL:.*random\(\)/, 'a filter that is not sent');
is($front->safe_psql('postgres', "$search, 'id > 0 -- (')"), 10, 'a comment');
is($front->safe_psql('postgres', "$search, 'id > 0 AND word <> ' || quote_literal(quote_literal('x''; --')))"), 10, 'quotes');
fails("$search, columns => '{nothing}')", qr/ERROR:  42703/, 'no such column');
fails("SELECT vecprov_search_cluster('items_embedding_idx', $far, 0)", qr/ERROR:  22023: k must be between 1 and 10000, not 0/, 'k');
fails("SELECT vecprov_search_cluster('items_embedding_idx', '[1,2]', 10)", qr/different vector dimensions/, 'dimensions');
is($front->safe_psql('postgres', "SELECT count(*) FROM vecprov_search_cluster('items_embedding_idx', NULL, 10)"), 0, 'no vector');
fails("CREATE INDEX ON new_items USING vecprov (embedding); SELECT vecprov_search_cluster('new_items_embedding_idx', $far, 10)",
	qr/ERROR:  42809: index "new_items_embedding_idx" is not that of a partitioned table/, 'an index of a table');
fails("ALTER SERVER shard_1 OPTIONS (SET async_capable 'off'); $search)", qr/ERROR:  55000: server "shard_1" lacks options/, 'async_capable is missing');
fails("ALTER SERVER shard_1 OPTIONS (SET async_capable 'on', SET extensions 'postgres_fdw'); $search)",
	qr/HINT:  ALTER SERVER shard_1 OPTIONS \(SET async_capable 'true', SET extensions 'postgres_fdw, vecprov'\);/, 'extensions is missing');
$front->safe_psql('postgres', "ALTER SERVER shard_1 OPTIONS (SET extensions 'postgres_fdw, vecprov')");
is($front->safe_psql('postgres', "$search)"), 10, 'after what the hint says');

# Key moves
$front->safe_psql('postgres', 'BEGIN; UPDATE items SET id = 30001 WHERE id = 1; COMMIT');
is($front->safe_psql('postgres', 'SELECT count(DISTINCT tableoid) FROM (SELECT tableoid FROM items WHERE embedding = (SELECT embedding FROM new_items WHERE id = 1)) x'),
	1, 'an UPDATE of the key');
is($front->safe_psql('postgres', "UPDATE items SET id = 1 WHERE embedding = (SELECT embedding FROM new_items WHERE id = 1); SELECT count(*) FROM items WHERE id = 1"),
	1, 'leaves the row where it is');

#
# Late, lost, cancelled
#

# Searches of these partitions wait, while their server executes them, for whoever holds a lock.
foreach my $i (0, 1)
{
	$node{ "db" . ($i + 1) }->safe_psql('postgres', <<"EOS");
CREATE FUNCTION gate() RETURNS boolean LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock_shared(7); RETURN true; END';
CREATE VIEW gated_$i AS SELECT * FROM items_$i WHERE gate();
EOS
	$front->safe_psql('postgres', "ALTER FOREIGN TABLE items_$i OPTIONS (ADD table_name 'gated_$i')");
}
my @gates = map { $node{$_}->background_psql('postgres') } qw(db1 db2);

sub shut
{
	$_->query_safe('SELECT pg_advisory_lock(7)') foreach @_;
}

sub open_again
{
	$_->query_safe('SELECT pg_advisory_unlock(7)') foreach @_;
}

sub waits
{
	my ($machine, $count) = @_;

	return $node{$machine}->poll_query_until('postgres', "SELECT count(*) = $count FROM pg_stat_activity
		WHERE application_name = 'postgres_fdw' AND state = 'active' AND wait_event = 'advisory'");
}

# A search in the background: prints `done` and what the SQL does.
sub begin_search
{
	my ($sql, $before) = @_;
	my $session = $front->background_psql('postgres', on_error_stop => 0);

	$session->query_until(qr/started/, "\\set VERBOSITY verbose\n" . ($before // '') . "\nSELECT pg_backend_pid() AS pid \\gset\n\\echo started\n$sql;\n\\echo finished\n");
	return $session;
}

# All at once: two servers wait at the same time, each for its own lock
shut(@gates);
my $session = begin_search("$search)");
ok(waits('db1', 1) && waits('db2', 1), 'servers are asked at the same time');
open_again(@gates);
my ($output) = finish_session($session);
like($output, qr/^10$/m, 'and all have answered');
$session->quit;

# A timeout, with and without partial; a cancel
foreach my $options ('', ', partial => true')
{
	shut($gates[0]);
	fails("SET statement_timeout = '1s'; $search$options)", qr/ERROR:  57014: canceling statement due to statement timeout/, "statement_timeout$options");
	ok(waits('db1', 0), "and nothing runs on the server any more");
	$session = begin_search("$search$options)");
	ok(waits('db1', 1), 'again');
	$front->safe_psql('postgres', "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT count(*) FROM vecprov_search_cluster%' AND state = 'active'");
	my (undef, $stderr) = finish_session($session);
	like($stderr, qr/ERROR:  57014: canceling statement due to user request/, "a cancel$options");
	ok(waits('db1', 0), "and nothing runs on the server any more");
	$session->quit;
	open_again($gates[0]);
}

# A server that answers late, by its own timeout
$front->safe_psql('postgres', "ALTER SERVER shard_0 OPTIONS (SET options '-c vecprov.ef_search=10000 -c statement_timeout=500')");
shut($gates[0]);
fails("$search)", qr/ERROR:  57014: .*remote SQL command: SELECT [^']* FROM public.gated_0 .*LOCATION:  pgfdw_report_/s, 'a late server is an error that names the partition');
my $left_out = fails("$search, partial => true)", qr/WARNING:  01000: server "shard_0" is left out of the answer\nDETAIL:  canceling statement due to statement timeout/, 'partial: told');
my $without_0 = "NOT satisfies_hash_partition('items'::regclass, 3, 0, id)";
unlike($left_out, qr/ERROR|shard_[12]/, 'and others are not');
open_again($gates[0]);
$front->safe_psql('postgres', "ALTER SERVER shard_0 OPTIONS (SET options '-c vecprov.ef_search=10000')");
is(found(', partial => true'), exact('true'), 'it is there again');

# A server whose session ends during the search: an error, and then the next search
foreach my $options ('', ', partial => true')
{
	shut($gates[0]);
	$session = begin_search("$search$options)");
	ok(waits('db1', 1), 'a session on a server');
	$node{db1}->safe_psql('postgres', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'postgres_fdw' AND state = 'active'");
	my (undef, $stderr) = finish_session($session);
	like($stderr, $options ? qr/ERROR:  08\w+: connection to server "shard_0" (?:was lost|cannot be used)/ : qr/ERROR:  (?:57P01|08006).*CONTEXT:  remote SQL command: .* FROM public.gated_0 /s,
		"is ended in the middle$options");
	open_again($gates[0]);
	$session->query_until(qr/again/, "$search$options);\n\\echo again\n");
	$session->quit;
	is(found($options), exact('true'), 'the next one is as before');
}

# A server that is lost
$_->quit foreach @gates;
$front->safe_psql('postgres', "ALTER FOREIGN TABLE items_$_ OPTIONS (DROP table_name)") foreach 0, 1;
$session = $front->background_psql('postgres', on_error_stop => 0);
$session->query("$search)");
$node{db1}->stop('immediate');
fails("$search)", qr/ERROR:  08001: could not connect to server "shard_0"/, 'a lost server is an error that names it');
like($session->query("$search, partial => true)"), qr/^10$/m, 'a session that was connected: partial');
$session->quit;
is(found(', partial => true'), exact($without_0), 'partial: what the others have');
is($front->safe_psql('postgres', "SELECT DISTINCT missing FROM vecprov_search_cluster('items_embedding_idx', $far, 10, partial => true)"),
	'{shard_0}', 'and the missing one is named');
fails("$search, partial => true)", qr/WARNING:  01000: server "shard_0" is left out of the answer\nDETAIL:  could not connect to server "shard_0": connection/, 'in a warning, too');
my $there = $front->safe_psql('postgres', "SELECT min(id) FROM items_1");
is($front->safe_psql('postgres', "$search, 'id = $there')"), 1, 'whoever needs not ask it does not');
fails("$search, 'id = (SELECT 1)', partial => true)", qr/ERROR:  0A000/, 'other errors are errors');
fails("$search, columns => '{nothing}', partial => true)", qr/ERROR:  42703/, 'likewise');
like(run_next('A server is lost'), qr/^1\|[^|]*\|\{shard_0\}$/m, "the page's partial search");
$node{$_}->stop('immediate') foreach qw(db2 db3);
fails("$search, partial => true)", qr/ERROR:  08000: no server can be searched\nDETAIL:  could not connect to server/, 'all are lost');
start_again($node{$_}) foreach qw(db1 db2 db3);
is(found(''), exact('true'), 'all are back');
run_next('A server is lost');
is(found(''), exact('true'), 'a partition was taken out and put back');

#
# Rights
#

run_next('Who may do what');
sub as_app
{
	my ($sql) = @_;

	return "SET SESSION AUTHORIZATION app; $sql";
}
is($front->safe_psql('postgres', as_app("$search)")), 10, 'a role with a mapping');
is($front->safe_psql('postgres', as_app("$search, 'id > 5', columns => '{id}', partial => true)")), 10, 'with a filter, partial');
$node{db2}->safe_psql('postgres', 'REVOKE SELECT ON items_1 FROM app');
fails(as_app("$search)"), qr/ERROR:  42501: permission denied for table items_1\nCONTEXT:  remote SQL command/, 'without a right there');
fails(as_app("$search, partial => true)"), qr/ERROR:  42501: permission denied for table items_1/, 'which is not made a partial answer');
$node{db2}->safe_psql('postgres', 'GRANT SELECT ON items_1 TO app');
$front->safe_psql('postgres', "ALTER USER MAPPING FOR app SERVER shard_1 OPTIONS (DROP password)");
fails(as_app("$search)"), qr/ERROR:  2F003: password.* required/, 'without a password');
$front->safe_psql('postgres', "ALTER USER MAPPING FOR app SERVER shard_1 OPTIONS (ADD password 'wrong')");
fails(as_app("$search)"), qr/ERROR:  08001: could not connect to server "shard_1"/, 'with a wrong one');
$front->safe_psql('postgres', "DROP USER MAPPING FOR app SERVER shard_1");
fails(as_app("$search)"), qr/ERROR:  42704: user mapping not found for (?:user )?"app"/, 'without a mapping');
fails(as_app("$search, partial => true)"), qr/ERROR:  42704: user mapping not found for (?:user )?"app"/, 'neither partial');
$front->safe_psql('postgres', "CREATE USER MAPPING FOR app SERVER shard_1 OPTIONS (user 'app', password 'CHANGE-app')");
$front->safe_psql('postgres', 'REVOKE SELECT ON items_1 FROM app');
fails(as_app("$search)"), qr/ERROR:  42501: permission denied for foreign table items_1/, 'without a right to a partition');
$front->safe_psql('postgres', 'GRANT SELECT ON items_1 TO app; REVOKE SELECT ON items FROM app');
fails(as_app("$search)"), qr/ERROR:  42501: permission denied for table items/, 'without a right to the table');
$front->safe_psql('postgres', 'GRANT SELECT ON items TO app; ALTER TABLE items ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON items USING (id > 5)');
fails(as_app("$search)"), qr/ERROR:  42501: row security of table "public.items" does not hold for its partitions/, 'row security of the table');
is($front->safe_psql('postgres', "$search)"), 10, 'does not apply to its owner');
$front->safe_psql('postgres', 'ALTER TABLE items DISABLE ROW LEVEL SECURITY');
# names in a filter are the caller's, those in the function are nobody's
is($front->safe_psql('postgres', <<"EOS"), 10, 'search_path');
CREATE SCHEMA mine;
CREATE FUNCTION mine.unnest(anyarray) RETURNS SETOF anyelement LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''called''; END';
CREATE FUNCTION mine.format(text, VARIADIC "any") RETURNS text LANGUAGE internal AS 'text_format_nv';
SET search_path = mine, pg_catalog, public;
$search, 'length(word) > 1')
EOS

#
# Partitions move
#

run_next('Move a partition') foreach 1 .. 2;
fails("SET SESSION AUTHORIZATION app; DELETE FROM items_1", qr/ERROR:  42501/, 'nobody writes to it');
my $open = $front->background_psql('postgres');
$open->query_safe("$search)");
run_next('Move a partition') foreach 1 .. 3;
$node{db2}->stop('fast');
is(found(''), exact('true'), 'a partition on another server');
like($open->query_safe("$search)"), qr/^10$/m, 'also in a session that was there before');
$open->quit;

run_next('Add a server') foreach 1 .. 3;
$node{db5}->safe_psql('postgres', 'CREATE INDEX items_3_embedding_idx ON items_3 USING vecprov (embedding vector_cosine_ops); ANALYZE items_3');
$front->safe_psql('postgres', "ALTER SERVER shard_3 OPTIONS (SET options '-c vecprov.ef_search=10000')");
run_next('Add a server');
is($front->safe_psql('postgres', 'SELECT count(*), count(DISTINCT id), count(DISTINCT tableoid) FROM items'), '10000|10000|4', 'one server more');
is(found(''), exact('true'), 'which is searched');
is($node{db1}->safe_psql('postgres', 'SELECT count(*) FROM items_0_leaving'), 0, 'what has moved is not on the old one');
is($front->safe_psql('postgres', as_app("$search)")), 10, 'the role has its rights there, too');

# A partition of the front server itself, two on one server, and one that is divided further
$front->safe_psql('postgres', <<'EOS');
BEGIN;
CREATE TABLE items_own (LIKE items) PARTITION BY LIST ((id % 2));
CREATE TABLE items_own_even PARTITION OF items_own FOR VALUES IN (0);
CREATE TABLE items_own_odd PARTITION OF items_own FOR VALUES IN (1);
INSERT INTO items_own SELECT * FROM items_2;
ALTER TABLE items DETACH PARTITION items_2;
ALTER TABLE items ATTACH PARTITION items_own FOR VALUES WITH (MODULUS 3, REMAINDER 2);
COMMIT;
SELECT sum(vecprov_index_size(leaf)) FROM vecprov_leaves('items_embedding_idx');
EOS
is(found(''), exact('true'), 'partitions here and there');
is($front->safe_psql('postgres', "SELECT bool_or(server IS NULL) AND bool_or(\"table\" = 'items_own_odd'::regclass) FROM vecprov_search_cluster('items_embedding_idx', $far, 100)"),
	't', 'those of this server are named');
$node{db5}->safe_psql('postgres', 'CREATE TABLE items_2 (id bigint NOT NULL, word text, embedding vector(100) NOT NULL)');
$front->safe_psql('postgres', <<'EOS');
CREATE FOREIGN TABLE items_again (id bigint NOT NULL, word text, embedding vector(100) NOT NULL) SERVER shard_3 OPTIONS (table_name 'items_2');
INSERT INTO items_again SELECT * FROM items_own;
BEGIN;
DROP TABLE items_own;
ALTER TABLE items ATTACH PARTITION items_again FOR VALUES WITH (MODULUS 3, REMAINDER 2);
COMMIT;
EOS
is(found(''), exact('true'), 'two on one server');

# Loaded by COPY
my $rows = $front->safe_psql('postgres', "COPY (SELECT id + 20000, word, embedding FROM new_items WHERE id <= 40) TO STDOUT");
$front->safe_psql('postgres', "COPY items FROM STDIN;\n$rows\n\\.\n");
is($front->safe_psql('postgres', 'SELECT count(*), count(DISTINCT tableoid) FROM items WHERE id BETWEEN 20001 AND 20040'), '40|4', 'COPY goes to all servers');
SKIP:
{
	skip 'vecprov-load is not built: it needs libpq-dev and libjansson-dev', 1 unless grep { -x "$_/vecprov-load" } split /:/, $ENV{PATH};
	$rows =~ s/^2/3/mg;
	my ($out, $err);
	IPC::Run::run([ 'vecprov-load', '-d', $front->connstr('postgres'), '--progress', 'none', '-t', 'items', '-f', 'tsv', '--columns', 'id,word,embedding', '-' ],
		\$rows, \$out, \$err);
	is($front->safe_psql('postgres', 'SELECT count(*), count(DISTINCT tableoid) FROM items WHERE id BETWEEN 30001 AND 30040'), '40|4', 'and so does vecprov-load') or diag $out, $err;
}

# Nothing of the page was left out
is(join(', ', grep { @{ $part{$_} } } sort keys %part), 'Effort and recall', 'all statements were run but one');
run_next('Effort and recall');

$_->stop('fast') foreach map { $node{$_} } qw(front db1 db3 db4 db5);
done_testing();
