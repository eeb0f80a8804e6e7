# A search for a few rows stops by distance; how far it looks is a property of the index. So the same query
# returns the same rows in each connection, whatever the connection has searched before: also on a standby,
# and in an index that has grown by inserts, was made by a version that did not know, or had a crash.

use strict;
use warnings;

use List::Util qw(max min);

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = vecprov_node('primary', allows_streaming => 1);
# without server internals each search begins at the entry point: where it stops is all that may differ
$node->append_conf('postgresql.conf', "wal_consistency_checking = 'all, vecprov'\nautovacuum = off\nmax_connections = 20\nvecprov.server_internals = off\n");
$node->start;
vecprov_functions($node);
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;

$node->safe_psql('postgres', <<'EOS');
CREATE FUNCTION pages(index regclass) RETURNS bytea AS 'vecprov', 'vecprov_debug_pages' LANGUAGE C STRICT;
CREATE FUNCTION put_pages(index regclass, pages bytea) RETURNS void AS 'vecprov', 'vecprov_debug_put_pages' LANGUAGE C STRICT;
-- far from one another, so that a search does not find all
CREATE FUNCTION wide(i int) RETURNS vector LANGUAGE sql IMMUTABLE AS $$
	SELECT array_agg(hashint4extended(i, d) & 1023 ORDER BY d)::real[]::vector FROM generate_series(1, 16) d
$$;
CREATE TABLE vectors AS SELECT i, wide(i) AS v FROM generate_series(1, 9000) i;
CREATE TABLE built (id int, v vector(16));
INSERT INTO built SELECT i, v FROM vectors WHERE i <= 8000;
CREATE INDEX built_idx ON built USING vecprov (v) WITH (m = 4, ef_construction = 16);
CREATE TABLE grown (id int, v vector(16));
CREATE INDEX grown_idx ON grown USING vecprov (v) WITH (m = 4, ef_construction = 16);
CREATE UNLOGGED TABLE unlogged (id int, v vector(16));
CREATE INDEX unlogged_idx ON unlogged USING vecprov (v) WITH (m = 4, ef_construction = 16);
CREATE TABLE small (id int, v vector(16));
INSERT INTO small SELECT i, v FROM vectors WHERE i <= 1000;
CREATE INDEX small_idx ON small USING vecprov (v);
CREATE TABLE inner_product (id int, v vector(16));
INSERT INTO inner_product SELECT i, v FROM vectors WHERE i <= 2000;
CREATE INDEX inner_product_idx ON inner_product USING vecprov (v vector_ip_ops);
EOS

# What an index's metapage says: the exponent, and of how many records it was learned.
my $header = 24;
my $at     = 5208;

sub exponent
{
	my ($index) = @_;
	return unpack('f L', pack('H*', $node->safe_psql('postgres', sprintf("SELECT encode(substr(pages('$index'), %d, 8), 'hex')", $header + $at + 1))));
}

sub is_learned
{
	my ($index, $records, $name) = @_;
	my ($exponent, $of) = exponent($index);
	is($of, $records, "$name: of $records records");
	cmp_ok($exponent, '>', 0.01, "$name: the exponent");
	cmp_ok($exponent, '<=', 0.3001, "$name: the exponent");
}

