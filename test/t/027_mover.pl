# Whenever an index has not as many shards as it should, a mover comes by itself: after a crash, a
# promotion, COMMIT PREPARED, a concurrent build during which the number was changed, and when the index was
# locked or no worker was to be had at first. So vecprov_wait ends.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = vecprov_node('main', allows_streaming => 1);
$node->append_conf('postgresql.conf', <<'EOC');
max_prepared_transactions = 2
EOC
$node->start;
vecprov_functions($node);
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE items (id int, v vector(8)) WITH (autovacuum_enabled = off);
INSERT INTO items SELECT i, vec(i, 8) FROM generate_series(1, 500) i;
CREATE INDEX items_v_idx ON items USING vecprov (v) WITH (tier = r10);
EOS

my $at_point = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'vecprov mover' AND wait_event = 'advisory'";

sub shards
{
	my ($server) = @_;
	return $server->safe_psql('postgres', 'SELECT state, current_shards FROM vecprov.indexes');
}

# The index gets this number of shards without VACUUM.
sub gets
{
	my ($server, $shards, $name) = @_;
	my ($stdout, $stderr);

	$server->psql('postgres', "SELECT vecprov_wait('items_v_idx', '180 s')", stdout => \$stdout, stderr => \$stderr);
	is($stderr . shards($server), "Ready|$shards", "$name: a mover comes");
	intact($server, 'items', 'items_v_idx', $name);
}

# Begins a change whose mover stops where it has begun; returns the session that holds it up.
sub begin_change
{
	my ($shards) = @_;
	my $gate = hold($node);

	$node->safe_psql('postgres', "ALTER DATABASE postgres SET vecprov.debug_point = 'move-begun=wait'");
	$node->safe_psql('postgres', "SELECT vecprov_set_shards('items_v_idx', $shards)");
	$node->poll_query_until('postgres', $at_point, 1) or die 'no mover';
	$node->safe_psql('postgres', 'ALTER DATABASE postgres RESET vecprov.debug_point');
	return $gate;
}

# The server is stopped while records are to be moved: its workers are forgotten.
{
	my $gate = begin_change(3);
	$node->stop('immediate');
	eval { $gate->quit };
	start_again($node);
	gets($node, 3, 'after a crash');
}

# Prepared: known to nobody before the commit.
{
	$node->safe_psql('postgres', "BEGIN; SELECT vecprov_set_shards('items_v_idx', 2); PREPARE TRANSACTION 'change'");
	is(shards($node), 'Ready|3', 'nothing is changed by PREPARE TRANSACTION');
	$node->safe_psql('postgres', "COMMIT PREPARED 'change'");
	gets($node, 2, 'after COMMIT PREPARED');
}

# Somebody has the index locked when the change becomes known, and leaves it as it is. (The
# change itself could not commit meanwhile: so another index is news.)
{
	my $gate = begin_change(4);
	my $session = $node->background_psql('postgres');
	my $pid = $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE backend_type = 'vecprov mover'");
	my $offset = log_end($node);
	$node->stop('immediate');
	eval { $gate->quit };
	eval { $session->quit };
	$node->append_conf('postgresql.conf', "max_worker_processes = 4\nvecprov.max_workers = 0\n");
	start_again($node);
	ok($node->wait_for_log(qr/could not start a background worker to move records/, $offset), 'no worker is to be had');
	is(shards($node), 'Scaling|4', 'and the index waits');
	my ($rc, $stdout, $stderr) = $node->psql('postgres', "SELECT vecprov_wait('items_v_idx')");
	like($stderr, qr/there is no process "vecprov mover".*HINT:  You might need to increase max_worker_processes/s,
		'... but vecprov_wait does not');
	$node->append_conf('postgresql.conf', "max_worker_processes = 8\nvecprov.max_workers = 2\n");
	$node->restart;
	$session = $node->background_psql('postgres');
	gets($node, 4, 'when there are workers');
	$session->quit;
}
{
	my $session = $node->background_psql('postgres');
	$node->safe_psql('postgres', "ALTER DATABASE postgres SET vecprov.debug_point = 'catalog-reader-begun=wait'");
	my $gate = hold($node);
	$node->safe_psql('postgres', "SELECT vecprov_set_shards('items_v_idx', 2)");
	$node->poll_query_until('postgres',
		"SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'vecprov catalog reader' AND wait_event = 'advisory'", 1)
	  or die 'no catalogue reader';
	$node->safe_psql('postgres', 'ALTER DATABASE postgres RESET vecprov.debug_point');
	$session->query_safe('BEGIN; DROP INDEX items_v_idx');
	$gate->quit;
	$node->poll_query_until('postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'vecprov catalog reader'", 0);
	$session->query_safe('ROLLBACK');
	gets($node, 2, 'after a DROP INDEX that was rolled back');
	$session->quit;
}

# A concurrent build has read the number of shards before it is changed.
{
	my $gate = hold($node);
	$node->safe_psql('postgres', 'DROP INDEX items_v_idx');
	my $session = at_point($node, 'build-loaded',
		'CREATE INDEX CONCURRENTLY items_v_idx ON items USING vecprov (v) WITH (tier = r10)');
	$node->safe_psql('postgres', 'ALTER INDEX items_v_idx SET (shards = 3)');
	$gate->quit;
	finish_session($session);
	$session->quit;
	gets($node, 3, 'after CREATE INDEX CONCURRENTLY');
}

# The standby sees to it when it is promoted.
{
	$node->backup('base');
	my $standby = PostgreSQL::Test::Cluster->new('standby');
	$standby->init_from_backup($node, 'base', has_streaming => 1);
	$standby->start;
	my $gate = begin_change(2);
	$node->wait_for_catchup($standby);
	is(shards($standby), 'Scaling|3', 'on the standby, too, the index has another number of shards');
	is($standby->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'vecprov mover'"),
		0, 'a standby has no mover');
	$node->stop('immediate');
	eval { $gate->quit };
	$standby->promote;
	gets($standby, 2, 'after a promotion');
	$standby->stop;
}

done_testing();
