-- A tier that an index uses is neither deleted nor renamed.
\getenv abs_srcdir PG_ABS_SRCDIR
\set try :abs_srcdir '/sql/include/try.sql'
\i :try
SET client_min_messages = warning;
INSERT INTO vecprov.tiers (name, shard_bytes, keeps_vectors, units)
	SELECT 'tier_' || n, 5000000, false, 1 FROM unnest(ARRAY['used', 'parted', 'free', 'other']) n;
CREATE TABLE tier_items (v vector(3));
CREATE INDEX "tier idx" ON tier_items USING vecprov (v) WITH (tier = tier_used);
CREATE TABLE tier_parted (id integer, v vector(3)) PARTITION BY LIST (id);
CREATE INDEX tier_parted_idx ON tier_parted USING vecprov (v) WITH (tier = tier_parted);

SELECT statement, pg_temp.try(statement) FROM unnest(ARRAY[
	$$DELETE FROM vecprov.tiers WHERE name = 'tier_used'$$,
	$$DELETE FROM vecprov.tiers WHERE name = 'tier_parted'$$,
	$$DELETE FROM vecprov.tiers WHERE name LIKE 'tier%'$$,
	$$UPDATE vecprov.tiers SET name = 'tier_new' WHERE name = 'tier_used'$$,
	$$UPDATE vecprov.tiers SET name = 'tier_used', units = 2 WHERE name = 'tier_used'$$,
	$$UPDATE vecprov.tiers SET name = 'tier_new' WHERE name = 'tier_other'$$,
	$$DELETE FROM vecprov.tiers WHERE name = 'tier_new'$$,
	$$DELETE FROM vecprov.tiers WHERE name = 'tier_none'$$]) statement;
-- of all tiers, whose index is named is by chance
SELECT left(pg_temp.try('TRUNCATE vecprov.tiers'), 5);
SELECT name, units FROM vecprov.tiers WHERE name LIKE 'tier%' ORDER BY name;

-- What the same transaction has done counts
BEGIN;
CREATE INDEX tier_free_idx ON tier_items USING vecprov (v) WITH (tier = tier_free);
SELECT pg_temp.try($$DELETE FROM vecprov.tiers WHERE name = 'tier_free'$$);
DROP INDEX tier_free_idx;
SELECT pg_temp.try($$DELETE FROM vecprov.tiers WHERE name = 'tier_free'$$);
SELECT pg_temp.try('CREATE INDEX tier_free_idx ON tier_items USING vecprov (v) WITH (tier = tier_free)');
ROLLBACK;

-- Without users it goes
ALTER INDEX "tier idx" RESET (tier);
DROP TABLE tier_parted;
DELETE FROM vecprov.tiers WHERE name LIKE 'tier%';
SELECT count(*) FROM vecprov.tiers WHERE name LIKE 'tier%';

-- It is a trigger of that table only
CREATE TABLE tier_fake (name text);
CREATE TRIGGER tier_fake AFTER DELETE ON tier_fake FOR EACH ROW EXECUTE FUNCTION vecprov_tier_in_use();
INSERT INTO tier_fake VALUES ('r10');
SELECT pg_temp.try('DELETE FROM tier_fake');

DROP TABLE tier_items, tier_fake;
