# Every SQL example of README.md and doc/ is run, and every link leads somewhere.
#
# A block that is indented and begins with a word of SQL is an example. Blocks
# of a page run one after the other, in a database of the page that has the
# tables which the pages speak of (below). What a block creates replaces what
# is there. Parameters have values: $1 is a vector, others come from a
# directive. Lines behind a statement that begin no other one are what it
# prints. Directives are comments before a block, which readers do not see:
#
#	<!-- example: not run: REASON -->		why it cannot be run here
#	<!-- example: beside pgvector -->		in a database that has both; skipped where pgvector is not installed
#	<!-- example: $1 = EXPRESSION -->		of this and the later blocks of the page
#	<!-- example: fresh -->					this and the later ones are run in a new database
#	<!-- example: before: SQL -->			to be run before it
#	<!-- example: fails: ERROR -->			it raises this error (a regular expression)
#
# A comment behind a SELECT that begins with a number or '[' says its result.
# Of plans, the scans are compared.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $top = $ENV{TESTDIR};
my @pages = map { s{^\Q$top/\E}{}r } "$top/README.md", glob("$top/doc/*.md");
my $words = qr/SELECT|CREATE|ALTER|INSERT|SET|RESET|WITH|DROP|EXPLAIN|GRANT|REVOKE|DELETE|UPDATE|COPY|BEGIN|COMMIT|REINDEX|VACUUM|ANALYZE|PREPARE|EXECUTE|TRUNCATE|COMMENT|MERGE|LOCK|DO|CALL/;

my $node = vecprov_node('main');
$node->append_conf('postgresql.conf', <<'EOC');
timezone = 'UTC'
EOC
$node->start;

# What the pages speak of.
my $roles = join ' ', map { "CREATE ROLE $_;" } qw(app api bob auditor tenant seller watcher alice);
$node->safe_psql('postgres', $roles);
my $tables = <<'EOS';
CREATE TABLE items (id bigserial PRIMARY KEY, word text, embedding vector(3), tenant_id integer, created_at timestamptz DEFAULT now(),
	price numeric, category_id integer, category integer, model_id integer, url text UNIQUE, tags text[], textsearch tsvector);
INSERT INTO items (word, embedding, tenant_id, price, category_id, category, model_id, url, tags, textsearch)
	SELECT 'word' || i, ARRAY[1 + i % 97, i % 89, i % 83]::vector, i % 10, i % 50, i % 200, i % 20, i % 3, 'http://' || i, ARRAY['t' || i % 40],
		to_tsvector('english', 'word' || i % 30) FROM generate_series(1, 3000) i;
CREATE SCHEMA shop;
CREATE TABLE shop.items (id integer, embedding vector(3));
EOS
my %index = (own => 'CREATE INDEX items_embedding_idx ON items USING vecprov (embedding vector_cosine_ops, tenant_id);',
	beside => <<'EOS');
CREATE INDEX items_embedding_hnsw ON items USING hnsw (embedding vector_cosine_ops);
CREATE INDEX items_embedding_idx ON items USING hnsw (embedding vector_l2_ops);
CREATE SCHEMA vecprov;
CREATE EXTENSION vecprov SCHEMA vecprov;
SELECT vecprov.vecprov_adopt('public.vector');
CREATE INDEX items_embedding_vecprov ON items USING vecprov (embedding vector_cosine_ops);
EOS
sub fixture
{
	my ($name, @sql) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $name");
	$node->safe_psql($name, $_) foreach @sql;
}
fixture('own', 'CREATE EXTENSION vecprov', $tables, $index{own}, <<'EOS', 'VACUUM ANALYZE');
CREATE TABLE documents (id bigserial PRIMARY KEY, tenant_id integer, lang text, created_at timestamptz DEFAULT now(), embedding vector(3));
INSERT INTO documents (tenant_id, lang, embedding) SELECT i % 10, 'de', ARRAY[1 + i % 97, i % 89, i % 83]::vector FROM generate_series(1, 2000) i;
CREATE INDEX documents_tenants_idx ON documents USING vecprov (embedding vector_cosine_ops, tenant_id) WITH (namespaces = on);
CREATE TABLE asked (id integer, embedding vector(3));
INSERT INTO asked SELECT id, embedding FROM items WHERE id <= 5;
CREATE TABLE new_items (LIKE items);
EOS
my $pgvector = $node->safe_psql('postgres', "SELECT count(*) FROM pg_available_extensions WHERE name = 'vector'");
fixture('beside', 'CREATE EXTENSION vector', $tables, $index{beside}, 'VACUUM ANALYZE') if $pgvector;
fixture('app');

