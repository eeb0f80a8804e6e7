/*-------------------------------------------------------------------------
 *
 * load_options.c
 *	  What the command line asks for.
 *
 *-------------------------------------------------------------------------
 */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load/load_help.h"
#include "load/load_options.h"
#include "load/load_text.h"

#define lengthof(array) (sizeof(array) / sizeof((array)[0]))

enum
{
	OPT_COLUMNS = 256, OPT_MAP, OPT_IGNORE_EXTRA, OPT_HEADER, OPT_NO_HEADER, OPT_DELIMITER,
	OPT_QUOTE, OPT_ESCAPE, OPT_NULL, OPT_ID_COLUMN, OPT_FIRST_ID, OPT_FROM_PGVECTOR,
	OPT_SOURCE_TABLE, OPT_QUERY, OPT_UPSERT, OPT_BATCH_RECORDS, OPT_BATCH_BYTES, OPT_RATE,
	OPT_SET, OPT_ATTEMPTS, OPT_DEADLINE, OPT_BACKOFF, OPT_BACKOFF_CAP, OPT_DEAD_LETTERS,
	OPT_DEAD_LETTER_TABLE, OPT_MAX_DEAD_LETTERS, OPT_RETRY_DEAD_LETTERS, OPT_RESUME,
	OPT_PROGRESS_TABLE, OPT_LOAD_NAME, OPT_BUILD, OPT_EXPORT, OPT_LOG_LEVEL, OPT_LOG_FILE,
	OPT_LOG_FORMAT, OPT_LOG_TABLE, OPT_PROGRESS, OPT_REPORT
};

