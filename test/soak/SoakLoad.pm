# What the sessions of the soak do: SQL made at random. A script is a function of its name alone (seed,
# round, role, number), so that the same seed gives the same statements, however fast they run.

package SoakLoad;

use strict;
use warnings;

use Digest::MD5 qw(md5);
use Exporter 'import';

our @EXPORT = qw(dice pick %TABLE index_sql script);

# A table for each type: id, v, other columns, and an index on v.
our %TABLE = (
	t_vector    => { type => 'vector(24)',    op => '<->', classes => ['vector_l2_ops'],    keep => 900 },
	t_halfvec   => { type => 'halfvec(24)',   op => '<+>', classes => ['halfvec_l1_ops'],   keep => 700 },
	t_bit       => { type => 'bit(64)',       op => '<~>', classes => ['bit_hamming_ops'],  keep => 700 },
	t_sparsevec => { type => 'sparsevec(500)', op => '<->', classes => ['sparsevec_l2_ops'], keep => 1200 });

my $all_rows = 'LIMIT 1000000000';

# A generator of its own for each name: the result, called with n, gives 0 … n - 1.
sub dice
{
	my ($name) = @_;
	my $state = unpack('q', md5($name));

	return sub {
		my ($n) = @_;
		use integer;
		$state = $state * 6364136223846793005 + 1442695040888963407;
		return (($state >> 33) & 0x7fffffff) % $n;
	};
}

sub pick
{
	my ($dice, @of) = @_;
	return $of[ $dice->(scalar @of) ];
}

# One of 12 clusters with noise around it; every fifth value is one of 20 that come again and again.
sub value
{
	my ($dice, $table) = @_;
	my $kind = $TABLE{$table}{type};

	$dice = dice("again $table " . $dice->(20)) if $dice->(5) == 0;
	my $centre = dice('centre ' . $dice->(12));
	if ($kind =~ /^bit\((\d+)\)/)
	{
		return "'" . join('', map { my $bit = $centre->(2); $dice->(8) ? $bit : 1 - $bit } 1 .. $1) . "'";
	}
	if ($kind =~ /^sparsevec\((\d+)\)/)
	{
		my %at = map { ($dice->(4) ? $centre->($1) : $dice->($1)) => 1 + $dice->(1000) } 1 .. 10;
		return "'{" . join(',', map { ($_ + 1) . ':' . $at{$_} / 256 } sort { $a <=> $b } keys %at) . "}/$1'";
	}
	$kind =~ /\((\d+)\)/;
	return "'[" . join(',', map { ($centre->(1024) + $dice->(200)) / 1024 } 1 .. $1) . "]'";
}

sub value_or_null
{
	my ($dice, $table) = @_;
	return $dice->(30) ? value($dice, $table) : 'NULL';
}

sub some_rows
{
	my ($dice) = @_;
	return pick($dice, 'id % ' . (50 + $dice->(200)) . ' = ' . $dice->(50), 'other = ' . $dice->(100));
}

sub insert
{
	my ($dice, $table, $rows) = @_;
	$rows ||= pick($dice, 1, 1, 1, 2, 5, 20, 100);

	return "INSERT INTO $table (other, v) VALUES "
	  . join(', ', map { '(' . $dice->(100) . ', ' . value_or_null($dice, $table) . ')' } 1 .. $rows);
}

sub copy
{
	my ($dice, $table) = @_;
	my $sql = "COPY $table (other, v) FROM STDIN;\n";

	foreach (1 .. pick($dice, 3, 30, 200))
	{
		my $value = value_or_null($dice, $table);
		$value =~ s/'//g;
		$sql .= $dice->(100) . "\t" . ($value eq 'NULL' ? '\N' : $value) . "\n";
	}
	return "$sql\\.\n";
}