# The rows of 60 queries, in order, as a session sees them that has first searched by others; `far`: by some
# that have no near vectors.
sub answers
{
	my ($table, $others, %options) = @_;
	my $far = $options{far} ? '+ array_fill(5000, ARRAY[16])::real[]::vector' : '';

	return ($options{node} // $node)->safe_psql('postgres', <<"EOS");
SET enable_seqscan = off; SET vecprov.ef_search = 40;
SELECT count(*) FROM (SELECT n.id FROM generate_series(1, $others) q, LATERAL (SELECT id FROM $table ORDER BY v <-> wide(-q) $far LIMIT 10) n) s \\g /dev/null
SELECT q, (SELECT array_agg(id) FROM (SELECT id FROM $table ORDER BY v <-> wide(100000 + q) LIMIT 10) n) FROM generate_series(1, 60) q;
EOS
}

sub alike
{
	my ($table, $name, %options) = @_;
	my $first = answers($table, 0);

	is(answers($table, 0), $first, "$name: two new sessions");
	is(answers($table, 40), $first, "$name: one that has searched before");
	is(answers($table, 600), $first, "$name: one that has searched much");
	is(answers($table, 600, far => 1), $first, "$name: one that has searched where there is nothing near");
	return $first;
}

# Of 60 searches with an effort of 40: the least and the most nodes that one expanded.
sub expansions
{
	my ($table) = @_;
	my ($rc, $stdout, $stderr) = $node->psql('postgres', 'SET enable_seqscan = off; SET vecprov.ef_search = 40; SET client_min_messages = debug1;'
		. join('', map { "SELECT id FROM $table ORDER BY v <-> wide(100000 + $_) LIMIT 10;" } 1 .. 60));
	my @found = $stderr =~ /(\d+) expansions/g;
	is(@found, 60, 'searches');
	note("$table: expands " . min(@found) . ' to ' . max(@found));
	return (min(@found), max(@found));
}

# Built
is_learned('built_idx', 8000, 'a build');
alike('built', 'a build');
is_deeply([ exponent('small_idx') ], [ 0, 0 ], 'not of few records');
is_deeply([ exponent('inner_product_idx') ], [ 0, 0 ], 'not of inner products');
is($node->safe_psql('postgres', 'SELECT count(*) FROM vecprov_check(\'built_idx\')'), '0', 'a build is sound');
$node->safe_psql('postgres', 'REINDEX INDEX CONCURRENTLY built_idx');
is_learned('built_idx', 8000, 'REINDEX CONCURRENTLY');
my ($least, $most) = expansions('built');

# Grown
$node->safe_psql('postgres', 'INSERT INTO grown SELECT i, v FROM vectors WHERE i <= 1023');
is_deeply([ exponent('grown_idx') ], [ 0, 0 ], 'not yet');
alike('grown', 'not yet');
ok(crash_at($node, 'exponent-due=crash', 'INSERT INTO grown SELECT i, v FROM vectors WHERE i = 1024'), 'killed while it learns');
is_deeply([ exponent('grown_idx') ], [ 0, 0 ], 'then it is still due');
alike('grown', 'still due');
$node->safe_psql('postgres', 'INSERT INTO grown SELECT i, v FROM vectors WHERE i = 1025');
is_learned('grown_idx', 1025, 'the next insert');
alike('grown', 'the next insert');

# two at the same time: the first that is done
$node->safe_psql('postgres', 'INSERT INTO grown SELECT i, v FROM vectors WHERE i BETWEEN 1026 AND 2048');
my $holder  = hold($node);
my $waiting = at_point($node, 'exponent-due', 'INSERT INTO grown SELECT i, v FROM vectors WHERE i BETWEEN 2049 AND 2050');
$node->safe_psql('postgres', 'INSERT INTO grown SELECT i, v FROM vectors WHERE i = 2051');
my @learned = exponent('grown_idx');
cmp_ok($learned[1], '>', 2047, 'another insert does not wait for one that learns');
$holder->quit;
finish_session($waiting);
$waiting->quit;
is_deeply([ exponent('grown_idx') ], \@learned, 'what it learned is not written a second time');
$node->safe_psql('postgres', 'INSERT INTO grown SELECT i, v FROM vectors WHERE i > 2051');
cmp_ok((exponent('grown_idx'))[1], '>=', 8192, 'again at twice as many records');
alike('grown', 'grown');
is($node->safe_psql('postgres', 'SELECT count(*) FROM vecprov_check(\'grown_idx\')'), '0', 'it is sound');
is($node->safe_psql('postgres', 'SET enable_seqscan = off; SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM grown ORDER BY v <-> wide(1)) s'),
	'8999|8999', 'it returns every row');

# A standby has the primary's answers, also after a crash and when it is promoted.
$node->wait_for_catchup($standby);
foreach my $table (qw(built grown))
{
	is(answers($table, $_, node => $standby), answers($table, 0), "$table: on a standby, after $_") foreach 0, 100;
}

# An index of a version that did not know: expands the ef nearest, until VACUUM comes.
$node->safe_psql('postgres', sprintf(<<'EOS', $header + $at + 1));
SELECT put_pages('built_idx', overlay(pages('built_idx') PLACING '\x0000000000000000'::bytea FROM %d));
EOS
is_deeply([ exponent('built_idx') ], [ 0, 0 ], 'not known');
my @plain = expansions('built');
cmp_ok($plain[0], '>', $least, 'searches expand their effort, and do not stop early');
cmp_ok($plain[1], '<', $most, 'and no more');
alike('built', 'not known');
$node->safe_psql('postgres', 'VACUUM built');
is_learned('built_idx', 8000, 'VACUUM');
alike('built', 'VACUUM');
cmp_ok((expansions('built'))[0], '<', $plain[0], 'searches expand what they need');

# Damage: told, and not used.
foreach my $damage ([ pack('f L', 1e-30, 8000), 'too small' ], [ pack('f L', -0.1, 8000), 'negative' ],
	[ pack('f L', 0.1, 100), 'of too few records' ], [ pack('f L', 0.1, 100000), 'of too many' ])
{
	my ($bytes, $name) = @$damage;
	$node->safe_psql('postgres', 'CREATE TABLE before AS SELECT pages(\'built_idx\') AS pages');
	$node->safe_psql('postgres', sprintf(q{SELECT put_pages('built_idx', overlay(pages('built_idx') PLACING '\x%s'::bytea FROM %d))},
		unpack('H*', $bytes), $header + $at + 1));
	like(join(' ', $node->psql('postgres', 'SELECT * FROM vecprov_check(\'built_idx\')')), qr/what it says of distances/, "$name: told");
	$node->safe_psql('postgres', 'SELECT put_pages(\'built_idx\', pages) FROM before; DROP TABLE before');
}
alike('built', 'mended');

# Unlogged: empty after a crash, and learned anew.
$node->safe_psql('postgres', 'INSERT INTO unlogged SELECT i, v FROM vectors WHERE i <= 2000');
cmp_ok((exponent('unlogged_idx'))[1], '>=', 1024, 'unlogged');
$node->stop('immediate');
start_again($node);
is_deeply([ exponent('unlogged_idx') ], [ 0, 0 ], 'empty after a crash');
alike('grown', 'after a crash');
$node->safe_psql('postgres', 'INSERT INTO unlogged SELECT i, v FROM vectors WHERE i <= 2000');
alike('unlogged', 'unlogged');

$node->stop;
$standby->promote;
is(answers('grown', 0, node => $standby), answers('grown', 300, node => $standby), 'promoted');

done_testing();
