-- Who may provision indexes, and how much; whose it is counted.
\getenv abs_srcdir PG_ABS_SRCDIR
\set try :abs_srcdir '/sql/include/try.sql'
\i :try
\set include :abs_srcdir '/sql/include/vacuum.sql'
\i :include
\pset null -
SET vecprov.tier_change_interval = 0;
SET vecprov.scale_change_interval = 0;
CREATE FUNCTION pg_temp.tiers(owner regrole) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(concat_ws(' ', c.relname, c.reloptions::text), ', ' ORDER BY c.relname)
	FROM pg_class c JOIN pg_am a ON a.oid = c.relam WHERE amname = 'vecprov' AND c.relowner = owner AND reloptions::text ~ 'tier'
$$;
CREATE ROLE regress_quota_owner;
CREATE ROLE "regress quota, other";
CREATE SCHEMA quota AUTHORIZATION regress_quota_owner;
GRANT CREATE, USAGE ON SCHEMA quota TO "regress quota, other";
SET search_path = quota, public;
INSERT INTO vecprov.tiers (name, shard_bytes, keeps_vectors, units) VALUES ('quota_small', 5000000, false, 2);
DELETE FROM vecprov.changes;

-- No owner may by itself, in no way; nor is that in the ledger.
CREATE TABLE quota_given (id integer, v vector(8));
CREATE INDEX quota_given_idx ON quota_given USING vecprov (v) WITH (tier = r10);
GRANT SELECT ON quota_given TO PUBLIC;
CREATE TABLE quota_parted (id integer, v vector(8)) PARTITION BY LIST (id);
CREATE INDEX quota_parted_idx ON quota_parted USING vecprov (v) WITH (tier = r10);
ALTER TABLE quota_parted OWNER TO regress_quota_owner;
SET ROLE regress_quota_owner;
CREATE TABLE quota_items (id integer, v vector(8));
INSERT INTO quota_items SELECT i, ARRAY[i, i % 2, i % 3, i % 5, i % 7, i % 11, i % 13, i % 17]::vector FROM generate_series(1, 200) i;
CREATE INDEX quota_idx ON quota_items USING vecprov (v);
CREATE TABLE quota_part (id integer, v vector(8));
SELECT pg_temp.try('SELECT vecprov_set_tier(''quota_idx'', ''r10'')');
SELECT statement, left(pg_temp.try(statement), 5) FROM unnest(ARRAY[
	'SELECT vecprov_provision(''quota_idx'', ''r10'', 1, 1)',
	'SELECT vecprov_provision(''quota_idx'', ''r11'')',
	'ALTER INDEX quota_idx SET (tier = r10, replicas = 0)',
	'ALTER TABLE quota_idx SET (tier = r10)',
	'CREATE INDEX ON quota_items USING vecprov (v) WITH (tier = r10)',
	'CREATE TABLE quota_like (LIKE quota_given INCLUDING INDEXES)',
	'CREATE TABLE quota_part_of PARTITION OF quota_parted FOR VALUES IN (1)',
	'ALTER TABLE quota_parted ATTACH PARTITION quota_part FOR VALUES IN (1)',
	'CREATE INDEX ON quota_parted USING vecprov (v) WITH (tier = r10)']) statement;
CREATE INDEX CONCURRENTLY ON quota_items USING vecprov (v) WITH (tier = r10);
SELECT pg_temp.try('SET vecprov.provision = on');
GRANT SET ON PARAMETER vecprov.provision TO regress_quota_owner;
SELECT pg_temp.tiers('regress_quota_owner');
-- by somebody else's rights: neither the index's expression, nor a function that is called
CREATE FUNCTION quota_spring() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	ALTER INDEX quota.quota_idx SET (tier = r10);
	RAISE NOTICE 'provisioned';
EXCEPTION WHEN insufficient_privilege THEN
	RAISE NOTICE '%', SQLERRM;
END $$;
CREATE FUNCTION quota_trap(v vector) RETURNS vector LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	IF current_setting('quota.trap', true) = 'on' THEN
		PERFORM quota.quota_spring();
	END IF;
	RETURN v;
END $$;
CREATE TABLE quota_expression (v vector(8));
CREATE INDEX ON quota_expression USING vecprov ((quota.quota_trap(v)::vector(8)));
INSERT INTO quota_expression VALUES ('[1,2,3,4,5,6,7,8]');
RESET ROLE;
SET quota.trap = on;
\set VERBOSITY terse
REINDEX TABLE quota_expression;
\set VERBOSITY default
RESET quota.trap;
DROP TABLE quota_expression;
SELECT count(*) FROM vecprov.changes WHERE action = 'refusal';

