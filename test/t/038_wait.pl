# vecprov_wait ends with an error where an index cannot get its capacity: a concurrent build has failed, or there
# is no room for vecprov's processes. It waits for a concurrent build that is under way.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = vecprov_node('node');
$node->start;
vecprov_functions($node);
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE items (id int PRIMARY KEY, v vector(8));
INSERT INTO items SELECT i, vec(i, 8) FROM generate_series(1, 100) i;
CREATE INDEX items_v_idx ON items USING vecprov (v) WITH (tier = r10);
SELECT vecprov_wait('items_v_idx', '3 min');
EOS

# What the statement fails with.
sub error_of
{
	my ($sql) = @_;
	my ($rc, $stdout, $stderr) = $node->psql('postgres', "\\set VERBOSITY verbose\n$sql");
	return $stderr;
}

#----------
# Concurrent builds
#----------

my $create = 'CREATE INDEX CONCURRENTLY other_idx ON items USING vecprov (v, (1 / (id - 50))) WITH (tier = r10)';
like(error_of($create), qr/22012: division by zero/, 'a concurrent build fails');
like(error_of("SELECT vecprov_wait('other_idx')"), qr/55000: index "other_idx" is not valid.*HINT:  Please REINDEX it, or drop it/s,
	'there is nothing to wait for');
$node->safe_psql('postgres', 'DROP INDEX other_idx; DELETE FROM items WHERE id = 50');
my $hold = hold($node);
my $builder = at_point($node, 'build-loaded', $create);
# it has its catalogue row and its file, so that the keeper takes it soon
like(error_of("SELECT vecprov_wait('other_idx', '2 s')"), qr/55P03: the capacity of the index is not ready yet/,
	'one under way is waited for');
$hold->quit;
finish_session($builder);
$builder->quit;
is(error_of("SELECT vecprov_wait('other_idx', '3 min')"), '', '... until it is done');

#----------
# No room for processes
#----------

$node->safe_psql('postgres', <<'EOS');
CREATE TABLE released (id int, v vector(8));
INSERT INTO released SELECT i, vec(i, 8) FROM generate_series(1, 100) i;
CREATE INDEX released_v_idx ON released USING vecprov (v) WITH (tier = r10, shards = 2);
SELECT vecprov_wait('released_v_idx', '3 min');
EOS

# the server's own worker for logical replication takes a place, launcher and keeper are the next
foreach my $room (1, 3)
{
	$node->append_conf('postgresql.conf', "max_worker_processes = $room");
	$node->restart;
	like(error_of("SELECT vecprov_wait('items_v_idx')"),
		qr/55000: there is no process "vecprov catalog reader".*HINT:  You might need to increase max_worker_processes/s,
		"room for $room: it does not wait for ever");

	# on demand it needs nothing but a mover, which a catalogue reader would start
	$node->safe_psql('postgres', "SELECT vecprov_release('released_v_idx')") if $room == 1;
	like(error_of("SELECT vecprov_wait('released_v_idx')"),
		qr/55000: there is no process "vecprov mover".*HINT:  You might need to increase max_worker_processes/s,
		"room for $room: nor for the mover of a released index");
}
$node->append_conf('postgresql.conf', 'max_worker_processes = 8');
$node->restart;
is(error_of("SELECT vecprov_wait('items_v_idx', '3 min')"), '', 'room for all');
is(error_of("SELECT vecprov_wait('released_v_idx', '3 min')"), '', 'and for a mover');
intact($node, 'items', 'items_v_idx', 'at the end');
intact($node, 'released', 'released_v_idx', 'released, at the end');

$node->stop;
done_testing();
