# VACUUM comes to each page of nodes once for a pass, and to the metapage only for pages on which something
# is to be changed: what it reads from shared buffers is a small multiple of the pages, however many nodes they
# have.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = vecprov_node('main');
$node->start;
vecprov_functions($node);
plan skip_all => 'without peeks each look at a node is a read'
  if $node->safe_psql('postgres', 'SHOW vecprov.server_internals') eq 'off';

# 148 bytes a node, 55 on a page; besides some rows without a vector
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE items (id int, v vector(8));
INSERT INTO items SELECT i, CASE WHEN i % 50 > 0 THEN vec(i, 8) END FROM generate_series(1, 11000) i;
CREATE INDEX ON items USING vecprov (v);
EOS
my $pages = 11000 / 55;

# Blocks of the index that a VACUUM finds in shared buffers.
sub blocks
{
	my ($delete) = @_;
	$node->safe_psql('postgres', $delete);
	my $hits = $node->safe_psql('postgres', <<'EOS');
SELECT pg_stat_force_next_flush();
SELECT idx_blks_hit + idx_blks_read AS hits FROM pg_statio_user_indexes WHERE indexrelname = 'items_v_idx' \gset
VACUUM (INDEX_CLEANUP ON) items;
SELECT pg_stat_force_next_flush();
SELECT idx_blks_hit + idx_blks_read - :hits FROM pg_statio_user_indexes WHERE indexrelname = 'items_v_idx';
EOS
	($hits) = $hits =~ /(\d+)\s*$/;
	note "$hits blocks of $pages pages";
	return $hits;
}

cmp_ok(blocks('DELETE FROM items WHERE id = 50'), '<', 3 * $pages, 'a row without a vector is gone');
cmp_ok(blocks('DELETE FROM items WHERE id = 777'), '<', 6 * $pages, 'a row is gone');
is($node->safe_psql('postgres', "SELECT * FROM vecprov_check('items_v_idx', true)"), '', 'no rule is broken');
# each page has a row that is gone: marked and released under a lock of the metapage for many
cmp_ok(blocks('DELETE FROM items WHERE id % 60 = 1'), '<', 60 * $pages, 'rows of all pages are gone');
is($node->safe_psql('postgres', "SELECT * FROM vecprov_check('items_v_idx', true)"), '', 'no rule is broken');

$node->stop;
done_testing();
