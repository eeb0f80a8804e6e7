# Damaged pages.
#
# First part: one bit flips, each bit of a metapage in turn, and 10,000 random bits of all kinds of pages of
# all types of vectors, in one and in three shards. After each, searches, scans to the end, inserts, VACUUM, checks,
# sizes and views must neither crash nor hang; their errors are XX002, name index and block, and tell to
# REINDEX; no row comes twice, or though it is deleted; and vecprov_check names the damage, unless it is
# of those in %unnoticed. Bits are flipped in shared buffers, by functions of the library that only tests
# call (src/inspect/debug_page.c), and the pages put back before the next one.
#
# Second part: damaged indexes beside sound ones.

use strict;
use warnings;

use List::Util qw(min);
use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $page   = 8192;
my $header = 24;
my $end    = $page - 16;
my $codes  = 64;
my $rounds = $ENV{VECPROV_DAMAGE_ROUNDS} || 10_000;
my $seed   = $ENV{VECPROV_DAMAGE_SEED} || 22;

my $node = vecprov_node('main');
run_log([ 'pg_checksums', '--disable', '-D', $node->data_dir ]);
# Nobody else works on the indexes: movers and keepers are background workers.
$node->append_conf('postgresql.conf', <<'EOC');
max_worker_processes = 0
vecprov.max_provisioned_indexes = 0
vecprov.max_workers = 0
max_parallel_workers_per_gather = 0
checkpoint_timeout = 1h
jit = off
max_wal_size = 8GB
full_page_writes = off
EOC
$node->start;
vecprov_functions($node);

# type, operator, options of the index, what makes a vector of a vector(64), bytes of a code, m
my %index = (
	v1 => [ 'vector(64)', 'vector_l2_ops', '<->', 'm = 4', '%s' ],
	v3 => [ 'vector(64)', 'vector_cosine_ops', '<=>', "m = 4, tier = 'r10', shards = 3", '%s' ],
	h1 => [ 'halfvec(20)', 'halfvec_l1_ops', '<+>', 'm = 4', 'subvector(%s, 1, 20)::halfvec(20)' ],
	b3 => [ 'bit(64)', 'bit_hamming_ops', '<~>', "m = 4, tier = 'r10', shards = 3",
		'binary_quantize(%s - array_fill(0.6::real, ARRAY[64])::vector)::bit(64)' ],
	s1 => [ 'sparsevec(64)', 'sparsevec_l2_ops', '<->', 'm = 4', '%s::sparsevec' ],
	k1 => [ 'vector(64)', 'vector_l2_ops', '<->', 'm = 4', '%s' ]);
# the key column of this one, and its bytes in a record
my %key = (k1 => [ ', few', 4 ]);

my $functions = <<'EOS';
CREATE FUNCTION pages(index regclass) RETURNS bytea AS 'vecprov', 'vecprov_debug_pages' LANGUAGE C STRICT;
CREATE FUNCTION put_pages(index regclass, pages bytea) RETURNS void
	AS 'vecprov', 'vecprov_debug_put_pages' LANGUAGE C STRICT;
CREATE FUNCTION flip_bit(index regclass, block int, nr int) RETURNS void
	AS 'vecprov', 'vecprov_debug_flip_bit' LANGUAGE C STRICT;
EOS
$node->safe_psql('postgres', $functions);
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE base (name text, pages bytea, ids int[]);
CREATE TABLE outcome (name text, block int, nr int, named bool, bad text);

-- Runs statements that give a number each.  A statement whose name begins with check may give more than 0,
-- then it has named the damage; so have errors as they should be.  What else happens is told in bad.
CREATE FUNCTION try(tab text, statements text[], OUT named bool, OUT bad text) LANGUAGE plpgsql AS $$
DECLARE
	what text;
	n bigint;
	message text;
	hint text;
BEGIN
	named := false;
	FOR i IN 1 .. cardinality(statements) BY 2 LOOP
		what := statements[i];
		BEGIN
			EXECUTE statements[i + 1] INTO n;
			IF what LIKE 'check%' THEN
				named := named OR n > 0;
			ELSIF n <> 0 THEN
				bad := concat_ws('; ', bad, format('%s: %s', what, n));
			END IF;
		EXCEPTION WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
			named := true;
			IF what LIKE 'view%' OR SQLSTATE <> 'XX002' OR hint <> 'Please REINDEX it.' OR
				message !~ ('index "' || tab || '_v_idx" .*block \d') THEN
				bad := concat_ws('; ', bad, format('%s: %s %s', what, SQLSTATE, message));
			END IF;
		END;
	END LOOP;
