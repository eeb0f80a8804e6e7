-- psql: variables, \copy in text and binary, \gexec, \gset, prepared statements, cursors; for one type.
-- Run in a directory that psql can write to, with -v type=vector -v operator='<->'. Prints lines of TAP.
\set ON_ERROR_STOP on
\set QUIET on
\pset tuples_only on
\pset format unaligned
SET client_min_messages = warning;
SET vecprov.ef_search = 300;
SET plan_cache_mode = force_generic_plan;
CREATE EXTENSION IF NOT EXISTS vecprov;

-- Row i in text: quarters of integers, which every type holds exactly.
CREATE FUNCTION element(i integer, d integer) RETURNS numeric IMMUTABLE
	RETURN trim_scale(((i * (d + 3) * 37) % 1009 - 504) / 4.0);
CREATE FUNCTION item(i integer) RETURNS text IMMUTABLE RETURN (
	SELECT CASE :'type'
		WHEN 'bit' THEN string_agg((element(i, d) > 0)::integer::text, '' ORDER BY d)
		WHEN 'sparsevec' THEN '{' || string_agg(d + 1 || ':' || element(i, d), ',' ORDER BY d)
			FILTER (WHERE (i + d) % 4 = 0 AND element(i, d) <> 0) || '}/16'
		ELSE '[' || string_agg(element(i, d)::text, ',' ORDER BY d) || ']' END
	FROM generate_series(0, 15) d);

CREATE TABLE items (id integer PRIMARY KEY, v :type(16));
\copy (SELECT i, item(i) FROM generate_series(1, 100) i) TO 'rows.txt'
\copy items FROM 'rows.txt'
SELECT format('INSERT INTO items VALUES (%s, %L)', i, item(i)) FROM generate_series(101, 200) i \gexec
CREATE INDEX ON items USING vecprov (v :class);
CREATE TABLE others (LIKE items);
\copy (SELECT i, item(i) FROM generate_series(201, 300) i) TO 'rows.csv' CSV
\copy others FROM 'rows.csv' CSV
\copy others TO 'rows.bin' (FORMAT binary)
\copy items FROM 'rows.bin' (FORMAT binary)

SELECT CASE WHEN count(*) = 300 AND bool_and(v::text = item(id)) THEN 'ok - ' ELSE 'not ok - ' END ||
	:'type' || ': as they were sent' FROM items;

-- The nearest of a bound parameter, by the index and by the table.
SELECT item(1042) AS query \gset
PREPARE nearest(:type) AS
	SELECT array_agg(round(distance::numeric, 4)) AS found
	FROM (SELECT v :operator $1 AS distance FROM items ORDER BY v :operator $1 LIMIT 10) x;
SET enable_indexscan = off;
EXECUTE nearest(:'query') \gset exact_
RESET enable_indexscan;
SET enable_seqscan = off;
DISCARD PLANS;
EXECUTE nearest(:'query') \gset
SELECT CASE WHEN :'found' = :'exact_found' THEN 'ok - ' ELSE 'not ok - ' END || :'type' || ': nearest';
\o plan.txt
EXPLAIN EXECUTE nearest(:'query');
\o
\set plan `cat plan.txt`
SELECT CASE WHEN :'plan' ~ 'Index Scan using items_v_idx' THEN 'ok - ' ELSE 'not ok - ' END || :'type' || ': by the index';

-- A few rows at a time
\set FETCH_COUNT 7
\o rows.txt
SELECT id FROM items ORDER BY v :operator :'query' LIMIT 30;
\o
\unset FETCH_COUNT
\set lines `sort -u rows.txt | wc -l`
SELECT CASE WHEN :'lines' = 30 THEN 'ok - ' ELSE 'not ok - ' END || :'type' || ': by a cursor, a few at a time';
