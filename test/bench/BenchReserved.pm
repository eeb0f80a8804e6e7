# Reserved zones, in the part `replicas` of the benchmark (test/bench/run, which calls measure): on two
# processors, what a provisioned search takes while eight clients search an index on demand, and what
# these get, with and without a reservation. What is measured and how: doc/benchmarks.md.

package BenchReserved;

use strict;
use warnings;

my $BUSY = 8;    # clients on demand

my $bench;       # what test/bench/run lends: its functions and settings
my (@cpus, $zones);

sub first_line
{
	my ($path) = @_;
	open(my $file, '<', $path) or return '';
	return <$file> // '';
}

# Two processors that we may use, of different cores if there are such; fewer: there are none.
sub choose_processors
{
	open(my $status, '<', '/proc/self/status') or return;
	my ($list) = join('', <$status>) =~ /^Cpus_allowed_list:\s*(\S+)$/m;
	my @all = map { /^(\d+)-(\d+)$/ ? ($1 .. $2) : $_ } split(/,/, $list // '');
	return @all if @all < 2;
	my ($siblings) = first_line("/sys/devices/system/cpu/cpu$all[0]/topology/thread_siblings_list") =~ /(\S+)/;
	my %sibling = map { $_ => 1 } map { /^(\d+)-(\d+)$/ ? ($1 .. $2) : $_ } split(/,/, $siblings // '');
	my @apart = grep { !$sibling{$_} } @all;
	return ($all[0], $apart[0] // $all[1]);
}

# The server on these processors.
sub restart_on
{
	my ($list) = @_;
	open(my $status, '<', '/proc/self/status') or die "no /proc\n";
	my ($before) = join('', <$status>) =~ /^Cpus_allowed_list:\s*(\S+)$/m;
	$bench->{stop_server}->('fast');
	system("taskset -pc $list $$ >/dev/null") == 0 or die "could not bind the server to processors\n";
	$bench->{start_server}->();
	system("taskset -pc $before $$ >/dev/null");
	return;
}

sub reserve
{
	my ($setting) = @_;
	$zones = $setting;
	$bench->{value_of}->('postgres', "ALTER SYSTEM SET vecprov.zones = '$setting'");
	$bench->{value_of}->('postgres', 'SELECT pg_reload_conf()');
	sleep 1;
	return;
}

# The driver on the processors that are not reserved: it is no process of the server.
sub drive_query
{
	my ($table, @arguments) = @_;
	my $list = $zones eq '' ? "$cpus[0],$cpus[1]" : $cpus[0];
	my $clock = $table eq 'items' ? ', extract(epoch FROM clock_timestamp() - statement_timestamp())::float8 * 1e6' : '';
	my @command = ('taskset', '-c', $list, $bench->{driver}, 'query', $bench->{connection}->('vecprov'),
		'--queries', $bench->{queries}, '--metric', $bench->{metric}, '--warmup', 100,
		'--set', 'SET enable_seqscan = off', '--set', "SET vecprov.ef_search = $bench->{effort}",
		'--sql', "SELECT id$clock FROM $table ORDER BY embedding $bench->{operator} \$1 LIMIT 10",
		@arguments);
	open(my $pipe, '-|', @command) or die "could not run $bench->{driver}: $!\n";
	return $pipe;
}

sub result_of
{
	my ($pipe) = @_;
	my $line = join('', <$pipe>);
	close($pipe) or die "failed: driver query\n";
	return { $line =~ /(\w+)=(\S+)/g };
}

# One client of the provisioned index, with or without the others.
sub run_once
{
	my ($busy) = @_;
	my $others;
	if ($busy)
	{
		$others = drive_query('busy', '--clients', $BUSY, '--seconds', $bench->{seconds} + 2);
		sleep 1;
	}
	my $one = result_of(drive_query('items', '--seconds', $bench->{seconds}, '--server-clock'));
	$one->{others} = result_of($others)->{rate} if $busy;
	return $one;
}

sub measure_setting
{
	my ($setting, $name) = @_;
	my (%run, %middle);
	reserve($setting);
	foreach my $round (1 .. $bench->{rounds})
	{
		push(@{ $run{$_} }, run_once($_)) foreach 0, 1;
	}
	foreach my $busy (0, 1)
	{
		foreach my $what (qw(p99_us server_p50_us server_p99_us), $busy ? 'others' : ())
		{
			$middle{$busy}{$what} = $bench->{median}->(map { $_->{$what} } @{ $run{$busy} });
		}
		printf("%-28s server us: p50 %s, p99 %s; client p99 %s%s\n", $name . ($busy ? ", beside $BUSY" : ', alone'),
			(map { $bench->{human}->($middle{$busy}{$_}) } qw(server_p50_us server_p99_us p99_us)),
			$busy ? '; the others ' . $bench->{human}->($middle{1}{others}) . ' queries/s' : '');
	}
	return \%middle;
}

sub measure
{
	($bench) = @_;
	@cpus = choose_processors();
	if (@cpus < 2 || system('taskset -p $$ >/dev/null 2>&1') != 0)
	{
		print 'reserved zones: not measured, ', (@cpus < 2 ? 'there is one processor' : 'taskset is not installed'), "\n";
		return;
	}
	print "one client, ef $bench->{effort}, on processors $cpus[0] and $cpus[1]; $BUSY clients on demand beside\n";
	$bench->{value_of}->('vecprov', $_) foreach 'CREATE TABLE busy AS TABLE items',
	  "CREATE INDEX ON busy USING vecprov (embedding vector_$bench->{metric}_ops)", 'ANALYZE busy';
	restart_on("$cpus[0],$cpus[1]");
	$bench->{provision}->(1);
	my $plain = measure_setting('', 'nothing reserved');
	my $reserved = measure_setting("a=$cpus[1] reserved", "processor $cpus[1] reserved");
	$bench->{put_ratio}->('plain_beside_p99', "server's p99 beside $BUSY / alone, nothing reserved",
		$plain->{1}{server_p99_us}, $plain->{0}{server_p99_us}, '');
	$bench->{put_ratio}->('reserved_beside_p99', "server's p99 beside $BUSY / alone, reserved",
		$reserved->{1}{server_p99_us}, $reserved->{0}{server_p99_us}, '<= 1.5');
	$bench->{put_ratio}->('reserved_others', "queries/s of the $BUSY / nothing reserved",
		$reserved->{1}{others}, $plain->{1}{others}, '>= 0.45');
	$bench->{put_ratio}->('reserved_client_p99', "client's p99 beside $BUSY / nothing reserved",
		$reserved->{1}{p99_us}, $plain->{1}{p99_us}, '');
	reserve('');
	$bench->{value_of}->('vecprov', 'DROP TABLE busy');
	return;
}

1;
