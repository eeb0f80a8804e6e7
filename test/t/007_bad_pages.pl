# Damaged pages are named, with the hint to REINDEX, which heals; vecprov_check reports them. A server
# without the library in shared_preload_libraries says what line is missing.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = vecprov_node('main');
# else the checksum would be found wrong first; they are off already where that is the default
run_log([ 'pg_checksums', '--disable', '-D', $node->data_dir ]);
$node->start;
vecprov_functions($node);

# For each kind of damage a table of its own: what is done to the file, the block that the error
# names, what the error says, and the rule that vecprov_check names (undef: the error, too).
my $page   = 8192;
my $block  = 3;
my %damage = (
	zeroes => {
		block   => $block,
		error   => qr/damaged page at block 3\n.*all zeroes/,
		rule    => 'page initialised',
		replace => sub { "\0" x $page },
	},
	version => {
		block   => $block,
		error   => qr/page of format version 9 at block 3\n.*reads format versions 5 to 7/,
		rule    => 'page version',
		replace => sub { substr($_[0], 0, $page - 4) . pack('SS', 9, 0xFF9C) },
	},
	alien => {
		block   => $block,
		error   => qr/damaged page at block 3\n.*special space/,
		rule    => 'page layout',
		replace => sub { my ($data) = @_; substr($data, 16, 2) = pack('S', $page); $data },
	},
	stranger => {
		block   => $block,
		error   => qr/damaged page at block 3\n.*not a page of a vecprov index/,
		rule    => 'page version',
		replace => sub { substr($_[0], 0, $page - 2) . pack('S', 0xFF90) },
	},
	misplaced => {
		block   => $block,
		error   => qr/damaged page at block 3\n.*another place/,
		rule    => 'page place',
		replace => sub { my ($data) = @_; substr($data, $page - 16, 4) = pack('L', 77); $data },
	},
	metapage => {
		block   => 0,
		error   => qr/damaged page at block 0\n.*all zeroes/,
		replace => sub { "\0" x $page },
	},
	metaversion => {
		block   => 0,
		error   => qr/page of format version 1 at block 0/,
		replace => sub { substr($_[0], 0, $page - 4) . pack('SS', 1, 0xFF9C) },
	},
	nonsense => {
		block   => 0,
		error   => qr/damaged page at block 0\n.*metapage makes no sense/,
		replace => sub { my ($data) = @_; substr($data, 24, 16) = "\xEE" x 16; $data },
	});

my %file;
foreach my $kind (sort keys %damage)
{
	$node->safe_psql('postgres', <<"EOS");
CREATE TABLE $kind (id int, v vector(80));
INSERT INTO $kind SELECT i, vec(i, 80) FROM generate_series(1, 300) i;
CREATE INDEX ON $kind USING vecprov (v);
EOS
	$file{$kind} = $node->data_dir . '/'
	  . $node->safe_psql('postgres', "SELECT pg_relation_filepath('${kind}_v_idx')");
}
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE short (id int, v vector(80));
INSERT INTO short SELECT i, vec(i, 80) FROM generate_series(1, 300) i;
CREATE INDEX ON short USING vecprov (v);
EOS
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE miscounted (id int, v vector(80));
INSERT INTO miscounted SELECT i, vec(i, 80) FROM generate_series(1, 300) i;
CREATE INDEX ON miscounted USING vecprov (v);
EOS
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE misled (id int, v sparsevec(80));
INSERT INTO misled SELECT i, vec(i, 80)::sparsevec FROM generate_series(1, 300) i;
CREATE INDEX ON misled USING vecprov (v sparsevec_l2_ops);
EOS
my $misled = $node->data_dir . '/' . $node->safe_psql('postgres', "SELECT pg_relation_filepath('misled_v_idx')");
my $miscounted = $node->data_dir . '/'
  . $node->safe_psql('postgres', "SELECT pg_relation_filepath('miscounted_v_idx')");
my $short = $node->data_dir . '/' . $node->safe_psql('postgres', "SELECT pg_relation_filepath('short_v_idx')");

$node->stop;
foreach my $kind (sort keys %damage)
{
	open my $handle, '+<:raw', $file{$kind} or die $!;
	seek $handle, $page * $damage{$kind}{block}, 0;
	my $data;
	read $handle, $data, $page;
	seek $handle, $page * $damage{$kind}{block}, 0;
	print $handle $damage{$kind}{replace}->($data);
	close $handle or die $!;
}
# the number of records of the first shard, behind the other 100 bytes of the metapage and its entry point
open my $meta, '+<:raw', $miscounted or die $!;
seek $meta, 24 + 104, 0;
print $meta pack('L', 299);
close $meta or die $!;
# what the landmarks of the first set lead to, behind its 126 terms, on the page after the upper one
open my $landmarks, '+<:raw', $misled or die $!;
seek $landmarks, 2 * $page + 24 + 126 * 4, 0;
print $landmarks pack('L', 1000000) x 126;
close $landmarks or die $!;
truncate $short, 5 * $page or die $!;
$node->start;