END
$$;

-- All that is tried of an index.  What comes after the first five reads the metapage alone.  Of the six
-- indexes two are damaged at a time, one by each session: they have no shards to be shown.
CREATE FUNCTION statements(name text, operator text) RETURNS text[] LANGUAGE sql AS $$
	SELECT array_agg(CASE n WHEN 1 THEN what ELSE replace(replace(replace(statement,
		'NAME', name), 'OPERATOR', operator), 'INDEX', name || '_v_idx') END ORDER BY i, n)
	FROM generate_series(1, 2) n, (VALUES
		(1, 'check', $s$SELECT count(*) FROM vecprov_check('INDEX')$s$),
		(2, 'check full', $s$SELECT count(*) FROM vecprov_check('INDEX', true)$s$),
		(3, 'search', $s$SELECT count(*) - count(DISTINCT x.id) + count(*) FILTER (WHERE x.id <> ALL (b.ids))
			FROM base b, LATERAL (SELECT id FROM NAME ORDER BY v OPERATOR (SELECT v FROM NAME WHERE id = 7) LIMIT 10) x
			WHERE b.name = 'NAME'$s$),
		(4, 'scan', $s$SELECT count(*) - count(DISTINCT x.id) + count(*) FILTER (WHERE x.id <> ALL (b.ids))
			FROM base b, LATERAL (SELECT id FROM NAME ORDER BY v OPERATOR (SELECT v FROM NAME WHERE id = 7) LIMIT 1000) x
			WHERE b.name = 'NAME'$s$),
		(5, 'insert', $s$WITH i AS (INSERT INTO NAME SELECT id + 3, v FROM spare_NAME RETURNING 1)
			SELECT count(*) - 3 FROM i$s$),
		(6, 'sizes', $s$SELECT 0 FROM vecprov_index_bytes('INDEX'), vecprov_recall('INDEX', 3, 3)$s$),
		(7, 'view of indexes', $s$SELECT count(*) - 6 + sum(vecprov_index_size(index)) * 0 FROM vecprov.indexes$s$),
		(8, 'view of shards', $s$SELECT least(count(DISTINCT index) - 4, 0) FROM vecprov.shards$s$),
		(9, 'view of metrics', $s$SELECT least(count(*) - 6, 0) FROM vecprov.metrics WHERE name = 'vecprov_index_info'$s$)
		) s (i, what, statement)
$$;

