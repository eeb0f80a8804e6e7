# The cost model (test/bench/scale): laws that it should find in made-up
# measurements; the largest sizes that were measured, predicted from smaller
# ones; shards, replicas and bill, by a server; and the tables of
# doc/scale.md, which are what it prints.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $top = $ENV{TESTDIR};
my $recorded = "$top/test/bench/scale.tsv";
my $node = vecprov_node('main');
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION vecprov');

# What the model prints with these variables, and what it complains of.
sub scale
{
	my (%variables) = @_;
	local @ENV{ keys %variables } = values %variables;
	my ($out, $error) = ('', '');

	IPC::Run::run(["$top/test/bench/scale"], '>', \$out, '2>', \$error);
	return ($out, $error);
}

# The rows of a table that it prints, each a hash by the columns' titles.
sub rows_of
{
	my @lines = map { [ split / \| /, s/^\| | \|$//gr ] } grep { /^\| (?!---)/ } split /\n/, $_[0];
	my $titles = shift @lines;
	my @rows;

	foreach my $line (@lines)
	{
		my %row;
		@row{@$titles} = @$line;
		push @rows, \%row;
	}
	return @rows;
}

sub errors_of
{
	return (scale(@_))[1];
}

# Made-up measurements of these dimensions, by laws of the model's kind.
sub made_up
{
	my ($dims, @sizes) = @_;
	my $lines = '';

	foreach my $n (@sizes)
	{
		my %of = (
			index_bytes => 3e6 + 5 * $dims * $n,
			search_bytes => 1e6 + 2 * $dims * $n,
			table_bytes => 4 * $dims * $n,
			build_cpu => $n * $dims * (1e-7 + 1e-7 * log($n)));
		foreach my $recall (0.9, 0.95, 0.99)
		{
			my $distances = (10 * log($n) - 50) / (1 - $recall);
			$of{"query_distances_r$recall"} = $distances;
			$of{"search_cpu_us_r$recall"} = 50 + 0.001 * $dims * $distances;
		}
		$lines .= join("\t", 'made-up', $n, $dims, 'cosine', 16, 64, 'vecprov', $_, $of{$_}, 'unit') . "\n" foreach keys %of;
	}
	return $lines;
}

# Laws
my $file = spit($node, 'made-up.tsv', made_up(100, 1e5, 2e5, 5e5, 2e6));
my ($table) = scale(FROM => $file, UP_TO => 5e5);
my @checks = rows_of($table);
is(scalar(@checks), 10, 'ten things are predicted');
is(join(' ', map { $_->{'predicted / measured'} } @checks), join(' ', ('1.00') x 10), 'the laws are found');

spit($node, 'made-up.tsv', made_up(100, 1e5, 2e5) . made_up(500, 1e5, 2e5));
my ($row) = rows_of((scale(FROM => $file, DIMS => 300, VECTORS => '1e8'))[0]);
is($row->{'index, GB'}, 150, 'dimensions between those measured: the index');
is($row->{'graph and codes, GB'}, '60.0', 'graph and codes');
is($row->{'table, GB'}, 120, 'the table');
is($row->{'build, processor hours'}, sprintf('%.1f', 1e8 * 300 * (1e-7 + 1e-7 * log(1e8)) / 3600), 'the build');

# Work of the nearest set, time of a distance on the line between both.
is($row->{'us a search'}, sprintf('%.0f', 50 + 0.3 * 20 * (10 * log(1e8) - 50)), 'a search');

# What was measured, predicted from sizes up to a quarter of it (of 500,000: up to 200,000). The time of a search is
# not looked at: that of larger sizes was measured on a busy machine only, and is not in the file.
my %sizes = map { (split /\t/)[1] => 1 } grep { /\t100\tcosine\t/ } split /\n/, slurp_file($recorded);
foreach my $size (grep { $_ >= 500_000 } sort { $a <=> $b } keys %sizes)
{
	my $up_to = $size / 4 > 200_000 ? $size / 4 : 200_000;
	my @late = grep { $_->{vectors} == $size && $_->{what} !~ /^search_cpu/ } rows_of((scale(UP_TO => $up_to))[0]);

	is(scalar(@late), 7, "$size vectors were measured");
	foreach my $check (@late)
	{
		my $ratio = $check->{'predicted / measured'};
		ok($ratio >= 0.8 && $ratio <= 1.2, "$size vectors, $check->{what}: $check->{measured}, predicted $check->{predicted}");
	}
}
ok($sizes{500_000}, '500,000 vectors were measured');

# Shards, replicas and bill
my %bill = (CONNECT => $node->connstr('postgres'), VECTORS => '1e9', METADATA => 500, QPS => 5000, TIER => 'r40');
$node->safe_psql('postgres', "UPDATE vecprov.tiers SET shard_bytes = 1e12 WHERE name = 'r40'");
my ($asked) = rows_of((scale(%bill))[0]);
is($asked->{shards}, 2, '908 GB in shards of 1 TB, with 15 % of room');
my $rate = $asked->{'searches/s of a unit'};
my $expected = $node->safe_psql('postgres', <<EOS);
SELECT vecprov_replicas_needed(5000, 4 * $rate), round(2 * vecprov_replicas_needed(5000, 4 * $rate) * 300 + 908 * 0.25, 2)
EOS
is("$asked->{replicas}|$asked->{'a month'}", $expected, 'replicas and bill');
my ($whole) = rows_of((scale(VECTORS => '5e8'))[0]);
cmp_ok(abs(2 * $whole->{'us a search'} / $asked->{'us a search'} - 1), '<', 0.01, 'a search asks both shards');

my ($part) = rows_of((scale(%bill, SERVERS => 4, VECTORS => '4e9'))[0]);
is($part->{$_}, $asked->{$_}, "a quarter of it on each of four servers: $_") foreach 'index, GB', 'shards', 'replicas';
is($part->{'a month'}, $node->safe_psql('postgres', "SELECT 4 * $asked->{'a month'}"), 'and all four have to be paid');

is($node->safe_psql('postgres', <<'EOS'), 't', 'what may be promised of shared_buffers');
CREATE TABLE items (v vector(3));
CREATE INDEX items_v_idx ON items USING vecprov (v);
SELECT abs(available / (0.7 * pg_size_bytes(current_setting('shared_buffers'))) - 1) < 0.01
	FROM vecprov_tier_memory('items_v_idx', 'r10')
EOS

# What cannot be predicted
like(errors_of(FROM => 'nothing.tsv'), qr/could not open "nothing.tsv"/, 'no such file');
like(errors_of(METRIC => 'l1'), qr/no measurement of metric l1, m = 16/, 'another metric');
like(errors_of(M => 32), qr/no measurement of metric cosine, m = 32/, 'another m');
like(errors_of(RECALL => 0.97), qr/RECALL is one of 0.9 0.95 0.99/, 'another recall');
like(errors_of(%bill, TIER => 'r99'), qr/r99/, 'no such tier');
like(errors_of(CONNECT => 'host=/nowhere'), qr/did not answer/, 'no server');
spit($node, 'made-up.tsv', made_up(100, 1e5));
like(errors_of(FROM => $file), qr/measure two sizes of made-up x 100/, 'one size');
spit($node, 'made-up.tsv', made_up(100, 1e5, 2e5));
like(errors_of(FROM => $file, DIMS => 768), qr/768 dimensions were not measured/, 'one number of dimensions');
spit($node, 'made-up.tsv', "index_bytes 5\n");
like(errors_of(FROM => $file), qr/line 1 .* is not of make bench/, 'another file');

# The page: a command, and the table that it prints
my $page = slurp_file("$top/doc/scale.md");
my $told = 0;
$node->safe_psql('postgres', "UPDATE vecprov.tiers SET shard_bytes = 200e9 WHERE name = 'r40'");
while ($page =~ /^    make scale\b(.*)\n((?:    .*\n)*)\n((?:\|.*\n)+)/mg)
{
	my ($arguments, $shown) = ("$1 $2", $3);
	my %variables = map { /^(\w+)=(?|"(.*)"|(.*))$/ } $arguments =~ /(\w+=(?:"[^"]*"|\S+))/g;

	$variables{CONNECT} = $node->connstr('postgres') if $variables{CONNECT};
	my ($printed) = scale(%variables);
	is($shown, join('', $printed =~ /^\|.*\n/mg), "the page's table of make scale$1");
	$told++;
}
cmp_ok($told, '>=', 3, 'the page has tables');

# The curves: of each file the points that no other effort beats, as gnuplot reads them
my $sweep = $node->basedir . '/sweep.tsv';
spit_sweep($sweep, [ 10, 0.7, 900 ], [ 20, 0.8, 500 ], [ 40, 0.9, 600 ], [ 80, 0.95, 300 ]);

sub spit_sweep
{
	my ($to, @points) = @_;
	my $text = "data\trows\tdims\tmetric\tm\tef_construction\tmethod\twhat\tvalue\tunit\n";
	foreach my $point (@points)
	{
		my ($effort, $recall, $rate) = @$point;
		$text .= "words\t1000\t4\tl2\t16\t64\tvecprov\tsweep_recall_ef$effort\t$recall\tfraction\n";
		$text .= "words\t1000\t4\tl2\t16\t64\tvecprov\tsweep_rate_ef$effort\t$rate\tqueries/s\n";
	}
	append_to_file($to, $text);
	return;
}
my ($program, $complaint) = ('', '');
{
	local $ENV{FROM} = $sweep;
	IPC::Run::run(["$top/test/bench/curves"], '>', \$program, '2>', \$complaint);
}
is($complaint, '', 'the curves of a file');
like($program, qr/^\$vecprov << EOD\n0.7 900\n0.9 600\n0.95 300\nEOD$/m, 'what is slower at less recall is left out');
like($program, qr/words: 1000 vectors of 4 dimensions, m = 16/, 'and the title says of what');

$node->stop;
done_testing();
