# Behind the last chunk of an index there may be pages of another relation, which had the same file
# number on a server that was rewound. They become empty pages of the index before it uses them.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = vecprov_node('main');
run_log([ 'pg_checksums', '--disable', '-D', $node->data_dir ]);
$node->start;
vecprov_functions($node);
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE items (id serial, v vector(80), h halfvec(80) GENERATED ALWAYS AS (v::halfvec(80)) STORED,
	s sparsevec(80) GENERATED ALWAYS AS (v::sparsevec(80)) STORED);
INSERT INTO items (v) SELECT vec(i, 80) FROM generate_series(1, 500) i;
CREATE INDEX items_v_idx ON items USING vecprov (v);
CREATE INDEX items_h_idx ON items USING vecprov (h halfvec_l2_ops);
CREATE INDEX items_s_idx ON items USING vecprov (s sparsevec_l2_ops);
CREATE TABLE plain AS SELECT repeat('plain', 100) FROM generate_series(1, 500);
EOS

my %file = map {
	$_ => $node->data_dir . '/' . $node->safe_psql('postgres', "SELECT pg_relation_filepath('$_')")
} qw(items_v_idx items_h_idx items_s_idx plain);
$node->stop;
my %pages = map { $_ => slurp_file($file{$_}) } keys %file;

# Random bytes, a table's pages, the index's own in wrong places, another index's.
foreach my $index (grep { /idx/ } keys %file)
{
	append_to_file($file{$index}, join('', map { pack 'N*', map { int rand 2**32 } 1 .. 2048 } 1 .. 5)
		  . $pages{plain} . $pages{$index} . $pages{items_v_idx} . $pages{items_h_idx});
}
$node->start;
$node->safe_psql('postgres', 'INSERT INTO items (v) SELECT vec(i, 80) FROM generate_series(501, 3000) i');
intact($node, 'items', 'items_v_idx', 'vector, foreign pages');
intact($node, 'items', 'items_h_idx', 'halfvec, foreign pages', undef, 'h');
intact($node, 'items', 'items_s_idx', 'sparsevec, foreign pages', undef, 's');
$node->stop('immediate');
$node->start;
intact($node, 'items', 'items_v_idx', 'vector, foreign pages, after recovery');

done_testing();
