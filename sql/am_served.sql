-- Queries that PostgreSQL's planner makes no ordered index scan for by itself.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vecprov;
RESET client_min_messages;
SET jit = off;

CREATE TABLE served (id integer PRIMARY KEY, tenant integer, v vector(16) NOT NULL, w vector(16))
	WITH (autovacuum_enabled = off);
INSERT INTO served SELECT i, i % 10, v, CASE WHEN i % 7 > 0 THEN v END
	FROM (SELECT i, (SELECT array_agg(get_byte(decode(md5(i::text), 'hex'), d) - 128 ORDER BY d) FROM generate_series(0, 15) d)::vector AS v
		FROM generate_series(1, 5000) i OFFSET 0) s;
CREATE INDEX served_v ON served USING vecprov (v, tenant);
CREATE INDEX served_w ON served USING vecprov (w vector_cosine_ops);
VACUUM ANALYZE served;
SET vecprov.ef_search = 200;
\set query '''[1,2,3,4,5,6,7,8,9,8,7,6,5,4,3,2]'''

-- Does a query use an index, without a sort, and return the same as without it?  The first column is compared.
CREATE FUNCTION served_by(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	line text;
	used text;
	sorts boolean = false;
	rows text;
	others text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		used := coalesce(used, substring(line, 'Index Scan using (served_[vw])'));
		sorts := sorts OR line ~ 'Sort Key';
	END LOOP;
	EXECUTE 'SELECT array_agg(r.*::text) FROM (' || query || ') r' INTO rows;
	SET LOCAL enable_indexscan = off;
	EXECUTE 'SELECT array_agg(r.*::text) FROM (' || query || ') r' INTO others;
	SET LOCAL enable_indexscan = on;
	RETURN concat_ws(', ', coalesce(used, 'no index'), CASE WHEN sorts THEN 'sorted' END,
		CASE WHEN rows IS DISTINCT FROM others THEN 'other rows' END);
END $$;

-- NULLS FIRST of a column that is NOT NULL, and only of one
SELECT served_by(replace(query, 'Q', quote_literal(:query))), query FROM (VALUES
	('SELECT id FROM served ORDER BY v <-> Q NULLS FIRST LIMIT 5'),
	('SELECT id FROM served WHERE tenant = 3 ORDER BY v <-> Q NULLS FIRST LIMIT 5'),
	('SELECT id, (SELECT n.id FROM served n ORDER BY n.v <-> s.v NULLS FIRST LIMIT 1) FROM served s WHERE id < 10'),
	('SELECT id FROM served ORDER BY w <=> Q NULLS FIRST LIMIT 5'),
	('SELECT id FROM served ORDER BY v <-> Q DESC NULLS FIRST LIMIT 5')) q (query);
SELECT count(*) FROM (SELECT id FROM served ORDER BY v <-> NULL::vector NULLS FIRST LIMIT 5) r;
-- outside an outer join it may be NULL
SELECT served_by('SELECT s.id, n.id FROM (VALUES (1), (-1)) s (id) LEFT JOIN served n USING (id) ORDER BY n.v <-> ' || quote_literal(:query) || ' NULLS FIRST');

-- row_number() up to a number
SELECT served_by(replace(query, 'Q', quote_literal(:query))), query FROM (VALUES
	('SELECT id, rn FROM (SELECT id, row_number() OVER (ORDER BY v <-> Q) AS rn FROM served) s WHERE rn <= 5'),
	('SELECT id, rn FROM (SELECT id, row_number() OVER (ORDER BY v <-> Q) AS rn FROM served) s WHERE 5 > rn'),
	('SELECT id, rn FROM (SELECT id, rank() OVER (ORDER BY v <-> Q) AS rn FROM served WHERE tenant = 3) s WHERE rn < 5'),
	('SELECT id, rn FROM (SELECT id, row_number() OVER (ORDER BY v <-> Q) AS rn FROM served) s WHERE rn = 1'),
	('SELECT id, rn FROM (SELECT id, row_number() OVER (ORDER BY v <-> Q NULLS FIRST) AS rn FROM served) s WHERE rn <= 5'),
	('SELECT id, rn FROM (SELECT id, row_number() OVER (ORDER BY v <-> Q) AS rn FROM served) s WHERE rn <= 4500'),
	('SELECT id, rn FROM (SELECT id, row_number() OVER (ORDER BY v <-> Q) AS rn FROM served) s WHERE rn > 4995'),
	('SELECT id, rn FROM (SELECT id, row_number() OVER (PARTITION BY tenant ORDER BY v <-> Q) AS rn FROM served) s WHERE rn <= 2'),
	('SELECT id, rn FROM (SELECT id, count(*) OVER () AS rn FROM served) s WHERE rn <= 2')) q (query);

-- Groups of the distance: only where LIMIT ends the scan before rows come that were found late; groups of something else
SELECT served_by(replace(query, 'Q', quote_literal(:query))), query FROM (VALUES
	('SELECT DISTINCT ON (v <-> Q) id FROM served ORDER BY v <-> Q LIMIT 5'),
	('SELECT count(*) FROM served GROUP BY v <-> Q ORDER BY v <-> Q LIMIT 5 OFFSET 3'),
	('SELECT DISTINCT ON (v <-> Q) id FROM served ORDER BY v <-> Q LIMIT 600'),
	('SELECT DISTINCT ON (v <-> Q) id FROM served ORDER BY v <-> Q LIMIT 5 OFFSET 600'),
	('SELECT DISTINCT ON (v <-> Q) id FROM served WHERE tenant = 3 AND id < 100 ORDER BY v <-> Q LIMIT 5'),
	('SELECT d, count(*) FROM (SELECT v <-> Q AS d FROM served ORDER BY d OFFSET 0) s GROUP BY d ORDER BY d'),
	('SELECT d, count(*) FROM (SELECT v <-> Q AS d FROM served ORDER BY d LIMIT 20) s GROUP BY d ORDER BY d')) q (query);
SET enable_seqscan = off;
SELECT served_by(replace('SELECT count(*) FROM (SELECT tenant / 9 FROM served WHERE v <-> Q < 200 GROUP BY 1) x', 'Q', quote_literal(:query)));
RESET enable_seqscan;
SET vecprov.iterative_scan = relaxed_order;
SELECT served_by(replace('SELECT DISTINCT ON (v <-> Q) id FROM served ORDER BY v <-> Q LIMIT 5', 'Q', quote_literal(:query)));
RESET vecprov.iterative_scan;

-- One row that is joined
SELECT served_by(query), query FROM (VALUES
	('SELECT s.id FROM served s, served q WHERE q.id = 5 ORDER BY s.v <-> q.v LIMIT 5'),
	('SELECT s.id FROM served s JOIN served q ON q.id = 5 WHERE s.tenant = 3 AND s.id <> q.id ORDER BY q.v <-> s.v LIMIT 5'),
	('WITH q AS (SELECT v FROM served WHERE id = 5) SELECT s.id FROM served s, q ORDER BY s.v <-> q.v LIMIT 5'),
	('WITH q AS MATERIALIZED (SELECT v FROM served WHERE id = 5) SELECT s.id FROM served s CROSS JOIN q ORDER BY s.v <-> q.v LIMIT 5'),
	('SELECT s.id FROM served s, (SELECT avg(v) AS v FROM served WHERE tenant = 3) q ORDER BY s.v <-> q.v LIMIT 5'),
	('SELECT s.id, q.id FROM served s, (SELECT id, v FROM served ORDER BY id LIMIT 1) q ORDER BY s.v <-> q.v LIMIT 5'),
	('SELECT s.id FROM served s, (SELECT v FROM served WHERE id < 0 LIMIT 1) q ORDER BY s.v <-> q.v LIMIT 5'),
	('SELECT s.id, o.tenant FROM served s, served q, served o WHERE q.id = 5 AND o.id = s.id ORDER BY s.v <-> q.v LIMIT 5'),
	-- more rows than one, or perhaps
	('SELECT s.id, q.id FROM served s, served q WHERE q.id IN (5, 6) ORDER BY s.v <-> q.v, s.id, q.id LIMIT 5'),
	('SELECT s.id FROM served s, (SELECT v FROM served WHERE tenant = 3 ORDER BY id LIMIT 2) q ORDER BY s.v <-> q.v LIMIT 5'),
	('SELECT s.id FROM served s, (SELECT avg(v) AS v FROM served GROUP BY tenant) q ORDER BY s.v <-> q.v LIMIT 5'),
	('SELECT s.id, q.id FROM (SELECT * FROM served WHERE id = 5) q LEFT JOIN served s ON true ORDER BY s.v <-> q.v LIMIT 5')) q (query);
-- and under a join that may leave it out
SELECT served_by('SELECT o.id, x.id FROM (VALUES (5), (-1)) o (id) LEFT JOIN (SELECT q.id, s.v <-> q.v AS d FROM served s, served q WHERE q.id = 5) x USING (id) ORDER BY x.d LIMIT 3');
-- not more rows than one, which are as good as the first
SELECT served_by('SELECT s.id FROM served s, (SELECT v FROM served WHERE id <= 3 ORDER BY id / 10 FETCH FIRST 1 ROW WITH TIES) q ORDER BY s.v <-> q.v, s.id LIMIT 12');
-- a key that is unique by another collation than that of the condition; without ICU there is none by which letters of both cases are equal
DO $$ BEGIN
	CREATE COLLATION served_letters (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
EXCEPTION WHEN OTHERS THEN
	CREATE COLLATION served_letters FROM "C";
END $$;
CREATE TABLE served_names (name text COLLATE "C" PRIMARY KEY, v vector(16));
INSERT INTO served_names SELECT CASE id WHEN 5 THEN 'a' ELSE 'A' END, v FROM served WHERE id IN (5, 6);
ANALYZE served_names;
SELECT served_by('SELECT s.id FROM served s, served_names q WHERE q.name = ''a'' ORDER BY s.v <-> q.v LIMIT 5');
SELECT served_by('SELECT s.id, q.name FROM served s, served_names q WHERE q.name = ''a'' COLLATE served_letters ORDER BY s.v <-> q.v, s.id LIMIT 5') ~ 'other rows' AS wrong;
DROP TABLE served_names;
DROP COLLATION served_letters;

-- A column that loses its dimensions would leave an index that cannot be built again.
CREATE TABLE served_dims (v vector(3), h halfvec(3));
CREATE INDEX served_dims_v ON served_dims USING vecprov (v);
ALTER TABLE served_dims ALTER v TYPE vector;
ALTER TABLE served_dims ALTER h TYPE halfvec;
ALTER TABLE served_dims ALTER v TYPE vector(4);
DROP INDEX served_dims_v;
ALTER TABLE served_dims ALTER v TYPE vector;
CREATE INDEX served_dims_v ON served_dims USING vecprov ((v::vector(3)));
ALTER TABLE served_dims ALTER v TYPE vector(3);
ALTER TABLE served_dims ALTER v TYPE vector;
REINDEX INDEX served_dims_v;

-- Types without a default class: one that a tool has lost is an error.
CREATE INDEX ON served_dims USING vecprov (h);
CREATE TABLE served_other (s sparsevec(3), b bit(3));
CREATE INDEX ON served_other USING vecprov (s);
CREATE INDEX ON served_other USING vecprov (b);
SELECT opcname FROM pg_opclass c JOIN pg_am a ON a.oid = opcmethod
	WHERE amname = 'vecprov' AND opcdefault AND opcintype IN ('vector'::regtype, 'halfvec'::regtype, 'sparsevec'::regtype, 'bit'::regtype);

DROP TABLE served, served_dims, served_other;
DROP FUNCTION served_by;
