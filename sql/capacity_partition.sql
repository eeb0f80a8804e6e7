-- The index of a partitioned table: what is known of it follows from its partitions, and they have what it is given.
\getenv abs_srcdir PG_ABS_SRCDIR
\set try :abs_srcdir '/sql/include/try.sql'
\i :try
\pset null -
SET client_min_messages = warning;
SET vecprov.scale_change_interval = 0;
SET vecprov.tier_change_interval = 0;
INSERT INTO vecprov.tiers (name, shard_bytes, keeps_vectors, units) VALUES ('part_tier', 1600, false, 1);

CREATE TABLE part (id int, tenant int, v vector(3)) PARTITION BY RANGE (id);
CREATE INDEX part_idx ON part USING vecprov (v vector_l2_ops, tenant) WITH (namespaces = on);
CREATE VIEW part_given AS
	SELECT i.index, i.tier, i.shards, i.replicas, i.parent, i.partitions FROM vecprov.indexes i
	WHERE i.index::text ~ '^part' ORDER BY i.index::text COLLATE "C";
CREATE VIEW part_ledger AS
	SELECT index, action, old_tier, old_shards, old_replicas, new_tier, new_shards, new_replicas, partitioned, message
	FROM vecprov.changes WHERE index ~ '^public.part' ORDER BY at, xact;

-- Without partitions
SELECT vecprov_index_size('part_idx'), vecprov_capacity('part_idx'), vecprov_fullness('part_idx'), vecprov_recall('part_idx');
SELECT mode, state, error, records, index_size, current_shards, parent, partitions FROM vecprov.indexes WHERE index = 'part_idx'::regclass;
SELECT * FROM vecprov_index_bytes('part_idx');
SELECT count(*) FROM vecprov_namespaces('part_idx');
SELECT vecprov_wait('part_idx', '1 min');
SELECT item, quantity FROM vecprov_cost('part_idx', 'example', 'example');
SELECT pg_temp.try('SELECT vecprov_tune(''part_idx'', 0.9)');

-- With some: another order of columns, a further level, one without rows, one without the index
CREATE TABLE part1 PARTITION OF part FOR VALUES FROM (0) TO (100);
CREATE TABLE part2 (tenant int, gone text, v vector(3), id int);
ALTER TABLE part2 DROP gone;
INSERT INTO part2 SELECT i % 3, NULL, i FROM generate_series(100, 109) i;
UPDATE part2 SET v = ARRAY[id, id % 7, 1]::vector;
CREATE INDEX part2_own ON part2 USING vecprov (v, tenant) WITH (namespaces = on, tier = r10, replicas = 0);
CREATE INDEX part2_other ON part2 USING vecprov (v) WITH (m = 8);
ALTER TABLE part ATTACH PARTITION part2 FOR VALUES FROM (100) TO (200);
CREATE TABLE part3 PARTITION OF part FOR VALUES FROM (200) TO (400) PARTITION BY RANGE (id);
CREATE TABLE part3a PARTITION OF part3 FOR VALUES FROM (200) TO (300);
CREATE TABLE part3b PARTITION OF part3 FOR VALUES FROM (300) TO (400);
INSERT INTO part SELECT i, i % 3, ARRAY[i, i % 7, 1] FROM generate_series(50, 99) i UNION ALL
	SELECT i, i % 3, ARRAY[i, i % 7, 1] FROM generate_series(200, 249) i;
-- it decides for itself: its parent has no tier
SELECT * FROM part_given;
SELECT pg_temp.try('SELECT vecprov_set_replicas(''part2_own'', 1)');

-- What follows from them
SELECT * FROM vecprov_leaves('part_idx') ORDER BY leaf::text COLLATE "C";
SELECT * FROM vecprov_leaves('part2_own');
SELECT pg_temp.try('SELECT * FROM vecprov_leaves(''part1'')');
SELECT vecprov_index_size('part_idx'), sum(vecprov_index_size(leaf)) FROM vecprov_leaves('part_idx');
SELECT vecprov_capacity('part_idx'), vecprov_fullness('part_idx');
SELECT p.total - sum(b.total), p.search - sum(b.search) FROM vecprov_index_bytes('part_idx') p, vecprov_leaves('part_idx'),
	vecprov_index_bytes(leaf) b GROUP BY p.total, p.search;