-- One bit.  Three rows were inserted and deleted before, so that VACUUM finds work to do afterwards.
CREATE FUNCTION damage(tab text, at int, nr int, statements text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM put_pages((tab || '_v_idx')::regclass, pages) FROM base WHERE name = tab;
	EXECUTE format('INSERT INTO %I SELECT * FROM %I', tab, 'spare_' || tab);
	EXECUTE format('DELETE FROM %I WHERE id > 1000', tab);
	PERFORM flip_bit((tab || '_v_idx')::regclass, at, nr);
	INSERT INTO outcome SELECT tab, at, nr, t.* FROM try(tab, CASE at WHEN 0 THEN statements ELSE statements[:10] END) t;
	EXECUTE format('DELETE FROM %I WHERE id > 1000', tab);
END
$$;

-- The same for bits in a row, without VACUUM: of shards that do not exist, and what is not used.
CREATE FUNCTION damage_quickly(tab text, at int, first_bit int, last_bit int, statements text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	index regclass := tab || '_v_idx';
BEGIN
	PERFORM put_pages(index, pages) FROM base WHERE name = tab;
	FOR nr IN first_bit .. last_bit LOOP
		PERFORM flip_bit(index, at, nr);
		INSERT INTO outcome SELECT tab, at, nr, t.*
			FROM try(tab, statements) t;
		PERFORM flip_bit(index, at, nr);
	END LOOP;
END
$$;
EOS

# Each index with equal vectors, levels above 0, rows without a vector, ids that are free and others that
# wait to be.
foreach my $name (sort keys %index)
{
	my ($type, $ops, $op, $with, $form) = @{ $index{$name} };
	my $key  = $key{$name} ? $key{$name}[0] : '';
	my $make = sprintf($form, 'vec(i % 90, 64)');
	# to be inserted: one that is equal to others, and one that is not
	my $spare = sprintf($form, 'vec(CASE i WHEN 191 THEN 11 ELSE i END, 64)');
	# under cosine a zero vector has no direction
	my $bare = $name eq 'v3' ? 'CASE i % 2 WHEN 0 THEN array_fill(0::real, ARRAY[64])::vector END' : 'NULL';

	$node->safe_psql('postgres', <<"EOS");
CREATE TABLE $name (id int, v $type, few int GENERATED ALWAYS AS (id % 7) STORED) WITH (autovacuum_enabled = off);
INSERT INTO $name SELECT i, $make FROM generate_series(1, 100) i;
INSERT INTO $name SELECT i, $bare FROM generate_series(201, 260) i;
CREATE INDEX ${name}_v_idx ON $name USING vecprov (v $ops$key) WITH ($with);
INSERT INTO $name SELECT i, $make FROM generate_series(101, 130) i;
INSERT INTO $name SELECT i, $bare FROM generate_series(261, 300) i;
DELETE FROM $name WHERE id % 10 = 3 OR id BETWEEN 221 AND 280;
VACUUM (INDEX_CLEANUP ON) $name;
SELECT txid_current();
INSERT INTO $name SELECT i, $make FROM generate_series(131, 134) i;
DELETE FROM $name WHERE id % 30 = 4;
VACUUM (INDEX_CLEANUP ON) $name;
CREATE TABLE spare_$name AS SELECT 810 + i AS id, $spare AS v FROM generate_series(191, 192) i;
INSERT INTO spare_$name VALUES (1003, NULL);
INSERT INTO base SELECT '$name', pages('${name}_v_idx'), array_agg(id) FROM $name;
EOS
	intact($node, $name, "${name}_v_idx", $name, 'id NOT BETWEEN 201 AND 300', 'v', $op);
}

# What stands where.
my @kinds = ('', qw(meta mean upper node vector landmark pool code));
my @meta  = (
	[ 40, 'constants' ], [ 44, 'shards' ], [ 48, 'target' ], [ 52, 'moving' ], [ 56, 'has_mean' ], [ 60, 'mean_due' ],
	[ 64, 'next_id' ], [ 68, 'free_head' ], [ 72, 'waiting_head' ], [ 76, 'waiting_tail' ], [ 84, 'waiting_xid' ],
	[ 88, 'ndead' ], [ 92, 'copy' ], [ 100, 'moved_xid' ], [ 1700, 'shard' ], [ 1704, 'hash' ],
	[ 1708, 'complete' ], [ 1712, 'bare head' ], [ 1716, 'bare rows' ], [ 1720, 'bare emptied' ],
	[ 1724, 'bare head' ], [ 1728, 'bare rows' ], [ 1732, 'bare emptied' ],
	[ 1988, 'keys' ], [ 1992, 'spare' ], [ 2020, 'pool' ], [ 2024, 'pending' ], [ 2036, 'pool' ],
	[ 2052, 'bound' ], [ 2060, 'measured' ], [ 5196, 'writers' ],
	[ 5208, 'cells' ], [ 5216, 'exponent' ], [ $page, 'padding' ]);
my (%pages, %layout);
foreach my $name (sort keys %index)
{
	$pages{$name} = pack('H*', $node->safe_psql('postgres', "SELECT encode(pages, 'hex') FROM base WHERE name = '$name'"));
	my ($code, $m) = unpack('x18 S x4 S', substr($pages{$name}, $header));
	my $keys = $key{$name} ? $key{$name}[1] : 0;
	$layout{$name} = { code_bytes => $code, keys => $keys, m => $m, size => 8 * $m + 20, slot => $code + 8 };
	my $in = $layout{$name};
	$in->{per_page} = int(($end - $header) / $in->{size});
	$in->{codes_per_page} = int(($end - $codes) / ($in->{slot} + $keys));
	# blocks of nodes, codes and vectors, in order; chunks of all follow one another
	foreach (0 .. length($pages{$name}) / $page - 1)
	{
		push @{ $in->{ kind($name, $_) } }, $_;
		$in->{node_at}{ number($name, $_) } = $_ if kind($name, $_) eq 'node';
	}
	$in->{words} = int((unpack('x20 L', substr($pages{$name}, $header)) + 3) / 4);
	my ($first) = @{ $in->{node} };
	foreach my $kind (qw(node code vector))
	{
		$in->{"${kind}_pages"} = 0;
		$in->{"${kind}_pages"}++, $first++ while $first < length($pages{$name}) / $page && kind($name, $first) eq $kind;
	}
	# of both, one kind of page is full
	$in->{ids} = min($in->{node_pages} * $in->{per_page}, $in->{code_pages} * $in->{codes_per_page});
}

# What a node is: never used, to be used again, of rows without a vector, dead but still a way for searches,
# in a chain, in the graph.
sub state_of
{
	my ($name, $id) = @_;
	my $in    = $layout{$name};
	my $nth   = $id % $in->{ids};
	my $block = $in->{node_at}{ int($id / $in->{ids}) * $in->{node_pages} + int($nth / $in->{per_page}) };
	return 'unused' unless defined $block;
	my $record = substr($pages{$name}, $block * $page + $header + $nth % $in->{per_page} * $in->{size}, $in->{size});
	my $flags  = unpack('C', substr($record, -2, 1));
	return 'listed bare' if ($flags & 0xA0) == 0xA0;
	return 'listed chained' if ($flags & 0x24) == 0x24;
	return $flags == 0 ? 'unused' : $flags & 0x20 ? 'listed' : $flags & 0x80 ? 'bare' : $flags & 8 ? 'dead' : $flags & 4 ? 'chained' : 'linked';
}

sub number
{
	my ($name, $block) = @_;
	return unpack('L', substr($pages{$name}, $block * $page + $end, 4));
}

sub kind
{
	my ($name, $block) = @_;
	return $kinds[ unpack('S', substr($pages{$name}, $block * $page + $end + 6, 2)) ];
}

# Of a code page; at: from its start.
sub code_part
{
	my ($name, $number, $at) = @_;
	my $in   = $layout{$name};
	my $keys = $codes + $in->{codes_per_page} * $in->{slot};

	return 'code padding' if $at < $codes || $at >= $keys + $in->{codes_per_page} * $in->{keys};
	my $slot = $at < $keys ? int(($at - $codes) / $in->{slot}) : int(($at - $keys) / $in->{keys});
	my $nth  = $number % $in->{code_pages} * $in->{codes_per_page} + $slot;
	return 'code padding' if $nth >= $in->{ids};
	my $state = state_of($name, int($number / $in->{code_pages}) * $in->{ids} + $nth);
	return "$state keys" if $at >= $keys;
	return ($at - $codes) % $in->{slot} < $in->{code_bytes} ? "$state code" : "$state factors";
}

sub part
{
	my ($name, $block, $bit) = @_;
	my $at   = int($bit / 8);
	my $kind = kind($name, $block);
	my $in   = $layout{$name};

	return 'LSN'        if $at < 8;
	return 'checksum'   if $at < 10;
	return 'header'     if $at < $header;
	return 'readable version' if $at == $end + 12 && $bit % 8 < 2;
	return 'special'    if $at >= $end;
	$at -= $header;
	return 'meta ' . (grep { $at < $_->[0] } @meta)[0][1] if $kind eq 'meta';
	my $number = unpack('L', substr($pages{$name}, $block * $page + $end, 4));
	if ($kind eq 'vector')
	{
		my $chunk = int($number / $in->{vector_pages});
		my $word  = $number % $in->{vector_pages} * int(($end - $header) / 4) + int($at / 4);
		my $slot  = int($word / $in->{words});
		return $slot < $in->{ids} ? 'vector of ' . state_of($name, $chunk * $in->{ids} + $slot) . ' node' : 'vector padding';
	}
	return code_part($name, $number, $at + $header) if $kind eq 'code';
	return $kind if $kind ne 'node';
	my $nth = $number % $in->{node_pages} * $in->{per_page} + int($at / $in->{size});
	return 'node padding' if $at >= $in->{per_page} * $in->{size} || $nth >= $in->{ids};
	my $state = state_of($name, int($number / $in->{node_pages}) * $in->{ids} + $nth);
	$at %= $in->{size};
	return "$state links" if $at < 8 * $in->{m};
	$at -= 8 * $in->{m};
	return "$state " . ($at < 4 ? 'next' : $at < 8 ? 'id' : $at < 12 ? 'size' : $at < 18 ? 'row' : $at < 19 ? 'flags' : 'shard');
}

# What vecprov_check does not always see, and why that does no harm. All else must be seen.
my %unnoticed = (
	'LSN'               => 'of the past: nothing follows from it but a full-page image more or less',
	'readable version'  => '5 or 6 for 7: a page is read alike whichever of them it says',
	'checksum'          => 'computed when the page is written',
	'meta moving'       => 'whoever moves records finds that there is nothing to be moved, and says so',
	'meta bare emptied' => 'tells VACUUM whether nodes can be made fewer: it tries in vain, or the next time',
	'meta ndead'        => 'tells VACUUM whether to look for dead nodes: it looks in vain, or the next time',
	'meta waiting_xid'  => 'of the past: a list that nobody waits for, or ids that are used again later',
	'meta moved_xid'    => 'of the past, and no records are being moved',
	'meta spare'        => 'ids that are never used, or an error of the next insert',
	'meta pending'      => 'whoever writes runs looks for lost pages, and finds none',
	'meta measured'     => 'of the past: VACUUM measures more rows',
	'meta writers'      => 'of one that is listed: the index seems to hold more or less, until VACUUM forgets it',
	'pool'              => 'what is behind the last row, a key that is still in order, of free pages',
	'dead keys'         => 'no row to compare with',
	'mean'              => 'by less than codes are exact: estimates only',
	'landmark'          => 'another node, or term, to begin at',
	'upper'             => 'a link to another node of the level',
	'linked links'      => 'a link to another node',
	(map { ("$_ code" => 'by a level, as rounding does: estimates only', "$_ factors" => 'estimates only') } qw(linked chained)),
	'dead code'         => 'no row to compare with; estimates only',
	'dead factors'      => 'estimates only',
	'dead links'        => 'a link to another node',
	'dead row'          => 'that is gone',
	'dead size'         => 'not counted any more',
	(map { ("listed $_" => 'written anew before it is read') } qw(code keys factors links row size shard)),
	(map { ("listed chained $_" => 'written anew before it is read') } qw(code keys factors links row size shard next)),
	(map { ("listed bare $_" => 'written anew before it is read') } qw(code keys factors links row next shard)),
	(map { ("bare $_" => 'never written') } qw(code keys factors)),
	(map { ("unused $_" => 'written before it is read, and seen where no id has come to') } qw(code keys factors)),
	'vector of dead node'   => 'not compared with a row',
	'vector of listed node' => 'written anew before it is read',
	'vector of bare node'   => 'never written',
	'vector of listed chained node' => 'written anew before it is read',
	'vector of listed bare node' => 'written anew before it is read',
	'vector of unused node' => 'written before it is read',
	'vector padding'        => 'of a halfvec or bit, behind its last element');

# Which bits: all of a metapage that mean something, and random ones, as many of each kind of page.
srand($seed);
my %bits;
# From the fifth shard on, of three, one word of the metapage is as the other.
my $alike = ($header + 100 + 4 * 16) * 8;
$alike += 128 - $alike % 128;
# and so much is about rows without a vector, and a word of padding
my $bare = ($header + 1704) * 8;
push @{ $bits{v3} }, map { [ 0, $_ ] } 0 .. $alike - 1, $bare .. $bare + 255;
my @names = sort keys %index;
for (my $i = 0; $i < $rounds; $i++)
{
	my $name   = $names[ $i % @names ];
	my $nblocks = length($pages{$name}) / $page;
	my %blocks;
	push @{ $blocks{ kind($name, $_) } }, $_ foreach 0 .. $nblocks - 1;
	my $kind  = (sort keys %blocks)[ int(rand(keys %blocks)) ];
	my $block = $blocks{$kind}[ int(rand(@{ $blocks{$kind} })) ];
	push @{ $bits{$name} }, [ $block, int(rand($page * 8)) ];
}

# Two sessions at a time, each with its own tables.
my @sessions;
foreach my $share ([qw(v3 b3)], [qw(v1 h1 s1 k1)])
{
	my $script = <<'EOS';
\set VERBOSITY verbose
SET client_min_messages = warning;
SET enable_seqscan = off;
SET enable_sort = off;
SET vecprov.iterative_scan = relaxed_order;
SET statement_timeout = '60s';
EOS
	foreach my $name (@$share)
	{
		my ($type, $ops, $op, $with, $form) = @{ $index{$name} };
		$script .= "SELECT statements('$name', '$op') AS statements, " .
		  "ARRAY['check', 'SELECT count(*) FROM vecprov_check(''${name}_v_idx'')'] AS check \\gset\n";
		$script .= "PREPARE $name(int, int) AS SELECT damage('$name', \$1, \$2, :'statements');\n";
		$script .= "EXECUTE $name($_->[0], $_->[1]);\nVACUUM (INDEX_CLEANUP ON) $name;\n" foreach @{ $bits{$name} };
		next unless $name eq 'v3';
		$script .= "SELECT damage_quickly('$name', 0, $_, $_ + 127, :'check');\n"
		  foreach grep { $_ % 128 == 0 && $_ >= $alike && ($_ < $bare || $_ >= $bare + 256) } 0 .. 8 * $page - 1;
	}
	my $file = $node->basedir . "/$share->[0].sql";
	append_to_file($file, $script);
	my $session = { out => '', err => '' };
	$session->{run} = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-f', $file ],
		'>', \$session->{out}, '2>', \$session->{err});
	push @sessions, $session;
}
foreach my $session (@sessions)
{
	ok($session->{run}->finish, 'the session came to its end')
	  or diag(substr($session->{err}, -2000));
	my @wrong = grep { /ERROR:|FATAL:|PANIC:|connection/ && !/ERROR:  XX002: index "\w+" (contains a damaged page at|has a page of format version \d+ at) block/ }
	  split /\n/, $session->{err};
	is(join("\n", @wrong[ 0 .. ($#wrong < 9 ? $#wrong : 9) ]), '', 'VACUUM says what is damaged, or does its work');
	my @hints = ($session->{err} =~ /HINT:  Please REINDEX it\./g);
	my @errors = ($session->{err} =~ /ERROR:/g);
	is(scalar(@hints), scalar(@errors), 'and what to do');
}

my $outcome = $node->safe_psql('postgres', "SELECT name, block, nr, named, coalesce(bad, '') FROM outcome");
my (@bad, %unseen);
foreach (split /\n/, $outcome)
{
	my ($name, $block, $bit, $named, $bad) = split /\|/, $_, 5;
	my $part = part($name, $block, $bit);
	push @bad, "$name, block $block, bit $bit, $part: $bad" if $bad ne '';
	push @{ $unseen{$part} }, "$name/$block/$bit" if $named eq 'f';
}
is(scalar(split /\n/, $outcome), $rounds + $page * 8, 'all bits were tried');
is(join("\n", @bad[ 0 .. ($#bad < 19 ? $#bad : 19) ]), '', 'no damage does harm');
my @unnoticed = grep { !exists $unnoticed{$_} } sort keys %unseen;
is(join(' ', map { "$_: @{ $unseen{$_} }[0 .. ($#{ $unseen{$_} } < 4 ? $#{ $unseen{$_} } : 4)]" } @unnoticed),
	'', 'vecprov_check names all damage but what does no harm');
unlike(slurp_file($node->logfile), qr/TRAP:|PANIC|terminated by signal/, 'the server did not crash');

$node->stop('immediate');

# One damaged index is no matter for others. Files are cut, removed and written to while the server is down, and
# pages changed in its memory; what an operator does to other indexes works, views show all, REINDEX mends.
$node = vecprov_node('many', extra => ['--data-checksums']);
$node->append_conf('postgresql.conf', "client_min_messages = error\n");
$node->start;
vecprov_functions($node);
$node->safe_psql('postgres', $functions);

my @damaged = qw(empty missing short unreadable future senseless);
my %file;
foreach my $name (@damaged, 'sound')
{
	$node->safe_psql('postgres', <<"EOS");
CREATE TABLE $name (id int, v vector(64));
INSERT INTO $name SELECT i, vec(i, 64) FROM generate_series(1, 100) i;
CREATE INDEX ON $name USING vecprov (v) WITH (tier = 'r10');
EOS
	$file{$name} = $node->data_dir . '/' . $node->safe_psql('postgres', "SELECT pg_relation_filepath('${name}_v_idx')");
}
$node->safe_psql('postgres', 'CREATE TABLE loose (id int, v vector(64)); CREATE INDEX ON loose USING vecprov (v)');
$node->stop;
truncate $file{empty}, 0 or die $!;
truncate $file{short}, 3 * $page or die $!;
unlink $file{missing} or die $!;
open my $handle, '+<:raw', $file{unreadable} or die $!;
seek $handle, 100, 0;
print $handle 'x';
close $handle or die $!;
$node->start;
# the format version, and m
$node->safe_psql('postgres', "SELECT flip_bit('future_v_idx', 0, (8192 - 4) * 8 + 3)");
$node->safe_psql('postgres', "SELECT flip_bit('senseless_v_idx', 0, (24 + 24) * 8)");

my %error = (
	empty      => qr/relation is empty/,
	missing    => qr/could not open file/,
	short      => qr/no pages for all nodes/,
	unreadable => qr/invalid page in block 0/,
	future     => qr/format version 15/,
	senseless  => qr/damaged page at block 0.*makes no sense/);
sub state_row
{
	my ($name) = @_;
	return $node->safe_psql('postgres',
		"SELECT state, error, index_size = coalesce((pg_stat_file(pg_relation_filepath(index), true)).size, 0)
			FROM vecprov.indexes WHERE index::text = '${name}_v_idx'");
}
foreach my $name (@damaged)
{
	like(state_row($name), qr/^Error\|.*$error{$name}.*\|t$/s, "$name: its row says what is wrong, and the size of its file");
}
ok($node->poll_query_until('postgres', "SELECT state = 'Ready' FROM vecprov.indexes WHERE index::text = 'sound_v_idx'"),
	'the sound one is Ready');
foreach (
	'REINDEX INDEX sound_v_idx',
	'REINDEX INDEX CONCURRENTLY sound_v_idx',
	'VACUUM FULL sound',
	"SELECT vecprov_set_replicas('sound_v_idx', 0)",
	"SELECT vecprov_set_replicas('sound_v_idx', 1)",
	"SELECT vecprov_set_shards('sound_v_idx', 2)",
	"SELECT vecprov_provision('loose_v_idx', 'r10')",
	"CREATE INDEX more ON sound USING vecprov (v) WITH (tier = 'r40')",
	'DROP INDEX more',
	'TRUNCATE sound',
	'INSERT INTO sound SELECT i, vec(i, 64) FROM generate_series(1, 100) i',
	"SELECT vecprov_wait('sound_v_idx', '1 minute')",
	'SELECT * FROM vecprov.shards',
	'SELECT * FROM vecprov.metrics',
	'SELECT vecprov_metrics_text()',
	'SELECT * FROM vecprov.replicas, vecprov.workers')
{
	my ($rc, $stdout, $stderr) = $node->psql('postgres', $_);
	is("$rc$stderr", '0', "beside damaged ones: $_");
}
is($node->safe_psql('postgres', "SELECT count(*) FROM vecprov.indexes"), scalar(@damaged) + 2, 'all are shown');
foreach my $name (@damaged)
{
	my ($rc, $stdout, $stderr) = $node->psql('postgres', "SELECT vecprov_wait('${name}_v_idx', '10 s')");
	like($stderr, $error{$name}, "$name: to wait for it is an error");
}
foreach my $name (@damaged)
{
	$node->safe_psql('postgres', $name eq 'short' ? "VACUUM FULL $name" : "REINDEX INDEX ${name}_v_idx");
	$node->safe_psql('postgres', "SELECT vecprov_wait('${name}_v_idx', '1 minute')");
	like(state_row($name), qr/^Ready\|\|/, "$name: mended");
	intact($node, $name, "${name}_v_idx", "$name, mended");
}

$node->stop;
done_testing();
