/*-------------------------------------------------------------------------
 *
 * memory.h
 *	  What indexes need in memory, and what is promised to them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_MEMORY_H
#define VP_MEMORY_H

#include "base/compat.h"

#include "catalog/pg_class.h"
#include "nodes/pg_list.h"

#include "base/options.h"
#include "capacity/tier.h"
#include "page/format.h"

/* What vp_index_look found. */
typedef struct VpIndexLook
{
	bool		sound;			/* meta is filled */
	VpMeta		meta;
	BlockNumber nblocks;		/* of its file; 0 if that is not there, or
								 * cannot be looked at */
	char	   *problem;		/* palloc'd: what is wrong with the index;
								 * NULL: nothing */
} VpIndexLook;

/*
 * Reads the metapage of an index that may be damaged, so that one such index is no error for
 * a caller that looks at many.  Neither sound nor a problem: it has no pages that can be read here (those
 * of other sessions' temporary indexes, of unlogged ones on a standby), or none yet.
 */
extern void vp_index_look(Relation rel, VpIndexLook *look);

/*
 * Calls for each vecprov index of this database, as the catalogue has it now, without opening
 * it; with those of partitioned tables, which hold nothing, if `partitioned` is set.
 */
typedef void (*VpIndexCall) (Form_pg_class form, const VpWish *wish, void *arg);
extern void vp_each_index(bool partitioned, VpIndexCall call, void *arg);

/* This part of shared buffers may be pinned at most; the rest is for the server to work with. */
#define VP_MEMORY_PERCENT	70

/* What a tier promises to keep in memory of an index, beside all others. */
typedef struct VpMemory
{
	int64		need;			/* bytes of the index as it is */
	int64		promised;		/* to all others of the server that are
								 * provisioned */
	int64		limit;			/* of all together */
} VpMemory;

extern void vp_memory_get(Relation rel, const VpTier *tier, VpMemory *memory);

/*
 * Bytes that are promised to indexes of the server, but for these of this
 * database.
 */
extern int64 vp_memory_promised(List *except);

/* Of VpMemory, the limit alone. */
extern int64 vp_memory_limit(void);

/*
 * Bytes that a tier promises to keep in memory: of an index as it is; of a damaged
 * one, whose layout is not known, all of its file; of one that has so many blocks.
 */
extern int64 vp_memory_need(Relation rel, const VpTier *tier);
extern int64 vp_memory_of(const VpMeta *meta, BlockNumber nblocks, const VpTier *tier);

#define VpMemoryHolds(memory)	((memory)->need <= (memory)->limit - (memory)->promised)

/* Megabytes of shared_buffers in which the index would be full to this part. */
extern int64 vp_memory_advised(const VpMemory *memory, double fullness);

/* For messages: the figures, and what to do. */
extern char *vp_memory_detail(const VpMemory *memory);
extern char *vp_memory_hint(const VpMemory *memory);

#endif							/* VP_MEMORY_H */
