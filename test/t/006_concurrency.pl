# Sessions that insert, update, delete, search and VACUUM at the same time leave a sound index with
# good recall; so do sessions that all insert the first row, or the same few vectors.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = vecprov_node('main');
# less than the index: pages that are read directly go away while they are
$node->append_conf('postgresql.conf', 'shared_buffers = 1MB');
$node->start;
vecprov_functions($node);
$node->safe_psql('postgres', <<'EOS');
CREATE SEQUENCE ids;
CREATE TABLE items (id int PRIMARY KEY DEFAULT nextval('ids'), v vector(80));
INSERT INTO items (v) SELECT vec(i, 80) FROM generate_series(1, 1000) i;
CREATE INDEX ON items USING vecprov (v);
CREATE TABLE firsts (id int DEFAULT nextval('ids'), v vector(80));
CREATE INDEX ON firsts USING vecprov (v);
CREATE TABLE alike (id int DEFAULT nextval('ids'), v vector(80));
CREATE INDEX ON alike USING vecprov (v);
EOS

my $scripts = 0;

# Runs scripts at the same time, each with its clients and transactions; all must succeed.
sub together
{
	my ($name, @parts) = @_;
	my @runs;

	foreach my $part (@parts)
	{
		my ($clients, $transactions, $script) = @$part;
		my $file = $node->basedir . '/script' . $scripts++ . '.sql';
		my $out  = '';

		append_to_file($file, $script);
		push @runs, [ IPC::Run::start(
				[ 'pgbench', '-n', '-c', $clients, '-t', $transactions, '--random-seed', $scripts,
					'-h', $node->host, '-p', $node->port, '-f', $file, 'postgres' ],
				'<', \undef, '>', \$out, '2>&1'), \$out ];
	}
	foreach my $run (@runs)
	{
		$run->[0]->finish;
		is($run->[0]->result(0), 0, "$name: no error") or diag(${ $run->[1] });
	}
}

together('mixed',
	[ 2, 500, <<'EOS' ],
\set i random(1, 100000)
\set id random(1, 1200)
INSERT INTO items (v) VALUES (vec(:i, 80));
UPDATE items SET v = vec(:i + 1, 80) WHERE id = :id;
EOS
	[ 1, 500, "\\set id random(1, 1800)\nDELETE FROM items WHERE id = :id;\n" ],
	[ 1, 500, <<'EOS' ],
\set i random(1, 100000)
SELECT 1 / (count(*) / 10) FROM (SELECT id FROM items ORDER BY v <-> vec(:i, 80) LIMIT 10) n;
EOS
	[ 1, 40, "VACUUM items;\n" ]);
intact($node, 'items', 'items_v_idx', 'mixed');
cmp_ok($node->safe_psql('postgres', "SELECT vecprov_recall('items_v_idx', 10, 200)"), '>=', 0.9, 'mixed: recall');

foreach my $round (1 .. 8)
{
	$node->safe_psql('postgres', 'TRUNCATE firsts');
	together("first rows $round", [ 8, 2, "\\set i random(1, 5)\nINSERT INTO firsts (v) VALUES (vec(:i, 80));\n" ]);
	is($node->safe_psql('postgres', 'SELECT count(*) FROM firsts'), 16, "first rows $round: all there");
	intact($node, 'firsts', 'firsts_v_idx', "first rows $round");
}

# Chains of equal vectors: they grow at their heads while VACUUM takes out nodes anywhere in them.
together('equal vectors',
	[ 3, 300, "\\set i random(1, 3)\nINSERT INTO alike (v) VALUES (vec(:i, 80));\n" ],
	[ 1, 300, "\\set r random(0, 9)\nDELETE FROM alike WHERE id % 10 = :r AND id % 7 > 2;\n" ],
	[ 1, 100, "VACUUM alike;\n" ]);
intact($node, 'alike', 'alike_v_idx', 'equal vectors');
$node->safe_psql('postgres', 'VACUUM alike');
intact($node, 'alike', 'alike_v_idx', 'equal vectors, vacuumed');

# A scan that is on chains while VACUUM gives their dead first nodes the rows of the next ones.
foreach my $order (qw(strict_order relaxed_order))
{
	$node->safe_psql('postgres', <<'EOS');
TRUNCATE alike;
INSERT INTO alike (v) SELECT vec(i % 60, 80) FROM generate_series(1, 600) i;
DELETE FROM alike WHERE id IN (SELECT id FROM alike ORDER BY id LIMIT 180);
EOS
	my $session = $node->background_psql('postgres');
	$session->query_safe("SET enable_seqscan = off; SET vecprov.iterative_scan = $order; SET vecprov.ef_search = 10; SET client_min_messages = error");
	$session->query_safe('BEGIN; DECLARE c CURSOR FOR SELECT id FROM alike ORDER BY v <-> vec(7, 80)');
	my @rows = split /\n/, $session->query_safe('FETCH 300 FROM c');
	$node->safe_psql('postgres', 'VACUUM (INDEX_CLEANUP ON) alike');
	push @rows, split /\n/, $session->query_safe('FETCH ALL FROM c');
	my %seen;
	$seen{$_}++ for @rows;
	is(scalar(grep { $_ > 1 } values %seen), 0, "chains are taken apart, $order: no row is returned twice");
	is(scalar(@rows), 420, "chains are taken apart, $order: all are returned") if $order eq 'relaxed_order';
	$session->query_safe('COMMIT');
	$session->quit;
}

# Everything goes and comes back, over and over.
together('all deleted',
	[ 1, 60, "DELETE FROM alike;\n" ],
	[ 1, 60, "VACUUM alike;\n" ],
	[ 2, 300, "\\set i random(1, 50)\nINSERT INTO alike (v) VALUES (vec(:i, 80));\n" ]);
$node->safe_psql('postgres', 'INSERT INTO alike (v) SELECT vec(i, 80) FROM generate_series(1, 200) i');
intact($node, 'alike', 'alike_v_idx', 'all deleted');
$node->safe_psql('postgres', 'VACUUM alike');
intact($node, 'alike', 'alike_v_idx', 'all deleted, vacuumed');

$node->stop;
done_testing();
