# Seats: searches of a provisioned index never run more at a time than it has seats; more wait, in order,
# and are served; whoever leaves, in whatever way, leaves no seat behind.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = vecprov_node('main');
$node->append_conf('postgresql.conf', <<'EOC');
max_connections = 60
vecprov.max_workers = 0
EOC
$node->start;
vecprov_functions($node);
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE items (id int, v vector(80));
INSERT INTO items SELECT i, vec(i, 80) FROM generate_series(1, 3000) i;
CREATE INDEX items_v_idx ON items USING vecprov (v) WITH (tier = 'r10');
CREATE TABLE served (n serial, who text);
CREATE VIEW seats AS
	SELECT sum(seats) AS seats, sum(in_use) AS in_use, max(queue) AS queue FROM vecprov.replicas
	WHERE index = 'items_v_idx'::regclass;
EOS

my $search = 'SELECT id FROM items ORDER BY v <-> vec(7, 80) LIMIT 3';

sub seats
{
	return $node->safe_psql('postgres', 'SELECT in_use, queue FROM seats');
}

# There are no workers, so vecprov_wait would find that the index lacks them.
sub seats_are
{
	my ($count) = @_;

	$node->poll_query_until('postgres', 'SELECT seats FROM seats', $count) or die "not $count seats";
}
seats_are(1);

