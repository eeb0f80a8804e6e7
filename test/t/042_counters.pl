# Counters that monitoring reads survive a clean restart, and begin with 0
# after a crash; refusals by role; waiting times; what is advised.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = vecprov_node('counters');
$node->append_conf('postgresql.conf', "vecprov.max_workers = 0\n");
$node->start;
vecprov_functions($node);
$node->safe_psql('postgres', <<'EOS');
CREATE FUNCTION pretend(index regclass, replica integer, busy double precision) RETURNS void
	AS 'vecprov', 'vecprov_debug_load' LANGUAGE C STRICT;
CREATE TABLE items (id int, v vector(4)) WITH (autovacuum_enabled = off);
INSERT INTO items SELECT i, ARRAY[i, i % 7, i % 11, 1] FROM generate_series(1, 2000) i;
CREATE INDEX items_idx ON items USING vecprov (v);
EOS

# The value of a metric, of all rows that have these labels.
sub metric
{
	my ($name, $labels) = @_;
	$labels //= '{}';
	return $node->safe_psql('postgres', "SELECT sum(value) FROM vecprov.metrics WHERE name = 'vecprov_$name' AND labels @> '$labels'");
}

# Refusals: of 60 roles, the n-th of which is refused n times.
$node->safe_psql('postgres', <<'EOS');
GRANT SELECT ON items TO PUBLIC;
INSERT INTO vecprov.limits (read_units, burst_seconds) VALUES (0.25, 1);
SELECT id FROM items ORDER BY v <-> '[1,1,1,1]' LIMIT 1;
UPDATE vecprov.limits SET read_units = 1e-9;
SELECT id FROM items ORDER BY v <-> '[1,1,1,1]' LIMIT 1;
DO $$
BEGIN
	SET LOCAL enable_seqscan = off;
	FOR n IN 1 .. 60 LOOP
		EXECUTE format('CREATE ROLE refused%s', n);
		EXECUTE format('SET LOCAL ROLE refused%s', n);
		FOR i IN 1 .. n LOOP
			BEGIN
				PERFORM id FROM items ORDER BY v <-> '[1,1,1,1]' LIMIT 1;
				RAISE 'not refused';
			EXCEPTION WHEN insufficient_resources THEN
			END;
		END LOOP;
		RESET ROLE;
	END LOOP;
END $$;
DELETE FROM vecprov.limits;
EOS
is(metric('refused_total', '{"reason": "limit"}'), 60 * 61 / 2, 'refusals are counted of the index');
is(metric('refused_by_role_total', '{"role": "refused60", "operation": "read", "reason": "limit"}'), 60, 'and by role');
is($node->safe_psql('postgres', "SELECT count(*) FROM vecprov.metrics WHERE name = 'vecprov_refused_by_role_total'"), 51, 'of the 50 most');
is(metric('refused_by_role_total', '{"role": "others"}'), 10 * 11 / 2, 'and all others together');
is(metric('refused_by_role_total', '{"role": "refused10"}'), '', 'who is among those');

# Waiting: one seat, taken by a search that is stopped; the next one waits for it.
my $seats = 'SELECT sum(seats) FROM vecprov.replicas';
$node->safe_psql('postgres', "SELECT vecprov_provision('items_idx', 'r10', 1, 1)");
$node->poll_query_until('postgres', $seats, 1) or die 'no seat';
is(metric('wait_seconds_count'), 0, 'nobody has waited');
my $holder = $node->background_psql('postgres');
$holder->query_safe("SELECT pg_advisory_lock(1) WHERE false; SET enable_seqscan = off; SET vecprov.debug_point = 'search-seated=wait'");
my $keeper = $node->background_psql('postgres');
$keeper->query_safe('SELECT pg_advisory_lock(7670)');
$holder->query_until(qr/^$/, "SELECT id FROM items ORDER BY v <-> '[1,1,1,1]' LIMIT 1;\n");
ok($node->poll_query_until('postgres', "SELECT in_use = 1 FROM vecprov.replicas"), 'the seat is taken');
my $waiter = $node->background_psql('postgres');
$waiter->query_until(qr/^$/, "SET enable_seqscan = off; SELECT id FROM items ORDER BY v <-> '[1,1,1,1]' LIMIT 1;\n");
ok($node->poll_query_until('postgres', "SELECT value = 1 FROM vecprov.metrics WHERE name = 'vecprov_queue'"), 'somebody waits');
is(metric('seats'), 1, 'seats');
is(metric('seats_in_use'), 1, 'in use');
$keeper->query_safe('SELECT pg_advisory_unlock(7670)');
$_->quit foreach $holder, $waiter, $keeper;
is(metric('wait_seconds_count'), 1, 'one has waited');
is(metric('wait_seconds_bucket', '{"le": "+Inf"}'), 1, 'for a time that is in a bucket');
cmp_ok(metric('wait_seconds_sum'), '>', 0, 'and in the sum');
is(metric('workers_missing'), 1, 'a worker is missing');

# Advice
$node->safe_psql('postgres', "SELECT vecprov_set_replicas('items_idx', 2)");
$node->poll_query_until('postgres', $seats, 2) or die 'no second seat';
$node->safe_psql('postgres', "SELECT pretend('items_idx', 1, 0.87); SELECT pretend('items_idx', 2, 0.9)");
my $advice = "SELECT advice FROM vecprov.indexes WHERE index = 'items_idx'::regclass";
like($node->safe_psql('postgres', $advice), qr/busiest replica (?:89|90) % busy for 5 minutes: set replicas to 3/, 'more replicas are advised');
cmp_ok(metric('busy_ratio'), '>', 0.85, 'the share of the busiest is a metric');
$node->safe_psql('postgres', "SELECT pretend('items_idx', 1, 0.5); SELECT pretend('items_idx', 2, 0.7)");
unlike($node->safe_psql('postgres', $advice), qr/busiest/, 'or not');
$node->safe_psql('postgres', 'DELETE FROM items WHERE id > 500');
ok($node->poll_query_until('postgres', "SELECT advice ~ '1500 dead rows take room: VACUUM items' FROM vecprov.indexes"), 'dead rows: VACUUM is advised');
is(metric('dead_rows'), 1500, 'and there is a metric');

# Restarts
my $searches = metric('search_seconds_count');
my $roles = metric('refused_by_role_total');
cmp_ok($searches, '>', 0, 'searches were counted');
$node->restart;
is(metric('search_seconds_count'), $searches, 'after a restart they are still there');
is(metric('search_seconds_bucket', '{"le": "+Inf"}'), $searches, 'in buckets, too');
is(metric('wait_seconds_count'), 1, 'waits');
is(metric('refused_total', '{"reason": "limit"}'), 60 * 61 / 2, 'refusals');
is(metric('refused_by_role_total'), $roles, 'also by role');
# the postmaster stays, and a backend is killed
my $end = log_end($node);
$node->psql('postgres', "SET vecprov.debug_point = 'search-found=crash'; SET enable_seqscan = off; SELECT id FROM items ORDER BY v <-> '[1,1,1,1]' LIMIT 1");
crash_and_wait($node, $end);
is(metric('search_seconds_count'), '', 'after a crash counting begins anew');
is(metric('refused_by_role_total'), '', 'also by role');
$node->safe_psql('postgres', "SET enable_seqscan = off; SELECT id FROM items ORDER BY v <-> '[1,1,1,1]' LIMIT 1");
my $since = metric('search_seconds_count');
$node->restart;
is(metric('search_seconds_count'), $since, 'a clean restart after it keeps what was counted since');

done_testing();
