/*-------------------------------------------------------------------------
 *
 * damage.c
 *	  What a page must hold to be used; see damage.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <math.h>

#include "access/transam.h"
#include "access/xlog.h"
#include "common/hashfn.h"
#include "utils/rel.h"

#include "page/damage.h"
#include "page/geometry.h"

/* More than any type's exact vector or mean takes: no arithmetic on it overflows. */
#define MOST_VECTOR_BYTES	(1024 * 1024)

static VpMetaCompare compare_with_catalogue = NULL;

void
vp_report_damage(Relation rel, BlockNumber block, const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_INDEX_CORRUPTED),
			 errmsg("index \"%s\" contains a damaged page at block %u",
					RelationGetRelationName(rel), block),
			 errdetail("%s", what),
			 errhint("Please REINDEX it.")));
}

/*----------
 * Any page
 *----------
 */

/* What vp_page_format makes of the header stays as it is, but for LSN and checksum. */
static bool
header_is_ours(const PageHeaderData *header)
{
	return header->pd_flags == 0 && header->pd_prune_xid == 0 &&
		header->pd_lower == header->pd_special && header->pd_upper == header->pd_special &&
		header->pd_pagesize_version == (BLCKSZ | PG_PAGE_LAYOUT_VERSION);
}

/* Is it the page that belongs there?  It has our special space. */
static bool
is_in_place(const VpPageSpecial *special, BlockNumber block, VpPageKind kind, uint32 number)
{
	if (special->kind == VP_PAGE_POOL &&
		(kind == VP_PAGE_NODE || kind == VP_PAGE_CODE || kind == VP_PAGE_VECTOR))
		return special->number == block;
	return special->kind == kind && special->number == number;
}

VpPageFault
vp_page_fault(Page page, BlockNumber block, VpPageKind kind, uint32 number)
{
	const PageHeaderData *header = (const PageHeaderData *) page;
	const VpPageSpecial *special;

	if (PageIsNew(page))
		return VP_PAGE_ZEROES;
	if (header->pd_special != VP_PAGE_END)
		return VP_PAGE_SPECIAL;
	if (!header_is_ours(header))
		return VP_PAGE_HEADER;
	special = (const VpPageSpecial *) ((char *) page + VP_PAGE_END);
	if (special->page_id != VP_PAGE_ID)
		return VP_PAGE_ALIEN;
	if (special->version < VP_FORMAT_OLDEST || special->version > VP_FORMAT_VERSION)
		return VP_PAGE_VERSION;
	return is_in_place(special, block, kind, number) ? VP_PAGE_SOUND : VP_PAGE_PLACE;
}

void
vp_page_check(Relation rel, BlockNumber block, Page page, VpPageKind kind, uint32 number)
{
	switch (vp_page_fault(page, block, kind, number))
	{
		case VP_PAGE_SOUND:
			break;
		case VP_PAGE_ZEROES:
			vp_report_damage(rel, block, "The page is all zeroes.");
		case VP_PAGE_HEADER:
			vp_report_damage(rel, block, "Its header is not that of a page of a vecprov index.");
		case VP_PAGE_SPECIAL:
			vp_report_damage(rel, block, "The size of its special space is wrong.");
		case VP_PAGE_ALIEN:
			vp_report_damage(rel, block, "It is not a page of a vecprov index.");
		case VP_PAGE_VERSION:
			ereport(ERROR,
					(errcode(ERRCODE_INDEX_CORRUPTED),
					 errmsg("index \"%s\" has a page of format version %u at block %u",
							RelationGetRelationName(rel), VpPageGetSpecial(page)->version, block),
					 errdetail("This version of vecprov reads format versions %u to %u.",
							   VP_FORMAT_OLDEST, VP_FORMAT_VERSION),
					 errhint("Please REINDEX it.")));
		case VP_PAGE_PLACE:
			vp_report_damage(rel, block, "It is a page of another place.");
	}
}

