/*-------------------------------------------------------------------------
 *
 * load_row.h
 *	  Makes rows for COPY of records: fields of the file go to columns of the table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_LOAD_ROW_H
#define VP_LOAD_ROW_H

#include "load/load_fields.h"

/*
 * Appends a record's row to *rows; number: of the record in its file, from 1;
 * ordinal: in its batch. False: the record is bad, *error says why, and
 * nothing is appended.
 */
extern bool ld_row(const LdFields *fields, const char *data, size_t len, int64_t number, int ordinal,
				   LdText *rows, LdError *error);

#endif							/* VP_LOAD_ROW_H */