# One statement that writes. Deletions keep the table at its size.
sub write_sql
{
	my ($dice, $table) = @_;
	my $kind = $dice->(10);

	return insert($dice, $table) if $kind < 5;
	return "UPDATE $table SET v = " . value($dice, $table) . ' WHERE ' . some_rows($dice) if $kind == 5;
	return "UPDATE $table SET other = other + 1 WHERE " . some_rows($dice) if $kind == 6;
	return "DELETE FROM $table WHERE " . some_rows($dice) if $kind == 7;
	return "DELETE FROM $table WHERE id < (SELECT max(id) FROM $table) - $TABLE{$table}{keep} - " . $dice->(300);
}

sub writer
{
	my ($dice, $name) = @_;
	my $table = pick($dice, sort keys %TABLE);
	my $kind = $dice->(12);
	my $some = sub { join '', map { write_sql($dice, $table) . ";\n" } 1 .. 1 + $dice->(3) };

	return copy($dice, $table) if $kind == 0;
	return 'BEGIN' . pick($dice, '', ' ISOLATION LEVEL REPEATABLE READ') . ";\n" . $some->() . pick($dice, 'COMMIT', 'ROLLBACK') . ";\n"
	  if $kind <= 2;
	return "BEGIN;\n" . $some->() . "SAVEPOINT a;\n" . $some->() . pick($dice, 'ROLLBACK TO a', 'RELEASE a') . ";\n"
	  . $some->() . "COMMIT;\n"
	  if $kind == 3;
	if ($kind == 4)
	{
		my $sql = "BEGIN;\n" . $some->() . "PREPARE TRANSACTION '$name';\n";

		# some are left for whoever cleans up, after a crash perhaps
		return $sql . pick($dice, "COMMIT PREPARED '$name';\n", "ROLLBACK PREPARED '$name';\n", "SELECT 1;\n");
	}
	return write_sql($dice, $table) . ";\n";
}

# Prints a line with DIFFERENCE if a scan of the index to its end has not each row of the table once.
sub compare
{
	my ($table, $query, $where) = @_;

	return <<"EOS";
SELECT 'DIFFERENCE', '$table', i.rows, i.ids, t.rows FROM
	(SELECT count(*) AS rows, count(DISTINCT id) AS ids FROM (SELECT id FROM $table WHERE $where
		ORDER BY v $TABLE{$table}{op} $query $all_rows) x) i,
	(SELECT count(*) AS rows FROM $table WHERE $where) t
	WHERE i.rows <> t.rows OR i.ids <> t.rows;
EOS
}

sub reader
{
	my ($dice) = @_;
	my $table = pick($dice, sort keys %TABLE);
	my $query = value($dice, $table);
	my $kind = $dice->(8);
	my $order = "ORDER BY v $TABLE{$table}{op} $query";

	return compare($table, $query, pick($dice, 'true', 'other < ' . $dice->(100))) if $kind <= 1;
	return "SELECT id FROM $table WHERE other = " . $dice->(100) . " $order LIMIT 5;\n" if $kind == 2;
	return "BEGIN;\nDECLARE c CURSOR " . pick($dice, '', 'WITH HOLD') . " FOR SELECT id FROM $table $order;\n"
	  . "FETCH 5 FROM c;\nMOVE " . pick($dice, 10, 200, 'ALL') . " IN c;\nFETCH 5 FROM c;\n" . pick($dice, 'COMMIT', 'ROLLBACK') . ";\nCLOSE ALL;\n"
	  if $kind == 3;
	return "SELECT 'DIFFERENCE', c.* FROM vecprov_check('${table}_v_idx') c;\n" if $kind == 4;
	return "SELECT id FROM $table $order LIMIT " . pick($dice, 1, 10, 100) . ";\n";
}

sub options
{
	my ($dice) = @_;
	my $m = pick($dice, 8, 16, 24);
	my @options = ("m = $m", 'ef_construction = ' . 2 * $m * pick($dice, 1, 2, 4));

	push @options, 'tier = r10', 'shards = ' . (1 + $dice->(4)), 'replicas = ' . (1 + $dice->(2)) if $dice->(2);
	return join ', ', @options;
}

