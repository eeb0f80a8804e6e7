# Two minutes of the soak (test/soak/Soak.pm), with the same seed each time; `make soak` runs it for longer.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin", "$FindBin::RealBin/../soak";
use Soak;
use Test::More;

my $total = soak($ENV{SOAK_MINUTES} // 2, $ENV{SOAK_SEED} // 27, $ENV{SOAK_KEEP});
cmp_ok($total->{rounds}, '>', 0, 'rounds without a difference');
done_testing();
