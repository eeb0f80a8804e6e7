# The part `filter` of the benchmark (test/bench/run, which calls measure): what a search with a
# filter takes in parts of the time without one, at equal recall; pgvector and a sequential scan
# beside it; what key columns cost. What is measured, how, and every setting: doc/benchmarks.md.

package BenchFilter;

use strict;
use warnings;
use List::Util qw(max min sum sum0);
use POSIX qw(ceil floor);

my $TARGET = 0.95;
my @TRIED = (10, 14, 20, 28, 40, 56, 80, 113, 160, 226, 320, 453, 640, 905, 1280, 2560, 5120);
my @KEYS = qw(u rank length letter region tenant shop);

# How pgvector is tried: hnsw.ef_search, hnsw.max_scan_tuples, hnsw.scan_mem_multiplier.
my @PGVECTOR = ([ 40, 20_000, 1 ], [ 100, 20_000, 1 ], [ 200, 20_000, 1 ], [ 400, 20_000, 1 ],
	[ 1000, 20_000, 1 ], [ 400, 1_000_000_000, 32 ], [ 1000, 1_000_000_000, 32 ]);

my $bench;    # what test/bench/run lends: its functions, data and settings
my (%row, %argument, @lines, $queries, $query_count, $seconds, $pass_seconds, $keys);

#
# Rows, queries and their attributes
#

sub read_vector
{
	my ($path, $number) = @_;
	open(my $file, '<:raw', $path) or die "could not open \"$path\": $!\n";
	seek($file, $number * 4 * ($bench->{dims} + 1) + 4, 0);
	read($file, my $bytes, 4 * $bench->{dims});
	return unpack('f<*', $bytes);
}

