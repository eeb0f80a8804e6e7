# Posting runs of key columns: kill -9 and errors at every step of writing and merging them, by inserts,
# VACUUM and mergers, all at the same time, a standby. After each, no rule is broken and no row is missing
# in the posting lists. And who merges when.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

# With so many key columns a recent page has room for 64 entries, so a few hundred make runs. They are
# of all widths; one is NULL in places; one has few values. Of an array there are three entries a row.
my $columns = join ', ', map { "b$_ bigint GENERATED ALWAYS AS (id::bigint * $_ % 1009) STORED" } 1 .. 14;
my $table   = "id int, few smallint GENERATED ALWAYS AS (id % 3) STORED,
	flag bool GENERATED ALWAYS AS (CASE WHEN id % 5 > 0 THEN id % 2 = 0 END) STORED, $columns, v vector(8),
	tags int[] GENERATED ALWAYS AS (ARRAY[id % 11, 100 + id % 7, id]) STORED";
my $keys = join ', ', 'few', 'flag', map({ "b$_" } 1 .. 14), 'tags';

my $node = vecprov_node('main', allows_streaming => 1);
$node->append_conf('postgresql.conf', <<'EOC');
max_parallel_maintenance_workers = 0
wal_keep_size = 2GB
wal_consistency_checking = 'all, vecprov'
EOC
$node->start;
vecprov_functions($node);
$node->safe_psql('postgres', <<'EOS');
CREATE FUNCTION postings(index regclass, col int, spans bigint[], OUT bound bigint, OUT given bigint,
		OUT matching bigint, OUT missing bigint)
	AS 'vecprov', 'vecprov_debug_postings' LANGUAGE C STRICT;
CREATE FUNCTION runs(index regclass, OUT col int, OUT level int, OUT entries bigint)
	RETURNS SETOF record AS 'vecprov', 'vecprov_debug_runs' LANGUAGE C STRICT;
-- How many runs the columns have of each level, at most, and in all.
CREATE VIEW shape AS SELECT coalesce(max(n), 0) AS of_level, coalesce(max(of_column), 0) AS of_column
	FROM (SELECT count(*) AS n, sum(count(*)) OVER (PARTITION BY col) AS of_column
		FROM runs('items_v'::text::regclass) GROUP BY col, level) x;
-- The largest bigint and what is behind it are not in these ranges.
CREATE VIEW missing AS SELECT col, spans, p.* FROM generate_series(0, 15) col,
	(VALUES ('{0, 9223372036854775807}'::bigint[]), ('{0, 0, 1, 2, 32768, 32769}'),
		('{-9223372036854775808, -9223372036854775800, -9223372036854775700, -9223372036854775290}')) s (spans),
	postings('items_v'::text::regclass, col, spans) p
	WHERE missing > 0 OR given > bound OR matching > given;
EOS

# Elements whose rows a search does not find as a look at all rows does.
my $elements = <<'EOS';
SET enable_seqscan = off;
SET enable_sort = off;
SET enable_bitmapscan = off;
SET vecprov.iterative_scan = relaxed_order;
SELECT t, found FROM generate_series(0, 110, 5) t, LATERAL (SELECT array_agg(id ORDER BY id) AS found FROM
	(SELECT id FROM items WHERE t = ANY (tags) ORDER BY v <-> vec(1, 8) LIMIT 100000) r) f
WHERE found IS DISTINCT FROM (SELECT array_agg(id ORDER BY id) FROM items WHERE t = ANY (tags || '{}'::int[])) LIMIT 10;
EOS

sub rows_sql
{
	my ($first, $n) = @_;
	return "INSERT INTO items (id, v) SELECT i, vec(i % 301, 8) FROM generate_series($first, $first + $n - 1) i";
}

my $index = "CREATE INDEX items_v ON items USING vecprov (v, $keys) WITH (m = 4, ef_construction = 10)";
my $make  = "DROP TABLE IF EXISTS items; CREATE TABLE items ($table);";

