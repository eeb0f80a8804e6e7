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

/* A chunk of codes apart is at least this much better filled than a smaller one. */
#define WORTH_MORE_PAGES 0.005

#define LINKS_BYTES(m)	(2 * (m) * sizeof(uint32))

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
	uint32		beside = VP_FACTORS_BYTES + vp_geometry_key_bytes(meta);

	if (meta->version >= VP_FORMAT_APART)
		return TYPEALIGN_DOWN(8, VP_PAGE_END - VP_CODES_START - beside);
	beside += LINKS_BYTES(meta->m) + sizeof(VpNodeTail);
	return TYPEALIGN_DOWN(8, VP_PAGE_ROOM - beside);
}

/* Of pages that have room for `per_page`. */
static uint32
pages_for(uint32 ids, uint32 per_page)
{
	return (ids + per_page - 1) / per_page;
}

static uint32
vector_pages_for(const VpGeometry *geo, uint32 ids)
{
	return ((uint64) ids * geo->vector_words + VP_VECTOR_PAGE_WORDS - 1) / VP_VECTOR_PAGE_WORDS;
}

/*
 * Of codes in records: ids of as many node pages as leave the least of the chunk's last vector
 * page unused, for each page of the chunk.
 */
static uint32
choose_ids_together(const VpGeometry *geo, uint32 max_ids)
{
	/* a larger chunk must be worth it; that of version 5 stays as it is */
	double		worth = geo->nkeys > 0 ? 0.003 : 0.02;
	uint32		per_page = geo->node.per_page.value;
	uint32		best = 1;
	double		best_waste = 2.0;

	for (uint32 pages = 1; pages <= MAX_CHUNK_NODE_PAGES; pages++)
	{
		uint64		words = (uint64) pages * per_page * geo->vector_words;
		uint64		vector_pages = vector_pages_for(geo, pages * per_page);
		double		waste;

		if (pages > 1 && pages * per_page > max_ids)
			break;
		waste = (double) (vector_pages * VP_VECTOR_PAGE_WORDS - words) /
			(double) (vector_pages * VP_VECTOR_PAGE_WORDS);
		if (waste < best_waste - worth)
		{
			best = pages;
			best_waste = waste;
		}
	}
	return best * per_page;
}

/* Of codes apart: how much of its pages a stripe fills that has chunks of so many ids. */
static double
stripe_filled(const VpGeometry *geo, uint32 ids, uint32 max_ids)
{
	double		each = geo->node.size + geo->code.size + geo->key_bytes +
	geo->vector_words * sizeof(uint32);
	uint32		pages = pages_for(ids, geo->node.per_page.value) +
	pages_for(ids, geo->code.per_page.value) + vector_pages_for(geo, ids);
	uint32		chunks = Max(max_ids / ids, 1);

	return chunks * ids * each / ((chunks * pages + geo->head_blocks) * (double) VP_PAGE_ROOM);
}

