-- One index with little room.
CREATE EXTENSION vecprov;
CREATE ROLE watcher LOGIN IN ROLE pg_monitor;
INSERT INTO vecprov.tiers VALUES ('demo', 2000000, false, 1);
CREATE TABLE items (id serial PRIMARY KEY, v vector(64));
CREATE FUNCTION any_vector() RETURNS vector LANGUAGE sql VOLATILE
	AS $$ SELECT array_agg(random())::real[]::vector FROM generate_series(1, 64) $$;
INSERT INTO items (v) SELECT any_vector() FROM generate_series(1, 6000) i;
CREATE INDEX items_v_idx ON items USING vecprov (v) WITH (tier = demo);
SELECT vecprov_wait('items_v_idx', '60 s');