# The blocks of a page: line, directives, lines without their indentation.
sub blocks
{
	my ($page) = @_;
	my @lines = split /\n/, slurp_file("$top/$page");
	my @blocks;
	my @directives;

	for (my $i = 0; $i < @lines; $i++)
	{
		if ($lines[$i] =~ /^\s*<!-- example: (.*?)(?: -->)?$/)
		{
			my $text = $1;
			$text .= ' ' . ($lines[ ++$i ] =~ s/ -->$//r) while $lines[$i] !~ /-->$/;
			push @directives, $text;
			next;
		}
		next if $lines[$i] =~ /^\s*$/;
		if ($lines[$i] !~ /^(?:    |      )(?=\S)/ || ($i > 0 && $lines[ $i - 1 ] !~ /^\s*$|-->$|^#/))
		{
			@directives = ();
			next;
		}
		my ($indent) = $lines[$i] =~ /^(\s+)/;
		my @text;
		my $first = $i;
		for (; $i < @lines && $lines[$i] =~ /^    |^\s*$/; $i++)
		{
			push @text, $lines[$i] =~ s/^(?:$indent|    )//r;
		}
		$i--;
		push @blocks, [ $first + 1, [@directives], \@text ] if $text[0] =~ /^(?:--|\\|(?:$words)\b)/;
		@directives = ();
	}
	return @blocks;
}

# The statements of a block, each with the lines that it prints.
sub statements
{
	my ($lines) = @_;
	my @statements;
	my $sql;

	foreach my $line (@$lines)
	{
		if (!defined $sql && $line =~ /^(?:\s*(?:$words)\b|\\)/) { $sql = ''; }
		if (defined $sql)
		{
			$sql .= "$line\n";
			my $bare = $line =~ s/\s*--.*//r;
			next unless $bare =~ /;\s*$|\\g\w*\s*$|^\\/ && !(() = $sql =~ /\$\$/g) % 2;
			push @statements, [ $sql, [] ];
			undef $sql;
		}
		elsif (@statements && $line !~ /^\s*(?:--.*)?$/ ) { push @{ $statements[-1][1] }, $line; }
	}
	push @statements, [ $sql, [] ] if defined $sql;
	return @statements;
}

# What a plan scans.
sub scans
{
	return join "\n", map { /((?:\w+ )?Scan\b[^(:]*(?:\(\w+\)[^(:]*)?)/ ? $1 =~ s/\s+$//r : () } @_;
}

# What has to go, because the block makes it.
sub replaced
{
	my ($sql) = @_;
	my @drops;

	push @drops, 'DROP EXTENSION IF EXISTS vecprov CASCADE; DROP SCHEMA IF EXISTS vecprov CASCADE' if $sql =~ /^\s*CREATE EXTENSION vecprov\b/m;
	push @drops, "DROP TABLE IF EXISTS $1 CASCADE" while $sql =~ /^CREATE TABLE (\w+)/mg;
	push @drops, "DROP INDEX IF EXISTS $1" while $sql =~ /CREATE INDEX (?:CONCURRENTLY )?(?!ON\b|CONCURRENTLY)(\w+)/g;
	push @drops, "DROP FUNCTION IF EXISTS $1 CASCADE" while $sql =~ /^CREATE FUNCTION (\w+)/mg;
	push @drops, "DROP ROLE IF EXISTS $1" while $sql =~ /CREATE ROLE (\w+)/g;
	return join '', map { "$_;\n" } @drops;
}

my $files = PostgreSQL::Test::Utils::tempdir();
chmod 0777, $files;
my $databases = 0;
my $run = 0;

sub database
{
	my ($template) = @_;
	my $name = "page_" . ++$databases;

	$node->safe_psql('postgres', "CREATE DATABASE $name TEMPLATE $template");
	return $name;
}

sub run_block
{
	my ($page, $block, $state) = @_;
	my ($line, $directives, $lines) = @$block;
	my $name = "$page:$line";
	my $before = '';
	my $fails;
	my $beside = 0;

	foreach (@$directives)
	{
		if (/^not run: (.+)/) { diag "$name is not run: $1" if $ENV{EXAMPLES_NOT_RUN}; pass("$name: not run, $1"); return; }
		elsif (/^beside pgvector$/) { $beside = 1; }
		elsif (/^\$(\d) = (.*)/) { $state->{param}{$1} = $2; }
		elsif (/^fresh$/) { delete @$state{ 'own', 'beside' }; }
		elsif (/^before: (.*)/) { $before .= "$1;\n"; }
		elsif (/^fails: (.*)/) { $fails = $1; }
		else { fail("$name: no such directive: $_"); return; }
	}
  SKIP:
	{
		skip "$name: pgvector is not installed", 1 if $beside && !$pgvector;
		my $sql = join "\n", @$lines;
		my $kind = $beside ? 'beside' : 'own';
		my $database = $state->{$kind} //= database($kind);
		my $script = "SET client_min_messages = warning;\n" . replaced($sql) . "RESET client_min_messages;\n$before";
		my @statements = statements($lines);
		for my $i (0 .. $#statements)
		{
			my $statement = $statements[$i][0];
			# parameters of PREPARE, functions and filters are their own
			$statement =~ s/\$(\d)(?!\w)/$state->{param}{$1} \/\/ "\$$1"/ge
			  unless $statement =~ /^PREPARE|^CREATE (?:OR REPLACE )?FUNCTION|params =>/;
			$script .= "\\echo statement $i\n$statement\n";
		}
		$script =~ s{'/tmp/}{'$files/}g;
		my ($stdout, $stderr);
		my $rc = $node->psql($database, $script, stdout => \$stdout, stderr => \$stderr, on_error_die => 0, on_error_stop => 1);
		$run++;
		if (defined $fails)
		{
			ok($rc != 0 && $stderr =~ /$fails/, "$name: fails as it says") or diag $stderr;
			return;
		}
		if ($rc != 0)
		{
			fail($name);
			diag "$stderr\n$script";
			return;
		}
		my @printed = split /^statement \d+\n/m, $stdout;
		my @wrong;
		for my $i (0 .. $#statements)
		{
			my ($statement, $output) = @{ $statements[$i] };
			my $got = $printed[ $i + 1 ] // '';
			if ($statement =~ /^EXPLAIN \(COSTS OFF\)/ && @$output)
			{
				push @wrong, "wanted:\n" . scans(@$output) . "\ngot:\n$got" if scans(@$output) ne scans(split /\n/, $got);
			}
			elsif ($statement =~ /^SELECT [^\n]*;\s*--\s*([\d\[][^\s:;]*)/)
			{
				push @wrong, "$statement: got $got" if $got ne "$1\n" && $got ne $1;
			}
		}
		ok(!@wrong, $name) or diag join("\n", @wrong);
	}
}

foreach my $page (@pages)
{
	my %state = (param => { 1 => "'[1,2,3]'", 2 => "'word'" });
	my @blocks = blocks($page);

	run_block($page, $_, \%state) foreach @blocks;
}
cmp_ok($run, '>', 60, 'examples are found');

#
# Links
#

# As a heading's address is made.
sub anchor
{
	return lc($_[0]) =~ s/`//gr =~ s/\[([^\]]*)\]\([^)]*\)/$1/gr =~ s/[^\w\- ]//gr =~ s/ /-/gr;
}
my %anchors;
sub anchors
{
	my ($file) = @_;

	$anchors{$file} //= { map { /^#+ (.*?)\s*$/ ? (anchor($1) => 1) : () } split /\n/, slurp_file($file) };
	return $anchors{$file};
}
my @dead;
my $links = 0;
foreach my $page (@pages)
{
	my $folder = "$top/$page" =~ s{/[^/]*$}{}r;
	my $text = slurp_file("$top/$page") =~ s/^    .*$//mgr =~ s/`[^`\n]*`/x/gr;

	while ($text =~ /\]\(([^)\s]+)\)/g)
	{
		my ($target, $anchor) = $1 =~ /^([^#]*)(?:#(.*))?$/;
		next if $target =~ /^\w+:/;
		my $file = $target eq '' ? "$top/$page" : "$folder/$target";
		$links++;
		push @dead, "$page: $1" if !-e $file || (defined $anchor && -f $file && !anchors($file)->{$anchor});
	}
}
is(join("\n", @dead), '', "all of $links links lead somewhere");
# and to each page one from the table of contents
my $contents = slurp_file("$top/doc/README.md");
is(join(' ', grep { index($contents, "($_)") < 0 } map { m{^doc/(?!README)(.*)} ? $1 : () } @pages), '', 'doc/README.md has all pages');

#
# Errors: each message of the source with its SQLSTATE is on the page.
#

my %errors;
my $sqlstate;
foreach (split /\n/, slurp_file("$top/doc/errors.md"))
{
	$sqlstate = $1 if /^## \w{5} (\w+)/;
	$errors{"$sqlstate $1"} = 1 if defined $sqlstate && /^\| (.*) \| \[/;
}
my @missing;
my $messages = 0;
foreach my $file (glob("$top/src/*/*.c"))
{
	my $text = slurp_file($file);
	# what only tests and triggers meet is not for users
	next if $file =~ /debug_/;
	while ($text =~ /errcode\(ERRCODE_(\w+)\)\s*,?\s*errmsg\(((?:\s*"(?:[^"\\]|\\.)*")+)/g)
	{
		my ($code, $literals) = ($1, $2);
		my $message = join '', $literals =~ /"((?:[^"\\]|\\.)*)"/g;

		next if $code =~ /^(?:INTERNAL_ERROR|E_R_I_E_)/;
		$message =~ s/\\"/"/g;
		$message =~ s/%(?:\.15|ll)?[a-z]/\xe2\x80\xa6/g;
		$messages++;
		push @missing, "$code $message" unless $errors{lc($code) . " $message"};
	}
}
is(join("\n", @missing), '', "doc/errors.md has all of $messages messages");

$node->stop;
done_testing();
