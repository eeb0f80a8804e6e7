# The columns of the soak's tables beside the vector: their values, conditions on them, indexes that have them
# as keys, and comparisons of what a search with conditions finds with what the table has.

package SoakKeys;

use strict;
use warnings;

use Exporter 'import';
use SoakDice;

our @EXPORT = qw(@COLUMNS $PART column_types column_value column_values literal key_columns some_conditions
  same_rows same_prepared same_lateral same_batch near_rows namespaces_sound);

# The predicate of each table's second index on the vector.
our $PART = 'other < 50';

# In the order of the table: how often rows share a value, whether it is stored whole, shortened or not at
# all as a key, what NULL and the ends of a type are, differs between them.
our @COLUMNS = qw(other tenant price made lang flag code mood tags words);
my %COLUMN = (
	other => { type => 'int', value => sub { $_[0]->(100) } },
	tenant => { type => 'int', value => sub { pick($_[0], $_[0]->(4), $_[0]->(40), 2147483647) } },
	price => { type => 'numeric', value => sub { pick($_[0], $_[0]->(50) / 4, $_[0]->(200) / 4, '1.0000000000000000000001', 'NaN') } },
	made => { type => 'timestamptz', value => sub { pick($_[0], ('2026-01-' . (1 + $_[0]->(28))) x 8, '-infinity', 'infinity') } },
	lang => { type => 'text', value => sub { pick($_[0], 'de', 'en', 'fr', 'de', '', 'longer than a key', 'longer than a key is') } },
	flag => { type => 'boolean', value => sub { pick($_[0], 't', 'f') } },
	code => { type => 'uuid', value => sub { sprintf '00000000-0000-0000-0000-%012d', $_[0]->(60) } },
	mood => { type => 'mood', value => sub { pick($_[0], 'sad', 'ok', 'happy') } },
	tags => { type => 'int[]', value => sub { '{' . join(',', map { $_[0]->(20) ? $_[0]->(40) : 'NULL' } 1 .. $_[0]->(4)) . '}' } },
	words => { type => 'text[]', value => sub { '{' . join(',', map { pick($_[0], 'a', 'b', 'c', '""', 'longer than a key', 'longer than a key is') } 1 .. pick($_[0], 0, 1, 2, 2, 9)) . '}' } });
my @expressions = ('(tenant % 5)', 'lower(lang)');

# For CREATE TABLE.
sub column_types
{
	return join ', ', map { "$_ $COLUMN{$_}{type}" } @COLUMNS;
}

# A value of the column, as COPY has it but for NULL, which is undef.
sub column_value
{
	my ($dice, $column) = @_;
	return $dice->(20) ? $COLUMN{$column}{value}->($dice) : undef;
}

sub column_values
{
	my ($dice) = @_;
	return map { column_value($dice, $_) } @COLUMNS;
}

sub literal
{
	my ($value) = @_;
	return defined $value ? "'$value'" : 'NULL';
}

# What follows the vector in the list of an index's columns, and its option:
# often nothing. An array is no namespace.
sub key_columns
{
	my ($dice) = @_;
	my %taken;
	my @columns = grep { !$taken{$_}++ } map { pick($dice, @COLUMNS, @expressions) } 1 .. pick($dice, 0, 1, 2, 4, 8);

	return ('', '') unless @columns;
	return (join('', map { ", $_" } @columns), $dice->(2) && $columns[0] !~ /^(tags|words)$/ ? ', namespaces = on' : '');
}

#------------
# Conditions
#------------

sub array_condition
{
	my ($dice, $column) = @_;
	my $some = $COLUMN{$column}{value}->($dice);
	my $element = $column eq 'tags' ? $dice->(40) : pick($dice, "'a'", "'c'", "''", "'longer than a key'");

	return "$element = ANY ($column)" if $dice->(4) == 0;
	return "$column " . pick($dice, '&&', '&&', '@>', '@>', '<@', '=') . " '$some'";
}