static const struct option long_options[] = {
	{"dbname", required_argument, NULL, 'd'},
	{"table", required_argument, NULL, 't'},
	{"format", required_argument, NULL, 'f'},
	{"connections", required_argument, NULL, 'c'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{"columns", required_argument, NULL, OPT_COLUMNS},
	{"map", required_argument, NULL, OPT_MAP},
	{"ignore-extra", no_argument, NULL, OPT_IGNORE_EXTRA},
	{"header", no_argument, NULL, OPT_HEADER},
	{"no-header", no_argument, NULL, OPT_NO_HEADER},
	{"delimiter", required_argument, NULL, OPT_DELIMITER},
	{"quote", required_argument, NULL, OPT_QUOTE},
	{"escape", required_argument, NULL, OPT_ESCAPE},
	{"null", required_argument, NULL, OPT_NULL},
	{"id-column", required_argument, NULL, OPT_ID_COLUMN},
	{"first-id", required_argument, NULL, OPT_FIRST_ID},
	{"from-pgvector", required_argument, NULL, OPT_FROM_PGVECTOR},
	{"source-table", required_argument, NULL, OPT_SOURCE_TABLE},
	{"query", required_argument, NULL, OPT_QUERY},
	{"upsert", required_argument, NULL, OPT_UPSERT},
	{"batch-records", required_argument, NULL, OPT_BATCH_RECORDS},
	{"batch-bytes", required_argument, NULL, OPT_BATCH_BYTES},
	{"rate", required_argument, NULL, OPT_RATE},
	{"set", required_argument, NULL, OPT_SET},
	{"attempts", required_argument, NULL, OPT_ATTEMPTS},
	{"deadline", required_argument, NULL, OPT_DEADLINE},
	{"backoff", required_argument, NULL, OPT_BACKOFF},
	{"backoff-cap", required_argument, NULL, OPT_BACKOFF_CAP},
	{"dead-letters", required_argument, NULL, OPT_DEAD_LETTERS},
	{"dead-letter-table", required_argument, NULL, OPT_DEAD_LETTER_TABLE},
	{"max-dead-letters", required_argument, NULL, OPT_MAX_DEAD_LETTERS},
	{"retry-dead-letters", no_argument, NULL, OPT_RETRY_DEAD_LETTERS},
	{"resume", no_argument, NULL, OPT_RESUME},
	{"progress-table", required_argument, NULL, OPT_PROGRESS_TABLE},
	{"load-name", required_argument, NULL, OPT_LOAD_NAME},
	{"build", required_argument, NULL, OPT_BUILD},
	{"export", required_argument, NULL, OPT_EXPORT},
	{"log-level", required_argument, NULL, OPT_LOG_LEVEL},
	{"log-file", required_argument, NULL, OPT_LOG_FILE},
	{"log-format", required_argument, NULL, OPT_LOG_FORMAT},
	{"log-table", required_argument, NULL, OPT_LOG_TABLE},
	{"progress", required_argument, NULL, OPT_PROGRESS},
	{"report", required_argument, NULL, OPT_REPORT},
	{NULL, 0, NULL, 0}
};

static const char *const formats[] = {
	[LD_FORMAT_UNKNOWN] = "",[LD_CSV] = "csv",[LD_TSV] = "tsv",[LD_JSONL] = "jsonl",
	[LD_BINARY] = "binary",[LD_FVECS] = "fvecs",[LD_BVECS] = "bvecs",[LD_NPY] = "npy"
};
static const char *const levels[] = {"error", "warning", "info", "debug"};
static const char *const progress_kinds[] = {"auto", "bar", "lines", "none"};
static const char *const log_formats[] = {"text", "json"};

static void usage(const char *format,...) LD_PRINTF(1, 2) __attribute__((noreturn));

/* Prints what is wrong and ends the program. */
static void
usage(const char *format,...)
{
	va_list		list;

	fputs("vecprov-load: ", stderr);
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputs("\nTry \"vecprov-load --help\".\n", stderr);
	exit(1);
}

/* The name of a long option by its value in the table. */
static const char *
option_name(int value)
{
	for (const struct option *option = long_options; option->name != NULL; option++)
		if (option->val == value)
			return option->name;
	return "?";
}

static int64_t
get_int(int option, const char *value, int64_t least, int64_t most)
{
	int64_t		number;

	if (!ld_parse_int(value, least, most, &number))
		usage("--%s takes a number from %lld to %lld, not \"%s\"", option_name(option),
			  (long long) least, (long long) most, value);
	return number;
}

static double
get_double(int option, const char *value, double least, double most)
{
	double		number;

	if (!ld_parse_double(value, least, most, &number))
		usage("--%s takes a number from %g to %g, not \"%s\"", option_name(option), least, most, value);
	return number;
}

static char
get_char(int option, const char *value)
{
	if (strlen(value) != 1 || strchr("\r\n", value[0]) != NULL)
		usage("--%s takes one character, not \"%s\"", option_name(option), value);
	return value[0];
}

/* The place of a word in a list of them. */
static int
get_word(int option, const char *value, const char *const *words, int n)
{
	for (int i = 0; i < n; i++)
		if (words[i][0] != '\0' && strcmp(words[i], value) == 0)
			return i;
	usage("--%s: \"%s\" is not known", option_name(option), value);
}

/* Options about the input; false: it is another one. */
static bool
input_option(LdOptions *options, int option, const char *value)
{
	switch (option)
	{
		case 'f':
			options->format = (LdFormat) get_word(option, value, formats, lengthof(formats));
			return true;
		case OPT_COLUMNS:
			options->columns = value;
			return true;
		case OPT_MAP:
			options->map = value;
			return true;
		case OPT_IGNORE_EXTRA:
			options->ignore_extra = true;
			return true;
		case OPT_DELIMITER:
			options->delimiter = get_char(option, value);
			return true;
		case OPT_QUOTE:
			options->quote = get_char(option, value);
			return true;
		case OPT_ESCAPE:
			options->escape = get_char(option, value);
			return true;
		case OPT_NULL:
			options->null = value;
			return true;
		case OPT_ID_COLUMN:
			options->id_column = value;
			return true;
		case OPT_FIRST_ID:
			options->first_id = get_int(option, value, INT64_MIN / 2, INT64_MAX / 2);
			return true;
		case OPT_FROM_PGVECTOR:
			options->from_pgvector = value;
			return true;
		case OPT_SOURCE_TABLE:
			options->source_table = value;
			return true;
		case OPT_QUERY:
			options->query = value;
			return true;
		default:
			return false;
	}
}

/* Options about batches and what happens to those that fail. */
static bool
load_option(LdOptions *options, int option, const char *value)
{
	switch (option)
	{
		case 'c':
			options->connections = get_int(option, value, 1, LD_MAX_CONNECTIONS);
			return true;
		case OPT_UPSERT:
			options->upsert = value;
			return true;
		case OPT_BATCH_RECORDS:
			options->batch_records = get_int(option, value, 1, 1000000);
			return true;
		case OPT_BATCH_BYTES:
			options->batch_bytes = get_int(option, value, 1, 1000000000);
			return true;
		case OPT_RATE:
			options->rate = get_double(option, value, 0.001, 1e9);
			return true;
		case OPT_ATTEMPTS:
			options->attempts = get_int(option, value, 1, 1000000);
			return true;
		case OPT_DEADLINE:
			options->deadline = get_double(option, value, 0, 1e9);
			return true;
		case OPT_BACKOFF:
			options->backoff = get_double(option, value, 0.001, 1e6);
			return true;
		case OPT_BACKOFF_CAP:
			options->backoff_cap = get_double(option, value, 0.001, 1e6);
			return true;
		case OPT_DEAD_LETTERS:
			options->dead_letters = value;
			return true;
		case OPT_DEAD_LETTER_TABLE:
			options->dead_letter_table = value;
			return true;
		case OPT_MAX_DEAD_LETTERS:
			options->max_dead_letters = get_int(option, value, 0, INT64_MAX);
			return true;
		case OPT_RETRY_DEAD_LETTERS:
			options->retry_dead_letters = true;
			return true;
		case OPT_RESUME:
			options->resume = true;
			return true;
		case OPT_PROGRESS_TABLE:
			options->progress_table = value;
			return true;
		case OPT_LOAD_NAME:
			options->load_name = value;
			return true;
		default:
			return false;
	}
}

static void
other_option(LdOptions *options, int option, const char *value)
{
	switch (option)
	{
		case 'd':
			options->dbname = value;
			break;
		case 't':
			options->table = value;
			break;
		case OPT_SET:
			if (strchr(value, '=') == NULL || value[0] == '=')
				usage("--set takes NAME=VALUE, not \"%s\"", value);
			if (options->nset == (int) lengthof(options->set))
				usage("--set can be given %d times at most", (int) lengthof(options->set));
			options->set[options->nset++] = value;
			break;
		case OPT_BUILD:
			options->build = value;
			break;
		case OPT_EXPORT:
			options->export = value;
			break;
		case OPT_LOG_LEVEL:
			options->log_level = (LdLevel) get_word(option, value, levels, lengthof(levels));
			break;
		case OPT_LOG_FILE:
			options->log_file = value;
			break;
		case OPT_LOG_FORMAT:
			options->log_json = get_word(option, value, log_formats, lengthof(log_formats)) == 1;
			break;
		case OPT_LOG_TABLE:
			options->log_table = value;
			break;
		case OPT_PROGRESS:
			options->progress = (LdProgressKind) get_word(option, value, progress_kinds,
														  lengthof(progress_kinds));
			break;
		case OPT_REPORT:
			options->report = value;
			break;
		case 'h':
			ld_print_help();
			exit(0);
		case 'V':
			printf("vecprov-load %s\n", VP_VERSION);
			exit(0);
		default:				/* getopt has told */
			fputs("Try \"vecprov-load --help\".\n", stderr);
			exit(1);
	}
}

/* The format by what a file's name ends with. */
static LdFormat
format_of(const char *file)
{
	const char *end = strrchr(file, '.');

	if (end == NULL)
		return LD_FORMAT_UNKNOWN;
	if (strcmp(end, ".json") == 0 || strcmp(end, ".ndjson") == 0)
		return LD_JSONL;
	for (unsigned i = 1; i < lengthof(formats); i++)
		if (strcmp(end + 1, formats[i]) == 0)
			return (LdFormat) i;
	return LD_FORMAT_UNKNOWN;
}

static void
choose_format(LdOptions *options)
{
	if (options->retry_dead_letters)
		options->format = LD_LETTERS;
	else if (options->from_pgvector != NULL)
		options->format = LD_TSV;
	else if (options->export != NULL && options->format == LD_FORMAT_UNKNOWN)
		options->format = format_of(options->export);
	for (int i = 0; i < options->nfiles && options->export == NULL; i++)
	{
		LdFormat	format = format_of(options->files[i]);

		if (options->format == LD_FORMAT_UNKNOWN)
			options->format = format;
	}
	if (options->format == LD_FORMAT_UNKNOWN)
		usage("--format is needed: no name of a file tells it");
}

/* What cannot be done together. */
static void
check_together(const LdOptions *options)
{
	LdFormat	format = options->format;
	bool		vectors = format == LD_FVECS || format == LD_BVECS || format == LD_NPY;

	if (options->export != NULL)
	{
		if (options->nfiles > 0 || options->from_pgvector != NULL || options->resume ||
			options->retry_dead_letters || options->build != NULL || options->upsert != NULL)
			usage("--export goes with no file to load, nor with options about loading");
		return;
	}
	if (options->from_pgvector != NULL && options->nfiles > 0)
		usage("--from-pgvector reads a database, not files");
	if (options->from_pgvector != NULL &&
		(options->source_table == NULL) == (options->query == NULL))
		usage("--from-pgvector needs either --source-table or --query");
	if (options->from_pgvector == NULL && (options->source_table != NULL || options->query != NULL))
		usage("--source-table and --query go with --from-pgvector, --query with --export too");
	if (options->resume && options->progress_table == NULL)
		usage("--resume needs --progress-table: a place for the rows that tell what is loaded");
	if (options->progress_table != NULL && options->from_pgvector != NULL)
		usage("--progress-table goes with files: a query may return its rows in another order; use --upsert");
	if (options->dead_letters != NULL && options->dead_letter_table != NULL)
		usage("--dead-letters and --dead-letter-table: one of them");
	if (options->retry_dead_letters && options->nfiles == 0 && options->dead_letter_table == NULL)
		usage("--retry-dead-letters needs files of dead letters, or --dead-letter-table");
	if (options->retry_dead_letters && options->nfiles == 0 && options->progress_table != NULL)
		usage("--progress-table: what is loaded from a dead-letter table is deleted there");
	for (int i = 0; i < options->nfiles; i++)
	{
		if (options->dead_letters != NULL && strcmp(options->files[i], options->dead_letters) == 0)
			usage("--dead-letters \"%s\" is an input file, too", options->files[i]);
		for (int j = 0; j < i; j++)
			if (strcmp(options->files[i], options->files[j]) == 0)
				usage("file \"%s\" is given twice", options->files[i]);
	}
	if (options->id_column != NULL && !vectors)
		usage("--id-column goes with fvecs, bvecs and npy");
	if (options->map != NULL && (vectors || options->format == LD_BINARY))
		usage("--map needs a format with names of fields");
}

void
ld_options_parse(LdOptions *options, int argc, char **argv)
{
	int			option;
	int			header = -1;

	*options = (LdOptions)
	{
		.dbname = "",.delimiter = ',',.quote = '"',.null = "",.first_id = 1,.connections = 4,
			.batch_records = 1000,.batch_bytes = 2000000,.attempts = 10,.deadline = 600,
			.backoff = 0.1,.backoff_cap = 30,.max_dead_letters = -1,.log_level = LD_INFO
	};
	while ((option = getopt_long(argc, argv, "d:t:f:c:hV", long_options, NULL)) != -1)
	{
		if (option == OPT_HEADER || option == OPT_NO_HEADER)
			header = option == OPT_HEADER;
		else if (!input_option(options, option, optarg) && !load_option(options, option, optarg))
			other_option(options, option, optarg);
	}
	options->files = argv + optind;
	options->nfiles = argc - optind;
	if (options->table == NULL && (options->export == NULL || options->query == NULL))
		usage("--table is needed");
	choose_format(options);
	check_together(options);
	options->header = header >= 0 ? header : options->format == LD_CSV;
	if (options->escape == '\0')
		options->escape = options->quote;
	if (options->load_name == NULL)
		options->load_name = options->table;
}
