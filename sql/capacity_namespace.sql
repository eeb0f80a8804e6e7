-- Read units of searches by namespace. Sizes are those of records before compression; rates are so low that a bucket does not fill again.
\getenv abs_srcdir PG_ABS_SRCDIR
\set try :abs_srcdir '/sql/include/try.sql'
\i :try
\set include :abs_srcdir '/sql/include/vacuum.sql'
\i :include
SET enable_seqscan = off;
SET enable_sort = off;
CREATE FUNCTION pg_temp.passed(n integer, statement text) RETURNS bigint LANGUAGE sql AS
	'SELECT count(*) FILTER (WHERE pg_temp.try(statement) = ''OK'') FROM generate_series(1, n)';
-- How many of ten searches pass, of so many units at once
CREATE FUNCTION pg_temp.searches(units double precision, condition text) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
	UPDATE vecprov.limits SET read_units = units / 1e4, burst_seconds = 1e4 + random();
	RETURN pg_temp.passed(10, 'SELECT id FROM space_limits WHERE ' || condition || ' ORDER BY v <-> ''[1,2,3]'' LIMIT 1');
END
$$;

-- 1.2 GB: tenant 1 has 0.9, 2 has 0.2, the third 0.1
CREATE TABLE space_body AS SELECT repeat('b', 50000000) AS body;
CREATE TABLE space_limits (id integer, tenant integer, v vector(3), body text);
CREATE INDEX space_limits_idx ON space_limits USING vecprov (v, tenant, id) WITH (namespaces = on);
INSERT INTO space_limits SELECT i, CASE WHEN i <= 18 THEN 1 WHEN i <= 22 THEN 2 END, ARRAY[i, 0, 0]::vector, body FROM generate_series(1, 24) i, space_body;
SELECT namespace, records, bytes, round(vecprov_read_units(bytes), 3) FROM vecprov_namespaces('space_limits_idx') ORDER BY 1;
-- What namespaces cost
INSERT INTO vecprov.rates VALUES ('Standard', 'any', 'storage', 0.33), ('Standard', 'any', 'writes', 4.00), ('Standard', 'any', 'reads', 16.00), ('Standard', 'any', 'r10', 100);
SELECT * FROM vecprov_cost('space_limits_idx', 'Standard', 'any', 500000, queries => 2000000, namespaces => ARRAY['1']);
SELECT item, quantity, amount FROM vecprov_cost('space_limits_idx', 'Standard', 'any', namespaces => ARRAY['2'], queries => 1000000);
SELECT item, quantity, amount FROM vecprov_cost('space_limits_idx', 'Standard', 'any', namespaces => ARRAY[NULL, '1', '2'], queries => 1000000);
SELECT item, quantity, amount FROM vecprov_cost('space_limits_idx', 'Standard', 'any', namespaces => ARRAY['99'], read_units => 7);
SELECT item, quantity, amount FROM vecprov_cost('space_limits_idx', 'Standard', 'any', namespaces => '{}');
SELECT item, quantity, amount FROM vecprov_cost('space_limits_idx', 'Standard', 'any', 0, queries => 1000000);
SELECT pg_temp.try('SELECT * FROM vecprov_cost(''space_limits_idx'', ''Standard'', ''any'', ' || given || ')')
	FROM unnest('{"0, 7, 1000000", "read_units => 7, queries => 0", "write_units => -1", "read_units => -0.5", "queries => -1"}'::text[]) given;
SELECT (SELECT sum(c.amount) FROM (VALUES ('1'), ('2'), (NULL)) n (name), vecprov_cost('space_limits_idx', 'Standard', 'any', namespaces => ARRAY[name]) c WHERE item = 'total')
	= (SELECT amount FROM vecprov_cost('space_limits_idx', 'Standard', 'any', 0, 0) WHERE item = 'total') AS same_total;
-- provisioned: a share
BEGIN;
ALTER INDEX space_limits_idx SET (tier = r10, shards = 2, replicas = 2);
SELECT item, round(quantity, 3), unit, rate, round(amount, 2) FROM vecprov_cost('space_limits_idx', 'Standard', 'any', namespaces => ARRAY['1'], queries => 1000000);
SELECT round((SELECT sum(c.quantity) FROM (VALUES ('1'), ('2'), (NULL)) n (name), vecprov_cost('space_limits_idx', 'Standard', 'any', namespaces => ARRAY[name]) c WHERE item = 'r10'), 9) AS all_of_it;
ROLLBACK;
-- as vecprov_namespaces: who may not read the column, or not all rows
CREATE ROLE space_user;
GRANT SELECT (id) ON space_limits TO space_user;
SET ROLE space_user;
SELECT pg_temp.try('SELECT * FROM vecprov_cost(''space_limits_idx'', ''Standard'', ''any'')');
SELECT pg_temp.try('SELECT * FROM vecprov_cost(''space_limits_idx'', ''Standard'', ''any'', namespaces => ARRAY[''1''])');
RESET ROLE;
GRANT SELECT ON space_limits TO space_user;
ALTER TABLE space_limits ENABLE ROW LEVEL SECURITY;
SET ROLE space_user;
SELECT pg_temp.try('SELECT * FROM vecprov_cost(''space_limits_idx'', ''Standard'', ''any'', namespaces => ARRAY[''1''])');
RESET ROLE;
ALTER TABLE space_limits DISABLE ROW LEVEL SECURITY;
REVOKE ALL ON space_limits FROM space_user;
DROP ROLE space_user;
DELETE FROM vecprov.rates WHERE NOT shipped;

INSERT INTO vecprov.limits (schema, index, read_units) VALUES ('public', 'space_limits_idx', 1);
SELECT condition, pg_temp.searches(2, condition) FROM (VALUES ('true'), ('tenant = 1'), ('tenant = 2'), ('tenant IS NULL'), ('tenant = 3'),
	('tenant = NULL'), ('tenant IN (1, 2)'), ('tenant IN (2, 3)'), ('tenant = 2 AND id < 100'), ('id = 1'), ('tenant < 2'), ('tenant IS NOT NULL')) c (condition);
-- an index without namespaces: all of it
CREATE INDEX space_plain_idx ON space_limits USING vecprov (v, tenant);
SELECT pg_temp.try('SELECT * FROM vecprov_cost(''space_plain_idx'', ''Standard'', ''any'', namespaces => ARRAY[''1''])');
UPDATE vecprov.limits SET index = 'space_plain_idx';
DROP INDEX space_limits_idx;
SELECT pg_temp.searches(2.5, 'tenant = 2');
-- what VACUUM takes out makes a search cheaper
ALTER INDEX space_plain_idx SET (namespaces = on);
REINDEX INDEX space_plain_idx;
DELETE FROM space_limits WHERE tenant = 1;
:vacuum space_limits;
SELECT pg_temp.searches(1, 'true');

DELETE FROM vecprov.limits;
DELETE FROM vecprov.changes;
DROP TABLE space_limits, space_body;