# A file with one number for each row or query, as the driver reads it.
sub write_numbers
{
	my ($name, $numbers) = @_;
	my $path = "$bench->{work}/$name.ivecs";
	open(my $file, '>:raw', $path) or die "could not create \"$path\": $!\n";
	foreach my $i (0 .. ceil(@$numbers / 10_000) - 1)
	{
		my $last = min($#$numbers, $i * 10_000 + 9_999);
		print $file pack('(l<l<)*', map { (1, $_) } @{$numbers}[ $i * 10_000 .. $last ]);
	}
	close($file) or die "could not write \"$path\": $!\n";
	return $path;
}

# The first few vectors of a file, or those of some numbers.
sub write_vectors
{
	my ($name, $from, @numbers) = @_;
	my $path = "$bench->{work}/$name.fvecs";
	open(my $file, '>:raw', $path) or die "could not create \"$path\": $!\n";
	print $file pack('l<f<*', $bench->{dims}, read_vector($from, $_)) foreach @numbers;
	close($file) or die "could not write \"$path\": $!\n";
	return $path;
}

# Rank, length and first letter of each row's word; of rows that were mixed, those of the word that
# weighs most. Data without labels get random ones.
sub read_words
{
	my $path = "$bench->{data}/labels.tsv";
	my (@ranks, @lengths, @letters);
	if (open(my $file, '<', $path))
	{
		while (my $line = <$file>)
		{
			my ($rank, $word) = $line =~ /^(\d+)\t(.*)$/ or die "$path: no rank and word in line $.\n";
			push(@ranks, $rank);
			push(@lengths, length($word));
			push(@letters, $word =~ /^([a-z])/ ? $1 : '-');
		}
	}
	else
	{
		@ranks = map { floor(rand(1_000_000)) } 1 .. $bench->{rows};
		@lengths = map { 1 + floor(rand(8) + rand(8)) } 1 .. $bench->{rows};
		@letters = map { chr(ord('a') + floor(rand(26))) } 1 .. $bench->{rows};
	}
	my @word = map { $_ % @ranks } 0 .. $bench->{rows} - 1;
	$row{rank} = [ @ranks[@word] ];
	$row{length} = [ @lengths[@word] ];
	$row{letter} = [ @letters[@word] ];
	return;
}

# Tenants of sizes by a Zipf law; the largest has a fifth of the rows.
sub draw_tenants
{
	my ($total, @upto) = (0);
	push(@upto, $total += $_**-1.2) foreach 1 .. 10_000;
	foreach (1 .. $bench->{rows})
	{
		my $x = rand($total);
		my ($low, $high) = (0, $#upto);
		while ($low < $high)
		{
			my $middle = floor(($low + $high) / 2);
			if ($upto[$middle] > $x) { $high = $middle }
			else { $low = $middle + 1 }
		}
		push(@{ $row{tenant} }, $low + 1);
	}
	return;
}

# For each vector of a file the nearest of 64 rows, and the farthest.
sub find_regions
{
	my ($path, $centres, $count) = @_;
	my $out = "$bench->{work}/regions.ivecs";
	$bench->{drive}->('exact', '--base', $centres, '--queries', $path, '--metric', $bench->{metric},
		'--clients', $bench->{processors}, '--out', $out);
	open(my $file, '<:raw', $out) or die "could not open \"$out\": $!\n";
	my (@nearest, @farthest);
	foreach (1 .. $count)
	{
		read($file, my $bytes, 4 * 65) == 4 * 65 or die "\"$out\" is too short\n";
		my (undef, @regions) = unpack('l<*', $bytes);
		push(@nearest, $regions[0]);
		push(@farthest, $regions[-1]);
	}
	close($file);
	unlink($out);
	return (\@nearest, \@farthest);
}

sub make_attributes
{
	srand(7);
	$query_count = min($ENV{QUERIES} || ($bench->{quick} ? 200 : 500), (-s $bench->{queries}) / (4 * ($bench->{dims} + 1)));
	$queries = write_vectors('queries', $bench->{queries}, 0 .. $query_count - 1);
	read_words();
	$row{u} = [ map { rand() } 1 .. $bench->{rows} ];
	draw_tenants();
	$row{shop} = [ map { rand() < 0.4 ? 1 : 2 + floor(rand(50)) } 1 .. $bench->{rows} ];
	my $centres = write_vectors('centres', $bench->{base}, map { floor(($_ + 0.5) * $bench->{rows} / 64) } 0 .. 63);
	($row{region}) = find_regions($bench->{base}, $centres, $bench->{rows});
	@argument{qw(own far)} = find_regions($queries, $centres, $query_count);
	return;
}

#
# The lines of the table
#

# A filter: its condition; the columns whose btree indexes may help; for each row its class, for
# each query its argument: a row matches where they are the same. `wanted`: the ratio to reach.
sub add_line
{
	my ($name, $title, $where, $columns, $classes, $arguments, $wanted) = @_;
	my $line = { name => $name, title => $title, where => $where, columns => $columns, wanted => $wanted };
	my %count;
	$count{$_}++ foreach @$classes;
	$line->{matches} = sum0(map { $count{$_} // 0 } @$arguments) / @$arguments;
	if ($line->{matches} < 1)
	{
		print "no row for $title: left out\n";
		return;
	}
	$line->{classes} = write_numbers("class_$name", $classes);
	$line->{arguments} = write_numbers("argument_$name", $arguments);
	$line->{truth} = "$bench->{work}/truth_$name.ivecs";
	$bench->{drive}->('exact', '--base', $bench->{base}, '--rows', $bench->{rows}, '--queries', $queries, '--metric',
		$bench->{metric}, '--clients', $bench->{processors}, '--classes', $line->{classes}, '--arguments',
		$line->{arguments}, '--out', $line->{truth});
	push(@lines, $line);
	return;
}

# A filter that is the same for all queries; $test says of a row's number whether it matches.
sub add_fixed
{
	my ($name, $title, $where, $columns, $test, $wanted) = @_;
	add_line($name, $title, $where, $columns, [ map { $test->($_) ? 1 : 0 } 0 .. $bench->{rows} - 1 ],
		[ (1) x $query_count ], $wanted);
	return;
}

# The tenant whose number of rows is nearest to this one.
sub tenant_of_size
{
	my ($size) = @_;
	my %count;
	$count{$_}++ foreach @{ $row{tenant} };
	my ($best) = sort { abs($count{$a} - $size) <=> abs($count{$b} - $size) || $a <=> $b } keys %count;
	return ($best, $count{$best});
}

sub define_lines
{
	my $u = $row{u};
	add_fixed('none', 'none', 'true', [], sub { 1 }, '');
	my %wanted = (50 => '<= 1.2', 10 => '<= 1.4', 1 => $bench->{rows} > 200_000 ? '<= 0.8' : '<= 1',
		0.1 => '<= 0.5', 0.01 => '<= 0.5');
	foreach my $percent (50, 10, 1, 0.1, 0.01)
	{
		my $bound = $percent / 100;
		add_fixed("u$percent", "$percent % at random", "u < $bound", ['u'], sub { $u->[ $_[0] ] < $bound }, $wanted{$percent});
	}
	my @ranks = sort { $a <=> $b } @{ $row{rank} };
	my ($low, $high) = ($ranks[ 0.06 * @ranks ], $ranks[ 0.94 * @ranks ]);
	my $far = $bench->{rows} > 1_000_000 ? '<= 4' : '<= 1.5';
	add_fixed('frequent', 'the frequent words', "rank < $low", ['rank'], sub { $row{rank}[ $_[0] ] < $low }, $far);
	add_fixed('rare', 'the rare words', "rank >= $high", ['rank'], sub { $row{rank}[ $_[0] ] >= $high }, $far);
	add_line('own', "the query's own region", 'region = $2', ['region'], $row{region}, $argument{own}, '<= 1.3');
	add_line('far', 'the farthest region', 'region = $2', ['region'], $row{region}, $argument{far},
		$bench->{rows} > 1_000_000 ? '<= 2' : '<= 1.5');
	my $five = sub { $row{length}[ $_[0] ] == 5 };
	add_fixed('five', 'words of 5 letters', 'length = 5', ['length'], $five, '<= 1.6');
	add_fixed('five_u10', 'these, and 10 % at random', 'length = 5 AND u < 0.1', [ 'length', 'u' ],
		sub { $five->(@_) && $u->[ $_[0] ] < 0.1 }, $wanted{1});
	add_fixed('letter', 'words with q', "letter = 'q'", ['letter'], sub { $row{letter}[ $_[0] ] eq 'q' }, '<= 0.8');
	my $shop = sub { $row{shop}[ $_[0] ] == 1 };
	add_fixed('shop', 'a tenant of 40 %', 'shop = 1', ['shop'], $shop, '<= 1.3');
	add_fixed('shop_u50', 'this one, and 50 % at random', 'shop = 1 AND u < 0.5', [ 'shop', 'u' ],
		sub { $shop->(@_) && $u->[ $_[0] ] < 0.5 }, '<= 1.3');
	my @sizes = ([ 'large', 1e9, '<= 1.3' ], [ 'middle', 0.0018 * $bench->{rows}, '<= 0.5' ],
		[ 'hundred', 100, '<= 0.5' ], [ 'small', 2, '<= 0.5' ]);
	foreach my $size (@sizes)
	{
		my ($tenant, $count) = tenant_of_size($size->[1]);
		add_fixed("tenant_$size->[0]", "a tenant of $count rows", "tenant = $tenant", ['tenant'],
			sub { $row{tenant}[ $_[0] ] == $tenant }, $size->[2]);
	}
	return;
}

#
# Tables and indexes
#

# The table: the vectors of `items` with their attributes.
sub make_table
{
	my ($database, $file) = @_;
	$bench->{load_rows}->($database, $bench->{rows});
	$bench->{value_of}->($database, $_) foreach (
		'CREATE TABLE attributes (id int, u float8, rank int, length int, letter text, region int, tenant int, shop int)',
		"COPY attributes FROM '$file'",
		'CREATE TABLE things AS SELECT * FROM items JOIN attributes USING (id) ORDER BY id',
		'TRUNCATE items',
		'DROP TABLE attributes',
		'ALTER TABLE things ADD PRIMARY KEY (id)',
		'VACUUM (ANALYZE, FREEZE) things');
	return;
}

sub make_tables
{
	my $path = "$bench->{work}/attributes.tsv";
	open(my $file, '>', $path) or die "could not create \"$path\": $!\n";
	foreach my $i (0 .. $bench->{rows} - 1)
	{
		print $file join("\t", $i, sprintf('%.17g', $row{u}[$i]), map { $row{$_}[$i] } @KEYS[ 1 .. $#KEYS ]), "\n";
	}
	close($file) or die "could not write \"$path\": $!\n";
	make_table($_, $path) foreach @{ $bench->{methods} };
	return;
}

sub create_index
{
	my ($method, $table, $columns, $workers, $efc) = @_;
	return $bench->{execute}->($method, "CREATE INDEX ${table}_embedding_idx ON $table USING $bench->{method}{$method}{am}"
		  . ' (' . join(', ', "embedding vector_$bench->{metric}_ops", @$columns) . ')'
		  . " WITH (m = $bench->{m}, ef_construction = " . ($efc // $bench->{efc}) . ')',
		"SET max_parallel_maintenance_workers = $workers");
}

sub create_btrees
{
	my ($method) = @_;
	$bench->{value_of}->($method, "CREATE INDEX things_btree_$_ ON things ($_)") foreach @KEYS;
	$bench->{value_of}->($method, 'ANALYZE things');
	return;
}

sub drop_btrees
{
	my ($method) = @_;
	$bench->{value_of}->($method, "DROP INDEX things_btree_$_") foreach @KEYS;
	return;
}

#
# Queries
#

sub statement
{
	my ($line) = @_;
	return "SELECT id FROM things WHERE $line->{where} ORDER BY embedding $bench->{operator} \$1 LIMIT 10";
}

sub run_query
{
	my ($method, $line, $settings, @arguments) = @_;
	return $bench->{drive}->('query', $bench->{connection}->($method), '--queries', $queries, '--metric', $bench->{metric},
		'--arguments', $line->{arguments}, '--sql', $line->{sql} // statement($line),
		(map { ('--set', "SET $_") } @$settings), '--warmup', 5, @arguments);
}

# One pass over the queries, or as many as the time allows, with recall.
sub run_pass
{
	my ($method, $line, $settings, $count) = @_;
	my @classes = defined $line->{classes} ? ('--classes', $line->{classes}) : ();
	my $pass = run_query($method, $line, $settings, '--base', $bench->{base}, '--rows', $bench->{rows}, '--truth', $line->{truth},
		@classes, '--k', $line->{k} // 10, '--count', $count // $query_count, '--seconds', $pass_seconds);
	$pass->{ms} = 1000 / $pass->{rate};
	return $pass;
}

# What the planner chooses, unforced: the kind of the scan.
sub planned_scan
{
	my ($method, $line, @settings) = @_;
	my $vector = "'[" . join(',', map { sprintf('%.6g', $_) } read_vector($queries, 0)) . "]'";
	my $value = $line->{value} // $argument{own}[0];
	my $sql = ($line->{sql} // statement($line)) =~ s/\$1/$vector/r =~ s/\$2/$value/r;
	my $plan = $bench->{value_of}->($method, "EXPLAIN (COSTS OFF) $sql", @settings);
	return 'vector index' if $plan =~ /Index Scan using things_embedding_idx.*Order By/;
	return 'its keys' if $plan =~ /Index Scan (?:using|on) things_embedding_idx/;
	return 'btree' if $plan =~ /Index (?:Only )?Scan using|Bitmap Heap Scan/;
	return $plan =~ /Seq Scan/ ? 'sequential' : $plan;
}

#
# vecprov
#

sub our_settings
{
	my ($effort) = @_;
	return [ 'enable_seqscan = off', "vecprov.ef_search = $effort" ];
}

sub recall_at
{
	my ($line, $effort) = @_;
	return $line->{recall}{$effort} //= run_pass('vecprov', $line, our_settings($effort))->{recall};
}

# The smallest effort that reaches the recall, to 6 %; nothing if there is none.
sub find_effort
{
	my ($line) = @_;
	my ($low, $high) = (9);
	foreach my $effort (@TRIED)
	{
		$high = $effort;
		last if recall_at($line, $effort) >= $TARGET;
		$low = $effort;
	}
	return if $line->{recall}{$high} < $TARGET;
	while ($high > 10 && $high - $low > max(1, 0.06 * $high))
	{
		my $middle = max($low + 1, floor(sqrt($low * $high)));
		if (recall_at($line, $middle) >= $TARGET) { $high = $middle }
		else { $low = $middle }
	}
	return $line->{effort} = $high;
}

# Milliseconds a query, with and without the filter by turns; the medians, and that of the ratios.
sub time_line
{
	my ($line, $none) = @_;
	my (@ms, @ratio, @cpu_ratio, @key_ratio);
	foreach my $round (1 .. $bench->{rounds})
	{
		my $without = run_query('vecprov', $none, our_settings($none->{effort}), '--seconds', $seconds);
		my $with = run_query('vecprov', $line, our_settings($line->{effort}), '--seconds', $seconds);
		push(@ms, 1000 / $with->{rate});
		push(@ratio, $without->{rate} / $with->{rate});
		push(@cpu_ratio, $with->{cpu_us} / max($without->{cpu_us}, 0.001));
		push(@key_ratio, time_key()->{rate} / $with->{rate});
	}
	$line->{ms} = $bench->{median}->(@ms);
	$line->{ratio} = $bench->{median}->(@ratio);
	$line->{cpu_ratio} = $bench->{median}->(@cpu_ratio);
	$line->{key_ratio} = $bench->{median}->(@key_ratio);
	return;
}

# A SELECT of one row by the primary key, in the same client.
sub time_key
{
	return run_query('vecprov', { arguments => "$bench->{work}/argument_own.ivecs", sql => 'SELECT id FROM things WHERE id = $1' },
		[], '--vectorless', '--seconds', $seconds / 2);
}

sub measure_vecprov
{
	my $built = create_index('vecprov', 'things', $keys ? \@KEYS : [], $bench->{processors} - 1);
	printf("vecprov   built in %s s, %s\n", $bench->{human}->($built->{seconds}), $keys ? "key columns @KEYS" : 'no key columns');
	$bench->{value_of}->('vecprov', 'VACUUM things');
	my ($none) = @lines;
	run_pass('vecprov', $none, our_settings(40));    # warm
	return measure_efforts(split(' ', $ENV{EFFORTS})) if defined $ENV{EFFORTS};
	find_effort($none) or die "recall $TARGET is not reached without a filter\n";
	foreach my $line (@lines)
	{
		$line->{same} = recall_at($line, $none->{effort});
		find_effort($line);
		time_line($line, $none) if $line->{effort};
		$line->{plan} = planned_scan('vecprov', $line);
		print_ours($line);
	}
	create_btrees('vecprov');
	$_->{plan_btree} = planned_scan('vecprov', $_) foreach @lines;
	drop_btrees('vecprov');
	return;
}

# Recall and nodes measured at some efforts.
sub measure_efforts
{
	my (@efforts) = @_;
	printf("%-28s %8s%s\n", 'recall, nodes measured', 'matches', join('', map { sprintf('%15s', "ef $_") } @efforts));
	foreach my $line (@lines)
	{
		printf('%-28s %8d', $line->{title}, $line->{matches});
		foreach my $effort (@efforts)
		{
			my $pass = run_pass('vecprov', $line, [ @{ our_settings($effort) }, 'client_min_messages = debug1' ]);
			printf('  %.3f %6d', $pass->{recall}, $pass->{distances});
			$bench->{record}->('vecprov', "filter_$line->{name}_recall_ef$effort", $pass->{recall}, 'fraction');
		}
		print "\n";
	}
	return;
}

sub print_ours
{
	my ($line) = @_;
	my $name = $line->{name};
	$bench->{record}->('vecprov', "filter_${name}_same_recall", $line->{same}, 'fraction');
	if (!$line->{effort})
	{
		printf("%-28s %8d  not reached (%.3f)\n", $line->{title}, $line->{matches}, max(values %{ $line->{recall} }));
		return;
	}
	$bench->{record}->('vecprov', "filter_${name}_ms", $line->{ms}, 'ms');
	$bench->{record}->('vecprov', "filter_${name}_ratio", $line->{ratio}, 'ratio');
	$bench->{record}->('vecprov', "filter_${name}_cpu_ratio", $line->{cpu_ratio}, 'ratio');
	printf("%-28s %8d  ef %4d  recall %.3f, at the effort of none %.3f  %s ms, ratio %.2f, of processor time %.2f\n",
		@{$line}{qw(title matches effort)}, $line->{recall}{ $line->{effort} }, $line->{same}, $bench->{human}->($line->{ms}),
		@{$line}{qw(ratio cpu_ratio)});
	return;
}

#
# pgvector and the sequential scan
#

sub measure_sequential
{
	my ($method) = @_;
	foreach my $line (@lines)
	{
		my $pass = run_pass($method, $line, [ 'enable_indexscan = off', 'enable_bitmapscan = off' ], 20);
		$line->{sequential} = $pass->{ms};
		$bench->{record}->('none', "filter_$line->{name}_ms", $pass->{ms}, 'ms');
		die "a sequential scan of \"$line->{title}\" has recall $pass->{recall}\n" if $pass->{recall} < 0.999;
	}
	return;
}

# The fastest way to the recall: an exact plan, then hnsw with rising effort as long as it is not slower.
sub measure_pgvector
{
	create_btrees('pgvector');
	$_->{exact} = run_pass('pgvector', $_, [], 100)->{ms} foreach @lines;
	$_->{exact_plan} = planned_scan('pgvector', $_) foreach @lines;
	drop_btrees('pgvector');
	my $built = create_index('pgvector', 'things', [], $bench->{processors} - 1);
	printf("pgvector  built in %s s\n", $bench->{human}->($built->{seconds}));
	foreach my $line (@lines)
	{
		try_pgvector($line);
		$line->{theirs} = min($line->{exact}, $line->{hnsw} // $line->{exact});
		$bench->{record}->('pgvector', "filter_$line->{name}_ms", $line->{theirs}, 'ms');
		printf("%-28s hnsw %s, exact by %s %s ms\n", $line->{title}, $line->{hnsw_text}, $line->{exact_plan}, $bench->{human}->($line->{exact}));
	}
	return;
}

sub try_pgvector
{
	my ($line) = @_;
	my $best = 0;
	foreach my $try (@PGVECTOR)
	{
		my ($effort, $tuples, $memory) = @$try;
		my $pass = run_pass('pgvector', $line, [ 'enable_seqscan = off', "hnsw.ef_search = $effort",
				'hnsw.iterative_scan = relaxed_order', "hnsw.max_scan_tuples = $tuples",
				"hnsw.scan_mem_multiplier = $memory" ], 100);
		$best = max($best, $pass->{recall});
		if ($pass->{recall} >= $TARGET)
		{
			$line->{hnsw} = $pass->{ms};
			$line->{hnsw_text} = sprintf('%s ms, ef %d%s', $bench->{human}->($pass->{ms}), $effort, $tuples > 20_000 ? ', to the end' : '');
			return;
		}
		if ($pass->{ms} > $line->{exact})
		{
			$line->{hnsw_text} = sprintf('not reached (%.3f) where the exact plan is faster', $best);
			return;
		}
	}
	$line->{hnsw_text} = sprintf('not reached (%.3f)', $best);
	return;
}

#
# Thresholds
#

sub distance
{
	my ($x, $y) = @_;
	my $last = $#$x;
	my $product = sum(map { $x->[$_] * $y->[$_] } 0 .. $last);
	return -$product if $bench->{metric} eq 'ip';
	return sum(map { abs($x->[$_] - $y->[$_]) } 0 .. $last) if $bench->{metric} eq 'l1';
	return sqrt(sum(map { ($x->[$_] - $y->[$_])**2 } 0 .. $last)) if $bench->{metric} eq 'l2';
	return 1 - $product / sqrt(sum(map { $_ * $_ } @$x) * sum(map { $_ * $_ } @$y));
}

# For each query a radius, in millionths, with 50 rows inside.
sub find_radii
{
	my ($truth) = @_;
	my @radii;
	open(my $file, '<:raw', $truth) or die "could not open \"$truth\": $!\n";
	foreach my $query (0 .. $query_count - 1)
	{
		read($file, my $length, 4);
		read($file, my $bytes, 4 * unpack('l<', $length));
		my @exact = unpack('l<*', $bytes);
		push(@radii, ceil(1e6 * distance([ read_vector($queries, $query) ], [ read_vector($bench->{base}, $exact[49]) ]) + 1));
	}
	return \@radii;
}

sub measure_threshold
{
	my ($none) = @lines;
	my $radii = find_radii($none->{truth});
	my $line = { name => 'threshold', title => 'threshold, 50 rows inside', matches => 50, wanted => '<= 1.5',
		truth => $none->{truth}, arguments => write_numbers('radii', $radii), value => $radii->[0], k => 50,
		sql => "SELECT id FROM things WHERE embedding $bench->{operator} \$1 < \$2::int4 * 1e-6::float8" };
	$line->{same} = recall_at($line, $none->{effort});
	find_effort($line);
	time_line($line, $none) if $line->{effort};
	$line->{sequential} = run_pass('vecprov', $line, [ 'enable_indexscan = off' ], 20)->{ms};
	$line->{plan} = $line->{plan_btree} = planned_scan('vecprov', $line);
	print_ours($line);
	return $line;
}

#
# What key columns cost
#

# A table with three keys, of which an index may have some; the first rows of the base.
sub make_costs
{
	my ($table, $rows) = @_;
	$bench->{value_of}->('vecprov', $_) foreach (
		"CREATE TABLE $table (id int, embedding vector($bench->{dims}), a int, b int, c int)",
		"INSERT INTO $table SELECT id, embedding, rank, length, tenant FROM things WHERE id < $rows ORDER BY id",
		"VACUUM (ANALYZE, FREEZE) $table");
	return;
}

# Single-row inserts into both indexes by turns; the medians of processor time and of p50.
sub compare_inserts
{
	my ($first, $count) = @_;
	my (%cpu, %p50);
	foreach my $round (1 .. 6)
	{
		foreach my $table ($round % 2 ? qw(plain keyed) : qw(keyed plain))
		{
			my $done = $bench->{drive}->('insert', $bench->{connection}->('vecprov'), '--base', $bench->{base}, '--set',
				'SET synchronous_commit = off', '--sql',
				"INSERT INTO $table SELECT \$1, \$2, \$1 * 7919 % 400000, \$1 % 20, \$1 % 5000",
				'--from', $first + ($round - 1) * $count, '--rows', $count);
			push(@{ $cpu{$table} }, $done->{cpu_us});
			push(@{ $p50{$table} }, $done->{p50_us});
		}
	}
	return map { $bench->{median}->(@{ $_->{keyed} }) / max($bench->{median}->(@{ $_->{plain} }), 0.001) } (\%cpu, \%p50);
}

sub put_cost
{
	my ($what, $title, $value, $wanted) = @_;
	$bench->{record}->('ratio', "filter_$what", $value, 'ratio');
	printf("    %-52s %6.2f  %-8s %s\n", $title, $value, $wanted, $wanted ne '' ? $bench->{verdict}->($value, $wanted) : '');
	return;
}

sub measure_costs
{
	my $held = min(3_000, floor($bench->{rows} / 4));
	my $rows = min($bench->{rows}, $ENV{COST_ROWS} || 50_000 + $held) - $held;
	my %built;
	$bench->{heading}->("What key columns cost, $rows rows");
	make_costs($_, $rows) foreach qw(plain keyed);
	my %columns = (plain => [], keyed => $keys ? [qw(a b c)] : []);
	$built{$_} = create_index('vecprov', $_, $columns{$_}, 0) foreach qw(plain keyed);
	printf("build: without %s s, with three int4 keys %s s (processor %s, %s)\n", map { $bench->{human}->($_) }
		  $built{plain}{seconds}, $built{keyed}{seconds}, $built{plain}{cpu}, $built{keyed}{cpu});
	put_cost('build_keys', 'build with three int4 keys / without', $built{keyed}{seconds} / $built{plain}{seconds}, '<= 1.1');
	put_cost('build_keys_cpu', 'the same, processor time', $built{keyed}{cpu} / max($built{plain}{cpu}, 0.01), '');
	my ($cpu, $p50) = compare_inserts($rows, floor($held / 6));
	put_cost('insert_keys', 'single insert with three int4 keys / without, p50', $p50, '<= 1.15');
	put_cost('insert_keys_cpu', 'the same, processor time', $cpu, '');
	measure_bytes() if $keys;
	return;
}

# Of all rows, since an index grows by half a megabyte at a time.
sub measure_bytes
{
	my %bytes;
	foreach my $key ('', 'id', '(id::int8)')
	{
		$bench->{value_of}->('vecprov', 'DROP INDEX things_embedding_idx');
		create_index('vecprov', 'things', [ grep { $_ ne '' } $key ], $bench->{processors} - 1, 2 * $bench->{m});
		$bytes{$key} = $bench->{value_of}->('vecprov', "SELECT pg_relation_size('things_embedding_idx')");
	}
	print "all $bench->{rows} rows:\n";
	put_cost('bytes_int4', 'bytes a row of an int4 key', ($bytes{id} - $bytes{''}) / $bench->{rows}, '<= 10');
	put_cost('bytes_int8', 'bytes a row of an int8 key', ($bytes{'(id::int8)'} - $bytes{''}) / $bench->{rows}, '<= 14');
	return;
}

#
# The table
#

# What the line reached of what it is to reach.
sub outcome
{
	my ($line) = @_;
	return '' if $line->{wanted} eq '';
	return 'no' unless $line->{effort};
	my $outcome = $bench->{verdict}->($line->{ratio}, $line->{wanted});
	# where few rows match, one and a half times a row by its key is enough
	return $outcome eq 'no' && $line->{wanted} eq '<= 0.5' && $line->{key_ratio} <= 1.5 ? 'key' : $outcome;
}

sub print_table
{
	my $format = "%-26s %8s %9s %5s %6s %6s %6s %-7s %-4s %8s %8s %7s  %-13s %s\n";
	$bench->{heading}->("Filters: milliseconds a query, recall\@10 >= $TARGET, one client");
	printf($format, 'filter', 'matches', 'vecprov', 'ef', 'same', 'ratio', 'cpu', 'wanted', '', 'pgvector', 'seq.', 'of pgv.',
		'planner', 'with btrees');
	foreach my $line (@_)
	{
		my $share = $line->{effort} && defined $line->{theirs} ? $line->{ms} / $line->{theirs} : undef;
		$bench->{record}->('ratio', "filter_$line->{name}", $share, 'vecprov/pgvector') if defined $share;
		printf($format, $line->{title}, sprintf('%.0f', $line->{matches}),
			$line->{effort} ? $bench->{human}->($line->{ms}) : sprintf('nr (%.2f)', max(values %{ $line->{recall} })),
			$line->{effort} // '-', sprintf('%.3f', $line->{same}), (map { defined $_ ? sprintf('%.2f', $_) : '-' } @{$line}{qw(ratio cpu_ratio)}),
			$line->{wanted}, outcome($line), (map { $bench->{human}->($_) } @{$line}{qw(theirs sequential)}),
			defined $share ? sprintf('%.3f', $share) : '-', @{$line}{qw(plan plan_btree)});
	}
	print "nr: not reached, the best recall; same: recall at the effort that suffices without a filter;\n",
	  "ratio, cpu: to none, by the clock and of the server's processor time;\n",
	  "key: at most 1.5 times a SELECT by primary key; planner: what it chooses by itself.\n";
	return;
}

sub measure
{
	($bench) = @_;
	my %there = map { $_ => 1 } @{ $bench->{methods} };
	$seconds = $bench->{quick} ? 0.3 : 0.6;
	$pass_seconds = 3;
	$keys = $ENV{KEYS} // 1;
	die "the part filter needs vecprov\n" unless $there{vecprov};
	$bench->{heading}->('Filters');
	make_attributes();
	define_lines();
	make_tables();
	print "$query_count queries\n";
	measure_vecprov();
	return if defined $ENV{EFFORTS};
	my $threshold = measure_threshold();
	measure_sequential('vecprov');
	measure_pgvector() if $there{pgvector};
	measure_costs();
	print_table(@lines, $threshold);
	return;
}

1;
