/*-------------------------------------------------------------------------
 *
 * load_build.h
 *	  --build: makes an index after the load, and tells how far that is.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_LOAD_BUILD_H
#define VP_LOAD_BUILD_H

#include <signal.h>

#include "load/load_table.h"

/* Returns when the index is there.  *stop 1: it is cancelled; 2: and not waited for. */
extern bool ld_build(const LdOptions *options, const LdTable *table, bool bar,
					 const volatile sig_atomic_t *stop, LdError *error);

#endif							/* VP_LOAD_BUILD_H */
