/*-------------------------------------------------------------------------
 *
 * load_letters.h
 *	  Dead letters: records that cannot be loaded, with the reason, in a file or a table.
 *
 * A letter is a line of JSON: load, file, record, line, sqlstate, message, time, and the record: as
 * "values" by column (texts that the columns' types read, null, or {"hex": ...} for what is not
 * UTF-8), as "binary" in hexadecimal digits with "columns", or as "raw" (or "raw_hex") if it could
 * not be read.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_LOAD_LETTERS_H
#define VP_LOAD_LETTERS_H

#include <libpq-fe.h>

#include "load/load_done.h"
#include "load/load_reader.h"

/* Opens the file, or makes the table if it is not there; nothing if neither is asked for. */
extern bool ld_letters_begin(const LdOptions *options, const LdDone *done, PGconn *conn, LdError *error);

/* The letter of a record; row: as it was made for COPY, NULL if it could not be. */
extern void ld_letter_make(LdText *letter, const LdOptions *options, const LdTable *table, const LdBatch *batch,
						   const LdRecord *record, const char *row, size_t row_len, const LdError *why);

/* Appends a letter to the file, on disk if `sync`. */
extern bool ld_letter_write(const char *letter, bool sync, LdError *error);

/* INSERT of a letter into the table. */
extern char *ld_letter_insert(const LdOptions *options, PGconn *conn, const char *letter, const char *file,
							  const LdRecord *record, const LdError *why);

#endif							/* VP_LOAD_LETTERS_H */
