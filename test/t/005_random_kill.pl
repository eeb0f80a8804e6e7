# Sessions that insert, update, delete, search and VACUUM at the same time, and kill -9 of the
# postmaster, of a backend, or an immediate stop at pseudo-random moments: after each recovery all that
# was told to be committed is there, and the index is sound.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = vecprov_node('main');
$node->start;
vecprov_functions($node);
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE items (id int PRIMARY KEY, v vector(80));
CREATE INDEX ON items USING vecprov (v) WITH (m = 8, ef_construction = 32);
INSERT INTO items SELECT i, vec(i % 250, 80) FROM generate_series(1, 300) i;
EOS

my $mixed = $node->basedir . '/mixed.sql';
append_to_file($mixed, <<'EOS');
\set id random(1, 600)
\set i random(1, 100000)
INSERT INTO items VALUES (:id, vec(:i, 80)) ON CONFLICT (id) DO UPDATE SET v = excluded.v;
DELETE FROM items WHERE id = 601 - :id;
SELECT id FROM items ORDER BY v <-> vec(:i, 80) LIMIT 10;
EOS
my $vacuum = $node->basedir . '/vacuum.sql';
append_to_file($vacuum, "VACUUM items;\n");

my @kills = ('postmaster', 'backend', 'immediate', 'postmaster', 'backend', 'postmaster');
srand(15);
foreach my $round (1 .. @kills)
{
	my $kill  = $kills[ $round - 1 ];
	my $first = 10000 * $round;
	my $told  = $node->basedir . "/told$round";
	my $tell  = $node->basedir . "/tell$round";

	# this one remembers which of its rows it was told are committed
	append_to_file($tell, "INSERT INTO items VALUES ($_, vec($_, 80)) RETURNING id;\n")
	  foreach $first .. $first + 9999;
	my $witness = IPC::Run::start([ 'psql', '-XqAt', '-d', $node->connstr('postgres') ],
		'<', $tell, '>', $told, '2>', '/dev/null');
	my @load = map {
		my ($clients, $script) = @$_;
		IPC::Run::start(
			[ 'pgbench', '-n', '-c', $clients, '-T', '600', '--random-seed', $round, '-h', $node->host,
				'-p', $node->port, '-f', $script, 'postgres' ],
			'<', \undef, '>', '/dev/null', '2>&1')
	} ([ 3, $mixed ], [ 1, $vacuum ]);

	my $rows   = 30 + int(rand(150));
	my $offset = log_end($node);
	$node->poll_query_until('postgres', "SELECT count(*) >= $rows FROM items WHERE id >= $first")
	  or die 'nothing is inserted';
	if ($kill eq 'postmaster')
	{
		$node->kill9;
	}
	elsif ($kill eq 'immediate')
	{
		$node->stop('immediate');
	}
	else
	{
		my $pid = $node->safe_psql('postgres',
			"SELECT pid FROM pg_stat_activity WHERE query ~ '^(INSERT|DELETE|VACUUM)' ORDER BY pid LIMIT 1");
		kill 'KILL', $pid;
		crash_and_wait($node, $offset);
	}
	eval { $witness->finish };
	$_->kill_kill foreach @load;
	start_again($node) if $kill eq 'postmaster';
	$node->start  if $kill eq 'immediate';

	my @told = slurp_file($told) =~ /^(\d+)$/mg;
	my $list = join ',', @told;
	cmp_ok(scalar @told, '>', 0, "round $round, $kill killed: rows were committed");
	is($node->safe_psql('postgres', "SELECT count(*) FROM items WHERE id IN ($list)"),
		scalar @told, "round $round, $kill killed: they are all there");
	intact($node, 'items', 'items_v_idx', "round $round, $kill killed");
}
$node->safe_psql('postgres', 'VACUUM items');
intact($node, 'items', 'items_v_idx', 'at the end');

# As good as one that is made anew of the same rows.
my $recall = "SET vecprov.ef_search = 100; SELECT vecprov_recall('items_v_idx', 10, 100)";
my $grown  = $node->safe_psql('postgres', $recall);
my $anew   = $node->safe_psql('postgres', "REINDEX INDEX items_v_idx; $recall");
cmp_ok($grown, '>=', $anew - 0.05, "recall at the end, $anew when built anew");

$node->stop;
done_testing();
