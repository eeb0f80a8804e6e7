# vecprov.server_internals = off: answers are the same, and nothing of the server is used that it keeps to
# itself: pages are read as any index reads them, the plan is the planner's, and no memory is set aside.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = vecprov_node('main');
$node->append_conf('postgresql.conf', "vecprov.server_internals = off\n");
$node->start;
vecprov_functions($node);

$node->safe_psql('postgres', <<'EOS');
CREATE TABLE items (id int PRIMARY KEY, v vector(16));
INSERT INTO items SELECT i, ARRAY(SELECT sin(i * 7.3 + j * 1.7 * i) FROM generate_series(1, 16) j)::vector
	FROM generate_series(1, 3000) i;
CREATE INDEX items_v_idx ON items USING vecprov (v);
VACUUM ANALYZE items;
EOS
my $nearest = "SELECT id FROM items ORDER BY v <-> (SELECT v FROM items WHERE id = 77) LIMIT 10";
my $shared = "SELECT string_agg(name, ' ' ORDER BY name) FROM pg_shmem_allocations WHERE name ~ '^vecprov (hints|window)'";

# Buffers that a search has asked the server for, a plan's output columns, and rows found.
sub look
{
	my $explain = 'EXPLAIN (ANALYZE, BUFFERS, VERBOSE, COSTS OFF, TIMING OFF, SUMMARY OFF)';
	my $plan = $node->safe_psql('postgres', "SET enable_seqscan = off; $nearest; $explain $nearest");
	my ($hits) = $plan =~ /Index Scan using items_v_idx.*?shared hit=(\d+)/s;
	my ($output) = $plan =~ /(Output: .*?)\n.*?Index Scan using items_v_idx/s;
	my ($scan_output) = $plan =~ /Index Scan using items_v_idx.*?Output: (.*?)\n/s;
	my @rows = $plan =~ /^(\d+)$/mg;
	return ($hits, $scan_output, "@rows");
}

my ($hits, $output, $rows) = look();
is($node->safe_psql('postgres', $shared), '', 'no shared memory is set aside');
cmp_ok($hits, '>', 100, 'each page is asked for in the ordinary way');
like($output, qr/<->/, 'the sort key is computed, as the planner wants it');
my $exact = $node->safe_psql('postgres', "SET enable_indexscan = off; $nearest");
is($rows, join(' ', split /\n/, $exact), 'the answer is exact here');

# A provisioned index is held, pinned and searched by its seats and workers.
$node->safe_psql('postgres', "SELECT vecprov_provision('items_v_idx', 'r10', 1, 1)");
is($node->psql('postgres', "SELECT vecprov_wait('items_v_idx', '180 s')"), 0, 'provisioned: ready');
is((look())[2], $rows, 'provisioned: the same answer');
is($node->safe_psql('postgres', "SELECT count(*) FROM vecprov_check('items_v_idx', true)"), 0, 'the index is sound');

# The other way, where the library can.
$node->adjust_conf('postgresql.conf', 'vecprov.server_internals', 'on');
$node->restart;
SKIP:
{
	skip 'the library is built without server internals', 4
	  if $node->safe_psql('postgres', 'SHOW vecprov.server_internals') eq 'off';
	my ($few, $spared, $same) = look();
	is($node->safe_psql('postgres', $shared), 'vecprov hints vecprov window', 'on: it is');
	cmp_ok($few, '<', $hits / 2, 'on: pages are read where they are');
	like($spared, qr/NULL/, 'on: the sort key is spared');
	is($same, $rows, 'on: the same answer');
}

done_testing();
