-- For tests of types: the extension, plain output, try() and receive().
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vecprov;
RESET client_min_messages;
\pset format unaligned
\pset tuples_only on

-- The value of an expression as text, or SQLSTATE and message of its error.
CREATE FUNCTION pg_temp.try(expression text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE 'SELECT (' || expression || ')::text' INTO result;
	RETURN coalesce(result, 'NULL');
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;

-- What COPY BINARY makes of the bytes of one field of a type: the value as text, and
-- whether it is sent as the same bytes again; or SQLSTATE and message of the error.
CREATE FUNCTION pg_temp.receive(field bytea, type text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	stream bytea := 'PGCOPY\012\377\015\012\000'::bytea || '\x00000000' || '\x00000000' ||
		'\x0001' || int4send(length(field)) || field || '\xffff';
	octal text := '';
	result text;
BEGIN
	FOR i IN 0 .. length(stream) - 1 LOOP
		octal := octal || '\' || get_byte(stream, i) / 64 || get_byte(stream, i) / 8 % 8 ||
			get_byte(stream, i) % 8;
	END LOOP;
	EXECUTE format('CREATE TEMP TABLE received (v %s)', type);
	EXECUTE format('COPY received FROM PROGRAM %L (FORMAT binary)', 'printf ''' || octal || '''');
	EXECUTE format('SELECT v::text || CASE WHEN %s_send(v) = $1 THEN '' same'' ELSE '' other'' END FROM received',
		split_part(type, '(', 1)) INTO result USING field;
	DROP TABLE received;
	RETURN result;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
