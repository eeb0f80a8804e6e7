# Units of compute: the administrator's budget, and what is told when units share processors.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = vecprov_node('units');
$node->append_conf('postgresql.conf', "vecprov.units = 6\nmax_worker_processes = 120\nvecprov.max_workers = 110\n");
$node->start;
vecprov_functions($node);
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE items (id int, v vector(4));
INSERT INTO items SELECT i, ARRAY[i, i % 7, i % 11, 1] FROM generate_series(1, 300) i;
CREATE INDEX items_idx ON items USING vecprov (v) WITH (tier = r40);
CREATE TABLE others (v vector(4));
CREATE INDEX others_idx ON others USING vecprov (v);
EOS

sub refused
{
	my ($statement, $expected, $name) = @_;
	my (undef, undef, $stderr) = $node->psql('postgres', $statement);
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	like($stderr, $expected, $name);
}

refused("SELECT vecprov_set_replicas('items_idx', 2)",
	qr/ERROR:  vecprov.units does not allow index "items_idx"\nDETAIL:  It needs 8 units; the server's budget is 6, of which other indexes have 0.\nHINT:  Increase vecprov.units/,
	'over the budget, superusers are refused, too');
$node->safe_psql('postgres', "SELECT vecprov_provision('others_idx', 'r10', 1, 2)");
refused("SELECT vecprov_set_replicas('others_idx', 3)", qr/It needs 3 units; the server's budget is 6, of which other indexes have 4\./,
	'those of all indexes count');
$node->safe_psql('postgres', 'CREATE DATABASE other');
$node->safe_psql('other', 'CREATE EXTENSION vecprov; CREATE TABLE t (v vector(4)); CREATE INDEX t_idx ON t USING vecprov (v)');
my (undef, undef, $stderr) = $node->psql('other', "SELECT vecprov_provision('t_idx', 'r10')");
like($stderr, qr/of which other indexes have 6/, 'of all databases');
is($node->safe_psql('postgres', "SELECT count(*) FROM vecprov.changes WHERE action = 'refusal' AND message ~ 'vecprov.units'"), 2,
	'refusals are in the ledger');

# What is restored or built is not lost by it.
(undef, undef, $stderr) = $node->psql('postgres', 'CREATE INDEX restored_idx ON items USING vecprov (v) WITH (tier = r40)');
like($stderr, qr/WARNING:  vecprov.units does not allow index "restored_idx"/, 'a new index is warned about');
is($node->safe_psql('postgres', "SELECT tier FROM vecprov.indexes WHERE index = 'restored_idx'::regclass"), 'r40', 'and is there');
is($node->psql('postgres', 'REINDEX INDEX restored_idx; VACUUM items'), 0, 'and can be rebuilt');
$node->safe_psql('postgres', "SELECT vecprov_set_shards('restored_idx', 2)");
pass('who asks for no more units is not refused');
$node->safe_psql('postgres', "SELECT vecprov_set_replicas('restored_idx', 0)");
pass('nor is who asks for less');
$node->safe_psql('postgres', 'DROP INDEX restored_idx');

# The budget is raised.
$node->safe_psql('postgres', 'ALTER SYSTEM SET vecprov.units = 0');
$node->reload;
$node->poll_query_until('postgres', "SELECT current_setting('vecprov.units') = '0'");
my $processors = $node->safe_psql('postgres', 'SELECT ceil(processors) FROM vecprov_server_units()');
cmp_ok($processors, '>=', 1, 'there are processors');
cmp_ok($processors, '<=', `nproc --all`, 'not more than the machine has');
my $replicas = $processors > 99 ? 99 : $processors + 1;
$node->safe_psql('postgres', "SELECT vecprov_set_replicas('others_idx', $replicas)");
$node->safe_psql('postgres', "SELECT vecprov_wait('$_', '180 s')") foreach 'items_idx', 'others_idx';
my $units = 4 + $replicas;
is($node->safe_psql('postgres', 'SELECT units FROM vecprov_server_units()'), $units, 'units of all replicas');
like($node->safe_psql('postgres', "SELECT advice FROM vecprov.indexes WHERE index = 'others_idx'::regclass"),
	qr/$units units share [0-9.]+ processors/, 'vecprov.indexes tells that units share processors');
is($node->safe_psql('postgres', "SELECT value FROM vecprov.metrics WHERE name = 'vecprov_units'"), $units, 'there is a metric');
like($node->safe_psql('postgres', "SELECT reason FROM vecprov_plan('items_idx', 1e9, 0.5) WHERE item = 'units'"),
	qr/^\d+ units share [0-9.]+ processors: they cannot all be as fast as one alone$/, 'vecprov_plan, too');

done_testing();
