# vecprov: a PostgreSQL extension, built with PGXS.
#
#   make, make install, make uninstall, make clean     PG_CONFIG=... picks the server
#   make installcheck   regression and isolation tests against a running server
#                       that has vecprov in shared_preload_libraries
#   make test           everything, on private servers; installs missing packages
#   make soak           random work and faults for MINUTES=10, from SEED; see README.md
#   make test-clients   node, JDBC, Python and psql on tables of vecprov; installs them
#   make test-chroot    everything on the PostgreSQL of another Debian, SUITE=trixie; needs root
#   make test-setup     make and make demo on machines that lack this and that; needs root
#   make demo           a private server with real words to play with (KEEP=1 leaves it up)
#   make bench          the benchmark; see doc/benchmarks.md
#   make bench-graph    that of the graph alone, without a server
#   make unit, check-includes, check-headers, check-symbols, check-scripts
#                       single parts of the tests

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)
SERVER_HEADERS := $(shell $(PG_CONFIG) --includedir-server 2>/dev/null)

EXTENSION = vecprov
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" vecprov.control)
MODULE_big = vecprov
OBJS := $(patsubst %.c,%.o,$(sort $(wildcard src/*.c src/*/*.c)))

# The install script is its topics in order.
SCRIPT_PARTS := $(sort $(wildcard sql/install/*.sql))
DATA := $(wildcard sql/vecprov--*--*.sql)
DATA_built = sql/vecprov--$(EXTVERSION).sql

# Tests in the order of the rooms, then what belongs to no room.
TESTS := $(patsubst sql/%.sql,%,$(sort $(filter-out sql/vecprov--%,$(wildcard sql/*.sql))))
REGRESS := $(foreach room,base type page am capacity replica inspect,$(filter $(room)_%,$(TESTS)))
REGRESS += $(filter-out $(REGRESS),$(TESTS))
REGRESS_OPTS = --load-extension=vecprov
ISOLATION := $(patsubst test/specs/%.spec,%,$(sort $(wildcard test/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test --load-extension=vecprov

WARNINGS = -Wall -Wextra -Wundef -Wmissing-prototypes -Wshadow -Wimplicit-fallthrough \
	-Wno-unused-parameter -Wno-sign-compare
PG_CPPFLAGS = -Isrc -isystem $(includedir_server) -DVP_VERSION='"$(EXTVERSION)"'
PG_CFLAGS = -O3 -fvisibility=hidden -MMD -MP $(WARNINGS)
EXTRA_CLEAN = $(OBJS:.o=.d) tmp_check log

# No bitcode: the kernels are reached through pointers, so there is nothing that
# the JIT could inline, and clang need not be installed.
override with_llvm = no

.PHONY: test soak test-clients test-chroot test-setup demo bench bench-graph unit \
	check-includes check-headers check-symbols check-scripts hint
.DEFAULT_GOAL := all

# On Debian the two are of different packages.
ifneq ($(and $(wildcard $(PGXS)),$(wildcard $(SERVER_HEADERS)/postgres.h)),)

include $(PGXS)

COMPILES := $(shell printf '\043include <stdlib.h>\n' | $(CC) -E -x c - >/dev/null 2>&1 && echo yes)
ifneq ($(COMPILES),yes)
$(OBJS): hint
endif

# Parallel builds where the compiler has OpenMP (asked only now: CC comes with PGXS). It is asked for
# the header: a program would have to be put somewhere.
OPENMP := $(shell printf '\043include <omp.h>\n' | \
	$(CC) -fopenmp -E -x c - >/dev/null 2>&1 && echo -fopenmp)
override CFLAGS += $(OPENMP)
SHLIB_LINK += -lm

$(DATA_built): $(SCRIPT_PARTS) sql/install vecprov.control
	cat $(filter %.sql,$^) > $@

src/base/loaded.o: vecprov.control

-include $(OBJS:.o=.d)

check-symbols: all

else

all install uninstall clean installcheck check-symbols: hint

endif

# One line that tells what is missing to build.
hint:
	@LC_ALL=C PG_CONFIG='$(PG_CONFIG)' CC='$(CC)' test/setup hint

# These find or install what they need by themselves.
test:
	+@PG_CONFIG='$(PG_CONFIG)' CC='$(CC)' MAKE='$(MAKE)' test/run

soak:
	+@PG_CONFIG='$(PG_CONFIG)' CC='$(CC)' MAKE='$(MAKE)' MINUTES='$(MINUTES)' SEED='$(SEED)' test/soak/run

test-clients:
	+@PG_CONFIG='$(PG_CONFIG)' CC='$(CC)' MAKE='$(MAKE)' test/clients/run

test-chroot:
	@test/chroot $(SUITE) $(CHROOT)

demo:
	+@PG_CONFIG='$(PG_CONFIG)' CC='$(CC)' MAKE='$(MAKE)' test/demo/run

# DATA of the command line is for the benchmark, not for the make that builds.
bench:
	+@PG_CONFIG='$(PG_CONFIG)' CC='$(CC)' MAKE='$(MAKE)' MAKEFLAGS= test/sandbox.sh test/bench/run

bench-graph:
	@CC='$(CC)' test/bench/graph

unit:
	@CC='$(CC)' test/unit/run

test-setup:
	@test/setup-roots $(CASES)

check-includes check-headers check-symbols check-scripts:
	@PG_CONFIG='$(PG_CONFIG)' CC='$(CC)' test/$@