# Of a server: is all as it should be?
sub sound
{
	my ($name, $server) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	is( ($server // $node)->safe_psql('postgres',
			"SELECT * FROM vecprov_check('items_v', true) LIMIT 10; SELECT * FROM missing LIMIT 10; $elements"),
		'', "$name: no rule is broken, no row is missing");
}

sub make_items
{
	my ($sql) = @_;
	$node->safe_psql('postgres', "$make $sql");
}

# Waits until nobody merges, and there is nothing to be merged.
sub merged
{
	my ($name, $server) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	ok( ($server // $node)->poll_query_until('postgres', <<'EOS'), "$name: no more than three runs of a level");
SELECT of_level < 4 AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'vecprov merger') FROM shape
EOS
}

sub pages
{
	return $node->safe_psql('postgres', "SELECT pg_relation_size('items_v') / 8192");
}

#
# Runs are made and merged
#
make_items($index);
sound('an empty index');
foreach my $round (0 .. 9)
{
	$node->safe_psql('postgres', rows_sql($round * 200, 200));
	sound("inserted, round $round");
}
merged('inserted');
cmp_ok($node->safe_psql('postgres', "SELECT max(level) FROM runs('items_v')"), '>', 0, 'a merger has made larger runs');
like($node->safe_psql('postgres', "SELECT bound FROM postings('items_v', 2, '{-9223372036854775808, -9223372036854775807}')"),
	qr/^\d{1,3}$/, 'a slice is a part of the rows');
$node->safe_psql('postgres', 'DELETE FROM items WHERE id % 4 > 0');
vacuum($node, 'items');
sound('VACUUM');
is($node->safe_psql('postgres', "SELECT bound BETWEEN 500 AND 500 + 64 * 3 FROM postings('items_v', 2, '{0, -1}')"),
	't', 'runs are without the dead');
$node->safe_psql('postgres', 'REINDEX INDEX items_v');
sound('REINDEX');
is($node->safe_psql('postgres', "SELECT bound <= 16, matching FROM postings('items_v', 0, '{4294967296, -1}')"),
	't|0', 'of a smallint nothing is above 2 bytes');

# Rows come and go: pages of runs are used again.
my $before;
foreach my $round (1 .. 8)
{
	$node->safe_psql('postgres', $_)
	  foreach ('DELETE FROM items', 'VACUUM items', rows_sql(1, 600), rows_sql(601, 300));
	sound("round $round") if $round % 4 == 0;
	$before = pages() if $round == 4;
}
cmp_ok(pages(), '<=', $before + 60, 'the index grows no more');

#
# kill -9 and errors at each step
#
sub go_on
{
	my ($name) = @_;

	sound($name);
	$node->safe_psql('postgres', rows_sql(20000, 200));
	sound("$name, inserted again");
	merged("$name, inserted again");
	$node->safe_psql('postgres', "VACUUM items");
	sound("$name, vacuumed");
	is($node->safe_psql('postgres', "SELECT count(*) FROM vecprov_check('items_v', true)"), '0', "$name: sound")
}

# An insert flushes; that of a transaction which has made the index merges, too, since nobody else could;
# VACUUM merges what has many entries of no row.
my @writes = ('runs-written', 'runs-written=:7', 'runs-listed', 'runs-used', 'runs-given', 'runs-ended');
my %work   = (
	insert => [ "$index; " . rows_sql(1, 760), rows_sql(5000, 200), 'runs-begun', @writes ],
	new => [ '', "BEGIN; $index; " . rows_sql(1, 550) . '; COMMIT', 'merge-begun', 'merge-sorted' ],
	vacuum => [
		rows_sql(1, 500) . "; $index; " . rows_sql(600, 150) . '; DELETE FROM items WHERE id % 2 = 0', 'VACUUM items',
		'merge-begun', 'merge-sorted', 'merge-sorted=:7', @writes ]);

foreach my $what (sort keys %work)
{
	my ($begin, $sql, @points) = @{ $work{$what} };

	foreach my $point (@points)
	{
		my ($name, $count) = split /=/, $point;
		$count //= '';
		make_items($begin);
		ok(crash_at($node, "$name=crash$count", $sql), "$what, $point: crashed");
		$node->safe_psql('postgres', $index) if $what eq 'new';
		go_on("$what, $point");
	}
	next if $what eq 'new';
	foreach my $point ('runs-written', 'runs-listed', 'runs-used')
	{
		make_items($begin);
		my ($rc, $stdout, $stderr) = $node->psql('postgres', "SET vecprov.debug_point = '$point=error'; $sql");
		like($stderr, qr/error at debug point "$point"/, "$what, $point: an error");
		go_on("$what, $point, error");
	}
}

#
# A merger that is killed, or fails, at each step
#

# Inserts what makes a merge due; the merger, and nobody else, does something at a point. Should that kill
# the server, the insert may fail.
sub ask_at
{
	my ($point) = @_;

	make_items("$index; " . rows_sql(1, 500));
	$node->safe_psql('postgres', "ALTER DATABASE postgres SET vecprov.debug_point = '$point'");
	$node->psql('postgres', "SET vecprov.debug_point = ''; " . rows_sql(1000, 100));
}

# The same, and goes on inserting until that has happened, or some merges
# later: a merger that the first rows asked for may have merged them before
# the point was set. Has it happened?
sub ask_until_seen
{
	my ($point, $tries) = @_;
	my $offset = log_end($node);

	ask_at($point);
	foreach my $try (1 .. $tries)
	{
		foreach (1 .. 20)
		{
			return 1 if slurp_file($node->logfile, $offset) =~ /error at debug point|terminated by signal/;
			usleep(50_000);
		}
		$node->psql('postgres', "SET vecprov.debug_point = ''; " . rows_sql(1000 + 100 * $try, 100));
	}
	return 0;
}

# From now on mergers do nothing at points.
sub as_usual
{
	$node->safe_psql('postgres', "SET vecprov.debug_point = ''; ALTER DATABASE postgres RESET vecprov.debug_point");
}

# The same after a merger crashed the server. After the restart a catalogue
# reader asks for the next one, which crashes, too, until it is told not to:
# then it merges.
sub as_usual_again
{
	my $reset = "SET vecprov.debug_point = ''; ALTER DATABASE postgres RESET vecprov.debug_point";

	foreach (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		last if eval { $node->psql('postgres', $reset, stdout => \my $stdout, stderr => \my $stderr) == 0 };
		usleep(100_000);
	}
	$node->poll_query_until('postgres', <<'EOS') or die 'nobody merges after a crash';
SELECT of_level < 4 AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'vecprov merger') FROM shape
EOS
}

