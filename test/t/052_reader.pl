# Index files of earlier versions can be read, searched and written to. test/data/index-VERSION has a script that
# makes tables and indexes, and a file for each index as VERSION wrote it. The script is run, the server stopped,
# the files of its indexes are replaced by those, and everything must be as with its own: no rule is broken,
# searches find what exact ones find, and inserts, deletes and VACUUM go on.
#
# VECPROV_WRITE_INDEX_FILES=DIR writes the files instead, there: of this version, by DIR/tables.sql. A release does so once.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my %operator = (dense => '<->', half => '<=>', sparse => '<#>', bits => '<~>', shards => '<->');
# rows that have a vector, and one with a direction
my %where = (half => 'l2_norm(v) > 0', map { $_ => 'v IS NOT NULL' } qw(dense sparse bits shards));
my %filter = (
	dense  => 'WHERE tenant = 2 AND tags @> ARRAY[3]',
	shards => "WHERE tenant = md5('1')::uuid AND at < '2026-01-20'");
my $writes = $ENV{VECPROV_WRITE_INDEX_FILES};
my @folders = $writes || glob "$ENV{TESTDIR}/test/data/index-*";
cmp_ok(scalar @folders, '>=', 1, 'versions with index files');

# A server whose tables are made by a folder's script. Files are of other servers: their pages have no checksums, and
# transaction IDs that these have assigned and positions of their WAL, so it comes as far here before.
sub make_tables
{
	my ($folder, $name) = @_;
	my $node = vecprov_node($name, extra => [ check_pg_config('#define PG_VERSION_NUM (?:1[89]|2)\d+')
			? '--no-data-checksums' : '--allow-group-access' ]);

	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION vecprov');
	$node->safe_psql('postgres', <<'EOS') unless $writes;
CREATE PROCEDURE assign_xids(n int) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. n LOOP
		PERFORM txid_current();
		COMMIT;
	END LOOP;
END $$;
CALL assign_xids(3000);
EOS
	$node->safe_psql('postgres', "SELECT txid_current(); SELECT pg_switch_wal()") foreach $writes ? () : 1 .. 4;
	$node->safe_psql('postgres', slurp_file("$folder/tables.sql"));
	return $node;
}

# The page's LSN is of another server's WAL; zero is older than all of it.
sub without_lsns
{
	my ($bytes) = @_;

	substr($bytes, $_ * 8192, 8) = "\0" x 8 foreach 0 .. length($bytes) / 8192 - 1;
	return $bytes;
}

sub read_gzip
{
	my ($file) = @_;

	open my $in, '-|', 'gzip', '-dc', $file or die "$file: $!";
	binmode $in;
	local $/;
	my $bytes = <$in>;
	close $in or die "$file cannot be unpacked";
	return $bytes;
}

# The five nearest rows to each tenth row, by the index and exactly, by distance: equal ones may change places.
sub finds_exactly
{
	my ($node, $table, $name) = @_;
	my ($op, $filter) = ($operator{$table}, $filter{$table});
	my $nearest = sub {
		my ($by_index, $where) = @_;

		return $node->safe_psql('postgres', <<"EOS");
SET enable_seqscan = @{[ $by_index ? 'off' : 'on' ]};
SET enable_indexscan = @{[ $by_index ? 'on' : 'off' ]};
SET enable_bitmapscan = off;
SET enable_sort = @{[ $by_index ? 'off' : 'on' ]};
SET vecprov.ef_search = 200;
SELECT q.id, array(SELECT round((v $op q.v)::numeric, 4) FROM $table $where ORDER BY v $op q.v LIMIT 5)
FROM $table q WHERE q.id % 10 = 1 ORDER BY q.id;
EOS
	};

	like($node->safe_psql('postgres', "SET enable_seqscan = off; EXPLAIN (COSTS OFF)
			SELECT id FROM $table ORDER BY v $op (SELECT v FROM $table LIMIT 1) LIMIT 5"),
		qr/Index Scan using ${table}_idx/, "$name: the index is used");
	is($nearest->(1, ''), $nearest->(0, ''), "$name: finds the nearest rows");
	is($nearest->(1, $filter), $nearest->(0, $filter), "$name: finds those that match") if $filter;
	return;
}

if ($writes)
{
	my $node = make_tables($writes, 'writer');
	my %path = map { $_ => $node->data_dir . '/' . $node->safe_psql('postgres', "SELECT pg_relation_filepath('${_}_idx')") }
	  keys %operator;

	foreach my $table (sort keys %operator)
	{
		intact($node, $table, "${table}_idx", $table, $where{$table}, 'v', $operator{$table});
		is($node->safe_psql('postgres', "SELECT records - (SELECT count(*) FROM $table WHERE $where{$table})
				FROM vecprov.indexes WHERE index = '${table}_idx'::regclass"), 0, "$table: VACUUM has taken out dead rows");
	}
	$node->stop;
	foreach my $table (sort keys %path)
	{
		open my $out, '|-', "gzip -9n >'$writes/$table.gz'" or die $!;
		binmode $out;
		print $out without_lsns(slurp_file($path{$table}));
		ok(close($out), "$writes/$table.gz is written");
	}
	done_testing();
	exit;
}

foreach my $folder (@folders)
{
	my ($version) = $folder =~ /index-(.*)$/;
	my $node = make_tables($folder, "reader_$version" =~ s/\W/_/gr);
	my %path = map { $_ => $node->data_dir . '/' . $node->safe_psql('postgres', "SELECT pg_relation_filepath('${_}_idx')") }
	  keys %operator;

	$node->stop;
	foreach my $table (sort keys %path)
	{
		open my $out, '>:raw', $path{$table} or die "$path{$table}: $!";
		print $out read_gzip("$folder/$table.gz");
		close $out or die $!;
	}
	$node->start;
	foreach my $table (sort keys %path)
	{
		my $name = "$table of $version";

		intact($node, $table, "${table}_idx", $name, $where{$table}, 'v', $operator{$table});
		finds_exactly($node, $table, $name);
	}
	$node->safe_psql('postgres', <<'EOS');
CALL add_rows(201, 300, 0);
DELETE FROM dense WHERE id % 7 = 1; DELETE FROM half WHERE id % 7 = 1; DELETE FROM sparse WHERE id % 7 = 1;
DELETE FROM bits WHERE id % 7 = 1; DELETE FROM shards WHERE id % 7 = 1;
VACUUM dense, half, sparse, bits, shards;
EOS
	foreach my $table (sort keys %path)
	{
		intact($node, $table, "${table}_idx", "$table of $version, written to", $where{$table}, 'v', $operator{$table});
		finds_exactly($node, $table, "$table of $version, written to");
	}
	is(slurp_file($node->logfile) =~ /PANIC|TRAP|WARNING:.*LSN/, '', "$version: nothing is wrong in the log");
	$node->stop;
}
done_testing();
