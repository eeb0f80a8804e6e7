/*-------------------------------------------------------------------------
 *
 * pool_census.h
 *	  What each page of the pool is for.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_POOL_CENSUS_H
#define VP_POOL_CENSUS_H

#include "page/manifest.h"

/* What the census is of: the pool, and ids in its chunks are below next_id. */
typedef struct VpCensus
{
	VpPool		pool;
	uint32		next_id;
} VpCensus;

/*
 * Calls for each page of the pool that is in a structure or waits, once for
 * each that leads to it; none else are lost but those of the pool's fresh ones.
 * The caller has the postings lock, or keeps all others from the index.
 */
typedef void (*VpCensusCall) (BlockNumber block, void *arg);

extern void vp_pool_census(const VpStore *store, const VpManifest *manifest,
						   VpCensusCall call, void *arg, VpCensus *census);

/* Calls for each page of the pool's chunks that was ever used. */
extern void vp_pool_each_used(const VpStore *store, const VpCensus *census,
							  VpCensusCall call, void *arg);

/*
 * After a process that wrote runs has not come to its end: gives back the pages
 * of the pool to which nothing leads.  The caller has the postings lock, or
 * nobody else knows of the index.
 */
extern void vp_pool_find_lost(const VpStore *store, const VpManifest *manifest);

#endif							/* VP_POOL_CENSUS_H */
