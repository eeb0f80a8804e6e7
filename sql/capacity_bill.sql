-- The bill: what was provisioned, hour by hour, by a clock that this session moves.
\pset null -
CREATE TABLE bill_items (id int, v vector(4));
INSERT INTO bill_items SELECT i, ARRAY[i % 97, i % 89, i % 83, 1] FROM generate_series(1, 1000) i;
INSERT INTO vecprov.rates VALUES ('bill', 'here', 'r10', 730), ('bill', 'here', 'r40', 7300), ('bill', 'here', 'storage', 1e9), ('bill', 'here', 'writes', 0);
-- the clock of this session: so many hours after the same hour of tomorrow has begun
CREATE TABLE bill_start AS SELECT date_trunc('hour', now()) + '1 day' AS at;
CREATE PROCEDURE at_hour(hours double precision) LANGUAGE plpgsql AS $$
DECLARE
	target timestamptz = (SELECT at FROM bill_start) + make_interval(secs => hours * 3600);
BEGIN
	PERFORM set_config('vecprov.debug_clock', ceil(extract(epoch FROM target - clock_timestamp()))::text, false);
END $$;
-- of the indexes of this test
CREATE FUNCTION bill_of(hours_from double precision, hours_to double precision, by_index boolean DEFAULT true)
	RETURNS TABLE (index text, item text, hours numeric, unit text, rate numeric, amount numeric) LANGUAGE sql AS $$
	SELECT index, item, round(quantity * 730, 2), unit, rate, round(amount, 1)
	FROM bill_start, vecprov_bill(at + make_interval(secs => hours_from * 3600), at + make_interval(secs => hours_to * 3600),
		'bill', 'here', by_index)
	WHERE (index ~ 'bill_' OR NOT by_index) AND round(quantity * 730, 2) > 0
$$;

-- From 0:00 on two shards and a replica, from 10:30 on three replicas, from 12:00 on tier r40, from 20:00 on demand
SET vecprov.tier_change_interval = 0;
SET vecprov.scale_change_interval = 0;
CALL at_hour(0);
CREATE INDEX bill_idx ON bill_items USING vecprov (v) WITH (tier = r10, shards = 2);
CALL at_hour(10.5);
SELECT vecprov_set_replicas('bill_idx', 3);
CALL at_hour(12);
SELECT vecprov_set_tier('bill_idx', 'r40');
CALL at_hour(20);
SELECT vecprov_release('bill_idx');
CALL at_hour(30);
SELECT index, item, hours, unit, rate FROM bill_of(-1, 30) WHERE item <> 'storage';
SELECT index, item, hours, rate FROM bill_of(5.25, 12.5) WHERE item <> 'storage';
SELECT index, item, hours, rate FROM bill_of(12, 20) WHERE item <> 'storage';
SELECT index, item, hours, rate FROM bill_of(21, 30) WHERE item <> 'storage';
-- what has not been yet is not in it
SELECT index, item, hours, rate FROM bill_of(19, 1000) WHERE item <> 'storage';
SELECT * FROM bill_of(40, 50);
SELECT * FROM vecprov_bill(now(), now(), 'bill', 'here');
SET statement_timeout = '1min';
SELECT * FROM vecprov_bill('-infinity', '-infinity', 'bill', 'here');
SELECT count(*) > 0 AS some FROM vecprov_usage_since('-infinity', 'infinity', '-infinity');
SELECT max(ended) <= vecprov_clock() AS past FROM vecprov_usage_since('-infinity', 'infinity', vecprov_clock() - '1 day'::interval);
RESET statement_timeout;

-- Storage: a month of 730 hours is what vecprov_cost says of one; nothing was changed
CALL at_hour(31);
SELECT vecprov_provision('bill_idx', 'r10', 3, 2);
CALL at_hour(31 + 731);
SELECT b.item, round(b.quantity, 5) = round(c.quantity, 5) AS quantity, b.unit = c.unit AS unit, b.rate = c.rate AS rate,
	round(b.amount, 3) = round(c.amount, 3) AS amount