/* So many that its pages are filled best, by full node pages or code pages. */
static uint32
choose_ids_apart(const VpGeometry *geo, uint32 max_ids)
{
	uint32		most = Min(MAX_CHUNK_NODE_PAGES * geo->node.per_page.value, max_ids);
	uint32		best = most;
	double		best_filled = -1.0;

	for (uint32 ids = 1; ids <= most; ids++)
	{
		double		filled;

		if (ids % geo->node.per_page.value != 0 && ids % geo->code.per_page.value != 0)
			continue;
		filled = stripe_filled(geo, ids, max_ids);
		if (filled > best_filled + WORTH_MORE_PAGES)
		{
			best = ids;
			best_filled = filled;
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

/* Sizes and offsets in a node's record and its slot. */
static void
lay_out_nodes(VpGeometry *geo, const VpMeta *meta)
{
	geo->m = meta->m;
	geo->apart = meta->version >= VP_FORMAT_APART;
	geo->code_bytes = meta->code_bytes;
	geo->vector_words = (meta->vector_bytes + sizeof(uint32) - 1) / sizeof(uint32);
	geo->exact_words = geo->vector_words > 0 ? geo->vector_words : geo->code_bytes / sizeof(uint32);
	geo->key_bytes = vp_geometry_key_bytes(meta);
	geo->nkeys = meta->nkeys;
	memcpy(geo->keys, meta->keys, sizeof(geo->keys));
	geo->code_at = geo->apart ? 0 : VP_FACTORS_BYTES;
	geo->factors_at = geo->apart ? geo->code_bytes : 0;
	geo->links_offset = geo->apart ? 0 : vp_slot_bytes(geo) + geo->key_bytes;
	geo->tail_offset = geo->links_offset + LINKS_BYTES(meta->m);
	geo->node.size = geo->tail_offset + sizeof(VpNodeTail);
	geo->node.start = VP_PAGE_START;
	geo->node.per_page = divisor(VP_PAGE_ROOM / geo->node.size);
	geo->slot_size = offsetof(VpUpperSlot, links) + meta->m * sizeof(uint32);
	if (geo->apart)
	{
		geo->code.start = VP_CODES_START;
		geo->code.size = vp_slot_bytes(geo);
		geo->code.per_page = divisor((VP_PAGE_END - VP_CODES_START) / (geo->code.size + geo->key_bytes));
		geo->key.start = VP_CODES_START + geo->code.per_page.value * geo->code.size;
		geo->key.size = geo->key_bytes;
	}
	else
	{
		geo->code = geo->key = geo->node;
		geo->key.start += vp_slot_bytes(geo);
	}
	geo->key.per_page = geo->code.per_page;
}

/* Which pages a chunk of so many ids has. */
static void
lay_out_chunk(VpGeometry *geo, uint32 ids)
{
	geo->node.first_page = 0;
	geo->node.pages = pages_for(ids, geo->node.per_page.value);
	geo->code.first_page = geo->apart ? geo->node.pages : 0;
	geo->code.pages = pages_for(ids, geo->code.per_page.value);
	geo->key.first_page = geo->code.first_page;
	geo->key.pages = geo->code.pages;
	geo->search_pages = geo->code.first_page + geo->code.pages;
	geo->vector_pages = vector_pages_for(geo, ids);
	geo->chunk_blocks = geo->search_pages + geo->vector_pages;
	geo->nodes_per_chunk = divisor(ids);
}

void
vp_geometry_init(VpGeometry *geo, const VpMeta *meta)
{
	uint32		m = meta->m;
	uint32		chunk_ids;
	uint32		max_ids;
	uint64		all_ids;

	memset(geo, 0, sizeof(*geo));
	lay_out_nodes(geo, meta);
	geo->mean_pages = vp_mean_page_count(meta);
	geo->landmark_pages = meta->landmark_pages;
	geo->head_blocks = 1 + geo->landmark_pages;
	geo->first_block = VP_MEAN_BLOCK + geo->mean_pages;
	geo->first_chunk_block = geo->first_block + geo->head_blocks;

	geo->levels.m = m;
	geo->levels.seed = meta->seed;
	geo->levels.groups = choose_groups(m, VP_PAGE_ROOM / geo->slot_size);

	max_ids = m * geo->levels.groups;
	chunk_ids = geo->apart ? choose_ids_apart(geo, max_ids) : choose_ids_together(geo, max_ids);
	lay_out_chunk(geo, chunk_ids);

	/*
	 * a stripe is whole chunks; the groups that they do not reach are given
	 * up
	 */
	geo->chunks = Max(max_ids / chunk_ids, 1);
	geo->levels.stripe = geo->chunks * chunk_ids;
	geo->levels.groups = (geo->levels.stripe + m - 1) / m;
	geo->stripe_blocks = geo->head_blocks + geo->chunks * geo->chunk_blocks;

	all_ids = (uint64) ((MaxBlockNumber - geo->first_block) / geo->stripe_blocks) * geo->levels.stripe;
	geo->max_id = (VpId) Min(all_ids - 1, (uint64) VP_MAX_ID);
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
		place = vp_code_place(geo, id);
		place.offset += geo->code_at;
		return place;
	}
	place.block = vp_chunk_block(geo, chunk, id) + geo->search_pages + first / VP_VECTOR_PAGE_WORDS;
	place.offset = VP_PAGE_START + first % VP_VECTOR_PAGE_WORDS * sizeof(uint32);
	return place;
}

BlockNumber
vp_blocks_for(const VpGeometry *geo, VpId id)
{
	return vp_chunk_block(geo, vp_divide(id, &geo->nodes_per_chunk), id) + geo->chunk_blocks;
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
	chunk = stripe * geo->chunks + rest / geo->chunk_blocks;
	rest %= geo->chunk_blocks;
	if (rest < geo->node.pages)
	{
		*number = chunk * geo->node.pages + rest;
		return VP_PAGE_NODE;
	}
	if (rest < geo->search_pages)
	{
		*number = chunk * geo->code.pages + rest - geo->code.first_page;
		return VP_PAGE_CODE;
	}
	*number = chunk * geo->vector_pages + rest - geo->search_pages;
	return VP_PAGE_VECTOR;
}

/* A part's page, by its number. */
static VpPageIds
part_page(const VpGeometry *geo, const VpPart *part, uint32 number)
{
	uint32		chunk = number / part->pages;

	return vp_page_of(geo, part, chunk * geo->nodes_per_chunk.value +
					  number % part->pages * part->per_page.value);
}

uint32
vp_node_page_number(const VpGeometry *geo, VpId id)
{
	return id / geo->nodes_per_chunk.value * geo->node.pages +
		id % geo->nodes_per_chunk.value / geo->node.per_page.value;
}

VpPageIds
vp_node_page(const VpGeometry *geo, uint32 number)
{
	return part_page(geo, &geo->node, number);
}

VpPageIds
vp_code_page(const VpGeometry *geo, uint32 number)
{
	return part_page(geo, &geo->code, number);
}

BlockNumber
vp_upper_page_block(const VpGeometry *geo, uint32 stripe)
{
	return geo->first_block + stripe * geo->stripe_blocks;
}

uint32
vp_node_page_count(const VpGeometry *geo, uint32 next_id)
{
	return next_id > 0 ? vp_node_page_number(geo, next_id - 1) + 1 : 0;
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
	BlockNumber stripes;
	BlockNumber rest;

	if (nblocks <= geo->first_block)
		return nblocks;
	stripes = (nblocks - geo->first_block) / geo->stripe_blocks;
	rest = (nblocks - geo->first_block) % geo->stripe_blocks;
	nblocks = geo->first_block + stripes * (geo->head_blocks + geo->chunks * geo->search_pages);
	if (rest <= geo->head_blocks)
		return nblocks + rest;
	rest -= geo->head_blocks;
	return nblocks + geo->head_blocks + rest / geo->chunk_blocks * geo->search_pages +
		Min(rest % geo->chunk_blocks, geo->search_pages);
}
