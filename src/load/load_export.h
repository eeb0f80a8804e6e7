/*-------------------------------------------------------------------------
 *
 * load_export.h
 *	  --export: writes a table, or the rows of a query, in the formats that are read.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_LOAD_EXPORT_H
#define VP_LOAD_EXPORT_H

#include "load/load_conn.h"
#include "load/load_options.h"

/* Writes, unless stop_fd becomes readable before the end.  *records is how many were. */
extern bool ld_export(const LdOptions *options, int stop_fd, int64_t *records, LdError *error);

#endif							/* VP_LOAD_EXPORT_H */
