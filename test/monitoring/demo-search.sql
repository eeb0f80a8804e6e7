\set i random(1, 6000)
SET enable_seqscan = off;
SET vecprov.ef_search = 400;
SELECT id FROM items ORDER BY v <-> (SELECT v FROM items WHERE id = :i) LIMIT 10;
