# Filters at random: conditions of all key types and operators, on an index of each kind, return the rows
# that a sequential scan returns, and a small LIMIT as many as there are; while rows, keys and vectors were
# changed, with VACUUM and readers beside, in one shard and in three, after crashes and on a standby. The
# examples of doc/filters.md work, and give the plans that it shows.
#
# FILTER_SEED repeats or varies what is asked, FILTER_COUNT how much, FILTER_WRITES how much is written between.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed  = $ENV{FILTER_SEED}  || 1;
my $count = $ENV{FILTER_COUNT} || 40;
my $writes = $ENV{FILTER_WRITES} || 150;
srand($seed);
diag("FILTER_SEED=$seed") if $ENV{FILTER_SEED};

my $node = vecprov_node('primary', allows_streaming => 1);
$node->append_conf('postgresql.conf', <<'EOC');
timezone = 'Europe/Paris'
wal_consistency_checking = 'vecprov'
wal_keep_size = 2GB
jit = off
EOC
$node->start;
vecprov_functions($node);

# Values of each type: few, so that rows have them; the ends; what is stored alike.
my @keys = (
	[ k_bool => 'boolean', qw(f t) ],
	[ k_int2 => 'smallint', qw(-32768 -1 0 1 2 3 32766 32767) ],
	[ k_int4 => 'integer', qw(-2147483648 -1 0 1 2 3 4 5 2147483646 2147483647) ],
	[ k_int8 => 'bigint', qw(-9223372036854775808 -1 0 1 2 2147483648 9223372036854775807) ],
	[ k_oid => 'oid', qw(0 1 2147483648 4294967295) ],
	[ k_float4 => 'real', qw(-Infinity -1.5 0 0.1 1 16777216 Infinity NaN) ],
	[ k_float8 => 'double precision', qw(-Infinity -1.5 0 0.1 1 16777217 Infinity NaN) ],
	[ k_numeric => 'numeric', qw(-1e400 -1 0 0.1 1 1.0000000000000000000001 12345678901234567890 1e400 NaN) ],
	[ k_date => 'date', qw(-infinity 1999-12-31 2000-01-01 2024-10-27 infinity) ],
	[ k_time => 'time', qw(00:00 00:00:00.000001 12:00 24:00) ],
	[ k_timestamp => 'timestamp', '-infinity', '1999-12-31 23:59:59.999999', '2000-01-01', '2024-10-27 02:30', 'infinity' ],
	[ k_timestamptz => 'timestamptz', '-infinity', '2000-01-01', '2024-10-27 02:30+01', '2024-10-27 02:30+02', 'infinity' ],
	[ k_interval => 'interval', '0', '1 month', '30 days', '1 month 1 us', '-1 us' ],
	[ k_mood => 'mood', qw(sad bored ok happy) ],
	[ k_uuid => 'uuid', map { "00000000-0000-0000-0000-00000000000$_" } 0 .. 4 ],
	[ k_inet => 'inet', qw(10.0.0.0/8 10.1.2.3 10.1.2.4 10.1.2.3/24 ::1 2001:db8::1 2001:db8::2) ],
	[ k_bytea => 'bytea', '', '\x00', '\x0000', '\x61626364656667', '\x6162636465666768', '\x6162636465666769' ],
	[ k_text => 'text', '', 'a', 'a ', "it's", 'abcdefg', 'abcdefgh', 'abcdefgi', 'zz' ],
	[ k_c => 'text COLLATE "C"', '', 'a', 'ab', 'abcdefg', 'abcdefgh', 'a long text, not stored whole', 'a long text, not stored as it is' ],
	[ k_varchar => 'varchar(12)', '', 'a', 'abcdefg', 'abcdefgh' ],
	[ k_char => 'char(9) COLLATE "C"', '', 'a', 'abcdefg', 'abcdefgh', 'abcdefghi' ],
	[ k_size => 'size', qw(1 2 3 2147483647) ],
	[ k_tags => 'text[]', '{}', '{a}', '{a,ab}', '{ab,"it\'s"}', '{NULL}', '{a,NULL,a}', '{{a,abcdefgh},{abcdefgi,zz}}',
		'{' . join(',', map { "t$_" } 1 .. 40) . '}' ],
	[ k_nums => 'integer[]', '{}', '{0}', '{1,0}', '{2147483646,2147483647}', '{1,2,3,4,5,6,7,8,9,10}', '{' . join(',', 1 .. 200) . '}' ],
	[ k_moods => 'mood[]', '{}', '{sad}', '{sad,ok}', '{bored,happy,NULL}' ]);
