-- Tables and indexes whose index files are beside this script. It must go on making the same rows at the same places:
-- whoever changes it makes the files anew. Written by itself, from nothing that later tests may change.
CREATE FUNCTION sample(i int, dims int) RETURNS real[] LANGUAGE sql IMMUTABLE AS $$
	SELECT array_agg(((hashint4extended(i % 12, d) & 63) + (hashint4extended(i, d) & 31) - 48) / 16.0 ORDER BY d)::real[]
	FROM generate_series(1, dims) d
$$;
CREATE FUNCTION sparse(i int) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT '{' || string_agg(term || ':' || weight / 8.0, ',' ORDER BY term) || '}/1000' FROM
		(SELECT 1 + (hashint4extended(i % 12, d) & 15) * 60 + (hashint4extended(i, d) & 7) AS term,
			max(1 + (hashint4extended(i, d + 100) & 31)) AS weight
		FROM generate_series(1, 8) d GROUP BY 1) x
$$;

CREATE TABLE dense (id int, v vector(20), tenant int, kind text, tags int[]);
CREATE TABLE half (id int, v halfvec(20));
CREATE TABLE sparse (id int, v sparsevec(1000));
CREATE TABLE bits (id int, v bit(96));
CREATE TABLE shards (id int, v vector(20), tenant uuid, at date);

-- rows of the vectors first to last; `more` is added to their numbers
CREATE PROCEDURE add_rows(first int, last int, more int) LANGUAGE sql AS $$
	INSERT INTO dense SELECT i + more, CASE WHEN i % 37 > 0 THEN sample(i, 20)::vector END, i % 5,
		(ARRAY['a', 'letter', 'a longer text', NULL])[1 + i % 4], ARRAY[i % 7, i % 11] FROM generate_series(first, last) i;
	INSERT INTO half SELECT i + more, CASE WHEN i % 37 > 0 THEN (CASE WHEN i % 41 > 0 THEN sample(i, 20)
		ELSE array_fill(0::real, ARRAY[20]) END)::vector::halfvec END FROM generate_series(first, last) i;
	INSERT INTO sparse SELECT i + more, sparse(i)::sparsevec FROM generate_series(first, last) i;
	INSERT INTO bits SELECT i + more, binary_quantize(sample(i, 96)::vector)::bit(96) FROM generate_series(first, last) i;
	INSERT INTO shards SELECT i + more, sample(i, 20)::vector, md5((i % 3)::text)::uuid, '2026-01-01'::date + i % 30
		FROM generate_series(first, last) i;
$$;

-- Rows that CREATE INDEX finds, rows of inserts, equal vectors, rows that VACUUM takes out. Nothing is written after
-- VACUUM, nor are rows updated: where those go depends on what other processes see at the moment.
CALL add_rows(1, 160, 0);
CREATE INDEX dense_idx ON dense USING vecprov (v vector_l2_ops, tenant, kind, tags) WITH (m = 8);
CREATE INDEX half_idx ON half USING vecprov (v halfvec_cosine_ops) WITH (m = 8);
CREATE INDEX sparse_idx ON sparse USING vecprov (v sparsevec_ip_ops) WITH (m = 8);
CREATE INDEX bits_idx ON bits USING vecprov (v bit_hamming_ops) WITH (m = 8);
CREATE INDEX shards_idx ON shards USING vecprov (v vector_l2_ops, tenant, at)
	WITH (m = 8, namespaces = on, tier = 'r10', shards = 2);
CALL add_rows(161, 200, 0);
CALL add_rows(1, 10, 1000);
DELETE FROM dense WHERE id % 20 = 3;
DELETE FROM half WHERE id % 20 = 3;
DELETE FROM sparse WHERE id % 20 = 3;
DELETE FROM bits WHERE id % 20 = 3;
DELETE FROM shards WHERE id % 20 = 3;
VACUUM dense, half, sparse, bits, shards;
CHECKPOINT;
