-- Short texts as sparse vectors: most pairs have no term in common, so that it is landmarks that lead a
-- search to its terms. Without them recall of these is about 0.7.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vecprov;
RESET client_min_messages;
\set VERBOSITY terse
SET jit = off;
SET enable_seqscan = off;

-- text(i): 4 to 11 terms of 20,000 by Zipf's law, weighing the more the rarer they are.
CREATE FUNCTION pg_temp.text(i integer) RETURNS sparsevec LANGUAGE sql IMMUTABLE AS $$
	SELECT ('{' || string_agg(word || ':' || weight, ',') || '}/20000')::sparsevec
	FROM (SELECT word, (count(*) * ln(2.0 + word))::real AS weight
		FROM (SELECT floor(20000 ^ (((hashint4extended(i, n) >> 20) & 1048575) / 1048576.0))::integer AS word
			FROM generate_series(1, 4 + i % 8) n) w
		GROUP BY word) c
$$;
CREATE TABLE texts (id integer, v sparsevec(20000)) WITH (autovacuum_enabled = off);
INSERT INTO texts SELECT i, pg_temp.text(i) FROM generate_series(1, 6000) i;
CREATE INDEX texts_cosine ON texts USING vecprov (v sparsevec_cosine_ops);
CREATE INDEX texts_l1 ON texts USING vecprov (v sparsevec_l1_ops);
-- one to which rows come one by one, so that pages of landmarks are divided
CREATE TABLE grown (LIKE texts) WITH (autovacuum_enabled = off);
CREATE INDEX grown_l2 ON grown USING vecprov (v sparsevec_l2_ops);
INSERT INTO grown SELECT * FROM texts;

-- At the default settings; and is the index sound?
CREATE FUNCTION pg_temp.look(OUT index regclass, OUT recall text, OUT sound boolean)
RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
	measured float8;
BEGIN
	FOR index IN SELECT i FROM unnest('{texts_cosine,texts_l1,grown_l2}'::regclass[]) i LOOP
		measured := vecprov_recall(index, 10, 100);
		recall := CASE WHEN measured >= 0.95 THEN 'enough' ELSE measured::text END;
		SELECT count(*) = 0 INTO sound FROM vecprov_check(index, true);
		RETURN NEXT;
	END LOOP;
END
$$;
SELECT * FROM pg_temp.look();

-- Most rows go, and with them most landmarks: others take their places. Then others come.
DELETE FROM texts WHERE id % 10 < 7;
DELETE FROM grown WHERE id % 10 < 7;
VACUUM texts, grown;
SELECT * FROM pg_temp.look();
INSERT INTO texts SELECT i, pg_temp.text(i) FROM generate_series(10001, 14000) i;
INSERT INTO grown SELECT i, pg_temp.text(i) FROM generate_series(10001, 14000) i;
SELECT * FROM pg_temp.look();
-- All rows but one go, and its terms are found.
DELETE FROM texts WHERE id <> 10007;
VACUUM texts;
SELECT id FROM texts ORDER BY v <=> pg_temp.text(10007) LIMIT 5;
SELECT * FROM vecprov_check('texts_cosine', true);
DROP TABLE texts, grown;
