/*-------------------------------------------------------------------------
 *
 * geometry.h
 *	  From a node's id to blocks and offsets.
 *
 * Everything follows from the sizes of codes and vectors and from m, so it is
 * computed when an index is opened and not stored.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_GEOMETRY_H
#define VP_GEOMETRY_H

#include "page/format.h"

/*
 * Division of ids by a number that is known only at run time: a multiplication and a
 * shift (Granlund and Montgomery, PLDI 1994).  With 2^(k - 1) < value <= 2^k, shift = 31 + k
 * and factor = 2^shift / value, rounded up, the quotient is right below 2^31.
 */
typedef struct VpDivisor
{
	uint32		value;
	uint32		shift;
	uint64		factor;
} VpDivisor;

static inline uint32
vp_divide(uint32 n, const VpDivisor *by)
{
	return (uint32) (n * by->factor >> by->shift);
}

/*
 * What a chunk has of one thing for each of its ids, all of a size: it stands on pages of
 * its own, which the chunk's first ids fill first.
 */
typedef struct VpPart
{
	uint32		start;			/* of the first on a page */
	uint32		size;			/* from one to the next, in bytes */
	VpDivisor	per_page;
	uint32		first_page;		/* in the chunk */
	uint32		pages;			/* in the chunk */
} VpPart;

typedef struct VpGeometry
{
	uint32		m;
	uint32		code_bytes;
	uint32		vector_words;	/* in vector pages; 0: the code is the exact
								 * vector */
	uint32		exact_words;	/* of an exact vector, wherever it stands */
	bool		apart;			/* codes are on pages of their own */
	VpPart		node;			/* records; if not apart, they begin with
								 * slots and keys */
	VpPart		code;			/* slots */
	VpPart		key;			/* keys, on the pages of their slots */
	uint32		code_at;		/* in a slot */
	uint32		factors_at;
	uint32		key_bytes;		/* of a node's keys: whole words; 0: there are
								 * none */
	uint32		links_offset;	/* in the record */
	uint32		tail_offset;
	uint32		slot_size;		/* of an upper slot */

	uint32		mean_pages;
	uint32		landmark_pages; /* in a stripe, behind its upper page */
	uint32		head_blocks;	/* of a stripe, those before its chunks */
	BlockNumber first_block;	/* of the first stripe */
	BlockNumber first_chunk_block;
	uint32		search_pages;	/* in a chunk: all before the vector pages */
	uint32		vector_pages;
	uint32		chunk_blocks;
	uint32		chunks;			/* in a stripe */
	uint32		stripe_blocks;
	VpId		max_id;			/* what 2^32 blocks have room for */

	VpDivisor	nodes_per_chunk;
	VpDivisor	nodes_per_stripe;

	VpLevels	levels;

	uint32		nkeys;
	VpKeyColumn keys[VP_MAX_KEYS];
} VpGeometry;

/* Bytes that a record's keys take, of a metapage that has nkeys and keys. */
extern uint32 vp_geometry_key_bytes(const VpMeta *meta);

/*
 * The bytes that a code may have so that it fits on a page with what stands beside it, of a
 * metapage that has the version, m and the keys; a multiple of 8.
 */
extern uint32 vp_geometry_code_room(const VpMeta *meta);

/* From a metapage's constant part, in which the code has no more than that. */
extern void vp_geometry_init(VpGeometry *geo, const VpMeta *meta);

/* Pages of the mean that a metapage says. */
extern uint32 vp_mean_page_count(const VpMeta *meta);

/* Where something is: a block, and the offset from the start of the page. */
typedef struct VpPlace
{
	BlockNumber block;
	uint32		offset;
} VpPlace;

/* The first block of a chunk, which begins with id `first`. */
static inline BlockNumber
vp_chunk_block(const VpGeometry *geo, uint32 chunk, VpId first)
{
	return geo->first_chunk_block + chunk * geo->chunk_blocks +
		vp_divide(first, &geo->nodes_per_stripe) * geo->head_blocks;
}

