# Random writers, some of which roll back, and changes of capacity beside
# them: whenever no transaction is open, what the index holds is the sum over
# its rows, before VACUUM too, as long as rows were only inserted and updated.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seconds = $ENV{VECPROV_SOAK_SECONDS} || 2;
my $rounds  = $ENV{VECPROV_SOAK_ROUNDS} || 6;

my $node = vecprov_node('main');
$node->append_conf('postgresql.conf', <<'EOC');
max_connections = 150
EOC
$node->start;
$node->safe_psql('postgres', <<'EOS');
CREATE EXTENSION vecprov;
INSERT INTO vecprov.tiers (name, shard_bytes, keeps_vectors, units) VALUES ('tiny', 60000, false, 1);
CREATE TABLE items (id bigint PRIMARY KEY, v vector(4), body text) WITH (fillfactor = 70);
CREATE SEQUENCE ids;
CREATE FUNCTION random_vector() RETURNS vector LANGUAGE sql VOLATILE AS
	$$ SELECT ARRAY[random(), random(), random(), random()]::real[]::vector $$;
CREATE FUNCTION random_body() RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT repeat('x', (random() * 100)::int) $$;
CREATE FUNCTION random_rows(n int) RETURNS SETOF items LANGUAGE sql VOLATILE AS
	$$ SELECT nextval('ids'), random_vector(), random_body() FROM generate_series(1, n) $$;
-- what leaves rows that only VACUUM takes off, or measures, is done if `all_ways` is set
CREATE FUNCTION write_something(all_ways bool) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	what float := random();
	chosen bigint := (random() * 1000)::int;
BEGIN
	IF what < 0.4 THEN
		INSERT INTO items SELECT * FROM random_rows((random() * 10)::int);
	ELSIF what < 0.6 OR NOT all_ways THEN
		UPDATE items SET v = random_vector(), body = random_body() WHERE id = chosen;
	ELSIF what < 0.7 THEN
		UPDATE items SET body = random_body() WHERE id = chosen;
	ELSIF what < 0.8 THEN
		INSERT INTO items VALUES (chosen, random_vector(), random_body()) ON CONFLICT (id) DO UPDATE SET v = excluded.v, body = excluded.body;
	ELSIF what < 0.9 THEN
		DELETE FROM items WHERE id IN (chosen, chosen + 1, chosen + 2);
	ELSE
		UPDATE items SET v = CASE WHEN v IS NULL THEN random_vector() END WHERE id = chosen;
	END IF;
END $$;
CREATE PROCEDURE write_some(all_ways bool) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. (random() * 4)::int LOOP
		BEGIN
			PERFORM write_something(all_ways);
			IF random() < 0.3 THEN RAISE 'no'; END IF;
		EXCEPTION WHEN raise_exception OR configuration_limit_exceeded OR unique_violation OR deadlock_detected THEN NULL;
		END;
	END LOOP;
	IF random() < 0.3 THEN ROLLBACK; END IF;
END $$;
INSERT INTO items SELECT * FROM random_rows(300);
CREATE INDEX items_idx ON items USING vecprov (v) WITH (tier = tiny);
EOS

sub sizes
{
	return $node->safe_psql('postgres', <<'EOS');
SELECT f.records - count(*), f.index_size - sum(24 + octet_length(body)),
	(SELECT count(*) FROM vecprov_check('items_idx', true))
FROM items, vecprov_facts('items_idx', true) f WHERE v IS NOT NULL GROUP BY f.records, f.index_size
EOS
}

# Clients that write for some time, and how many there are
sub write_for_a_while
{
	my ($clients, $all) = @_;
	my $script = $node->basedir . '/script';
	open my $file, '>', $script or die;
	print $file "CALL write_some($all);\n";
	close $file;
	return IPC::Run::start([ 'pgbench', '-n', '-f', $script, '-c', $clients, '-j', 2, '-T', $seconds, '-h', $node->host, '-p', $node->port, 'postgres' ],
		'<', \'', '>', \my $out, '2>', \my $err);
}

my $random = 1;
foreach my $round (1 .. $rounds)
{
	my $all = $round % 2 == 0 ? 'true' : 'false';
	# more than the list of unfinished writers has places for are few at a moment
	my $run = write_for_a_while($round % 3 == 0 ? 40 : 6, $all);
	foreach (1 .. 8 * $seconds)
	{
		$node->psql('postgres', 'SELECT vecprov_set_shards(\'items_idx\', ' . ($random++ % 3 + 1) . ')');
		$node->psql('postgres', 'VACUUM items') if $all eq 'true' && $random % 4 == 0;
		select(undef, undef, undef, 0.1);
	}
	$run->finish;
	is($run->result(0), 0, "round $round: writers");
	$node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE state <> 'idle' AND pid <> pg_backend_pid() AND backend_type = 'client backend'");
	if ($round == 5)
	{
		my $run = write_for_a_while(6, 'false');
		select(undef, undef, undef, 0.5);
		$node->stop('immediate');
		$run->finish;
		$node->start;
	}
	is(sizes(), '0|0|0', "round $round: inserts, updates and rollbacks, without VACUUM") if $all eq 'false';
	$node->poll_query_until('postgres', 'SELECT pg_current_xact_id() IS NOT NULL AND NOT EXISTS (SELECT FROM pg_stat_activity '
		  . 'WHERE age(backend_xmin) > 0 AND pid <> pg_backend_pid())');
	$node->safe_psql('postgres', 'VACUUM items');
	is(sizes(), '0|0|0', "round $round: after VACUUM");
}

done_testing();
