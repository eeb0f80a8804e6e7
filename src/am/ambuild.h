/*-------------------------------------------------------------------------
 *
 * ambuild.h
 *	  ambuild and ambuildempty.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_AMBUILD_H
#define VP_AMBUILD_H

#include "access/genam.h"
#include "nodes/execnodes.h"

#include "page/format.h"

/* Subphases of a build, for pg_stat_progress_create_index. */
typedef enum VpBuildPhase
{
	VP_PHASE_INITIALIZING = 1,	/* PROGRESS_CREATEIDX_SUBPHASE_INITIALIZE */
	VP_PHASE_LOADING,
	VP_PHASE_ORDERING,
	VP_PHASE_LINKING,
	VP_PHASE_WRITING,
	VP_PHASE_LOGGING
} VpBuildPhase;

extern IndexBuildResult *vp_build(Relation heap, Relation rel, IndexInfo *info);
extern void vp_build_empty(Relation rel);

/* Is a metapage's constant part what a build would write?  A VpMetaCompare (page/damage.h). */
extern const char *vp_meta_compare(Relation rel, const VpMeta *meta);

#endif							/* VP_AMBUILD_H */
