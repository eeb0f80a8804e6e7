# What VACUUM, inserts and crashes may do to each other: an index that grows by stripes while VACUUM
# cleans it; a change that is seen in a page before it is in the WAL; an insert that fails or is killed
# at each of its steps. vecprov_check has nothing to say, before the next VACUUM and after it.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = vecprov_node('main');
$node->start;
vecprov_functions($node);
# words(i): a vector that has 6 of 3,000 terms
$node->safe_psql('postgres', <<'EOS');
CREATE FUNCTION words(i int) RETURNS sparsevec LANGUAGE sql IMMUTABLE AS $$
	SELECT ('{' || string_agg(word || ':1', ',') || '}/3000')::sparsevec
	FROM (SELECT DISTINCT 1 + abs(hashint4extended(i, n) % 3000) AS word FROM generate_series(1, 6) n) w
$$;
EOS

sub check
{
	my ($index, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($table) = $index =~ /^(.*)_v_idx$/;

	is($node->safe_psql('postgres', "SELECT * FROM vecprov_check('$index', true) LIMIT 5"), '', $name);
	$node->safe_psql('postgres', "VACUUM (INDEX_CLEANUP ON) $table");
	is($node->safe_psql('postgres', "SELECT * FROM vecprov_check('$index', true) LIMIT 5"), '',
		"$name, vacuumed");
}

# SQL that makes a table of rows 1 to n with an index.
sub table
{
	my ($table, $type, $value, $n, $options) = @_;
	my ($class) = $type =~ /^bit/ ? 'bit_hamming_ops' : "@{[ $type =~ /^(\w+)/ ]}_l2_ops";

	return <<"EOS";
DROP TABLE IF EXISTS $table;
CREATE TABLE $table (id int, v $type);
INSERT INTO $table SELECT i, $value FROM generate_series(1, $n) i;
CREATE INDEX ON $table USING vecprov (v $class) WITH ($options);
EOS
}

my %value = (
	'vector(8)' => 'vec(i, 8)',
	'halfvec(8)' => 'vec(i, 8)::halfvec(8)',
	'bit(32)' => 'i::bit(32)',
	'sparsevec(3000)' => 'words(i)');

#----------
# The index grows by stripes while VACUUM cleans it
#----------
foreach my $shards (1, 3)
{
	$node->safe_psql('postgres', table('grow', 'sparsevec(3000)', 'words(i)', 1500, 'm = 4'));
	$node->safe_psql('postgres', "SELECT vecprov_provision('grow_v_idx', 'r10', $shards, 1);
		SELECT vecprov_wait('grow_v_idx', '1 minute')") if $shards > 1;
	foreach my $point ('vacuum-surveyed', 'vacuum-repaired')
	{
		$node->safe_psql('postgres', 'DELETE FROM grow WHERE id % 2 = 0');
		my $pages = $node->safe_psql('postgres', "SELECT pg_relation_size('grow_v_idx')");
		my $hold = hold($node);
		my $session = at_point($node, $point, 'VACUUM grow');
		$node->safe_psql('postgres', <<'EOS');
INSERT INTO grow SELECT (SELECT max(id) FROM grow) + i, words((SELECT max(id) FROM grow) + i) FROM generate_series(1, 2500) i;
EOS
		$hold->quit;
		finish_session($session);
		$session->quit;
		cmp_ok($node->safe_psql('postgres', "SELECT pg_relation_size('grow_v_idx')"), '>', $pages, 'the index has grown');
		check('grow_v_idx', "grown at $point, $shards shards");
		# ids are used again
		$node->safe_psql('postgres', <<'EOS');
INSERT INTO grow SELECT 100000 + i, words(100000 + i) FROM generate_series(1, 1000) i;
EOS
		check('grow_v_idx', "grown at $point, $shards shards, ids used again");
	}
}

# A crash leaves landmarks on pages of a stripe that does not count yet; their nodes go before it does, and
# are not used again because of an old snapshot.
my $rows = $node->safe_psql('postgres', table('behind', 'sparsevec(3000)', 'words(i)', 0, 'm = 4') . <<'EOS');
DO $$
DECLARE
	before bigint;
	i int := 0;
BEGIN
	LOOP
		before := pg_relation_size('behind_v_idx');
		i := i + 1;
		INSERT INTO behind VALUES (i, words(i));
		EXIT WHEN i > 1 AND pg_relation_size('behind_v_idx') >= before + 6 * 8192;
	END LOOP;
END $$;
SELECT count(*) - 1 FROM behind;
EOS
my $crashes = 0;
# each page's INIT, each page's share, the row
foreach my $count (10, 12)
{
	my $session;

	$node->safe_psql('postgres', "TRUNCATE behind; INSERT INTO behind SELECT i, words(i) FROM generate_series(1, $rows) i");
	$crashes += crash_at($node, "change-before-wal=crash:$count", "INSERT INTO behind VALUES ($rows + 1, words($rows + 1))");
	$node->safe_psql('postgres', 'DELETE FROM behind WHERE id % 3 > 0');
	$session = $node->background_psql('postgres');
	$session->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
	$node->safe_psql('postgres', 'VACUUM behind');
	$node->safe_psql('postgres', "INSERT INTO behind SELECT i, words(i) FROM generate_series($rows + 1, $rows + 10) i");
	check('behind_v_idx', "a stripe that was begun, change $count");
	$session->query_safe('COMMIT');
	$session->quit;
}
is($crashes, 2, 'both crashed');

#----------
# A change is seen before it is logged
#----------

# VACUUM of the table is at a point when an insert stops with its count-th change in the page and not in the
# WAL. VACUUM goes on as far as it can; then the insert is killed, so that the change is lost and all that
# VACUUM has logged is not.
sub lose_change
{
	my ($table, $point, $sql, $count) = @_;
	my $hold   = hold($node);
	my $vacuum = at_point($node, $point, "VACUUM $table");
	my $offset = log_end($node);
	my $insert = $node->background_psql('postgres', on_error_stop => 0);
	my $pid    = $insert->query_safe('SELECT pg_backend_pid()');

	$insert->query_until(qr/started/,
		"SET vecprov.debug_point = 'change-before-wal=stop:$count';\n\\echo started\n$sql;\n");
	$node->wait_for_log(qr/stopped at debug point/, $offset);
	$hold->quit;
	# VACUUM ends, or waits for the page (a lock of type Buffer since 19) or for the insert
	$node->poll_query_until('postgres', <<"EOS") or die 'VACUUM neither ends nor waits';
SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE query ~ '^VACUUM $table' AND state = 'active'
	AND coalesce(wait_event_type, '') NOT IN ('LWLock', 'Buffer') AND wait_event IS DISTINCT FROM 'page')
EOS
	$node->safe_psql('postgres', 'CREATE TABLE flush (); DROP TABLE flush');
	$offset = log_end($node);
	kill 'KILL', $pid;
	crash_and_wait($node, $offset);
	eval { $_->quit } foreach ($vacuum, $insert);
}

# An id is used again.
sub killed_unlogged
{
	my ($point, $type, $count) = @_;
	my $name = "$type, change $count is seen at $point, not logged";

	$node->safe_psql('postgres', table('seen', $type, $value{$type}, 300, 'm = 4, ef_construction = 16') . <<'EOS');
DELETE FROM seen WHERE id % 5 = 0;
VACUUM seen;
VACUUM seen;
DELETE FROM seen WHERE id % 5 = 1;
EOS
	lose_change('seen', $point, "INSERT INTO seen SELECT i, $value{$type} FROM generate_series(1001, 1001) i", $count);
	check('seen_v_idx', $name);
	$node->safe_psql('postgres', "INSERT INTO seen SELECT i, $value{$type} FROM generate_series(2001, 2300) i");
	check('seen_v_idx', "$name, ids used again");
}
killed_unlogged('vacuum-entered', 'vector(8)', $_) foreach (3, 4, 5);
killed_unlogged('vacuum-entered', 'sparsevec(3000)', $_) foreach (2, 3, 5);
killed_unlogged('vacuum-entered', 'halfvec(8)', 3);
killed_unlogged('vacuum-entered', 'bit(32)', 2);
killed_unlogged('vacuum-surveyed', 'sparsevec(3000)', 5);

# The last link to a dead node, 1005, is that of 1003, and gets lost by an insert; the dead node is on the first
# page of nodes.
foreach my $count (4, 5)
{
	$node->safe_psql('postgres', <<'EOS');
DROP TABLE IF EXISTS last_link;
CREATE TABLE last_link (id int, v vector(2));
CREATE INDEX last_link_v_idx ON last_link USING vecprov (v) WITH (m = 2, ef_construction = 40);
INSERT INTO last_link SELECT i, ARRAY[1000 + i % 20, 1000 + i / 20]::real[]::vector FROM generate_series(1, 500) i;
DELETE FROM last_link WHERE id IN (11, 12);
VACUUM last_link;
VACUUM last_link;
INSERT INTO last_link VALUES (1001, '[0,2]'), (1002, '[0,-2]'), (1003, '[0,0]');
DELETE FROM last_link WHERE id IN (13, 14);
VACUUM last_link;
VACUUM last_link;
INSERT INTO last_link VALUES (1004, '[-2,0]'), (1005, '[3,0]');
DELETE FROM last_link WHERE id = 1005;
EOS
	lose_change('last_link', 'vacuum-surveyed', "INSERT INTO last_link VALUES (2000, '[1,0]')", $count);
	check('last_link_v_idx', "a dead node's last link is gone, change $count");
}

#----------
# Entry points
#----------

# An insert that fails at each of its steps, in a graph that has nodes on many levels.
# (Of bits, whose distances are often equal, m = 2 loses links to a node without any failure.)
foreach my $type (sort keys %value)
{
	my $m = $type =~ /^bit/ ? 3 : 2;

	is( $node->safe_psql('postgres', table('tops', $type, $value{$type}, 0, "m = $m") . <<"EOS"),
CREATE TEMP TABLE broken (i int, at text, rule text);
DO \$\$
DECLARE
	point text;
BEGIN
	FOR i IN 1 .. 60 LOOP
		FOREACH point IN ARRAY '{insert-created=error,insert-stored=error,insert-linked=error:1,insert-linked=error:2,insert-linked=error:3,insert-linked=error:4}'::text[] LOOP
			BEGIN
				PERFORM set_config('vecprov.debug_point', point, false);
				INSERT INTO tops SELECT i, $value{$type};
			EXCEPTION WHEN internal_error THEN
				NULL;
			END;
			PERFORM set_config('vecprov.debug_point', '', false);
			INSERT INTO broken SELECT i, point, rule FROM vecprov_check('tops_v_idx', true);
		END LOOP;
	END LOOP;
END \$\$;
SELECT at, rule, count(*) FROM broken GROUP BY 1, 2;
EOS
		'', "$type: inserts that failed break no rule");
	check('tops_v_idx', "$type: inserts that failed");
}

# VACUUM gives a graph a lower entry point; nodes that come just then may not be above it.
foreach my $kept (2, 3, 5)
{
	$node->safe_psql('postgres', table('lower', 'vector(8)', 'vec(i, 8)', 100, 'm = 2') . <<"EOS");
DELETE FROM lower WHERE id % 2 = 0;
VACUUM lower;
VACUUM lower;
DELETE FROM lower WHERE id <> $kept;
EOS
	my $hold = hold($node);
	my $session = at_point($node, 'vacuum-entries', 'VACUUM lower');
	$node->safe_psql('postgres', 'INSERT INTO lower SELECT i, vec(i, 8) FROM generate_series(201, 300) i');
	$hold->quit;
	finish_session($session);
	$session->quit;
	check('lower_v_idx', "inserted while VACUUM lowers the entry point, $kept is kept");
}

#----------
# A scan that is under way while VACUUM cleans chains, whose first nodes get rows of others, and while
# records are moved, too: each row once.
#----------
my %operator = ('vector(8)' => '<->', 'halfvec(8)' => '<->', 'bit(32)' => '<~>', 'sparsevec(3000)' => '<->');

foreach my $type (sort keys %value)
{
	foreach my $shards (1, 3)
	{
		my $value = $value{$type} =~ s/\bi\b/(i % 30)/r;
		$node->safe_psql('postgres', table('chains', $type, $value, 300, 'm = 4') . <<"EOS");
SELECT vecprov_provision('chains_v_idx', 'r10', $shards, 1);
SELECT vecprov_wait('chains_v_idx', '1 minute');
DELETE FROM chains WHERE id <= 20 OR id % 7 = 0;
EOS
		my $session = $node->background_psql('postgres');
		my $all = $session->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM chains');
		my @points = ('vacuum-marked', 'vacuum-surveyed', 'vacuum-repaired', 'vacuum-unlinked');
		# one cursor for each point at which it goes on, and one that goes on at each
		foreach my $cursor (0 .. @points)
		{
			$session->query_safe(<<"EOS");
SET enable_seqscan = off; SET enable_sort = off; SET client_min_messages = warning;
SET vecprov.iterative_scan = relaxed_order; SET vecprov.max_scan_tuples = 1000000000;
DECLARE c$cursor CURSOR FOR SELECT id FROM chains ORDER BY v $operator{$type} (SELECT v FROM chains LIMIT 1);
EOS
		}
		my @rows = map { [ split /\n/, $session->query_safe("FETCH 25 FROM c$_") ] } (0 .. @points);
		foreach my $i (0 .. $#points)
		{
			my $hold = hold($node);
			# a VACUUM that fails has left its work to the next one
			my $vacuum = at_point($node, $points[$i], 'VACUUM chains');
			push @{ $rows[$i] }, split /\n/, $session->query_safe("FETCH 100 FROM c$i");
			push @{ $rows[@points] }, split /\n/, $session->query_safe('FETCH 40 FROM c' . @points);
			if ($i < $#points)
			{
				$node->safe_psql('postgres', "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query ~ '^VACUUM chains' AND state = 'active'");
			}
			elsif ($shards > 1)
			{
				$node->safe_psql('postgres', "SELECT vecprov_set_shards('chains_v_idx', 2)");
			}
			$hold->quit;
			finish_session($vacuum);
			$vacuum->quit;
		}
		foreach my $cursor (0 .. @points)
		{
			push @{ $rows[$cursor] }, split /\n/, $session->query_safe("FETCH ALL FROM c$cursor");
			my %seen;
			$seen{$_}++ foreach @{ $rows[$cursor] };
			is(scalar(@{ $rows[$cursor] }) . ' ' . keys %seen, "$all $all", "$type, $shards shards: cursor $cursor returns each row once");
		}
		$session->query_safe('COMMIT');
		$session->quit;
		$node->poll_query_until('postgres', "SELECT state IN ('Ready', 'Loading') FROM vecprov.indexes WHERE index = 'chains_v_idx'::regclass");
		check('chains_v_idx', "$type, $shards shards, scans and VACUUM");
	}
}

$node->stop;
done_testing();