SELECT * FROM vecprov_namespaces('part_idx') ORDER BY 1;
SELECT * FROM vecprov_namespaces('part_idx', ARRAY['2', '7', NULL]);
-- every row's own neighbours are in more than one partition
SELECT vecprov_recall('part_idx', 60), vecprov_recall('part_idx', 60, filter => 'tenant = 1');
SET vecprov.ef_search = 1;
SET vecprov.iterative_scan = off;
-- one row of each partition that has any, the nearest of all among them
SELECT vecprov_recall('part_idx', 1), vecprov_recall('part_idx', 60) < 0.2;
RESET vecprov.iterative_scan;
RESET vecprov.ef_search;
SELECT recall >= 0.9 FROM vecprov_tune('part_idx', 0.9);
SELECT item, value FROM vecprov_plan('part_idx', 100, 0.9) WHERE item IN ('tier', 'shards', 'replicas', 'units', 'cost', 'statement');
SELECT item, quantity, unit FROM vecprov_cost('part_idx', 'example', 'example', 1000000, queries => 1000000);
SELECT item, quantity, unit FROM vecprov_cost('part_idx', 'example', 'example', queries => 1000000, namespaces => '{1}');
-- once in totals
SELECT sum(records) FROM vecprov.indexes WHERE partitions IS NULL AND index::text ~ '^part' AND index <> 'part2_other'::regclass;
SELECT sum(value) FROM vecprov.metrics WHERE name = 'vecprov_records' AND labels->>'index' ~ '^part' AND labels->>'index' <> 'part2_other';
-- not of a partitioned index
SELECT pg_temp.try('SELECT * FROM vecprov_check(''part_idx'')');
SELECT pg_temp.try('SELECT * FROM vecprov_search(''part_idx'', ''{}'', 1)');
SELECT pg_temp.try('SELECT vecprov_policy(''part_idx'', idle_after => ''1 hour'')');
-- but: a policy of its replicas and shards
SELECT pg_temp.try('SELECT vecprov_policy(''part_idx'', 1, 2)');
SELECT pg_temp.try('SELECT vecprov_policy(''part_idx'')');
-- the nearest of all partitions
SELECT s.query, s.rank, s."table", p.id, round(s.distance::numeric, 4) FROM vecprov_search_partitions('part_idx', '{"[200,4,1]","[99.2,1,1]"}', 3) s
JOIN part p ON p.tableoid = s."table" AND p.ctid = s.ctid ORDER BY s.query, s.rank;
SELECT s.query, s.rank, s."table", p.id FROM vecprov_search_partitions('part_idx', '{"[99.2,1,1]"}', 2, 'tenant = $1', params => '{2}') s
JOIN part p ON p.tableoid = s."table" AND p.ctid = s.ctid ORDER BY s.query, s.rank;
SELECT count(*) FROM vecprov_search_partitions('part2_own', '{"[99.2,1,1]"}', 3);

-- A tier for all; of the one that had another, too
SET client_min_messages = notice;
SELECT vecprov_provision('part_idx', 'part_tier', 2, 0, dry_run => true);
SET client_min_messages = warning;
SELECT count(*) FROM part_given WHERE tier = 'part_tier';
SELECT vecprov_provision('part_idx', 'part_tier', 2, 0);
SELECT * FROM part_given;
SELECT * FROM part_ledger;
SELECT vecprov_wait('part_idx', '1 min');
SELECT state, error, records, index_size, capacity, current_shards, current_replicas FROM vecprov.indexes WHERE index = 'part_idx'::regclass;
-- full as the fullest of them: 50 records of 20 bytes in 3200
SELECT storage_fullness, advice ~ 'set replicas' FROM vecprov.indexes WHERE index = 'part_idx'::regclass;
SELECT pg_temp.try('INSERT INTO part VALUES (0, 0, ''[1,2,3]'')');
SELECT pg_temp.try('INSERT INTO part VALUES (200, 0, ''[1,2,3]'')');
SELECT vecprov_provision('part_idx', shards => 1, replicas => 1);
SELECT pg_temp.try('INSERT INTO part SELECT i, i, ''[1,2,3]'' FROM generate_series(0, 40) i');
SELECT pg_temp.try('INSERT INTO part SELECT i, i % 3, ''[1,2,3]'' FROM generate_series(0, 19) i');
SELECT storage_fullness FROM vecprov.indexes WHERE index = 'part_idx'::regclass;
SELECT advice ~ 'set shards of index "part_idx" to 2' FROM vecprov.indexes WHERE index = 'part1_v_tenant_idx'::regclass;
-- a partition that does not fit: nobody is changed
SELECT pg_temp.try('SELECT vecprov_set_tier(''part_idx'', ''none'')');
INSERT INTO vecprov.tiers (name, shard_bytes, keeps_vectors, units) VALUES ('part_small', 900, false, 1);
SELECT pg_temp.try('SELECT vecprov_set_tier(''part_idx'', ''part_small'')');
SELECT DISTINCT tier, shards, replicas FROM part_given WHERE tier IS NOT NULL;

