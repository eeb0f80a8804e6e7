# An extension that was updated is the same as a new one: from each earlier version whose install script is
# in test/data, ALTER EXTENSION UPDATE ends with the same catalogue as CREATE EXTENSION. The frame for all later
# versions: a release leaves its install script there, as vecprov--VERSION.sql.gz.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = vecprov_node('main');
my ($extensions, $version) = map { chomp(my $line = $_); $line }
  $node->config_data('--sharedir'), slurp_file("$ENV{TESTDIR}/vecprov.control") =~ /^default_version = '(.*)'/m;
$extensions .= '/extension';
plan skip_all => 'the installation is not ours' unless -w $extensions;

my @scripts = glob "$ENV{TESTDIR}/test/data/vecprov--*.sql.gz";
my @versions = map { /vecprov--(.*)\.sql\.gz$/ } @scripts;
cmp_ok(scalar @versions, '>=', 1, 'earlier versions');
foreach my $i (0 .. $#scripts)
{
	system_or_bail("gzip -dc $scripts[$i] >$extensions/vecprov--$versions[$i].sql");
}
END { unlink map { "$extensions/vecprov--$_.sql" } @versions }
$node->start;

# Everything that the catalogues tell of the extension's members, a line each, without OIDs;
# names are qualified but for pg_catalog's.
my $catalogue = <<'EOS';
SET search_path = pg_catalog;
CREATE TEMP TABLE member AS
	SELECT d.classid AS class, d.objid AS id, i.identity, i.type
	FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid, pg_identify_object(d.classid, d.objid, 0) i
	WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = 'vecprov';
CREATE TEMP TABLE relation AS
	SELECT c.*, c.oid::regclass::text AS name FROM pg_class c
	WHERE c.oid IN (SELECT id FROM member WHERE class = 'pg_class'::regclass) OR
		c.oid IN (SELECT indexrelid FROM pg_index i JOIN member m ON m.class = 'pg_class'::regclass AND m.id = i.indrelid);
CREATE FUNCTION pg_temp.acl(acl aclitem[], kind "char", owner oid) RETURNS text LANGUAGE sql AS
	'SELECT string_agg(a::text, '' '' ORDER BY a::text) FROM unnest(coalesce(acl, acldefault(kind, owner))) a';

SELECT kind, object, replace(value, E'\n', ' ') FROM (
SELECT 'member', type, identity FROM member
UNION ALL
SELECT 'comment', type || ' ' || identity || coalesce(' ' || nullif(objsubid, 0), ''), description
	FROM member JOIN pg_description ON classoid = class AND objoid = id
UNION ALL
SELECT 'comment on trigger', tgrelid::regclass || ' ' || tgname, description
	FROM pg_trigger t LEFT JOIN pg_description ON classoid = 'pg_trigger'::regclass AND objoid = t.oid
	WHERE tgrelid IN (SELECT oid FROM relation)
UNION ALL
SELECT 'comment on index', name, description
	FROM relation r JOIN pg_description ON classoid = 'pg_class'::regclass AND objoid = r.oid AND relkind = 'i'
UNION ALL
SELECT 'initial privileges', type || ' ' || identity || ' ' || objsubid, pg_temp.acl(initprivs, 'r', 10)
	FROM member JOIN pg_init_privs ON classoid = class AND objoid = id
UNION ALL
SELECT 'extension', extname, concat_ws(' ', extowner::regrole, extnamespace::regnamespace, extrelocatable, extversion, extcondition,
		(SELECT string_agg(c::regclass::text, ' ' ORDER BY n) FROM unnest(extconfig) WITH ORDINALITY x (c, n)))
	FROM pg_extension WHERE extname = 'vecprov'
UNION ALL
SELECT 'schema', nspname, nspowner::regrole || ' ' || pg_temp.acl(nspacl, 'n', nspowner)
	FROM pg_namespace n JOIN member ON class = 'pg_namespace'::regclass AND id = n.oid
UNION ALL
SELECT 'function', p.oid::regprocedure::text, concat_ws(' ', proowner::regrole, pg_temp.acl(proacl, 'f', proowner),
		prosupport, probin, CASE WHEN prokind = 'a' THEN (SELECT aggtranstype::regtype || ' ' || (to_jsonb(a) - '{aggfnoid,aggtranstype}'::text[]) FROM pg_aggregate a WHERE aggfnoid = p.oid)
			ELSE pg_get_functiondef(p.oid) END)
	FROM pg_proc p JOIN member ON class = 'pg_proc'::regclass AND id = p.oid
UNION ALL
SELECT 'type', typname, concat_ws(' ', to_jsonb(t) - '{oid,typarray,typelem}'::text[], typelem::regtype, typarray::regtype)
	FROM (SELECT oid, typname, typnamespace::regnamespace, typowner, typlen, typbyval, typtype, typcategory, typispreferred, typisdefined,
		typdelim, typsubscript, typelem, typarray, typinput, typoutput, typreceive, typsend, typmodin, typmodout,
		typanalyze, typalign, typstorage, typnotnull, typacl FROM pg_type) t
		JOIN member ON class = 'pg_type'::regclass AND id = t.oid
UNION ALL
SELECT 'cast', castsource::regtype || ' ' || casttarget::regtype, concat_ws(' ', castfunc::regprocedure, castcontext, castmethod)
	FROM pg_cast c JOIN member ON class = 'pg_cast'::regclass AND id = c.oid
UNION ALL
SELECT 'operator', o.oid::regoperator::text, concat_ws(' ', oprowner::regrole, oprkind, oprcanmerge, oprcanhash, oprcom::regoperator,
		oprnegate::regoperator, oprcode, oprrest, oprjoin)
	FROM pg_operator o JOIN member ON class = 'pg_operator'::regclass AND id = o.oid
UNION ALL
SELECT 'operator class', identity, concat_ws(' ', opcowner::regrole, (SELECT opfname FROM pg_opfamily f WHERE f.oid = opcfamily), opcintype::regtype, opcdefault, opckeytype::regtype)
	FROM pg_opclass c JOIN member ON class = 'pg_opclass'::regclass AND id = c.oid
UNION ALL
SELECT 'operator of family', identity, concat_ws(' ', amopstrategy, amoppurpose, amopopr::regoperator,
		(SELECT opfname FROM pg_opfamily s WHERE s.oid = amopsortfamily))
	FROM pg_amop JOIN member ON class = 'pg_opfamily'::regclass AND id = amopfamily
UNION ALL
SELECT 'function of family', identity, concat_ws(' ', amproclefttype::regtype, amprocrighttype::regtype, amprocnum, amproc::regprocedure)
	FROM pg_amproc JOIN member ON class = 'pg_opfamily'::regclass AND id = amprocfamily
UNION ALL
SELECT 'access method', amname, concat_ws(' ', amhandler, amtype) FROM pg_am a JOIN member ON class = 'pg_am'::regclass AND id = a.oid
UNION ALL
SELECT 'relation', name, concat_ws(' ', relkind, relpersistence, relrowsecurity, relreplident, reloptions, relowner::regrole,
		pg_temp.acl(relacl, 'r', relowner), CASE WHEN relkind = 'v' THEN pg_get_viewdef(oid) WHEN relkind = 'i' THEN pg_get_indexdef(oid) END)
	FROM relation
UNION ALL
SELECT 'column', name || ' ' || attnum, concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull, attisdropped,
		attstorage, attcollation, attacl, pg_get_expr(adbin, adrelid))
	FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
	WHERE attnum > 0
UNION ALL
SELECT 'constraint', name || ' ' || conname, pg_get_constraintdef(c.oid) FROM relation r JOIN pg_constraint c ON conrelid = r.oid
UNION ALL
SELECT 'trigger', tgname::text, concat_ws(' ', tgenabled, pg_get_triggerdef(t.oid)) FROM relation r JOIN pg_trigger t ON tgrelid = r.oid
UNION ALL
SELECT 'tier', name, t::text FROM vecprov.tiers t
UNION ALL
SELECT 'rate', item, t::text FROM vecprov.rates t
UNION ALL
-- what is not ours: an object of the types' or of the tables' schema that is no member
SELECT 'stray', classid::regclass::text, pg_describe_object(classid, objid, objsubid)
	FROM pg_depend d WHERE refclassid = 'pg_namespace'::regclass AND deptype = 'n' AND classid <> 'pg_extension'::regclass
		AND refobjid IN ('public'::regnamespace, 'vecprov'::regnamespace)
		AND NOT EXISTS (SELECT FROM member WHERE class = classid AND id = objid)
		AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype IN ('i', 'a'))
) all_of_it (kind, object, value) ORDER BY 1, 2, 3;
EOS