# an expression; `doc` is made of k_text
my @lang = ("(doc->>'lang')" => 'text', @{ $keys[17] }[ 2 .. 9 ]);
# elements of arrays
my %elements = (
	'text[]' => [ 'a', 'ab', "it's", 'abcdefgh', 'abcdefgi', 'zz', 't7', 't40', 'none' ],
	'integer[]' => [ 0 .. 10, 150, 2147483646, 2147483647, -1 ],
	'mood[]' => [qw(sad bored ok happy)]);

sub quote
{
	my ($value) = @_;
	return defined $value ? "'" . $value =~ s/'/''/gr . "'" : 'NULL';
}

# The type as casts and parameters have it.
sub plain_type
{
	my ($type) = @_;
	return 'integer' if $type eq 'size';
	return $type =~ /^char/ ? 'bpchar' : $type =~ s/ COLLATE.*|\(\d+\)$//r;
}

my $columns = join(', ', map { $_->[0] } @keys);
my $definitions = join(', ', map { "$_->[0] $_->[1]" } @keys);
my $number = 0;
my $drawn = join(', ', map {
	my (undef, $type, @values) = @$_;
	sprintf('(ARRAY[%s]::text[])[abs(hashint4extended(seed, %d) %% %d) + 1]::%s', join(', ', map { quote($_) } @values),
		++$number, @values + 1, plain_type($type))
} @keys);

# Rows up to 60 stay as they are. Three of four vectors are those of some other rows; of 40 rows, one has
# none and one has a zero vector.
$node->safe_psql('postgres', <<"EOS");
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
ALTER TYPE mood ADD VALUE 'bored' BEFORE 'ok';
CREATE DOMAIN size AS integer CHECK (VALUE > 0);
CREATE SEQUENCE ids START 1001;
CREATE TABLE items (id integer PRIMARY KEY, fixed integer, $definitions, v vector(32),
	steady integer[] GENERATED ALWAYS AS (ARRAY[fixed, fixed % 5 + 10]) STORED,
	doc jsonb GENERATED ALWAYS AS (('{"lang": "' || k_text || '"}')::jsonb) STORED,
	h halfvec(32) GENERATED ALWAYS AS (v::halfvec(32)) STORED,
	s sparsevec(32) GENERATED ALWAYS AS (v::sparsevec(32)) STORED,
	b bit(32) GENERATED ALWAYS AS (binary_quantize(v - array_fill(0.6::real, ARRAY[32])::vector)::bit(32)) STORED
);
CREATE FUNCTION make_vector(seed integer) RETURNS vector LANGUAGE sql IMMUTABLE AS \$\$
	SELECT CASE seed % 40 WHEN 7 THEN NULL WHEN 8 THEN array_fill(0::real, ARRAY[32])::vector
		ELSE vec(CASE WHEN seed % 4 = 0 THEN seed ELSE seed % 97 END, 32) END
\$\$;
CREATE FUNCTION make_keys(seed integer, OUT fixed integer, ${\join(', ', map { "OUT $_->[0] " . plain_type($_->[1]) } @keys)})
	LANGUAGE sql AS \$\$ SELECT 0, $drawn \$\$;
INSERT INTO items SELECT i, CASE WHEN i <= 60 THEN 7 ELSE 0 END, ${\join(', ', map { "k.$_->[0]" } @keys)}, make_vector(i)
	FROM generate_series(1, 500) i, make_keys(i) k;
CREATE INDEX items_v_idx ON items USING vecprov (v vector_cosine_ops, fixed, steady, $columns, (doc->>'lang')) WITH (m = 8, ef_construction = 32, tier = r10);
CREATE INDEX items_h_idx ON items USING vecprov (h halfvec_l2_ops, fixed, k_int4, k_text, k_tags, k_numeric) WITH (m = 8, ef_construction = 32);
CREATE INDEX items_s_idx ON items USING vecprov (s sparsevec_l2_ops, fixed, k_int8, k_mood, k_bool) WITH (m = 8, ef_construction = 32);
CREATE INDEX items_b_idx ON items USING vecprov (b bit_hamming_ops, fixed, k_float8, k_timestamptz, k_int2) WITH (m = 8, ef_construction = 32);
INSERT INTO items SELECT i, 0, ${\join(', ', map { "k.$_->[0]" } @keys)}, make_vector(i)
	FROM generate_series(501, 900) i, make_keys(i) k;
