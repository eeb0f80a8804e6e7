/*-------------------------------------------------------------------------
 *
 * geometry.c
 *	  From a node's id to blocks and offsets; see geometry.h and format.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "port/pg_bitutils.h"

#include "page/geometry.h"

/* Chunks are kept small: an index of a few rows shall be a few pages. */
#define MAX_CHUNK_NODE_PAGES 16

#define LINKS_BYTES(m)	(2 * (m) * sizeof(uint32))
#define FACTORS_BYTES	(2 * sizeof(float))

static VpDivisor
divisor(uint32 value)
{
	VpDivisor	d = {.value = value};

	Assert(value > 0);
	d.shift = 31 + pg_ceil_log2_32(value);
	d.factor = ((UINT64CONST(1) << d.shift) - 1) / value + 1;
	return d;
}

uint32
vp_geometry_key_bytes(const VpMeta *meta)
{
	uint32		end = 0;

	for (uint32 i = 0; i < meta->nkeys; i++)
		end = Max(end, (uint32) meta->keys[i].offset + meta->keys[i].width);
	return TYPEALIGN(sizeof(uint32), end);
}

uint32
vp_geometry_code_room(const VpMeta *meta)
{
	return TYPEALIGN_DOWN(8, VP_PAGE_ROOM - FACTORS_BYTES - vp_geometry_key_bytes(meta) -
						  LINKS_BYTES(meta->m) - sizeof(VpNodeTail));
}

/*
 * The number of node pages in a chunk that leaves the least of the chunk's
 * last vector page unused, for each page of the chunk.
 */
static uint32
choose_node_pages(const VpGeometry *geo, uint32 nodes_per_page, uint32 max_ids)
{
	/* a larger chunk must be worth it; that of version 5 stays as it is */
	double		worth = geo->nkeys > 0 ? 0.003 : 0.02;
	uint32		best = 1;
	double		best_waste = 2.0;

	for (uint32 pages = 1; pages <= MAX_CHUNK_NODE_PAGES; pages++)
	{
		uint64		words = (uint64) pages * nodes_per_page * geo->vector_words;
		uint64		vector_pages = (words + VP_VECTOR_PAGE_WORDS - 1) / VP_VECTOR_PAGE_WORDS;
		double		waste;

		if (pages > 1 && pages * nodes_per_page > max_ids)
			break;
		waste = (double) (vector_pages * VP_VECTOR_PAGE_WORDS - words) /
			(double) (vector_pages * VP_VECTOR_PAGE_WORDS);
		if (waste < best_waste - worth)
		{
			best = pages;
			best_waste = waste;
		}
	}
	return best;
}

/*
 * As many groups as the upper page has room for: with `groups` level-1 slots
 * it also needs those of level 2 and one for each level above.
 */
static uint32
choose_groups(uint32 m, uint32 slots)
{
	VpLevels	levels;

	levels.m = m;
	levels.groups = slots;
	while (vp_level_slots(&levels) > slots)
		levels.groups--;
	return levels.groups;
}

uint32
vp_mean_page_count(const VpMeta *meta)
{
	return (meta->mean_floats + VP_VECTOR_PAGE_WORDS - 1) / VP_VECTOR_PAGE_WORDS;
}

void
vp_geometry_init(VpGeometry *geo, const VpMeta *meta)
{
	uint32		m = meta->m;
	uint32		nodes_per_page;
	uint32		chunk_ids;
	uint64		max_ids;

	memset(geo, 0, sizeof(*geo));
	geo->m = m;
	geo->code_bytes = meta->code_bytes;
	geo->vector_words = (meta->vector_bytes + sizeof(uint32) - 1) / sizeof(uint32);
	geo->exact_words = geo->vector_words > 0 ? geo->vector_words : geo->code_bytes / sizeof(uint32);
	geo->key_bytes = vp_geometry_key_bytes(meta);
	geo->nkeys = meta->nkeys;
	memcpy(geo->keys, meta->keys, sizeof(geo->keys));
	geo->keys_offset = FACTORS_BYTES + geo->code_bytes;
	geo->links_offset = geo->keys_offset + geo->key_bytes;
	geo->tail_offset = geo->links_offset + LINKS_BYTES(m);
	geo->record_size = geo->tail_offset + sizeof(VpNodeTail);
	geo->slot_size = offsetof(VpUpperSlot, links) + m * sizeof(uint32);
	geo->mean_pages = vp_mean_page_count(meta);
	geo->landmark_pages = meta->landmark_pages;
	geo->head_blocks = 1 + geo->landmark_pages;
	geo->first_block = VP_MEAN_BLOCK + geo->mean_pages;
	geo->first_node_block = geo->first_block + geo->head_blocks;
	Assert(geo->record_size <= VP_PAGE_ROOM);

	geo->levels.m = m;
	geo->levels.seed = meta->seed;
	geo->levels.groups = choose_groups(m, VP_PAGE_ROOM / geo->slot_size);

	nodes_per_page = VP_PAGE_ROOM / geo->record_size;
	geo->node_pages = choose_node_pages(geo, nodes_per_page, m * geo->levels.groups);
	chunk_ids = geo->node_pages * nodes_per_page;
	geo->vector_pages = ((uint64) chunk_ids * geo->vector_words + VP_VECTOR_PAGE_WORDS - 1) /
		VP_VECTOR_PAGE_WORDS;

	/*
	 * a stripe is whole chunks; the groups that they do not reach are given
	 * up
	 */
	geo->chunks = Max(m * geo->levels.groups / chunk_ids, 1);
	geo->levels.stripe = geo->chunks * chunk_ids;
	geo->levels.groups = (geo->levels.stripe + m - 1) / m;
	geo->stripe_blocks = geo->head_blocks + geo->chunks * (geo->node_pages + geo->vector_pages);

	max_ids = (uint64) ((MaxBlockNumber - geo->first_block) / geo->stripe_blocks) * geo->levels.stripe;
	geo->max_id = (VpId) Min(max_ids - 1, (uint64) VP_MAX_ID);

	geo->nodes_per_page = divisor(nodes_per_page);
	geo->nodes_per_chunk = divisor(chunk_ids);
	geo->nodes_per_stripe = divisor(geo->levels.stripe);
}

