#!/usr/bin/env bash
# PostgreSQL's source formatter, pg_bsd_indent, takes hexadecimal floating-point constants apart, and
# the code that it writes does not compile.
#
# A good guess: a formatter changes white space between tokens, so that code which compiled before
# compiles after it, and it says so when it does not understand something. But it reads 0x1p-24f
# (C99's way to write 2 to the power of -24 exactly) as the number 0x1, a name p, an operator, and
# another number, and writes 0x1 p - 24f. It prints nothing, and its exit status is 0. Decimal
# exponents, and hexadecimal integers, stay as they are.
#
# What follows: where code is laid out by it, write such constants in another way, 1.0f / 16777216;
# and compile what it has written before it is committed.
#
# Needs Debian 12 with gcc, and apt; takes some seconds. Package (pinned): pg-bsd-indent 2.1.1-4
# Seen on 2026-11-30:
#	float		f = 0x1 p - 24f;
set -euo pipefail

version=2.1.1-4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cd "$work"
apt-get -q download "pg-bsd-indent=$version" >/dev/null 2>&1
dpkg -x pg-bsd-indent_* root

printf 'float f = 0x1p-24f;\ndouble d = 1e-7;\nint i = 0x1E;\n' >constants.c
: >types
gcc -c -o before.o constants.c
root/usr/bin/pg_bsd_indent -ts4 -Utypes constants.c >said 2>&1 && status=0 || status=$?

echo "pg_bsd_indent $version: exit status $status, $(wc -c <said) bytes of output; the file is now"
cat constants.c
grep -q '0x1 p - 24f' constants.c
grep -q '1e-7' constants.c
grep -q '0x1E' constants.c
[ "$status" = 0 ] && [ ! -s said ]
if gcc -c -o after.o constants.c 2>errors; then
	echo "it compiles: this has changed"
	exit 1
fi
echo "and does not compile:"
grep -m 1 error errors
