# Indexes on tables of every persistence and place: unlogged, temporary, partitioned, moved to another
# tablespace, made logged and unlogged; dumped and restored; truncated in the transaction that made them.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = vecprov_node('main');
$node->start;
vecprov_functions($node);

sub crash
{
	$node->stop('immediate');
	$node->start;
}

# Unlogged: empty after a crash, and to be used at once.
$node->safe_psql('postgres', <<'EOS');
CREATE UNLOGGED TABLE unlogged (id int, v vector(80));
INSERT INTO unlogged SELECT i, vec(i, 80) FROM generate_series(1, 200) i;
CREATE INDEX ON unlogged USING vecprov (v);
INSERT INTO unlogged SELECT i, vec(i, 80) FROM generate_series(201, 300) i;
DELETE FROM unlogged WHERE id % 3 = 0;
VACUUM unlogged;
EOS
intact($node, 'unlogged', 'unlogged_v_idx', 'unlogged');
$node->restart;
intact($node, 'unlogged', 'unlogged_v_idx', 'unlogged, after a restart');
crash();
is($node->safe_psql('postgres', 'SELECT count(*) FROM unlogged'), 0, 'unlogged, after a crash: empty');
intact($node, 'unlogged', 'unlogged_v_idx', 'unlogged, after a crash');
$node->safe_psql('postgres', 'INSERT INTO unlogged SELECT i, vec(i, 80) FROM generate_series(1, 200) i');
intact($node, 'unlogged', 'unlogged_v_idx', 'unlogged, filled again');

# Made logged, it survives; and back.
$node->safe_psql('postgres', <<'EOS');
ALTER TABLE unlogged SET LOGGED;
INSERT INTO unlogged SELECT i, vec(i, 80) FROM generate_series(201, 250) i;
EOS
crash();
is($node->safe_psql('postgres', 'SELECT count(*) FROM unlogged'), 250, 'made logged: survives a crash');
intact($node, 'unlogged', 'unlogged_v_idx', 'made logged, after a crash');
$node->safe_psql('postgres', 'ALTER TABLE unlogged SET UNLOGGED');
intact($node, 'unlogged', 'unlogged_v_idx', 'made unlogged');
crash();
intact($node, 'unlogged', 'unlogged_v_idx', 'made unlogged, after a crash');

# Temporary: all in one session, of which others see nothing.
my $session = $node->background_psql('postgres');
$session->query_safe(<<'EOS');
CREATE TEMP TABLE own (id int, v vector(80)) ON COMMIT DELETE ROWS;
CREATE INDEX own_v_idx ON own USING vecprov (v);
EOS
my $own = <<'EOS';
BEGIN;
INSERT INTO own SELECT i, vec(i, 80) FROM generate_series(1, 300) i;
DELETE FROM own WHERE id % 2 = 0;
SET LOCAL enable_seqscan = off;
SET LOCAL vecprov.iterative_scan = relaxed_order;
SELECT count(*) FROM (SELECT id FROM own ORDER BY v <-> vec(7, 80) LIMIT 200) x;
SELECT id FROM own ORDER BY v <-> vec(7, 80) LIMIT 1;
SELECT count(*) FROM vecprov_check('own_v_idx', true);
COMMIT;
SELECT count(*) FROM own;
EOS
is($session->query_safe($own), "150\n7\n0\n0", "temporary, transaction $_") foreach 1 .. 2;
my ($rc, $stdout, $stderr) = $node->psql('postgres', <<'EOS');
SELECT vecprov_check(oid) FROM pg_class WHERE relname = 'own_v_idx'
EOS
like($stderr, qr/cannot read temporary indexes of other sessions/, 'temporary: not for others');
$session->quit;

# Built, truncated and filled in one transaction, in the same file.
$node->safe_psql('postgres', <<'EOS');
BEGIN;
CREATE TABLE fresh (id int, v vector(80));
CREATE INDEX ON fresh USING vecprov (v);
INSERT INTO fresh SELECT i, vec(i, 80) FROM generate_series(1, 300) i;
TRUNCATE fresh;
INSERT INTO fresh SELECT i, vec(i, 80) FROM generate_series(1001, 1100) i;
SAVEPOINT s;
INSERT INTO fresh SELECT i, vec(i, 80) FROM generate_series(1, 50) i;
ROLLBACK TO s;
INSERT INTO fresh SELECT i, vec(i, 80) FROM generate_series(1101, 1150) i;
COMMIT;
EOS
intact($node, 'fresh', 'fresh_v_idx', 'truncated in its transaction');
crash();
is($node->safe_psql('postgres', 'SELECT count(*) FROM fresh'), 150, 'truncated in its transaction: rows');
intact($node, 'fresh', 'fresh_v_idx', 'truncated in its transaction, after a crash');

