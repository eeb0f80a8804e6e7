# All relations are in the schema vecprov, wherever types and functions are: dump and restore, pg_upgrade, another
# name for the schema, one that was there before, and the end of the extension. Also copies of an index that
# REINDEX and pg_repack make, of which the ledger says nothing.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = vecprov_node('main');
$node->append_conf('postgresql.conf', <<'EOC');
shared_buffers = 32MB
EOC
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE helper; CREATE ROLE other SUPERUSER');

sub database
{
	my ($name, $sql) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $name");
	$node->safe_psql($name, $sql);
}

# What SQL that is to fail says, with SQLSTATE.
sub error_of
{
	my ($database, $sql) = @_;
	my ($rc, $stdout, $stderr) = $node->psql($database, "\\set VERBOSITY verbose\n$sql");

	# since 18 the context of an error in an extension's script is several lines, the statement among them
	return $stderr =~ s/^psql:\S+ //gmr =~ s/^CONTEXT:.*?(?=^LOCATION:|\z)//gmsr =~ s/^(?:LOCATION|PL).*\n?//gmr;
}

my $users = <<'EOS';
SET search_path = types, public;
INSERT INTO vecprov.tiers (name, shard_bytes, keeps_vectors, units) VALUES ('own', 5000000, false, 2);
INSERT INTO vecprov.rates (plan, region, item, rate) VALUES ('mine', 'here', 'own', 12.5);
INSERT INTO vecprov.limits (schema, index, write_records) VALUES ('public', 'items_v_idx', 7e6);
INSERT INTO vecprov.quotas (role, units) VALUES ('helper', 3);
GRANT INSERT ON vecprov.tiers TO helper;
CREATE TABLE public.items (id integer, v vector(3));
INSERT INTO public.items SELECT i, ARRAY[i, 1, 2]::vector FROM generate_series(1, 100) i;
CREATE INDEX items_v_idx ON public.items USING vecprov (v) WITH (tier = own);
CREATE VIEW public.watched AS SELECT index, tier FROM vecprov.indexes;
EOS
my $content = <<'EOS';
SELECT t.name, t.units FROM vecprov.tiers t WHERE name = 'own';
SELECT item, rate FROM vecprov.rates WHERE plan = 'mine';
SELECT schema, index, write_records FROM vecprov.limits;
SELECT role, units FROM vecprov.quotas;
SELECT has_table_privilege('helper', 'vecprov.tiers', 'INSERT'), has_table_privilege('helper', 'vecprov.tiers', 'DELETE');
SELECT * FROM watched;
SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname !~ '^(pg_|information)' AND relname <> 'items'
	AND relname NOT IN ('items_v_idx', 'watched') AND nspname <> 'vecprov';
SELECT count(*) FROM pg_depend d JOIN pg_extension e ON e.oid = refobjid JOIN pg_namespace n ON n.oid = objid
	WHERE extname = 'vecprov' AND classid = 'pg_namespace'::regclass AND refclassid = 'pg_extension'::regclass;
EOS
my $expected = "own|2\nown|12.5\npublic|items_v_idx|7000000\nhelper|3\nt|f\nitems_v_idx|own\n0\n";

#
# Dump and restore
#

database('dumped', "CREATE SCHEMA types; CREATE EXTENSION vecprov SCHEMA types; $users");
is($node->safe_psql('dumped', $content), "${expected}1", 'all relations are in a schema of their own');
database('together', "CREATE SCHEMA vecprov; CREATE EXTENSION vecprov SCHEMA vecprov;" . $users =~ s/types/vecprov/r);
is($node->safe_psql('together', $content), "${expected}0", 'which may be that of the functions');
my $dump = $node->basedir . '/dump';
foreach my $database ('dumped', 'together')
{
	$node->safe_psql('postgres', "CREATE DATABASE restored; CREATE DATABASE replayed");
	command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr($database) ], "$database: pg_dump");
	command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('restored'), $dump ], 'pg_restore');
	command_ok([ 'pg_restore', '--exit-on-error', '--clean', '--if-exists', '-d', $node->connstr('restored'), $dump ],
		'over what is there');
	command_ok([ 'pg_dump', '-f', $dump, $node->connstr($database) ], 'as SQL');
	unlike(slurp_file($dump), qr/^(?:CREATE|ALTER|COMMENT ON) \w+ vecprov\./m, 'without definitions of ours');
	$node->command_ok([ 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('replayed'), '-f', $dump ], 'and replayed');
	is($node->safe_psql($_, $content), $expected . ($database eq 'dumped' ? 1 : 0), "$database: $_") foreach 'restored', 'replayed';
	$node->safe_psql('postgres', "DROP DATABASE $_") foreach 'restored', 'replayed';
}

