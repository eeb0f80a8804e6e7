# An UPDATE that is not HOT and leaves the vector as it is puts the new version behind the node of the
# old one, which has the vector for both: in one WAL record, and without writing the vector. A crash at
# each step, VACUUM that marks that node in between, other shards, codes that are made anew, a standby,
# and searches among the rows of a bitmap.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = vecprov_node('main', allows_streaming => 1);
$node->append_conf('postgresql.conf', <<'EOC');
full_page_writes = off
wal_keep_size = 1GB
vecprov.scale_change_interval = 0
vecprov.tier_change_interval = 0
EOC
$node->start;
vecprov_functions($node);

# Makes a table of so many rows, and an index of n besides, so that no update of n is HOT.
sub table
{
	my ($rows, $more) = @_;

	return <<"EOS";
DROP TABLE IF EXISTS items;
CREATE TABLE items (id int, n int, v vector(80));
INSERT INTO items SELECT i, i, vec(i, 80) FROM generate_series(1, $rows) i;
@{[ $more // '' ]}
CREATE INDEX ON items USING vecprov (v) WITH (m = 8, ef_construction = 32);
CREATE INDEX ON items (n);
EOS
}

# WAL records of vecprov since a position: how many of each kind, and their bytes.
sub records
{
	my ($from) = @_;
	my $to = $node->safe_psql('postgres', 'SELECT pg_current_wal_flush_lsn()');
	my ($dump) = run_command([ 'pg_waldump', '-p', $node->data_dir . '/pg_wal', '-s', $from, '-e', $to, '--rmgr=custom157' ]);
	my (%kinds, $bytes);

	# a server's own tool does not know the names
	while ($dump =~ m{len \(rec/tot\):\s*\d+/\s*(\d+),.*desc: (?:UNKNOWN \((\w+)\)|(\w+))}g)
	{
		$kinds{ $2 // $3 }++;
		$bytes += $1;
	}
	return (\%kinds, $bytes);
}

#----------
# What is written
#----------
$node->safe_psql('postgres', table(1000));
my $from = $node->safe_psql('postgres', 'SELECT pg_current_wal_insert_lsn()');
$node->safe_psql('postgres', 'UPDATE items SET n = n + 1');
my ($kinds, $bytes) = records($from);
is($kinds->{40}, 1000, 'a record of the chain for each row');
is(($kinds->{10} // 0) + ($kinds->{20} // 0), 0, 'no record of a code or of a vector');
cmp_ok($bytes, '<', 1000 * 180, "$bytes bytes for 1,000 rows");
intact($node, 'items', 'items_v_idx', 'updated');
$node->safe_psql('postgres', 'UPDATE items SET n = n + 1; UPDATE items SET n = n + 1 WHERE id % 3 = 0');
intact($node, 'items', 'items_v_idx', 'updated again');
vacuum($node, 'items');
intact($node, 'items', 'items_v_idx', 'vacuumed');
$node->safe_psql('postgres', 'CREATE TABLE newer (); DROP TABLE newer; VACUUM items');
my $size = $node->safe_psql('postgres', "SELECT pg_relation_size('items_v_idx')");
$from = $node->safe_psql('postgres', 'SELECT pg_current_wal_insert_lsn()');
$node->safe_psql('postgres', 'UPDATE items SET n = n + 1');
is($node->safe_psql('postgres', "SELECT pg_relation_size('items_v_idx')"), $size, 'ids are used again');
($kinds, $bytes) = records($from);
is(($kinds->{10} // 0) + ($kinds->{20} // 0), 0, '... for versions');
$node->safe_psql('postgres', 'UPDATE items SET v = vec(id + 5000, 80) WHERE id % 2 = 0; DELETE FROM items WHERE id % 5 = 0');
intact($node, 'items', 'items_v_idx', 'other vectors');
vacuum($node, 'items');
$node->safe_psql('postgres', 'CREATE TABLE newer (); DROP TABLE newer; VACUUM items');
$node->safe_psql('postgres', 'INSERT INTO items SELECT i, i, vec(i, 80) FROM generate_series(2001, 3000) i');
intact($node, 'items', 'items_v_idx', '... and ids of versions used for other rows');

#----------
# A crash at each change
#----------
foreach my $used (0, 1)
{
	my $crashes = 0;

	foreach my $count (1 .. 4, 17)
	{
		$node->safe_psql('postgres', table(20));
		if ($used)
		{
			$node->safe_psql('postgres', 'UPDATE items SET n = n + 1');
			vacuum($node, 'items');
			$node->safe_psql('postgres', 'CREATE TABLE newer (); DROP TABLE newer; VACUUM items');
		}
		last unless crash_at($node, "change-before-wal=crash:$count", 'UPDATE items SET n = n + 1');
		$crashes++;
		intact($node, 'items', 'items_v_idx', "change $count");
		$node->safe_psql('postgres', 'UPDATE items SET n = n + 1; VACUUM items');
		intact($node, 'items', 'items_v_idx', "change $count, vacuumed");
	}
	cmp_ok($crashes, '>=', 4, ($used ? 'ids used again' : 'new ids') . ': crashed at the changes');
}

#----------
# VACUUM marks the node that was found as dead, before the version is behind it
#----------
$node->safe_psql('postgres', table(100, 'INSERT INTO items SELECT 1000 + i, i, vec(i, 80) FROM generate_series(1, 2) i;'));
# which of the two rows is first in the chain is the build's affair
foreach my $first (1, 1001)
{
	my $other = 1002 - $first;

	$node->safe_psql('postgres', "DELETE FROM items WHERE id = $first");
	my $hold = hold($node);
	my $update = at_point($node, 'insert-found', "UPDATE items SET n = n + 1 WHERE id = $other");
	my $vacuum = $node->background_psql('postgres');
	$vacuum->query_until(qr/started/, "\\echo started\nVACUUM (INDEX_CLEANUP ON) items;\n\\echo finished\n");
	# it has marked, and waits for the insert
	$node->poll_query_until('postgres',
		"SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'page' AND NOT granted)") or die 'VACUUM does not wait';
	$hold->quit;
	unlike((finish_session($update))[1], qr/ERROR/, 'the update goes on');
	finish_session($vacuum);
	$_->quit foreach $update, $vacuum;
	intact($node, 'items', 'items_v_idx', "row $first is gone");
	vacuum($node, 'items');
	intact($node, 'items', 'items_v_idx', "row $first is gone, vacuumed");
	$node->safe_psql('postgres', "INSERT INTO items SELECT $first, 0, vec(1, 80)");
}

#----------
# Shards, and versions that are moved to another one
#----------
$node->safe_psql('postgres', table(600) . 'ALTER INDEX items_v_idx SET (tier = r10)');
foreach my $shards (3, 1, 2)
{
	$node->safe_psql('postgres', "SELECT vecprov_set_shards('items_v_idx', $shards)");
	$node->safe_psql('postgres', "SELECT vecprov_wait('items_v_idx', '180 s')");
	$from = $node->safe_psql('postgres', 'SELECT pg_current_wal_insert_lsn()');
	$node->safe_psql('postgres', 'UPDATE items SET n = n + 1');
	($kinds, $bytes) = records($from);
	cmp_ok($kinds->{40}, '>', 500, "$shards shards: versions are behind what is in any of them");
	intact($node, 'items', 'items_v_idx', "$shards shards");
}
vacuum($node, 'items');
intact($node, 'items', 'items_v_idx', 'vacuumed');

#----------
# The mean is taken, and all codes are made anew
#----------
$node->safe_psql('postgres', table(20));
$node->safe_psql('postgres', 'UPDATE items SET n = n + 1; INSERT INTO items SELECT i, i, vec(i, 80) FROM generate_series(21, 300) i');
intact($node, 'items', 'items_v_idx', 'another mean');
$node->safe_psql('postgres', 'DELETE FROM items WHERE id <= 10');
vacuum($node, 'items');
intact($node, 'items', 'items_v_idx', 'another mean, vacuumed');

#----------
# A standby, and bitmaps
#----------
$node->safe_psql('postgres', table(5000) . 'ANALYZE items; UPDATE items SET n = n % 100');
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
$node->safe_psql('postgres', 'UPDATE items SET n = n + 1; DELETE FROM items WHERE id % 7 = 0');
$node->wait_for_catchup($standby);
my $query = 'SELECT array_agg(id) FROM (SELECT id FROM items WHERE n < 30 OR n = 77 ORDER BY v <-> vec(9, 80) LIMIT 100) r';
my $plan = 'SET enable_seqscan = off; SET enable_sort = off; SET vecprov.ef_search = 600;';
like($node->safe_psql('postgres', "$plan EXPLAIN $query"), qr/VecprovBitmap/, 'a search among the rows of a bitmap');
foreach my $server ($node, $standby)
{
	my $name = $server->name;
	is($server->safe_psql('postgres', <<"EOS"), '100|t', "$name: ... finds them, each once");
$plan
WITH ours AS (SELECT unnest(($query)) AS id),
	theirs AS (SELECT id FROM items WHERE n < 30 OR n = 77 ORDER BY (v <-> vec(9, 80)) + 0 LIMIT 100)
SELECT count(DISTINCT id), count(*) FILTER (WHERE id IN (SELECT id FROM theirs)) >= 97 FROM ours
EOS
	is($server->safe_psql('postgres', "$plan SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM items WHERE n < 30 OR n = 77 ORDER BY v <-> vec(9, 80)) r"),
		$server->safe_psql('postgres', 'SELECT count(*), count(*) FROM items WHERE n < 30 OR n = 77'), "$name: all of them");
}
vacuum($node, 'items');
$node->wait_for_catchup($standby);
intact($standby, 'items', 'items_v_idx', 'a standby after VACUUM');

$standby->stop;
$node->stop;
done_testing();
