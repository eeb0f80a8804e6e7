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
$node->append_conf('postgresql.conf', "vecprov.max_metered_indexes = 2\nvecprov.max_provisioned_indexes = 4\n");
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
INSERT INTO vecprov_limit (schema, index, write_records, burst_seconds)
SELECT 'public', x || '_idx', 0.001, 2000 FROM unnest('{c,d}'::text[]) x
EOS
is(inserts($_, 3), 'OK OK 53000', "$_ is limited, and takes the meter of one that is not") for qw(c d);
is(inserts($_, 1), 'OK', "$_ has lost it, and needs none") for qw(a b);
$node->safe_psql('postgres', "INSERT INTO vecprov_limit (schema, index, write_records) VALUES ('public', 'a_idx', 0.001)");
is($node->safe_psql('postgres', q{SELECT try('INSERT INTO a VALUES (vec(1, 8))')}),
	'53400 | index "a_idx" has a limit, but there is no meter left to count by'
	  . ' | All 2 meters of the server are in use by other indexes with limits. | Increase vecprov.max_metered_indexes.',
	'more limits than meters: refused, not unlimited');
$node->safe_psql('postgres', 'UPDATE vecprov_limit SET write_records = NULL, read_units = 1000');
is(inserts('a', 3), 'OK OK OK', 'nor refused where no limit needs a meter');

$node->restart;
$node->safe_psql('postgres', 'TRUNCATE vecprov_limit; INSERT INTO vecprov_limit (write_records, burst_seconds) VALUES (0.001, 2000)');
is(inserts($_, 3), 'OK OK 53000', "the row for all: $_") for qw(a b);
is(inserts('c', 1), '53400', 'and none is left');
is(inserts('a', 1), '53000', 'nor is one taken away from the others');
$node->safe_psql('postgres', "INSERT INTO vecprov_limit (schema, index, write_records, burst_seconds) VALUES ('public', 'c_idx', 0.001, 2000)");
is(inserts('c', 3), 'OK OK 53000', 'a row of its own has a meter all the same');
$node->safe_psql('postgres', 'TRUNCATE vecprov_limit; INSERT INTO vecprov_limit (write_records) VALUES (1e9)');
is(inserts($_, 3), 'OK OK OK', "buckets that are full are given up for $_") for qw(a b c d);

#
# The ledger: 60 refusals of an index in an hour
#

$node->safe_psql('postgres', q{SELECT try('ALTER INDEX a_idx SET (tier = r11)') FROM generate_series(1, 63)});
$node->safe_psql('postgres', q{SELECT try('ALTER INDEX b_idx SET (tier = r11)')});
is($node->safe_psql('postgres', q{SELECT index, count(*) FROM vecprov_changes WHERE action = 'refusal' GROUP BY index ORDER BY index}),
	"public.a_idx|60\npublic.b_idx|1", 'not all refusals of an index are written');
is($node->safe_psql('postgres', q{SELECT value FROM vecprov_metrics WHERE name = 'vecprov_unwritten_refusals_total'}),
	3, 'the others are counted');

$node->stop;
done_testing();
