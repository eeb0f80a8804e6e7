# What one role takes from the server is bounded, and nothing of it falls open: indexes with limits always
# have a meter, the ledger of refusals does not grow without end, and provisioned capacity is counted over
# all databases, whoever asks for it at the same time.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use VecprovTest;

my $node = vecprov_node('quota');
$node->append_conf('postgresql.conf', <<'EOC');
vecprov.max_metered_indexes = 2
vecprov.max_provisioned_indexes = 4
max_prepared_transactions = 1
EOC
$node->start;
vecprov_functions($node);
my $try = <<'EOS';
CREATE FUNCTION try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	detail text;
	hint text;
BEGIN
	EXECUTE statement;
	RETURN 'OK';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' | ', SQLSTATE, SQLERRM, nullif(detail, ''), nullif(hint, ''));
END $$;
EOS
$node->safe_psql('postgres', $try);

# What becomes of so many inserts into a table: OK, or which error, for each
sub inserts
{
	my ($table, $n) = @_;
	my $insert = "INSERT INTO $table VALUES (vec(1, 8))";

	return $node->safe_psql('postgres',
		"SELECT string_agg(left(try('$insert'), 5), ' ') FROM generate_series(1, $n)");
}

#
# Meters: there are two
#

$node->safe_psql('postgres', "CREATE TABLE $_ (v vector(8)); CREATE INDEX ${_}_idx ON $_ USING vecprov (v)") for qw(a b c d);
is(inserts($_, 1), 'OK', "$_ has a meter, and no limit") for qw(a b);
$node->safe_psql('postgres', <<'EOS');
INSERT INTO vecprov.limits (schema, index, write_records, burst_seconds)
SELECT 'public', x || '_idx', 0.001, 2000 FROM unnest('{c,d}'::text[]) x
EOS
is(inserts($_, 3), 'OK OK 53000', "$_ is limited, and takes the meter of one that is not") for qw(c d);
is(inserts($_, 1), 'OK', "$_ has lost it, and needs none") for qw(a b);
$node->safe_psql('postgres', "INSERT INTO vecprov.limits (schema, index, write_records) VALUES ('public', 'a_idx', 0.001)");
is($node->safe_psql('postgres', q{SELECT try('INSERT INTO a VALUES (vec(1, 8))')}),
	'53400 | index "a_idx" has a limit, but there is no meter left to count by'
	  . ' | All 2 meters of the server are in use by other indexes with limits. | Increase vecprov.max_metered_indexes.',
	'more limits than meters: refused, not unlimited');
$node->safe_psql('postgres', 'UPDATE vecprov.limits SET write_records = NULL, read_units = 1000');
is(inserts('a', 3), 'OK OK OK', 'nor refused where no limit needs a meter');

$node->restart;
$node->safe_psql('postgres', 'TRUNCATE vecprov.limits; INSERT INTO vecprov.limits (write_records, burst_seconds) VALUES (0.001, 2000)');
is(inserts($_, 3), 'OK OK 53000', "the row for all: $_") for qw(a b);
is(inserts('c', 1), '53400', 'and none is left');
is(inserts('a', 1), '53000', 'nor is one taken away from the others');
$node->safe_psql('postgres', "INSERT INTO vecprov.limits (schema, index, write_records, burst_seconds) VALUES ('public', 'c_idx', 0.001, 2000)");
is(inserts('c', 3), 'OK OK 53000', 'a row of its own has a meter all the same');
$node->safe_psql('postgres', 'TRUNCATE vecprov.limits; INSERT INTO vecprov.limits (write_records) VALUES (1e9)');
is(inserts($_, 3), 'OK OK OK', "buckets that are full are given up for $_") for qw(a b c d);

#
# The ledger: 60 refusals of an index in an hour
#

$node->safe_psql('postgres', q{SELECT try('ALTER INDEX a_idx SET (tier = r11)') FROM generate_series(1, 63)});
$node->safe_psql('postgres', q{SELECT try('ALTER INDEX b_idx SET (tier = r11)')});
is($node->safe_psql('postgres', q{SELECT index, count(*) FROM vecprov.changes WHERE action = 'refusal' GROUP BY index ORDER BY index}),
	"public.a_idx|60\npublic.b_idx|1", 'not all refusals of an index are written');
is($node->safe_psql('postgres', q{SELECT value FROM vecprov.metrics WHERE name = 'vecprov_unwritten_refusals_total'}),
	3, 'the others are counted');

#
# Quotas: over all databases, and whoever asks at the same time
#

# How it ended: OK, or the SQLSTATE
sub told
{
	my ($database, $statement) = @_;
	return $node->safe_psql($database, "SET ROLE tenant; SELECT left(try(\$\$$statement\$\$), 5)");
}

