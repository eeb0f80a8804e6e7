-- Operator classes of key columns: the types that conditions can be about, behind the vector. Their
-- support functions say how values are stored. Strategies are B-tree's, and 6 is <>.

CREATE OPERATOR FAMILY integer_ops USING vecprov;
COMMENT ON OPERATOR FAMILY integer_ops USING vecprov IS 'keys: integers of all sizes';

CREATE FUNCTION vecprov_int2_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_int2_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_int2_key() IS 'how int2_ops stores keys';

CREATE OPERATOR CLASS int2_ops
	DEFAULT FOR TYPE smallint USING vecprov FAMILY integer_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_int2_key();
COMMENT ON OPERATOR CLASS int2_ops USING vecprov IS 'keys of type smallint';

CREATE FUNCTION vecprov_int4_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_int4_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_int4_key() IS 'how int4_ops stores keys';

CREATE OPERATOR CLASS int4_ops
	DEFAULT FOR TYPE integer USING vecprov FAMILY integer_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_int4_key();
COMMENT ON OPERATOR CLASS int4_ops USING vecprov IS 'keys of type integer';

CREATE FUNCTION vecprov_int8_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_int8_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_int8_key() IS 'how int8_ops stores keys';

CREATE OPERATOR CLASS int8_ops
	DEFAULT FOR TYPE bigint USING vecprov FAMILY integer_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_int8_key();
COMMENT ON OPERATOR CLASS int8_ops USING vecprov IS 'keys of type bigint';

ALTER OPERATOR FAMILY integer_ops USING vecprov ADD
	OPERATOR 1 < (smallint, integer),
	OPERATOR 2 <= (smallint, integer),
	OPERATOR 3 = (smallint, integer),
	OPERATOR 4 >= (smallint, integer),
	OPERATOR 5 > (smallint, integer),
	OPERATOR 6 <> (smallint, integer),
	OPERATOR 1 < (smallint, bigint),
	OPERATOR 2 <= (smallint, bigint),
	OPERATOR 3 = (smallint, bigint),
	OPERATOR 4 >= (smallint, bigint),
	OPERATOR 5 > (smallint, bigint),
	OPERATOR 6 <> (smallint, bigint),
	OPERATOR 1 < (integer, smallint),
	OPERATOR 2 <= (integer, smallint),
	OPERATOR 3 = (integer, smallint),
	OPERATOR 4 >= (integer, smallint),
	OPERATOR 5 > (integer, smallint),
	OPERATOR 6 <> (integer, smallint),
	OPERATOR 1 < (integer, bigint),
	OPERATOR 2 <= (integer, bigint),
	OPERATOR 3 = (integer, bigint),
	OPERATOR 4 >= (integer, bigint),
	OPERATOR 5 > (integer, bigint),
	OPERATOR 6 <> (integer, bigint),
	OPERATOR 1 < (bigint, smallint),
	OPERATOR 2 <= (bigint, smallint),
	OPERATOR 3 = (bigint, smallint),
	OPERATOR 4 >= (bigint, smallint),
	OPERATOR 5 > (bigint, smallint),
	OPERATOR 6 <> (bigint, smallint),
	OPERATOR 1 < (bigint, integer),
	OPERATOR 2 <= (bigint, integer),
	OPERATOR 3 = (bigint, integer),
	OPERATOR 4 >= (bigint, integer),
	OPERATOR 5 > (bigint, integer),
	OPERATOR 6 <> (bigint, integer);

CREATE OPERATOR FAMILY float_ops USING vecprov;
COMMENT ON OPERATOR FAMILY float_ops USING vecprov IS 'keys: reals of both sizes';

CREATE FUNCTION vecprov_float4_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_float4_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_float4_key() IS 'how float4_ops stores keys';

CREATE OPERATOR CLASS float4_ops
	DEFAULT FOR TYPE real USING vecprov FAMILY float_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_float4_key();
COMMENT ON OPERATOR CLASS float4_ops USING vecprov IS 'keys of type real';

CREATE FUNCTION vecprov_float8_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_float8_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_float8_key() IS 'how float8_ops stores keys';

CREATE OPERATOR CLASS float8_ops
	DEFAULT FOR TYPE double precision USING vecprov FAMILY float_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_float8_key();
COMMENT ON OPERATOR CLASS float8_ops USING vecprov IS 'keys of type double precision';