-- Whom a superuser allows
GRANT SET ON PARAMETER vecprov.provision TO regress_quota_owner;
SET ROLE regress_quota_owner;
SELECT statement, pg_temp.try(statement) FROM unnest(ARRAY[
	'SELECT vecprov_provision(''quota_idx'', ''r10'', 1, 2)',
	'CREATE TABLE quota_like (LIKE quota_given INCLUDING INDEXES)',
	'CREATE TABLE quota_part_of PARTITION OF quota_parted FOR VALUES IN (1)',
	'ALTER TABLE quota_parted ATTACH PARTITION quota_part FOR VALUES IN (2)']) statement;
SELECT pg_temp.tiers('regress_quota_owner');
DROP TABLE quota_like, quota_parted;
RESET ROLE;
-- and no more: what there is stays, and may become less
REVOKE SET ON PARAMETER vecprov.provision FROM regress_quota_owner;
SET ROLE regress_quota_owner;
REINDEX INDEX quota_idx;
REINDEX INDEX CONCURRENTLY quota_idx;
ALTER TABLE quota_items ALTER v TYPE vector(4) USING subvector(v, 1, 4);
TRUNCATE quota_items;
ALTER INDEX quota_idx RENAME TO quota_renamed;
ALTER INDEX quota_renamed RENAME TO quota_idx;
SELECT statement, left(pg_temp.try(statement), 5), pg_temp.tiers('regress_quota_owner') FROM unnest(ARRAY[
	'SELECT vecprov_set_replicas(''quota_idx'', 3)',
	'SELECT vecprov_set_shards(''quota_idx'', 2)',
	'SELECT vecprov_set_tier(''quota_idx'', ''r40'')',
	'SELECT vecprov_set_tier(''quota_idx'', ''quota_small'')',
	'SELECT vecprov_provision(''quota_idx'', ''quota_small'', replicas => 1)',
	'SELECT vecprov_set_tier(''quota_idx'', ''r10'')',
	'SELECT vecprov_set_replicas(''quota_idx'', 0)',
	'SELECT vecprov_set_replicas(''quota_idx'', 1)',
	'SELECT vecprov_release(''quota_idx'')',
	'ALTER INDEX quota_idx SET (tier = quota_small)']) statement;
RESET ROLE;
-- a superuser may, whoever the owner is
ALTER INDEX quota_idx SET (tier = r10, replicas = 2);
CREATE INDEX quota_other_idx ON quota_items USING vecprov (v) WITH (tier = r10);
SELECT DISTINCT role = session_user AS me FROM vecprov.changes WHERE index ~ 'quota_other_idx';
-- to give it away takes the right, too
GRANT regress_quota_owner TO "regress quota, other";
SET ROLE "regress quota, other";
SELECT pg_temp.try('ALTER TABLE quota_items OWNER TO "regress quota, other"');
RESET ROLE;
DROP TABLE quota_items;

-- Quotas: units. The rows are the administrator's.
SET ROLE regress_quota_owner;
SELECT count(*) FROM vecprov.quotas;
SELECT pg_temp.try('INSERT INTO vecprov.quotas VALUES (''regress_quota_owner'', NULL, NULL)');
RESET ROLE;
SELECT pg_temp.try(format('INSERT INTO vecprov.quotas VALUES (%s)', v)) FROM unnest(ARRAY['''nobody_there''', 'NULL, -1', 'NULL, NULL, -1']) v;
INSERT INTO vecprov.quotas VALUES ('regress_quota_owner', NULL, 3);
SELECT left(pg_temp.try('INSERT INTO vecprov.quotas VALUES (''regress_quota_owner'', NULL, 4)'), 5);
GRANT SET ON PARAMETER vecprov.provision TO regress_quota_owner, "regress quota, other";
SET ROLE regress_quota_owner;
CREATE TABLE quota_items (id integer, v vector(8), w vector(8));
CREATE INDEX quota_1 ON quota_items USING vecprov (v) WITH (tier = r10, replicas = 2);
CREATE INDEX quota_2 ON quota_items USING vecprov (v);
SELECT statement, pg_temp.try(statement) FROM unnest(ARRAY[
	'ALTER INDEX quota_2 SET (tier = r10, replicas = 2)',
	'CREATE INDEX quota_3 ON quota_items USING vecprov (v) WITH (tier = quota_small)',
	'ALTER INDEX quota_1 SET (replicas = 4)']) statement;
