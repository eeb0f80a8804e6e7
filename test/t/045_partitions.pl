# A partitioned index and its partitions have one capacity: whatever ends a change
# of it, ATTACH or DETACH in the middle; in prepared transactions, in dumps; and
# what leaves it gives back what it had.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use VecprovTest;

my $node = vecprov_node('parts');
$node->append_conf('postgresql.conf', <<'EOC');
max_worker_processes = 24
max_prepared_transactions = 2
EOC
$node->start;
vecprov_functions($node);
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE parts (id int, v vector(8)) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (100);
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (100) TO (300) PARTITION BY RANGE (id);
CREATE TABLE parts_2a PARTITION OF parts_2 FOR VALUES FROM (100) TO (200);
CREATE TABLE parts_2b PARTITION OF parts_2 FOR VALUES FROM (200) TO (300);
INSERT INTO parts SELECT i, vec(i, 8) FROM generate_series(0, 299) i;
CREATE INDEX parts_idx ON parts USING vecprov (v) WITH (tier = r10);
CREATE TABLE other (id int, v vector(8)) PARTITION BY RANGE (id);
CREATE TABLE other_1 PARTITION OF other FOR VALUES FROM (300) TO (350);
CREATE TABLE other_2 PARTITION OF other FOR VALUES FROM (350) TO (400);
INSERT INTO other SELECT i, vec(i, 8) FROM generate_series(300, 399) i;
CREATE INDEX other_idx ON other USING vecprov (v);
EOS

# What indexes of these tables have, each kind once.
sub given
{
	my ($tables, $database) = @_;

	return $node->safe_psql($database || 'postgres', <<"EOS");
SELECT coalesce(string_agg(DISTINCT concat_ws(' ', tier, shards, replicas, parent), ', '), '-') FROM (
	SELECT coalesce(tier, 'on demand') AS tier, shards, replicas, CASE WHEN parent IS NULL THEN 'no parent' END AS parent
	FROM vecprov.indexes WHERE "table"::text ~ '^$tables') i
EOS
}

