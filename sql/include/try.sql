-- For tests of errors: the extension, plain output, and try().
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS vecprov;
RESET client_min_messages;
\pset format unaligned
\pset tuples_only on

-- OK, or SQLSTATE, message, detail and hint of the error; points in time and times to wait are masked. Of an
-- unknown function or operator the message alone: what the parser adds is different in PostgreSQL 19.
CREATE FUNCTION pg_temp.try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	detail text;
	hint text;
BEGIN
	EXECUTE statement;
	RETURN 'OK';
EXCEPTION WHEN undefined_function THEN
	RETURN concat_ws(' | ', SQLSTATE, SQLERRM);
WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN regexp_replace(regexp_replace(
		concat_ws(' | ', SQLSTATE, SQLERRM, nullif(detail, ''), nullif(hint, '')),
		'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?[-+ ]\S+', 'TIME', 'g'), 'Wait [1-9]\d* ms', 'Wait N ms');
END
$$;