/*----------
 * The metapage
 *----------
 */

void
vp_meta_define(VpMetaCompare compare)
{
	compare_with_catalogue = compare;
}

/* Never one bit away from 0, which says that an older version made the index. */
uint32
vp_meta_hash(const VpMeta *meta)
{
	uint32		hash = hash_bytes((const unsigned char *) meta, offsetof(VpMeta, shards));

	if (meta->nkeys > 0)
		hash = hash_combine(hash, hash_bytes((const unsigned char *) &meta->nkeys,
											 VP_META_KEYS_BYTES));
	return hash | 3;
}

/* Each where its width lets it be, and inside of what records have room for? */
static const char *
keys_problem(const VpMeta *meta)
{
	if (meta->nkeys > VP_MAX_KEYS || (meta->nkeys > 0 && meta->version < VP_FORMAT_KEYS))
		return "Its metapage makes no sense: the number of key columns is out of range.";
	if ((meta->key_flags & ~VP_KEYS_NAMESPACES) != 0 || (meta->key_flags != 0 && meta->nkeys == 0))
		return "Its metapage makes no sense: its keys have flags that they cannot have.";
	for (uint32 i = 0; i < meta->nkeys; i++)
	{
		const VpKeyColumn *key = &meta->keys[i];

		if ((key->width != 1 && key->width != 2 && key->width != 4 && key->width != 8) ||
			key->offset % key->width != 0 || key->offset + key->width > VP_MAX_KEY_BYTES)
			return "Its metapage makes no sense: the place of a key is out of range.";
	}
	return NULL;
}

/* In range, so that a geometry can be computed, and as the build left it? */
static const char *
constants_problem(const VpMeta *meta)
{
	const char *problem = keys_problem(meta);

	if (meta->magic != VP_MAGIC || meta->version < VP_FORMAT_OLDEST ||
		meta->version > VP_FORMAT_VERSION)
		return "Its metapage makes no sense: it is none of this format.";
	if (meta->form >= VP_NFORMS)
		return "Its metapage makes no sense: there is no such type of vectors.";
	if (meta->dims < 1)
		return "Its metapage makes no sense: vectors have no dimensions.";
	if (meta->m < VP_MIN_M || meta->m > VP_MAX_M)
		return "Its metapage makes no sense: m is out of range.";
	if (meta->ef_construction < VP_MIN_EF_CONSTRUCTION ||
		meta->ef_construction > VP_MAX_EF_CONSTRUCTION)
		return "Its metapage makes no sense: ef_construction is out of range.";
	if (problem != NULL)
		return problem;
	if (meta->code_bytes < 8 || meta->code_bytes % 8 != 0 ||
		meta->code_bytes > vp_geometry_code_room(meta))
		return "Its metapage makes no sense: the size of codes is out of range.";
	if (meta->vector_bytes > MOST_VECTOR_BYTES ||
		meta->mean_floats > MOST_VECTOR_BYTES / sizeof(float))
		return "Its metapage makes no sense: the size of vectors is out of range.";
	if (meta->landmark_pages != 0 && meta->landmark_pages != VP_LANDMARK_PAGES)
		return "Its metapage makes no sense: the number of landmark pages is wrong.";
	if (meta->constants_hash != 0 && meta->constants_hash != vp_meta_hash(meta))
		return "Its metapage makes no sense: what its build wrote there has changed.";
	return NULL;
}

/* Cells that can be, of an index that has key columns. */
static const char *
cells_problem(const VpMeta *meta)
{
	if (meta->cells == 0 && meta->cell_ids == 0 && meta->celled_ids == 0)
		return NULL;
	if (meta->cells == 0 || meta->nkeys == 0 || meta->cell_ids == 0 || meta->cell_ids % 64 != 0 ||
		meta->cell_ids > VP_MOST_CELL_IDS || meta->celled_ids == 0 || meta->celled_ids > meta->next_id)
		return "Its metapage makes no sense: there are cells that cannot be.";
	return NULL;
}

