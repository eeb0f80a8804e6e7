# Indexes larger than shared buffers, and than the memory, in the part `memory` of the benchmark
# (test/bench/run, which calls measure). What is measured and how: doc/benchmarks.md.

package BenchMemory;

use strict;
use warnings;
use POSIX qw(ceil);

# What the server's processes take besides shared buffers and the page cache.
my $SERVER_MEGABYTES = 48;

# Asked before a cgroup's server is measured: a query may take seconds there.
my $FEW_QUERIES = 50;

my $bench;       # what test/bench/run lends: its functions and settings
my $group;       # the memory cgroup, while there is one

# A new memory cgroup, and where its limit and its processes are; nothing: there can be none.
sub make_group
{
	foreach ([ '/sys/fs/cgroup/memory', 'memory.limit_in_bytes' ], [ '/sys/fs/cgroup', 'memory.max' ])
	{
		my ($parent, $limit) = @$_;
		my $made = "$parent/vecprov-bench-$$";
		next unless -e "$parent/cgroup.procs" && mkdir($made);
		return { parent => $parent, group => $made, limit => "$made/$limit" } if -w "$made/$limit";
		rmdir($made);
	}
	return;
}

# After the server has been stopped.
sub remove_group
{
	rmdir($group->{group}) if $group;
	undef $group;
	return;
}

sub put
{
	my ($file, $value) = @_;
	open(my $out, '>', $file) or die "could not open \"$file\": $!\n";
	print $out "$value\n";
	close($out) or die "could not write \"$file\": $!\n";
	return;
}

# The server anew with these shared buffers, in megabytes (none: those of all parts); in a cgroup: with the page
# cache empty, so that what is read counts there.
sub restart
{
	my ($megabytes, $in_group) = @_;
	$bench->{value_of}->('postgres', $megabytes
		? "ALTER SYSTEM SET shared_buffers = '${megabytes}MB'" : 'ALTER SYSTEM RESET shared_buffers');
	$bench->{stop_server}->('fast');
	if ($in_group)
	{
		$bench->{drop_page_cache}->();
		put("$group->{group}/cgroup.procs", $$);
	}
	$bench->{start_server}->();
	put("$group->{parent}/cgroup.procs", $$) if $in_group;
	return;
}

# Queries a second of each method, each in rounds on a server of its own: queries asked before, then timed.
sub rates
{
	my ($what, $megabytes, $in_group) = @_;
	my %rate;
	foreach my $method (@{ $bench->{methods} })
	{
		my @runs;
		foreach my $round (1 .. $bench->{rounds})
		{
			restart($megabytes, $in_group);
			$bench->{query}->($method, '--count', $in_group ? $FEW_QUERIES : $bench->{query_count});
			push(@runs, $bench->{query}->($method, '--seconds', $bench->{seconds})->{rate});
		}
		$rate{$method} = $bench->{median}->(@runs);
		$bench->{record}->($method, "memory_rate_$what", $rate{$method}, 'queries/s');
	}
	printf("%-52s %s\n", $what, join(', ', map { "$_ " . $bench->{human}->($rate{$_}) . ' queries/s' } @{ $bench->{methods} }));
	return \%rate;
}

sub against
{
	my ($what, $rates, $bound) = @_;
	$bench->{put_ratio}->("memory_$what", "$what: vecprov against pgvector", $rates->{vecprov}, $rates->{pgvector}, $bound)
	  if $rates->{pgvector};
	return;
}

# search_bytes, index_bytes: of vecprov's index, what a search needs, and all.
sub measure
{
	($bench, my $search_bytes, my $index_bytes) = @_;
	my $half = ceil($search_bytes / 2 / 2**20);
	my $whole = rates('all in shared buffers');
	my $small = rates('half of graph and codes', $half);
	$group = make_group();

	if ($group)
	{
		my $eighth = ceil($index_bytes / 8 / 2**20);
		put($group->{limit}, (2 * $eighth + $SERVER_MEGABYTES) * 2**20);
		against('a quarter in memory', rates('a quarter in memory', $eighth, 1), '>= 15');
		restart();
		remove_group();
	}
	else
	{
		print "a quarter in memory: no memory cgroup can be made here (it takes root)\n";
		restart();
	}
	$bench->{put_ratio}->('memory_half_whole', 'half of graph and codes against all of them', $small->{vecprov}, $whole->{vecprov}, '>= 0.5');
	against('half of graph and codes', $small, '>= 12');
	return;
}

1;
