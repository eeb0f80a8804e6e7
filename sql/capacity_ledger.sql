-- Tables that administrators own: what they add to the ledger works, and columns are found by name.
\getenv abs_srcdir PG_ABS_SRCDIR
\set try :abs_srcdir '/sql/include/try.sql'
\i :try
\pset null -
CREATE TABLE ledger_items (v vector(2), t text DEFAULT 'metadata');
INSERT INTO ledger_items VALUES ('[1,2]'), ('[3,4]');
CREATE TABLE ledger_audit (who name, path text, index text);
CREATE FUNCTION ledger_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO public.ledger_audit VALUES (current_user, current_setting('search_path'), NEW.index);
	RETURN NULL;
END $$;
CREATE FUNCTION ledger_statement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO public.ledger_audit SELECT NULL, NULL, count(*) FROM added;
	RETURN NULL;
END $$;
CREATE FUNCTION ledger_shout(what text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN upper(what); END';

-- Expression, partial and unique indexes, columns of each kind, constraints, triggers
BEGIN;
CREATE INDEX ledger_shout_idx ON vecprov.changes (ledger_shout(index));
CREATE INDEX ledger_refusal_idx ON vecprov.changes (at) WHERE action = 'refusal';
CREATE INDEX ledger_change_idx ON vecprov.changes (index) WHERE action = 'change';
ALTER TABLE vecprov.changes ALTER new_shards TYPE bigint, ALTER index TYPE varchar(200);
ALTER TABLE vecprov.changes ADD ticket bigint GENERATED ALWAYS AS IDENTITY UNIQUE, ADD note text NOT NULL DEFAULT 'none',
	ADD what text GENERATED ALWAYS AS (action || ' ' || index) STORED, ADD CHECK (length(note) > 0);
ALTER TABLE vecprov.changes DROP message;
ALTER TABLE vecprov.changes ADD message varchar;
CREATE TRIGGER audit AFTER INSERT ON vecprov.changes FOR EACH ROW EXECUTE FUNCTION ledger_audit();
CREATE TRIGGER counted AFTER INSERT ON vecprov.changes REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger_statement();
CREATE INDEX ledger_idx ON ledger_items USING vecprov (v);
ALTER INDEX ledger_idx SET (tier = r10);
SELECT index, action, new_tier, new_shards, note, what FROM vecprov.changes WHERE index ~ 'ledger_idx' ORDER BY ticket;
SELECT count(DISTINCT ticket) FROM vecprov.changes WHERE index ~ 'ledger_idx';
SET LOCAL enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT action FROM vecprov.changes WHERE ledger_shout(index) = 'PUBLIC.LEDGER_IDX';
SELECT action FROM vecprov.changes WHERE ledger_shout(index) = 'PUBLIC.LEDGER_IDX';
EXPLAIN (COSTS OFF) SELECT action FROM vecprov.changes WHERE index = 'public.ledger_idx' AND action = 'change';
SELECT action FROM vecprov.changes WHERE index = 'public.ledger_idx' AND action = 'change';
SELECT count(*) FROM (SELECT at FROM vecprov.changes WHERE action = 'refusal' ORDER BY at) x
	HAVING count(*) <> (SELECT count(*) FROM vecprov.changes WHERE action || '' = 'refusal');
SELECT who = current_user AS me, path, index FROM ledger_audit;
ROLLBACK;

-- Triggers and expressions run as the table's owner, not as who changes the index, and with a safe search_path
CREATE ROLE ledger_user;
GRANT SET ON PARAMETER vecprov.provision TO ledger_user;
CREATE ROLE ledger_owner;
BEGIN;
CREATE SCHEMA ledger_evil;
GRANT USAGE, CREATE ON SCHEMA ledger_evil TO ledger_user;
GRANT INSERT ON ledger_audit TO ledger_owner;
ALTER TABLE ledger_items OWNER TO ledger_user;
GRANT CREATE ON SCHEMA public TO ledger_user;
ALTER TABLE vecprov.changes OWNER TO ledger_owner;
CREATE TRIGGER audit AFTER INSERT ON vecprov.changes FOR EACH ROW EXECUTE FUNCTION ledger_audit();
CREATE INDEX ledger_shout_idx ON vecprov.changes (ledger_shout(index));
SET LOCAL ROLE ledger_user;
-- one that the function would find in the caller's search_path
CREATE FUNCTION ledger_evil.upper(text) RETURNS text LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''as %'', current_user; END';
SET LOCAL search_path = ledger_evil, pg_catalog, public;
CREATE INDEX ledger_idx ON ledger_items USING vecprov (v);
ALTER INDEX ledger_idx SET (tier = r10);
SELECT current_user, current_setting('search_path');
RESET ROLE;
RESET search_path;
SELECT who, path, index FROM ledger_audit;
SELECT DISTINCT role FROM vecprov.changes WHERE index ~ 'ledger_idx';
ROLLBACK;

-- What does not go is an error that names the column
CREATE INDEX ledger_idx ON ledger_items USING vecprov (v);
SELECT what, pg_temp.try(format('ALTER TABLE vecprov.changes %s', what)) AS altered, split_part(pg_temp.try('ALTER INDEX ledger_idx SET (tier = r10)'), ' | Perhaps', 1), pg_temp.try(undo) AS undone
FROM (VALUES
	('RENAME old_shards TO before', 'ALTER TABLE vecprov.changes RENAME before TO old_shards'),
	('RENAME xact TO transaction', 'ALTER TABLE vecprov.changes RENAME transaction TO xact'),
	('RENAME TO renamed', 'ALTER TABLE vecprov.renamed RENAME TO changes')) x (what, undo);

-- The last change is found whatever has become of the index that finds it
ALTER INDEX ledger_idx SET (tier = r10);
BEGIN;
DROP INDEX vecprov.changes_table_oid_idx;
SELECT pg_temp.try('ALTER INDEX ledger_idx SET (tier = r40)') ~ '^55000 . tier or mode of index "ledger_idx" cannot be changed before' AS too_early;
CREATE INDEX changes_table_oid_idx ON vecprov.changes (table_oid) WHERE action = 'refusal';
SELECT pg_temp.try('ALTER INDEX ledger_idx SET (tier = r40)') ~ '^55000 . tier or mode of index "ledger_idx" cannot be changed before' AS too_early;
DROP INDEX vecprov.changes_table_oid_idx;
CREATE INDEX changes_table_oid_idx ON vecprov.changes (ledger_shout(index));
SELECT pg_temp.try('ALTER INDEX ledger_idx SET (tier = r40)') ~ '^55000 . tier or mode of index "ledger_idx" cannot be changed before' AS too_early;
ROLLBACK;
-- a snapshot that is older than it
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM ledger_items;
SELECT pg_temp.try('ALTER INDEX ledger_idx SET (tier = r40)') ~ '^55000 . tier or mode of index "ledger_idx" cannot be changed before' AS too_early;
ROLLBACK;

-- Tables that are read: columns in another order, missing, of another type, null
BEGIN;
ALTER TABLE vecprov.tiers DROP shard_bytes;
ALTER TABLE vecprov.tiers ADD first text DEFAULT 'x', ADD shard_bytes bigint NOT NULL DEFAULT 150000000000;
SELECT capacity FROM vecprov_facts('ledger_idx', true);
INSERT INTO vecprov.tiers (name, keeps_vectors, units, shard_bytes) VALUES ('ledger', false, 1, 123456789);
SELECT vecprov_tier_memory('ledger_idx', 'ledger') IS NULL;
SELECT what, pg_temp.try(format('ALTER TABLE vecprov.tiers %s', what)) AS altered, pg_temp.try('SELECT capacity FROM vecprov_facts(''ledger_idx'', true)'), pg_temp.try(undo) AS undone
FROM (VALUES
	('RENAME units TO compute', 'ALTER TABLE vecprov.tiers RENAME compute TO units'),
	('ALTER shard_bytes TYPE text', 'ALTER TABLE vecprov.tiers DROP shard_bytes, ADD shard_bytes bigint'),
	('ADD last text', 'ALTER TABLE vecprov.tiers DROP last')) x (what, undo);
ROLLBACK;
BEGIN;
ALTER TABLE vecprov.rates RENAME rate TO price;
SELECT pg_temp.try('SELECT vecprov_monthly_rate(''example'', ''example'', ''r10'')');
ALTER TABLE vecprov.rates ADD rate numeric DEFAULT 7;
SELECT vecprov_monthly_rate('example', 'example', 'r10');
ALTER TABLE vecprov.rates RENAME plan TO contract;
SELECT pg_temp.try('SELECT vecprov_monthly_rate(''example'', ''example'', ''r10'')');
ROLLBACK;
BEGIN;
ALTER TABLE vecprov.limits RENAME metadata_bytes TO old;
ALTER TABLE vecprov.limits ADD metadata_bytes bigint;
INSERT INTO vecprov.limits (schema, index, old) VALUES ('public', 'ledger_idx', 0);
SELECT pg_temp.try('INSERT INTO ledger_items VALUES (''[5,6]'')');
UPDATE vecprov.limits SET metadata_bytes = 0 WHERE index = 'ledger_idx';
SELECT pg_temp.try('INSERT INTO ledger_items VALUES (''[5,6]'')');
ALTER TABLE vecprov.limits RENAME burst_seconds TO burst;
SELECT pg_temp.try('INSERT INTO ledger_items VALUES (''[5,6]'')');
ROLLBACK;
INSERT INTO ledger_items VALUES ('[5,6]');
DROP TABLE ledger_items, ledger_audit;
DROP FUNCTION ledger_audit, ledger_statement, ledger_shout;
REVOKE SET ON PARAMETER vecprov.provision FROM ledger_user;
DROP ROLE ledger_user, ledger_owner;
DELETE FROM vecprov.changes;
