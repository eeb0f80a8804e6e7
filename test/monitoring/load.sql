-- What is watched: an index that is nearly full, has fewer workers than it is promised, refuses writes,
-- and gets more searches than it has seats (search.sql).
CREATE EXTENSION vecprov;
CREATE ROLE watcher LOGIN IN ROLE pg_monitor;
CREATE ROLE writer;
INSERT INTO vecprov.tiers VALUES ('small', 56000, false, 1);
CREATE TABLE items (id int, v vector(4));
CREATE INDEX items_v_idx ON items USING vecprov (v) WITH (tier = small);
INSERT INTO items SELECT i, ARRAY[i, i % 7, i % 11, 1] FROM generate_series(1, 2700) i;
GRANT INSERT, SELECT ON items TO writer;
SELECT vecprov_wait('items_v_idx', '60 s');
CREATE TABLE others (id int, v vector(4));
CREATE INDEX others_v_idx ON others USING vecprov (v) WITH (tier = r40, replicas = 100);
INSERT INTO others SELECT i, ARRAY[i, i % 7, i % 11, 1] FROM generate_series(1, 100) i;
