# What test/soak/run runs as the owner of the sandbox: the soak for SOAK_MINUTES, from SOAK_SEED;
# SOAK_CONF: a line for postgresql.conf, such as full_page_writes = off (then the old primary is made anew
# from a base backup, as pg_rewind needs them). SOAK_BREAK: the round in which a fault is made on purpose. See Soak.pm.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin", "$FindBin::RealBin/../t";
use Soak;
use Test::More;

my $total = soak($ENV{SOAK_MINUTES} // 2, $ENV{SOAK_SEED} // 27, $ENV{SOAK_KEEP}, $ENV{SOAK_BREAK});
cmp_ok($total->{rounds}, '>', 0, 'rounds without a difference');
done_testing();
