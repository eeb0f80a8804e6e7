# The number of shards is changed while the index is read and written; the mover is killed (kill -9)
# at each of its named points; searches go on through it all and return each row once.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = vecprov_node('main');
$node->start;
vecprov_functions($node);

# 3,000 rows, every tenth of them equal to another one
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE items (id bigserial, v vector(32));
INSERT INTO items (v) SELECT vec(CASE WHEN i % 10 = 0 THEN i / 100 ELSE i END, 32) FROM generate_series(1, 3000) i;
CREATE INDEX items_v_idx ON items USING vecprov (v) WITH (tier = r10);
CREATE VIEW state AS SELECT replace(i.state, 'Loading', 'Ready') AS state, i.current_shards, i.records, (SELECT max(bytes) - min(bytes) FROM vecprov.shards s
	WHERE s.index = i.index) AS difference, (SELECT sum(to_move) FROM vecprov.shards s WHERE s.index = i.index) AS to_move
	FROM vecprov.indexes i;
EOS

my $scan = <<'EOS';
SET enable_seqscan = off; SET enable_sort = off; SET client_min_messages = warning;
SET vecprov.iterative_scan = relaxed_order; SET vecprov.max_scan_tuples = 1000000000;
EOS
my $count = "SELECT count(*) = count(DISTINCT id) AND count(*) = (SELECT count(*) FROM items)
	FROM (SELECT id FROM items ORDER BY v <-> vec(7, 32) LIMIT 1000000000) x";

sub set_shards
{
	my ($shards) = @_;
	$node->safe_psql('postgres', "SELECT vecprov_set_shards('items_v_idx', $shards)");
}

# Waits until all is where it shall be; then it must be even, and sound.
sub ready
{
	my ($shards, $name) = @_;

	ok( $node->poll_query_until('postgres', "SELECT state = 'Ready' AND current_shards = $shards FROM state"),
		"$name: ready, $shards shards");
	intact($node, 'items', 'items_v_idx', $name);
	$node->safe_psql('postgres', 'VACUUM (INDEX_CLEANUP ON) items');
	is($node->safe_psql('postgres', "SELECT records = (SELECT count(*) FROM items), to_move FROM state"),
		't|0', "$name: all are counted, none is to be moved");
	is($node->safe_psql('postgres', "SELECT * FROM vecprov_check('items_v_idx', true)"), '', "$name, vacuumed");
}

# Up and down, with nobody else there; the shards are even in the end. Who waits for that does not
# hold it up by the snapshot of its own statement.
foreach my $shards (4, 3, 7, 1, 2)
{
	set_shards($shards);
	$node->safe_psql('postgres', "SELECT vecprov_wait('items_v_idx', '180 s')");
	ready($shards, "to $shards shards");
	cmp_ok($node->safe_psql('postgres', 'SELECT difference FROM state'), '<=', 2 * 136, "to $shards shards: even");
}

# With readers, writers and VACUUM beside.
my %script = (
	write => "\\set i random(1, 100000)\nINSERT INTO items (v) VALUES (vec(:i, 32));\nDELETE FROM items WHERE id = (SELECT min(id) + 17 FROM items WHERE id > :i % 3000);\n",
	read => "$scan\nSELECT 1 / ($count)::int;\n",
	vacuum => "VACUUM items;\n\\sleep 100 ms\n");
foreach (sort keys %script)
{
	append_to_file($node->basedir . "/$_.sql", $script{$_});
}
foreach my $shards (5, 2)
{
	my %run;
	foreach (qw(write read vacuum))
	{
		my $out = '';
		$run{$_}{out} = \$out;
		$run{$_}{handle} = IPC::Run::start(
			[ 'pgbench', '-n', '-c', $_ eq 'write' ? 2 : 1, '-T', '6', '--random-seed', '1', '-h', $node->host,
				'-p', $node->port, '-f', $node->basedir . "/$_.sql", 'postgres' ],
			'>', $run{$_}{out}, '2>&1');
	}
	set_shards($shards);
	foreach (sort keys %run)
	{
		$run{$_}{handle}->finish;
		unlike(${ $run{$_}{out} }, qr/ERROR|aborted|FATAL/, "to $shards shards, others beside: $_");
	}
	ready($shards, "to $shards shards, others beside");
}
# few rows again: what follows is done 28 times
$node->safe_psql('postgres', 'DELETE FROM items WHERE id > 2000');