sub index_sql
{
	my ($dice, $table, $how) = @_;

	return "CREATE INDEX " . ($how // '') . " ${table}_v_idx ON $table USING vecprov (v "
	  . pick($dice, @{ $TABLE{$table}{classes} }) . ') WITH (' . options($dice) . ");\n";
}

sub ddl
{
	my ($dice) = @_;
	my $table = pick($dice, sort keys %TABLE);
	my $how = pick($dice, '', 'CONCURRENTLY');
	my $kind = $dice->(12);
	my $sql = '';

	$sql = "REINDEX INDEX $how ${table}_v_idx;\n" if $kind <= 2;
	$sql = "DROP INDEX $how ${table}_v_idx;\n" . index_sql($dice, $table, $how) if $kind == 3 || $kind == 4;
	$sql = "ALTER TABLE $table ADD more int DEFAULT 7;\n" if $kind == 5;
	$sql = "ALTER TABLE $table DROP more;\n" if $kind == 6;
	$sql = "ALTER TABLE $table ALTER other TYPE " . pick($dice, 'int', 'bigint') . ";\n" if $kind == 7;
	$sql = "BEGIN;\nTRUNCATE $table;\n" . insert($dice, $table, 20) . ";\n" . pick($dice, 'ROLLBACK', 'ROLLBACK', 'COMMIT') . ";\n"
	  if $kind == 8;
	$sql = "VACUUM FULL $table;\n" if $kind == 9;
	$sql = "BEGIN;\nDROP TABLE $table;\nROLLBACK;\n" if $kind == 10;
	$sql = "REINDEX TABLE $how $table;\n" if $kind == 11;
	return $sql . 'SELECT pg_sleep(' . $dice->(1000) / 1000 . ");\n";
}

sub vacuum
{
	my ($dice) = @_;
	my $table = pick($dice, sort keys %TABLE);

	return pick($dice,
		"VACUUM $table", "VACUUM (INDEX_CLEANUP ON) $table", "VACUUM (INDEX_CLEANUP ON) $table",
		"SET vacuum_cost_delay = '2ms'; SET vacuum_cost_limit = 20; VACUUM (INDEX_CLEANUP ON) $table; RESET vacuum_cost_delay",
		"VACUUM (FREEZE, ANALYZE) $table", 'CHECKPOINT',
		"SELECT format('COMMIT PREPARED %L', gid) FROM pg_prepared_xacts ORDER BY prepared LIMIT 3 \\gexec\nSELECT 1")
	  . ";\n";
}

sub capacity
{
	my ($dice) = @_;
	my $index = pick($dice, sort keys %TABLE) . '_v_idx';

	return 'SELECT '
	  . pick($dice,
		"vecprov_provision('$index', 'r10', " . (1 + $dice->(4)) . ', ' . (1 + $dice->(2)) . ')',
		("vecprov_set_shards('$index', " . (1 + $dice->(4)) . ')') x 4,
		"vecprov_set_replicas('$index', " . pick($dice, 0, 1, 1, 2) . ')',
		"vecprov_set_tier('$index', '" . pick($dice, 'r10', 'r40') . "')",
		"vecprov_release('$index')",
		'count(*) FROM vecprov.indexes', 'count(*) FROM vecprov.metrics', 'count(*) FROM vecprov.workers')
	  . ";\nSELECT pg_sleep(" . $dice->(500) / 1000 . ");\n";
}

my %ROLE = (writer => \&writer, reader => \&reader, ddl => \&ddl, vacuum => \&vacuum, capacity => \&capacity);

# The script of a session; its name, without blanks, says all that chance depends on. statements: how
# many, roughly.
sub script
{
	my ($role, $name, $statements) = @_;
	my $dice = dice($name);
	my $sql = <<'EOS';
\set VERBOSITY verbose
SET client_min_messages = error;
SET lock_timeout = '2s';
SET enable_seqscan = off;
SET enable_sort = off;
SET vecprov.iterative_scan = relaxed_order;
SET vecprov.max_scan_tuples = 1000000000;
EOS

	$sql .= "SET synchronous_commit = off;\n" unless $dice->(4);
	foreach (1 .. $statements // 150)
	{
		$sql .= $ROLE{$role}->($dice, "$name/$_");
	}
	return $sql;
}

1;