FROM bill_start CROSS JOIN LATERAL vecprov_bill(at + '31 hours 10 s', at + '761 hours 10 s', 'bill', 'here') b
	JOIN vecprov_cost('bill_idx', 'bill', 'here', 0, 0) c USING (item)
WHERE b.index = 'public.bill_idx' ORDER BY 1;
-- an index that is dropped is paid until then; one that is suspended costs its storage
SELECT vecprov_set_replicas('bill_idx', 0);
CALL at_hour(31 + 740);
DROP INDEX bill_idx;
CALL at_hour(31 + 750);
SELECT item, hours FROM bill_of(31 + 730, 31 + 750) WHERE index = 'public.bill_idx';

-- By another name it is the same index; all of them together have one row an item
CREATE INDEX bill_a_idx ON bill_items USING vecprov (v) WITH (tier = r10);
CREATE INDEX bill_b_idx ON bill_items USING vecprov (v) WITH (tier = r10, replicas = 2);
CALL at_hour(31 + 760);
ALTER INDEX bill_b_idx RENAME TO bill_c_idx;
CALL at_hour(31 + 770);
SELECT index, item, hours, amount FROM bill_of(31 + 750, 31 + 770) WHERE item <> 'storage';
SELECT index, item, hours, amount FROM bill_of(31 + 750, 31 + 770, false) WHERE item = 'r10';
DROP TABLE bill_items;
SELECT action, count(*) FROM vecprov.changes WHERE index ~ 'bill_' GROUP BY 1 ORDER BY 1;

-- What was written, and read on demand, is what vecprov_cost counts; nothing was changed
INSERT INTO vecprov.rates VALUES ('bill', 'here', 'reads', 16);
UPDATE vecprov.rates SET rate = 4 WHERE plan = 'bill' AND item = 'writes';
CREATE TABLE bill_units (id bigint, v vector(4), body text);
CREATE INDEX bill_units_idx ON bill_units USING vecprov (v);
INSERT INTO bill_units SELECT i, ARRAY[i % 97, i % 89, i % 83, 1], repeat('x', 2500) FROM generate_series(1, 500) i;
SET enable_seqscan = off;
DO $$ BEGIN FOR i IN 1 .. 20 LOOP PERFORM id FROM bill_units ORDER BY v <-> '[1,2,3,4]' LIMIT 3; END LOOP; END $$;
RESET enable_seqscan;
SELECT pg_stat_force_next_flush();
CALL at_hour(31 + 780);
SELECT b.*, b.quantity = c.quantity AS quantity, b.unit = c.unit AS unit, b.amount = c.amount AS amount
FROM bill_start CROSS JOIN LATERAL vecprov_bill(at + '31 hours', at + '900 hours', 'bill', 'here') b
	JOIN vecprov_cost('bill_units_idx', 'bill', 'here') c USING (item)
WHERE b.index = 'public.bill_units_idx' AND item IN ('writes', 'reads');
-- half of its time, half of that; what is provisioned is not paid for reads
BEGIN;
INSERT INTO vecprov.usage (began, ended, index, tier, shards, replicas, bytes, read_units, write_units)
	VALUES ('2020-04-01 00:00+00', '2020-04-01 01:00+00', 'public.bill_old_idx', NULL, NULL, NULL, 0, 4000000, 2000000),
	('2020-04-01 01:00+00', '2020-04-01 02:00+00', 'public.bill_old_idx', 'r10', 1, 1, 0, 4000000, 2000000);
SELECT item, quantity, amount FROM vecprov_bill('2020-04-01 00:30+00', '2020-04-01 03:00+00', 'bill', 'here')
WHERE item IN ('writes', 'reads', 'total');
ROLLBACK;
DROP TABLE bill_units;

-- Hours that were written down come first; who may read them needs no right to the index
BEGIN;
DELETE FROM vecprov.changes WHERE index ~ 'bill_';
INSERT INTO vecprov.usage SELECT h, h + '1 hour', 'public.bill_old_idx', 'r40', 1, 1, 1000000
	FROM generate_series('2020-03-01 00:00+00', '2020-03-01 23:00+00', '1 hour'::interval) h;
