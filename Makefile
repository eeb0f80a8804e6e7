# vecprov: a PostgreSQL extension, built with PGXS.
#
#   make, make install, make uninstall, make clean     PG_CONFIG=... picks the server
#                       NO_SERVER_INTERNALS=1 leaves out what reaches into private parts of it
#                       UNKNOWN_VERSION=1 builds for one that is newer than this vecprov knows
#   make -f SOURCES/Makefile [...]      the same, with all that is built in the current directory
#   make installcheck   regression and isolation tests against a running server
#                       that has vecprov in shared_preload_libraries
#   make test           everything, on private servers; installs missing packages
#   make soak           random work and faults for MINUTES=10, from SEED; see README.md
#   make test-clients   node, JDBC, Python and psql on tables of vecprov, and schema tools; installs them
#   make test-load      vecprov-load with RECORDS=10000000 while all is killed; see test/load/load.pl
#   make test-monitoring   doc/monitoring with Prometheus and Debian's exporters; unpacks what is missing
#   make monitoring-curves draws doc/monitoring/curves.svg of a demo run; likewise, and needs gnuplot
#   make cluster-demo   doc/architecture on this machine: Patroni, HAProxy and others, and a fail-over;
#                       SHARDS=3: the same vectors on one server and on three; see test/cluster/shards
#   make test-chroot    everything on the PostgreSQL of another Debian, SUITE=trixie; needs root
#   make matrix         everything on each PostgreSQL, with gcc, clang and assertions; needs root; see test/matrix
#   make deb            packages for Debian 12 and 13, built, installed, upgraded and removed; needs root; see test/deb
#   make test-setup     make and make demo on machines that lack this and that; needs root
#   make demo           a private server with real words to play with (KEEP=1 leaves it up)
#   make bench          the benchmark; see doc/benchmarks.md
#   make bench-graph    that of the graph alone, without a server
#   make bench-curves   draws recall against rate, of files that make bench wrote: see doc/benchmarks.md
#   make scale          from its measurements, what other sizes will take; see doc/scale.md
#   make indent         lays out the code as PostgreSQL does; make typedefs renews its list of types
#   make unit, check-includes, check-headers, check-meta, check-symbols, check-scripts,
#   check-indent, check-warnings, check-analysis
#                       single parts of the tests
#   make objects        compiles only: with another CC, for what a compiler has to say

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)
SERVER_HEADERS := $(shell $(PG_CONFIG) --includedir-server 2>/dev/null)

# Where this file is: "./", or another directory than that in which all is built.
SRC := $(dir $(firstword $(MAKEFILE_LIST)))
from_src = $(patsubst $(SRC)%,%,$(sort $(wildcard $(addprefix $(SRC),$(1)))))

# Of a version that is not known, nothing but its public interfaces is used.
ifeq ($(UNKNOWN_VERSION),1)
NO_SERVER_INTERNALS = 1
endif

EXTENSION = vecprov
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" $(SRC)vecprov.control)
MODULE_big = vecprov

# What reaches into private parts of the server, and what stands for it without.
INTERNALS := src/page/peek.c src/page/bypass.c src/page/change_counter.c src/page/window.c $(filter-out src/session/none.c,$(call from_src,src/session/*.c))
ifdef NO_SERVER_INTERNALS
LEFT_OUT := $(INTERNALS)
else
LEFT_OUT := src/session/none.c
endif
OBJS := $(patsubst %.c,%.o,$(filter-out $(LEFT_OUT) src/load/%,$(call from_src,src/*.c src/*/*.c)))

