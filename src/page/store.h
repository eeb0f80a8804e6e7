/*-------------------------------------------------------------------------
 *
 * store.h
 *	  The nodes of an index in its pages.
 *
 * Peeking functions (vp_node_links, vp_node_flags ...) take no lock and may
 * give an answer that is a little old; for an id that does not exist they give
 * a harmless one.  Fetching functions read under a pin and the page's share
 * lock.  All others change pages: each holds its locks only inside, and at most
 * the metapage's together with those of node pages, in this order.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_STORE_H
#define VP_STORE_H

#include "access/transam.h"
#include "storage/buf.h"
#include "utils/relcache.h"

#include "page/damage.h"
#include "page/geometry.h"
#include "page/peek.h"

/*
 * An index's pages.  May be copied; holds nothing that must be let go.
 *
 * Functions that take one, here and in the other headers of this room, pin and
 * lock the pages that they need, and have released them when they return,
 * unless their comment says what stays.  So the caller must hold no lock of a
 * page that comes later in the order of README.md, Locks.  An error releases
 * pins and locks as any error does.
 */
typedef struct VpStore
{
	Relation	rel;
	bool		wal;			/* log changes? */
	VpGeometry	geo;
	VpPeekRel	peek;

	/*
	 * pages may be read past shared buffers; those read until then are not
	 * used
	 */
	bool		bypass;
	uint64		bypass_after;

	/*
	 * known of the relation's length, which only grows: at least so many
	 * blocks and ids
	 */
	BlockNumber nblocks;
	uint32		nids;
} VpStore;

/* What searches and inserts need to know of the index as a whole. */
typedef struct VpGraphState
{
	uint32		next_id;		/* all ids are below */
	uint32		shards;
	uint32		mean_due;		/* as in VpMeta: who knows another value has
								 * another mean */
	float		exponent;		/* as in VpMeta; 0: not known yet */
} VpGraphState;

/*
 * Reads the metapage (pin and share lock inside).  Raises an error unless it is
 * in range, fits the relation's size, and is what the catalogue says of the
 * index.
 */
extern void vp_meta_read(Relation rel, VpMeta *meta);

/*
 * The same for a caller that must go on without it: returns NULL, or what is
 * wrong, palloc'd.  Damage and a file that cannot be read are no errors; all others
 * are raised.  Sets *nblocks to the relation's size, 0 if not even that can be
 * known.  Not in a critical section.
 */
extern char *vp_meta_try(Relation rel, VpMeta *meta, BlockNumber *nblocks);

/*
 * Is the page the one of this kind and number?  The caller has it pinned, and
 * may have it locked.  Never raises.
 */
extern bool vp_page_is_sound(Buffer buffer, VpPageKind kind, uint32 number);

/*
 * Copies a metapage that the caller has pinned, and not locked; false when it
 * is not a sound one.  Does not compare it with the catalogue, nor with the
 * size of the relation.
 */
extern bool vp_meta_look(Buffer buffer, VpMeta *meta);

extern void vp_store_init(VpStore *store, Relation rel, const VpMeta *meta);

/*
 * Lays out an empty index: metapage and mean pages.  mean: NULL or mean_floats
 * floats.
 */
extern void vp_store_create(Relation rel, ForkNumber fork, const VpMeta *meta,
							const float *mean, bool wal);

/* Copies the mean out of its pages, or into them: mean_floats floats. */
extern void vp_mean_read(Relation rel, const VpMeta *meta, float *mean);
extern void vp_mean_write(const VpStore *store, const VpMeta *meta, const float *mean);

/*
 * Says that the mean has been taken of so many records, and all codes made by
 * it.
 */
extern void vp_mean_taken(const VpStore *store, uint32 records);

/*
 * Is the exponent to be learned, as there are many more records than when it
 * was?  Never of several graphs.  One peek at the metapage.
 */
extern bool vp_exponent_is_due(const VpStore *store);

/* Writes the exponent, unless somebody else has done so since it was due. */
extern void vp_exponent_write(const VpStore *store, float exponent);

/*
 * ereports if the snapshot is older than old_snapshot_threshold allows and the
 * index has changed since it was taken, so that rows which it sees may be
 * missing.  Each change that takes a row away changes the metapage's totals: so
 * its LSN stands for that of all pages.  To be called after what it is to judge
 * has been read.
 */
extern void vp_store_test_snapshot(const VpStore *store, Snapshot snapshot);

/*
 * Returns a page pinned, not locked, for the caller to release.  Checks its
 * kind and number, and ereports if it is damaged.
 */
extern Buffer vp_store_read(const VpStore *store, BlockNumber block);

/*
 * Reads a block that the file has into BLCKSZ bytes, past shared buffers; it
 * counts as a block read.  For bypass.c.
 */
extern void vp_store_read_file(const VpStore *store, BlockNumber block, char *page);

/* Has the file such a block? */
extern bool vp_store_has(const VpStore *store, BlockNumber block);

/*
 * Have this process's last reads of pages waited for the device?
 * Otherwise asking ahead is a system call in vain.
 */
extern bool vp_reads_wait(void);

/* One peek at the metapage. */
extern VpGraphState vp_graph_state(const VpStore *store);

/*
 * The entry point of a shard; VP_NO_ID: its graph is empty.  It is below
 * next_id of a state that is taken after it.
 */
extern VpId vp_shard_entry(const VpStore *store, uint32 shard);

/*
 * The state, and the entry points of all graphs that are not empty, in one
 * peek.  Returns how many; entries: room for VP_MAX_SHARDS.
 */
extern int	vp_graph_entries(const VpStore *store, VpGraphState *state, VpId *entries);

/* Writes the count of dead nodes that are still linked. */
extern void vp_meta_set_dead(const VpStore *store, uint32 ndead);

/*
 * Makes sure that the pages for all ids below `to` are there; they are for
 * those below `from`.  ereports when there is no room for so many.  Nobody else
 * may do so at the same time: the caller has the metapage locked exclusively,
 * or the index is not known to others yet.
 */
extern void vp_store_extend(const VpStore *store, uint32 from, uint32 to);

/*
 * The same for a chunk that the pool takes, whose ids are pool_first ... to -
 * 1.
 */
extern void vp_store_extend_pool(const VpStore *store, uint32 from, VpId pool_first, uint32 to);

/*
 * Sets next_id and the shards, of which there are so many, at the end of a
 * build, and when the mean is due again.
 */
extern void vp_store_finish(const VpStore *store, uint32 next_id, const VpShard *shard, int shards);

/*
 * Reads how many records there are, and the sum of their sizes, as of one
 * moment.
 */
extern void vp_store_totals(const VpStore *store, uint32 *records, uint64 *bytes);

#endif							/* VP_STORE_H */