-- Replicas are those of the partitioned index, and paid for once
SELECT vecprov_decider('part_idx'), vecprov_decider('part3a_v_tenant_idx'), vecprov_decider('part2_other');
SELECT vecprov_wait('part_idx', '1 min');
SELECT index, count(*), sum(seats) FROM vecprov.replicas GROUP BY index;
SELECT index, current_replicas FROM part_given JOIN vecprov.indexes USING (index) WHERE part_given.tier IS NOT NULL ORDER BY index::text COLLATE "C";
INSERT INTO vecprov.rates (plan, region, item, rate) VALUES ('example', 'example', 'part_tier', 10);
SELECT item, quantity, amount FROM vecprov_cost('part_idx', 'example', 'example') WHERE unit ~ 'replicas';
SELECT count(*) FROM vecprov_cost('part1_v_tenant_idx', 'example', 'example') WHERE unit ~ 'replicas';
SELECT regexp_replace(value, '[0-9]+', 'N', 'g'), reason FROM vecprov_plan('part3a_v_tenant_idx', 100, 0.9) WHERE item = 'statement';
SELECT item, unit, count(*) FROM vecprov_bill(now() - interval '1 hour', now() + interval '1 hour', 'example', 'example')
WHERE index ~ 'part' AND unit ~ 'replicas' AND index <> 'public.part2_own' GROUP BY 1, 2;
DELETE FROM vecprov.rates WHERE item = 'part_tier';

-- None alone
SELECT pg_temp.try('ALTER INDEX part1_v_tenant_idx SET (replicas = 2)');
SELECT pg_temp.try('SELECT vecprov_set_replicas(''part3_v_tenant_idx'', 2)');
SELECT pg_temp.try('SELECT vecprov_release(''part3a_v_tenant_idx'')');
SELECT pg_temp.try('ALTER INDEX part1_v_tenant_idx RESET (shards)');
SELECT pg_temp.try('ALTER INDEX part1_v_tenant_idx SET (m = 20)');
SELECT pg_temp.try('SELECT vecprov_policy(''part1_v_tenant_idx'', 1, 2)');
SELECT pg_temp.try('ALTER INDEX part_idx SET (replicas = 2)');
SELECT DISTINCT tier, shards, replicas FROM part_given WHERE tier IS NOT NULL;

-- Joining: a new partition, a table with an index, one without, an index of its own, a tree
CREATE TABLE part4 PARTITION OF part FOR VALUES FROM (400) TO (500);
CREATE TABLE part5 (LIKE part);
CREATE INDEX part5_own ON part5 USING vecprov (v, tenant) WITH (namespaces = on);
CREATE TABLE part6 (LIKE part) PARTITION BY RANGE (id);
CREATE TABLE part6a PARTITION OF part6 FOR VALUES FROM (600) TO (650);
CREATE TABLE part6b PARTITION OF part6 FOR VALUES FROM (650) TO (700);
CREATE INDEX part6_own ON part6 USING vecprov (v, tenant) WITH (namespaces = on, tier = r40, replicas = 0);
CREATE TABLE part7 (LIKE part);
ALTER TABLE part ATTACH PARTITION part5 FOR VALUES FROM (500) TO (600);
ALTER TABLE part ATTACH PARTITION part6 FOR VALUES FROM (600) TO (700);
ALTER TABLE part ATTACH PARTITION part7 FOR VALUES FROM (700) TO (800);
SELECT * FROM part_given;
-- what does not fit is not attached
CREATE TABLE part8 (LIKE part);
INSERT INTO part8 SELECT 800 + i, i, ARRAY[i, 1, 1] FROM generate_series(1, 99) i;
CREATE INDEX part8_own ON part8 USING vecprov (v, tenant) WITH (namespaces = on);
SELECT pg_temp.try('ALTER TABLE part ATTACH PARTITION part8 FOR VALUES FROM (800) TO (900)');
DROP INDEX part8_own;
SELECT pg_temp.try('ALTER TABLE part ATTACH PARTITION part8 FOR VALUES FROM (800) TO (900)');
SELECT count(*) FROM pg_inherits WHERE inhrelid = 'part8'::regclass;