CREATE ROLE bill_reader;
SET LOCAL ROLE bill_reader;
SELECT index, item, round(quantity * 730, 4) AS hours, round(amount, 3) AS amount
FROM vecprov_bill('2020-03-01 10:30+00', '2020-03-01 12:00+00', 'bill', 'here');
INSERT INTO vecprov.usage VALUES (now(), now() + '1 hour', 'x', 'r10', 1, 1, 1);
ROLLBACK;

-- Partitions share the replicas of their index: these are paid for once, from its beginning, its change and its end on.
-- A partition that was detached and has a tier of its own pays for itself.
CALL at_hour(3000);
CREATE TABLE bill_parts (id int, v vector(4)) PARTITION BY RANGE (id);
CREATE TABLE bill_part1 PARTITION OF bill_parts FOR VALUES FROM (0) TO (100);
CREATE TABLE bill_part2 PARTITION OF bill_parts FOR VALUES FROM (100) TO (200) PARTITION BY RANGE (id);
CREATE TABLE bill_part2a PARTITION OF bill_part2 FOR VALUES FROM (100) TO (150);
CREATE INDEX bill_parts_idx ON bill_parts USING vecprov (v) WITH (tier = r10, replicas = 0);
CALL at_hour(3002);
SELECT vecprov_set_replicas('bill_parts_idx', 2);
CALL at_hour(3012);
ALTER TABLE bill_parts DETACH PARTITION bill_part1;
SELECT vecprov_provision('bill_part1_v_idx', 'r10');
CALL at_hour(3015);
-- it shares again, though nothing of its capacity is changed: so it is after pg_restore
SELECT vecprov_set_replicas('bill_part1_v_idx', 2);
ALTER TABLE bill_parts ATTACH PARTITION bill_part1 FOR VALUES FROM (0) TO (100);
CALL at_hour(3020);
SELECT vecprov_release('bill_parts_idx');
CALL at_hour(3022);
SELECT index, item, hours FROM bill_of(3000, 3022) WHERE index ~ 'part' ORDER BY index, item;
SELECT index, action, old_replicas, new_replicas, partitioned, old_decided, new_decided FROM vecprov.changes
WHERE index ~ 'bill_part' ORDER BY at, xact;
DROP TABLE bill_parts;

-- What a failed REINDEX CONCURRENTLY of a suspended index leaves refuses nothing, once the index does not, and is in no bill
CALL at_hour(4000);
CREATE TABLE bill_left (id int, v vector(4));
INSERT INTO bill_left SELECT i, ARRAY[i, 1, 1, 1] FROM generate_series(1, 10) i;
CREATE INDEX bill_left_idx ON bill_left USING vecprov (v) WITH (tier = r10, replicas = 0);
SET vecprov.debug_point = 'build-linked=error';
REINDEX INDEX CONCURRENTLY bill_left_idx;
RESET vecprov.debug_point;
SELECT indexrelid::regclass, indisvalid FROM pg_index WHERE indrelid = 'bill_left'::regclass ORDER BY indexrelid;
INSERT INTO bill_left VALUES (11, '[1,2,3,4]');
SELECT vecprov_set_replicas('bill_left_idx', 1);
-- one that takes rows already, as when it fails at its end
DROP INDEX bill_left_idx_ccnew;
CREATE INDEX bill_left_idx_ccnew ON bill_left USING vecprov (v) WITH (tier = r10, replicas = 0);
DELETE FROM vecprov.changes WHERE index = 'public.bill_left_idx_ccnew';
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'bill_left_idx_ccnew'::regclass;
INSERT INTO bill_left VALUES (11, '[1,2,3,4]');
CALL at_hour(4010);
SELECT index, item, hours FROM bill_of(4000, 4010) WHERE index ~ 'left' AND item <> 'storage';
SELECT count(*) FROM vecprov_bill(vecprov_clock() - interval '9 hours', vecprov_clock(), 'bill', 'here') WHERE index ~ 'ccnew';
DROP TABLE bill_left;
RESET vecprov.debug_clock;
DROP FUNCTION bill_of;
DROP PROCEDURE at_hour;
DROP TABLE bill_start;
DELETE FROM vecprov.changes WHERE index ~ 'bill_';
DELETE FROM vecprov.rates WHERE plan = 'bill';