foreach my $kind (sort keys %damage)
{
	my $expected = $damage{$kind};
	my %statements = (
		'a search' => "SET enable_seqscan = off; SELECT id FROM $kind ORDER BY v <-> vec(1, 80) LIMIT 300",
		'VACUUM'   => "DELETE FROM $kind WHERE id % 2 = 0; VACUUM $kind",
		'an insert' => "INSERT INTO $kind SELECT i, vec(i, 80) FROM generate_series(1001, 1300) i");

	foreach my $what (sort keys %statements)
	{
		my ($rc, $stdout, $stderr) =
		  $node->psql('postgres', "\\set VERBOSITY verbose\n$statements{$what}");
		like($stderr, qr/ERROR:  XX002: index "${kind}_v_idx"/, "$kind: $what says which index");
		like($stderr, $expected->{error}, "$kind: $what says which page, and what is wrong");
		like($stderr, qr/HINT:  Please REINDEX it\./, "$kind: $what says what to do");
	}
	if (defined $expected->{rule})
	{
		is($node->safe_psql('postgres',
				"SELECT DISTINCT block, rule FROM vecprov_check('${kind}_v_idx') WHERE block = $block"),
			"$block|$expected->{rule}", "$kind: vecprov_check names block and rule");
	}
	else
	{
		my ($rc, $stdout, $stderr) =
		  $node->psql('postgres', "SELECT * FROM vecprov_check('${kind}_v_idx')");
		like($stderr, $expected->{error}, "$kind: vecprov_check cannot go on without a metapage");
	}
	$node->safe_psql('postgres', "REINDEX INDEX ${kind}_v_idx");
	intact($node, $kind, "${kind}_v_idx", "$kind, after REINDEX");
}

foreach ('SELECT id FROM short ORDER BY v <-> vec(1, 80) LIMIT 300', "SELECT * FROM vecprov_check('short_v_idx')")
{
	my ($rc, $stdout, $stderr) = $node->psql('postgres', "\\set VERBOSITY verbose\nSET enable_seqscan = off; $_");
	like($stderr, qr/ERROR:  XX002: index "short_v_idx" .*block 0\n.*no pages for all nodes/, "short: $_");
}
$node->safe_psql('postgres', 'REINDEX INDEX CONCURRENTLY short_v_idx');
intact($node, 'short', 'short_v_idx', 'short, after REINDEX CONCURRENTLY');

is($node->safe_psql('postgres', "SELECT rule, message FROM vecprov_check('miscounted_v_idx', true)"),
	'totals|it says 299 records of 97200 bytes in shard 0, there are 300 of 97200', 'vecprov_check counts records');
$node->safe_psql('postgres', 'REINDEX INDEX miscounted_v_idx');
intact($node, 'miscounted', 'miscounted_v_idx', 'miscounted, after REINDEX');

is($node->safe_psql('postgres', "SELECT DISTINCT block, rule FROM vecprov_check('misled_v_idx', true)"),
	'2|landmarks in range', 'vecprov_check sees landmarks that are no nodes');
is($node->safe_psql('postgres',
		'SET enable_seqscan = off; SELECT id FROM misled ORDER BY v <-> vec(7, 80)::sparsevec LIMIT 1'),
	7, 'misled: a search takes no harm');

# Without the library.
my $missing =
  qr/ERROR:  55000: vecprov must be loaded when the server starts.*HINT:  Add the line "shared_preload_libraries = 'vecprov'" to postgresql\.conf/s;
$node->adjust_conf('postgresql.conf', 'shared_preload_libraries', "''");
$node->restart;
$node->safe_psql('postgres', 'CREATE DATABASE other');
foreach (
	[ 'other',    'CREATE EXTENSION vecprov' ],
	[ 'postgres', 'INSERT INTO short SELECT * FROM short LIMIT 1' ],
	[ 'postgres', 'DELETE FROM short WHERE id = 1; VACUUM short' ],
	[ 'postgres', 'CREATE INDEX ON short USING vecprov (v vector_l1_ops)' ],
	[ 'postgres', 'REINDEX TABLE short' ],
	[ 'postgres', "SELECT * FROM vecprov_check('short_v_idx')" ])
{
	my ($database, $statement) = @$_;
	my ($rc, $stdout, $stderr) = $node->psql($database, "\\set VERBOSITY verbose\n$statement");
	like($stderr, $missing, "without the library: $statement");
}
$node->adjust_conf('postgresql.conf', 'shared_preload_libraries', "'vecprov'");
$node->restart;
$node->safe_psql('postgres', 'VACUUM short');
intact($node, 'short', 'short_v_idx', 'with the library again');

$node->stop;
done_testing();
