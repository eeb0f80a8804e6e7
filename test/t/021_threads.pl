# The operating system refuses threads: a build goes on with fewer, down to the backend's own, and
# the server's log tells.

use strict;
use warnings;

use VecprovTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'prlimit is not there' if system('prlimit --version >/dev/null 2>&1') != 0;

my $node = vecprov_node('threads');
$node->append_conf('postgresql.conf', "max_parallel_maintenance_workers = 3\n");
$node->start;
vecprov_functions($node);
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE items (id int, v vector(16));
INSERT INTO items SELECT i, vec(i, 16) FROM generate_series(1, 3000) i;
EOS

# Who has more processes than the limit allows gets no further one, a thread neither. The limit is
# the backend's alone, and a soft one.
my $limited = <<'EOS';
SELECT pg_backend_pid() AS pid \gset
\setenv PID :pid
\! prlimit --pid "$PID" --nproc=1:
EOS
my $refused = qr/LOG:  index build goes on with 1 of 4 threads\n.*DETAIL:  The operating system refused another one: /;

my $offset = log_end($node);
my $out = $node->safe_psql('postgres', $limited . <<'EOS');
CREATE INDEX items_v ON items USING vecprov (v);
SELECT count(*) FROM vecprov_check('items_v', true);
SELECT vecprov_recall('items_v', 10, 100) > 0.9;
\! prlimit --pid "$PID" --nproc="$(prlimit --pid "$PID" --nproc --noheadings --output HARD)":
REINDEX INDEX items_v;
SELECT count(*) FROM vecprov_check('items_v', true);
EOS
is($out, "0\nt\n0", 'the index is built by one thread, and then by several, by the same backend');

my $log = slurp_file($node->logfile, $offset);
like($log, $refused, 'the log tells');
is(scalar(() = $log =~ /index build goes on/g), 1, '... once a build, and not of one that had all its threads');
unlike($log, qr/Thread creation failed|was terminated|exited with exit code/, 'no process ended by itself');

$node->stop;
done_testing();