static const char *
shards_problem(const VpMeta *meta)
{
	uint64		records = 0;

	if (meta->shards < 1 || meta->shards > VP_MAX_SHARDS ||
		meta->target < 1 || meta->target > meta->shards || meta->moving > 1 ||
		(!meta->moving && meta->target != meta->shards))
		return "Its metapage makes no sense: the number of shards is out of range.";
	for (uint32 i = 0; i < VP_MAX_SHARDS; i++)
	{
		const VpShard *shard = &meta->shard[i];

		if (i >= meta->shards && (shard->entry != 0 || shard->records != 0 ||
								  vp_shard_bytes(shard) != 0))
			return "Its metapage makes no sense: a shard that does not exist is not empty.";
		if (shard->entry > meta->next_id)
			return "Its metapage makes no sense: an entry point is out of range.";
		/* the size of a record is a word */
		if (vp_shard_bytes(shard) > (uint64) shard->records * PG_UINT32_MAX)
			return "Its metapage makes no sense: the sizes of records are out of range.";
		records += shard->records;
	}
	if (records > meta->next_id)
		return "Its metapage makes no sense: the number of records is out of range.";
	return NULL;
}

/* Can this be when the mean is due, in an index of so many ids, which are not fewer than records? */
static bool
mean_due_is_sound(uint32 due, uint32 next_id)
{
	if (due == 0)
		return next_id >= VP_MEAN_LAST;
	return due <= VP_MEAN_LAST && due == vp_mean_due(due - 1);
}

/* It is learned of VP_EXPONENT_FIRST records or more, and may then not be known still. */
static bool
exponent_is_sound(const VpMeta *meta)
{
	if (signbit(meta->exponent) || meta->exponent_records > meta->next_id)
		return false;
	if (meta->exponent_records < VP_EXPONENT_FIRST)
		return meta->exponent_records == 0 && meta->exponent == 0;
	return meta->exponent == 0 || (meta->exponent >= 0.001 && meta->exponent <= 1);
}

/* Rows without a vector are in an index that is complete. */
static bool
bare_is_sound(const VpMeta *meta)
{
	if (meta->complete != 0 && meta->complete != VP_COMPLETE)
		return false;
	for (int i = 0; i < VP_NBARE; i++)
		if (meta->bare[i].head > meta->next_id || (meta->bare[i].head != 0 && !meta->complete))
			return false;
	return true;
}

/* Blocks and ids of the pool; 0 where there is none, and all of it without key columns. */
static bool
pool_is_sound(const VpMeta *meta, BlockNumber nblocks)
{
	static const VpPool none = {0};
	const VpPool *pool = &meta->pool;

	if (meta->nkeys == 0)
		return memcmp(pool, &none, sizeof(none)) == 0;
	return pool->spare <= pool->spare_end && pool->spare_end <= meta->next_id &&
		pool->fresh <= pool->fresh_end && pool->fresh_end <= nblocks &&
		pool->piece < nblocks && pool->piece_last < nblocks &&
		(pool->piece == 0) == (pool->piece_last == 0) &&
		pool->waiting < nblocks && pool->waiting_last < nblocks &&
		(pool->waiting == 0) == (pool->waiting_last == 0) &&
		pool->pending <= 1 && pool->manifest < nblocks && pool->recent_last < nblocks;
}

/*
 * On a standby, replay may not have come by transaction IDs yet that the primary had
 * not used when it wrote them.
 */
static bool
xid_is_sound(uint32 lo, uint32 hi)
{
	return RecoveryInProgress() ||
		vp_word64(lo, hi) <= U64FromFullTransactionId(ReadNextFullTransactionId());
}