-- ALTER INDEX ... ATTACH PARTITION, as pg_dump writes it; CREATE INDEX that finds partitions' indexes
CREATE TABLE partx (id int, v vector(3)) PARTITION BY LIST (id);
CREATE TABLE partx1 PARTITION OF partx FOR VALUES IN (1);
CREATE TABLE partx2 PARTITION OF partx FOR VALUES IN (2);
CREATE INDEX partx1_own ON partx1 USING vecprov (v);
CREATE INDEX partx2_own ON partx2 USING vecprov (v) WITH (tier = r10, replicas = 0);
CREATE INDEX partx_only ON ONLY partx USING vecprov (v) WITH (tier = r10, replicas = 0);
SELECT * FROM part_given WHERE index::text ~ '^partx';
ALTER INDEX partx_only ATTACH PARTITION partx1_own;
ALTER INDEX partx_only ATTACH PARTITION partx2_own;
SELECT * FROM part_given WHERE index::text ~ '^partx';
DROP INDEX partx_only;
CREATE INDEX partx1_own ON partx1 USING vecprov (v);
CREATE INDEX partx_all ON partx USING vecprov (v) WITH (tier = r10, replicas = 0);
SELECT * FROM part_given WHERE index::text ~ '^partx';
DROP TABLE partx;

-- Leaving: to on demand, unless it had decided for itself
ALTER TABLE part DETACH PARTITION part2;
ALTER TABLE part DETACH PARTITION part6;
ALTER TABLE part DETACH PARTITION part5 CONCURRENTLY;
SELECT * FROM part_given WHERE index::text ~ '^part[256]';
SELECT pg_temp.try('SELECT vecprov_provision(''part2_own'', ''r10'', replicas => 0)');
ALTER TABLE part ATTACH PARTITION part2 FOR VALUES FROM (100) TO (200);
DROP TABLE part7;
BEGIN;
ALTER TABLE part DETACH PARTITION part4;
SELECT tier FROM part_given WHERE index = 'part4_v_tenant_idx'::regclass;
ROLLBACK;
SELECT tier FROM part_given WHERE index = 'part4_v_tenant_idx'::regclass;

-- A part of the tree may decide for itself while the whole does not
SELECT vecprov_release('part_idx');
SELECT DISTINCT tier FROM part_given WHERE index::text ~ '^part[_1-4]' AND index::text <> 'part2_other';
SELECT vecprov_provision('part3_v_tenant_idx', 'r10', replicas => 0);
SELECT * FROM part_given WHERE tier IS NOT NULL;
SELECT vecprov_release('part_idx');
SELECT count(*) FROM part_given WHERE tier IS NOT NULL;
ALTER TABLE part3 DETACH PARTITION part3b;
SELECT * FROM part_given WHERE tier IS NOT NULL;
SELECT vecprov_release('part3_v_tenant_idx');

