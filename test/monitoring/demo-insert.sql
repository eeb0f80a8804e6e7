DO $$
BEGIN
	INSERT INTO items (v) SELECT any_vector() FROM generate_series(1, 8) i;
EXCEPTION WHEN configuration_limit_exceeded THEN
END $$;