/* A writer, or a sum of writers; transaction IDs come before `next`. */
static bool
writer_is_sound(const VpUnfinished *entry, uint64 next)
{
	static const VpUnfinished none = {0};
	uint64		xid = vp_word64(entry->xid_lo, entry->xid_hi);

	if (xid == 0)
		return memcmp(entry, &none, sizeof(none)) == 0;
	/* the size of a record is a word */
	return xid < next && entry->records > 0 && entry->replaced <= entry->records &&
		vp_word64(entry->bytes_lo, entry->bytes_hi) <= (uint64) entry->records * PG_UINT32_MAX &&
		vp_word64(entry->replaced_lo, entry->replaced_hi) <= (uint64) entry->replaced * PG_UINT32_MAX;
}

/* On a standby, replay may not have come by these transactions and positions yet. */
static bool
writers_are_sound(const VpMeta *meta)
{
	const VpBound *bound = &meta->bound;
	uint64		next = PG_UINT64_MAX;
	XLogRecPtr	written = PG_UINT64_MAX;

	if (!RecoveryInProgress())
	{
		written = GetXLogInsertRecPtr();
		next = U64FromFullTransactionId(ReadNextFullTransactionId());
	}
	if ((vp_word64(bound->xid_lo, bound->xid_hi) == 0) != (vp_word64(bound->bytes_lo, bound->bytes_hi) == 0) ||
		vp_word64(bound->xid_lo, bound->xid_hi) >= next ||
		vp_word64(meta->measured_lo, meta->measured_hi) > written ||
		!writer_is_sound(&meta->aborted, next) || !writer_is_sound(&meta->committed, next))
		return false;
	for (int i = 0; i < VP_UNFINISHED; i++)
		if (!writer_is_sound(&meta->unfinished[i], next))
			return false;
	return true;
}

static const char *
graph_problem(const VpMeta *meta, BlockNumber nblocks)
{
	VpGeometry	geo;
	uint32		next_id = meta->next_id;

	vp_geometry_init(&geo, meta);
	if (nblocks < geo.first_block)
		return "The relation is shorter than its metapage says.";
	if (next_id > 0 && (next_id - 1 > geo.max_id || vp_blocks_for(&geo, next_id - 1) > nblocks))
		return "The relation has no pages for all nodes that its metapage counts.";
	if (meta->has_mean > 1 || (meta->has_mean && meta->mean_floats == 0) ||
		!mean_due_is_sound(meta->mean_due, next_id))
		return "Its metapage makes no sense: what it says of the mean.";
	if (!exponent_is_sound(meta))
		return "Its metapage makes no sense: what it says of distances.";
	if (meta->free_head > next_id || meta->waiting_head > next_id ||
		meta->waiting_tail > next_id || (meta->waiting_head == 0) != (meta->waiting_tail == 0) ||
		meta->copy > next_id || (meta->copy != 0 && !meta->moving))
		return "Its metapage makes no sense: a list of nodes is out of range.";
	if (!bare_is_sound(meta))
		return "Its metapage makes no sense: what it says of rows without a vector.";
	if (!pool_is_sound(meta, nblocks))
		return "Its metapage makes no sense: what it says of posting lists.";
	if (!xid_is_sound(meta->waiting_xid_lo, meta->waiting_xid_hi) ||
		!xid_is_sound(meta->moved_xid_lo, meta->moved_xid_hi))
		return "Its metapage makes no sense: a transaction ID is of the future.";
	if (!writers_are_sound(meta))
		return "Its metapage makes no sense: what it says of unfinished writers.";
	return NULL;
}

const char *
vp_meta_problem(Relation rel, const VpMeta *meta, BlockNumber nblocks)
{
	const char *problem = constants_problem(meta);

	if (problem == NULL && rel != NULL)
		problem = compare_with_catalogue(rel, meta);
	if (problem == NULL)
		problem = shards_problem(meta);
	if (problem == NULL)
		problem = cells_problem(meta);
	if (problem == NULL)
		problem = graph_problem(meta, nblocks);
	return problem;
}