# Killed at its points, at once and later on. It is started again by itself, and goes on.
my ($few, $many) = (2, 4);
foreach my $point ('move-begun', 'insert-created', 'insert-stored', 'insert-linked', 'insert-linked=:70', 'move-linked',
	'move-linked=:120', 'move-finished', 'move-finished=:333', 'move-settled', 'vacuum-surveyed', 'vacuum-repaired',
	'vacuum-unlinked', 'move-ended')
{
	my ($name, $nth) = split /=/, $point;
	foreach my $shards ($many, $few)
	{
		my $hold = hold($node);
		my $offset;
		$node->safe_psql('postgres', "ALTER DATABASE postgres SET vecprov.debug_point = '$name=wait" . ($nth // '') . "'");
		set_shards($shards);
		$node->poll_query_until('postgres', <<'EOS') or die "the mover never came to $point";
SELECT EXISTS (SELECT FROM pg_stat_activity
	WHERE backend_type = 'vecprov mover' AND wait_event_type = 'Lock' AND wait_event = 'advisory')
EOS
		$node->safe_psql('postgres', 'ALTER DATABASE postgres RESET vecprov.debug_point');
		is($node->safe_psql('postgres', "$scan $count"), 't', "$point, $shards shards: each row once meanwhile");
		is($node->safe_psql('postgres', 'SELECT state FROM state'),
			$point eq 'move-ended' ? 'Ready' : 'Scaling', "$point, $shards shards: state");
		$node->safe_psql('postgres', 'INSERT INTO items (v) SELECT vec(i, 32) FROM generate_series(1, 5) i');
		$offset = log_end($node);
		my $pid = $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE backend_type = 'vecprov mover'");
		kill 'KILL', $pid;
		crash_and_wait($node, $offset);
		is($node->safe_psql('postgres', "$scan $count"), 't', "$point, $shards shards: each row once after the crash");
		ready($shards, "$point, $shards shards, killed");
		eval { $hold->quit };
	}
}

# A search that began before: it finds what was moved since, and finds it once. VACUUM does not take
# away what it needs, nor does it leave rows that are gone.
{
	my $session = $node->background_psql('postgres');
	$session->query_safe($scan);
	$session->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ');
	my $all = $session->query_safe('SELECT count(*) FROM items');
	$session->query_safe('DECLARE c CURSOR FOR SELECT id FROM items ORDER BY v <-> vec(7, 32)');
	$session->query_safe('CREATE TEMP TABLE got (id bigint)');
	my @rows = split /\n/, $session->query_safe('FETCH 300 FROM c');
	set_shards(3);
	ok( $node->poll_query_until('postgres', <<'EOS'), 'records have been moved');
SELECT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'vecprov mover' AND query ~ ': [1-9][0-9]* moved')
EOS
	$node->safe_psql('postgres', 'DELETE FROM items WHERE id % 5 = 0; VACUUM items');
	push @rows, split /\n/, $session->query_safe('FETCH ALL FROM c');
	my %seen;
	$seen{$_}++ for @rows;
	is(scalar(@rows), $all, 'a cursor from before returns all rows');
	is(scalar(keys %seen), $all, 'each once');
	is($node->safe_psql('postgres', 'SELECT state FROM state'), 'Scaling', 'it is waited for');
	is($node->safe_psql('postgres', "$scan $count"), 't', 'a new search returns each row once');
	$session->query_safe('COMMIT');
	$session->quit;
	ready(3, 'after an old search');
}

# Rows that were gone before the search began: VACUUM takes them away though they have been moved and
# the mover waits, and others come into their places.
{
	my $session = $node->background_psql('postgres');
	$node->safe_psql('postgres', 'DELETE FROM items WHERE id % 7 = 3');
	$session->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ');
	$session->query_safe('SELECT count(*) FROM items');
	set_shards(5);
	ok( $node->poll_query_until('postgres', <<'EOS'), 'the mover waits');
SELECT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'vecprov mover' AND wait_event_type = 'Extension')
EOS
	$node->safe_psql('postgres', 'VACUUM items');
	is($node->safe_psql('postgres', "$scan $count"), 't', 'rows gone, moved and vacuumed: each row once');
	$node->safe_psql('postgres', 'INSERT INTO items (v) SELECT vec(50000 + i, 32) FROM generate_series(1, 400) i');
	is($node->safe_psql('postgres', "$scan $count"), 't', 'others in their places: each row once');
	intact($node, 'items', 'items_v_idx', 'others in their places');
	$session->query_safe('COMMIT');
	$session->quit;
	ready(5, 'others in their places, moved');
	set_shards(3);
	ready(3, 'and back');
}