-- an index without replicas is one unit
ALTER INDEX quota_1 SET (replicas = 3);
SELECT pg_temp.try('CREATE INDEX quota_3 ON quota_items USING vecprov (v) WITH (tier = r10, replicas = 0)');
ALTER INDEX quota_1 SET (replicas = 0);
CREATE INDEX quota_3 ON quota_items USING vecprov (v) WITH (tier = r10, replicas = 0);
ALTER INDEX quota_2 SET (tier = r10);
SELECT pg_temp.try('ALTER INDEX quota_3 SET (replicas = 2)');
DROP INDEX quota_1;
ALTER INDEX quota_3 SET (replicas = 2);
SELECT pg_temp.tiers('regress_quota_owner');
-- what is rolled back is not counted, nor what is dropped
DROP INDEX quota_3;
BEGIN;
ALTER INDEX quota_2 SET (replicas = 3);
SAVEPOINT one;
ALTER INDEX quota_2 SET (replicas = 2);
ROLLBACK TO one;
SELECT left(pg_temp.try('CREATE INDEX quota_3 ON quota_items USING vecprov (v) WITH (tier = r10)'), 5);
SAVEPOINT two;
DROP INDEX quota_2;
SELECT pg_temp.try('CREATE INDEX quota_3 ON quota_items USING vecprov (v) WITH (tier = quota_small)');
ROLLBACK TO two;
ROLLBACK;
-- of another column: ALTER TYPE makes indexes of one column anew in the order in which pg_depend happens to have them
CREATE INDEX quota_3 ON quota_items USING vecprov (w) WITH (tier = quota_small);
SELECT pg_temp.try('CREATE INDEX quota_4 ON quota_items USING vecprov (v) WITH (tier = r10)');
RESET ROLE;
SELECT role = 'regress_quota_owner' AS owner, action, regexp_replace(index, '.*\.', ''), message FROM vecprov.changes WHERE action = 'refusal' ORDER BY at;
-- what there is stays; a superuser is warned, and it counts
UPDATE vecprov.quotas SET units = 1;
SET ROLE regress_quota_owner;
REINDEX TABLE quota_items;
ALTER TABLE quota_items ALTER v TYPE vector(4) USING subvector(v, 1, 4);
ALTER INDEX quota_3 SET (replicas = 0);
SELECT pg_temp.try('ALTER INDEX quota_3 SET (replicas = 1)');
RESET ROLE;
ALTER INDEX quota_3 SET (replicas = 1);
UPDATE vecprov.quotas SET units = 4;
SET ROLE regress_quota_owner;
SELECT pg_temp.try('CREATE INDEX quota_4 ON quota_items USING vecprov (v) WITH (tier = quota_small)');
DROP INDEX quota_3;
CREATE INDEX quota_4 ON quota_items USING vecprov (v) WITH (tier = quota_small);
RESET ROLE;
-- the row for all; another owner; a role's new name is the row's
INSERT INTO vecprov.quotas VALUES (NULL, NULL, 2);
SET ROLE "regress quota, other";
SELECT pg_temp.try('ALTER TABLE quota_items OWNER TO "regress quota, other"');
RESET ROLE;
INSERT INTO vecprov.quotas VALUES ('"regress quota, other"', NULL, 3);
ALTER ROLE "regress quota, other" RENAME TO regress_quota_renamed;
SET ROLE regress_quota_renamed;
SELECT pg_temp.try('ALTER TABLE quota_items OWNER TO regress_quota_renamed');
SELECT pg_temp.try('ALTER INDEX quota_2 SET (replicas = 2)');
RESET ROLE;
SELECT * FROM vecprov.quotas ORDER BY role::text;
SET ROLE regress_quota_owner;
CREATE TABLE quota_more (v vector(8));
CREATE INDEX ON quota_more USING vecprov (v) WITH (tier = quota_small, replicas = 2);
RESET ROLE;
DROP TABLE quota_items, quota_more;

-- Memory: of an index when it is built, or changed
DELETE FROM vecprov.quotas;
INSERT INTO vecprov.quotas VALUES ('regress_quota_owner', 200000, NULL);
SET ROLE regress_quota_owner;
CREATE TABLE quota_items (id integer, v vector(8)) WITH (autovacuum_enabled = off);
INSERT INTO quota_items SELECT i, ARRAY[i, i % 2, i % 3, i % 5, i % 7, i % 11, i % 13, i % 17]::vector FROM generate_series(1, 3000) i;
SELECT regexp_replace(pg_temp.try('CREATE INDEX quota_1 ON quota_items USING vecprov (v) WITH (tier = r10)'), 'needs \d+', 'needs N');
CREATE INDEX quota_1 ON quota_items USING vecprov (v) WITH (tier = r10, replicas = 0);
SELECT left(pg_temp.try('ALTER INDEX quota_1 SET (replicas = 1)'), 5);
DELETE FROM quota_items WHERE id > 10;
RESET ROLE;
-- (of whom a superuser knows)
CALL pg_temp.wait_for_snapshots();
SET ROLE regress_quota_owner;
VACUUM quota_items;
REINDEX INDEX quota_1;
SELECT pg_temp.try('ALTER INDEX quota_1 SET (replicas = 1)');
RESET ROLE;

DROP TABLE quota_given;
DROP OWNED BY regress_quota_owner, regress_quota_renamed;
DELETE FROM vecprov.quotas;
DELETE FROM vecprov.tiers WHERE NOT shipped;
DELETE FROM vecprov.changes;
REVOKE SET ON PARAMETER vecprov.provision FROM regress_quota_owner, regress_quota_renamed;
DROP ROLE regress_quota_owner, regress_quota_renamed;