# vecprov-load, a program beside the module: of it nothing is in vecprov.so.
LOAD_OBJS := $(patsubst %.c,%.o,$(call from_src,src/load/*.c))

# The install script is its topics in order.
SCRIPT_PARTS := $(addprefix $(SRC),$(call from_src,sql/install/*.sql))
DATA := $(call from_src,sql/vecprov--*--*.sql)
DATA_built = sql/vecprov--$(EXTVERSION).sql

# Tests in the order of the rooms, then what belongs to no room.
TESTS := $(patsubst sql/%.sql,%,$(filter-out sql/vecprov--%,$(call from_src,sql/*.sql)))
REGRESS := $(foreach room,base type page am capacity replica inspect,$(filter $(room)_%,$(TESTS)))
REGRESS += $(filter-out $(REGRESS),$(TESTS))
REGRESS_OPTS = --load-extension=vecprov
ISOLATION := $(patsubst test/specs/%.spec,%,$(call from_src,test/specs/*.spec))
ISOLATION_OPTS = --inputdir=$(SRC)test --load-extension=vecprov

WARNINGS = -Wall -Wextra -Wundef -Wmissing-prototypes -Wshadow -Wimplicit-fallthrough \
	-Wno-unused-parameter -Wno-sign-compare
# A server that vecprov cannot be built for is told of in one line: errors that follow are not.
WARNINGS += -Wfatal-errors
PG_CPPFLAGS = -I$(SRC)src -isystem $(includedir_server) -DVP_VERSION='"$(EXTVERSION)"'
PG_CPPFLAGS += $(if $(filter 1,$(UNKNOWN_VERSION)),-DVP_UNKNOWN_VERSION)
PG_CPPFLAGS += $(if $(NO_SERVER_INTERNALS),-DVP_SERVER_INTERNALS=0)
# assert() of plain C is on with Assert(), by COPT=-DUSE_ASSERT_CHECKING.
PG_CPPFLAGS += $(if $(findstring USE_ASSERT_CHECKING,$(COPT)),,-DNDEBUG)
PG_CFLAGS = -O3 -fvisibility=hidden -MMD -MP $(WARNINGS)
EXTRA_CLEAN = $(wildcard src/*.[od] src/*/*.[od]) vecprov-load tmp_check log

# No bitcode: the kernels are reached through pointers, so there is nothing that
# the JIT could inline, and clang need not be installed.
override with_llvm = no

.PHONY: test soak test-clients test-load test-monitoring monitoring-curves cluster-demo test-chroot matrix deb \
	test-setup demo bench \
	bench-graph bench-curves scale unit \
	check-includes check-headers check-meta check-symbols check-scripts check-indent \
	check-warnings check-analysis objects indent typedefs hint no-load install-load uninstall-load FORCE
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
# PGXS has the options of the compiler that the server was built with; clang does not know all of gcc's.
override CFLAGS += $(shell $(CC) --version 2>/dev/null | grep -q clang && \
	echo -Wno-unknown-warning-option -Wno-ignored-optimization-argument -Wno-ignored-attributes)
SHLIB_LINK += -lm

# Elsewhere, the compiler finds no directories to write to.
ifneq ($(abspath $(SRC)),$(CURDIR))
$(shell mkdir -p sql $(sort $(dir $(OBJS) $(LOAD_OBJS))))
endif

$(DATA_built): $(SCRIPT_PARTS) $(SRC)sql/install $(SRC)vecprov.control
	cat $(filter %.sql,$^) > $@

src/base/loaded.o: $(SRC)vecprov.control

-include $(OBJS:.o=.d)

# Objects of the two kinds of library do not mix: this file is written anew when the kind is another.
src/kind.d: FORCE
	@echo '# NO_SERVER_INTERNALS=$(NO_SERVER_INTERNALS)' | cmp -s - $@ || \
		echo '# NO_SERVER_INTERNALS=$(NO_SERVER_INTERNALS)' >$@

$(OBJS): src/kind.d

check-symbols: all

objects: $(OBJS)

# What vecprov-load needs besides the server: without it, all else is built.
lacks = $(shell printf '\043include <$(1)>\n' | $(CC) -I'$(includedir)' -E -x c - >/dev/null 2>&1 || echo '$(2)')
LOAD_LACKS := $(strip $(call lacks,libpq-fe.h,libpq-dev) $(call lacks,jansson.h,libjansson-dev))
ifeq ($(LOAD_LACKS),)

all: vecprov-load
install: install-load
uninstall: uninstall-load
objects: $(LOAD_OBJS)

$(LOAD_OBJS): override CPPFLAGS += -I'$(includedir)'

vecprov-load: $(LOAD_OBJS)
	$(CC) $(filter-out -fopenmp,$(CFLAGS)) $(LOAD_OBJS) $(LDFLAGS) $(LDFLAGS_EX) -lpq -ljansson -lm -lpthread -o $@

install-load: vecprov-load
	$(MKDIR_P) '$(DESTDIR)$(bindir)'
	$(INSTALL_PROGRAM) vecprov-load '$(DESTDIR)$(bindir)/vecprov-load'

uninstall-load:
	rm -f '$(DESTDIR)$(bindir)/vecprov-load'

-include $(LOAD_OBJS:.o=.d)

else

all: no-load

no-load:
	@echo "vecprov-load is left out, for want of $(LOAD_LACKS) (the names of Debian's packages)"

endif

else

all install uninstall clean installcheck check-symbols objects: hint

endif

# One line that tells what is missing to build.
hint:
	@LC_ALL=C PG_CONFIG='$(PG_CONFIG)' CC='$(CC)' $(SRC)test/setup hint

# These find or install what they need by themselves.
test:
	+@PG_CONFIG='$(PG_CONFIG)' CC='$(CC)' MAKE='$(MAKE)' SEED='$(SEED)' $(SRC)test/run

soak:
	+@PG_CONFIG='$(PG_CONFIG)' CC='$(CC)' MAKE='$(MAKE)' MINUTES='$(MINUTES)' SEED='$(SEED)' CONF='$(CONF)' $(SRC)test/soak/run

test-clients:
	+@PG_CONFIG='$(PG_CONFIG)' CC='$(CC)' MAKE='$(MAKE)' $(SRC)test/clients/run

test-load:
	+@PG_CONFIG='$(PG_CONFIG)' CC='$(CC)' MAKE='$(MAKE)' RECORDS='$(RECORDS)' SEED='$(SEED)' $(SRC)test/load/run

test-monitoring:
	+@PG_CONFIG='$(PG_CONFIG)' CC='$(CC)' MAKE='$(MAKE)' $(SRC)test/monitoring/run

monitoring-curves:
	+@PG_CONFIG='$(PG_CONFIG)' CC='$(CC)' MAKE='$(MAKE)' $(SRC)test/monitoring/run curves $(SRC)doc/monitoring/curves.svg

cluster-demo:
	+@PG_CONFIG='$(PG_CONFIG)' CC='$(CC)' MAKE='$(MAKE)' SHARDS='$(SHARDS)' \
		$(SRC)test/cluster/$(if $(SHARDS),shards,run)

test-chroot:
	@$(SRC)test/chroot $(SUITE) $(CHROOT)

matrix:
	@QUICK='$(QUICK)' MATRIX_DIR='$(MATRIX_DIR)' $(SRC)test/matrix $(VERSIONS)

deb:
	@DEB_DIR='$(DEB_DIR)' MATRIX_DIR='$(MATRIX_DIR)' $(SRC)test/deb $(SUITES)

demo:
	+@PG_CONFIG='$(PG_CONFIG)' CC='$(CC)' MAKE='$(MAKE)' $(SRC)test/demo/run

# DATA of the command line is for the benchmark, not for the make that builds.
bench:
	+@PG_CONFIG='$(PG_CONFIG)' CC='$(CC)' MAKE='$(MAKE)' MAKEFLAGS= $(SRC)test/sandbox.sh test/bench/run

bench-graph:
	@CC='$(CC)' $(SRC)test/bench/graph

scale:
	@$(SRC)test/bench/scale

bench-curves:
	@$(SRC)test/bench/curves

unit:
	@CC='$(CC)' $(SRC)test/unit/run

test-setup:
	@$(SRC)test/setup-roots $(CASES)

# As PostgreSQL lays it out; check-indent shows what is not.
indent:
	@PG_CONFIG='$(PG_CONFIG)' $(SRC)test/indent

typedefs: all
	@PG_CONFIG='$(PG_CONFIG)' $(SRC)test/indent typedefs

check-indent:
	@PG_CONFIG='$(PG_CONFIG)' $(SRC)test/indent check

check-includes check-headers check-meta check-symbols check-scripts check-warnings check-analysis:
	@PG_CONFIG='$(PG_CONFIG)' CC='$(CC)' NO_SERVER_INTERNALS='$(NO_SERVER_INTERNALS)' $(SRC)test/$@