sub key_condition
{
	my ($dice) = @_;
	my $column = pick($dice, @COLUMNS);
	my $kind = $dice->(10);
	my $some = sub { literal($COLUMN{$column}{value}->($dice)) };
	my $type = $COLUMN{$column}{type};

	return "$column IS " . pick($dice, 'NULL', 'NOT NULL') if $kind == 0;
	return array_condition($dice, $column) if $type =~ /\[\]$/;
	return pick($dice, 'flag', 'NOT flag') if $column eq 'flag' && $kind < 5;
	return "lower(lang) = " . $some->() if $column eq 'lang' && $kind == 1;
	return "(tenant % 5) = " . $dice->(5) if $column eq 'tenant' && $kind == 1;
	return "$column IN (" . join(', ', map { $some->() } 0 .. $dice->(4)) . ')' if $kind <= 2;
	return "$column = ANY (ARRAY[" . join(', ', map { $some->() } 1 .. $dice->(4)) . "]::${type}[])" if $kind == 3;
	return "$column BETWEEN " . $some->() . ' AND ' . $some->() if $kind == 4;
	return "$column " . pick($dice, '=', '=', '=', '<', '<=', '>', '>=', '<>') . ' ' . $some->();
}

sub condition
{
	my ($dice) = @_;
	my $kind = $dice->(12);

	return 'tags ' . pick($dice, '@>', '&&') . " '{" . $dice->(40) . "}'" if $kind <= 1;
	return 'id % ' . (2 + $dice->(5)) . ' = 0' if $kind == 2;
	# what the partial index has
	return 'other ' . pick($dice, '<', '<', '=') . ' ' . $dice->(51) if $kind == 4;
	return '(' . key_condition($dice) . ' OR ' . pick($dice, key_condition($dice), "tags \@> '{" . $dice->(40) . "}'") . ')' if $kind == 3;
	return key_condition($dice);
}

sub some_conditions
{
	my ($dice) = @_;
	return join ' AND ', map { condition($dice) } 0 .. pick($dice, 0, 0, 1, 2);
}

sub some_key_conditions
{
	my ($dice) = @_;
	return join ' AND ', map { key_condition($dice) } 0 .. pick($dice, 0, 0, 1, 2);
}

#-------------------------------------------------------------------------
# Comparisons: statements that print a line with DIFFERENCE where a search
# by the index has not the rows that the table has, in the same snapshot
#-------------------------------------------------------------------------

my $all = 1000000000;

# The rows of the table, read without any condition, so that no index decides which are left.
sub every
{
	my ($table) = @_;
	return "every AS MATERIALIZED (SELECT * FROM $table)";
}

# found: the SQL of ids that a search returns; limit of them are asked for.
sub compare_ids
{
	my ($table, $condition, $found, $limit, $what) = @_;
	my $told = ($what . ' ' . $condition) =~ s/'/''/gr;

	return <<"EOS";
WITH @{[every($table)]},
	exact AS (SELECT id FROM every WHERE $condition),
	found AS MATERIALIZED ($found)
SELECT 'DIFFERENCE', '$table', '$told', f.*, 'of', e.*
FROM (SELECT count(*) AS rows, count(DISTINCT id) AS ids, count(*) FILTER (WHERE id NOT IN (SELECT id FROM exact)) AS wrong FROM found) f,
	(SELECT least($limit, count(*)) AS rows FROM exact) e
WHERE f.rows <> e.rows OR f.ids <> f.rows OR f.wrong > 0;
EOS
}

# Prints how many of the nearest rows a search finds, if it takes some care.
sub count_nearest
{
	my ($table, $condition, $distance, $limit, $kind, $found) = @_;

	return <<"EOS";
WITH @{[every($table)]},
	exact AS (SELECT coalesce($distance, 'NaN') AS d FROM every WHERE $condition ORDER BY 1 LIMIT $limit),
	found AS MATERIALIZED ($found)
SELECT 'RECALL', '$kind', (SELECT count(*) FROM found WHERE coalesce(d, 'NaN') <= (SELECT max(d) FROM exact)), (SELECT count(*) FROM exact)
WHERE current_setting('vecprov.ef_search')::int >= 40;
EOS
}

sub same_rows
{
	my ($dice, $table, $distance) = @_;
	my $condition = pick($dice, 'true', some_conditions($dice), some_conditions($dice), some_key_conditions($dice));
	my $limit = pick($dice, 1, 3, 10, $all);
	my $order = "ORDER BY $distance LIMIT $limit";

	# without an order: a scan for conditions alone
	return compare_ids($table, $condition, "SELECT id FROM $table WHERE $condition", $all, 'unordered') if $dice->(6) == 0;
	return count_nearest($table, $condition, $distance, 10, 'filter',
		"SELECT $distance AS d FROM $table WHERE $condition ORDER BY $distance LIMIT 10") if $dice->(4) == 0;
	return compare_ids($table, $condition, "SELECT id FROM $table WHERE $condition $order", $limit, $order =~ s/'.*'/.../r);
}

