-- The access method as the catalog shows it: operator classes, properties, and what a wrong
-- operator class is told.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vecprov;
RESET client_min_messages;
\set VERBOSITY terse

SELECT opcname, opcintype::regtype, opcdefault, amvalidate(c.oid)
FROM pg_opclass c JOIN pg_am a ON a.oid = opcmethod
WHERE amname = 'vecprov' AND opcname LIKE 'vector%' ORDER BY opcname COLLATE "C";

-- Those of vectors order by double precision.
SELECT opcname, amopopr::regoperator, amoppurpose, oprresult::regtype
FROM pg_opclass c JOIN pg_am a ON a.oid = opcmethod JOIN pg_amop o ON amopfamily = opcfamily
JOIN pg_operator p ON p.oid = amopopr
WHERE amname = 'vecprov' AND opcname LIKE 'vector%' AND amoppurpose = 'o' ORDER BY opcname COLLATE "C";

-- Those of keys compare: the default class of each type
SELECT opcname, opcintype::regtype, opcdefault, amvalidate(c.oid), opfname,
	(SELECT string_agg(oprname, ' ' ORDER BY amopstrategy) FROM pg_amop o JOIN pg_operator p ON p.oid = amopopr
		WHERE amopfamily = f.oid AND amoplefttype = opcintype AND amoprighttype = opcintype) AS operators
FROM pg_opclass c JOIN pg_am a ON a.oid = opcmethod JOIN pg_opfamily f ON f.oid = opcfamily
WHERE amname = 'vecprov' AND EXISTS (SELECT FROM pg_amproc WHERE amprocfamily = f.oid AND amprocnum = 2) ORDER BY opcname COLLATE "C";
SELECT opfname, count(*) AS operators FROM pg_opfamily f JOIN pg_am a ON a.oid = opfmethod JOIN pg_amop o ON amopfamily = f.oid
WHERE amname = 'vecprov' AND amoplefttype <> amoprighttype AND amoplefttype <> 'anynonarray'::regtype GROUP BY 1 ORDER BY opfname COLLATE "C";

SELECT name, pg_indexam_has_property(a.oid, name) FROM pg_am a,
	unnest(ARRAY['can_order', 'can_unique', 'can_multi_col', 'can_exclude', 'can_include']) name
WHERE amname = 'vecprov';

CREATE TABLE opclass_items (id integer, v vector(3));
CREATE INDEX opclass_idx ON opclass_items USING vecprov (v);
SELECT name, pg_index_has_property('opclass_idx', name)
FROM unnest(ARRAY['clusterable', 'index_scan', 'bitmap_scan', 'backward_scan']) name;
CREATE INDEX opclass_key_idx ON opclass_items USING vecprov (v, id);
SELECT name, pg_index_column_has_property('opclass_key_idx', 1, name) AS of_vector, pg_index_column_has_property('opclass_key_idx', 2, name) AS of_key
FROM unnest(ARRAY['orderable', 'distance_orderable', 'returnable', 'search_array', 'search_nulls']) name;

-- vector_l2_ops is the default, and the index says so of the others.
CREATE INDEX opclass_ip_idx ON opclass_items USING vecprov (v vector_ip_ops) WITH (m = 8, ef_construction = 20);
SELECT pg_get_indexdef('opclass_idx'::regclass);
SELECT pg_get_indexdef('opclass_ip_idx'::regclass);

-- What the access method cannot do
CREATE UNIQUE INDEX ON opclass_items USING vecprov (v);
CREATE INDEX ON opclass_items USING vecprov (v, v vector_ip_ops);
CREATE INDEX ON opclass_items USING vecprov (v) INCLUDE (id);
-- (as a notice: since 19, the error has a position)
DO $$
BEGIN
	CREATE INDEX ON opclass_items USING vecprov (v DESC);
EXCEPTION WHEN feature_not_supported THEN
	RAISE NOTICE '%', SQLERRM;
END
$$;
CREATE INDEX ON opclass_items USING vecprov (id);
CREATE INDEX ON opclass_items USING vecprov (v float4_ops);
-- From 17 on types are named as if search_path were pg_catalog; before, as search_path has it.
SET search_path = pg_catalog;
ALTER TABLE public.opclass_items ADD EXCLUDE USING vecprov (v WITH OPERATOR(public.=));
RESET search_path;
CLUSTER opclass_items USING opclass_idx;

-- Operator classes that are not one are found out by amvalidate.
CREATE FUNCTION opclass_two(integer) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT 1';
CREATE OPERATOR CLASS opclass_no_function FOR TYPE vector USING vecprov AS
	OPERATOR 1 <-> (vector, vector) FOR ORDER BY float_ops;
CREATE OPERATOR CLASS opclass_wrong_function FOR TYPE vector USING vecprov AS
	OPERATOR 1 <-> (vector, vector) FOR ORDER BY float_ops,
	FUNCTION 1 opclass_two(integer);
