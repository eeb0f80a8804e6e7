-- Sizes, shards, replicas, units, cost: the published figures.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vecprov;
RESET client_min_messages;
\set VERBOSITY terse
\pset format unaligned

-- Record and index sizes: 8-byte IDs, dense only; then sparse
SELECT n, dims, metadata, n * vecprov_record_size(8, dims, 0, metadata) AS bytes
FROM (VALUES (500000, 768, 500), (1000000, 1536, 1000), (5000000, 1024, 15000), (10000000::bigint, 1536, 1000)) t (n, dims, metadata);
SELECT vecprov_record_size(8, 0, 100, 20), vecprov_record_size(8, 4, 100, 20), vecprov_record_size(0, 0, 0, 0);
SELECT vecprov_record_size(-1, 0, 0, 0);
SELECT vecprov_record_size(0, -1, 0, 0);
SELECT vecprov_record_size(0, 0, -1, 0);
SELECT vecprov_record_size(0, 0, 0, -1);
SELECT vecprov_record_size(9223372036854775807, 1, 0, 0);
SELECT vecprov_record_size(0, 2147483647, 2147483647, 0);

-- Shards
SELECT gb, vecprov_shards_needed((gb * 1000000000)::bigint), vecprov_shards_needed((gb * 1000000000)::bigint, 0),
	vecprov_shards_needed((gb * 1000000000)::bigint, tier => 'r40') AS r40
FROM unnest(ARRAY[0, 1, 100, 170, 170.000000001, 200, 340, 500, 510, 1000, 1500]) gb;
SELECT vecprov_shards_needed(9223372036854775807, 0.9999999999);
SELECT vecprov_shards_needed(-1);
SELECT vecprov_shards_needed(1, 1);
SELECT vecprov_shards_needed(1, -0.1);
SELECT vecprov_shards_needed(1, 'NaN');
SELECT vecprov_shards_needed(1, 0.15, 'r11');

-- Replicas
SELECT qps, each, vecprov_replicas_needed(qps, each, false), vecprov_replicas_needed(qps, each)
FROM (VALUES (150, 50), (151, 50), (0, 50), (1, 50), (50, 50), (0.3, 0.1)) t (qps, each);
SELECT vecprov_replicas_needed(1, 0);
SELECT vecprov_replicas_needed(-1, 50);
SELECT vecprov_replicas_needed(1, 'NaN');
SELECT vecprov_replicas_needed('infinity', 1);

-- Write units: a unit a kilobyte, rounded up once, at least five
SELECT n, kb, vecprov_write_units(array_fill((kb * 1000)::bigint, ARRAY[n]))
FROM (VALUES (1, 3.2), (2, 3.2), (10, 19.10), (100, 3.57), (1000, 7.14)) t (n, kb);
SELECT new, old, vecprov_write_units(ARRAY[new * 1000]::bigint[], (old * 1000)::bigint)
FROM (VALUES (6.24, 6.50), (3.57, 5), (7.14, 10), (3.17, 3.17)) t (new, old);
SELECT vecprov_write_units('{}'), vecprov_write_units('{5000}'), vecprov_write_units('{5001}');
SELECT vecprov_write_units('{1,null}');
SELECT vecprov_write_units('{-1}');
SELECT vecprov_write_units('{1}', -1);
SELECT vecprov_write_units('{9223372036854775807,1}');

-- Read units: one a gigabyte, a quarter at least
SELECT gb, vecprov_read_units((gb * 1000000000)::bigint) FROM unnest(ARRAY[0, 0.1, 0.25, 0.251, 1, 2.5, 500]) gb;
SELECT vecprov_read_units(-1);

-- Cost. What is shipped, apart from examples, are two tiers and no rate.
SELECT name, shard_bytes, keeps_vectors, units, shipped FROM vecprov.tiers ORDER BY name;
SELECT DISTINCT plan, region, shipped FROM vecprov.rates;
BEGIN;
INSERT INTO vecprov.rates VALUES ('Standard', 'any', 'b1', 548.96), ('Standard', 'any', 't1', 1758.53),
	('Standard', 'aws-us-east-1', 'b1', 336.42);
SELECT vecprov_read_cost('b1', 2, 2, 'Standard', 'any'), vecprov_read_cost('t1', 2, 2, 'Standard', 'any'),
	vecprov_read_cost('b1', 2, 2, 'Standard', 'aws-us-east-1'), vecprov_read_cost('b1', 2, 0, 'Standard', 'any');
ROLLBACK;
SELECT vecprov_read_cost('r10', 1, 1, 'example', 'example'), vecprov_read_cost('r40', 3, 2, 'example', 'example');
SELECT vecprov_read_cost('r10', 1, 1, 'example', 'Example');
SELECT vecprov_read_cost('r10', 0, 1, 'example', 'example');
SELECT vecprov_read_cost('r10', 1, -1, 'example', 'example');

-- An administrator's tier holds at once, in this transaction and, when it is committed, in all.
BEGIN;
SELECT vecprov_shards_needed(10000000, 0.5);
INSERT INTO vecprov.tiers (name, shard_bytes, keeps_vectors, units) VALUES ('tiny', 1000000, false, 1);
SELECT vecprov_shards_needed(10000000, 0.5, 'tiny');
UPDATE vecprov.tiers SET shard_bytes = 2000000 WHERE name = 'tiny';
SELECT vecprov_shards_needed(10000000, 0.5, 'tiny');
ROLLBACK;
SELECT vecprov_shards_needed(10000000, 0.5, 'tiny');
INSERT INTO vecprov.tiers (name, shard_bytes, keeps_vectors, units) VALUES ('', 1, false, 1);
INSERT INTO vecprov.tiers (name, shard_bytes, keeps_vectors, units) VALUES (repeat('x', 64), 1, false, 1);
INSERT INTO vecprov.tiers (name, shard_bytes, keeps_vectors, units) VALUES ('storage', 1, false, 1);
INSERT INTO vecprov.tiers (name, shard_bytes, keeps_vectors, units) VALUES ('x', 0, false, 1);
INSERT INTO vecprov.tiers (name, shard_bytes, keeps_vectors, units) VALUES ('x', 1, false, 0);

-- Everybody reads them, the owner of the extension changes them.
CREATE ROLE vecprov_stranger;
SET ROLE vecprov_stranger;
SELECT count(*) FROM vecprov.tiers WHERE shipped;
SELECT count(*) FROM vecprov.rates WHERE shipped;
INSERT INTO vecprov.tiers (name, shard_bytes, keeps_vectors, units) VALUES ('mine', 1, false, 1);
UPDATE vecprov.rates SET rate = 0;
RESET ROLE;
DROP ROLE vecprov_stranger;
