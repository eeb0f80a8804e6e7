# Beside pgvector: operator classes over its types (vecprov_adopt), whatever the search_path; indexes on
# its tables; dump and restore, pg_upgrade, updates, and either extension leaving; then the ways from
# pgvector to vecprov of doc/from-pgvector.md. Skipped where pgvector is not installed.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = vecprov_node('main');
$node->start;
my @versions = split /\n/, $node->safe_psql('postgres', <<'EOS');
SELECT version FROM pg_available_extension_versions WHERE name = 'vector'
ORDER BY string_to_array(version, '.')::int[]
EOS
if (!@versions)
{
	$node->stop;
	plan skip_all => 'pgvector is not installed for this server';
}

# Runs SQL that is to fail with this.
sub refused
{
	my ($sql, $error, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($rc, $stdout, $stderr) = $node->psql('postgres', $sql);
	like($stderr, $error, $name);
}

# The operator classes over a type, and whether each has all it needs.
sub classes
{
	my ($server, $type, $database) = @_;
	return $server->safe_psql($database // 'postgres', <<"EOS");
SELECT string_agg(opcname || CASE WHEN opcdefault THEN '*' ELSE '' END ||
	CASE WHEN amvalidate(c.oid) THEN '' ELSE ' invalid' END, ' ' ORDER BY opcname)
FROM pg_opclass c JOIN pg_am a ON a.oid = opcmethod
WHERE amname = 'vecprov' AND opcintype = '$type'::regtype AND opcnamespace = 'public'::regnamespace
EOS
}

my $all = 'vector_cosine_ops vector_ip_ops vector_l1_ops vector_l2_ops*';
vecprov_functions($node, <<'EOS');
CREATE EXTENSION vector;
CREATE SCHEMA vp;
CREATE EXTENSION vecprov SCHEMA vp;
ALTER DATABASE postgres SET search_path = public, vp;
EOS

# An index of pgvector's table, in two lines.
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE items (id int, v vector(80));
INSERT INTO items SELECT i, vec(i, 80) FROM generate_series(1, 2000) i;
CREATE INDEX items_hnsw ON items USING hnsw (v vector_l2_ops);
CREATE ROLE somebody;
GRANT ALL ON SCHEMA public, vp TO somebody;
EOS
refused('CREATE INDEX ON items USING vecprov (v)',
	qr/data type vector has no default operator class for access method "vecprov"/, 'before');
refused("SET ROLE somebody; SELECT vecprov_adopt('vector')", qr/must be superuser to create an operator class/,
	'not a user');
is($node->safe_psql('postgres', "SELECT vecprov_adopt('vector')"), <<'EOS' =~ s/\n$//r, 'adopted');
public.vector_cosine_ops
public.vector_ip_ops
public.vector_l1_ops
public.vector_l2_ops
EOS
is(classes($node, 'vector'), $all, 'all classes are there and valid');
is($node->safe_psql('postgres', "SELECT vecprov_adopt('vector')"), '', 'a second time there is nothing to do');
$node->safe_psql('postgres', 'CREATE INDEX CONCURRENTLY items_v_idx ON items USING vecprov (v)');
is($node->safe_psql('postgres', "SELECT vecprov_recall('items_v_idx') > 0.9"), 't', 'recall');
$node->safe_psql('postgres', 'DROP INDEX items_hnsw');

# The planner takes it, and nobody computes the distance that nobody reads.
like($node->safe_psql('postgres', "EXPLAIN (VERBOSE, COSTS OFF) SELECT id FROM items ORDER BY v <-> vec(7, 80) LIMIT 5"),
	qr/Index Scan using items_v_idx on public.items\n\s+Output: id, NULL::double precision\n/, 'plan');
like($node->safe_psql('postgres', "EXPLAIN (VERBOSE, COSTS OFF) SELECT v <-> vec(7, 80) FROM items ORDER BY 1 LIMIT 5"),
	qr/Index Scan using items_v_idx on public.items\n\s+Output: \(v <-> /, 'plan of a distance that is read');

# Classes are found by who finds the type, also where vecprov's own come first by default or by name.
foreach my $path ('public', 'public, vp', 'pg_catalog', 'vp, public')
{
	my $class = $path =~ /^public/ ? 'vector_cosine_ops' : 'public.vector_cosine_ops';
	my $operator = $path =~ /^public/ ? '<=>' : 'OPERATOR(public.<=>)';
	like($node->safe_psql('postgres', <<"EOS"), qr/Index Scan using path_cosine on/, "search_path = $path");
SET search_path = $path;
CREATE INDEX path_default ON public.items USING vecprov (v);
CREATE INDEX path_cosine ON public.items USING vecprov (v $class) WITH (m = 8);
EXPLAIN (COSTS OFF) SELECT id FROM public.items ORDER BY v $operator (SELECT v FROM public.items WHERE id = 7) LIMIT 5;
DROP INDEX public.path_default, public.path_cosine;
EOS
}

# Everything that is told by an index of one's own
$node->safe_psql('postgres', <<'EOS');
INSERT INTO items SELECT i, vec(i, 80) FROM generate_series(2001, 2500) i;
DELETE FROM items WHERE id % 5 = 0;
VACUUM items;
EOS
intact($node, 'items', 'items_v_idx', 'inserts, deletes, VACUUM');
$node->stop('immediate');
$node->start;
intact($node, 'items', 'items_v_idx', 'after a crash');
my $nearest = 'SELECT id FROM items ORDER BY v <-> near(43, 80), id LIMIT 10';
is($node->safe_psql('postgres', "SET enable_seqscan = off; SET vecprov.ef_search = 200; $nearest"),
	$node->safe_psql('postgres', "SET enable_indexscan = off; $nearest"), 'a search and the exact answer');
refused("SELECT id FROM items ORDER BY v <-> '[1,2,3]' LIMIT 1", qr/different vector dimensions 80 and 3/,
	'a wrong query');
is($node->safe_psql('postgres', <<'EOS'), "\n\nReady|2|2000", 'provisioned');
SELECT vecprov_provision('items_v_idx', 'r10', 2, 1);
SELECT vecprov_wait('items_v_idx', '180 s');
SELECT state, current_shards, records FROM vecprov.indexes WHERE index = 'items_v_idx'::regclass;
EOS
intact($node, 'items', 'items_v_idx', 'provisioned');

# The other types, class by class: the planner takes the index, and its answer is the exact one. bit is
# PostgreSQL's own: an index on it serves both extensions' operators.
my %classes = (
	(map { $_ => { l2 => '<->', ip => '<#>', cosine => '<=>', l1 => '<+>' } } 'halfvec', 'sparsevec'),
	bit => { hamming => '<~>', jaccard => '<%>' });
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE others (id int, halfvec halfvec(80), sparsevec sparsevec(80), bit bit(64));
INSERT INTO others SELECT i, vec(i, 80)::halfvec, (SELECT ('{' || string_agg(d || ':' || (hashint4extended(i, d) & 255) + 1,
		',' ORDER BY d) || '}/80')::sparsevec FROM generate_series(1, 80) d WHERE hashint4extended(i, -d) & 7 = 0),
	hashint8extended(i, 1)::bit(64) FROM generate_series(1, 500) i;
EOS
foreach my $type (sort keys %classes)
{
	my @names = map { "public.${type}_${_}_ops" } sort keys %{ $classes{$type} };

	is($node->safe_psql('postgres', "SELECT vecprov_adopt('$type')"), join("\n", @names), "$type: adopted");
	is($node->safe_psql('postgres', "SELECT vecprov_adopt('$type')"), '', "$type: a second time there is nothing to do");
	foreach my $name (sort keys %{ $classes{$type} })
	{
		my $operator = $classes{$type}{$name};
		my $query = "SELECT array_agg(round(d::numeric, 4)) FROM (SELECT $type OPERATOR(public.$operator) " .
		  "(SELECT $type FROM others WHERE id = 7) AS d FROM others ORDER BY d LIMIT 10) x";

		$node->safe_psql('postgres', "CREATE INDEX ${type}_$name ON others USING vecprov ($type ${type}_${name}_ops)");
		like($node->safe_psql('postgres', "SET enable_seqscan = off; EXPLAIN $query"),
			qr/Index Scan using ${type}_$name on/, "$type: $operator has an index");
		is($node->safe_psql('postgres', "SET enable_seqscan = off; SET vecprov.ef_search = 500; $query"),
			$node->safe_psql('postgres', "SET enable_indexscan = off; $query"), "$type: $operator, and the exact answer");
		is($node->safe_psql('postgres', "SELECT count(*) FROM vecprov_check('${type}_$name', true)"), 0, "$type: sound");
	}
}
$node->safe_psql('postgres', 'DROP INDEX bit_hamming; CREATE INDEX bit_both ON others USING vecprov (bit bit_hamming_ops)');
like($node->safe_psql('postgres', "SET enable_seqscan = off; EXPLAIN SELECT id FROM others ORDER BY bit OPERATOR($_.<~>) 7::bit(64) LIMIT 1"),
	qr/Index Scan using bit_both on/, "bit: the default class serves $_.<~>") foreach 'public', 'vp';

# Who may, and what of
$node->safe_psql('postgres', 'CREATE DOMAIN vectors AS vector(3)');
foreach my $type ('integer', 'vp.vector', 'public.vector[]', 'public.vectors', 'public.items')
{
	refused("SELECT vecprov_adopt('$type')", qr/ERROR:  type \Q$type\E cannot be adopted\nHINT:/, "not $type");
}
refused("SET ROLE somebody; SELECT vecprov_unadopt('vector')", qr/must be owner of operator class/, 'not a user: unadopt');
refused("SELECT vecprov_unadopt('vector')",
	qr/cannot drop operator class public.vector_l2_ops for access method vecprov because other objects depend on it/,
	'not while there are indexes');

# Dumped and restored in both formats, on several connections: the extensions, the classes, then the indexes.
$node->safe_psql('postgres', 'CREATE INDEX items_ip ON items USING vecprov (v vector_ip_ops)');
my $definitions = "SELECT indexdef FROM pg_indexes WHERE indexdef ~ 'USING vecprov' ORDER BY indexname";
my $before = $node->safe_psql('postgres', $definitions);
my $dump = $node->basedir . '/dump';
$node->safe_psql('postgres', 'CREATE DATABASE plain TEMPLATE template0');
$node->safe_psql('postgres', 'CREATE DATABASE custom TEMPLATE template0');
$node->safe_psql('postgres', "ALTER DATABASE $_ SET search_path = public, vp") foreach 'plain', 'custom';
$node->command_ok([ 'pg_dump', '-f', "$dump.sql", $node->connstr('postgres') ], 'dumped as SQL');
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', "$dump.sql", $node->connstr('plain') ], 'restored');
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dump.custom", $node->connstr('postgres') ], 'dumped as an archive');
$node->command_ok([ 'pg_restore', '-e', '-j', '2', '-d', $node->connstr('custom'), "$dump.custom" ], 'restored');
foreach my $database ('plain', 'custom')
{
	is(classes($node, 'vector', $database), $all, "$database: classes");
	is($node->safe_psql($database, $definitions), $before, "$database: indexes");
	is($node->safe_psql($database, "SELECT count(*) FROM vecprov_check('items_v_idx', true)"), 0, "$database: sound");
	is($node->safe_psql($database, "SELECT vecprov_adopt('$_')"), '', "$database: nothing is left to do for $_")
	  foreach 'vector', sort keys %classes;
}

# Either extension leaves, and comes back.
sub left
{
	my ($sql, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($node->safe_psql('plain', <<"EOS"), '0|0|2000', $name);
BEGIN;
SET LOCAL client_min_messages = warning;
$sql;
SELECT (SELECT count(*) FROM pg_opclass WHERE opcname ~ '^(vector|halfvec|sparsevec|bit).*ops' AND opcnamespace = 'public'::regnamespace
		AND opcmethod NOT IN (SELECT oid FROM pg_am WHERE amname IN ('btree', 'hnsw', 'ivfflat'))),
	(SELECT count(*) FROM pg_opfamily WHERE opfname ~ '^(vector|halfvec|sparsevec|bit).*ops' AND opfnamespace = 'public'::regnamespace
		AND opfmethod NOT IN (SELECT oid FROM pg_am WHERE amname IN ('btree', 'hnsw', 'ivfflat'))),
	(SELECT count(*) FROM items);
ROLLBACK;
EOS
}
left('DROP EXTENSION vector CASCADE', 'DROP EXTENSION vector CASCADE leaves nothing of ours behind');
left('DROP EXTENSION vecprov CASCADE', 'nor does DROP EXTENSION vecprov CASCADE');
refused('DROP EXTENSION vecprov', qr/index items_v_idx depends on operator class vector_l2_ops for access method vecprov/,
	'without CASCADE the indexes are in the way');
$node->safe_psql('plain', <<'EOS');
DROP INDEX items_v_idx, items_ip;
DROP TABLE others;
DROP EXTENSION vecprov;
CREATE EXTENSION vecprov SCHEMA vp;
SELECT vecprov_adopt('vector');
CREATE INDEX items_v_idx ON items USING vecprov (v vector_l2_ops);
CREATE SCHEMA other;
ALTER EXTENSION vector SET SCHEMA other;
-- the schema of vecprov's own functions gets another name
ALTER SCHEMA vp RENAME TO "v p";
SET search_path = other, "v p";
SELECT vecprov_adopt('bit');
SELECT vecprov_unadopt('bit');
ALTER SCHEMA "v p" RENAME TO vp;
EOS
is($node->safe_psql('plain', "SELECT count(*) FROM vecprov_check('items_v_idx', true)"), 0, 'and again');

# All of a database: statements that put an index of ours beside each of
# pgvector's, and the way back. They are executed as psql's \gexec does.
$node->safe_psql('postgres', 'CREATE DATABASE many TEMPLATE template0');
$node->safe_psql('many', <<'EOS');
CREATE EXTENSION vector;
CREATE SCHEMA "v p";
CREATE EXTENSION vecprov SCHEMA "v p";
CREATE TABLE items (id int, v vector(3), h halfvec(3), s sparsevec(3), b bit(8));
INSERT INTO items SELECT i, w, w, ('{1:' || 1 + i % 7 || ',3:' || 1 + i % 11 || '}/3')::sparsevec, (i % 256)::bit(8)
	FROM generate_series(1, 500) i, LATERAL (SELECT ARRAY[i % 37, i % 101, 1 + i % 13]::vector AS w) x;
CREATE INDEX items_l2 ON items USING hnsw (v vector_l2_ops) WITH (m = 12, ef_construction = 80);
CREATE INDEX items_cosine ON items USING ivfflat (v vector_cosine_ops) WITH (lists = 4) WHERE id < 400;
CREATE INDEX items_default ON items USING ivfflat (v) WITH (lists = 4);
CREATE INDEX "Half ""of"" it, whose name is so long that nothing can be added t" ON items USING hnsw (h halfvec_ip_ops);
CREATE INDEX items_sparse ON items USING hnsw (s sparsevec_l1_ops);
CREATE INDEX items_bit ON items USING hnsw (b bit_jaccard_ops);
CREATE INDEX items_bits ON items USING hnsw ((binary_quantize(v)::bit(3)) bit_hamming_ops);
CREATE INDEX items_l2_vecprov ON items (id);
CREATE TABLE parts (id int, v vector(3)) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (200);
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (200) TO (1000) PARTITION BY RANGE (id);
CREATE TABLE parts_2a PARTITION OF parts_2 FOR VALUES FROM (200) TO (1000);
INSERT INTO parts SELECT id, v FROM items;
CREATE INDEX parts_v ON parts USING hnsw (v vector_l2_ops);
EOS
my $indexes = "SELECT pg_get_indexdef(c.oid), i.indisvalid FROM pg_class c JOIN pg_am a ON a.oid = relam JOIN pg_index i ON indexrelid = c.oid " .
  "WHERE amname IN ('hnsw', 'ivfflat') ORDER BY 1";
my $ours = $indexes =~ s/'hnsw', 'ivfflat'/'vecprov'/r;
sub steps
{
	my ($steps) = @_;
	my $sql = "SELECT statement FROM \"v p\".vecprov_adopt_database() WHERE step IN ($steps)";
	my $out = $node->safe_psql('many', $sql);
	# a statement has no line break; an error ends it
	my ($rc, $stdout, $stderr) = $node->psql('many', "$sql \\gexec", extra_params => [ '-v', 'ON_ERROR_STOP=1' ]);
	is($rc, 0, "executed: $steps") or diag $stderr;
	return $stdout;
}
my $theirs = $node->safe_psql('many', $indexes);
is(scalar(() = $theirs =~ /\|t$/mg), 11, 'indexes of pgvector');
is($node->safe_psql('many', "SELECT count(*) FROM \"v p\".vecprov_adopt_database() WHERE step = 'drop'"), 0,
	'none is dropped before there is another in its place');
steps("'adopt', 'create'");
is($node->safe_psql('many', $indexes), $theirs, 'they stay');
my @made = split /\n/, $node->safe_psql('many', $ours);
is(scalar(grep { /\|t$/ } @made), 11, 'and there are as many of ours');
like("@made", qr/INDEX items_l2_vecprov2 ON public.items USING vecprov \(v\) WITH \(m='12', ef_construction='80'\)/, 'options stay, a name is free');
like("@made", qr/USING vecprov \(v vector_cosine_ops\) WHERE \(id < 400\)/, 'so does the predicate');
is($node->safe_psql('many', "SELECT count(*) FROM \"v p\".vecprov_adopt_database() WHERE step IN ('adopt', 'create')"), 0, 'all is done');
my @recalls = split /\n/, steps("'compare'");
is(scalar(@recalls), 9, 'compared');
is(scalar(grep { my ($a, $b) = split /\|/; $a > 0.9 && $b > 0.3 } @recalls), 9, 'recall of both') or diag "@recalls";
# a build that failed is made again
$node->safe_psql('many', "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'items_bits_vecprov'::regclass; COMMENT ON INDEX items_bits_vecprov IS NULL");
steps("'create'");
is($node->safe_psql('many', $ours), join("\n", @made), 'made again');
steps("'drop'");
is($node->safe_psql('many', $indexes), '', "pgvector's are dropped");
steps("'back'");
is($node->safe_psql('many', $indexes), $theirs, 'back as they were');
is($node->safe_psql('many', $ours), '', 'and ours are gone');
steps("'create'");
steps("'back'");
is($node->safe_psql('many', $indexes), $theirs, 'back before they were dropped');
is($node->safe_psql('many', $ours), '', 'and ours are gone');
is($node->safe_psql('many', "SELECT state FROM \"v p\".vecprov_doctor() WHERE item = 'pgvector'"), '8 of its indexes in this database', 'vecprov_doctor says so');

# A column moved over; then all of a dump restored onto vecprov's types.
$node->safe_psql('postgres', 'CREATE DATABASE old TEMPLATE template0');
$node->safe_psql('old', <<'EOS');
CREATE EXTENSION vector;
CREATE TABLE items (id int PRIMARY KEY, v vector(3), word text DEFAULT 'USING hnsw (v)');
INSERT INTO items SELECT i, ARRAY[i, i % 7, i % 11]::real[]::vector FROM generate_series(1, 500) i;
CREATE INDEX items_cosine ON items USING hnsw (v vector_cosine_ops) WITH (m = 24, ef_construction = 100);
CREATE INDEX items_lists ON items USING ivfflat (v vector_l2_ops) WITH (lists = 10);
CREATE INDEX items_part ON items USING hnsw ((subvector(v, 1, 2)::vector(2)) vector_l1_ops) WHERE id > 7;
CREATE VIEW near AS SELECT id, v <-> '[1,2,3]' AS distance FROM items ORDER BY distance LIMIT 3;
EOS
my $sum = 'SELECT sum(hashtext(v::text || word)) FROM items';
my $rows = $node->safe_psql('old', $sum);
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dump.old", $node->connstr('old') ], 'dumped');
$node->safe_psql('postgres', 'CREATE DATABASE new TEMPLATE template0');
$node->safe_psql('new', 'CREATE EXTENSION vecprov SCHEMA public');
foreach my $part ('pre-data', 'data', 'post-data')
{
	$node->command_ok([ 'pg_restore', "--section=$part", '-f', "$dump.$part", "$dump.old" ], $part);
	my $sql = slurp_file("$dump.$part");
	$sql =~ s/^.* EXTENSION .*\bvector\b.*\n//mg if $part eq 'pre-data';
	$sql =~ s/USING (hnsw|ivfflat) |( WITH \(lists=[^)]*\))/$2 ? '' : 'USING vecprov '/eg if $part eq 'post-data';
	$node->safe_psql('new', $sql);
}
is($node->safe_psql('new', $sum), $rows, 'restored onto vecprov: rows');
is($node->safe_psql('new', 'SELECT count(*), min(distance) = max(distance) FROM near'), '3|f', 'restored: a view');
is($node->safe_psql('new', $definitions), <<'EOS' =~ s/\n$//r, 'restored: indexes');
CREATE INDEX items_cosine ON public.items USING vecprov (v vector_cosine_ops) WITH (m='24', ef_construction='100')
CREATE INDEX items_lists ON public.items USING vecprov (v)
CREATE INDEX items_part ON public.items USING vecprov (((subvector(v, 1, 2))::vector(2)) vector_l1_ops) WHERE (id > 7)
EOS
$node->safe_psql('old', <<'EOS');
CREATE SCHEMA vectors;
CREATE EXTENSION vecprov SCHEMA vectors;
BEGIN;
DROP VIEW near;
DROP INDEX items_cosine, items_lists, items_part;
ALTER TABLE items ALTER v TYPE vectors.vector(3) USING v::real[]::vectors.vector;
CREATE INDEX items_cosine ON items USING vecprov (v vectors.vector_cosine_ops);
COMMIT;
DROP EXTENSION vector;
EOS
is($node->safe_psql('old', $sum), $rows, 'a column moved over: rows');
is($node->safe_psql('old', "SELECT count(*) FROM vectors.vecprov_check('items_cosine', true)"), 0, 'a column moved over: index');
$node->safe_psql('postgres', "DROP DATABASE $_") foreach 'old', 'new';

# pg_upgrade; and pgvector's update, where the machine has two versions of it.
my $new = vecprov_node('upgraded');
$new->append_conf('postgresql.conf', 'wal_level = replica');
$node->safe_psql('postgres', 'DROP DATABASE plain');
$node->safe_psql('postgres', 'DROP DATABASE custom');
$node->stop;
my $bin = $node->config_data('--bindir');
chdir $PostgreSQL::Test::Utils::tmp_check or die $!;
command_ok([ 'pg_upgrade', '--no-sync', '-d', $node->data_dir, '-D', $new->data_dir, '-b', $bin, '-B', $bin,
		'-s', $new->host, '-p', $node->port, '-P', $new->port ], 'pg_upgrade');
$new->start;
is(classes($new, 'vector'), $all, 'upgraded: classes');
intact($new, 'items', 'items_v_idx', 'upgraded');

# Taken back, nothing is left.
$new->safe_psql('postgres', <<'EOS');
DROP INDEX items_v_idx, items_ip;
SELECT vecprov_unadopt('vector');
EOS
is(classes($new, 'vector'), '', 'taken back');
is($new->safe_psql('postgres', "SELECT vecprov_unadopt('vector')"), '', 'a second time there is nothing to do');

SKIP:
{
	skip 'there is one version of pgvector', 2 if @versions < 2;
	$new->safe_psql('postgres', <<"EOS");
CREATE DATABASE updated;
\\c updated
CREATE EXTENSION vector VERSION '$versions[0]';
CREATE SCHEMA vp;
CREATE EXTENSION vecprov SCHEMA vp;
SELECT vp.vecprov_adopt('vector');
CREATE TABLE items (id int, v vector(3));
INSERT INTO items SELECT i, ARRAY[i, i % 7, i % 11]::real[]::vector FROM generate_series(1, 500) i;
CREATE INDEX items_v_idx ON items USING vecprov (v);
ALTER EXTENSION vector UPDATE;
SELECT vp.vecprov_adopt('vector');
EOS
	is(classes($new, 'vector', 'updated'), $all, "pgvector updated from $versions[0]: classes");
	is($new->safe_psql('updated', "SET enable_seqscan = off; SELECT id FROM items ORDER BY v <-> '[77,0,0]' LIMIT 1"), 77,
		'pgvector updated: the index');
}
$new->safe_psql('postgres', 'DROP EXTENSION vector CASCADE');
my ($rc, $stdout, $stderr) = $new->psql('postgres', "SELECT vecprov_adopt('bit')");
like($stderr, qr/extension "vector" is not installed/, 'without pgvector');

$new->stop;
done_testing();