CREATE OPERATOR CLASS opclass_search_operator FOR TYPE vector USING vecprov AS
	OPERATOR 1 = (vector, vector),
	FUNCTION 1 vecprov_vector_l2_metric();
CREATE OPERATOR CLASS opclass_strategy FOR TYPE vector USING vecprov AS
	OPERATOR 3 <-> (vector, vector) FOR ORDER BY float_ops,
	FUNCTION 1 vecprov_vector_l2_metric();
CREATE OPERATOR CLASS opclass_two_functions FOR TYPE vector USING vecprov AS
	OPERATOR 1 <-> (vector, vector) FOR ORDER BY float_ops,
	FUNCTION 1 vecprov_vector_l2_metric(),
	FUNCTION 2 vecprov_int4_key();
CREATE OPERATOR CLASS opclass_key_order FOR TYPE vector USING vecprov AS
	OPERATOR 1 <-> (vector, vector) FOR ORDER BY float_ops,
	FUNCTION 2 vecprov_int4_key();
CREATE OPERATOR CLASS opclass_key_strategy FOR TYPE integer USING vecprov AS
	OPERATOR 7 =,
	FUNCTION 2 vecprov_int4_key();
CREATE FUNCTION opclass_no_form() RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT 100';
CREATE OPERATOR CLASS opclass_no_form FOR TYPE integer USING vecprov AS
	OPERATOR 3 =,
	FUNCTION 2 opclass_no_form();
CREATE INDEX ON opclass_items USING vecprov (v, id opclass_no_form);
CREATE OPERATOR CLASS opclass_no_operator FOR TYPE vector USING vecprov AS
	FUNCTION 1 vecprov_vector_l2_metric();
SELECT opcname, amvalidate(c.oid)
FROM pg_opclass c JOIN pg_am a ON a.oid = opcmethod
WHERE amname = 'vecprov' AND opcname LIKE 'opclass%' ORDER BY opcname COLLATE "C";

DROP TABLE opclass_items;
DROP OPERATOR FAMILY opclass_no_function USING vecprov;
DROP OPERATOR FAMILY opclass_wrong_function USING vecprov;
DROP OPERATOR FAMILY opclass_search_operator USING vecprov;
DROP OPERATOR FAMILY opclass_strategy USING vecprov;
DROP OPERATOR FAMILY opclass_no_operator USING vecprov;
DROP OPERATOR FAMILY opclass_two_functions USING vecprov;
DROP OPERATOR FAMILY opclass_key_order USING vecprov;
DROP OPERATOR FAMILY opclass_key_strategy USING vecprov;
DROP OPERATOR FAMILY opclass_no_form USING vecprov;
DROP FUNCTION opclass_no_form();
DROP FUNCTION opclass_two(integer);

-- A type that uses another one's operator class and has an equality of its own, as citext, is no key,
-- nor are arrays of it.
CREATE TYPE opclass_word;
SET client_min_messages = warning;
CREATE FUNCTION opclass_word_in(cstring) RETURNS opclass_word LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION opclass_word_out(opclass_word) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
RESET client_min_messages;
CREATE TYPE opclass_word (INPUT = opclass_word_in, OUTPUT = opclass_word_out, LIKE = text, COLLATABLE = true);
CREATE CAST (opclass_word AS text) WITHOUT FUNCTION AS IMPLICIT;
CREATE TABLE opclass_words (id integer, name opclass_word, names opclass_word[], v vector(2));
INSERT INTO opclass_words VALUES (1, 'a', '{a}', '[1,2]'), (2, 'A', '{A,b}', '[2,1]');
-- by text's equality they are
CREATE INDEX opclass_words_v ON opclass_words USING vecprov (v vector_l2_ops, name, names);
DROP INDEX opclass_words_v;
CREATE FUNCTION opclass_word_eq(opclass_word, opclass_word) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT
	AS 'SELECT lower($1::text) = lower($2::text)';
CREATE FUNCTION opclass_word_compare(opclass_word, opclass_word) RETURNS integer LANGUAGE sql IMMUTABLE STRICT
	AS 'SELECT bttextcmp(lower($1::text), lower($2::text))';
CREATE OPERATOR = (LEFTARG = opclass_word, RIGHTARG = opclass_word, FUNCTION = opclass_word_eq);
CREATE OPERATOR CLASS opclass_word_ops DEFAULT FOR TYPE opclass_word USING btree AS
	OPERATOR 3 = (opclass_word, opclass_word), FUNCTION 1 opclass_word_compare(opclass_word, opclass_word);
\c -
SET search_path = pg_catalog;
CREATE INDEX ON public.opclass_words USING vecprov (v public.vector_l2_ops, name);
CREATE INDEX ON public.opclass_words USING vecprov (v public.vector_l2_ops, names);
RESET search_path;
CREATE INDEX ON opclass_words USING vecprov (v vector_l2_ops, lower(name::text));
DROP TABLE opclass_words;
SET client_min_messages = warning;
DROP TYPE opclass_word CASCADE;
RESET client_min_messages;
