# old_snapshot_threshold (15 and 16): rows that an old snapshot sees may be taken away; a search with that
# snapshot raises an error rather than to leave them out.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = vecprov_node('old');
$node->start;
plan skip_all => 'this server has no old_snapshot_threshold'
  if $node->safe_psql('postgres', q{SELECT count(*) FROM pg_settings WHERE name = 'old_snapshot_threshold'}) eq '0';
$node->append_conf('postgresql.conf', "old_snapshot_threshold = 0\n");
$node->restart;
vecprov_functions($node);
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE items (id int, v vector(16));
INSERT INTO items SELECT i, vec(i, 16) FROM generate_series(1, 500) i;
CREATE INDEX items_v ON items USING vecprov (v);
CREATE TABLE others (id int, v vector(16));
INSERT INTO others SELECT i, vec(i, 16) FROM generate_series(1, 500) i;
CREATE INDEX others_v ON others USING vecprov (v);
EOS

sub nearest
{
	my ($table) = @_;
	return "SELECT id FROM $table ORDER BY v <-> (SELECT vec(123, 16)) LIMIT 1;";
}

my $session = $node->background_psql('postgres', on_error_stop => 0);
$session->query_safe('SET enable_seqscan = off; BEGIN ISOLATION LEVEL REPEATABLE READ;');
is($session->query_safe(nearest('items')), 123, 'the snapshot sees the row');
my $taken = $node->safe_psql('postgres', 'SELECT clock_timestamp()');

# With a threshold of 0 the server takes snapshots for old after five seconds. VACUUM takes rows away
# early with thresholds of minutes only; any change of the index will do, as it does for core's indexes.
$node->poll_query_until('postgres', "SELECT clock_timestamp() > '$taken'::timestamptz + interval '6 s'")
  or die 'time stands still';
$node->safe_psql('postgres', 'UPDATE items SET v = vec(77, 16) WHERE id = 123');
is($node->safe_psql('postgres', 'SELECT count(*) FROM items'), 500, 'the table is read, which sets the threshold');

is($session->query(nearest('others')), 123, 'of an index that has not changed the old snapshot has every row');
my ($out) = $session->query(nearest('items'));
like($session->{stderr}, qr/ERROR:  snapshot too old/, 'of one that has changed: an error');
is($out, '', '... and no other row');
$session->query('ROLLBACK');
isnt($session->query(nearest('items')), '123', 'a new snapshot is as good as any');
$session->quit;

$node->stop;
done_testing();
