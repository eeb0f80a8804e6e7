-- Binary input and output of vector.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vecprov;
RESET client_min_messages;
\pset format unaligned
\pset tuples_only on

-- What COPY BINARY makes of the bytes of one field: as text, and sent again, or
-- SQLSTATE and message of the error.
CREATE TEMP TABLE received (v vector);
CREATE TEMP TABLE received3 (v vector(3));
CREATE FUNCTION pg_temp.receive(field bytea, target text DEFAULT 'received') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    stream bytea := 'PGCOPY\012\377\015\012\000'::bytea || '\x00000000' || '\x00000000' ||
        '\x0001' || int4send(length(field)) || field || '\xffff';
    octal text := '';
    result text;
BEGIN
    FOR i IN 0 .. length(stream) - 1 LOOP
        octal := octal || '\' || get_byte(stream, i) / 64 || get_byte(stream, i) / 8 % 8 || get_byte(stream, i) % 8;
    END LOOP;
    EXECUTE 'TRUNCATE ' || target;
    EXECUTE format('COPY %I FROM PROGRAM %L (FORMAT binary)', target, 'printf ''' || octal || '''');
    EXECUTE format('SELECT v::text || '' '' || CASE WHEN vector_send(v) = $1 THEN ''same'' ELSE ''other'' END FROM %I', target)
        INTO result USING field;
    RETURN result;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;

-- Output: int16 dimensions, int16 0, float4 each
SELECT vector_send('[1]');
SELECT vector_send('[1,-2.5,0,-0,1e-45,3.4028235e38]');
SELECT length(vector_send(array_fill(1, ARRAY[16000])::vector)), substr(vector_send(array_fill(1, ARRAY[16000])::vector), 1, 8);
SELECT vector_send(NULL);

-- There and back
SELECT pg_temp.receive(vector_send(v::vector)) FROM (VALUES ('[1]'), ('[1,-2.5,0,-0,1e-45,3.4028235e38]'), ('[0.1,0.2,0.3]')) t(v);
SELECT pg_temp.receive(vector_send(v::vector), 'received3') FROM (VALUES ('[1]'), ('[1,2,3]'), ('[1,2,3,4]')) t(v);
SELECT pg_temp.receive(vector_send(v)) = v::text || ' same' FROM (SELECT array_agg(i / 7.0)::vector FROM generate_series(1, 1000) i) t(v);

-- Rejected
SELECT field || ' -> ' || pg_temp.receive(decode(field, 'hex')) FROM (VALUES
    ('00000000'), ('ffff0000'), ('80000000'), ('3e810000'), ('7fff0000'),
    ('000100013f800000'), ('0001ffff3f800000'),
    ('000100007f800000'), ('00010000ff800000'), ('000100007fc00000'), ('00010000ffffffff'), ('000200003f8000007f800001'),
    (''), ('00'), ('0001'), ('00010000'), ('000100003f8000'), ('000200003f800000'),
    ('000100003f80000000'), ('000100003f8000003f800000')) t(field);
SELECT field || ' -> ' || pg_temp.receive(decode(field, 'hex'), 'received3') FROM (VALUES
    ('000200003f8000003f800000'), ('000000000000'), ('00020001')) t(field);
SELECT count(*) FROM received;
SELECT count(*) FROM received3;
