# vecprov-load under all faults at once. Two loads run beside each other,
# through a proxy that cuts connections at random bytes, while the server and
# its backends are killed and come back:
#
# - RECORDS records into a table without an index, with --progress-table and a
#   file of dead letters. This loader is killed as well, and goes on by
#   --resume.
# - RECORDS / 50 records into a table with an index, for which limits refuse,
#   without a progress table, with a table of dead letters. This one is not
#   killed: it has to find out about its COMMITs by itself.
#
# SEED chooses the faults and their order, but not what they hit. The first load
# takes a minute at least, however few records it has, so that it meets some.
#
# In the end each record is in its table or in the dead letters, once: by count
# and by checksums that do not depend on what was read from the files.

use strict;
use warnings;

use IPC::Run;
use List::Util qw(shuffle);
use LoadProxy;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);
use VecprovTest;

plan skip_all => 'vecprov-load is not built: it needs libpq-dev and libjansson-dev'
  unless grep { -x "$_/vecprov-load" } split /:/, $ENV{PATH};

my $many = $ENV{RECORDS} // 10_000_000;
my $few = int($many / 50);
my $bad_each = 10_007;    # every so manieth record is bad
srand($ENV{SEED} // 1);
note 'seed ' . ($ENV{SEED} // 1) . ", records $many and $few";

my $node = vecprov_node('bar');
$node->append_conf('postgresql.conf', <<'EOC');
fsync = off
max_connections = 60
max_wal_size = 4GB
checkpoint_timeout = 30s
shared_buffers = 512MB
EOC
$node->start;
vecprov_functions($node);
my $dir = $node->basedir;

sub sql
{
	return $node->safe_psql('postgres', $_[0]);
}

# Record i of a file, in Perl and in SQL
my $vector_of = "format('[%s,%s,%s,%s]', i % 1000, i % 997, i % 991, 1)::vector";

sub write_file
{
	my ($name, $records) = @_;
	open my $out, '>', "$dir/$name" or die $!;
	foreach my $i (1 .. $records)
	{
		print $out "$i\t", $i % $bad_each ? '[' . join(',', $i % 1000, $i % 997, $i % 991, 1) . ']' : 'bad', "\n";
	}
	close $out or die $!;
	return "$dir/$name";
}

# Connections are cut, a quarter of them within the first statements.
my $through = start_proxy(
	$node,
	sub {
		cut_after(@_, int(rand() < 0.25 ? 300 + rand(5000) : rand(8_000_000))) or return;
		open my $cuts, '>>', "$dir/cuts" or die $!;
		syswrite $cuts, '.';
	});

sub start_load
{
	my ($name, @args) = @_;
	my %load = (name => $name, args => \@args, out => '', err => '', begun => time);
	$load{process} = IPC::Run::start(
		[ 'vecprov-load', '-d', $through, '--progress', 'none', '--log-file', "$dir/$name.log", '--backoff', 0.05, '--backoff-cap', 1,
			'--attempts', 1_000_000, '--deadline', 36_000, @args ],
		'<', '/dev/null', '>', \$load{out}, '2>', \$load{err});
	return \%load;
}

sql(<<'EOS');
CREATE TABLE plain (id int, v vector(4));
CREATE TABLE limited (id int, v vector(4));
CREATE INDEX limited_v_idx ON limited USING vecprov (v);
INSERT INTO vecprov.limits (write_records, burst_seconds) VALUES (2000, 0.3);
EOS
my $many_file = write_file('many.tsv', $many);
my $few_file = write_file('few.tsv', $few);
my @plain = ('plain', '-t', 'plain', '-c', 4, '--rate', int($many / 60), '--progress-table', 'progress', '--resume', '--dead-letters', "$dir/dead", $many_file);
my @limited = ('limited', '-t', 'limited', '-c', 2, '--batch-records', 500, '--dead-letter-table', 'dead', $few_file);
my %loads = map { $_->[0] => start_load(@$_) } \@plain, \@limited;
my %done;
my %count = map { $_ => 0 } qw(postmaster immediate fast backend loader);
my @faults;
my $began = time;

while (%loads)
{
	my $until = time + 1 + rand(7);
	while (time < $until && %loads)
	{
		sleep(0.2);
		foreach my $name (keys %loads)
		{
			# an end is seen only by who reads what it says
			$loads{$name}{process}->pump_nb if $loads{$name}{process}->pumpable;
			next if $loads{$name}{process}->pumpable;
			$done{$name} = delete $loads{$name};
			$done{$name}{process}->finish;
		}
	}
	last unless %loads;

	# each kind as often as the others
	@faults = shuffle(qw(postmaster immediate fast backend loader)) unless @faults;
	my $fault = shift @faults;
	if ($fault eq 'loader')
	{
		my $load = delete $loads{plain} or next;
		$load->{process}->signal('KILL');
		$load->{process}->finish;
		$count{loader}++ if ($load->{process}->full_result(0) & 127) == 9;
		$loads{plain} = start_load(@plain);
	}
	elsif ($fault eq 'backend')
	{
		# all others end with it, and the server recovers
		my ($rc, $pid) = $node->psql('postgres', q(SELECT pid FROM pg_stat_activity WHERE query ~ 'COPY|COMMIT|noted' AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1));
		$count{backend}++ if $rc == 0 && $pid =~ /^\d+$/ && kill 'KILL', $pid;
	}
	else
	{
		$fault eq 'postmaster' ? $node->kill9 : $node->stop($fault, fail_ok => 1);
		$count{$fault}++;
		start_again($node);
	}
}
my $seconds = time - $began;
stop_proxies();
note 'faults: ' . join(', ', map { "$count{$_} $_" } sort keys %count) . ', ' . (-s "$dir/cuts" // 0) . ' cuts, in ' . int($seconds) . ' seconds';
crash_and_wait($node, 0);

foreach my $load ([ 'plain', $many ], [ 'limited', $few ])
{
	my ($name, $records) = @$load;
	my $dead = int($records / $bad_each);
	note $done{$name}{out};
	is($done{$name}{process}->full_result(0) >> 8, $dead ? 2 : 0, "$name: loaded to its end") or diag $done{$name}{err}, `tail -n 20 $dir/$name.log`;
	my $sums = 'count(*), count(DISTINCT id), sum(id), bit_xor(hashtextextended(id || v::text, 1)), sum(hashtextextended(id || v::text, 2))';
	is(sql("SELECT $sums FROM $name"), sql("SELECT $sums FROM (SELECT i AS id, $vector_of AS v FROM generate_series(1, $records) i WHERE i % $bad_each <> 0) x"),
		"$name: each record once, bit by bit");
}
open my $letters, '<', "$dir/dead" or die $!;
my @lines = sort { $a <=> $b } map { /"line": (\d+)/ } <$letters>;
is("@lines", join(' ', map { $_ * $bad_each } 1 .. int($many / $bad_each)), 'each dead letter once in the file');
is(sql('SELECT string_agg(line::text, \' \' ORDER BY line) FROM dead'), join(' ', map { $_ * $bad_each } 1 .. int($few / $bad_each)), 'and in the table')
  if int($few / $bad_each);
like($done{limited}{out}, qr/"refused_by_limits": [1-9]/, 'limits refused');
like($done{limited}{out}, qr/"retried": [1-9]/, 'attempts failed');
cmp_ok($count{postmaster} + $count{immediate} + $count{backend}, '>', 0, 'the server was killed');
cmp_ok($count{loader}, '>', 0, 'so was the loader');
cmp_ok(-s "$dir/cuts" // 0, '>', 0, 'and connections were cut');
intact($node, 'limited', 'limited_v_idx', 'index');
$node->stop;
done_testing();