foreach my $point ('merge-begun', 'merge-sorted', 'runs-written', 'runs-listed', 'runs-used', 'runs-given', 'runs-ended')
{
	my $offset = log_end($node);
	ok(ask_until_seen("$point=crash", 20), "merger, $point: crashed");
	as_usual_again();
	go_on("merger, $point");

	$offset = log_end($node);
	ask_until_seen("$point=error", 20);
	ok($node->wait_for_log(qr/error at debug point "$point"/, $offset), "merger, $point: an error");
	as_usual();
	go_on("merger, $point, error");
}

# At changes of pages that are one in a geometric series.
{
	my $crashes = 0;

	foreach my $count (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377)
	{
		my $offset = log_end($node);
		my $crashed = ask_until_seen("change-before-wal=crash:$count", 8);
		$crashed ? as_usual_again() : as_usual();
		last unless $crashed;
		$crashes++;
		sound("merger, change $count");
		$node->safe_psql('postgres', rows_sql(4000, 200) . '; VACUUM items') if $count % 2 == 0;
		sound("merger, change $count, inserted again");
	}
	cmp_ok($crashes, '>', 5, 'mergers crashed at changes');
}

#
# Who merges when
#

# Inserts what makes a merge due, until a merger waits at a point: one that
# the first rows asked for may have merged them before the point was set.
sub ask_until_waiting
{
	my ($point) = @_;
	my $waits = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'vecprov merger' AND wait_event = 'advisory')";

	ask_at("$point=wait");
	foreach my $try (1 .. 20)
	{
		foreach (1 .. 20)
		{
			return if $node->safe_psql('postgres', $waits) eq 't';
			usleep(50_000);
		}
		$node->safe_psql('postgres', "SET vecprov.debug_point = ''; " . rows_sql(1000 + 100 * $try, 100));
	}
	die "no merger waits at $point";
}