ALTER OPERATOR FAMILY float_ops USING vecprov ADD
	OPERATOR 1 < (real, double precision),
	OPERATOR 2 <= (real, double precision),
	OPERATOR 3 = (real, double precision),
	OPERATOR 4 >= (real, double precision),
	OPERATOR 5 > (real, double precision),
	OPERATOR 6 <> (real, double precision),
	OPERATOR 1 < (double precision, real),
	OPERATOR 2 <= (double precision, real),
	OPERATOR 3 = (double precision, real),
	OPERATOR 4 >= (double precision, real),
	OPERATOR 5 > (double precision, real),
	OPERATOR 6 <> (double precision, real);

CREATE OPERATOR FAMILY datetime_ops USING vecprov;
COMMENT ON OPERATOR FAMILY datetime_ops USING vecprov IS 'keys: dates and timestamps';

CREATE FUNCTION vecprov_date_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_date_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_date_key() IS 'how date_ops stores keys';

CREATE OPERATOR CLASS date_ops
	DEFAULT FOR TYPE date USING vecprov FAMILY datetime_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_date_key();
COMMENT ON OPERATOR CLASS date_ops USING vecprov IS 'keys of type date';

CREATE FUNCTION vecprov_timestamp_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_timestamp_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_timestamp_key() IS 'how timestamp_ops stores keys';

CREATE OPERATOR CLASS timestamp_ops
	DEFAULT FOR TYPE timestamp without time zone USING vecprov FAMILY datetime_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_timestamp_key();
COMMENT ON OPERATOR CLASS timestamp_ops USING vecprov IS 'keys of type timestamp without time zone';

CREATE FUNCTION vecprov_timestamptz_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_timestamptz_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_timestamptz_key() IS 'how timestamptz_ops stores keys';

CREATE OPERATOR CLASS timestamptz_ops
	DEFAULT FOR TYPE timestamp with time zone USING vecprov FAMILY datetime_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_timestamptz_key();
COMMENT ON OPERATOR CLASS timestamptz_ops USING vecprov IS 'keys of type timestamp with time zone';

ALTER OPERATOR FAMILY datetime_ops USING vecprov ADD
	OPERATOR 1 < (date, timestamp without time zone),
	OPERATOR 2 <= (date, timestamp without time zone),
	OPERATOR 3 = (date, timestamp without time zone),
	OPERATOR 4 >= (date, timestamp without time zone),
	OPERATOR 5 > (date, timestamp without time zone),
	OPERATOR 6 <> (date, timestamp without time zone),
	OPERATOR 1 < (date, timestamp with time zone),
	OPERATOR 2 <= (date, timestamp with time zone),
	OPERATOR 3 = (date, timestamp with time zone),
	OPERATOR 4 >= (date, timestamp with time zone),
	OPERATOR 5 > (date, timestamp with time zone),
	OPERATOR 6 <> (date, timestamp with time zone),
	OPERATOR 1 < (timestamp without time zone, date),
	OPERATOR 2 <= (timestamp without time zone, date),
	OPERATOR 3 = (timestamp without time zone, date),
	OPERATOR 4 >= (timestamp without time zone, date),
	OPERATOR 5 > (timestamp without time zone, date),
	OPERATOR 6 <> (timestamp without time zone, date),
	OPERATOR 1 < (timestamp without time zone, timestamp with time zone),
	OPERATOR 2 <= (timestamp without time zone, timestamp with time zone),
	OPERATOR 3 = (timestamp without time zone, timestamp with time zone),
	OPERATOR 4 >= (timestamp without time zone, timestamp with time zone),
	OPERATOR 5 > (timestamp without time zone, timestamp with time zone),
	OPERATOR 6 <> (timestamp without time zone, timestamp with time zone),
	OPERATOR 1 < (timestamp with time zone, date),
	OPERATOR 2 <= (timestamp with time zone, date),
	OPERATOR 3 = (timestamp with time zone, date),
	OPERATOR 4 >= (timestamp with time zone, date),
	OPERATOR 5 > (timestamp with time zone, date),
	OPERATOR 6 <> (timestamp with time zone, date),
	OPERATOR 1 < (timestamp with time zone, timestamp without time zone),
	OPERATOR 2 <= (timestamp with time zone, timestamp without time zone),
	OPERATOR 3 = (timestamp with time zone, timestamp without time zone),
	OPERATOR 4 >= (timestamp with time zone, timestamp without time zone),
	OPERATOR 5 > (timestamp with time zone, timestamp without time zone),
	OPERATOR 6 <> (timestamp with time zone, timestamp without time zone);

CREATE FUNCTION vecprov_bool_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_bool_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_bool_key() IS 'how bool_ops stores keys';

CREATE OPERATOR CLASS bool_ops
	DEFAULT FOR TYPE boolean USING vecprov AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_bool_key();
COMMENT ON OPERATOR CLASS bool_ops USING vecprov IS 'keys of type boolean';