#
# Another name for the schema
#

database('renamed', "CREATE SCHEMA types; CREATE EXTENSION vecprov SCHEMA types; $users");
$node->safe_psql('renamed', 'ALTER SCHEMA vecprov RENAME TO "our capacity"');
sub renamed_works
{
	my ($server) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	is($server->safe_psql('renamed', <<'EOS'), "r40\nitems_v_idx|r40|\nchange|own|r40\n7000000\n1\n1\n1\nt", 'renamed: it works');
SET search_path = public, types, "our capacity";
ALTER INDEX items_v_idx SET (tier = r40);
SELECT tier FROM watched;
SELECT index, tier, error FROM indexes;
SELECT action, old_tier, new_tier FROM changes WHERE action = 'change';
SELECT value FROM metrics WHERE name = 'vecprov_limit_per_second';
SELECT count(*) FROM regexp_matches(vecprov_metrics_text(), 'vecprov_records\{');
SELECT count(*) FROM shards WHERE index = 'items_v_idx'::regclass;
SELECT count(*) FROM vecprov_plan('items_v_idx', 1, 0.5) WHERE item = 'tier';
SELECT count(*) >= 0 FROM replicas, workers;
EOS
	$server->safe_psql('renamed', 'ALTER INDEX items_v_idx SET (tier = own)');
	my ($rc, $stdout, $stderr) = $server->psql('renamed', 'ALTER INDEX items_v_idx SET (tier = none)');
	like($stderr, qr/HINT:  Tiers are the rows of "our capacity"\.tiers\./, 'hints have its name');
	($rc, $stdout, $stderr) = $server->psql('renamed', "DELETE FROM \"our capacity\".tiers WHERE name = 'own'");
	like($stderr, qr/cannot delete tier "own" because index public.items_v_idx uses it/, 'the trigger too');
}
renamed_works($node);
$node->safe_psql('renamed', 'DELETE FROM "our capacity".changes');

# and another one for a single table
database('moved', "CREATE SCHEMA types; CREATE EXTENSION vecprov SCHEMA types; $users");
$node->safe_psql('moved', 'ALTER TABLE vecprov.tiers SET SCHEMA types; ALTER TABLE vecprov.changes SET SCHEMA public; ALTER INDEX items_v_idx SET (tier = r40)');
is($node->safe_psql('moved', 'SELECT count(*) FROM changes'), 2, 'tables that were moved are found');

#
# One that was there before
#

$node->safe_psql('postgres', 'CREATE DATABASE taken');
$node->safe_psql('taken', 'CREATE SCHEMA vecprov; CREATE FUNCTION vecprov.f() RETURNS void LANGUAGE sql AS \'\'');
is(error_of('taken', 'CREATE EXTENSION vecprov;'), <<'EOS', 'not empty');
ERROR:  42P06: schema "vecprov" is not empty
DETAIL:  The tables of extension "vecprov" are in a schema of this name. It contains function vecprov.f().
HINT:  Rename the schema, or move what it contains to another one.
EOS
like(error_of('taken', 'CREATE EXTENSION vecprov SCHEMA vecprov;'), qr/42P06: schema "vecprov" is not empty/, 'nor for all of it');
$node->safe_psql('taken', 'DROP FUNCTION vecprov.f; CREATE TYPE vecprov.t AS (i integer)');
like(error_of('taken', 'CREATE EXTENSION vecprov;'), qr/not empty.*It contains (?:composite )?type vecprov\.t/s, 'a type in it');
$node->safe_psql('taken', 'DROP TYPE vecprov.t; ALTER SCHEMA vecprov OWNER TO helper');
foreach my $schema ('', ' SCHEMA vecprov')
{
	is(error_of('taken', "CREATE EXTENSION vecprov$schema;"), <<'EOS', "somebody else's$schema");
ERROR:  42501: schema "vecprov" belongs to role "helper"
DETAIL:  The tables of extension "vecprov" are in the schema of this name, which must be a superuser's.
HINT:  Rename the schema, or if it is empty: ALTER SCHEMA vecprov OWNER TO postgres.
EOS
}
foreach my $owner ('postgres', 'other')
{
	$node->safe_psql('taken', "ALTER SCHEMA vecprov OWNER TO $owner; CREATE EXTENSION vecprov");
	is($node->safe_psql('taken', 'SET ROLE helper; SELECT count(*) FROM vecprov.tiers'), 2, "an empty one of $owner is taken");
	$node->safe_psql('taken', 'DROP EXTENSION vecprov');
	is($node->safe_psql('taken', "SELECT count(*) FROM pg_namespace WHERE nspname = 'vecprov'"), 0, 'and goes with the extension');
	$node->safe_psql('taken', 'CREATE SCHEMA vecprov');
}

