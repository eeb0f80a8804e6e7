/*-------------------------------------------------------------------------
 *
 * limit.h
 *	  Limits of reads and writes a second: rows of vecprov.limits.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_LIMIT_H
#define VP_LIMIT_H

#include "utils/relcache.h"

/*
 * Is there a limit of what may be read of an index?  If not, nobody needs to
 * know how much a search reads.
 */
extern bool vp_limit_reads(Relation rel);

/*
 * A search of so many bytes of records is about to begin, or a record about to
 * be written by a statement whose records are *request bytes so far, to which
 * it is added: ereports when a limit does not allow it now, or when the index
 * has a limit and there is no meter to count by.  Otherwise it is taken as
 * done.  Nothing is looked up, nor anything shared touched, while there are no
 * limits.
 */
extern void vp_limit_read(Relation rel, uint64 bytes);
extern void vp_limit_write(Relation rel, int64 *request, uint32 size, uint32 vector_bytes);

#endif							/* VP_LIMIT_H */
