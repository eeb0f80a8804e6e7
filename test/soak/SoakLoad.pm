# What the sessions of the soak do: SQL made at random. A script is a function of its name alone (seed,
# round, role, number), so that the same seed gives the same statements, however fast they run.

package SoakLoad;

use strict;
use warnings;

use Exporter 'import';
use SoakDice;
use SoakKeys;

our @EXPORT = qw(%TABLE @INDEXES table_sql index_sql part_sql comparison start_script script);

# A table for each type: id, v, the columns of SoakKeys, an index on v, and
# one of a part of the rows. radii: some with few rows inside and some with
# many; has_vector: the rows that are records.
our %TABLE = (
	t_vector    => { type => 'vector(24)',    op => '<->', class => 'vector_l2_ops',    keep => 900, radii => [ 0.1, 0.4, 2 ] },
	t_cosine    => { type => 'vector(16)',    op => '<=>', class => 'vector_cosine_ops', keep => 700, radii => [ 0.005, 0.05, 0.5 ],
		has_vector => 'vector_norm(v) > 0' },
	t_inner     => { type => 'vector(20)',    op => '<#>', class => 'vector_ip_ops',    keep => 800, radii => [ -9, -6, -3 ] },
	t_halfvec   => { type => 'halfvec(24)',   op => '<+>', class => 'halfvec_l1_ops',   keep => 700, radii => [ 0.5, 2, 8 ] },
	t_bit       => { type => 'bit(64)',       op => '<~>', class => 'bit_hamming_ops',  keep => 700, radii => [ 5, 15, 30 ] },
	t_sparsevec => { type => 'sparsevec(500)', op => '<->', class => 'sparsevec_l2_ops', keep => 1200, radii => [ 1, 4, 7 ] });
$_->{has_vector} //= 'v IS NOT NULL' foreach values %TABLE;
our @INDEXES = map { ("${_}_v_idx", "${_}_part_idx") } sort keys %TABLE;

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
	return "'[" . join(',', (0) x $1) . "]'" if $table eq 't_cosine' && $dice->(20) == 0;
	# inner products of both signs
	my $from = $table eq 't_inner' ? -612 : 0;
	return "'[" . join(',', map { ($from + $centre->(1024) + $dice->(200)) / 1024 } 1 .. $1) . "]'";
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

	return "INSERT INTO $table (v, @{[join(', ', @COLUMNS)]}) VALUES "
	  . join(', ', map { '(' . join(', ', value_or_null($dice, $table), map { literal($_) } column_values($dice)) . ')' } 1 .. $rows);
}