# Moved.
my $place = $node->basedir . '/place';
mkdir $place or die $!;
$node->safe_psql('postgres', "CREATE TABLESPACE place LOCATION '$place'");
$node->safe_psql('postgres', 'ALTER INDEX fresh_v_idx SET TABLESPACE place');
intact($node, 'fresh', 'fresh_v_idx', 'in another tablespace');
$node->safe_psql('postgres', 'INSERT INTO fresh SELECT i, vec(i, 80) FROM generate_series(1, 50) i');
crash();
intact($node, 'fresh', 'fresh_v_idx', 'in another tablespace, after a crash');
$node->safe_psql('postgres', 'VACUUM FULL fresh');
intact($node, 'fresh', 'fresh_v_idx', 'after VACUUM FULL');
$node->safe_psql('postgres', 'CREATE DATABASE copied TEMPLATE postgres STRATEGY wal_log');
is($node->safe_psql('copied', "SELECT count(*) FROM vecprov_check('fresh_v_idx', true)"), 0,
	'in a copied database: sound');

# Partitioned.
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE parts (id int, v vector(80)) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (200);
CREATE INDEX parts_v_idx ON parts USING vecprov (v);
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (200) TO (400);
CREATE TABLE parts_3 (id int, v vector(80));
INSERT INTO parts_3 SELECT i, vec(i, 80) FROM generate_series(400, 499) i;
ALTER TABLE parts ATTACH PARTITION parts_3 FOR VALUES FROM (400) TO (600);
INSERT INTO parts SELECT i, vec(i, 80) FROM generate_series(0, 399) i;
UPDATE parts SET id = id + 300 WHERE id % 40 = 7 AND id BETWEEN 200 AND 299;
EOS
intact($node, "parts_$_", "parts_${_}_v_idx", "partition $_") foreach 1 .. 3;
is($node->safe_psql('postgres', <<'EOS'), '33,73,113', 'partitioned: the nearest of all partitions');
SET enable_seqscan = off;
SELECT string_agg(id::text, ',' ORDER BY id) FROM
	(SELECT id FROM parts WHERE id IN (33, 73, 113) ORDER BY v <-> vec(33, 80) LIMIT 3) x;
EOS
my $nearest = 'SELECT id FROM parts ORDER BY v <-> near(433, 80), id LIMIT 10';
is($node->safe_psql('postgres', "SET enable_seqscan = off; SET vecprov.ef_search = 200; $nearest"),
	$node->safe_psql('postgres', "SET enable_indexscan = off; $nearest"),
	'partitioned: a search of the indexes and the exact answer');

# Dumped and restored, the index is what it was.
my $dump = $node->basedir . '/dump.sql';
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE dumped (id int, v vector(80));
INSERT INTO dumped SELECT i, vec(i, 80) FROM generate_series(1, 300) i;
CREATE INDEX ON dumped USING vecprov (v vector_cosine_ops) WITH (m = 12, ef_construction = 40);
CREATE INDEX dumped_part ON dumped USING vecprov ((subvector(v, 1, 10)::vector(10)) vector_l1_ops) WHERE id > 20;
EOS
$node->command_ok([ 'pg_dump', '-f', $dump, $node->connstr('postgres') ], 'pg_dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', $dump, $node->connstr('restored') ], 'restored');
my $definitions = <<'EOS';
SELECT indexdef FROM pg_indexes WHERE indexdef ~ 'USING vecprov' ORDER BY indexname
EOS
is($node->safe_psql('restored', $definitions), $node->safe_psql('postgres', $definitions),
	'the same indexes are there');
is($node->safe_psql('restored', <<'EOS'), 0, 'and all are sound');
SELECT count(*) FROM pg_class c, vecprov_check(c.oid::regclass, true)
WHERE relkind = 'i' AND relam = (SELECT oid FROM pg_am WHERE amname = 'vecprov')
EOS
is($node->safe_psql('restored', 'SELECT sum(hashtext(v::text)) FROM dumped'),
	$node->safe_psql('postgres', 'SELECT sum(hashtext(v::text)) FROM dumped'), 'the vectors are the same');

$node->stop;
done_testing();