# The catalogue of a database of this name, in which SQL has made the extension.
sub catalogue_of
{
	my ($database, $sql) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, $sql);
	return $node->safe_psql($database, $catalogue);
}

# All that differs, in the manner of diff -u.
sub is_same
{
	my ($got, $expected, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my %new = map { $_ => 1 } split /\n/, $expected;
	my %updated = map { $_ => 1 } split /\n/, $got;
	my @differences = sort { substr($a, 1) cmp substr($b, 1) }
	  (map { "-$_" } grep { !$updated{$_} } keys %new), (map { "+$_" } grep { !$new{$_} } keys %updated);

	is(join("\n", @differences), '', $name);
}

my $new = catalogue_of('new', 'CREATE EXTENSION vecprov');
cmp_ok(scalar(() = $new =~ /^member\|/mg), '>', 250, 'the catalogue tells of all members');
unlike($new, qr/^stray/m, 'and nothing but members was made');
like($new, qr/^relation\|vecprov\.tiers\|/m, 'tables among them');
unlike($new, qr/^(?:relation|member\|(?:table|view|sequence|index))\|(?!vecprov\.)/m, 'all relations are in the schema vecprov');
unlike($new, qr/^(?:relation|constraint|trigger)\|[^|]*vecprov_/m, 'and none says vecprov twice');
foreach my $old (@versions)
{
	my $name = 'from_' . $old =~ s/\W/_/gr;
	is_same(catalogue_of($name, "CREATE EXTENSION vecprov VERSION '$old'; ALTER EXTENSION vecprov UPDATE"), $new,
		"updated from $old: as new");
}

#
# What users have made of 0.1.0 stays
#

$node->safe_psql('postgres', 'CREATE DATABASE used; CREATE ROLE helper');
$node->safe_psql('used', <<'EOS');
CREATE SCHEMA "my types";
CREATE EXTENSION vecprov SCHEMA "my types" VERSION '0.1.0';
SET search_path = "my types";
INSERT INTO vecprov_tier (name, shard_bytes, keeps_vectors, units) VALUES ('own', 5000000, false, 2);
INSERT INTO vecprov_limit (schema, index, write_records) VALUES ('public', 'items_v_idx', 7);
INSERT INTO vecprov_quota (role, units) VALUES ('helper', 3);
GRANT INSERT ON vecprov_tier TO helper;
CREATE VIEW public.small AS SELECT name FROM vecprov_tier WHERE units < 3;
CREATE TABLE public.items (v vector(3));
INSERT INTO public.items SELECT ARRAY[i, 1, 2]::vector FROM generate_series(1, 100) i;
CREATE INDEX items_v_idx ON public.items USING vecprov (v);
CREATE TABLE public.halves (h halfvec(3), s sparsevec(3), b bit(3));
CREATE INDEX halves_h ON public.halves USING vecprov (h);
CREATE INDEX halves_s ON public.halves USING vecprov (s);
CREATE INDEX halves_b ON public.halves USING vecprov (b);
EOS
my $definitions = "SELECT string_agg(pg_get_indexdef(indexrelid), '; ' ORDER BY indexrelid) FROM pg_index WHERE indrelid = 'public.halves'::regclass";
unlike($node->safe_psql('used', $definitions), qr/_ops/, 'definitions of 0.1.0 leave default classes out');
$node->safe_psql('used', 'ALTER EXTENSION vecprov UPDATE');
like($node->safe_psql('used', $definitions), qr/\(h .*halfvec_l2_ops\).*\(s .*sparsevec_l2_ops\).*\(b .*bit_hamming_ops\)/, 'which are no defaults any more: dumps name them');
$node->safe_psql('used', 'DROP TABLE halves');
is($node->safe_psql('used', 'SELECT * FROM small ORDER BY 1'), "own\nr10", 'a view of what has moved');
is($node->safe_psql('used', 'SELECT index, write_records FROM vecprov.limits'), 'items_v_idx|7', 'rows of limits');
is($node->safe_psql('used', 'SELECT role, units FROM vecprov.quotas'), 'helper|3', 'rows of quotas');
is($node->safe_psql('used', "SELECT has_table_privilege('helper', 'vecprov.tiers', 'INSERT')"), 't', 'privileges');
is($node->safe_psql('used', 'ALTER INDEX items_v_idx SET (tier = own); SELECT index, tier FROM vecprov.indexes'),
	'items_v_idx|own', 'the tier is found');
my ($rc, $stdout, $stderr) = $node->psql('used', "DELETE FROM vecprov.tiers WHERE name = 'own'");
like($stderr, qr/cannot delete tier "own"/, 'and kept');

# A schema of the same name that is somebody's
$node->safe_psql('postgres', 'CREATE DATABASE taken');
$node->safe_psql('taken', "CREATE EXTENSION vecprov VERSION '0.1.0'; CREATE SCHEMA vecprov; CREATE TABLE vecprov.mine ()");
($rc, $stdout, $stderr) = $node->psql('taken', 'ALTER EXTENSION vecprov UPDATE');
like($stderr, qr/ERROR:  schema "vecprov" is not empty\nDETAIL:.*table vecprov.mine/, 'a schema that is taken');
$node->safe_psql('taken', 'DROP TABLE vecprov.mine; ALTER EXTENSION vecprov UPDATE');
is($node->safe_psql('taken', 'SELECT count(*) FROM vecprov.tiers'), 2, 'and one that is empty then');

# The extension was in a schema of this name
$node->safe_psql('postgres', 'CREATE DATABASE together');
$node->safe_psql('together', <<'EOS');
CREATE SCHEMA vecprov;
CREATE EXTENSION vecprov SCHEMA vecprov VERSION '0.1.0';
ALTER EXTENSION vecprov UPDATE;
EOS
is($node->safe_psql('together', 'SELECT count(*) FROM vecprov.tiers'), 2, 'in the schema of the functions');

$node->stop;
done_testing();
