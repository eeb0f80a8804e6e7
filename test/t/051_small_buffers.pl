# An index of several times shared_buffers: searches find its pages as quickly as they may, and the same
# rows as with room for all of it; few of its pages go into shared buffers; and on a standby, too, beside
# writers and VACUUM, no search takes a page for what it is not.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $queries = 200;
my $node = vecprov_node('small', allows_streaming => 1);
$node->append_conf('postgresql.conf', <<'EOC');
shared_buffers = 64MB
maintenance_work_mem = 256MB
autovacuum = off
EOC
$node->start;
vecprov_functions($node);
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE n (id int PRIMARY KEY, e vector(32));
INSERT INTO n SELECT i, vec(i, 32) FROM generate_series(1, 20000) i;
CREATE INDEX n_e ON n USING vecprov (e);
VACUUM ANALYZE n;
EOS
cmp_ok($node->safe_psql('postgres', "SELECT pg_relation_size('n_e') / 8192"), '>', 3 * 256,
	'the index has several times the pages of small shared buffers');

# Two passes over all queries, by an index scan: a sum of the rows of the second; how many pages of the index it read; and
# how many the server found in shared buffers where the search had not found them by itself.
sub search
{
	my @lines = split /\n/, $node->safe_psql('postgres', <<"EOS");
SET enable_seqscan = off;
CREATE PROCEDURE pg_temp.pass() LANGUAGE plpgsql AS \$\$
BEGIN
	FOR i IN 1 .. $queries LOOP
		INSERT INTO found SELECT i, f.id FROM (SELECT id FROM n ORDER BY e <-> near(i * 97, 32) LIMIT 10) f;
	END LOOP;
END \$\$;
CREATE TEMP TABLE found (query int, id int);
CALL pg_temp.pass();
TRUNCATE found;
SELECT pg_stat_reset_single_table_counters('n_e'::regclass), pg_stat_force_next_flush();
CALL pg_temp.pass();
SELECT pg_stat_force_next_flush();
SELECT sum(hashint8(query * 100000 + id)) FROM found;
SELECT idx_blks_read FROM pg_statio_user_indexes WHERE indexrelname = 'n_e';
SELECT idx_blks_hit FROM pg_statio_user_indexes WHERE indexrelname = 'n_e';
EOS
	return @lines[-3 .. -1];
}

my ($rows) = search();
$node->append_conf('postgresql.conf', "shared_buffers = 2MB\n");
$node->restart;
my ($same, $read, $hit) = search();
is($same, $rows, 'small shared buffers: the same rows');
cmp_ok($read, '>', $queries, 'which are read anew and anew');
cmp_ok($hit, '<', $read / 20, 'pages that are there are found without the server');

# Most pages are read past shared buffers: what is there stays.
SKIP:
{
	skip 'vecprov is built without server internals', 1
		if $node->safe_psql('postgres', 'SHOW vecprov.server_internals') eq 'off';
	my $there = 'SELECT relblocknumber AS block FROM pg_buffercache '
		. "WHERE relfilenode = pg_relation_filenode('n_e') AND relforknumber = 0";
	my $changed = $node->safe_psql('postgres', <<"EOS");
CREATE EXTENSION IF NOT EXISTS pg_buffercache;
SET enable_seqscan = off;
CREATE TEMP TABLE before AS $there;
SELECT count(*) FROM generate_series(1, 20) i, LATERAL (SELECT id FROM n ORDER BY e <-> near(i * 89, 32) LIMIT 10) f \\gset
SELECT count(*) FROM before WHERE block NOT IN ($there);
EOS
	cmp_ok($changed, '<', 20 * $read / $queries / 2, 'few pages leave shared buffers for those that a search reads');
}
note("pages of a query: read " . $read / $queries . ", found by the server " . $hit / $queries);

# A standby with small shared buffers follows writers and VACUUM, and answers meanwhile.
$node->safe_psql('postgres', 'CREATE SEQUENCE ids START 3001; CREATE TABLE items (id int, v vector(80)); INSERT INTO items SELECT i, vec(i, 80) FROM generate_series(1, 3000) i; '
	  . 'CREATE INDEX items_v_idx ON items USING vecprov (v)');
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->append_conf('postgresql.conf', "shared_buffers = 1MB\nmax_standby_streaming_delay = -1\n");
$standby->start;

my %script = (
	write => "\\set i random(1, 100000)\n\\set d random(1, 3000)\nINSERT INTO items SELECT nextval('ids'), vec(:i, 80);\nDELETE FROM items WHERE id = :d + 1;\n",
	vacuum => "VACUUM items;\n\\sleep 100 ms\n",
	read => "\\set i random(1, 100000)\nSELECT 1 / (count(*) / 10) FROM (SELECT id FROM items ORDER BY v <-> vec(:i, 80) LIMIT 10) n;\n");
my %run = (write => [ $node, 2, 800 ], vacuum => [ $node, 1, 20 ], read => [ $standby, 2, 600 ]);
my @runs;
foreach my $name (sort keys %run)
{
	my ($server, $clients, $transactions) = @{ $run{$name} };
	my $out = '';

	append_to_file($node->basedir . "/$name.sql", $script{$name});
	push @runs, [ $name, \$out, IPC::Run::start([ 'pgbench', '-n', '-c', $clients, '-t', $transactions, '-h', $server->host, '-p', $server->port,
				'-f', $node->basedir . "/$name.sql", 'postgres' ], '<', \undef, '>', \$out, '2>&1') ];
}
foreach (@runs)
{
	my ($name, $out, $handle) = @$_;

	$handle->finish;
	is($handle->result(0), 0, "$name: no error") or diag($$out);
}
$node->wait_for_catchup($standby);
cmp_ok($standby->safe_psql('postgres', "SELECT idx_blks_read FROM pg_statio_user_indexes WHERE indexrelname = 'items_v_idx'"),
	'>', 600, 'the standby has read pages anew and anew');
intact($node, 'items', 'items_v_idx', 'primary');
# vecprov_check needs a server that is not in recovery
my $found = <<'EOS';
SET enable_seqscan = off;
SELECT count(*) FROM items a, LATERAL (SELECT b.v <-> a.v AS dist FROM items b ORDER BY b.v <-> a.v LIMIT 1) n WHERE dist > 0;
EOS
cmp_ok($standby->safe_psql('postgres', $found), '<', 15, 'standby: rows are found by their own vectors');

# Pages change while a search has one of them in hand that it has read past shared buffers.
SKIP:
{
	skip 'vecprov is built without server internals', 2
		if $node->safe_psql('postgres', 'SHOW vecprov.server_internals') eq 'off';
	my $last = $node->safe_psql('postgres', 'SELECT max(id) FROM items');
	my $hold = hold($node);
	my $reader = at_point($node, 'bypass-read', "SET enable_seqscan = off; SELECT 'rows', count(*), max(id) <= $last "
		. "FROM (SELECT id FROM items ORDER BY v <-> near(7, 80) LIMIT 10) n");
	$node->safe_psql('postgres', "INSERT INTO items SELECT nextval('ids'), near(7 + 40 * i, 80) FROM generate_series(1, 600) i");
	$hold->quit;
	my ($rows) = finish_session($reader);
	like($rows, qr/^rows\|10\|t$/m, 'pages change under a search: it has the rows of its snapshot');
	$reader->quit;
	intact($node, 'items', 'items_v_idx', 'afterwards');
}

done_testing();
