# An index of several times shared_buffers: searches find its pages as quickly as they may, and the same
# rows as with room for all of it.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $queries = 200;
my $node = vecprov_node('small');
$node->append_conf('postgresql.conf', <<'EOC');
shared_buffers = 64MB
maintenance_work_mem = 256MB
autovacuum = off
EOC
$node->start;
vecprov_functions($node);
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE n (id int PRIMARY KEY, e vector(32));
INSERT INTO n SELECT i, vec(i, 32) FROM generate_series(1, 20000) i;
CREATE INDEX n_e ON n USING vecprov (e);
VACUUM ANALYZE n;
EOS
cmp_ok($node->safe_psql('postgres', "SELECT pg_relation_size('n_e') / 8192"), '>', 3 * 256,
	'the index has several times the pages of small shared buffers');

# Two passes over all queries, by an index scan: a sum of the rows of the second; how many pages of the index it read; and
# how many the server found in shared buffers where the search had not found them by itself.
sub search
{
	my @lines = split /\n/, $node->safe_psql('postgres', <<"EOS");
SET enable_seqscan = off;
CREATE PROCEDURE pg_temp.pass() LANGUAGE plpgsql AS \$\$
BEGIN
	FOR i IN 1 .. $queries LOOP
		INSERT INTO found SELECT i, f.id FROM (SELECT id FROM n ORDER BY e <-> near(i * 97, 32) LIMIT 10) f;
	END LOOP;
END \$\$;
CREATE TEMP TABLE found (query int, id int);
CALL pg_temp.pass();
TRUNCATE found;
SELECT pg_stat_reset_single_table_counters('n_e'::regclass), pg_stat_force_next_flush();
CALL pg_temp.pass();
SELECT pg_stat_force_next_flush();
SELECT sum(hashint8(query * 100000 + id)) FROM found;
SELECT idx_blks_read FROM pg_statio_user_indexes WHERE indexrelname = 'n_e';
SELECT idx_blks_hit FROM pg_statio_user_indexes WHERE indexrelname = 'n_e';
EOS
	return @lines[-3 .. -1];
}

my ($rows) = search();
$node->append_conf('postgresql.conf', "shared_buffers = 2MB\n");
$node->restart;
my ($same, $read, $hit) = search();
is($same, $rows, 'small shared buffers: the same rows');
cmp_ok($read, '>', $queries, 'which are read anew and anew');
cmp_ok($hit, '<', $read / 20, 'pages that are there are found without the server');
note("pages of a query: read " . $read / $queries . ", found by the server " . $hit / $queries);

done_testing();