$node->safe_psql('postgres', <<'EOS');
TRUNCATE vecprov.limits;
CREATE ROLE tenant;
CREATE ROLE "Other tenant";
GRANT SET ON PARAMETER vecprov.provision TO tenant;
CREATE DATABASE second;
EOS
$node->safe_psql('second', "CREATE EXTENSION vecprov; $try");
foreach my $database (qw(postgres second))
{
	$node->safe_psql($database, <<'EOS');
GRANT CREATE ON SCHEMA public TO tenant;
INSERT INTO vecprov.quotas VALUES ('tenant', 1000000, 4), ('"Other tenant"', 0, 0);
SET ROLE tenant;
CREATE TABLE items (id bigint GENERATED ALWAYS AS IDENTITY, v vector(8));
CREATE INDEX items_idx ON items USING vecprov (v);
CREATE INDEX more_idx ON items USING vecprov (v);
EOS
}
is(told('postgres', 'ALTER INDEX items_idx SET (tier = r10, replicas = 2)'), 'OK', 'two units of four');
is(told('second', 'ALTER INDEX items_idx SET (tier = r10, replicas = 3)'), '53400', 'another database: three are too many');
my $first = $node->background_psql('postgres');
$first->query_safe('SET ROLE tenant; BEGIN; ALTER INDEX more_idx SET (tier = r10)');
is(told('second', 'ALTER INDEX items_idx SET (tier = r10, replicas = 2)'), '53400', 'not when somebody asks for one at the same time');
is(told('second', 'ALTER INDEX items_idx SET (tier = r10)'), 'OK', 'there is one left');
$first->query_safe('ROLLBACK');
is(told('postgres', 'ALTER INDEX more_idx SET (tier = r10, replicas = 2)'), '53400', 'still one');
is(told('postgres', 'ALTER INDEX more_idx SET (tier = r10)'), 'OK', 'which he has not taken');
$first->query_safe('BEGIN; DROP INDEX more_idx');
is(told('second', 'ALTER INDEX more_idx SET (tier = r10)'), '53400', 'what is about to be dropped counts');
$first->query_safe('COMMIT');
$first->quit;
is(told('second', 'ALTER INDEX more_idx SET (tier = r10)'), 'OK', 'what is dropped does not');
$node->stop('immediate');
$node->start;
is(told('postgres', 'CREATE INDEX more_idx ON items USING vecprov (v) WITH (tier = r10)'), '53400', 'after a crash all databases count');
$node->safe_psql('postgres', 'DROP DATABASE second WITH (FORCE)');
$node->poll_query_until('postgres', q{SET ROLE tenant;
	SELECT try('CREATE INDEX more_idx ON items USING vecprov (v) WITH (tier = r10, replicas = 2)') = 'OK'}, "SET\nt")
  or die 'a database that is gone counts';

