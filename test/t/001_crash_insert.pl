# kill -9 at every step of an insert: after recovery all committed rows are found, none of the rest,
# and the index is sound, before and after VACUUM has cleared away what the crash left.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# What the table looks like before the insert that crashes, and that insert.
my %scenarios = (
	'first row' => {
		before => 'SELECT',
		insert => 'INSERT INTO items SELECT 5000, vec(1, 80)',
	},
	'equal vector' => {
		before => 'INSERT INTO items SELECT i, vec(1 + i % 3, 80) FROM generate_series(1, 12) i',
		insert => 'INSERT INTO items SELECT 5000, vec(1, 80)',
	},
	'new page' => {
		# stops where the next row needs new pages
		before => <<'EOS',
DO $$
DECLARE
	size bigint;
	i int := 0;
BEGIN
	LOOP
		INSERT INTO items SELECT i, vec(i, 80);
		i := i + 1;
		EXIT WHEN size < pg_relation_size('items_v_idx') AND i > 150;
		size := pg_relation_size('items_v_idx');
	END LOOP;
	DELETE FROM items WHERE id = i - 1;
END $$
EOS
		insert => 'INSERT INTO items SELECT 5000 + i, vec(7 + i, 80) FROM generate_series(1, 300) i',
		counts => [ 1, 2, 4, 8, 20, 100, 1000 ],
	},
	'mean due' => {
		# far from the origin, and so many that the next insert takes the mean; killed on the way
		# it leaves codes of two means, by which not all is found at first sight
		found  => 'false',
		before => 'INSERT INTO items SELECT i, vec(i, 80) + array_fill(20, ARRAY[80])::vector FROM generate_series(1, 32) i',
		insert => 'INSERT INTO items SELECT 5000, vec(100, 80) + array_fill(20, ARRAY[80])::vector',
		counts => [ 1 .. 4, 17, 33, 34, 35, 36, 37, 60 ],
	},
	'other types' => {
		look   => \&all_intact,
		before => other_types('items') .
		  'INSERT INTO items SELECT i, vec(i, 80) FROM generate_series(1, 30) i;
			INSERT INTO items SELECT i, vec(7, 80) FROM generate_series(31, 36) i',
		insert => 'INSERT INTO items SELECT 5000 + i, vec(6 + i, 80) FROM generate_series(1, 3) i',
		counts => [ 1 .. 4, 13, 22, 31, 40, 49, 58, 67, 76, 85, 1000 ],
	},
	'used id' => {
		# the ids of the first 60 rows, some with lists of upper levels, are free
		before => <<'EOS',
INSERT INTO items SELECT i, vec(i, 80) FROM generate_series(1, 120) i;
DELETE FROM items WHERE id <= 60;
VACUUM items;
CREATE TABLE newer ();
DROP TABLE newer;
VACUUM items
EOS
		insert => 'INSERT INTO items SELECT 5000 + i, vec(7 + i, 80) FROM generate_series(1, 40) i',
		counts => [ 1 .. 5, 8, 13, 40, 100, 250 ],
	});

my $node = vecprov_node('main');
$node->start;
vecprov_functions($node);

# Every change of a page that an insert makes, one after another, until it gets through.
foreach my $name (sort keys %scenarios)
{
	my $scenario = $scenarios{$name};
	my @counts   = @{ $scenario->{counts} || [ 1 .. 60 ] };
	my $crashes  = 0;
	my $look     = $scenario->{look} || sub
	{
		my ($node, $table, $what, $where) = @_;
		intact($node, $table, "${table}_v_idx", $what, $where);
	};

	foreach my $count (@counts)
	{
		$node->safe_psql('postgres', <<"EOS");
DROP TABLE IF EXISTS items;
CREATE TABLE items (id int, v vector(80));
CREATE INDEX ON items USING vecprov (v) WITH (m = 8, ef_construction = 24);
$scenario->{before};
EOS
		last unless crash_at($node, "change-before-wal=crash:$count", $scenario->{insert});
		$crashes++;
		$look->($node, 'items', "$name, change $count", $scenario->{found});
		$node->safe_psql('postgres',
			'INSERT INTO items SELECT 6000 + i, vec(i % 20, 80) FROM generate_series(1, 30) i; VACUUM items;');
		$look->($node, 'items', "$name, change $count, inserted again and vacuumed");
	}
	cmp_ok($crashes, '>=', 3, "$name: the insert crashed at its changes");
}

# The named points, with others inserting at the same time.
$node->safe_psql('postgres', <<'EOS');
DROP TABLE items;
CREATE TABLE items (id bigserial, v vector(80));
INSERT INTO items (v) SELECT vec(i, 80) FROM generate_series(1, 300) i;
CREATE INDEX ON items USING vecprov (v) WITH (m = 8, ef_construction = 32);
EOS
my $script = $node->basedir . '/insert.sql';
append_to_file($script, "\\set i random(1, 100000)\nINSERT INTO items (v) VALUES (vec(:i, 80));\n");

my $unlike = 'INSERT INTO items (v) SELECT vec(200000 + i, 80) FROM generate_series(1, 50) i';
my $alike  = 'INSERT INTO items (v) SELECT vec(i % 25, 80) FROM generate_series(1, 50) i';

foreach ([ 'insert-created=crash:9', $alike ], [ 'insert-stored=crash:13', $unlike ],
	[ 'insert-linked=crash:1', $unlike ], [ 'insert-linked=crash:37', $unlike ],
	[ 'change-before-wal=crash:30', $alike ])
{
	my ($point, $insert) = @$_;
	my $before = $node->safe_psql('postgres', 'SELECT count(*) FROM items');
	my $out    = '';
	my $load   = IPC::Run::start(
		[ 'pgbench', '-n', '-c', '2', '-T', '600', '--random-seed', '1', '-h', $node->host,
			'-p', $node->port, '-f', $script, 'postgres' ],
		'>', \$out, '2>&1');

	$node->poll_query_until('postgres', "SELECT count(*) > $before + 20 FROM items")
	  or die 'the others insert nothing';
	ok(crash_at($node, $point, $insert), "$point: crashed");
	$load->kill_kill;
	intact($node, 'items', 'items_v_idx', $point, 'id % 5 = 0');
}
$node->safe_psql('postgres', 'VACUUM items');
intact($node, 'items', 'items_v_idx', 'after all crashes and VACUUM');

$node->stop;
done_testing();
