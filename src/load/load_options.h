/*-------------------------------------------------------------------------
 *
 * load_options.h
 *	  What the command line asks for.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_LOAD_OPTIONS_H
#define VP_LOAD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define LD_MAX_CONNECTIONS 256

typedef enum LdFormat
{
	LD_FORMAT_UNKNOWN,
	LD_CSV,
	LD_TSV,						/* the text format of COPY */
	LD_JSONL,
	LD_BINARY,					/* the binary format of COPY */
	LD_FVECS,
	LD_BVECS,
	LD_NPY,
	LD_LETTERS					/* dead letters: see load_letters.h */
} LdFormat;

typedef enum LdLevel
{
	LD_ERROR, LD_WARNING, LD_INFO, LD_DEBUG
} LdLevel;

typedef enum LdProgressKind
{
	LD_PROGRESS_AUTO, LD_PROGRESS_BAR, LD_PROGRESS_LINES, LD_PROGRESS_NONE
} LdProgressKind;

/* Strings point into argv; NULL or 0 where an option was not given, unless a default is named. */
typedef struct LdOptions
{
	const char *dbname;			/* a name, or a connection string; "" by
								 * default */
	const char *table;
	char	  **files;
	int			nfiles;

	LdFormat	format;
	const char *columns;		/* names, separated by commas */
	const char *map;			/* FROM=TO, separated by commas */
	bool		ignore_extra;
	bool		header;			/* on for CSV by default */
	char		delimiter;
	char		quote;
	char		escape;			/* the quote by default */
	const char *null;			/* "" by default */
	const char *id_column;
	int64_t		first_id;
	const char *from_pgvector;	/* connection string of the source */
	const char *source_table;
	const char *query;

	const char *upsert;			/* names, separated by commas */
	int			connections;
	int			batch_records;
	int64_t		batch_bytes;
	double		rate;			/* records a second; 0: no limit */
	const char *set[32];		/* NAME=VALUE */
	int			nset;

	int			attempts;
	double		deadline;		/* seconds */
	double		backoff;
	double		backoff_cap;

	const char *dead_letters;
	const char *dead_letter_table;
	int64_t		max_dead_letters;	/* -1: any number */
	bool		retry_dead_letters;
	bool		resume;
	const char *progress_table;
	const char *load_name;		/* the name of the table by default */

	const char *build;
	const char *export;			/* a file, or "-" */

	LdLevel		log_level;
	const char *log_file;
	bool		log_json;
	const char *log_table;
	LdProgressKind progress;
	const char *report;
} LdOptions;

/* Prints what is wrong, and ends the program with status 1, unless the command line can be done. */
extern void ld_options_parse(LdOptions *options, int argc, char **argv);

#endif							/* VP_LOAD_OPTIONS_H */
