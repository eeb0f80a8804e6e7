/*-------------------------------------------------------------------------
 *
 * load_help.c
 *	  vecprov-load --help.  doc/vecprov-load.md says the same at more length; a
 *	  test compares the names of options.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>

#include "load/load_help.h"

static const char help[] =
"vecprov-load loads records from files into a table, in batches over several connections.\n"
"\nUsage:\n"
"  vecprov-load [OPTION]... --table TABLE [FILE]...        loads; no FILE, or -: standard input\n"
"  vecprov-load [OPTION]... --table TABLE --from-pgvector CONNECTION --source-table TABLE\n"
"  vecprov-load [OPTION]... --table TABLE --retry-dead-letters FILE...\n"
"  vecprov-load [OPTION]... --table TABLE --export FILE    writes; -: standard output\n"
"\nServer:\n"
"  -d, --dbname=CONNECTION   database, or a connection string; several hosts are tried in turn\n"
"  -t, --table=TABLE         table to load, as SQL writes its name\n"
"      --set=NAME=VALUE      setting for each transaction; can be repeated\n"
"\nInput:\n"
"  -f, --format=FORMAT       csv, tsv (COPY's text), jsonl, binary (COPY's), fvecs, bvecs, npy;\n"
"                            by default what the name of the file ends with\n"
"      --columns=LIST        columns of the table, in the order of the file's fields\n"
"      --map=FROM=TO,...     fields of the file that have other names than the columns\n"
"      --ignore-extra        leave out fields that the table has no column for\n"
"      --header, --no-header the first line names the fields (csv: yes, tsv: no)\n"
"      --delimiter=C --quote=C --escape=C --null=STRING    of csv\n"
"      --id-column=COLUMN    fvecs, bvecs, npy: gets the number of the record\n"
"      --first-id=N          the number of the first (1)\n"
"      --from-pgvector=CONNECTION    reads another database instead of files\n"
"      --source-table=TABLE, --query=SELECT    what is read there, or exported here\n"
"\nLoading:\n"
"      --upsert=KEY          records whose key is there replace the row; KEY: columns with a\n"
"                            unique index\n"
"  -c, --connections=N       connections that load (4)\n"
"      --batch-records=N     records of a batch at most (1000)\n"
"      --batch-bytes=N       bytes of a batch at most, as read (2000000)\n"
"      --rate=N              records a second at most, over all connections\n"
"      --build=DEFINITION    makes an index afterwards: USING vecprov (...) [WITH ...], or a\n"
"                            whole CREATE INDEX statement\n"
"\nErrors:\n"
"      --attempts=N          attempts of a batch (10); refusals by limits do not count\n"
"      --deadline=SECONDS    time for a batch, all attempts and refusals together (600)\n"
"      --backoff=SECONDS     wait before the second attempt at most; doubled each time (0.1)\n"
"      --backoff-cap=SECONDS     but not beyond this (30)\n"
"      --dead-letters=FILE   appends records that cannot be loaded, with the reason\n"
"      --dead-letter-table=TABLE     the same into a table, which is made if it is not there\n"
"      --max-dead-letters=N  stop when there are more\n"
"      --retry-dead-letters  loads what is in such files, or in the table\n"
"      --progress-table=TABLE    notes in each batch's transaction that it is loaded; made if\n"
"                            it is not there\n"
"      --resume              goes on where the load of that name ended; needs --progress-table\n"
"      --load-name=NAME      name of the load in tables (the name of the table)\n"
"\nOutput:\n"
"      --export=FILE         writes the table, or the --query, in a --format\n"
"      --progress=KIND       bar, lines (one every 5 seconds), none, auto\n"
"      --report=FILE         the report in JSON at the end; -: standard output (the default)\n"
"      --log-level=LEVEL     error, warning, info, debug (info)\n"
"      --log-file=FILE       instead of standard error; appended to\n"
"      --log-format=FORMAT   text, or json: a line an event\n"
"      --log-table=TABLE     a row a batch; made if it is not there\n"
"  -V, --version             -h, --help\n"
"\nExit status: 0 all is loaded; 1 nothing was begun; 2 some records are dead letters; 3 the load\n"
"stopped; 130 it was interrupted. Ctrl-C lets batches under way end; twice cancels them.\n";

void
ld_print_help(void)
{
	fputs(help, stdout);
}
