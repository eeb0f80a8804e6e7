-- Memory that lacks: the statement fails, and the same backend goes on as if nothing had been.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vecprov;
RESET client_min_messages;

CREATE TABLE allocation_items (id integer, v vector(8), s sparsevec(40)) WITH (autovacuum_enabled = off);
INSERT INTO allocation_items SELECT i, ARRAY(SELECT sin(i * d) FROM generate_series(1, 8) d)::vector,
	format('{%s:%s,%s:2}/40', 1 + i % 20, 1 + i % 7, 21 + i % 19)::sparsevec FROM generate_series(1, 1000) i;
CREATE INDEX allocation_v ON allocation_items USING vecprov (v);
CREATE INDEX allocation_s ON allocation_items USING vecprov (s sparsevec_l2_ops);
CREATE INDEX allocation_p ON allocation_items USING vecprov (v) WHERE id <= 700;

-- The nearest to a row, by the tables' scan and by the indexes' (ten of each).
CREATE FUNCTION allocation_nearest(of integer, OUT v float8[], OUT s float8[], OUT p float8[]) LANGUAGE sql AS $$
	SELECT ARRAY(SELECT i.v <-> o.v FROM allocation_items i ORDER BY i.v <-> o.v LIMIT 10),
		ARRAY(SELECT i.s <-> o.s FROM allocation_items i ORDER BY i.s <-> o.s LIMIT 10),
		ARRAY(SELECT i.v <-> o.v FROM allocation_items i WHERE i.id <= 700 ORDER BY i.v <-> o.v LIMIT 10)
	FROM allocation_items o WHERE o.id = of
$$;
SET enable_indexscan = off;
CREATE TABLE allocation_exact AS SELECT * FROM allocation_nearest(77);
RESET enable_indexscan;
CREATE FUNCTION allocation_right() RETURNS boolean LANGUAGE sql
SET enable_seqscan = off SET enable_sort = off AS $$
	SELECT n = e FROM allocation_nearest(77) n, allocation_exact e
$$;

-- Has the n-th allocation of a statement fail, for every n, and asks after each failure.  Each time
-- ef_search is greater, so that more memory is needed, and less for what comes after it.
CREATE FUNCTION allocation_fail(statement text, OUT failures integer, OUT wrong integer) LANGUAGE plpgsql AS $$
DECLARE
	ef integer := 40;
BEGIN
	wrong := 0;
	FOR n IN 1 .. 1000 LOOP
		failures := n - 1;
		ef := least(ef + 20, 1000);
		PERFORM set_config('vecprov.ef_search', ef::text, false);
		PERFORM set_config('vecprov.debug_point', 'allocation=error:' || n, false);
		BEGIN
			EXECUTE statement;
			EXIT;
		EXCEPTION WHEN internal_error THEN
			PERFORM set_config('vecprov.debug_point', '', false);
		END;
		PERFORM set_config('vecprov.ef_search', '40', false);
		IF NOT allocation_right() THEN
			wrong := wrong + 1;
		END IF;
	END LOOP;
	PERFORM set_config('vecprov.debug_point', '', false);
END $$;

-- A new backend for each, which has kept nothing yet
\c
SELECT failures > 10 AS failed, wrong FROM allocation_fail('SELECT allocation_right()');
\c
SELECT failures > 5 AS failed, wrong FROM allocation_fail($$
	INSERT INTO allocation_items SELECT 1000 + i, ARRAY(SELECT 10 * sin(i * d) FROM generate_series(1, 8) d)::vector,
		format('{%s:7,%s:9}/40', 1 + i % 20, 21 + i % 19)::sparsevec FROM generate_series(1, 3) i$$);
SELECT count(*) <= 3 AS none_lost FROM pg_backend_memory_contexts WHERE name = 'vecprov inserter';
SELECT c.* FROM (VALUES ('allocation_v'::regclass), ('allocation_s'), ('allocation_p')) i(i), vecprov_check(i, true) c;

DROP FUNCTION allocation_fail, allocation_right, allocation_nearest;
DROP TABLE allocation_exact, allocation_items;
