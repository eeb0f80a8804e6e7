/*-------------------------------------------------------------------------
 *
 * old_version.h
 *	  The version of a row that a new one replaces.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_OLD_VERSION_H
#define VP_OLD_VERSION_H

#include "nodes/execnodes.h"
#include "storage/itemptr.h"

/* For the library's load. */
extern void vp_old_version_define(void);

/*
 * An update has written the version `tid`, and an index is about to get it, in the statement of
 * `info`.  *size: the size of the record of the version before; that of the new one, which it comes
 * with, stays if it cannot be told.  False: the version before is no record of the index.
 */
extern bool vp_replaces_record(Relation rel, Relation heap, IndexInfo *info, ItemPointer tid,
							   uint32 *size);

#endif							/* VP_OLD_VERSION_H */
