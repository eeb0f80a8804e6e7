/*-------------------------------------------------------------------------
 *
 * amvacuum.h
 *	  ambulkdelete and amvacuumcleanup.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_AMVACUUM_H
#define VP_AMVACUUM_H

#include "access/genam.h"

extern IndexBulkDeleteResult *vp_bulk_delete(IndexVacuumInfo *info, IndexBulkDeleteResult *stats,
											 IndexBulkDeleteCallback callback, void *arg);
extern IndexBulkDeleteResult *vp_vacuum_cleanup(IndexVacuumInfo *info, IndexBulkDeleteResult *stats);

#endif							/* VP_AMVACUUM_H */