-- Event triggers hear of the statement, not of what follows
CREATE FUNCTION part_hear() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE WARNING '%: %', tg_tag, (SELECT string_agg(command_tag || ' ' || object_identity, ', ') FROM pg_event_trigger_ddl_commands());
END
$$;
CREATE EVENT TRIGGER part_trigger ON ddl_command_end EXECUTE FUNCTION part_hear();
CREATE TABLE part_made AS SELECT vecprov_provision('part_idx', 'r10', replicas => 0) IS NULL;
ALTER TABLE part DETACH PARTITION part2;
ALTER TABLE part ATTACH PARTITION part2 FOR VALUES FROM (100) TO (200);
DROP EVENT TRIGGER part_trigger;
DROP FUNCTION part_hear;
SELECT index, tier FROM part_given WHERE index IN ('part_idx'::regclass, 'part2_own'::regclass);
SELECT vecprov_release('part_idx');
DROP TABLE part_made;

-- Intervals are asked of the index that is changed; what follows is no change of its partitions
SELECT vecprov_provision('part_idx', 'r10', replicas => 0);
SET vecprov.tier_change_interval = '1d';
SET vecprov.scale_change_interval = '1h';
SELECT regexp_replace(pg_temp.try('SELECT vecprov_set_tier(''part_idx'', ''r40'')'), 'before .*', 'before');
SELECT pg_temp.try('SELECT vecprov_set_replicas(''part_idx'', 1)');
SELECT regexp_replace(pg_temp.try('SELECT vecprov_set_replicas(''part_idx'', 2)'), 'before .*', 'before');
ALTER TABLE part ATTACH PARTITION part5 FOR VALUES FROM (500) TO (600);
ALTER TABLE part DETACH PARTITION part5;
SELECT index, tier, replicas FROM part_given WHERE index::text ~ '^part[_5]';
SET vecprov.scale_change_interval = 0;
SET vecprov.tier_change_interval = 0;

SELECT vecprov_set_replicas('part_idx', 1);

-- Rights: to change it, those of an owner of all; to look at it, those to the partitioned table
CREATE ROLE part_owner;
CREATE ROLE part_reader;
GRANT SELECT ON part TO part_reader;
SET ROLE part_reader;
SELECT vecprov_index_size('part_idx') > 0, vecprov_index_size('part1_v_tenant_idx') > 0, vecprov_recall('part_idx', 5);
SELECT count(*) FROM vecprov_namespaces('part_idx');
SELECT count(*), count(DISTINCT "table") FROM vecprov_search_partitions('part_idx', '{"[200,4,1]"}', 60);
SELECT pg_temp.try('SELECT vecprov_set_replicas(''part_idx'', 0)');
-- the filter is evaluated by SELECTs from the partitions
SELECT pg_temp.try('SELECT vecprov_recall(''part_idx'', filter => ''tenant = 1'')');
RESET ROLE;
ALTER TABLE part ENABLE ROW LEVEL SECURITY;
SET ROLE part_reader;
SELECT pg_temp.try('SELECT vecprov_index_size(''part1_v_tenant_idx'')');
RESET ROLE;
ALTER TABLE part DISABLE ROW LEVEL SECURITY;
ALTER TABLE part OWNER TO part_owner;
SET ROLE part_owner;
-- not its partitions
SELECT pg_temp.try('SELECT vecprov_set_replicas(''part_idx'', 0)');
RESET ROLE;
SELECT DISTINCT replicas FROM part_given WHERE tier IS NOT NULL;
GRANT SET ON PARAMETER vecprov.provision TO part_owner;
ALTER TABLE part1 OWNER TO part_owner;
SET ROLE part_owner;
SELECT pg_temp.try('SELECT vecprov_release(''part_idx'')');
-- whoever may detach a table has it given back what it had
ALTER TABLE part DETACH PARTITION part2;
RESET ROLE;
SELECT index, tier FROM part_given WHERE index = 'part2_own'::regclass;
SELECT index, old_tier, new_tier, role = current_user AS mine FROM vecprov.changes WHERE index = 'public.part2_own' ORDER BY at DESC LIMIT 1;
REVOKE SET ON PARAMETER vecprov.provision FROM part_owner;

-- Given back when it goes
DROP TABLE part, part2, part3b, part5, part6, part8;
SELECT index, action, partitioned FROM part_ledger WHERE action = 'drop' AND index ~ 'part(_idx|1|3|3a)';
DROP VIEW part_given, part_ledger;
DROP ROLE part_owner, part_reader;
DELETE FROM vecprov.tiers WHERE name ~ '^part';
DELETE FROM vecprov.changes;