/* In the search's innermost loop, hence inline. */
static inline VpPlace
vp_part_place(const VpGeometry *geo, const VpPart *part, VpId id)
{
	uint32		chunk = vp_divide(id, &geo->nodes_per_chunk);
	uint32		in_chunk = id - chunk * geo->nodes_per_chunk.value;
	uint32		page = vp_divide(in_chunk, &part->per_page);
	uint32		slot = in_chunk - page * part->per_page.value;
	VpPlace		place;

	place.block = vp_chunk_block(geo, chunk, id) + part->first_page + page;
	place.offset = part->start + slot * part->size;
	return place;
}

/* A node's record: its links and its tail. */
static inline VpPlace
vp_node_place(const VpGeometry *geo, VpId id)
{
	return vp_part_place(geo, &geo->node, id);
}

/* A node's slot: the code and its factors. */
static inline VpPlace
vp_code_place(const VpGeometry *geo, VpId id)
{
	return vp_part_place(geo, &geo->code, id);
}

/* Its keys. */
static inline VpPlace
vp_key_place(const VpGeometry *geo, VpId id)
{
	return vp_part_place(geo, &geo->key, id);
}

/* A slot is read at its start, or it is so many bytes long. */
#define vp_slot_bytes(geo) ((geo)->code_bytes + VP_FACTORS_BYTES)

/* The ids that are on a page. */
typedef struct VpPageIds
{
	BlockNumber block;
	VpId		first;
	uint32		count;
} VpPageIds;

/* The page of a part that an id is on. */
static inline VpPageIds
vp_page_of(const VpGeometry *geo, const VpPart *part, VpId id)
{
	uint32		chunk = vp_divide(id, &geo->nodes_per_chunk);
	uint32		in_chunk = id - chunk * geo->nodes_per_chunk.value;
	uint32		page = vp_divide(in_chunk, &part->per_page);
	uint32		first = page * part->per_page.value;
	VpPageIds	ids;

	ids.block = vp_chunk_block(geo, chunk, id) + part->first_page + page;
	ids.first = id - in_chunk + first;
	ids.count = Min(part->per_page.value, geo->nodes_per_chunk.value - first);
	return ids;
}

/* The most ids on a node page. */
#define VP_MAX_PAGE_NODES \
	(VP_PAGE_ROOM / (2 * VP_MIN_M * sizeof(uint32) + sizeof(VpNodeTail)))

/* The slot with its links at a level above 0. */
extern VpPlace vp_upper_place(const VpGeometry *geo, VpId id, int level);

/* The first word of its exact vector. */
extern VpPlace vp_vector_place(const VpGeometry *geo, VpId id);

/* Pages that must exist for this id, last one: number of blocks of the relation. */
extern BlockNumber vp_blocks_for(const VpGeometry *geo, VpId id);

/* Kind of a block, and its number among those of its kind. */
extern VpPageKind vp_block_kind(const VpGeometry *geo, BlockNumber block, uint32 *number);

/* Node pages are numbered through all chunks.  The number of a node's page, and a page's ids. */
extern uint32 vp_node_page_number(const VpGeometry *geo, VpId id);
extern VpPageIds vp_node_page(const VpGeometry *geo, uint32 number);

/* The same of code pages; of an index that has none, its node pages. */
extern VpPageIds vp_code_page(const VpGeometry *geo, uint32 number);

/* The block of a stripe's upper page. */
extern BlockNumber vp_upper_page_block(const VpGeometry *geo, uint32 stripe);

/* Pages of landmarks of an index of so many ids; the block of one of them. */
extern uint32 vp_landmark_page_count(const VpGeometry *geo, uint32 next_id);
extern BlockNumber vp_landmark_page_block(const VpGeometry *geo, uint32 number);

/* Of an index of so many blocks: those that searches need, all but exact vectors. */
extern BlockNumber vp_search_blocks(const VpGeometry *geo, BlockNumber nblocks);

/* Node pages that hold ids below next_id. */
extern uint32 vp_node_page_count(const VpGeometry *geo, uint32 next_id);

#endif							/* VP_GEOMETRY_H */