my $no_merger = "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'vecprov merger')";

# Rows are flushed while a merger reads and sorts, but not found twice or lost.
{
	my $hold = hold($node);
	ask_until_waiting('merge-sorted');
	as_usual();
	my $before = $node->safe_psql('postgres', 'SELECT of_level FROM shape');
	$node->safe_psql('postgres', rows_sql(2000, 300));
	cmp_ok($node->safe_psql('postgres', 'SELECT of_level FROM shape'), '>=', $before + 2, 'inserts flush while a merger sorts');
	is($node->safe_psql('postgres', 'SELECT * FROM missing LIMIT 10'), '', 'while a merger sorts: no row is missing');
	my $vacuum = $node->background_psql('postgres');
	$vacuum->query_until(qr/started/, "\\echo started\nVACUUM items;\n\\echo finished\n");
	ok($node->poll_query_until('postgres', "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query ~ '^VACUUM' AND wait_event = 'page')"),
		'VACUUM waits for the merger');
	$hold->quit;
	finish_session($vacuum);
	$vacuum->quit;
	merged('flushed while a merger sorts');
	sound('flushed while a merger sorts');
}

# A merger gives way to who wants the table for himself. It comes again when it is asked for again.
{
	my $hold = hold($node);
	ask_until_waiting('merge-begun');
	as_usual();
	my $session = $node->background_psql('postgres');
	$session->query_until(qr/started/, "\\echo started\nBEGIN; LOCK TABLE items;\n\\echo finished\n");
	$node->poll_query_until('postgres',
		"SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query ~ 'LOCK TABLE items' AND wait_event = 'relation' AND pid <> pg_backend_pid())");
	$hold->quit;
	finish_session($session);
	ok($node->poll_query_until('postgres', $no_merger), 'a merger gives way');
	$session->query_safe('COMMIT');
	cmp_ok($node->safe_psql('postgres', 'SELECT of_level FROM shape'), '>=', 4, 'and has merged nothing');
	# nor does it wait for who has the table for himself
	$session->query_safe('BEGIN; LOCK TABLE items');
	$session->query_safe(rows_sql(2000, 150));
	$session->query_safe('COMMIT');
	ok($node->poll_query_until('postgres', $no_merger), 'a merger does not wait for the table');
	$node->safe_psql('postgres', rows_sql(3000, 150));
	merged('after the table was locked');
	sound('after the table was locked');
	$session->quit;
}

# What nobody else can open is merged by who inserts.
is( $node->safe_psql('postgres', "BEGIN; $make $index; " . rows_sql(1, 3000) . '; SELECT of_level < 4 FROM shape; ROLLBACK'),
	't', 'the index of this transaction');
is( $node->safe_psql('postgres', <<"EOS"), 't', 'a temporary index');
CREATE TEMP TABLE items ($table); $index; @{[ rows_sql(1, 3000) ]}; SELECT of_level < 4 FROM shape
EOS

# VACUUM merges by levels; it does not make large runs anew because few rows are dead.
{
	make_items("$index; " . rows_sql(1, 2000));
	merged('before VACUUM');
	my $largest = "SELECT col || ' ' || entries FROM runs('items_v') WHERE level = (SELECT max(level) FROM runs('items_v'))";
	my @before  = split /\n/, $node->safe_psql('postgres', $largest);
	$node->safe_psql('postgres', 'DELETE FROM items WHERE id % 20 = 0');
	$node->safe_psql('postgres', 'VACUUM items');
	# it may have made others of that level, of smaller ones
	my %after;
	$after{$_}++ foreach split /\n/, $node->safe_psql('postgres', $largest);
	is(join(', ', grep { $after{$_}-- <= 0 } @before), '', 'few are dead: large runs stay as they are');
	$node->safe_psql('postgres', 'DELETE FROM items WHERE id % 5 = 0');
	my $left = "SELECT max(n), max(e) BETWEEN 1600 - 192 AND 1600
			FROM (SELECT count(*) AS n, sum(entries) AS e FROM runs('items_v')
				WHERE col < (SELECT max(col) FROM runs('items_v')) GROUP BY col) x";    # tags has three entries a row
	# somebody may have an older snapshot, for a moment
	foreach (1 .. 50)
	{
		$node->safe_psql('postgres', 'VACUUM items');
		last if $node->safe_psql('postgres', $left) eq '1|t';
		usleep(100_000);
	}
	is($node->safe_psql('postgres', $left), '1|t', 'a tenth is dead: there is one run, without them');
	sound('VACUUM of few and of many');
}

