/*-------------------------------------------------------------------------
 *
 * manifest.h
 *	  The manifest: which runs there are, and where the recent pages begin.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_MANIFEST_H
#define VP_MANIFEST_H

#include "page/store.h"

/* A manifest as it was read, in the current memory context. */
typedef struct VpManifest
{
	BlockNumber first;			/* its pages; 0: there is none yet */
	BlockNumber last;
	uint32		generation;
	BlockNumber recent_first;	/* 0: none */
	int			nruns;
	VpRun	   *runs;
} VpManifest;

/*
 * Reads it: by a search that has a snapshot, or with the postings lock, so that
 * what it leads to stays.  Raises an error for runs that cannot be.
 */
extern void vp_manifest_read(const VpStore *store, VpManifest *manifest);

/*
 * Writes it to pages of the pool that nobody knows of: sets first and last.  Of
 * a relation whose postings lock the caller has.
 */
extern void vp_manifest_write(const VpStore *store, Relation heap, VpManifest *manifest);

/* Makes it the index's, which has so many recent pages fewer. */
extern void vp_manifest_use(const VpStore *store, const VpManifest *manifest, uint32 recent_fewer);

/* The metapage's pool, as of one moment. */
extern void vp_pool_state(const VpStore *store, VpPool *pool);

#endif							/* VP_MANIFEST_H */
