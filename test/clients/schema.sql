-- What the tests of schema tools begin with: a table of the application's, with an index of vecprov.
CREATE EXTENSION vecprov;
CREATE TABLE items (
	id serial PRIMARY KEY,
	label text,
	embedding vector(3)
);
CREATE INDEX items_embedding_idx ON items USING vecprov (embedding vector_l2_ops) WITH (tier = r10);
CREATE VIEW labels AS SELECT label FROM items;
