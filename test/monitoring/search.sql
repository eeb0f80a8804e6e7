\set i random(1, 1000)
SET enable_seqscan = off;
SELECT id FROM items ORDER BY v <-> ARRAY[:i, 1, 2, 3]::real[]::vector LIMIT 100;
SELECT id FROM others ORDER BY v <-> ARRAY[:i, 1, 2, 3]::real[]::vector LIMIT 1;
DO $$
BEGIN
	SET LOCAL ROLE writer;
	INSERT INTO items SELECT i, ARRAY[i, 1, 1, 1] FROM generate_series(1, 1000) i;
EXCEPTION WHEN configuration_limit_exceeded THEN
END $$;
INSERT INTO others VALUES (1, '[1,2,3,4]');
