# The soak: a primary and a standby with tables of all types, on which sessions do what SoakLoad makes
# up, in rounds. In each round processes are terminated, killed or given too little, servers stopped,
# killed, killed again while they recover, or the standby is promoted and the old primary rewound to follow it; a
# copy recovers to a point in time and is damaged. Then the sessions are stopped, and everything is
# compared: rules, rows, locks, seats, memory.
#
# All chance comes from the seed. When processes meet is not in its hand: what is found is found again
# within some runs, not by each. At the first difference the run ends, and the data directories, as
# an immediate stop leaves them, logs and scripts are copied to `keep`.

package Soak;

use strict;
use warnings;

use Exporter 'import';
use File::Copy qw(copy);
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::RecursiveCopy;
use PostgreSQL::Test::Utils;
use POSIX qw(WNOHANG _exit);
use SoakDice;
use SoakKeys;
use SoakLoad;
use Test::More;
use Time::HiRes qw(time usleep);
use VecprovTest;

our @EXPORT = qw(soak);

my $round_limit = 600;    # seconds; who needs more hangs
my @roles = qw(writer writer writer reader reader ddl vacuum capacity standby);

# What may happen to a statement, by whose it is: locks, deadlocks and
# conflicts between transactions to all; beside DDL, names that are gone or
# there; a statement that could not be prepared for one of these reasons; an
# index that is suspended; a rule of capacity.
my %allowed = (
	all => '40001|40P01|55P03|25P02',
	writer => '55000|42704|3B001',
	reader => '55000|42P01|26000',
	standby => '55000|42P01|26000',
	ddl => '55000|55006|23505|42P01|42P07|42701|42703|42704',
	vacuum => '55000|42704',
	capacity => '55000|42P01|22023|53000');
# And what a fault brings, by its name.
my @brings = (
	[ qr/TERM|KILL|stop|kill|restart|promote|crash/ => '57P01|57P02|57P03' ],
	[ qr/INT/ => '57014' ],
	[ qr/limit/ => '53100|53200' ]);
# and what they do, whatever its code
my %says = (
	limit => qr/File too large/,
	error => qr/error at debug point/);
# Places of the code where a process can be killed, by what tells of them; the others are not for that.
my @points = grep { !/^(client-patient|build-together|ledger-written)$/ }
  slurp_file("$FindBin::RealBin/../../src/base/debug_point.h") =~ /^ \*\t([a-z]+(?:-[a-z]+)+)\t/mg;
# PostgreSQL's own, when a relation is dropped or changed while it is looked at
my $core = qr/could not open relation with OID|cache lookup failed|tuple concurrently|was concurrently|could not find (tuple|pg_class)|relation "?\d+"? was not found|cannot reindex invalid index/;

my ($begin, $seed, $break, $dice, $keep, $round, %total, $primary, $standby, %running, $scripts, %log_seen, %usual, $buffers, %met, %recall, @limited, @kinds);

