# Every plan returns every row: random statements, by whatever plan the planner chooses and by the
# index if it can be used, return as many rows as without the index; also through postgres_fdw.
# SEED=n repeats a run.

use strict;
use warnings;
use VecprovTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = $ENV{SEED} // 20261129;
my $statements = 150;
srand($seed);
note "SEED=$seed";

my $node = vecprov_node('plans');
$node->start;
vecprov_functions($node);
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE items (id integer PRIMARY KEY, kind integer, far boolean, filler char(300), v vector(4), h halfvec(4)) WITH (autovacuum_enabled = off);
ALTER TABLE items ALTER filler SET STORAGE PLAIN;
-- one in ten has no vector, another one none that has a direction
INSERT INTO items SELECT i, i % 10, i > 11000, '', w, w::halfvec(4)
FROM (SELECT i, CASE WHEN i % 10 = 4 THEN NULL WHEN i % 10 = 8 THEN '[0,0,0,0]' WHEN i > 11000 THEN vec(i, 4) + '[9,9,9,9]'::vector WHEN i % 7 = 0 THEN vec(i % 100, 4) ELSE vec(i, 4) END AS w
	FROM generate_series(1, 12000) i) x;
CREATE INDEX items_v_idx ON items USING vecprov (v);
CREATE INDEX items_c_idx ON items USING vecprov (v vector_cosine_ops);
CREATE INDEX items_h_idx ON items USING vecprov (h halfvec_l1_ops);
ANALYZE items;
EOS

sub pick
{
	return $_[ int rand @_ ];
}

sub statement
{
	my $key = pick(
		"v <-> vec(@{[int rand 300]}, 4)",
		"v <=> near(@{[int rand 300]}, 4)",
		"h <+> vec(@{[int rand 300]}, 4)::halfvec(4)",
		"v <-> '[20,20,20,20]'");
	my $where = pick('true', 'true', 'kind = 3', 'far', 'NOT far', 'id < 0', 'id % 100 = 5', 'id + 0 > 11500');
	my $end = pick('', 'OFFSET 0', map { "LIMIT $_" } 1, 10, 39, 41, 500, 6000, 11999, 20000);
	$end .= " OFFSET @{[int rand 12000]}" if $end =~ /LIMIT/ && rand() < 0.3;

	return pick(
		"SELECT id FROM items WHERE $where ORDER BY $key $end",
		"SELECT id, row_number() OVER (ORDER BY $key) AS n FROM items WHERE $where $end",
		"SELECT DISTINCT ON ($key) id FROM items WHERE $where ORDER BY $key $end",
		"SELECT count(*), min(id) FROM items WHERE $where GROUP BY $key $end",
		"SELECT d, count(*) FROM (SELECT $key AS d FROM items WHERE $where ORDER BY d OFFSET 0) s GROUP BY d",
		"SELECT $key FROM items WHERE $where UNION SELECT $key FROM items",
		"SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY $key) AS n FROM items WHERE $where) p WHERE n = 1",
		"SELECT unnest(array_agg(id ORDER BY $key)) AS id FROM items WHERE $where",
		"SELECT a.id, b.id AS other FROM items a, LATERAL (SELECT id FROM items WHERE $where ORDER BY v <-> a.v LIMIT 50) b WHERE a.id < 4",
		"SELECT id FROM (SELECT id, row_number() OVER (ORDER BY $key) AS place FROM items WHERE $where) r WHERE place <= 700",
		"SELECT id FROM items WHERE $where UNION ALL (SELECT id FROM items ORDER BY $key $end)");
}

# The number of rows that a statement returns: at once, by a cursor in portions, as a table.
$node->safe_psql('postgres', <<'EOS');
CREATE FUNCTION count_rows(statement text, how text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	c refcursor;
	n bigint;
	total bigint := 0;
BEGIN
	IF how = 'cursor' THEN
		OPEN c FOR EXECUTE statement;
		LOOP
			MOVE FORWARD 777 IN c;
			GET DIAGNOSTICS n = ROW_COUNT;
			total := total + n;
			EXIT WHEN n < 777;
		END LOOP;
		CLOSE c;
		RETURN total;
	ELSIF how = 'table' THEN
		EXECUTE 'CREATE TEMP TABLE result AS ' || statement;
		GET DIAGNOSTICS n = ROW_COUNT;
		DROP TABLE result;
		RETURN n;
	END IF;
	EXECUTE statement;
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN n;
END
$$;
EOS

my $sql = "SET client_min_messages = warning; SET jit = off; SET max_parallel_workers_per_gather = 0;\n";
for my $i (1 .. $statements)
{
	my $statement = statement();
	my $how = pick('at once', 'cursor', 'table');
	my $settings = pick(
		'SET LOCAL random_page_cost = 1.1',
		'SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off',
		'SET LOCAL work_mem = 64; SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off',
		'SET LOCAL vecprov.ef_search = 1; SET LOCAL enable_sort = off',
		'SET LOCAL vecprov.iterative_scan = relaxed_order; SET LOCAL enable_sort = off',
		'SET LOCAL cursor_tuple_fraction = 1');

	$sql .= <<"EOS";
BEGIN;
$settings;
SELECT count_rows(\$q\$$statement\$q\$, '$how') AS n \\gset
ROLLBACK;
BEGIN;
SET LOCAL enable_indexscan = off;
SELECT format('%s rows, not %s: $settings, $how: %s', :n, n, \$q\$$statement\$q\$)
FROM count_rows(\$q\$$statement\$q\$, 'at once') n WHERE n <> :n;
ROLLBACK;
EOS
}
is($node->safe_psql('postgres', $sql), '', "$statements random statements have as many rows as without index");

SKIP:
{
	skip 'postgres_fdw is not installed', 1
	  if $node->psql('postgres', 'CREATE EXTENSION postgres_fdw') != 0;
	my ($host, $port) = ($node->host, $node->port);
	$node->safe_psql('postgres', <<"EOS");
CREATE SERVER loop FOREIGN DATA WRAPPER postgres_fdw
	OPTIONS (host '$host', port '$port', dbname 'postgres', extensions 'vecprov', use_remote_estimate 'true');
CREATE USER MAPPING FOR CURRENT_USER SERVER loop;
CREATE FOREIGN TABLE far_items (id integer, v vector(4)) SERVER loop OPTIONS (table_name 'items');
EOS
	my $count = $node->safe_psql('postgres', <<'EOS');
SET client_min_messages = warning;
SELECT count(*) FROM (SELECT id FROM far_items ORDER BY v <-> '[1,1,1,1]' OFFSET 0) x;
EOS
	is($count, 12000, 'all rows come through postgres_fdw');
}

done_testing();
