/*-------------------------------------------------------------------------
 *
 * load_export.h
 *	  --export: writes a table, or the rows of a query, in the formats that are read.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_LOAD_EXPORT_H
#define VP_LOAD_EXPORT_H

#include <signal.h>

#include "load/load_conn.h"
#include "load/load_options.h"

/* Writes, until *stop is not 0.  *records is how many were. */
extern bool ld_export(const LdOptions *options, const volatile sig_atomic_t *stop, int64_t *records,
					  LdError *error);

#endif							/* VP_LOAD_EXPORT_H */
