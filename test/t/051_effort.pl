# How many candidates a search keeps: by SET, by the index's own options, by what
# vecprov_tune has found for it, and by LIMIT; and that a dump carries it.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = vecprov_node('main');
$node->append_conf('postgresql.conf', "max_worker_processes = 16\nvecprov.max_workers = 0\n");
$node->start;
vecprov_functions($node);
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE items (id int, part int, tags text[], v vector(24));
INSERT INTO items SELECT i, i % 2, ARRAY['t' || i % 5], vec(i, 24) FROM generate_series(1, 3000) i;
CREATE INDEX items_idx ON items USING vecprov (v) WITH (ef_search = 77);
CREATE INDEX items_tags_idx ON items USING gin (tags);
VACUUM ANALYZE items;
EOS
my $search = 'SELECT id FROM items ORDER BY v <-> vec(7, 24) LIMIT 10';

# The efforts of a session's searches, in their order.
sub efforts
{
	my ($sql, %options) = @_;
	my ($rc, $stdout, $stderr) = $node->psql($options{database} // 'postgres', "SET enable_seqscan = off; SET enable_sort = off; SET client_min_messages = debug1; $sql",
		extra_params => [ '-U', $options{role} // $node->safe_psql('postgres', 'SELECT current_user') ]);

	is($rc, 0, 'no error') or diag($stderr);
	return join ' ', $stderr =~ /DEBUG:  vecprov scan: ef (\d+),/g;
}

# Who decides
is(efforts($search), '77', 'the index decides');
is(efforts("SET vecprov.ef_search = 50; $search; RESET vecprov.ef_search; $search"), '50 77', 'SET comes before it, until it is reset');
is(efforts("BEGIN; SET LOCAL vecprov.ef_search = 40; $search; COMMIT; $search"), '40 77', 'also to the value that is the default; not after the transaction');
is(efforts("SET vecprov.ef_search = 50; BEGIN; SET vecprov.ef_search = 60; RESET vecprov.ef_search; $search; ROLLBACK; $search"), '77 50', 'a rollback brings it back');
$node->safe_psql('postgres', 'CREATE ROLE setter LOGIN; GRANT SELECT ON items TO setter; ALTER ROLE setter SET vecprov.ef_search = 55');
is(efforts($search, role => 'setter'), '55', 'ALTER ROLE comes before it');
$node->safe_psql('postgres', 'ALTER DATABASE postgres SET vecprov.ef_search = 56');
is(efforts($search), '56', 'ALTER DATABASE, too');
$node->safe_psql('postgres', 'ALTER DATABASE postgres RESET vecprov.ef_search');
$node->append_conf('postgresql.conf', "vecprov.ef_search = 45\n");
$node->reload;
$node->poll_query_until('postgres', 'SHOW vecprov.ef_search', '45') or die 'not reloaded';
is(efforts($search), '77', 'the configuration does not');
$node->safe_psql('postgres', 'ALTER INDEX items_idx RESET (ef_search)');
is(efforts($search), '45', 'it holds for an index that says nothing');

# LIMIT
is(efforts('SELECT id FROM items ORDER BY v <-> vec(7, 24) LIMIT 150'), '150', 'a larger LIMIT raises it');
is(efforts('SELECT id FROM items ORDER BY v <-> vec(7, 24) LIMIT 100 OFFSET 60'), '160', 'with OFFSET');
is(efforts('PREPARE q (int) AS SELECT id FROM items ORDER BY v <-> vec(7, 24) LIMIT $1; SET plan_cache_mode = force_generic_plan;'
	  . 'EXECUTE q(30); EXECUTE q(130); EXECUTE q(70)'), '45 130 70', 'a parameter');
is(efforts('SELECT count(*) FROM (SELECT id FROM items ORDER BY v <-> vec(7, 24) LIMIT 120) s'), '120', 'of a subquery');
is(efforts('WITH s AS MATERIALIZED (SELECT id FROM items ORDER BY v <-> vec(7, 24) LIMIT 121) SELECT count(*) FROM s'), '121', 'of a CTE');
is(efforts('SELECT (SELECT max(n.id) FROM (SELECT id FROM items ORDER BY v <-> o.v LIMIT 122) n) FROM items o WHERE id < 3 ORDER BY id'), '122', 'of a subquery of each row');
is(efforts('SELECT * FROM (SELECT id FROM items ORDER BY v <-> vec(7, 24)) s WHERE id % 2 = 0 LIMIT 80'), '160', 'through a filter, for which the search goes on with twice as many');
is(efforts('BEGIN; DECLARE c CURSOR FOR SELECT id FROM items ORDER BY v <-> vec(7, 24); FETCH 5 FROM c; CLOSE c; COMMIT'), '45', 'a cursor has none');
is(efforts('SET vecprov.ef_search = 50; SELECT id FROM items ORDER BY v <-> vec(7, 24) LIMIT 90'), '90', 'of SET, too');
like($node->safe_psql('postgres', "SET enable_seqscan = off; EXPLAIN (ANALYZE, VERBOSE, COSTS OFF, TIMING OFF) SELECT id FROM items WHERE tags @> ARRAY['t3'] ORDER BY v <-> vec(7, 24) LIMIT 100"),
	qr/Effort: 100\n.*Effort Set By: LIMIT\n/, 'EXPLAIN says so');
is($node->safe_psql('postgres', 'SET enable_seqscan = off; SET vecprov.iterative_scan = off; SELECT count(*) FROM (SELECT id FROM items ORDER BY v <-> vec(7, 24) LIMIT 200) s'),
	'45', 'not where scans are not to go on');
is(efforts('SET vecprov.max_scan_tuples = 100; SELECT id FROM items ORDER BY v <-> vec(7, 24) LIMIT 150'), '100', 'not beyond max_scan_tuples');
# what an error leaves behind is not asked
is(efforts("DO \$\$BEGIN PERFORM 1 / (id - id) FROM items ORDER BY v <-> vec(7, 24) LIMIT 100; EXCEPTION WHEN division_by_zero THEN NULL; END\$\$; $search"), '45', 'after an error');

# vecprov_tune
my ($rc, $stdout, $stderr) = $node->psql('postgres', q{SELECT vecprov_tune('items_idx')});
like($stderr, qr/index "items_idx" has no target_recall\n.*HINT: /, 'no recall, no tuning');
$node->safe_psql('postgres', 'ALTER INDEX items_idx SET (target_recall = 0.97)');
my ($ef, $tuned) = split /\|/, $node->safe_psql('postgres', q{
	CREATE TABLE tuned AS SELECT * FROM vecprov_tune('items_idx');
	SELECT t.ef_search, i.tuned_at BETWEEN now() - interval '1 hour' AND now() AND i.target_recall = 0.97
	FROM tuned t JOIN vecprov.indexes i USING (ef_search) WHERE i.index = 'items_idx'::regclass});
is($tuned, 't', 'what it has found is kept, with its time');
is(efforts('SELECT id FROM items ORDER BY v <-> vec(7, 24) LIMIT 1'), $ef, 'and searches go by it');
is(efforts("SET vecprov.ef_search = 50; $search"), '50', 'unless SET says otherwise');
is($node->safe_psql('postgres', q{SELECT count(*) FROM vecprov_tune('items_idx', 0.5) a, vecprov_tune('items_idx', filter => 'part = 1') b}), '1', 'a recall, or a filter, is asked for');
is($node->safe_psql('postgres', q{SELECT ef_search FROM vecprov.indexes WHERE index = 'items_idx'::regclass}), $ef, 'and nothing is kept of it');
$node->safe_psql('postgres', q{ALTER INDEX items_idx SET (ef_search = 66)});
is(efforts($search), '66', 'ef_search by hand comes before it');
$node->safe_psql('postgres', q{ALTER INDEX items_idx RESET (ef_search); ALTER INDEX items_idx SET (target_recall = 0.9)});
is($node->safe_psql('postgres', q{SELECT ef_search IS NULL AND tuned_at IS NULL FROM vecprov.indexes WHERE index = 'items_idx'::regclass}), 't', 'it is of no use for another recall');
is(efforts($search), '45', 'searches do not go by it then');
$node->safe_psql('postgres', q{ALTER INDEX items_idx SET (target_recall = 0.97); REINDEX INDEX CONCURRENTLY items_idx});
is(efforts('SELECT id FROM items ORDER BY v <-> vec(7, 24) LIMIT 1'), $ef, 'REINDEX keeps it');
foreach ('x', map({ "$_ for 0.97 at 2026-11-30 12:00:00 UTC" } 0, 100001),
	map { "50 for 0.97 at $_" } '', 'never', '30/11/2026', '2026-13-30 12:00:00 UTC', '2026-11-30 12:00:00 UTC+1')
{
	($rc) = $node->psql('postgres', "ALTER INDEX items_idx SET (tuned = '$_')");
	is($rc, 3, "\"$_\" is no measurement");
}
foreach ('ef_search = 0', 'ef_search = 100001', 'target_recall = 0', 'target_recall = 1.1')
{
	($rc) = $node->psql('postgres', "ALTER INDEX items_idx SET ($_)");
	is($rc, 3, "$_ is refused");
}
($rc, $stdout, $stderr) = $node->psql('postgres', q{SET ROLE setter; SELECT vecprov_tune('items_idx')});
like($stderr, qr/must be owner of index items_idx/, 'only the owner changes the index');
($rc, $stdout, $stderr) = $node->psql('postgres', q{BEGIN READ ONLY; SELECT vecprov_tune('items_idx')});
like($stderr, qr/cannot execute vecprov_tune\(\) in a read-only transaction/, 'nor does a read-only transaction');

# Of a partitioned table all partitions, and those to come
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE parted (id int, part int, v vector(24)) PARTITION BY LIST (part);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES IN (0);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
CREATE INDEX parted_idx ON parted USING vecprov (v) WITH (target_recall = 0.95);
INSERT INTO parted SELECT id, part, v FROM items;
SELECT vecprov_tune('parted_idx');
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES IN (2);
EOS
is($node->safe_psql('postgres', q{SELECT count(*), count(DISTINCT ef_search), count(DISTINCT tuned_at) FROM vecprov.indexes WHERE "table"::text ~ '^parted' AND ef_search IS NOT NULL}),
	'4|1|1', 'partitions carry what was found for all');

# A dump
my $options = q{SELECT index, ef_search, target_recall, tuned_at FROM vecprov.indexes ORDER BY index::text};
my $dump = $node->basedir . '/dump.sql';
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'pg_dump', '-f', $dump, $node->connstr('postgres') ], 'dumped');
$node->command_ok([ 'psql', '-X', '-v', 'ON_ERROR_STOP=1', '-f', $dump, $node->connstr('restored') ], 'restored');
is($node->safe_psql('restored', $options), $node->safe_psql('postgres', $options), 'with the efforts');

$node->stop;
done_testing();
