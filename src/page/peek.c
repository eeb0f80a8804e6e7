/*-------------------------------------------------------------------------
 *
 * peek.c
 *	  The table of hints that direct reads begin with; see peek.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <sys/mman.h>

#include "access/xlog.h"
#include "common/hashfn.h"
#include "port/pg_bitutils.h"
#include "storage/shmem.h"

#include "base/settings.h"
#include "page/peek.h"

#define HUGE_PAGE_BYTES ((uintptr_t) 2 * 1024 * 1024)

uint32	   *vp_hints = NULL;
uint32		vp_hint_mask = 0;

static uint32
hint_entries(void)
{
	return pg_nextpower2_32(NBuffers) * VP_HINTS_PER_BUFFER;
}

Size
vp_hint_size(void)
{
	return vp_server_internals ? mul_size(hint_entries(), sizeof(uint32)) : 0;
}

/*
 * Asks for huge pages below shared buffers: a search's accesses are at random
 * places, and most wait for the translation of an address.  It helps where
 * /sys/kernel/mm/transparent_hugepage/shmem_enabled is "advise", and does
 * nothing elsewhere, or where huge_pages gave the server such pages already.
 */
static void
advise_huge_pages(void)
{
#ifdef MADV_HUGEPAGE
	uintptr_t	start = TYPEALIGN(HUGE_PAGE_BYTES, (uintptr_t) BufferBlocks);
	uintptr_t	end = (uintptr_t) BufferBlocks + (Size) NBuffers * BLCKSZ;

	if (end > start + HUGE_PAGE_BYTES)
		(void) madvise((void *) start, (end - start) & ~(HUGE_PAGE_BYTES - 1), MADV_HUGEPAGE);
#endif
}

void
vp_hint_startup(void)
{
	bool		found;

	if (!vp_server_internals)
		return;
	vp_hints = ShmemInitStruct("vecprov hints", vp_hint_size(), &found);
	vp_hint_mask = hint_entries() - 1;
	if (!found)
	{
		memset(vp_hints, 0, vp_hint_size());
		advise_huge_pages();
	}
}

uint32
vp_peek_hash(const BufferTag *tag)
{
	return hash_bytes((const unsigned char *) tag, offsetof(BufferTag, blockNum));
}

void
vp_peek_init_file(VpPeekRel *peek, const VpRelFileLocator *locator)
{
	(void) vp_window_enter();
	VpTagInit(&peek->tag, locator);
	peek->hash[0] = vp_peek_hash(&peek->tag);
	peek->hash[1] = murmurhash32(peek->hash[0]);
	peek->enabled = vp_server_internals;
	peek->standby = RecoveryInProgress();
}

void
vp_peek_init(VpPeekRel *peek, Relation rel)
{
	vp_peek_init_file(peek, &VpLocator(rel));
	peek->enabled &= !RelationUsesLocalBuffers(rel);
}

/*
 * Does the entry lead to a page of which it is the first one?  Tag and entry
 * are read without a lock: at worst a hint is lost.
 */
static bool
is_in_use(uint32 entry)
{
	uint32		held = vp_hints[entry];
	const BufferTag *tag;

	if (held == 0)
		return false;
	tag = &GetBufferDescriptor(held - 1)->tag;
	return ((vp_peek_hash(tag) + tag->blockNum) & vp_hint_mask) == entry;
}

/*
 * Takes the first entry if it can: searches measure codes by first entries
 * alone (node_source.c).  So it takes it from a page that has left its buffer,
 * or has the entry as its second one.  Races do no harm: any value is checked
 * when used.
 */
void
vp_peek_remember(const VpPeekRel *peek, BlockNumber block, Buffer buffer)
{
	uint32		first = vp_hint_slot(peek, block, 0);
	uint32		second = vp_hint_slot(peek, block, 1);

	if (!peek->enabled || vp_hints[first] == (uint32) buffer)
		return;
	if (!is_in_use(first))
		vp_hints[first] = buffer;
	else if (!is_in_use(second))
		vp_hints[second] = buffer;
	else
	{
		/* both in use: by turns, so that no block is shut out for good */
		vp_hints[(block ^ buffer) & 1 ? first : second] = buffer;
	}
}

bool
vp_buffer_is_free(void)
{
	return vp_server_internals && VpHaveFreeBuffer();
}
