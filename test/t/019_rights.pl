# Nobody gains rights: attacks by a role that may do little, on indexes of others and with indexes of its own.
# Functions of an index's expression run as the table's owner with a safe search_path, whoever looks at the
# index; who has no right to an index is told so before anything is locked; a role for monitoring sees all and
# changes nothing; and doc/privileges.md has a line for all that the extension makes.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use VecprovTest;

my $node = vecprov_node('rights');
$node->append_conf('postgresql.conf', <<'EOC');
jit = off
shared_buffers = 32MB
EOC
$node->start;
vecprov_functions($node);

sub sql
{
	my ($text) = @_;
	return $node->safe_psql('postgres', $text);
}

# What a role gets: rows, or the error. Nobody waits for long.
sub as_role
{
	my ($role, $text) = @_;
	my ($stdout, $stderr);

	$node->psql('postgres', "SET client_min_messages = warning; SET statement_timeout = '60s'; SET ROLE $role; $text",
		stdout => \$stdout, stderr => \$stderr, extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	return $stderr eq '' ? $stdout : $stderr;
}

# What the attacker's functions write down: who they ran as. They clean up after each question.
sub seized
{
	return sql('SELECT string_agg(DISTINCT who, \',\') FROM seized') . sql('TRUNCATE seized');
}

sql(<<'EOS');
CREATE ROLE mallory;
CREATE ROLE alice;
CREATE SCHEMA mallory AUTHORIZATION mallory;
CREATE SCHEMA alice AUTHORIZATION alice;
CREATE TABLE seized (who text);
GRANT INSERT ON seized TO PUBLIC;

-- Of a careless superuser: a function that calls another one by an unqualified name
CREATE FUNCTION turn(v vector) RETURNS vector LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN v; END';
CREATE FUNCTION careless(v vector) RETURNS vector LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN turn(v); END';
CREATE FUNCTION wanted(id integer) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN odd(id); END';
CREATE FUNCTION odd(id integer) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN id % 2 = 1; END';
CREATE TABLE prey (id integer, v vector(8));
-- of no rows: CREATE INDEX has a safe search_path since PostgreSQL 17
CREATE INDEX prey_expression ON prey USING vecprov ((careless(v)::vector(8)));
CREATE INDEX prey_predicate ON prey USING vecprov (v) WHERE wanted(id);
INSERT INTO prey SELECT i, vec(i, 8) FROM generate_series(1, 100) i;
GRANT SELECT ON prey TO mallory;
GRANT EXECUTE ON FUNCTION vecprov_check TO mallory;

-- The attacker's: it looks as if it did nothing
SET ROLE mallory;
CREATE FUNCTION mallory.seize() RETURNS void LANGUAGE sql AS 'INSERT INTO public.seized VALUES (current_user)';
CREATE FUNCTION mallory.turn(v public.vector) RETURNS public.vector LANGUAGE plpgsql AS
	'BEGIN PERFORM mallory.seize(); RETURN v; END';
CREATE FUNCTION mallory.odd(id integer) RETURNS boolean LANGUAGE plpgsql AS
	'BEGIN PERFORM mallory.seize(); RETURN true; END';
EOS

#
# A role that may read a table looks at its index, and says where functions are found
#

for my $question ("vecprov_recall('IDX', 3, 3)", "vecprov_tune('IDX', 0.5, 3, 3)", "vecprov_plan('IDX', 10, 0.5, 3)",
	"vecprov_check('IDX', true)")
{
	for my $index ('prey_expression', 'prey_predicate')
	{
		my $call = $question =~ s/IDX/$index/r;
		# only who may write may keep writers away
		sql('GRANT DELETE ON prey TO mallory') if $call =~ /check/;
		my $answer = as_role('mallory', "SET search_path = mallory, public; SELECT $call");

		is(seized(), '', "$call runs no function of the caller's");
		like($answer, qr/ERROR:  42883: function (turn|odd)\(.* does not exist\n.*HINT:.*search_path "pg_catalog, pg_temp".*schema-qualify it or give it SET search_path/s,
			"$call tells which function is not found, and what to do");
		like(as_role('mallory', "SET search_path = mallory, public; DO \$\$ BEGIN PERFORM $call; EXCEPTION WHEN OTHERS THEN NULL; END \$\$;
			SELECT current_user, current_setting('search_path'), current_setting('vecprov.ef_search')"),
			qr/^mallory\|mallory, public\|40$/, "$call: after an error the caller is who it was");
	}
}
sql('REVOKE DELETE ON prey FROM mallory');

# With what the hint says it works
sql('ALTER FUNCTION careless(vector) SET search_path = public; ALTER FUNCTION wanted(integer) SET search_path = public');
is(as_role('mallory', "SET search_path = mallory, public; SELECT vecprov_recall('prey_expression', 3, 3), vecprov_recall('prey_predicate', 3, 3)"),
	'1|1', 'functions with a search_path of their own are evaluated');
is(seized(), '', 'and nothing of the caller');
sql('ALTER FUNCTION careless(vector) RESET search_path; ALTER FUNCTION wanted(integer) RESET search_path');

#
# Many queries at once, where the table is read
#

# Row security: rows that the caller does not see are not shown to functions, and those run as the owner.
sql(<<'EOS');
CREATE TABLE secrets (id integer, owner name, v vector(8));
INSERT INTO secrets SELECT i, CASE WHEN i % 2 = 0 THEN 'mallory' ELSE 'alice' END, vec(i, 8) FROM generate_series(1, 100) i;
CREATE TABLE met (who text, row text);
GRANT INSERT ON met TO PUBLIC;
CREATE FUNCTION note(v vector) RETURNS vector LANGUAGE plpgsql AS
	'BEGIN INSERT INTO public.met VALUES (current_user, v::text); RETURN v; END';
CREATE FUNCTION noting(v vector) RETURNS vector LANGUAGE plpgsql IMMUTABLE AS
	'BEGIN RETURN public.note(v); END';
CREATE INDEX secrets_idx ON secrets USING vecprov ((noting(v)::vector(8)));
ALTER TABLE secrets OWNER TO alice;
ALTER TABLE secrets ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON secrets USING (owner = current_user);
GRANT SELECT ON secrets TO mallory;
TRUNCATE met;
EOS
is(as_role('mallory', <<'EOS'), '10', 'vecprov_search under row security');
SELECT count(*) FROM vecprov_search('secrets_idx', ARRAY[vec(2, 8), vec(3, 8)], 5);
EOS
is(sql("SELECT DISTINCT who FROM met"), 'alice', 'the expression is evaluated as the owner');
is(sql("SELECT count(DISTINCT m.row), bool_and(s.owner = 'mallory') FROM met m JOIN secrets s ON s.v::text = m.row"),
	'50|t', 'of rows that the caller sees, only');
like(as_role('mallory', "SELECT count(*) FROM secrets WHERE owner = 'alice'"), qr/^0$/, 'row security holds there too');
sql("REVOKE SELECT ON secrets FROM mallory; GRANT SELECT (owner) ON secrets TO mallory");
like(as_role('mallory', "SELECT count(*) FROM vecprov_search('secrets_idx', ARRAY[vec(2, 8)], 5)"),
	qr/42501: permission denied for table secrets/, 'who may not read the column is refused');

# A superuser searches an index of the attacker's that the planner would not use.
sql(<<'EOS');
SET ROLE mallory;
CREATE FUNCTION mallory.trap(v public.vector) RETURNS public.vector LANGUAGE plpgsql IMMUTABLE AS
	'BEGIN PERFORM mallory.seize(); RETURN v; END';
CREATE TABLE mallory.bait (id integer, v public.vector(8));
INSERT INTO mallory.bait SELECT i, public.vec(i, 8) FROM generate_series(1, 50) i;
CREATE INDEX bait_idx ON mallory.bait USING vecprov ((mallory.trap(v)::public.vector(8)));
RESET ROLE;
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'mallory.bait_idx'::regclass;
TRUNCATE seized;
EOS
is(sql("SELECT count(*) FROM vecprov_search('mallory.bait_idx', ARRAY[vec(2, 8)], 5)"), '5', 'a superuser searches');
is(seized(), 'mallory', "and runs the owner's function as the owner");
sql("UPDATE pg_index SET indisvalid = true WHERE indexrelid = 'mallory.bait_idx'::regclass");

# Expressions with a constant part, which is evaluated when they are looked at
sql(<<'EOS');
SET ROLE mallory;
CREATE FUNCTION mallory.constant() RETURNS public.vector LANGUAGE plpgsql IMMUTABLE AS
	'BEGIN PERFORM mallory.seize(); RETURN ''[0,0,0,0,0,0,0,1]''; END';
CREATE TABLE mallory.bait2 (id integer, v public.vector(8));
INSERT INTO mallory.bait2 SELECT i, public.vec(i, 8) FROM generate_series(1, 50) i;
CREATE INDEX bait2_idx ON mallory.bait2 USING vecprov (((v OPERATOR(public.+) mallory.constant())::public.vector(8)));
GRANT USAGE ON SCHEMA mallory TO alice;
GRANT SELECT (v) ON mallory.bait2 TO alice;
RESET ROLE;
TRUNCATE seized;
EOS
is(as_role('alice', "SELECT count(*) FROM vecprov_search('mallory.bait2_idx', ARRAY[vec(2, 8)], 5)"), '5', 'who has the right to the column searches');
is(seized(), '', 'and does not evaluate what is constant in the expression');

# The mover is a superuser.
sql("SELECT vecprov_provision('mallory.bait2_idx', 'r10', 3, 0)");
$node->poll_query_until('postgres', "SELECT current_shards = 3 AND state <> 'Scaling' FROM vecprov.indexes WHERE index = 'mallory.bait2_idx'::regclass")
  or die 'the mover did not end';
unlike(seized(), qr/postgres/, 'nor does the mover');

#
# A scan that reads the values of sparse vectors from the table meets rows before row security does.
#

sql(<<'EOS');
CREATE FUNCTION spin(v sparsevec) RETURNS sparsevec LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN v; END';
CREATE FUNCTION spinning(v sparsevec) RETURNS sparsevec LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN spin(v); END';
CREATE TABLE sparse_secrets (id integer, owner name, v sparsevec(8));
CREATE INDEX sparse_secrets_idx ON sparse_secrets USING vecprov ((spinning(v)::sparsevec(8)) sparsevec_l2_ops);
INSERT INTO sparse_secrets SELECT i, CASE WHEN i % 2 = 0 THEN 'mallory' ELSE 'alice' END, vec(i, 8)::sparsevec FROM generate_series(1, 100) i;
ALTER TABLE sparse_secrets ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON sparse_secrets USING (owner = current_user);
GRANT SELECT ON sparse_secrets TO mallory;
SET ROLE mallory;
CREATE FUNCTION mallory.spin(v public.sparsevec) RETURNS public.sparsevec LANGUAGE plpgsql AS
	'BEGIN INSERT INTO public.met VALUES (current_user, v::text); RETURN v; END';
EOS
sql('TRUNCATE met');
as_role('mallory', <<'EOS');
SET enable_seqscan = off; SET search_path = mallory, public;
SELECT id FROM sparse_secrets ORDER BY spinning(v)::sparsevec(8) <-> vec(3, 8)::sparsevec LIMIT 3;
EOS
is(sql("SELECT count(*) FROM met m JOIN sparse_secrets s ON s.v::text = m.row WHERE s.owner = 'alice'"), '0',
	"a scan shows no hidden row to a function of the caller's");

#
# Before anything is locked
#

sql(<<'EOS');
CREATE TABLE alice.hers (id integer, v public.vector(8));
INSERT INTO alice.hers SELECT i, public.vec(i, 8) FROM generate_series(1, 20) i;
CREATE INDEX hers_idx ON alice.hers USING vecprov (v) WITH (tier = 'r10');
ALTER TABLE alice.hers OWNER TO alice;
EOS
my $oid = sql("SELECT 'alice.hers_idx'::regclass::oid");
# All functions whose first argument is an index; the others get what makes them run
my @functions = split /\n/, sql(<<'EOS');
SELECT p.proname || ' ' || string_agg(CASE
	WHEN a.n = 1 THEN 'OID::oid'
	WHEN a.type = 'boolean'::regtype THEN 'true'
	-- beside queries they make no sense, which since 18 is told first
	WHEN a.type = 'numeric'::regtype AND p.proname = 'vecprov_cost' THEN 'NULL'
	WHEN a.type = 'integer'::regtype THEN '1'
	WHEN a.type = 'bigint'::regtype OR a.type = 'numeric'::regtype THEN '1'
	WHEN a.type = 'double precision'::regtype THEN '0.5'
	WHEN a.type = 'text'::regtype AND p.proname = 'vecprov_cost' THEN '''example'''
	WHEN a.type = 'text'::regtype THEN '''r10'''
	WHEN a.type = 'interval'::regtype THEN '''1 s'''
	WHEN a.type = 'text[]'::regtype THEN 'NULL::text[]'
	WHEN a.type = 'vector'::regtype THEN 'public.vec(1, 8)'
	WHEN a.type IN ('vector[]'::regtype, 'anyarray'::regtype) THEN 'ARRAY[public.vec(1, 8)]' END, ', ' ORDER BY a.n)
FROM pg_depend d JOIN pg_proc p ON p.oid = d.objid JOIN pg_extension e ON e.oid = d.refobjid,
	unnest(p.proargtypes::oid[]) WITH ORDINALITY a (type, n)
WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass AND e.extname = 'vecprov'
	AND p.proargtypes[0] = 'regclass'::regtype
GROUP BY p.oid, p.proname ORDER BY 1
EOS
cmp_ok(scalar @functions, '>=', 17, 'functions that take an index');

my $owner = $node->background_psql('postgres');
$owner->query_safe('BEGIN; LOCK TABLE alice.hers IN ACCESS EXCLUSIVE MODE');
# by an INDEX command of the same transaction the index is locked so, too
$owner->query_safe('ALTER INDEX alice.hers_idx SET TABLESPACE pg_default; REINDEX INDEX alice.hers_idx');
for my $function (@functions)
{
	my ($name, $arguments) = split / /, $function, 2;
	my $call = "$name(" . ($arguments =~ s/OID/$oid/r) . ')';

	like(as_role('mallory', "SET lock_timeout = '1 ms'; SELECT * FROM $call"), qr/ERROR:  42501: /,
		"a stranger is refused before a lock is asked for: $name");
}
# SELECT alone is not enough: the schema is closed.
$owner->query_safe('ROLLBACK');
sql('GRANT SELECT ON alice.hers TO mallory');
for my $function (@functions)
{
	my ($name, $arguments) = split / /, $function, 2;
	my $call = "$name(" . ($arguments =~ s/OID/$oid/r) . ')';

	like(as_role('mallory', "SELECT * FROM $call"),
		$name =~ /provision|policy|release|set_/ ? qr/42501: must be owner of index hers_idx/ : qr/42501: permission denied for schema alice/,
		"by OID the schema's USAGE is asked for: $name");
}
sql('GRANT USAGE ON SCHEMA alice TO mallory');
like(as_role('mallory', "SELECT vecprov_recall($oid, 3, 3)"), qr/^1$/, 'with both it may');
# Who has waited for a lock is asked again.
$owner->query_safe('BEGIN; LOCK TABLE alice.hers IN ACCESS EXCLUSIVE MODE');
my $waiter = $node->background_psql('postgres', on_error_stop => 0);
$waiter->query_safe("SET application_name = 'waiter'; SET ROLE mallory");
$waiter->query_until(qr/started/, "\\echo started\nSELECT vecprov_recall($oid, 3, 3);\n\\echo finished\n");
$node->poll_query_until('postgres', "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE application_name = 'waiter'")
  or die 'nobody waits';
$owner->query_safe('REVOKE SELECT ON alice.hers FROM mallory; COMMIT');
like((finish_session($waiter))[1], qr/permission denied for table hers/, 'a right that was taken away meanwhile is gone');
$waiter->quit;
sql('GRANT SELECT ON alice.hers TO mallory');

# What is no index of ours is not locked.
$owner->query_safe('BEGIN; LOCK TABLE secrets IN ACCESS EXCLUSIVE MODE');
like(as_role('mallory', "SET lock_timeout = '1 ms'; SELECT vecprov_index_size('secrets'::regclass)"),
	qr/ERROR:  42809: "secrets" is not an index/, 'other relations are not locked');
$owner->query_safe('ROLLBACK');
$owner->quit;

#
# vecprov_recall stays near work_mem: a function of the index's expression looks at the memory.
#

sql(<<'EOS');
CREATE TABLE large (id integer, v vector(8));
INSERT INTO large SELECT i, vec(i, 8) FROM generate_series(1, 1000) i;
CREATE SEQUENCE most;
CREATE FUNCTION look() RETURNS void LANGUAGE sql AS $$
	SELECT setval('public.most', (SELECT greatest(sum(total_bytes), (SELECT last_value FROM public.most))::bigint FROM pg_backend_memory_contexts))
$$;
CREATE FUNCTION looking(id integer, v vector) RETURNS vector LANGUAGE plpgsql IMMUTABLE AS
	'BEGIN IF id % 250 = 0 THEN PERFORM public.look(); END IF; RETURN v; END';
CREATE INDEX large_idx ON large USING vecprov ((looking(id, v)::vector(8)));
SELECT setval('most', 1);
EOS
is(sql("SET work_mem = '2MB'; SELECT vecprov_recall('large_idx', 10, 10) > 0"), 't', 'recall of few samples');
my $few = sql('SELECT last_value FROM most');
# 1,000 samples with 1,000 neighbours: 16 MB
is(sql("SET work_mem = '2MB'; SET vecprov.ef_search = 10; SELECT vecprov_recall('large_idx', 10000, 10000) > 0.9"), 't', 'recall of many samples');
my $many = sql('SELECT last_value FROM most');
note("bytes of all memory contexts: $few, $many");
cmp_ok($many - $few, '<', 6_000_000, 'takes little more memory than work_mem');

#
# A role for monitoring
#

sql(<<'EOS');
CREATE ROLE monitor IN ROLE pg_monitor;
INSERT INTO vecprov.limits (read_units) VALUES (1000);
EOS
my $names = "vecprov.tiers vecprov.rates vecprov.limits vecprov.changes vecprov.indexes vecprov.shards vecprov.replicas vecprov.workers vecprov.metrics";
for my $relation (split / /, $names)
{
	is(as_role('monitor', "SELECT count(*) FROM $relation"), sql("SELECT count(*) FROM $relation"), "monitor sees all of $relation");
	like(as_role('monitor', "DELETE FROM $relation"), qr/ERROR:  (42501|55000)/, "and deletes nothing from $relation");
}
for my $call ("vecprov_recall($oid, 3, 3)", "vecprov_check($oid)", "vecprov_index_bytes($oid)", "vecprov_tune($oid, 0.5, 3, 3)", "vecprov_index_size($oid)",
	"vecprov_tier_memory($oid, 'r10')", "vecprov_facts($oid, true)", "vecprov_metrics_text()")
{
	unlike(as_role('monitor', "SELECT $call"), qr/ERROR/, "monitor may call $call");
}
for my $call ("vecprov_check($oid, true)", "vecprov_provision($oid, 'r40')", "vecprov_release($oid)", "vecprov_search($oid, ARRAY[vec(1, 8)], 3)")
{
	like(as_role('monitor', "SELECT $call"), qr/ERROR:  42501/, "but not $call");
}
like(as_role('monitor', 'CREATE TEMP TABLE t (i integer); CREATE TRIGGER t AFTER INSERT ON t FOR EACH STATEMENT EXECUTE FUNCTION vecprov_table_changed()'),
	qr/42501: permission denied for function vecprov_table_changed/, 'nobody wakes up all sessions with a table of his own');
like(as_role('monitor', 'CREATE TEMP TABLE t (i integer); CREATE TRIGGER t AFTER DELETE ON t FOR EACH ROW EXECUTE FUNCTION vecprov_tier_in_use()'),
	qr/42501: permission denied for function vecprov_tier_in_use/, 'nor asks which indexes use a tier');

# Rates that the administrator keeps to himself
sql('REVOKE SELECT ON vecprov.rates FROM PUBLIC');
like(as_role('mallory', "SELECT vecprov_monthly_rate('example', 'example', 'r10')"), qr/42501: permission denied for table rates/,
	'no function tells rates that may not be read');
sql('GRANT SELECT ON vecprov.rates TO PUBLIC');

#
# doc/privileges.md has a line for all that the extension makes
#

my $page = slurp_file("$ENV{TESTDIR}/doc/privileges.md");
my @objects = split /\n/, sql(<<'EOS');
SELECT CASE d.classid WHEN 'pg_proc'::regclass THEN (SELECT proname FROM pg_proc WHERE oid = d.objid)
		WHEN 'pg_class'::regclass THEN d.objid::regclass::text
		ELSE i.name END
FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid, pg_identify_object(d.classid, d.objid, d.objsubid) i
WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = 'vecprov'
	AND d.classid NOT IN ('pg_type'::regclass, 'pg_cast'::regclass, 'pg_operator'::regclass, 'pg_opclass'::regclass, 'pg_opfamily'::regclass)
UNION SELECT t.tgname FROM pg_trigger t JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = t.tgrelid
	JOIN pg_extension e ON e.oid = d.refobjid
WHERE d.refclassid = 'pg_extension'::regclass AND e.extname = 'vecprov' AND NOT t.tgisinternal
UNION SELECT evtname FROM pg_event_trigger
ORDER BY 1
EOS
my @types = split /\n/, sql("SELECT typname FROM pg_type t JOIN pg_depend d ON d.objid = t.oid JOIN pg_extension e ON e.oid = d.refobjid WHERE e.extname = 'vecprov' AND typtype = 'b' AND typelem = 0");
# Many functions share a line by the beginning or the end of their names: only those that touch nothing but
# their arguments.
my %pure = map { $_ => 1 } split /\n/, sql(<<'EOS');
SELECT proname FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid JOIN pg_extension e ON e.oid = d.refobjid
WHERE e.extname = 'vecprov' GROUP BY proname HAVING bool_and(provolatile = 'i' AND NOT prosecdef)
EOS
my @patterns = map { s/\*/\\w+/r } $page =~ /`(\w*\*\w*)`/g;
my @missing = grep {
	my $name = $_;
	$page !~ /`\Q$name\E[`(]/ && !($pure{$name} && grep { $name =~ /^$_$/ } @patterns)
} @objects, @types;
is("@missing", '', 'doc/privileges.md has a line for each function, table, view, trigger and type');
# and none for what there is not
my %there = map { $_ => 1 } @objects, @types;
my %settings = map { $_ => 1 } split /\n/, sql("SELECT name FROM pg_settings WHERE name LIKE 'vecprov.%'");
my @gone = grep { !$there{$_} && !$settings{$_} } $page =~ /`(vecprov[_.]\w+)[`(]/g;
is("@gone", '', 'and none for others');

# No function runs with other rights than its caller's, or finds names where its caller says.
is(sql(<<'EOS'), '', 'functions are safe against the search_path of the caller');
SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
	JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid JOIN pg_extension e ON e.oid = d.refobjid
WHERE e.extname = 'vecprov' AND (p.prosecdef OR (l.lanname NOT IN ('c', 'internal') AND p.prosqlbody IS NULL
	AND NOT 'search_path=pg_catalog, pg_temp' = ANY (coalesce(p.proconfig, '{}'))))
EOS

# Processes: their names are those that the library gives them
my @processes = map { slurp_file($_) =~ /vp_(?:worker_fill|job_start)\([^"();]*"([^"]+)"/g } glob "$ENV{TESTDIR}/src/*/*.c";
cmp_ok(scalar @processes, '>=', 6, 'background processes');
is(join(' ', grep { $page !~ /`\Q$_\E`/ } @processes), '', 'doc/privileges.md has a line for each background process');

# What the page says keeps the figures from others does
my ($recipe) = $page =~ /^(    REVOKE SELECT ON vecprov.indexes.*?)\n\n/ms;
sql($recipe);
for my $query ('* FROM vecprov.indexes', '* FROM vecprov.shards', '* FROM vecprov.replicas', '* FROM vecprov.workers', '* FROM vecprov.metrics',
	'* FROM vecprov.changes', "vecprov_index_size($oid)", "vecprov_facts($oid, false)", 'vecprov_counters()', 'vecprov_metrics_text()')
{
	like(as_role('mallory', "SELECT $query"), qr/ERROR:  42501/, "with figures kept from others: SELECT $query");
	unlike(as_role('monitor', "SELECT $query"), qr/ERROR/, "monitor may SELECT $query");
}

$node->stop;
done_testing();