VpPlace
vp_upper_place(const VpGeometry *geo, VpId id, int level)
{
	VpPlace		place;

	place.block = vp_upper_page_block(geo, id / geo->levels.stripe);
	place.offset = VP_PAGE_START + vp_level_slot(&geo->levels, id, level) * geo->slot_size;
	return place;
}

VpPlace
vp_vector_place(const VpGeometry *geo, VpId id)
{
	uint32		chunk = vp_divide(id, &geo->nodes_per_chunk);
	uint32		in_chunk = id - chunk * geo->nodes_per_chunk.value;
	uint32		first = in_chunk * geo->vector_words;
	VpPlace		place;

	if (geo->vector_words == 0)
	{
		place = vp_node_place(geo, id);
		place.offset += FACTORS_BYTES;
		return place;
	}
	/* behind the node pages of this chunk and those before it */
	place.block = geo->first_node_block + (chunk + 1) * geo->node_pages + vp_other_blocks(geo, id) +
		first / VP_VECTOR_PAGE_WORDS;
	place.offset = VP_PAGE_START + first % VP_VECTOR_PAGE_WORDS * sizeof(uint32);
	return place;
}

BlockNumber
vp_blocks_for(const VpGeometry *geo, VpId id)
{
	return geo->first_node_block +
		(vp_divide(id, &geo->nodes_per_chunk) + 1) * (geo->node_pages + geo->vector_pages) +
		vp_divide(id, &geo->nodes_per_stripe) * geo->head_blocks;
}

VpPageKind
vp_block_kind(const VpGeometry *geo, BlockNumber block, uint32 *number)
{
	uint32		stripe;
	uint32		rest;
	uint32		chunk;

	if (block == VP_META_BLOCK)
	{
		*number = 0;
		return VP_PAGE_META;
	}
	if (block < geo->first_block)
	{
		*number = block - VP_MEAN_BLOCK;
		return VP_PAGE_MEAN;
	}
	stripe = (block - geo->first_block) / geo->stripe_blocks;
	rest = (block - geo->first_block) % geo->stripe_blocks;
	if (rest == 0)
	{
		*number = stripe;
		return VP_PAGE_UPPER;
	}
	if (rest < geo->head_blocks)
	{
		*number = stripe * geo->landmark_pages + rest - 1;
		return VP_PAGE_LANDMARK;
	}
	rest -= geo->head_blocks;
	chunk = rest / (geo->node_pages + geo->vector_pages);
	rest %= geo->node_pages + geo->vector_pages;
	if (rest < geo->node_pages)
	{
		*number = (stripe * geo->chunks + chunk) * geo->node_pages + rest;
		return VP_PAGE_NODE;
	}
	*number = (stripe * geo->chunks + chunk) * geo->vector_pages + rest - geo->node_pages;
	return VP_PAGE_VECTOR;
}

BlockNumber
vp_node_page_block(const VpGeometry *geo, uint32 number)
{
	return vp_node_place(geo, number * geo->nodes_per_page.value).block;
}

BlockNumber
vp_upper_page_block(const VpGeometry *geo, uint32 stripe)
{
	return geo->first_block + stripe * geo->stripe_blocks;
}

uint32
vp_node_page_count(const VpGeometry *geo, uint32 next_id)
{
	return (next_id + geo->nodes_per_page.value - 1) / geo->nodes_per_page.value;
}

uint32
vp_landmark_page_count(const VpGeometry *geo, uint32 next_id)
{
	return (next_id + geo->levels.stripe - 1) / geo->levels.stripe * geo->landmark_pages;
}

BlockNumber
vp_landmark_page_block(const VpGeometry *geo, uint32 number)
{
	return vp_upper_page_block(geo, number / geo->landmark_pages) + 1 +
		number % geo->landmark_pages;
}

BlockNumber
vp_search_blocks(const VpGeometry *geo, BlockNumber nblocks)
{
	BlockNumber chunk = geo->node_pages + geo->vector_pages;
	BlockNumber stripes;
	BlockNumber rest;

	if (nblocks <= geo->first_block)
		return nblocks;
	stripes = (nblocks - geo->first_block) / geo->stripe_blocks;
	rest = (nblocks - geo->first_block) % geo->stripe_blocks;
	nblocks = geo->first_block + stripes * (geo->head_blocks + geo->chunks * geo->node_pages);
	if (rest <= geo->head_blocks)
		return nblocks + rest;
	rest -= geo->head_blocks;
	return nblocks + geo->head_blocks + rest / chunk * geo->node_pages +
		Min(rest % chunk, geo->node_pages);
}