# The mover is lost: VACUUM starts it again. Release: one shard, as any index on demand.
$node->safe_psql('postgres', 'ALTER SYSTEM SET max_worker_processes = 0');
$node->restart;
$node->safe_psql('postgres', "SELECT vecprov_release('items_v_idx')");
is($node->safe_psql('postgres', 'SELECT state, current_shards FROM state'), 'Scaling|3', 'no worker is to be had');
$node->safe_psql('postgres', 'ALTER SYSTEM RESET max_worker_processes');
$node->restart;
$node->safe_psql('postgres', 'VACUUM items');
ready(1, 'released');

# What is being moved can be dropped.
{
	$node->safe_psql('postgres', "SELECT vecprov_provision('items_v_idx', 'r10', 8)");
	$node->safe_psql('postgres', 'REINDEX INDEX items_v_idx');
	ready(8, 'rebuilt meanwhile');
	set_shards(2);
	$node->safe_psql('postgres', 'DROP TABLE items CASCADE');
	ok($node->poll_query_until('postgres',
			"SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'vecprov mover')"),
		'the mover ends when its index is dropped');
}

unlike(slurp_file($node->logfile), qr/PANIC|TRAP:|ERROR:.*mover/, 'no failure but those on purpose');
$node->stop;

# A standby replays it all, and answers as the primary does.
my $primary = vecprov_node('primary', allows_streaming => 1);
$primary->append_conf('postgresql.conf', <<'EOC');
shared_buffers = 32MB
wal_consistency_checking = 'all, vecprov'
EOC
$primary->start;
vecprov_functions($primary);
$primary->safe_psql('postgres', <<'EOS');
CREATE TABLE items (id int, v vector(32));
INSERT INTO items SELECT i, vec(CASE WHEN i % 10 = 0 THEN i / 100 ELSE i END, 32) FROM generate_series(1, 2500) i;
CREATE INDEX items_v_idx ON items USING vecprov (v) WITH (tier = r10, shards = 2, m = 8, ef_construction = 32);
EOS
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;
foreach my $shards (5, 1)
{
	$primary->safe_psql('postgres', "SELECT vecprov_set_shards('items_v_idx', $shards)");
	$primary->poll_query_until('postgres', 'SELECT state = \'Scaling\' FROM vecprov.indexes');
	$primary->wait_for_catchup($standby);
	is($standby->safe_psql('postgres', "$scan $count"), 't', "standby: each row once on the way to $shards shards");
	ok($primary->poll_query_until('postgres', 'SELECT state = \'Ready\' FROM vecprov.indexes'), "$shards shards");
	$primary->wait_for_catchup($standby);
	intact($standby, 'items', 'items_v_idx', "standby, $shards shards");
}
unlike(slurp_file($standby->logfile), qr/PANIC|FATAL.*inconsistent|TRAP:/, 'redo makes the same pages');
$standby->stop;
$primary->stop;
done_testing();