CREATE FUNCTION vecprov_oid_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_oid_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_oid_key() IS 'how oid_ops stores keys';

CREATE OPERATOR CLASS oid_ops
	DEFAULT FOR TYPE oid USING vecprov AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_oid_key();
COMMENT ON OPERATOR CLASS oid_ops USING vecprov IS 'keys of type oid';

CREATE FUNCTION vecprov_money_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_money_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_money_key() IS 'how money_ops stores keys';

CREATE OPERATOR CLASS money_ops
	DEFAULT FOR TYPE money USING vecprov AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_money_key();
COMMENT ON OPERATOR CLASS money_ops USING vecprov IS 'keys of type money';

CREATE FUNCTION vecprov_time_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_time_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_time_key() IS 'how time_ops stores keys';

CREATE OPERATOR CLASS time_ops
	DEFAULT FOR TYPE time without time zone USING vecprov AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_time_key();
COMMENT ON OPERATOR CLASS time_ops USING vecprov IS 'keys of type time without time zone';

CREATE FUNCTION vecprov_interval_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_interval_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_interval_key() IS 'how interval_ops stores keys';

CREATE OPERATOR CLASS interval_ops
	DEFAULT FOR TYPE interval USING vecprov AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_interval_key();
COMMENT ON OPERATOR CLASS interval_ops USING vecprov IS 'keys of type interval';

CREATE FUNCTION vecprov_numeric_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_numeric_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_numeric_key() IS 'how numeric_ops stores keys';

CREATE OPERATOR CLASS numeric_ops
	DEFAULT FOR TYPE numeric USING vecprov AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_numeric_key();
COMMENT ON OPERATOR CLASS numeric_ops USING vecprov IS 'keys of type numeric';

CREATE FUNCTION vecprov_enum_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_enum_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_enum_key() IS 'how enum_ops stores keys';

CREATE OPERATOR CLASS enum_ops
	DEFAULT FOR TYPE anyenum USING vecprov AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_enum_key();
COMMENT ON OPERATOR CLASS enum_ops USING vecprov IS 'keys of enumerated types';

CREATE FUNCTION vecprov_uuid_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_uuid_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_uuid_key() IS 'how uuid_ops stores keys';

CREATE OPERATOR CLASS uuid_ops
	DEFAULT FOR TYPE uuid USING vecprov AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_uuid_key();
COMMENT ON OPERATOR CLASS uuid_ops USING vecprov IS 'keys of type uuid';

CREATE FUNCTION vecprov_inet_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_inet_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_inet_key() IS 'how inet_ops stores keys';

CREATE OPERATOR CLASS inet_ops
	DEFAULT FOR TYPE inet USING vecprov AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_inet_key();
COMMENT ON OPERATOR CLASS inet_ops USING vecprov IS 'keys of types inet and cidr';

CREATE FUNCTION vecprov_bytea_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_bytea_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_bytea_key() IS 'how bytea_ops stores keys';

CREATE OPERATOR CLASS bytea_ops
	DEFAULT FOR TYPE bytea USING vecprov AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_bytea_key();
COMMENT ON OPERATOR CLASS bytea_ops USING vecprov IS 'keys of type bytea';

CREATE FUNCTION vecprov_text_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_text_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_text_key() IS 'how text_ops stores keys';

CREATE OPERATOR CLASS text_ops
	DEFAULT FOR TYPE text USING vecprov AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_text_key();
COMMENT ON OPERATOR CLASS text_ops USING vecprov IS 'keys of types text and character varying';

CREATE FUNCTION vecprov_bpchar_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_bpchar_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_bpchar_key() IS 'how bpchar_ops stores keys';

CREATE OPERATOR CLASS bpchar_ops
	DEFAULT FOR TYPE character USING vecprov AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	OPERATOR 6 <>,
	FUNCTION 2 vecprov_bpchar_key();
COMMENT ON OPERATOR CLASS bpchar_ops USING vecprov IS 'keys of type character';

-- Elements are compared as the class of their type does.
CREATE FUNCTION vecprov_array_key() RETURNS integer
	AS 'MODULE_PATHNAME', 'vecprov_array_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vecprov_array_key() IS 'how array_ops stores keys';

CREATE OPERATOR CLASS array_ops
	DEFAULT FOR TYPE anyarray USING vecprov AS
	OPERATOR 1 &&,
	OPERATOR 2 @>,
	OPERATOR 3 <@,
	OPERATOR 4 =,
	FUNCTION 2 vecprov_array_key();
COMMENT ON OPERATOR CLASS array_ops USING vecprov IS 'keys of arrays of types that have keys';
