# Provisioned capacity beyond one session: what memory holds, the ledger and the log when things are in
# the way, dump and restore, a standby, pg_upgrade.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# intervals are what they are where nobody sets them
my $intervals = "vecprov.tier_change_interval = '1d'\nvecprov.scale_change_interval = '1h'\n";
my $node = vecprov_node('main', allows_streaming => 1);
# 70 % of this are 1,468,006 bytes (14,680 x 70, each a hundredth of it rounded down)
$node->append_conf('postgresql.conf', "shared_buffers = 2MB\nhuge_pages = off\n$intervals");
$node->start;
vecprov_functions($node);
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE items (id int, v vector(80));
INSERT INTO items SELECT i, vec(i, 80) FROM generate_series(1, 4000) i;
CREATE TABLE others AS SELECT * FROM items;
ALTER TABLE others ALTER v TYPE vector(80);
INSERT INTO vecprov.tiers (name, shard_bytes, keeps_vectors, units) VALUES ('large', 10000000, false, 2);
INSERT INTO vecprov.rates (plan, region, item, rate) VALUES ('ours', 'here', 'large', 12.5);
EOS

# Runs SQL that is to fail with this.
sub refused
{
	my ($sql, $error, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($rc, $stdout, $stderr) = $node->psql('postgres', $sql);
	like($stderr, $error, $name);
}

sub ledger
{
	return $node->safe_psql('postgres',
		"SELECT action, new_tier, new_replicas FROM vecprov.changes ORDER BY at DESC LIMIT 1");
}

# Memory holds graph and codes of one of the two, and the vectors of none.
my $too_much = qr/ERROR:  memory cannot hold index "\w+" in tier "\w+"\nDETAIL:  It needs \d+ bytes; of 146\d+, which are 70 % of shared_buffers, \d+ are promised to other indexes\.\nHINT:  Set shared_buffers to \d+ MB or more/;

# A new index is there all the same, in whatever way it comes: it works like one on demand.
sub warned
{
	my ($sql, $index, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($rc, $stdout, $stderr) = $node->psql('postgres', $sql);
	like($stderr, qr/WARNING:  memory cannot hold index "$index" in tier "\w+"\nDETAIL:  It needs \d+ bytes; of 146\d+, which are 70 % of shared_buffers, \d+ are promised to other indexes\. It works like one on demand until memory holds it\.\nHINT:  Set shared_buffers to \d+ MB or more/, $name);
	is($rc, 0, '... but not refused');
}
warned("CREATE INDEX items_idx ON items USING vecprov (v) WITH (tier = r40)", 'items_idx', 'a new index that memory cannot hold');
ok($node->poll_query_until('postgres', "SELECT state = 'Error' AND error ~ 'memory cannot hold the index' AND advice ~ 'set shared_buffers to \\d+ MB or more' "
	  . "FROM vecprov.indexes WHERE index = 'items_idx'::regclass"), '... is in the state Error, with what would do');
is($node->safe_psql('postgres', 'SET enable_seqscan = off; SELECT id FROM items ORDER BY v <-> (SELECT v FROM items WHERE id = 5) LIMIT 1'), 5, '... and answers');
$node->safe_psql('postgres', 'INSERT INTO items SELECT 4001, vec(4001, 80); DELETE FROM items WHERE id = 4001');
my ($wait_rc, $wait_out, $wait_err) = $node->psql('postgres', "SELECT vecprov_wait('items_idx', '1 min')");
like($wait_err, qr/index "items_idx" cannot be kept in memory/, '... and nobody waits for it');
$node->safe_psql('postgres', 'DROP INDEX items_idx');
$node->safe_psql('postgres', 'CREATE INDEX items_idx ON items USING vecprov (v) WITH (tier = large)');
refused("SELECT vecprov_set_tier('items_idx', 'r40')", $too_much, 'so is a tier that keeps more');
warned("CREATE INDEX others_idx ON others USING vecprov (v) WITH (tier = r10); DROP INDEX others_idx", 'others_idx', 'a second index');
$node->safe_psql('postgres', <<'EOS');
SET vecprov.scale_change_interval = 0;
SELECT vecprov_set_replicas('items_idx', 0);
CREATE INDEX others_idx ON others USING vecprov (v) WITH (tier = r10);
EOS
refused("SET vecprov.scale_change_interval = 0; SELECT vecprov_set_replicas('items_idx', 1)",
	$too_much, 'a suspended index gives its memory away');
# until the launcher knows that, there may be advice for what is not suspended
$node->safe_psql('postgres', "SELECT vecprov_wait('items_idx', '180 s')");
is($node->safe_psql('postgres', "SELECT memory_fullness > 1, fullness = memory_fullness, advice FROM vecprov.indexes WHERE index = 'items_idx'::regclass") =~
	  s/\d+ MB/N MB/r,
	't|t|set shared_buffers to N MB or more; suspended: set replicas to 1 or more to resume; set huge_pages to try or on',
	'which the view tells');
my ($rc, $stdout, $stderr) = $node->psql('postgres', 'REINDEX INDEX CONCURRENTLY items_idx; REINDEX TABLE items; REINDEX TABLE others');
is($rc, 0, 'what was there is built again');
$node->safe_psql('postgres', <<'EOS');
SET vecprov.scale_change_interval = 0;
DROP TABLE others;
SELECT vecprov_set_replicas('items_idx', 2);
EOS
is(ledger(), 'change|large|2', 'the ledger has the change');
like(slurp_file($node->logfile), qr/LOG:  capacity of index public\.items_idx changed by role "\w+": tier large, shards 1, replicas 2\n.*DETAIL:  It was: tier large, shards 1, replicas 0\./,
	'and so has the log');
like(slurp_file($node->logfile), qr/LOG:  change of capacity of index public\.items_idx refused to role "\w+": memory cannot hold/,
	'as it has refusals');

# A refusal is never held up for long by a lock on the ledger, nor by the lack of a worker.
refused("BEGIN; LOCK TABLE vecprov.changes; ALTER INDEX items_idx SET (tier = nothing)",
	qr/ERROR:  tier "nothing" does not exist/, 'refused while the ledger is locked');
isnt(ledger(), 'refusal|nothing|2', '... which only the log can tell');
refused("BEGIN READ WRITE; ALTER INDEX items_idx SET (tier = nothing)",
	qr/ERROR:  tier "nothing" does not exist/, 'refused again');
is(ledger(), 'refusal|nothing|2', '... which the ledger has');
$node->safe_psql('postgres', 'ALTER DATABASE postgres SET default_transaction_read_only = on');
refused("BEGIN READ WRITE; ALTER INDEX items_idx SET (tier = nowhere)",
	qr/ERROR:  tier "nowhere" does not exist/, 'refused where transactions are read-only');
is(ledger(), 'refusal|nowhere|2', '... which the ledger has');
$node->safe_psql('postgres', 'BEGIN READ WRITE; ALTER DATABASE postgres RESET default_transaction_read_only; COMMIT');
$node->append_conf('postgresql.conf', 'max_worker_processes = 1');
$node->restart;
# the server's own worker for logical replication takes the only place
my $offset = log_end($node);
refused("ALTER INDEX items_idx SET (tier = never)", qr/ERROR:  tier "never" does not exist/,
	'refused without a worker');
is(ledger(), 'refusal|nowhere|2', '... which the ledger does not have');
like(slurp_file($node->logfile, $offset), qr/could not start a background worker to write to the ledger/,
	'... but the log');
$node->append_conf('postgresql.conf', 'max_worker_processes = 8');
$node->restart;

# A standby: the same figures; tiers that change; suspended there too.
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
my $facts = "SELECT tier, replicas, records, index_size, capacity, storage_fullness FROM vecprov_facts('items_idx', true)";
is($standby->safe_psql('postgres', $facts), $node->safe_psql('postgres', $facts), 'standby: the same figures');
my $watching = $standby->background_psql('postgres');
like($watching->query_safe($facts), qr/\|10000000\|/, 'standby: capacity');
$node->safe_psql('postgres', <<'EOS');
UPDATE vecprov.tiers SET shard_bytes = 20000000 WHERE name = 'large';
CREATE UNLOGGED TABLE unlogged (id int, v vector(80));
CREATE INDEX unlogged_idx ON unlogged USING vecprov (v) WITH (tier = r10);
DELETE FROM items WHERE id % 4 = 0;
VACUUM items;
INSERT INTO items SELECT i, vec(i, 80) FROM generate_series(5001, 5100) i;
EOS
$node->wait_for_catchup($standby);
like($watching->query_safe($facts), qr/\|20000000\|/, 'standby: a tier that was changed, in a session that had read it');
is($standby->safe_psql('postgres', $facts), $node->safe_psql('postgres', $facts), 'standby: figures after changes');
is($standby->safe_psql('postgres', "SELECT count(*) FROM vecprov_check('items_idx', true)"), 0, 'standby: totals');
is($standby->safe_psql('postgres', "SELECT tier, records FROM vecprov.indexes WHERE index = 'unlogged_idx'::regclass"),
	'r10|', 'standby: nothing is known of an unlogged index');
my $searching = "SET enable_seqscan = off; SELECT count(*) FROM (SELECT id FROM items ORDER BY v <-> vec(1, 80) LIMIT 5) x";
is($watching->query_safe($searching), 5, 'standby: searches');
$node->safe_psql('postgres', "SET vecprov.scale_change_interval = 0; SELECT vecprov_set_replicas('items_idx', 0)");
$node->wait_for_catchup($standby);
($rc, $stdout, $stderr) = $standby->psql('postgres', $searching);
like($stderr, qr/ERROR:  index "items_idx" is suspended/, 'standby: suspended');
($rc, $stdout, $stderr) = $standby->psql('postgres', "SELECT vecprov_set_replicas('items_idx', 1)");
like($stderr, qr/ERROR:  cannot execute ALTER INDEX in a read-only transaction/, 'standby: changes nothing');
$watching->quit;
$standby->stop;
$node->safe_psql('postgres', "SET vecprov.scale_change_interval = 0; SELECT vecprov_set_replicas('items_idx', 2)");

# Dump and restore: what the administrator added, what indexes were given; nothing is too soon.
my $dump = $node->data_dir . '/../dump.sql';
$node->command_ok([ 'pg_dump', '-f', $dump, $node->connstr('postgres') ], 'pg_dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $dump, $node->connstr('restored') ], 'restore');
is($node->safe_psql('restored', "SELECT reloptions FROM pg_class WHERE relname = 'items_idx'"), '{tier=large,replicas=2}',
	'restored: options');
is($node->safe_psql('restored', 'SELECT name, shard_bytes FROM vecprov.tiers ORDER BY name'),
	"large|20000000\nr10|200000000000\nr40|200000000000", 'restored: tiers');
is($node->safe_psql('restored', "SELECT vecprov_read_cost('large', 1, 2, 'ours', 'here')"), '25.0', 'restored: rates');
is($node->safe_psql('restored', 'SELECT action, new_tier FROM vecprov.changes ORDER BY index'), "create|large\ncreate|r10",
	'restored: a ledger of its own');
$node->safe_psql('restored', "SELECT vecprov_set_replicas('items_idx', 3)");
intact($node, 'items', 'items_idx', 'original');

# pg_upgrade takes all along as it is, the ledger too.
my $changes = $node->safe_psql('postgres', 'SELECT count(*) FROM vecprov.changes');
my $new = vecprov_node('upgraded');
$new->append_conf('postgresql.conf', "wal_level = replica\n$intervals");
$node->stop;
my $bin = $node->config_data('--bindir');
chdir $PostgreSQL::Test::Utils::tmp_check or die $!;
command_ok([ 'pg_upgrade', '--no-sync', '-d', $node->data_dir, '-D', $new->data_dir, '-b', $bin, '-B', $bin,
		'-s', $new->host, '-p', $node->port, '-P', $new->port ], 'pg_upgrade');
$new->start;
is($new->safe_psql('postgres', "SELECT reloptions FROM pg_class WHERE relname = 'items_idx'"), '{tier=large,replicas=2}',
	'upgraded: options');
is($new->safe_psql('postgres', 'SELECT count(*) FROM vecprov.changes'), $changes, 'upgraded: the ledger');
($rc, $stdout, $stderr) = $new->psql('postgres', "SELECT vecprov_set_replicas('items_idx', 1)");
like($stderr, qr/ERROR:  shards and replicas of index "items_idx" cannot be changed before/, 'upgraded: limits');
intact($new, 'items', 'items_idx', 'upgraded');

$new->stop;
done_testing();