sub copy
{
	my ($dice, $table) = @_;
	my $sql = "COPY $table (v, @{[join(', ', @COLUMNS)]}) FROM STDIN;\n";

	foreach (1 .. pick($dice, 3, 30, 200))
	{
		my $value = value_or_null($dice, $table);
		$value =~ s/'//g;
		$sql .= join("\t", $value eq 'NULL' ? '\N' : $value, map { $_ // '\N' } column_values($dice)) . "\n";
	}
	return "$sql\\.\n";
}

# New values of some columns, or of all that an index can have.
sub new_keys
{
	my ($dice) = @_;
	my %new = map { $_ => literal(column_value($dice, $_)) } $dice->(3) ? map { pick($dice, @COLUMNS) } 0 .. 2 : @COLUMNS;

	return join ', ', map { "$_ = $new{$_}" } sort keys %new;
}

# One statement that writes. Deletions keep the table at its size.
sub write_sql
{
	my ($dice, $table) = @_;
	my $kind = $dice->(13);

	return insert($dice, $table) if $kind < 6;
	return "UPDATE $table SET v = " . value($dice, $table) . ' WHERE ' . some_rows($dice) if $kind == 6;
	return "UPDATE $table SET other = other + 1 WHERE " . some_rows($dice) if $kind == 7;
	return "UPDATE $table SET " . new_keys($dice) . ' WHERE ' . some_rows($dice) if $kind <= 9;
	return "UPDATE $table SET v = " . value_or_null($dice, $table) . ', ' . new_keys($dice) . ' WHERE ' . some_rows($dice) if $kind == 10;
	return "DELETE FROM $table WHERE " . some_rows($dice) if $kind == 11;
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

# A search, or some, whose rows are compared with those of the table; see SoakKeys.
sub comparison
{
	my ($dice, $table) = @_;
	my $query = value($dice, $table);
	my $distance = "v $TABLE{$table}{op} $query";
	my $kind = $dice->(10);

	return same_prepared($dice, $table, $distance) if $kind == 0;
	return same_lateral($dice, $table, $distance) if $kind == 1;
	return near_rows($dice, $table, $distance, @{ $TABLE{$table}{radii} }) if $kind == 2;
	return same_batch($dice, $table, $query, $TABLE{$table}{has_vector}) if $kind == 3 && $TABLE{$table}{type} =~ /^vector/;
	return same_rows($dice, $table, $distance);
}

sub cursor
{
	my ($dice, $table, $order) = @_;
	my $condition = pick($dice, 'true', some_conditions($dice));

	return "BEGIN;\nDECLARE c CURSOR " . pick($dice, '', 'WITH HOLD') . " FOR SELECT id FROM $table WHERE $condition $order;\n"
	  . "FETCH 5 FROM c;\nMOVE " . pick($dice, 10, 200, 'ALL') . " IN c;\nFETCH 5 FROM c;\n" . pick($dice, 'COMMIT', 'ROLLBACK') . ";\nCLOSE ALL;\n";
}

sub reader
{
	my ($dice) = @_;
	my $table = pick($dice, sort keys %TABLE);
	my $kind = $dice->(13);
	my $order = "ORDER BY v $TABLE{$table}{op} " . value($dice, $table);

	return comparison($dice, $table) if $kind <= 5;
	return cursor($dice, $table, $order) if $kind == 6;
	return "SELECT 'DIFFERENCE', c.* FROM vecprov_check('" . pick($dice, @INDEXES) . "') c;\n" if $kind == 7;
	return "SELECT vecprov_recall('${table}_v_idx', 5, 5, \$c\$" . some_conditions($dice) . "\$c\$);\n" if $kind == 8;
	return "SELECT ef_search FROM vecprov_tune('${table}_" . pick($dice, 'v', 'part') . "_idx', " . pick($dice, 0.9, 0.99) . ', '
	  . pick($dice, 1, 10) . ', ' . pick($dice, 5, 20) . ', ' . pick($dice, 'NULL', "\$c\$" . some_conditions($dice) . "\$c\$") . ");\n" if $kind == 10;
	return "SELECT format('SELECT count(*) FROM vecprov_namespaces(%L)', oid::regclass) FROM pg_class\n"
	  . "\tWHERE relname = '${table}_v_idx' AND 'namespaces=on' = ANY (reloptions) \\gexec\n" if $kind == 9;
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

# The table, and indexes of other kinds for bitmaps.
sub table_sql
{
	my ($table) = @_;

	return "CREATE TABLE $table (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, v $TABLE{$table}{type}, " . column_types() . ");\n"
	  . "CREATE INDEX ${table}_tags_idx ON $table USING gin (tags);\nCREATE INDEX ${table}_other_idx ON $table (other);\n";
}

sub index_sql
{
	my ($dice, $table, $how) = @_;

	my ($keys, $option) = key_columns($dice);
	return "CREATE INDEX " . ($how // '') . " ${table}_v_idx ON $table USING vecprov (v $TABLE{$table}{class}$keys)"
	  . ' WITH (' . options($dice) . "$option);\n";
}

# The index of a part of the rows: its other columns do not differ from table to table.
sub part_sql
{
	my ($dice, $table, $how) = @_;

	return "CREATE INDEX " . ($how // '') . " ${table}_part_idx ON $table USING vecprov (v $TABLE{$table}{class}, lang, tags)"
	  . ' WITH (' . options($dice) . ") WHERE $PART;\n";
}

sub ddl
{
	my ($dice) = @_;
	my $table = pick($dice, sort keys %TABLE);
	my $how = pick($dice, '', 'CONCURRENTLY');
	my $kind = $dice->(15);
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
	$sql = "SELECT 'ALTER INDEX ${table}_v_idx SET (namespaces = " . pick($dice, 'on', 'off') . ")' FROM pg_index\n"
	  . "\tWHERE indexrelid = to_regclass('${table}_v_idx') AND indnatts > 1\n"
	  . "\tAND pg_get_indexdef(indexrelid, 2, true) NOT IN ('tags', 'words') \\gexec\nREINDEX INDEX $how ${table}_v_idx;\n" if $kind == 12;
	$sql = "DROP INDEX $how ${table}_part_idx;\n" . part_sql($dice, $table, $how) if $kind == 13;
	$sql = "REINDEX INDEX $how ${table}_part_idx;\n" if $kind == 14;
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
	my $index = pick($dice, @INDEXES);

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

# What a session begins with.
sub start_script
{
	my ($dice) = @_;
	my $sql = <<'EOS';
\set VERBOSITY verbose
SET client_min_messages = error;
SET lock_timeout = '2s';
SET enable_seqscan = off;
SET enable_sort = off;
SET vecprov.max_scan_tuples = 1000000000;
EOS

	$sql .= 'SET vecprov.iterative_scan = ' . pick($dice, 'relaxed_order', 'strict_order') . ";\n";
	$sql .= 'SET vecprov.ef_search = ' . pick($dice, 1, 10, 40, 40, 100) . ";\n";
	$sql .= "SET plan_cache_mode = force_generic_plan;\n" if $dice->(2);
	$sql .= "SET enable_bitmapscan = off;\n" unless $dice->(4);
	$sql .= "SET work_mem = '64kB';\n" unless $dice->(4);
	$sql .= "SET synchronous_commit = off;\n" unless $dice->(4);
	return $sql;
}

# The script of a session; its name, without blanks, says all that chance depends on. statements: how
# many, roughly.
sub script
{
	my ($role, $name, $statements) = @_;
	my $dice = dice($name);
	my $sql = start_script($dice);

	foreach (1 .. $statements // 150)
	{
		$sql .= $ROLE{$role}->($dice, "$name/$_");
	}
	return $sql;
}

1;