sub seats_become
{
	my ($want, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	ok($node->poll_query_until('postgres', 'SELECT in_use, queue FROM seats', $want), $name);
}

# Who stops with a seat, until it is let go.
sub holder
{
	my ($what) = @_;
	my $session = $node->background_psql('postgres', on_error_stop => 0);

	$session->query_safe("SET enable_seqscan = off; SET vecprov.debug_point = 'search-seated=wait'");
	$session->query_until(qr/started/, "\\echo started\n" . ($what || $search) . ";\n\\echo finished\n");
	return $session;
}

# Who searches, and writes down when it was served; comes back when it stands in line as number `place`, or at
# once without one.
sub in_line
{
	my ($who, $place, $settings) = @_;
	my $session = $node->background_psql('postgres', on_error_stop => 0);

	$session->query_safe("SET application_name = '$who'; SET enable_seqscan = off; " . ($settings || ''));
	$session->query_until(qr/started/, "\\echo started\n$search;\nINSERT INTO served (who) VALUES ('$who');\n\\echo finished\n");
	return $session if !defined $place;
	$node->poll_query_until('postgres', 'SELECT queue FROM seats', $place) or die "$who does not wait";
	return $session;
}

sub pid_of
{
	my ($who) = @_;
	return $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE application_name = '$who'");
}

is($node->safe_psql('postgres', 'SELECT seats FROM seats'), 1, 'one replica of r10: one seat');

# The order of arrival. Each stops with its seat until it is cancelled, and the next gets it.
my $gate = hold($node);
my $first = holder();
seats_become('1|0', 'a search is under way');
my @line = map { in_line("c$_", $_, "SET vecprov.debug_point = 'search-seated=wait'") } 1 .. 5;
is(seats(), '1|5', 'five wait');
my $seated = "SELECT string_agg(application_name, ' ') FROM pg_stat_activity WHERE wait_event = 'advisory'";
foreach my $i (1 .. 5)
{
	$node->safe_psql('postgres', "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'advisory'");
	ok($node->poll_query_until('postgres', $seated, "c$i"), "number $i of the line is the next");
}
is(seats(), '1|0', 'nobody else waits');
$gate->quit;
finish_session($_) foreach ($first, @line);
is(seats(), '0|0', 'all seats are free');
$_->quit foreach ($first, @line);

# Those who leave. The one with a timeout comes last: however slow the machine, nobody counts on it in the line.
$node->safe_psql('postgres', 'TRUNCATE served');
$gate  = hold($node);
$first = holder();
seats_become('1|0', 'a search is under way');
@line = (
	in_line('cancelled', 1),
	in_line('ended', 2),
	in_line('patient', 3),
	in_line('timeout', undef, "SET statement_timeout = '1s'"));
$node->safe_psql('postgres', "SELECT pg_cancel_backend(" . pid_of('cancelled') . ")");
$node->safe_psql('postgres', "SELECT pg_terminate_backend(" . pid_of('ended') . ")");
my ($out, $err) = finish_session($line[3]);
like($err, qr/canceling statement due to statement timeout/, 'statement_timeout works in line');
($out, $err) = finish_session($line[0]);
like($err, qr/canceling statement due to user request/, 'so does a cancel');
seats_become('1|1', 'they have left the line, and the one that was terminated too');
$gate->quit;
finish_session($_) foreach ($first, $line[2]);
is($node->safe_psql('postgres', "SELECT count(*) FROM served WHERE who = 'patient'"), 1, 'the one that stayed is served');
is(seats(), '0|0', 'all seats are free');
$first->quit;
$line[2]->quit;

# Holders that do not come to their end.
$gate  = hold($node);
$first = holder();
seats_become('1|0', 'a search is under way');
my $next = in_line('next', 1);
$node->safe_psql('postgres', "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'advisory'");
finish_session($next);
pass('a search that is cancelled gives its seat to the next');
$first->quit;
$first = holder();
seats_become('1|0', 'a search is under way');
$node->safe_psql('postgres', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'advisory'");
seats_become('0|0', 'one that is terminated gives it back');
$gate->quit;
$next->quit;

# Caught in a subtransaction, an error leaves no seat either; nor does a cursor that stays open.
is($node->safe_psql('postgres', <<"EOS"), "1\n0|0", 'an error that is caught, an open cursor');
SET enable_seqscan = off;
SET vecprov.debug_point = 'search-seated=error';
DO \$\$ BEGIN PERFORM id FROM items ORDER BY v <-> vec(7, 80) LIMIT 3; EXCEPTION WHEN internal_error THEN END \$\$;
BEGIN;
DECLARE c CURSOR FOR SELECT 1 FROM items ORDER BY v <-> vec(7, 80) LIMIT 100;
FETCH 1 FROM c;
SELECT in_use, queue FROM seats;
EOS

# More seats at once, fewer as searches end; suspended.
$gate = hold($node);
my @holders = map { holder() } 1 .. 4;
seats_become('1|3', 'four searches, one seat');
$node->safe_psql('postgres', "SELECT vecprov_set_replicas('items_v_idx', 3)");
seats_become('3|1', 'three seats: three run');
$node->safe_psql('postgres', "SELECT vecprov_set_replicas('items_v_idx', 1)");
seats_are(1);
is(seats(), '3|1', 'one seat: those that have one keep it');
$node->safe_psql('postgres', "SELECT pg_cancel_backend(min(pid)) FROM pg_stat_activity WHERE wait_event = 'advisory'");
seats_become('2|1', 'who has waited waits on, as there are too few seats');
$gate->quit;
finish_session($_) foreach @holders;
seats_become('0|0', 'all are served');
$_->quit foreach @holders;

$gate    = hold($node);
@holders = map { holder() } 1 .. 3;
seats_become('1|2', 'three searches, one seat');
$node->safe_psql('postgres', "SELECT vecprov_set_tier('items_v_idx', 'r40')");
ok($node->poll_query_until('postgres', 'SELECT seats FROM seats', 4), 'a replica of r40 has four');
seats_become('3|0', 'all run');
$node->safe_psql('postgres', "SELECT vecprov_set_tier('items_v_idx', 'r10')");
seats_are(1);
push @holders, holder();
seats_become('3|1', 'one waits');
$node->safe_psql('postgres', "SELECT vecprov_release('items_v_idx')");
$node->poll_query_until('postgres', "SELECT count(*) = 4 FROM pg_stat_activity WHERE wait_event = 'advisory'")
  or die 'still in line';
pass('released: no seats, nobody waits');
$gate->quit;
finish_session($_) foreach @holders;
$_->quit foreach @holders;
$node->safe_psql('postgres', "SELECT vecprov_provision('items_v_idx', 'r10', 1, 2)");
seats_are(2);
is(seats(), '0|0', 'provisioned again: all seats are free');

# Many clients, ends of all kinds, changes of the number of seats, a REINDEX now and then. No search fails
# that was not made to, and never are there more than seats.
my $script = $node->basedir . '/search.sql';
append_to_file($script, <<'EOS');
\set i random(1, 3000)
\set ef 20 * random(1, 10)
SET vecprov.ef_search = :ef;
SELECT id FROM items ORDER BY v <-> vec(:i, 80) LIMIT 10;
EOS
my $ends = $node->basedir . '/ends.sql';
append_to_file($ends, <<'EOS');
\set what random(1, 100)
\if :what < 60
SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'victim' ORDER BY random() LIMIT 1;
\elif :what < 85
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'victim' ORDER BY random() LIMIT 1;
\elif :what < 99
\set n random(1, 4)
SELECT vecprov_set_replicas('items_v_idx', :n);
\else
REINDEX INDEX items_v_idx;
\endif
EOS
my $options = '-c enable_seqscan=off';
my @clients;
my @output;
foreach my $i (0 .. 9)
{
	# each a process of its own: pgbench would end with the first client that is terminated
	$output[$i] = '';
	push @clients, IPC::Run::start(
		[ 'sh', '-c', 'while [ ! -e "$1" ]; do PGOPTIONS="$2" PGAPPNAME=$3 pgbench -n -c 3 -T 1 -f "$4" "$5"; done',
			'sh', $node->basedir . '/enough', $options, $i < 5 ? 'victim' : 'client', $script, $node->connstr('postgres') ],
		'<', \undef, '>', \$output[$i], '2>&1');
}
$node->command_ok([ 'pgbench', '-n', '-c', '2', '-T', '12', '--rate', '100', '--random-seed', '1', '-f', $ends, $node->connstr('postgres') ],
	'ends and changes');
append_to_file($node->basedir . '/enough', '');
$_->finish foreach @clients;
unlike(join('', @output[ 5 .. 9 ]), qr/ERROR|FATAL|abort/, 'nobody else is disturbed');
like(join('', @output[ 0 .. 4 ]), qr/canceling statement/, 'some were');
seats_become('0|0', 'all seats are free in the end');
intact($node, 'items', 'items_v_idx', 'at the end');
$node->stop;
done_testing();