# The extension's end
$node->safe_psql('taken', 'CREATE EXTENSION vecprov SCHEMA vecprov; DROP EXTENSION vecprov; DROP SCHEMA vecprov');
pass('a schema that the extension was in stays, and is empty');
like(error_of('dumped', 'DROP SCHEMA vecprov CASCADE;'), qr/cannot drop schema vecprov because extension vecprov requires it/,
	'the schema stays as long as the extension');
$node->safe_psql('moved', 'DROP EXTENSION vecprov CASCADE');
is($node->safe_psql('moved', "SELECT count(*) FROM pg_class WHERE relname IN ('tiers', 'changes', 'limits')"), 0, 'nothing is left of it');

#
# Copies are not in the ledger
#

database('copied', "CREATE SCHEMA types; CREATE EXTENSION vecprov SCHEMA types; $users TRUNCATE vecprov.changes");
$node->safe_psql('copied', "ALTER TABLE items ADD PRIMARY KEY (id); ALTER DATABASE copied SET search_path = public, types");
$node->safe_psql('copied', $_) foreach 'REINDEX INDEX CONCURRENTLY items_v_idx', 'REINDEX TABLE CONCURRENTLY items', 'REINDEX TABLE items', 'VACUUM FULL items',
  'ALTER TABLE items ALTER id TYPE bigint';
is($node->safe_psql('copied', 'SELECT count(*) FROM vecprov.changes'), 0, 'REINDEX and others: the ledger has no row');
SKIP:
{
	my $repack = $node->config_data('--bindir');
	chomp $repack;
	$repack .= '/pg_repack';
	my $there = $node->safe_psql('copied', "SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_repack'");
	skip 'pg_repack is not installed', 4 unless $there && -x $repack;
	$node->safe_psql('copied', 'CREATE EXTENSION pg_repack SCHEMA public');
	my @where = ('-h', $node->host, '-p', $node->port, '-d', 'copied');
	$node->command_ok([ $repack, @where, '-t', 'items' ], 'pg_repack of a table');
	$node->command_ok([ $repack, @where, '-t', 'items', '--only-indexes' ], 'pg_repack of its indexes');
	is($node->safe_psql('copied', 'SELECT count(*) FROM vecprov.changes'), 0, 'pg_repack: the ledger has no row');
	is($node->safe_psql('copied', "SELECT count(*) FROM vecprov_check('items_v_idx', true)"), 0, 'and the index is sound');
}
# another index like it, of whatever name, is new
$node->safe_psql('copied', "CREATE INDEX index_1 ON items USING vecprov (v) WITH (tier = own, replicas = 0)");
is($node->safe_psql('copied', 'SELECT action, index FROM vecprov.changes'), 'create|public.index_1', 'but one of an index that is new');

#
# pg_upgrade
#

my $new = vecprov_node('upgraded');
$new->append_conf('postgresql.conf', "wal_level = replica\nshared_buffers = 32MB");
$node->safe_psql('postgres', 'DROP DATABASE copied');
$node->stop;
chomp(my $bin = $node->config_data('--bindir'));
chdir $PostgreSQL::Test::Utils::tmp_check or die $!;
command_ok([ 'pg_upgrade', '--no-sync', '-d', $node->data_dir, '-D', $new->data_dir, '-b', $bin, '-B', $bin,
		'-s', $new->host, '-p', $node->port, '-P', $new->port ], 'pg_upgrade');
$new->start;
is($new->safe_psql('dumped', $content), "${expected}1", 'upgraded');
is($new->safe_psql('together', $content), "${expected}0", 'upgraded: one schema for all');
renamed_works($new);
$new->safe_psql('renamed', 'DROP EXTENSION vecprov CASCADE');
is($new->safe_psql('renamed', "SELECT count(*) FROM pg_namespace WHERE nspname = 'our capacity'"), 0, 'and it goes, too');
$new->stop;
done_testing();
