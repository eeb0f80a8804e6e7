# Key columns: each row keeps its own keys, whatever becomes of the node it is at. kill -9 at the steps of
# inserts and VACUUM, where rows go from node to node in chains of equal vectors; scans while VACUUM does
# that; a standby.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = vecprov_node('primary', allows_streaming => 1);
$node->append_conf('postgresql.conf', <<'EOC');
wal_consistency_checking = 'vecprov'
max_parallel_maintenance_workers = 0
EOC
$node->start;
vecprov_functions($node);
$node->safe_psql('postgres', 'CREATE SEQUENCE ids START 1001');

# 400 rows, ten of each vector, the first half built and the others inserted
my $make = <<'EOS';
DROP TABLE IF EXISTS items;
CREATE TABLE items (id int, tenant int, name text, v vector(8), tags int[] GENERATED ALWAYS AS (ARRAY[tenant, id % 3 + 100]) STORED);
INSERT INTO items SELECT i, i % 7, 'the name of ' || i % 5, vec(i % 40, 8) FROM generate_series(1, 200) i;
CREATE INDEX items_v_idx ON items USING vecprov (v, tenant, name, tags) WITH (m = 4);
INSERT INTO items SELECT i, i % 7, 'the name of ' || i % 5, vec(i % 40, 8) FROM generate_series(201, 400) i;
EOS
my $insert = "INSERT INTO items SELECT i, i % 7, 'the name of ' || i % 5, vec(i::int % 40, 8) FROM (SELECT nextval('ids') AS i FROM generate_series(1, 60)) i;";
my $delete = 'DELETE FROM items WHERE id % 3 <> 0 AND tenant <> 3;';
my $vacuum = 'VACUUM (INDEX_CLEANUP ON) items';

# How many sets of conditions do not return the rows that they should
my $settings = <<'EOS';
SET enable_seqscan = off;
SET enable_sort = off;
SET enable_bitmapscan = off;
SET vecprov.iterative_scan = relaxed_order;
SET vecprov.max_scan_tuples = 1000000000;
EOS
my $wrong = <<'EOS';
SELECT count(*) FROM generate_series(0, 7) t, generate_series(0, 4) n, LATERAL
	(SELECT array_agg(id ORDER BY id) AS found FROM
		(SELECT id FROM items WHERE tenant = t AND name = 'the name of ' || n ORDER BY v <-> vec(1, 8) LIMIT 100000) r) f
WHERE found IS DISTINCT FROM (SELECT array_agg(id ORDER BY id) FROM items WHERE tenant + 0 = t AND name || '' = 'the name of ' || n);
SELECT count(*) FROM generate_series(0, 7) t, generate_series(0, 3) n, LATERAL
	(SELECT array_agg(id ORDER BY id) AS found FROM
		(SELECT id FROM items WHERE tags @> ARRAY[t, 100 + n] ORDER BY v <-> vec(1, 8) LIMIT 100000) r) f
WHERE found IS DISTINCT FROM (SELECT array_agg(id ORDER BY id) FROM items WHERE tenant + 0 = t AND id % 3 = n);
SELECT count(*) FROM generate_series(0, 7) t, LATERAL
	(SELECT array_agg(id ORDER BY id) AS found FROM
		(SELECT id FROM items WHERE t = ANY (tags) ORDER BY v <-> vec(1, 8) LIMIT 100000) r) f
WHERE found IS DISTINCT FROM (SELECT array_agg(id ORDER BY id) FROM items WHERE tenant + 0 = t);
EOS

