# The soak (test/soak) finds a fault that is made on purpose: it says so, with its seed, ends with a status
# that is not zero, and keeps data, logs and statements.

use strict;
use warnings;

use FindBin;
use PostgreSQL::Test::Utils;
use Test::More;

my $place = PostgreSQL::Test::Utils::tempdir();
my $keep = "$place/kept";
mkdir "$place/test";

my $output = do {
	local %ENV = (%ENV, TESTDIR => "$place/test", TESTDATADIR => "$place/test/data", TESTLOGDIR => "$place/test/log",
		SOAK_MINUTES => 1, SOAK_SEED => 5, SOAK_BREAK => 1, SOAK_KEEP => $keep);
	mkdir $ENV{TESTDATADIR};
	`$^X $FindBin::RealBin/../soak/soak.pl 2>&1`;
};
isnt($?, 0, 'exit status');
like($output, qr/^# soak: DIFFERENCE in round 1 of seed 5: before VACUUM, primary: t_vector.*row/m, 'what differs');
like($output, qr/^# soak: kept in \Q$keep\E$/m, 'where what is needed to repeat it is');
like($output, qr/^# soak: seed 5, .*0 rounds/m, 'totals');
foreach my $server (qw(primary standby))
{
	ok(-f "$keep/$server/PG_VERSION" && -f "$keep/$server/global/pg_control", "data of the $server");
	ok(-s "$keep/soak_$server.log", "log of the $server");
}
cmp_ok(scalar(() = glob("$keep/scripts/1-*.sql")), '>=', 9, 'statements of the round');
diag($output) unless Test::More->builder->is_passing;

done_testing();
