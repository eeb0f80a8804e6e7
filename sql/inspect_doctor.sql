-- vecprov_doctor: a row for each thing it looks at, with what to type.  What depends on the machine (memory,
-- huge pages, workers) is in test/t/043_doctor.pl.
SET client_min_messages = warning;
SET vecprov.tier_change_interval = 0;
SET vecprov.scale_change_interval = 0;

SELECT item, regexp_replace(state, '\d+\.\d+\.\d+', 'X', 'g') AS state, advice
	FROM vecprov_doctor() WHERE item IN ('library', 'versions');

CREATE FUNCTION doctor_of(pattern text, OUT item text, OUT state text, OUT advice text) RETURNS SETOF record LANGUAGE sql
	BEGIN ATOMIC SELECT * FROM vecprov_doctor() d WHERE d.item LIKE $1; END;

-- a build that has failed
CREATE TABLE doctored (id integer, v vector(3));
CREATE FUNCTION doctored_vector(v vector) RETURNS vector LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	IF current_setting('doctor.fails', true) = 'on' THEN
		RAISE EXCEPTION 'it fails';
	END IF;
	RETURN v;
END;
$$;
INSERT INTO doctored SELECT i, ARRAY[i, 1, 2]::vector FROM generate_series(1, 100) i;
SET doctor.fails = on;
CREATE INDEX CONCURRENTLY doctored_idx ON doctored USING vecprov ((doctored_vector(v)::vector(3)));
RESET doctor.fails;
SELECT * FROM doctor_of('index %doctored_idx');
SELECT advice FROM doctor_of('index %doctored_idx') \gexec
SELECT * FROM doctor_of('index %doctored_idx');

-- never analyzed: an index on an empty table that has been filled since
CREATE TABLE doctored_late (v vector(3));
CREATE INDEX ON doctored_late USING vecprov (v);
INSERT INTO doctored_late SELECT v FROM doctored;
UPDATE pg_class SET reltuples = -1 WHERE relname = 'doctored_late';
SELECT advice FROM doctor_of('index %doctored_late_v_idx');
SELECT advice FROM doctor_of('index %doctored_late_v_idx') \gexec
SELECT advice FROM doctor_of('index %doctored_late_v_idx');

-- suspended; and an owner who may not provision
CREATE INDEX doctored_suspended ON doctored USING vecprov (v) WITH (tier = r10, replicas = 0);
SELECT * FROM doctor_of('index %doctored_suspended');
SELECT advice FROM doctor_of('index %doctored_suspended') \gexec
SELECT advice FROM doctor_of('index %doctored_suspended');
SELECT replicas FROM vecprov.indexes WHERE index = 'doctored_suspended'::regclass;
CREATE ROLE regress_doctored;
ALTER TABLE doctored OWNER TO regress_doctored;
SELECT * FROM doctor_of('index %doctored_suspended');
SELECT advice FROM doctor_of('index %doctored_suspended') \gexec
SELECT * FROM doctor_of('index %doctored_suspended');
REVOKE SET ON PARAMETER vecprov.provision FROM regress_doctored;

-- rows filtered by what is no key
CREATE TABLE doctored_keys (id integer, kind integer, v vector(3));
INSERT INTO doctored_keys SELECT i, i % 7, ARRAY[i, 1, 2]::vector FROM generate_series(1, 1000) i;
CREATE INDEX doctored_no_key ON doctored_keys USING vecprov (v vector_cosine_ops) WITH (m = 20) WHERE id > 0;
SELECT advice FROM doctor_of('index %doctored_no_key');
SET enable_seqscan = off;
SELECT count(*) FROM (SELECT id FROM doctored_keys WHERE id > 0 AND kind = 3 ORDER BY v <=> '[1,2,3]' LIMIT 100) r;
SELECT advice FROM doctor_of('index %doctored_no_key');
SELECT advice FROM doctor_of('index %doctored_no_key') \gexec
\d doctored_keys

-- settings of pgvector that mean nothing here
ALTER ROLE regress_doctored SET hnsw.ef_search = 99;
SELECT state, advice FROM vecprov_doctor() WHERE item = 'settings' AND state LIKE '%regress%';
SELECT advice FROM vecprov_doctor() WHERE item = 'settings' AND state LIKE '%regress%' \gexec
SELECT state, advice FROM vecprov_doctor() WHERE item = 'settings' AND state LIKE '%regress%';

-- everybody may ask
SET ROLE regress_doctored;
SELECT state FROM vecprov_doctor() WHERE item = 'library';
SELECT count(*) FROM vecprov_doctor() WHERE item = 'memory';
RESET ROLE;

-- nothing of pgvector is here
SELECT * FROM vecprov_adopt_database();
-- what the comment of an index says is only taken for the way back if it is that
COMMENT ON INDEX doctored_no_key IS 'in place of: SELECT 1';
SELECT * FROM vecprov_adopt_database();
COMMENT ON INDEX doctored_no_key IS 'in place of: CREATE INDEX x ON public.doctored_keys USING hnsw (v); SELECT 1';
SELECT * FROM vecprov_adopt_database();
COMMENT ON INDEX doctored_no_key IS 'in place of: CREATE INDEX x ON public.others USING hnsw (v)';
SELECT * FROM vecprov_adopt_database();
COMMENT ON INDEX doctored_no_key IS NULL;
SELECT vecprov_compare('doctored_no_key', 'doctored_idx');
CREATE INDEX doctored_plain ON doctored_keys (id);
SELECT vecprov_compare('doctored_no_key', 'doctored_plain');
CREATE INDEX doctored_l2 ON doctored_keys USING vecprov (v) WHERE id > 0;
SELECT vecprov_compare('doctored_no_key', 'doctored_l2');
CREATE INDEX doctored_same ON doctored_keys USING vecprov (v) WITH (m = 8) WHERE id > 0;
SELECT recall > 0.9, other_recall > 0.9 FROM vecprov_compare('doctored_l2', 'doctored_same');
CREATE INDEX doctored_all ON doctored_keys USING vecprov (v);
SELECT vecprov_compare('doctored_l2', 'doctored_all');
SET ROLE regress_doctored;
SELECT vecprov_compare('doctored_l2', 'doctored_same');
RESET ROLE;

DROP TABLE doctored, doctored_late, doctored_keys;
DROP FUNCTION doctor_of, doctored_vector;
DROP ROLE regress_doctored;