sub units
{
	my ($wanted, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	ok($node->poll_query_until('postgres', "SELECT units = $wanted FROM vecprov_server_units()"), "$name: $wanted units");
}

sub ready
{
	my ($name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	$node->safe_psql('postgres', "SELECT vecprov_wait('parts_idx', '3 min')");
	is($node->safe_psql('postgres', q{SELECT DISTINCT state, error, current_shards = shards, current_replicas = replicas
		FROM vecprov.indexes WHERE mode = 'provisioned'}), 'Ready||t|t', "$name: all are ready, as their parent");
}

ready('at first');
units(1, 'at first');
is($node->safe_psql('postgres', <<'EOS'), '137,222,34', 'searched by way of the parent');
SET enable_seqscan = off;
SELECT string_agg((SELECT id FROM parts ORDER BY v <-> vec(i, 8) LIMIT 1)::text, ',') FROM unnest('{137,222,34}'::int[]) i;
EOS

#
# Crashes: all or nothing. Name, statement, tables, what they have before and after
#

my $before = 'r10 1 1, r10 1 1 no parent';
my $after  = 'r10 2 1, r10 2 1 no parent';
my $own    = 'on demand, on demand no parent';
my @changes = (
	[ 'provision', "SELECT vecprov_set_shards('parts_idx', 2)", 'parts', $before, $after ],
	[ 'ATTACH', 'ALTER TABLE parts ATTACH PARTITION other FOR VALUES FROM (300) TO (400)', 'other', $own, 'r10 2 1' ],
	[ 'DETACH', 'ALTER TABLE parts DETACH PARTITION other', 'other', 'r10 2 1', $own ],
	[ 'release', "SELECT vecprov_release('parts_idx')", 'parts', $after, $own ],
	[ 'provision anew', "SELECT vecprov_set_tier('parts_idx', 'r10')", 'parts', $own, $before ]);

foreach my $change (@changes)
{
	my ($name, $statement, $tables, $had, $has) = @$change;
	my $count = 1;

	for (; crash_at($node, "partition-followed=crash:$count", $statement); $count++)
	{
		is(given($tables), $had, "$name: crashed at partition $count, nothing is changed");
	}
	is($count > 2, 1, "$name: crashed in the middle");
	is(given($tables), $has, "$name: done");
	ready($name) unless $has eq $own && $tables eq 'parts';
}
units(1, 'after all crashes');

# CONCURRENTLY: the first of its transactions has committed; FINALIZE does the rest
$node->safe_psql('postgres', 'ALTER TABLE parts ATTACH PARTITION other FOR VALUES FROM (300) TO (400)');
ready('attached');
units(1, 'attached');
ok(crash_at($node, 'partition-followed=crash:2', 'ALTER TABLE parts DETACH PARTITION other CONCURRENTLY'), 'DETACH CONCURRENTLY: crashed');
is(given('other'), 'r10 1 1', 'DETACH CONCURRENTLY: a partition that is not detached yet keeps what it has');
my ($rc, $out, $error) = $node->psql('postgres', "SELECT vecprov_release('other_idx')");
like($error, qr/capacity of index "other_idx" is that of partitioned index "parts_idx"/, 'DETACH CONCURRENTLY: its parent decides');
$node->safe_psql('postgres', "SELECT vecprov_set_replicas('parts_idx', 2)");
is(given('other'), 'r10 1 2', 'DETACH CONCURRENTLY: and is followed');
$node->safe_psql('postgres', 'ALTER TABLE parts DETACH PARTITION other FINALIZE');
is(given('other'), $own, 'DETACH FINALIZE: on demand');
units(2, 'detached');
$node->safe_psql('postgres', "SELECT vecprov_set_replicas('parts_idx', 1)");

#
# A session that is ended on its way leaves no lock and no trace; an error, likewise
#

my $lock = hold($node);
my $session = at_point($node, 'partition-followed', "SELECT vecprov_set_shards('parts_idx', 3)");
$node->safe_psql('postgres', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'at_point'");
$node->poll_query_until('postgres', "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'at_point')");
$lock->quit;
is(given('parts'), $before, 'terminated: nothing is changed');
($rc, $out, $error) = $node->psql('postgres', <<'EOS', on_error_stop => 0);
SET vecprov.debug_point = 'partition-followed=error:2';
BEGIN;
SAVEPOINT s;
SELECT vecprov_set_shards('parts_idx', 3);
ROLLBACK TO s;
SET LOCAL vecprov.debug_point = '';
-- it is no longer what follows from a parent
ALTER INDEX parts_1_v_idx SET (shards = 4);
EOS
like($error, qr/error at debug point.*capacity of index "parts_1_v_idx" is that of partitioned index "parts_idx"/s, 'an error within');
is(given('parts'), $before, 'an error within: nothing is changed');

#
# REINDEX CONCURRENTLY swaps the index of a partition while a change waits for it
#

my $reader = $node->background_psql('postgres');
$reader->query_safe('BEGIN; SELECT count(*) FROM parts_1');
my $reindex = $node->background_psql('postgres');
$reindex->query_until(qr/started/, "\\echo started\nREINDEX INDEX CONCURRENTLY parts_1_v_idx;\n\\echo finished\n");
$node->poll_query_until('postgres', "SELECT count(*) = 2 FROM pg_index WHERE indrelid = 'parts_1'::regclass") or die 'no second index';
my $changer = $node->background_psql('postgres');
$changer->query_until(qr/started/, "\\echo started\nSELECT vecprov_set_shards('parts_idx', 2);\n\\echo finished\n");
$node->poll_query_until('postgres', <<'EOS') or die 'the change does not wait';
SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'parts_1_v_idx'::regclass AND mode = 'ShareUpdateExclusiveLock' AND NOT granted)
EOS
$reader->quit;
finish_session($_) foreach $reindex, $changer;
$_->quit foreach $reindex, $changer;
is(given('parts'), $after, 'REINDEX CONCURRENTLY: the new index has what the change gives');
$node->safe_psql('postgres', "SELECT vecprov_set_shards('parts_idx', 1)");

#
# Prepared transactions
#

$node->safe_psql('postgres', "BEGIN; SELECT vecprov_set_replicas('parts_idx', 2); PREPARE TRANSACTION 'p'");
$node->stop('immediate');
$node->start;
is(given('parts'), $before, 'prepared: not yet');
$node->safe_psql('postgres', "COMMIT PREPARED 'p'");
is(given('parts'), 'r10 1 2, r10 1 2 no parent', 'prepared: when it has committed');
ready('prepared');
units(2, 'prepared');

#
# A dump has it all; what was restored follows its parent, and is in no bill twice
#

my $dump = $node->basedir . '/dump.sql';
command_ok([ 'pg_dump', '-f', $dump, $node->connstr('postgres') ], 'pg_dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
my ($stdout, $stderr);
$node->psql('restored', "SET client_min_messages = warning;\n\\i $dump", on_error_stop => 1, stdout => \$stdout, stderr => \$stderr);
is($stderr, '', 'restored without a word');
is(given('parts', 'restored'), 'r10 1 2, r10 1 2 no parent', 'restored');
($rc, $out, $error) = $node->psql('restored', 'ALTER INDEX parts_1_v_idx SET (shards = 3)');
like($error, qr/is that of partitioned index "parts_idx"/, 'restored: the parent decides');
is($node->safe_psql('postgres', <<'EOS'), 'parts_idx|other_1_v_idx,other_2_v_idx,parts_1_v_idx,parts_2a_v_idx,parts_2b_v_idx', 'replicas are in the bill once, and what each partition stores');
SELECT string_agg(DISTINCT substr(index, 8), ',') FILTER (WHERE item = 'r10'),
	string_agg(DISTINCT substr(index, 8), ',') FILTER (WHERE item = 'storage' AND index <> 'public.parts_idx')
FROM vecprov_bill(now() - interval '1 hour', now() + interval '1 hour', 'example', 'example')
EOS
is($node->safe_psql('restored', <<'EOS'), 't|4', 'restored: since they are attached partitions have no replicas of their own');
SELECT bool_and(new_decided), count(*)
FROM (SELECT DISTINCT ON (index) new_decided FROM vecprov.changes WHERE index ~ 'parts_[12]' ORDER BY index, at DESC, xact DESC) c
EOS
units(4, 'restored');
$node->safe_psql('postgres', 'DROP DATABASE restored WITH (FORCE)');

# Given back
$node->safe_psql('postgres', 'DROP TABLE parts_2a');
units(2, 'a partition is dropped');
$node->safe_psql('postgres', 'DROP TABLE parts');
units(0, 'the table is dropped');

$node->stop;
done_testing;