# Where no merger is to be had, the runs of a column do not become more and more.
{
	my $offset = log_end($node);
	$node->append_conf('postgresql.conf', 'max_worker_processes = 3');
	$node->restart;
	make_items($index);
	my ($most, $round) = (0, 0);
	my ($of_level, $of_column) = (0, 0);
	while ($round < 200 && $of_column >= $most)
	{
		$most = $of_column;
		$node->safe_psql('postgres', rows_sql(130 * $round++, 130));
		($of_level, $of_column) = split /\|/, $node->safe_psql('postgres', 'SELECT * FROM shape');
	}
	is($most, 3 + 12, 'without mergers: more and more runs, but not without end');
	cmp_ok($of_level, '<', 4, 'an insert merges them');
	my $told = () = slurp_file($node->logfile, $offset) =~ /could not start a background worker to merge posting lists/g;
	is($told, 1, 'it is told once that there is no merger');
	my $until_due = sub {
		my $end = $round + 200;
		while ($round < $end && $of_level < 4)
		{
			$node->safe_psql('postgres', rows_sql(130 * $round++, 130));
			($of_level, $of_column) = split /\|/, $node->safe_psql('postgres', 'SELECT * FROM shape');
		}
		cmp_ok($of_level, '>=', 4, 'runs are to be merged');
	};
	$until_due->();
	$node->safe_psql('postgres', 'VACUUM items');
	cmp_ok($node->safe_psql('postgres', 'SELECT of_level FROM shape'), '<', 4, 'VACUUM merges them');
	sound('without mergers');
	# nobody but the inserts before it asks for a merger
	($of_level) = split /\|/, $node->safe_psql('postgres', 'SELECT * FROM shape');
	$until_due->();
	$node->append_conf('postgresql.conf', 'max_worker_processes = 8');
	$node->restart;
	merged('after a restart, with no insert');
	$node->safe_psql('postgres', rows_sql(30000, 3000));
	merged('mergers are to be had again');
	sound('mergers are to be had again');
}

# Also while the pages that the first one left are given back.
make_items($work{insert}->[0]);
ok(crash_at($node, 'runs-listed=crash', $work{insert}->[1]), 'crashed');
ok(crash_at($node, 'runs-found=crash:3', rows_sql(6000, 400)), 'and when its pages were found');
go_on('crashed twice');

# Every change, of an index that has its first rows, and of one that gets its second run.
foreach my $begin ($index, "$index; " . rows_sql(1, 140))
{
	my $crashes = 0;

	foreach my $count (1, 2, 3, 5, 8, 12, 13, 14, 15, 16, 17, 18, 20, 25, 200, 400, 700, 760, 800, 1000)
	{
		make_items($begin);
		last unless crash_at($node, "change-before-wal=crash:$count", rows_sql(3000, 140));
		$crashes++;
		sound("change $count");
		$node->safe_psql('postgres', rows_sql(4000, 200) . '; VACUUM items') if $count % 2 == 0;
		sound("change $count, inserted again");
	}
	cmp_ok($crashes, '>', 10, 'crashed at changes');
}