# The same by a prepared statement, whose plan does not know the values.
sub same_prepared
{
	my ($dice, $table, $distance) = @_;
	my $limit = pick($dice, 3, $all);
	my $condition = pick($dice, 'tenant = $1 AND lang = ANY ($2)', 'tenant = $1 OR lang = ANY ($2)', 'made >= $3 AND tenant <> $1', 'lang = ANY ($2)');

	return 'PREPARE p (int, text[], timestamptz) AS '
	  . compare_ids($table, $condition, "SELECT id FROM $table WHERE $condition ORDER BY $distance LIMIT $limit", $limit, 'prepared')
	  . join('', map { 'EXECUTE p (' . join(', ', pick($dice, 'NULL', literal($dice->(4))), "'{de,en}'", "'2026-01-" . (1 + $dice->(28)) . "'") . ");\n" } 1 .. 2)
	  . "DEALLOCATE p;\n";
}

# The same as the inner side of a join, which is scanned anew for each row.
sub same_lateral
{
	my ($dice, $table, $distance) = @_;
	my $condition = pick($dice, 'tenant = a', 'other BETWEEN a AND a + 10', 'tenant = a AND flag', '(tenant = a OR tags @> ARRAY[a])');

	return <<"EOS";
WITH @{[every($table)]}
SELECT 'DIFFERENCE', '$table', 'lateral $condition', a, f.*, 'of', e.*
FROM generate_series(0, 5) a,
	LATERAL (SELECT count(*) AS rows FROM (SELECT FROM $table WHERE $condition ORDER BY $distance LIMIT 4) x) f,
	LATERAL (SELECT least(4, count(*)) AS rows FROM every WHERE $condition) e
WHERE f.rows <> e.rows;
EOS
}

# The same by vecprov_search, which has no rows without a vector, and takes a snapshot of its own, unless the
# transaction has one.
sub same_batch
{
	my ($dice, $table, $query, $has_vector) = @_;
	my $condition = "$has_vector AND " . some_conditions($dice);
	my $limit = pick($dice, 1, 10, 1000);

	return "BEGIN ISOLATION LEVEL REPEATABLE READ;\n"
	  . compare_ids($table, $condition, "SELECT id FROM vecprov_search('${table}_v_idx', ARRAY[$query]::vector[], $limit, \$c\$$condition\$c\$) s JOIN every USING (ctid)",
		$limit, 'vecprov_search') =~ s/SELECT \* FROM $table/SELECT ctid, * FROM $table/r
	  . "COMMIT;\n";
}

# Rows within a distance. Near the edge some may be missing.
sub near_rows
{
	my ($dice, $table, $distance, @radii) = @_;
	my $radius = pick($dice, @radii);
	my $condition = pick($dice, "$distance < $radius", "$distance < $radius", "1 - ($distance) > 1 - $radius")
	  . pick($dice, '', ' AND ' . some_key_conditions($dice));

	return count_nearest($table, $condition, $distance, $all, 'radius', "SELECT $distance AS d FROM $table WHERE $condition"
		  . pick($dice, '', " ORDER BY $distance", " ORDER BY $distance LIMIT $all"));
}

# If nobody writes or moves records: all namespaces together have no more than
# the shards, in which replaced records count until VACUUM, too; and each has
# the rows of the table that have a vector, at least.
sub namespaces_sound
{
	my ($table, $has_vector) = @_;

	return <<"EOS";
SELECT format(\$q\$
SELECT 'DIFFERENCE', '$table', 'namespaces', n.records, s.records
FROM (SELECT sum(records) AS records FROM vecprov_namespaces('${table}_v_idx')) n,
	(SELECT sum(records) AS records FROM vecprov.shards WHERE index = '${table}_v_idx'::regclass) s
WHERE n.records > s.records;
SELECT 'DIFFERENCE', '$table', 'namespace', t.*, n.records
FROM (SELECT (%1\$s)::text AS namespace, count(*) FROM $table WHERE $has_vector GROUP BY %1\$s) t
	LEFT JOIN vecprov_namespaces('${table}_v_idx') n ON n.namespace IS NOT DISTINCT FROM t.namespace
WHERE n.records IS NULL OR n.records < t.count\$q\$, pg_get_indexdef(indexrelid, 2, true))
FROM pg_index WHERE indexrelid = '${table}_v_idx'::regclass
	AND EXISTS (SELECT FROM pg_class WHERE oid = indexrelid AND 'namespaces=on' = ANY (reloptions)) AND indnatts > 1 \\gexec
EOS
}

1;
