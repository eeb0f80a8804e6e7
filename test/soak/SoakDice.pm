# The soak's chance: generators that repeat.

package SoakDice;

use strict;
use warnings;

use Digest::MD5 qw(md5);
use Exporter 'import';

our @EXPORT = qw(dice pick);

# A generator of its own for each name: the result, called with n, gives 0 … n - 1.
sub dice
{
	my ($name) = @_;
	my $state = unpack('q', md5($name));

	return sub {
		my ($n) = @_;
		use integer;
		$state = $state * 6364136223846793005 + 1442695040888963407;
		return (($state >> 33) & 0x7fffffff) % $n;
	};
}

sub pick
{
	my ($dice, @of) = @_;
	return $of[ $dice->(scalar @of) ];
}

1;