#
# A snapshot keeps the pages that a search reads
#
make_items("$index; " . rows_sql(1, 1000));
my $old = $node->background_psql('postgres');
$old->query_safe(<<'EOS');
SET enable_seqscan = off;
SET enable_bitmapscan = off;
BEGIN;
DECLARE rows CURSOR FOR SELECT id FROM items WHERE b1 BETWEEN 100 AND 699;
EOS
my $fetched = () = $old->query_safe('FETCH 5 FROM rows') =~ /\d+/g;
foreach my $round (1 .. 4)
{
	$node->safe_psql('postgres', $_)
	  foreach ('DELETE FROM items WHERE id <= 1000', 'VACUUM items', rows_sql(1001 + 500 * $round, 500));
}
sound('while a snapshot is old');
$fetched += () = $old->query_safe('FETCH ALL FROM rows') =~ /\d+/g;
is($fetched, 600, 'a scan finds all rows of its snapshot');
$old->quit;
foreach my $round (1 .. 4)
{
	$node->safe_psql('postgres', $_)
	  foreach ('DELETE FROM items', 'VACUUM items', rows_sql(1, 500));
}
sound('when it has ended');

#
# A standby, and all at the same time
#
make_items("$index; " . rows_sql(1, 200));
$node->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'copy', has_streaming => 1);
$standby->append_conf('postgresql.conf', 'max_standby_streaming_delay = -1');
$standby->start;

my $insert = $node->basedir . '/insert.sql';
append_to_file($insert, <<'EOS');
\set i random(1, 100000)
INSERT INTO items (id, v) SELECT :i + j, vec((:i + j) % 301, 8) FROM generate_series(1, 20) j;
EOS
my $remove = $node->basedir . '/remove.sql';
append_to_file($remove, <<'EOS');
\set i random(0, 9)
DELETE FROM items WHERE id % 10 = :i;
VACUUM items;
EOS
my $look = $node->basedir . '/look.sql';
append_to_file($look, <<'EOS');
SELECT 1 / (count(*) = 0)::int FROM missing WHERE col < 4;
SELECT 1 / (count(*) = 0)::int FROM vecprov_check('items_v', false);
EOS

# A session is killed among others that are at work: each time at another change.
foreach my $count (40, 333, 1500, 2600)
{
	my $out  = '';
	my @load = map {
		IPC::Run::start([ 'pgbench', '-n', '-c', '2', '-T', '600', '-h', $node->host, '-p', $node->port,
				'-f', $_, 'postgres' ], '>', \$out, '2>&1');
	} ($insert, $remove);
	ok(crash_at($node, "change-before-wal=crash:$count", rows_sql(300000, 800)), "crashed at change $count among others");
	$_->kill_kill foreach @load;
	sound("crashed at change $count among others");
	$node->safe_psql('postgres', rows_sql(400000, 300) . '; DELETE FROM items WHERE id % 3 = 0');
	$node->safe_psql('postgres', 'VACUUM items');
	sound("crashed at change $count, vacuumed");
}

foreach my $round (1 .. 3)
{
	my @out  = ('', '', '');
	my @load = map {
		my ($file, $clients, $out) = @$_;
		IPC::Run::start([ 'pgbench', '-n', '-c', $clients, '-T', '2', '-h', $node->host, '-p', $node->port,
				'-f', $file, 'postgres' ], '>', $out, '2>&1');
	} ([ $insert, 2, \$out[0] ], [ $remove, 1, \$out[1] ], [ $look, 1, \$out[2] ]);
	my $standby_out = '';
	my $standby_load = IPC::Run::start([ 'pgbench', '-n', '-c', '1', '-T', '2', '-h', $standby->host, '-p', $standby->port,
			'-f', $look, 'postgres' ], '>', \$standby_out, '2>&1');

	$_->finish foreach @load, $standby_load;
	unlike(join('', @out, $standby_out), qr/ERROR|aborted|FATAL/, "round $round: no errors");
	sound("round $round");
	$node->wait_for_catchup($standby);
	sound("round $round, standby", $standby);
}

$node->stop('immediate');
$standby->promote;
$standby->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()');
$node = $standby;
sound('promoted');
$node->safe_psql('postgres', rows_sql(200000, 500) . '; DELETE FROM items WHERE id % 2 = 0');
$node->safe_psql('postgres', 'VACUUM items');
sound('promoted, inserted and vacuumed');
$node->stop;
done_testing();