# A prepared transaction counts as one under way until it ends.
$node->safe_psql('postgres', 'SET ROLE tenant; CREATE TABLE others (v vector(8))');
my $other = 'CREATE INDEX other_idx ON others USING vecprov (v) WITH (tier = r10, replicas = 2)';
$node->safe_psql('postgres', "BEGIN; DROP INDEX more_idx; PREPARE TRANSACTION 'drop'");
is(told('postgres', $other), '53400', 'what a prepared transaction drops counts');
$node->safe_psql('postgres', "ROLLBACK PREPARED 'drop'");
is(told('postgres', $other), '53400', 'it is not dropped');
$node->safe_psql('postgres', "BEGIN; DROP INDEX more_idx; PREPARE TRANSACTION 'drop'");
$node->safe_psql('postgres', "COMMIT PREPARED 'drop'");
$node->safe_psql('postgres', "BEGIN; SET LOCAL ROLE tenant; $other; PREPARE TRANSACTION 'create'");
is(told('postgres', 'ALTER INDEX items_idx SET (replicas = 3)'), '53400', 'what a prepared transaction creates counts');
$node->safe_psql('postgres', "ROLLBACK PREPARED 'create'");
is(told('postgres', $other), 'OK', 'until it is rolled back');
$node->safe_psql('postgres', "DROP INDEX other_idx; SET ROLE tenant; CREATE TABLE third (v vector(8));
	BEGIN; $other; PREPARE TRANSACTION 'create'");
$first = $node->background_psql('postgres');
# before a catalogue reader can tell of the commit
$first->query_safe("COMMIT PREPARED 'create'; BEGIN; DROP INDEX other_idx");
is(told('postgres', 'CREATE INDEX third_idx ON third USING vecprov (v) WITH (tier = r10)'), '53400',
	'what was prepared, and is about to be dropped, counts');
$first->query_safe('ROLLBACK; DROP TABLE third');
$first->quit;
# Places: 4
$node->safe_psql('postgres', "DELETE FROM vecprov.quotas; CREATE INDEX ${_}_r10 ON $_ USING vecprov (v) WITH (tier = r10)") for qw(a b);
is($node->safe_psql('postgres', q{SET ROLE tenant; SELECT try('CREATE INDEX ON items USING vecprov (v) WITH (tier = r10, replicas = 0)')}),
	'53400 | index "items_v_idx" cannot be provisioned besides all others'
	  . ' | The server has places for 4 provisioned indexes, and all are taken.'
	  . ' | Increase vecprov.max_provisioned_indexes, or release another index.',
	'a fifth is refused, not Loading for ever');
my ($rc, $out, $err) = $node->psql('postgres', 'CREATE INDEX c_r10 ON c USING vecprov (v) WITH (tier = r10)');
like($err, qr/WARNING:  index "c_r10" cannot be provisioned besides all others/, 'a superuser is warned');
$node->safe_psql('postgres', 'DROP INDEX a_r10, b_r10, c_r10');

#
# Memory: what grows into an index is bounded, too, over all indexes of the owner
#

$node->safe_psql('postgres', "INSERT INTO vecprov.quotas VALUES ('tenant', 1000000, NULL); DROP TABLE others; SET ROLE tenant;
	CREATE INDEX more_idx ON items USING vecprov (v) WITH (tier = r10, replicas = 2)");
$node->safe_psql('postgres', "SELECT vecprov_wait('$_', '1 min')") for qw(items_idx more_idx);
$node->safe_psql('postgres', 'SET ROLE tenant; INSERT INTO items (v) SELECT vec(i, 8) FROM generate_series(1, 5000) i');
$node->poll_query_until('postgres', q{SELECT count(*) FILTER (WHERE error ~ 'the quota of its owner does not allow') > 0 FROM vecprov.indexes})
  or die 'an index outgrows the quota';
is($node->safe_psql('postgres', 'SELECT sum(resident_size) <= 1000000 FROM vecprov.indexes'), 't', 'no more is kept in memory');
$node->safe_psql('postgres', 'DELETE FROM vecprov.quotas WHERE role = \'tenant\'::regrole');
$node->poll_query_until('postgres', q{SELECT count(*) FILTER (WHERE state = 'Ready') = 2 FROM vecprov.indexes WHERE mode = 'provisioned'})
  or die 'without a quota it is';

#
# A dump has the quotas, by the roles' names
#

$node->safe_psql('postgres', q{INSERT INTO vecprov.quotas VALUES ('"Other tenant"', 7, 8), (NULL, 9, NULL)});
my $dump = $node->basedir . '/dump.sql';
$node->command_ok([ 'pg_dump', '-f', $dump, $node->connstr('postgres') ], 'pg_dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $dump, $node->connstr('restored') ], 'restore');
is($node->safe_psql('restored', 'SELECT * FROM vecprov.quotas ORDER BY role::text'), "\"Other tenant\"|7|8\n|9|", 'restored: quotas');
is($node->safe_psql('restored', 'SELECT count(*) FROM vecprov.indexes WHERE mode = \'provisioned\''), 2,
	'and indexes, by a superuser, whatever the quotas are');

#
# A copy of a database has all its indexes again
#

$node->safe_psql('postgres', 'CREATE ROLE copier LOGIN CREATEDB; ALTER DATABASE restored OWNER TO copier;
	GRANT SET ON PARAMETER vecprov.provision TO copier');
($rc, $out, $err) = $node->psql('postgres', 'SET ROLE copier; CREATE DATABASE copied TEMPLATE restored');
like($err, qr/ERROR:  permission denied to copy database "restored"\nDETAIL:  Indexes in it are provisioned/,
	'provisioned indexes cannot be multiplied with a database');
$node->safe_psql('postgres', "SET ROLE copier; CREATE DATABASE $_") for 'empty', 'emptier TEMPLATE empty', 'clean TEMPLATE template0';
$node->safe_psql('postgres', 'SET ROLE copier; ALTER DATABASE restored ALLOW_CONNECTIONS false');
# when this is ready, the launcher has looked at the databases
$node->safe_psql('postgres', 'TRUNCATE vecprov.quotas; DROP INDEX more_idx; CREATE INDEX more_idx ON items USING vecprov (v) WITH (tier = r10)');
$node->safe_psql('postgres', "SELECT vecprov_wait('more_idx', '3 min')");
($rc, $out, $err) = $node->psql('postgres', 'SET ROLE copier; CREATE DATABASE copied TEMPLATE restored');
like($err, qr/DETAIL:  Indexes in it are provisioned/, 'nor out of one that takes no connections, whose indexes count');
$node->restart;
($rc, $out, $err) = $node->psql('postgres', 'SET ROLE copier; CREATE DATABASE copied TEMPLATE restored');
like($err, qr/ERROR:  permission denied to copy database/, 'nor when the server has just started');
$node->safe_psql('postgres', 'CREATE DATABASE copied TEMPLATE restored');
$node->safe_psql('postgres', "ALTER DATABASE $_ ALLOW_CONNECTIONS true") for qw(restored copied);
is($node->safe_psql('copied', 'SELECT count(*) FROM vecprov.indexes WHERE mode = \'provisioned\''), 2, 'but by a superuser');

$node->stop;
done_testing();