ANALYZE items;

-- How a search by the index differs from a sequential scan, which looks for the nearest rows that satisfy the
-- condition; how many of these it found. values: those of the condition's parameters, for a generic plan.
CREATE FUNCTION differs(condition text, kind text, op text, query text, wanted integer, types text, vals text,
	OUT difference text, OUT hits integer, OUT possible integer) LANGUAGE plpgsql AS \$\$
DECLARE
	search text = format('SELECT array_agg(id), array_agg(d) FROM (SELECT id, %1\$s %2\$s %3\$s AS d FROM items WHERE %4\$s ORDER BY %1\$s %2\$s %3\$s LIMIT %5\$s) r',
		kind, op, query, condition, wanted);
	exact text = format('SELECT coalesce(array_agg(id), ''{}''), array_agg(coalesce(d, ''NaN'') ORDER BY coalesce(d, ''NaN'')) FROM (SELECT id, %1\$s %2\$s %3\$s AS d FROM items WHERE %4\$s) r',
		kind, op, query, condition);
	matches integer[];
	distances float8[];
	ids integer[];
	theirs float8[];
	line text;
	plan text = '';
BEGIN
	IF types <> '' THEN
		EXECUTE format('PREPARE exact(%s) AS %s; PREPARE search(%s) AS %s', types, exact, types, search);
		exact := format('EXECUTE exact(%s)', vals);
		search := format('EXECUTE search(%s)', vals);
	END IF;
	PERFORM set_config('enable_seqscan', 'on', true), set_config('enable_indexscan', 'off', true),
		set_config('enable_bitmapscan', 'off', true), set_config('enable_sort', 'on', true);
	EXECUTE exact INTO matches, distances;
	PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_indexscan', 'on', true),
		set_config('enable_sort', 'off', true);
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || search LOOP
		plan := plan || line || ' ';
	END LOOP;
	EXECUTE search INTO ids, theirs;
	IF types <> '' THEN
		DEALLOCATE exact;
		DEALLOCATE search;
	END IF;
	ids := coalesce(ids, '{}');
	possible := least(wanted, cardinality(matches));
	SELECT count(*) INTO hits FROM unnest(theirs) d WHERE coalesce(d, 'NaN') <= distances[possible];
	difference := CASE
		WHEN plan !~ format('using items_%s_idx|One-Time Filter: false', kind) THEN 'the index is not used: ' || plan
		WHEN cardinality(ids) <> possible THEN format('%s rows, not %s', cardinality(ids), possible)
		WHEN cardinality(ids) <> (SELECT count(DISTINCT i) FROM unnest(ids) i) THEN 'a row comes twice'
		WHEN NOT ids <@ matches THEN format('rows that do not satisfy it: %s', (SELECT array_agg(i) FROM unnest(ids) i WHERE i <> ALL (matches)))
		END;
END
\$\$;
EOS

#----------
# Conditions
#----------

sub one_of
{
	return $_[ int(rand(@_)) ];
}

# A condition on a key of arrays, with the function that puts values there.
sub array_condition
{
	my ($column, $type, $put, @values) = @_;
	my @elements = @{ $elements{$type} };
	my $element  = $type =~ s/\[\]$//r;

	return $put->(rand() < 0.05 ? undef : one_of(@elements), $element) . " = ANY ($column)" if rand() < 0.3;
	my @some = map { quote(one_of(@elements)) } 1 .. one_of(1, 1, 2, 3, 9, 40);
	push @some, 'NULL' if rand() < 0.1;
	my $other = rand() < 0.3 ? $put->(rand() < 0.1 ? undef : one_of(@values)) : 'ARRAY[' . join(', ', @some) . "]::$type";
	return "$column " . one_of('&&', '&&', '@>', '@>', '<@', '=') . " $other";
}