# Tells of what is wrong, keeps what there is, and ends the run.
sub difference
{
	my ($what) = @_;

	note("soak: DIFFERENCE in round $round of seed $seed: $what");
	foreach my $node ($primary, $standby)
	{
		next unless defined $node->{_pid} && kill(0, $node->{_pid});
		my ($stdout, $stderr);
		local $@;
		eval {
			$node->psql('postgres', <<'EOS', stdout => \$stdout, stderr => \$stderr, timeout => 20);
SELECT pid, backend_type, state, wait_event_type, wait_event, left(query, 200) FROM pg_stat_activity;
SELECT * FROM pg_locks WHERE NOT granted OR pid IS NULL OR pid NOT IN (SELECT pid FROM pg_stat_activity);
SELECT * FROM vecprov.indexes;
SELECT * FROM pg_prepared_xacts;
EOS
		};
		diag($node->name . ":\n" . ($stdout // $stderr // $@));
		append_to_file("$scripts/activity-" . $node->name, ($stdout // '') . ($stderr // ''));
	}
	fail("round $round of seed $seed: $what");
	stop_sessions();
	if ($keep)
	{
		mkdir $keep;
		foreach my $node ($primary, $standby)
		{
			system 'pg_ctl', '-D', $node->data_dir, '-m', 'immediate', '-w', 'stop';
			$node->{_pid} = undef;
			PostgreSQL::Test::RecursiveCopy::copypath($node->data_dir, "$keep/" . $node->name);
			chmod 0700, "$keep/" . $node->name;
			copy($_, $keep) foreach glob($PostgreSQL::Test::Utils::log_path . '/*.log');
		}
		PostgreSQL::Test::RecursiveCopy::copypath($scripts, "$keep/scripts");
		note("soak: kept in $keep");
	}
	totals();
	done_testing();
	exit 1;
}

sub totals
{
	$total{minutes} = sprintf '%.1f', (time - $begin) / 60;
	note("soak: met $met{$_} times: $_") foreach sort keys %met;
	note("soak: of $recall{$_}[1] nearest rows by $_, $recall{$_}[0] were found") foreach sort keys %recall;
	note("soak: seed $seed, " . join(', ', map { "$total{$_} $_" } sort keys %total));
}

# The children of a server, by their titles: pid => title.
sub children
{
	my ($node) = @_;
	my %child;

	return () unless defined $node->{_pid};
	foreach my $stat (glob '/proc/[0-9]*/stat')
	{
		my $line = eval { slurp_file($stat) } // next;
		next unless $line =~ /^(\d+) \(.*\) \S (\d+) / && $2 == $node->{_pid};
		my $pid = $1;
		my $title = eval { slurp_file("/proc/$pid/cmdline") } // next;
		$title =~ tr/\0/ /;
		$child{$pid} = $title;
	}
	return %child;
}

# Signals one of the children whose titles match. Tells which, or nothing.
sub strike
{
	my ($node, $signal, $title) = @_;
	my %child = children($node);
	my @pids = grep { $child{$_} =~ $title } sort { $a <=> $b } keys %child;

	return unless @pids;
	my $pid = pick($dice, @pids);
	return unless kill($signal, $pid);
	$total{ $signal eq 'KILL' ? 'kills' : 'signals' }++;
	$child{$pid} =~ s/^postgres: (primary|standby): |\s+$//g;
	$child{$pid} =~ s/^postgres postgres \[local\]/client/;
	return "$signal $child{$pid}";
}

#----------
# Sessions
#----------

# Starts a psql, and returns its process.
sub run_psql
{
	my ($node, $file, $out) = @_;
	my @command = ('psql', '-XqAt', '-d', $node->connstr('postgres'), '-f', $file);
	my $pid = fork;

	if ($pid == 0)
	{
		open STDOUT, '>', $out;
		open STDERR, '>&', \*STDOUT;
		exec @command or _exit(1);
	}
	return $pid;
}

sub start_session
{
	my ($name) = @_;
	my $session = $running{$name};
	my $role = $name =~ /^([a-z]+)/ ? $1 : die;
	my $file = "$round-$name-" . ++$session->{number};
	my $node = $role eq 'standby' ? $standby : $primary;

	$session->{file} = "$scripts/$file.sql";
	$session->{out} = "$scripts/$file.out";
	append_to_file($session->{file}, script($role eq 'standby' ? 'reader' : $role, "$seed/$file"));
	$session->{pid} = run_psql($node, $session->{file}, $session->{out});
}

# Is it the text of a fault of this round?
sub is_brought
{
	my ($what) = @_;
	return grep { my $kind = $_; $what =~ $says{$kind} && grep { /$kind/ } @kinds } keys %says;
}

sub is_allowed
{
	my ($name, $code, $what) = @_;
	my $role = $name =~ s/\d+$//r;
	my @codes = ($allowed{all}, $allowed{$role}, map { $$_[1] } grep { my $fault = $$_[0]; grep { /$fault/ } @kinds } @brings);

	return $code eq 'XX000' && ($what =~ $core || is_brought($what)) || grep { $code =~ /^($_)$/ } @codes;
}

# Adds up what lines of SoakKeys say of how many of the nearest rows were found.
sub count_nearest
{
	my (undef, $kind, $found, $of) = $_[0] =~ /^(RECALL)\|(\w+)\|(\d+)\|(\d+)$/ or return;

	$recall{$kind}[0] += $found;
	$recall{$kind}[1] += $of;
}

# Looks at what an ended session printed.
sub end_session
{
	my ($name) = @_;
	my $session = $running{$name};

	delete $session->{pid};
	my $out = slurp_file($session->{out});
	foreach my $line (split /\n/, $out)
	{
		count_nearest($line);
		my ($code, $what) = $line =~ /(?:ERROR|FATAL|PANIC):  (\w{5}): (.*)/;

		next unless defined $code || $line =~ /^DIFFERENCE/;
		difference("$name, $session->{out}: $line") unless defined $code && is_allowed($name, $code, $what);
		$total{errors}++;
		$what =~ s/["'].*//;
		$met{ ($name =~ s/\d+$//r) . " $code $what" }++;
	}
}

sub tend_sessions
{
	foreach my $name (sort keys %running)
	{
		next if $running{$name}{pid} && waitpid($running{$name}{pid}, WNOHANG) == 0;
		end_session($name) if $running{$name}{pid};
		start_session($name);
	}
}

sub stop_sessions
{
	foreach my $name (sort keys %running)
	{
		my $pid = $running{$name}{pid} or next;
		kill 'TERM', $pid;
		waitpid $pid, 0;
	}
}

#--------
# Faults
#--------

sub come_back
{
	my ($node) = @_;

	return if eval { start_again($node, 60); 1 };
	my $error = $@;
	return copy_primary($node) if compares_dropped($node);
	difference($node->name . ": $error");
}

# Does a standby stop at a page whose file a DROP later in the WAL has removed? It has come by the DROP
# before, and recovers once more from before it. Redo then passes over such pages, but
# wal_consistency_checking compares them, of any access method. They are of zeroes.
sub compares_dropped
{
	my ($node) = @_;
	my $page = '';

	return if $node != $standby || -f $node->data_dir . '/postmaster.pid';
	my @found = slurp_file($node->logfile) =~ m{inconsistent page found, rel \d+/(\d+)/(\d+), forknum 0, blkno (\d+)}g or return;
	my ($database, $file, $block) = @found[-3 .. -1];
	if (open my $in, '<:raw', $node->data_dir . "/base/$database/$file")
	{
		seek $in, 8192 * $block, 0;
		read $in, $page, 8192;
	}
	return $page !~ /[^\0]/;
}

# Makes the standby anew.
sub copy_primary
{
	my ($node) = @_;
	my $conf = slurp_file($node->data_dir . '/postgresql.conf');

	$node->{_pid} = undef;
	PostgreSQL::Test::Utils::system_or_bail('rm', '-rf', $node->data_dir);
	PostgreSQL::Test::Utils::system_or_bail('pg_basebackup', '-c', 'fast', '-D', $node->data_dir, '-d', $primary->connstr('postgres'));
	$total{'base backups'}++;
	follow_primary($node, $conf);
}

# Begins to be the standby, with this configuration.
sub follow_primary
{
	my ($node, $conf) = @_;

	open my $file, '>', $node->data_dir . '/postgresql.conf' or die;
	print $file $conf;
	close $file;
	$node->enable_streaming($primary);
	come_back($node);
}

# A server whose startup process was killed ends by itself, on a standby too; it is started again.
sub end_without_startup
{
	my ($node) = @_;

	foreach (1 .. 600)
	{
		last unless -f $node->data_dir . '/postmaster.pid';
		usleep(50_000);
	}
	$node->{_pid} = undef;
	come_back($node);
}

# Begins to start a server, and kills it, or the process that recovers it, a moment after that began.
sub kill_in_recovery
{
	my ($node) = @_;
	my $whom = pick($dice, 'postmaster', 'startup');
	my $moment = 1000 * $dice->(100);
	my $done;

	system 'pg_ctl', '-W', '-s', '-D', $node->data_dir, '-l', $node->logfile, '-o', '--cluster-name=' . $node->name, 'start';
	foreach (1 .. 200)
	{
		usleep(5000);
		($node->{_pid}) = (eval { slurp_file($node->data_dir . '/postmaster.pid') } // '') =~ /^(\d+)/;
		last if grep { /startup/ } values %{ { children($node) } };
	}
	usleep($moment);
	$done = strike($node, 'KILL', qr/startup/) if $whom eq 'startup';
	# a postmaster whose startup process failed ends by itself
	$total{kills} += kill 'KILL', $node->{_pid} if defined $node->{_pid} && !$done;
	$node->{_pid} = undef;
	return ($done ? 'startup' : 'postmaster') . ' killed in recovery';
}

my %title = (client => qr/\[local\]/, mover => qr/vecprov mover/, ours => qr/vecprov /,
	core => qr/checkpointer|walwriter|background writer|startup|walreceiver|walsender/);

# One thing that happens to a server, by its name.
sub fault
{
	my ($kind) = @_;
	my $node = $dice->(4) || $kind =~ /promote|mover|crash|error/ ? $primary : $standby;
	my $told;

	if ($kind =~ /^(stop|kill|restart)/)
	{
		if ($kind eq 'restart') { $node->stop('fast') }
		elsif ($kind =~ /^stop/) { $node->stop('immediate') }
		else { $node->kill9; $total{kills}++ }
		$told = $kind;
		if ($kind =~ /recovery/)
		{
			$told .= ', ' . kill_in_recovery($node) foreach 0 .. $dice->(2);
		}
		come_back($node);
		$total{restarts}++;
	}
	elsif ($kind eq 'promote')
	{
		return promote();
	}
	elsif ($kind eq 'point in time')
	{
		return point_in_time();
	}
	elsif ($kind =~ /^(crash|error)$/)
	{
		$told = at_debug_point($node, $kind);
	}
	elsif ($kind =~ /^limit (.*)/)
	{
		$told = limit($node, $title{$1}) // "$kind: nobody there";
	}
	else
	{
		my ($signal, $whom) = split / /, $kind;
		my $title = $title{$whom};
		foreach (1 .. 40)
		{
			$told = strike($node, $signal, $title) and last;
			tend_sessions();
			usleep(50_000);
		}
		$told //= "$kind: nobody there";
		end_without_startup($node) if $told =~ /^KILL startup/;
	}
	return $node->name . ": $told";
}

# What has processes come by a point, beside the load.
sub work_for
{
	my ($point) = @_;
	my @tables = sort keys %TABLE;

	return map { "DELETE FROM $_ WHERE id % 9 = " . $dice->(9) . "; VACUUM (INDEX_CLEANUP ON) $_;" } @tables if $point =~ /^(vacuum|runs)/;
	return map { "REINDEX INDEX $_;" } @INDEXES if $point =~ /^build/;
	return map { "SELECT vecprov_set_shards('$_', " . (1 + $dice->(4)) . ');' } @INDEXES if $point =~ /^(move|catalog)/;
	return map { script('writer', "$seed/$round-$_-" . $dice->(1000), 20) } @tables;
}

# Has each process be killed, or raise an error, when it comes by a place of the code for the first or second
# time, until the first has.
sub at_debug_point
{
	my ($node, $action) = @_;
	my $setting = pick($dice, @points) . "=$action:" . (1 + $dice->(2));
	my $work = "$scripts/$round-work-" . $dice->(1000000) . '.sql';
	my $file = $node->data_dir . '/debug_point.conf';
	my $begin = -s $node->logfile;
	my $met;

	# not within a critical section
	$setting =~ s/^change-before-wal=error/insert-stored=error/;
	my $told = "$action at a debug point: $setting";
	# its session outlives psql where it waits for a transaction that is prepared
	append_to_file($work, join "\n", "SET lock_timeout = '2s';", work_for($setting));
	append_to_file($file, "vecprov.debug_point = '$setting'\n");
	kill 'HUP', $node->{_pid};
	my $worker = run_psql($node, $work, "$work.out");
	foreach (1 .. 60)
	{
		tend_sessions();
		usleep(50_000);
		$met = slurp_file($node->logfile, $begin) =~ /was terminated by signal 9|error at debug point/ and last;
	}
	unlink $file;
	kill 'HUP', $node->{_pid};
	kill 'TERM', $worker;
	waitpid $worker, 0;
	return "$told, where nobody came by" unless $met;
	$total{ $action eq 'crash' ? 'kills' : 'signals' }++;
	wait_until($node, 'SELECT true', 'connections');
	return $told;
}

# Lets one of the children have little more memory than it has, files no longer than they are, or no further
# thread. Like the kernel's refusals, what follows is an error of a statement at most.
sub limit
{
	my ($node, $title) = @_;
	my %child = children($node);
	my @pids = grep { $child{$_} =~ $title } sort { $a <=> $b } keys %child;
	my $pid = @pids ? pick($dice, @pids) : return;
	my ($kb) = (eval { slurp_file("/proc/$pid/status") } // '') =~ /^VmData:\s+(\d+)/m or return;
	# WAL has files of 1 MB
	my $what = pick($dice, '--nproc=1:', '--fsize=' . (1048576 + 8192 * $dice->(100)) . ':', '--data=' . ($kb * 1024 + 4096 * $dice->(2000)) . ':');

	return if system("prlimit --pid $pid $what 2>/dev/null") != 0;
	push @limited, $pid;
	$total{limits}++;
	$child{$pid} =~ s/^postgres: (primary|standby): |\s+$//g;
	return "$what $child{$pid}";
}

# What lives on shall work again.
sub lift_limits
{
	system("prlimit --pid $_ --data=unlimited: --fsize=unlimited: --nproc=unlimited: 2>/dev/null") foreach @limited;
	@limited = ();
}

# A copy of the primary, taken while it works, recovers to a moment a little later. Then its indexes
# are damaged, which is an error at most, and no end of a process.
sub point_in_time
{
	my $copy = PostgreSQL::Test::Cluster->new("copy$round");
	my $point = "soak_$round";
	my $log;

	return 'the primary is gone' unless eval { $primary->backup($point); 1 };
	usleep(1000 * $dice->(2000));
	return 'no restore point' if $primary->psql('postgres', "SELECT pg_create_restore_point('$point'); SELECT pg_switch_wal()") != 0;
	$copy->init_from_backup($primary, $point);
	$copy->append_conf('postgresql.conf', <<"EOC");
restore_command = 'cp "@{[$primary->data_dir]}/pg_wal/%f" "%p"'
recovery_target_name = '$point'
recovery_target_action = promote
EOC
	$copy->set_recovery_mode;
	$copy->start;
	wait_until($copy, 'SELECT NOT pg_is_in_recovery()', 'recovery to a point in time');
	settle($copy);
	sound($copy, 'recovered to a point in time');
	rows_found($copy, 'recovered to a point in time');
	look_at_log($copy);
	damage($copy);
	$copy->stop('immediate');
	look_at_log($copy, qr/ XX00[12] /);
	$copy->clean_node;
	PostgreSQL::Test::Utils::system_or_bail('rm', '-rf', $primary->backup_dir . "/$point");
	$total{'points in time'}++;
	return 'recovered to a point in time, and damaged';
}

# Flips bits of index pages on the disk.
sub flip_bits
{
	my ($file, $bits) = @_;
	my $size = -s $file or return;

	open my $io, '+<:raw', $file or die "$file: $!";
	foreach (1 .. $bits)
	{
		my $at = $dice->($size);
		my $byte;
		seek $io, $at, 0;
		read $io, $byte, 1;
		seek $io, $at, 0;
		print $io chr(ord($byte) ^ (1 << $dice->(8)));
	}
	close $io;
}

sub damage
{
	my ($node) = @_;
	my @files = split /\n/, $node->safe_psql('postgres', join '', map { "SELECT pg_relation_filepath('$_');\n" } @INDEXES);
	my $script = "$scripts/damaged.sql";

	$node->stop;
	flip_bits($node->data_dir . "/$_", 1 + $dice->(50)) foreach @files;
	# the server's own check would find all of it
	$node->append_conf('postgresql.conf', 'ignore_checksum_failure = on');
	$node->start;
	unlink $script;
	append_to_file($script, "SET statement_timeout = '20s';\n"
		  . join '', map { script($_, "$seed/damaged-$round-$_", 12) } qw(reader writer vacuum reader));
	append_to_file($script, join '', map { "SELECT count(*) FROM vecprov_check('$_', true);\n" } @INDEXES);
	system("psql -XqAt -d '" . $node->connstr('postgres') . "' -f '$script' >'$script.out' 2>&1");
	difference("damaged pages end a process: $script.out") if slurp_file("$script.out") =~ /server closed the connection|FATAL|PANIC/;
}

# The standby becomes the primary, though the other one may go on for a moment, and the other one is
# rewound and follows it.
sub promote
{
	my ($how, $before) = (pick($dice, 'fast', 'immediate', 'kill'), $dice->(2));
	my ($old, $new) = ($primary, $standby);
	my $down = sub { $how eq 'kill' ? $old->kill9 : $old->stop($how) };

	$down->() if $before;
	$new->promote;
	usleep(1000 * $dice->(1000));
	$down->() unless $before;
	$total{kills}++ if $how eq 'kill';
	wait_until($new, 'SELECT NOT pg_is_in_recovery()', 'end of recovery');
	$total{promotions}++;
	($primary, $standby) = ($new, $old);
	$primary->safe_psql('postgres', 'CHECKPOINT');

	my $conf = slurp_file($old->data_dir . '/postgresql.conf');
	my $log = "$scripts/rewind";
	my $rc = 1;
	# it recovers first, which is refused until all processes of a killed server are gone
	foreach (1 .. 50)
	{
		$rc = system("pg_rewind -N -D '" . $old->data_dir . "' --source-server='" . $new->connstr('postgres') . "' >'$log' 2>&1");
		last if $rc == 0 || slurp_file($log) !~ /in use|already exists|shared memory|shut down cleanly/;
		usleep(200_000);
	}
	if ($rc != 0)
	{
		difference('pg_rewind: ' . slurp_file($log)) unless slurp_file($log) =~ /full_page_writes must be enabled|could not find (previous WAL|common ancestor)|could not (open|read) file.*wal/;
		note('soak: pg_rewind: ' . slurp_file($log));
		copy_primary($old);
	}
	else
	{
		follow_primary($old, $conf);
	}
	return "promoted, the old primary ($how" . ($before ? '' : ', later') . ') ' . ($rc ? 'made anew' : 'rewound');
}

#--------------------------------
# What must be so after a round
#--------------------------------

sub wait_until
{
	my ($node, $sql, $what) = @_;

	foreach (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		my $answer;

		copy_primary($node) if compares_dropped($node);
		# psql may be gone before the statement is sent to it
		return if eval { $node->psql('postgres', $sql, stdout => \$answer, stderr => \my $error) == 0 && $answer eq 't' };
		usleep(100_000);
	}
	difference($node->name . " has not within time: $what");
}

# Where the option was set, and the REINDEX behind it has not come to its end,
# there are no namespaces yet.
sub settle_namespaces
{
	my ($node, $index) = @_;

	return if $node->safe_psql('postgres', "SELECT 'namespaces=on' = ANY (reloptions) FROM pg_class WHERE oid = '$index'::regclass") ne 't';
	$node->psql('postgres', "SELECT count(*) FROM vecprov_namespaces('$index')", stdout => \my $stdout, stderr => \my $stderr);
	$node->safe_psql('postgres', "REINDEX INDEX $index") if $stderr =~ /has no namespaces/;
}

# Nobody works any more; what was left half done is finished, each table has a whole index that can be used.
sub settle
{
	my ($node) = @_;

	wait_until($node, "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
		'sessions of clients that are gone end');
	foreach (split /\n/, $node->safe_psql('postgres', 'SELECT gid FROM pg_prepared_xacts ORDER BY gid'))
	{
		$node->safe_psql('postgres', pick($dice, 'COMMIT', 'ROLLBACK') . " PREPARED '$_'");
	}
	foreach my $table (sort keys %TABLE)
	{
		$node->safe_psql('postgres', "DROP INDEX $_") foreach split /\n/, $node->safe_psql('postgres',
			"SELECT indexrelid::regclass FROM pg_index WHERE indrelid = '$table'::regclass AND NOT (indisvalid AND indisready)");
		$node->safe_psql('postgres', "DROP INDEX $_") foreach split /\n/, $node->safe_psql('postgres',
			"SELECT indexrelid::regclass FROM pg_index WHERE indrelid = '$table'::regclass AND indexrelid::regclass::text ~ '_ccnew|_ccold'");
		foreach my $make (\&index_sql, \&part_sql)
		{
			my $sql = $make->($dice, $table);
			my ($index) = $sql =~ /^CREATE INDEX +(\w+)/;
			$node->safe_psql('postgres', $sql)
			  if $node->safe_psql('postgres', "SELECT to_regclass('$index') IS NULL") eq 't';
			$node->safe_psql('postgres', "SELECT vecprov_set_replicas('$index', 1)")
			  if $node->safe_psql('postgres', "SELECT replicas = 0 FROM vecprov.indexes WHERE index = '$index'::regclass") eq 't';
		}
		settle_namespaces($node, "${table}_v_idx");
	}
}

# A fault on purpose, to see that it is told: a row that the index does not hear of.
sub lose_row
{
	my $ready = "WHERE indexrelid = 't_vector_v_idx'::regclass";

	$primary->safe_psql('postgres', "UPDATE pg_index SET indisready = false $ready");
	$primary->safe_psql('postgres', 'INSERT INTO t_vector (other, v) VALUES (1, array_fill(0.25::real, ARRAY[24])::vector)');
	$primary->safe_psql('postgres', "UPDATE pg_index SET indisready = true $ready");
}

sub sound
{
	my ($node, $when) = @_;
	my $broken = $node->safe_psql('postgres', join '', map { "SELECT '$_', c.* FROM vecprov_check('$_', true) c LIMIT 10;\n" } @INDEXES);

	difference("$when, " . $node->name . ": $broken") if $broken ne '';
}

sub rows_found
{
	my ($node, $when) = @_;

	foreach my $table (sort keys %TABLE)
	{
		intact($node, $table, "${table}_v_idx", "round $round, $when, " . $node->name . ", $table", $TABLE{$table}{has_vector},
			'v', $TABLE{$table}{op})
		  or difference("$when, " . $node->name . ": $table");
	}
	conditions_hold($node, $when);
}

# Runs comparisons, of which none may have an error.
sub no_difference
{
	my ($node, $when, $name, $sql) = @_;
	my $file = "$scripts/$round-$name-" . $node->name . '-' . ($when =~ tr/ /_/r) . '.sql';

	append_to_file($file, $sql);
	system("psql -XqAt -v ON_ERROR_STOP=1 -d '" . $node->connstr('postgres') . "' -f '$file' >'$file.out' 2>&1") == 0
	  or difference("$when, $file.out: " . slurp_file("$file.out"));
	foreach (split /\n/, slurp_file("$file.out"))
	{
		count_nearest($_);
		difference("$when, $file.out: $_") if /^DIFFERENCE/;
	}
}

# Searches with conditions have the rows of the table.
sub conditions_hold
{
	my ($node, $when) = @_;
	my $some = dice("$seed/$round-" . $node->name . "-$when");

	no_difference($node, $when, 'conditions', start_script($some) . join '', map { my $table = $_; map { comparison($some, $table) } 1 .. 12 } sort keys %TABLE);
}

# So have namespaces, when no mover is at work, whose records may be counted twice.
sub namespaces_hold
{
	my ($node, $when) = @_;
	no_difference($node, $when, 'namespaces', join '', map { namespaces_sound($_, $TABLE{$_}{has_vector}) } sort keys %TABLE);
}

# No lock, seat, worker of a process that is gone; memory is where it was.
sub nothing_left
{
	my ($node) = @_;
	my $left = $node->safe_psql('postgres', <<'EOS');
SELECT 'lock', l.* FROM pg_locks l WHERE NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.pid = l.pid);
SELECT 'seat', r.* FROM vecprov.replicas r WHERE in_use <> 0 OR queue <> 0;
SELECT 'worker', w.* FROM vecprov.workers w WHERE pid IS NOT NULL AND pid NOT IN (SELECT pid FROM pg_stat_activity);
SELECT 'prepared', p.* FROM pg_prepared_xacts p;
EOS
	difference($node->name . " has something left: $left") if $left ne '';
	# the keeper has pages of provisioned indexes pinned
	wait_until($node, <<'EOS', 'pages are unpinned') if $buffers;
SELECT count(*) = 0 FROM (SELECT relfilenode, max(pinning_backends) AS pins FROM pg_buffercache
		WHERE pinning_backends > 0 GROUP BY relfilenode) b
	JOIN pg_class c USING (relfilenode) LEFT JOIN pg_am a ON a.oid = c.relam
	WHERE c.relname ~ '^t_' AND pins > (amname = 'vecprov')::int
EOS

	my %now;
	my %child = children($node);
	foreach my $pid (keys %child)
	{
		next unless $child{$pid} =~ /vecprov (keeper|launcher|worker|mover|catalog reader)/;
		my $kind = $1;
		my ($kb) = (eval { slurp_file("/proc/$pid/status") } // '') =~ /^RssAnon:\s+(\d+)/m or next;
		$now{$kind} = $kb if $kb > ($now{$kind} // 0);
	}
	$now{dsm} += (-s $_ // 0) / 1024 foreach glob($node->data_dir . '/pg_dynshmem/*');
	foreach my $kind (sort keys %now)
	{
		$usual{$kind} //= $now{$kind};
		difference($node->name . ": $kind has $now{$kind} kB, it had $usual{$kind}") if $now{$kind} > 3 * $usual{$kind} + 32768;
	}
}

# What the server told that it never should.
sub look_at_log
{
	my ($node, $expected) = @_;
	my $log = slurp_file($node->logfile, $log_seen{ $node->logfile } // 0);

	$log_seen{ $node->logfile } = -s $node->logfile;
	foreach (split /\n/, $log)
	{
		next unless /TRAP:|PANIC|terminated by signal (?!9|15)|inconsistent page| XX\w{3} (ERROR|FATAL|WARNING):/;
		next if / XX00[02] / && (/$core/ || is_brought($_)) || defined $expected && /$expected/ && !/PANIC/;
		difference($node->name . "'s log: $_");
	}
}

sub compare
{
	lose_row() if $round == $break;
	settle($primary);
	sound($primary, 'before VACUUM');
	rows_found($primary, 'before VACUUM');
	foreach my $index (@INDEXES)
	{
		my ($stdout, $stderr);
		$primary->psql('postgres', "SELECT vecprov_wait('$index', '120 s')", stdout => \$stdout, stderr => \$stderr);
		difference("$index is not ready: $stderr") if $stderr ne '';
	}
	$primary->safe_psql('postgres', "VACUUM (INDEX_CLEANUP ON) $_") foreach sort keys %TABLE;
	sound($primary, 'after VACUUM');
	namespaces_hold($primary, 'after VACUUM');
	nothing_left($primary);
	$primary->wait_for_catchup($standby);
	sound($standby, 'replayed');
	rows_found($standby, 'replayed');
	namespaces_hold($standby, 'replayed');
	nothing_left($standby);
	look_at_log($_) foreach $primary, $standby;
}

#-------
# A run
#-------

sub start_servers
{
	$primary = vecprov_node('primary', allows_streaming => 1, extra => [ '--data-checksums', '--wal-segsize=1' ]);
	$primary->append_conf('postgresql.conf', <<'EOC');
log_line_prefix = '%m [%p] %b %e '
log_min_messages = warning
shared_buffers = 48MB
max_connections = 40
max_worker_processes = 60
vecprov.max_workers = 50
max_prepared_transactions = 40
wal_keep_size = 2GB
wal_compression = on
min_wal_size = 32MB
wal_recycle = off
wal_init_zero = off
dynamic_shared_memory_type = mmap
hot_standby_feedback = on
wal_receiver_status_interval = 1
max_standby_streaming_delay = 3s
jit = off
vecprov.scale_change_interval = 0
vecprov.tier_change_interval = 0
include_if_exists = 'debug_point.conf'
EOC
	$primary->append_conf('postgresql.conf', $ENV{SOAK_CONF} // '');
	$primary->start;
	$primary->safe_psql('postgres', "CREATE EXTENSION vecprov; CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy')");
	$buffers = $primary->psql('postgres', 'CREATE EXTENSION pg_buffercache') == 0;
	foreach my $table (sort keys %TABLE)
	{
		$primary->safe_psql('postgres', table_sql($table) . index_sql($dice, $table) . part_sql($dice, $table));
	}
	$primary->backup('base');
	$standby = PostgreSQL::Test::Cluster->new('standby');
	$standby->init_from_backup($primary, 'base', has_streaming => 1);
	$standby->start;
}

# Faults in the order of how often; `promote` and kills of the postmaster come in the first rounds, too.
my @faults = (
	'TERM client', 'TERM client', 'KILL client', 'KILL client', 'TERM ours', 'TERM ours', 'KILL ours', 'KILL ours',
	'TERM mover', 'TERM mover', 'KILL mover', 'INT client', 'KILL core', 'kill', 'kill, recovery', 'stop', 'stop, recovery', 'restart',
	'crash', 'crash', 'crash', 'error', 'error', 'limit client', 'limit client', 'limit ours', 'point in time', 'promote', 'promote', 'promote', 'promote');

sub one_round
{
	my ($seconds) = @_;
	@kinds = $round == 1 ? ('KILL client', 'TERM mover') : $round == 2 ? ('kill, recovery') : $round == 3 ? ('crash', 'TERM ours', 'promote') : $round == 4 ? ('point in time', 'limit client', 'limit ours')
	  : map { pick($dice, @faults) } 0 .. 1 + $dice->(6);
	my ($start, @told) = (time);

	# Each page that redo has made is compared with what it was made of. Without full-page images, redo that
	# begins again finds zeroes where a relation was dropped later, which this check takes for a difference.
	$primary->safe_psql('postgres', "ALTER SYSTEM SET wal_consistency_checking = '" . (($ENV{SOAK_CONF} // '') =~ /full_page_writes/ ? '' : pick($dice, '', 'vecprov', 'vecprov', 'all, vecprov')) . "'");
	$primary->safe_psql('postgres', 'SELECT pg_reload_conf()');
	%running = ();
	unlink glob("$scripts/*.sql"), glob("$scripts/*.out");
	my %number;
	$running{ $_ . ++$number{$_} } = {} foreach @roles;
	foreach my $kind (@kinds)
	{
		my $until = time + $seconds * (0.3 + $dice->(1000) / 1000) / @kinds;
		while (time < $until)
		{
			tend_sessions();
			usleep(50_000);
		}
		push @told, fault($kind);
	}
	my $until = time + 0.3 * $seconds;
	while (time < $until)
	{
		tend_sessions();
		usleep(50_000);
	}
	stop_sessions();
	lift_limits();
	foreach my $name (sort keys %running)
	{
		end_session($name) if $running{$name}{pid};
	}
	foreach my $node ($primary, $standby)
	{
		wait_until($node, 'SELECT true', 'connections');
	}
	my $loaded = time - $start;
	compare();
	$total{rounds}++;
	# that were inserted, also by those who did not commit
	$total{rows} = $primary->safe_psql('postgres', join ' + ', 'SELECT 0', map { "(SELECT last_value FROM ${_}_id_seq)" } sort keys %TABLE);
	note(sprintf 'soak: round %d: %s; %.0f + %.0f s; %s', $round, join('; ', @told), $loaded, time - $start - $loaded,
		join ', ', map { "$_ " . $primary->safe_psql('postgres', "SELECT count(*) FROM $_") } sort keys %TABLE);
}

# A run of so many minutes; the last round is finished. directory: where to keep what is needed to repeat
# a difference; break_in: a round in which a fault is made on purpose, 0: none.
sub soak
{
	my ($minutes, $chosen, $directory, $break_in) = @_;

	($begin, $seed, $keep, $round, $break) = (time, $chosen, $directory, 0, $break_in // 0);
	%total = map { $_ => 0 } qw(rounds kills signals promotions restarts rows errors);
	note("soak: seed $seed, $minutes minutes");
	$dice = dice("$seed");
	$scripts = PostgreSQL::Test::Utils::tempdir();
	start_servers();
	$begin = time;
	while (time < $begin + 60 * $minutes)
	{
		$round++;
		$dice = dice("$seed/$round");
		local $SIG{ALRM} = sub { alarm 0; difference("no end of the round within $round_limit seconds") };
		alarm $round_limit;
		eval { one_round(2 + $dice->(6)); 1 } or difference($@);
		alarm 0;
	}
	totals();
	foreach my $kind (sort keys %recall)
	{
		my ($found, $of) = @{ $recall{$kind} };
		cmp_ok($found, '>=', 0.95 * $of, "of $of nearest rows by $kind, $found were found") if $of >= 1000;
	}
	$_->stop foreach $standby, $primary;
	return \%total;
}

1;
