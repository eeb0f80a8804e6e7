# What a search has cost, and who did it, in EXPLAIN (ANALYZE, VERBOSE) and at
# debug1: searches of the backend, of a worker for it, and those that waited
# for a seat.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $node = vecprov_node('main');
$node->append_conf('postgresql.conf', "max_worker_processes = 16\nhuge_pages = off\n");
$node->start;
vecprov_functions($node);
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE items (id int, tags text[], v vector(80));
INSERT INTO items SELECT i, ARRAY['t' || i % 50], vec(i, 80) FROM generate_series(1, 3000) i;
CREATE INDEX items_v_idx ON items USING vecprov (v);
CREATE INDEX items_tags_idx ON items USING gin (tags);
VACUUM ANALYZE items;
EOS
my $major = $node->pg_version->major;
my $search = 'SELECT id FROM items ORDER BY v <-> vec(7, 80) LIMIT 10';
my $settings = 'SET enable_seqscan = off; SET enable_sort = off;';

# The message of a search at debug1, in a session of its own.
sub message
{
	my ($sql) = @_;
	my ($rc, $stdout, $stderr) = $node->psql('postgres', "$settings SET client_min_messages = debug1; $sql");
	my @found = $stderr =~ /DEBUG:  (vecprov scan: .*)(?:\n(DETAIL:  waited .*))?/;

	return join "\n", grep { defined } @found;
}

# What is asked for, again and again until it matches: the worker may be busy with what is left of an earlier session.
sub in_time
{
	my ($ask, $expected) = @_;
	my $answer;

	foreach (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		$answer = $ask->();
		last if $answer =~ $expected;
		usleep(100_000);
	}
	return $answer;
}
my $counts = qr/^vecprov scan: ef 40, 1 rounds, ([1-9]\d*) expansions, ([1-9]\d*) distances, ([1-9]\d*) exact, 10 rows/;

# By the backend
like(message($search), qr/$counts$/, 'debug1: a search of the backend');
my $plan = $node->safe_psql('postgres', "$settings EXPLAIN (ANALYZE, VERBOSE, COSTS OFF, TIMING OFF) $search");
SKIP:
{
	skip 'index scans say so from PostgreSQL 18 on', 3 if $major < 18;
	like($plan, qr/Search: graph\n.*Nodes Measured: [1-9]\d*\n.*Rows Measured: [1-9]\d*\n.*Effort: 40\n.*Effort Set By: vecprov.ef_search\n.*Rounds: 1\n.*Nodes Expanded: [1-9]\d*\n.*Searched By: backend/,
		'EXPLAIN VERBOSE');
	unlike($plan, qr/Wait for Seat/, 'it did not wait');
	unlike($node->safe_psql('postgres', "$settings EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) $search"), qr/Effort|Nodes Measured/, 'not without VERBOSE');
}
# The custom scan says so in each version.
my $bitmap = "SELECT id FROM items WHERE tags @> ARRAY['t7'] ORDER BY v <-> vec(7, 80) LIMIT 10";
like($node->safe_psql('postgres', "$settings EXPLAIN (ANALYZE, VERBOSE, COSTS OFF, TIMING OFF) $bitmap"),
	qr/VecprovBitmap.*Search: .*Rows Measured: .*Effort: 40\n.*Effort Set By: vecprov.ef_search\n.*Rounds: \d+\n.*Nodes Expanded: \d+\n.*Searched By: backend/s, 'EXPLAIN VERBOSE of a custom scan');
unlike($node->safe_psql('postgres', "$settings EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) $bitmap"), qr/Effort/, 'not without VERBOSE');

# By a worker, since the session is new to the index; and by both, when more
# rows are wanted than a worker gives.
$node->safe_psql('postgres', "SELECT vecprov_provision('items_v_idx', 'r10', 1, 1); SELECT vecprov_wait('items_v_idx', '180 s')");
$node->poll_query_until('postgres', "SELECT count(pid) FROM vecprov.workers", 1) or die 'no worker';
SKIP:
{
skip 'no session is new to an index where vecprov.server_internals is off', 4 if $node->safe_psql('postgres', 'SHOW vecprov.server_internals') eq 'off';
like(in_time(sub { message($search) }, qr/by worker/), qr/$counts, by worker$/, 'debug1: a search of a worker');
# It looks for no more rows than the LIMIT wants, and so needs no second round.
like(in_time(sub { message("SET vecprov.ef_search = 10; $search") }, qr/by worker/),
	qr/^vecprov scan: ef 10, 1 rounds, .* 10 rows, by worker$/, 'as few candidates as rows are wanted');
like(in_time(sub { message($search =~ s/LIMIT 10/LIMIT 1000/r) }, qr/by worker/),
	# a row that the worker had found and the backend has not takes the backend a round more
	qr/^vecprov scan: ef 1000, [23] rounds, .* 1000 rows, by worker, then backend$/, 'of both, with as many candidates as rows are wanted');
SKIP:
{
	skip 'index scans say so from PostgreSQL 18 on', 1 if $major < 18;
	like(in_time(sub { $node->safe_psql('postgres', "$settings EXPLAIN (ANALYZE, VERBOSE, COSTS OFF, TIMING OFF) $search") }, qr/Searched By: worker/),
		qr/Nodes Measured: [1-9]\d*\n.*Effort: 40\n.*Searched By: worker$/ms, 'EXPLAIN VERBOSE: a search of a worker');
}
}

# Without workers, behind somebody who has the only seat
$node->append_conf('postgresql.conf', "vecprov.max_workers = 0\n");
$node->reload;
$node->poll_query_until('postgres', 'SELECT count(pid) FROM vecprov.workers', 0) or die 'a worker stays';
my $lock = hold($node);
my $seated = at_point($node, 'search-seated', "$settings $search");
my $waiting = $node->background_psql('postgres', on_error_stop => 0);
$waiting->query_safe("$settings SET client_min_messages = debug1");
$waiting->query_until(qr/started/, "\\echo started\n$search;\n\\echo finished\n");
$node->poll_query_until('postgres', "SELECT max(queue) FROM vecprov.replicas WHERE index = 'items_v_idx'::regclass", 1) or die 'does not wait';
$lock->quit;
finish_session($seated);
my ($output, $stderr) = finish_session($waiting);
like($stderr, qr/vecprov scan: ef 40, .* 10 rows\nDETAIL:  waited \d+\.\d{3} ms for a seat/, 'debug1: waited for a seat');
$seated->quit;
$waiting->quit;

$node->stop;
done_testing();