# A condition on a key; the types and values of its parameters are put behind @$types and @$values
# where these are given.
sub condition
{
	my ($key, $types, $values) = @_;
	my ($column, $type, @values) = @$key;
	my $plain = plain_type($type);
	my $put = sub {
		my ($value, $as) = (@_, $plain);
		return quote($value) . "::$as" unless $types;
		push @$types, $as;
		push @$values, quote($value);
		return '$' . scalar(@$types);
	};

	my $shape = rand();
	return "$column IS " . one_of('NULL', 'NOT NULL') if $shape < 0.1;
	return array_condition($column, $plain, $put, @values) if exists $elements{$plain};
	if ($shape < 0.3)
	{
		my @some = map { one_of(@values) } 1 .. one_of(1, 2, 3, 5);
		push @some, undef if rand() < 0.2;
		return "$column = ANY ('{}'::${plain}[])" if rand() < 0.05;
		return "$column IN (" . join(', ', map { $put->($_) } @some) . ')';
	}
	if ($shape < 0.4)
	{
		my ($first, $last) = map { $put->($_) } one_of(@values), one_of(@values);
		return "$column BETWEEN $first AND $last";
	}
	my $value = rand() < 0.02 ? undef : one_of(@values);
	my $as = $plain;
	$as = one_of(qw(smallint integer bigint)) if $plain =~ /^(smallint|integer|bigint)$/ && abs($value // 0) < 32000;
	$as = 'text' if $type =~ /varchar/ && rand() < 0.5;
	$as = one_of(qw(date timestamp timestamptz)) if $type =~ /^(date|timestamp)/;
	return "$column " . one_of('=', '=', '=', '<', '<=', '>=', '>', '<>') . ' ' . $put->($value, $as);
}

# Conditions on one to three keys.
sub conditions
{
	my ($keys, @parameters) = @_;
	return join(' AND ', map { condition(one_of(@$keys), @parameters) } 1 .. one_of(1, 1, 2, 2, 3));
}

my %of_index = (
	v => [ '<=>', '::vector', @keys, [@lang] ],
	h => [ '<->', '::vector::halfvec(32)', grep { $_->[0] =~ /int4|text|numeric|tags/ } @keys ],
	s => [ '<->', '::vector::sparsevec(32)', grep { $_->[0] =~ /int8|mood|bool/ } @keys ],
	b => [ '<~>', '', grep { $_->[0] =~ /float8|timestamptz|int2/ } @keys ]);

# Some conditions and LIMITs for each index, as calls of the function.
sub questions
{
	my @questions;
	foreach my $kind (qw(v v v h s b))
	{
		my ($op, $cast, @own) = @{ $of_index{$kind} };
		foreach (1 .. $count / 6)
		{
			# with a column that is no key of the index, now and then
			my @from = $kind ne 'v' && rand() < 0.2 ? @keys : @own;
			my (@types, @values);
			my $condition = conditions(\@from, rand() < 0.3 ? (\@types, \@values) : ());
			my $query = $kind eq 'b' ? "B'" . join('', map { one_of(0, 1) } 1 .. 32) . "'"
			  : "'[" . join(',', map { sprintf('%.3f', rand(1.2)) } 1 .. 32) . "]'$cast";
			# what is cut off are rows that the index could not test
			my $bound = $kind eq 'v' && rand() < 0.3 ? 10 : 0;
			my @settings = ("SET vecprov.iterative_scan = " . one_of('strict_order', 'relaxed_order'),
				'SET plan_cache_mode = ' . one_of('auto', 'force_generic_plan'),
				'SET vecprov.ef_search = ' . one_of(1, 10, 40), "SET vecprov.max_scan_tuples = $bound");
			foreach my $wanted (one_of(1, 2, 3, 10), 100_000)
			{
				push @questions, join('; ', @settings) . ";\nSELECT * FROM differs("
				  . join(', ', map { quote($_) } $condition, $kind, $op, $query, $wanted, join(', ', @types), join(', ', @values)) . ");\n";
			}
		}
	}
	return @questions;
}

my ($found, $possible) = (0, 0);

# Asks them, and whether the indexes are sound.
sub same
{
	my ($server, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my @questions = questions();
	my @answers = split /\n/, $server->safe_psql('postgres', 'SET client_min_messages = warning; SET standard_conforming_strings = on; ' . join('', @questions));
	my @differences;

	is(scalar(@answers), scalar(@questions), "$name: all conditions were asked");
	foreach my $i (0 .. $#answers)
	{
		my ($difference, $got, $of) = split /\|/, $answers[$i];
		push @differences, "$difference: $questions[$i]" if $difference ne '';
		next unless $questions[$i] =~ /ef_search = 40/ && $questions[$i] !~ /, '100000', /;
		$found += $got // 0;
		$possible += $of // 0;
	}
	is(scalar(@differences), 0, "$name: the rows of a sequential scan") or diag(join("\n", grep { defined } @differences[ 0 .. 4 ]));
	foreach my $kind (qw(v h s b))
	{
		is($server->safe_psql('postgres', "SELECT * FROM vecprov_check('items_${kind}_idx', true) LIMIT 5"), '',
			"$name: the index of $kind is sound");
	}
}

#----------
# Writers, with VACUUM and readers beside
#----------

my $insert = "INSERT INTO items SELECT nextval('ids'), k.*, make_vector(:seed) FROM make_keys(:seed) k;\n";
my $draw   = "\\set seed random(1, 100000)\n\\set id random(61, 1500)\n";
my @scripts = (
	[ 2, <<"EOS" ],
$draw\\set other random(61, 1500)
$insert
UPDATE items SET ($columns) = (SELECT $columns FROM make_keys(:seed)) WHERE id = :id;
UPDATE items SET k_int4 = :seed % 7, k_text = NULL WHERE id = :other;
EOS
	[ 1, <<"EOS" ],
$draw\\set other random(61, 1500)
UPDATE items SET v = make_vector(:seed) WHERE id = :id;
UPDATE items SET v = make_vector(:seed), k_int8 = :seed % 5, k_mood = 'ok', k_nums = ARRAY[:seed % 3, :seed % 7] WHERE id = :other;
EOS
	[ 1, "${draw}DELETE FROM items WHERE id = :id;\nBEGIN;\n${insert}ROLLBACK;\n" ],
	[ 1, <<'EOS' ],
\set seed random(1, 100000)
SET enable_seqscan = off;
SELECT 1 / (count(*) = 60 AND bool_and(id <= 60))::int FROM (SELECT id FROM items WHERE fixed = 7
	ORDER BY v <=> coalesce(make_vector(:seed), '[1]') LIMIT 1000) r;
SELECT 1 / (count(*) = 10 AND bool_and(id <= 60))::int FROM (SELECT id FROM items WHERE fixed > 0
	ORDER BY h <-> vec(:seed, 32)::halfvec LIMIT 10) r;
SELECT 1 / (count(*) = 60 AND bool_and(id <= 60))::int FROM (SELECT id FROM items WHERE fixed = 7 AND steady && '{7,8}'
	ORDER BY v <=> coalesce(make_vector(:seed), '[1]') LIMIT 1000) r;
SELECT 1 / coalesce(bool_and(k_bool AND k_int8 <= 2), true)::int FROM (SELECT k_bool, k_int8 FROM items WHERE k_bool AND k_int8 <= 2
	ORDER BY s <-> vec(:seed, 32)::sparsevec LIMIT 20) r;
EOS
	[ 1, "VACUUM items;\n", 10 ]);
my $files = 0;

# Starts them; $transactions is how many each client runs.
sub start_writers
{
	my ($transactions) = @_;
	my @runs;
	foreach my $script (@scripts)
	{
		my ($clients, $text, $share) = @$script;
		my $file = $node->basedir . '/script' . $files++ . '.sql';
		my $out  = '';
		append_to_file($file, $text =~ s/coalesce\(make_vector\(:seed\), '\[1\]'\)/vec(:seed, 32)/gr);
		push @runs, [ IPC::Run::start(
				[ 'pgbench', '-n', '-c', $clients, '-t', int($transactions / ($share // 1)) || 1, '--random-seed', $seed + $files,
					'-h', $node->host, '-p', $node->port, '-f', $file, 'postgres' ],
				'<', \undef, '>', \$out, '2>&1'), \$out ];
	}
	return @runs;
}

sub write_and_read
{
	my ($name, $transactions) = @_;
	foreach my $run (start_writers($transactions))
	{
		$run->[0]->finish;
		is($run->[0]->result(0), 0, "$name: no error") or diag(${ $run->[1] });
	}
}

#----------
# The test
#----------

$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->append_conf('postgresql.conf', "hot_standby_feedback = on\nwal_receiver_status_interval = 1");
$standby->start;

same($node, 'built and inserted');
write_and_read('one shard', $writes);
same($node, 'one shard');
$node->safe_psql('postgres', 'VACUUM items');
same($node, 'one shard, vacuumed');
$node->wait_for_catchup($standby);
same($standby, 'one shard, on the standby');

# the mover works beside the writers
$node->safe_psql('postgres', "SELECT vecprov_set_shards('items_v_idx', 3)");
write_and_read('three shards', $writes);
ok($node->poll_query_until('postgres',
		"SELECT current_shards = 3 AND state <> 'Scaling' FROM vecprov.indexes WHERE index = 'items_v_idx'::regclass"),
	'there are three shards');
same($node, 'three shards');

# a crash while all are at work
my @runs = start_writers(100_000);
sleep(2);
$node->stop('immediate');
$_->[0]->finish foreach @runs;
$node->start;
same($node, 'after a crash');
$node->safe_psql('postgres', 'VACUUM items');
same($node, 'after a crash, vacuumed');
write_and_read('after a crash', $writes / 3);
same($node, 'after a crash and more writes');
$node->wait_for_catchup($standby);
same($standby, 'after a crash, on the standby');
$standby->promote;
same($standby, 'promoted');

# HNSW may miss a near row, but not many
cmp_ok($found, '>=', 0.95 * $possible, "of $possible rows that were asked for $found are those");

#----------
# Rows that the head of a chain took over
#----------

# Each vector twice. The first rows are deleted, so the heads take over the second ones; these are deleted, and
# their TIDs go to rows of other keys, without a vector. What was behind the heads is still in lists of keys.
is($node->safe_psql('postgres', <<'EOS'), '0', 'no row comes by keys that another one had at its place');
CREATE TABLE chains (id integer, k integer, v vector(3), ks integer[] GENERATED ALWAYS AS (ARRAY[k, 7, -k]) STORED) WITH (autovacuum_enabled = off);
CREATE INDEX chains_idx ON chains USING vecprov (v, k, ks);
INSERT INTO chains SELECT i, 1 + i % 2, ARRAY[i / 2, 1, 1]::vector FROM generate_series(0, 399) i;
INSERT INTO chains SELECT i, 0, ARRAY[i % 83, i % 89, i % 97]::vector FROM generate_series(1001, 9000) i;
DELETE FROM chains WHERE k = 1;
VACUUM chains;
DELETE FROM chains WHERE k = 2;
VACUUM chains;
INSERT INTO chains SELECT i, 3, NULL FROM generate_series(10001, 11000) i;
SET enable_seqscan = off;
SET enable_sort = off;
SET enable_bitmapscan = off;
SELECT (SELECT count(*) FROM (SELECT id FROM chains WHERE k = 2 ORDER BY v <-> '[1,2,3]' LIMIT 1000) r) +
	(SELECT count(*) FROM (SELECT id FROM chains WHERE ks @> '{2}' ORDER BY v <-> '[1,2,3]' LIMIT 1000) r);
EOS

#----------
# The examples of doc/filters.md
#----------

# Statements are indented; what EXPLAIN prints is indented once more, behind an empty line.
my ($statements, $plans, $in_plan) = ('', '', 0);
foreach my $line (split /\n/, slurp_file("$ENV{TESTDIR}/doc/filters.md"))
{
	$in_plan = 1 if $line =~ /^     (Limit|Index Scan|Bitmap Heap Scan)/;
	$in_plan = 0 if $line !~ /^    /;
	next unless $line =~ /^    / && $line !~ /^ *ERROR:/;
	if ($in_plan) { $plans .= substr($line, 5) . "\n" }
	else { $statements .= "$line\n" }
}
like($statements, qr/CREATE TABLE documents.*CREATE INDEX.*EXPLAIN/s, 'the page has examples');
my ($printed, $errors) = ('', '');
is($node->psql('postgres', $statements, stdout => \$printed, stderr => \$errors, on_error_stop => 1, on_error_die => 0), 0,
	'the examples of doc/filters.md work') or diag($errors);
is(join('', grep { /[A-Z]/ } map { "$_\n" } split /\n/, $printed), $plans, 'the plans that it shows');

$standby->stop;
$node->stop;
done_testing();