sub keyed
{
	my ($where, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	is($where->safe_psql('postgres', "$settings SELECT count(*) > 0 FROM items; $wrong"), "t\n0\n0\n0",
		"$name: conditions on keys return their rows");
}

sub sound
{
	my ($name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	keyed($node, $name);
	$node->safe_psql('postgres', "UPDATE items SET tenant = 6 - tenant WHERE id % 5 = 0; $insert");
	keyed($node, "$name, changed");
	$node->safe_psql('postgres', $vacuum);
	keyed($node, "$name, vacuumed");
	intact($node, 'items', 'items_v_idx', $name);
}

#----------
# Crashes
#----------
foreach my $count (1, 2, 3, 60)
{
	$node->safe_psql('postgres', $make);
	ok(crash_at($node, "change-before-wal=crash:$count", $insert), "insert: crashed at change $count");
	sound("insert, change $count");
}
foreach my $count (1, 10, 20, 40, 80, 120)
{
	$node->safe_psql('postgres', $make . $delete);
	last unless crash_at($node, "change-before-wal=crash:$count", $vacuum);
	sound("VACUUM, change $count");
}

#----------
# Scans, while other rows of the same vectors come and go: those of tenant 3 stay
#----------
$node->safe_psql('postgres', $make);
my $stay = $node->safe_psql('postgres', 'SELECT count(*) FROM items WHERE tenant = 3');
my $script = <<"EOS";
$settings
DO \$\$
DECLARE
	n bigint;
BEGIN
	WHILE NOT EXISTS (SELECT FROM pg_class WHERE relname = 'readers_end') LOOP
		SELECT count(*) INTO n FROM (SELECT id FROM items WHERE tenant = 3 ORDER BY v <-> vec(1, 8) LIMIT 100000) r;
		IF n <> $stay THEN
			RAISE '% rows', n;
		END IF;
		COMMIT;
	END LOOP;
END
\$\$;
EOS
my $reader = IPC::Run::start([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres') ], '<', \$script);
foreach (1 .. 15)
{
	$node->safe_psql('postgres', "INSERT INTO items SELECT i, i % 3, 'the name of ' || i % 5, vec(i::int % 40, 8) FROM (SELECT nextval('ids') AS i FROM generate_series(1, 200)) i");
	$node->safe_psql('postgres', 'DELETE FROM items WHERE tenant <> 3 AND (id + (SELECT last_value FROM ids)) % 4 <> 0');
	$node->safe_psql('postgres', $vacuum);
}
$node->safe_psql('postgres', 'CREATE TABLE readers_end ()');
ok($reader->finish, 'scans returned all rows that stayed, and no others');
sound('afterwards');

#----------
# A standby
#----------
$node->safe_psql('postgres', $make);
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
$node->safe_psql('postgres', "$delete UPDATE items SET tenant = 7 WHERE tenant = 2;");
$node->wait_for_catchup($standby);
keyed($standby, 'standby');
$node->safe_psql('postgres', $vacuum);
$node->safe_psql('postgres', $insert);
$node->wait_for_catchup($standby);
keyed($standby, 'standby, after VACUUM');
my $spaces = 'SELECT namespace, records, bytes FROM vecprov_namespaces(\'spaces_idx\') ORDER BY 1';
$node->safe_psql('postgres', 'CREATE INDEX spaces_idx ON items USING vecprov (v, name, tenant) WITH (namespaces = on)');
$node->wait_for_catchup($standby);
is($standby->safe_psql('postgres', $spaces), $node->safe_psql('postgres', $spaces), 'namespaces on a standby');
is($standby->safe_psql('postgres', 'SELECT sum(bytes) - vecprov_index_size(\'spaces_idx\') FROM vecprov_namespaces(\'spaces_idx\')'), 0,
	'they add up to the size of the index');
$standby->promote;
$standby->safe_psql('postgres', $insert);
keyed($standby, 'promoted');

# A column by which rows are filtered, and no key
$node->safe_psql('postgres', 'DROP INDEX spaces_idx');
my $advice = "SELECT coalesce(advice, '') FROM vecprov.indexes WHERE index = 'items_v_idx'::regclass";
$node->safe_psql('postgres', "$settings SELECT id FROM items WHERE tenant = 1 ORDER BY v <-> vec(1, 8) LIMIT 1");
unlike($node->safe_psql('postgres', $advice), qr/filtered/, 'no advice on a key');
$node->safe_psql('postgres', "$settings SELECT id FROM items WHERE tenant = 1 AND id < 300 AND v <-> vec(1, 8) < 100 ORDER BY v <-> vec(1, 8) LIMIT 1");
like($node->safe_psql('postgres', $advice), qr/rows are filtered by id, which is no key of the index/, 'advice on a column that is none');
$node->safe_psql('postgres', "ALTER TABLE items ADD labels int[]; $settings SELECT id FROM items WHERE labels && '{1}' ORDER BY v <-> vec(1, 8) LIMIT 1");
like($node->safe_psql('postgres', $advice), qr/rows are filtered by labels, which is no key of the index/, 'advice on an array');
$node->safe_psql('postgres', "ALTER TABLE items ADD doc jsonb; $settings SELECT id FROM items WHERE doc @> '{}' ORDER BY v <-> vec(1, 8) LIMIT 1");
like($node->safe_psql('postgres', $advice), qr/rows are filtered by doc, which cannot be a key/, 'advice on a column that cannot be one');
like($node->safe_psql('postgres', $advice), qr/rows are filtered by id, which is no key of the index/, 'the other one is remembered');

# Of more columns than are remembered, the last ones are; a column twice is one.
$node->safe_psql('postgres', 'ALTER TABLE items ' . join ', ', map { "ADD extra$_ int" } 1 .. 4);
$node->safe_psql('postgres', join ';', $settings, map { "SELECT id FROM items WHERE extra$_ = 1 AND extra1 > 0 ORDER BY v <-> vec(1, 8) LIMIT 1" } 1 .. 4, 4, 1);
my @advised = $node->safe_psql('postgres', $advice) =~ /rows are filtered by (\w+)/g;
is("@{[ sort @advised ]}", 'extra1 extra2 extra3 extra4', 'advice on four columns');
$node->safe_psql('postgres', 'ALTER TABLE items DROP extra2');
@advised = $node->safe_psql('postgres', $advice) =~ /rows are filtered by (\w+)/g;
is("@{[ sort @advised ]}", 'extra1 extra3 extra4', 'not on one that was dropped');

done_testing();
