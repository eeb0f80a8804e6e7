/*-------------------------------------------------------------------------
 *
 * landmark.c
 *	  Landmarks in their pages; see base/landmarks.h.
 *
 * They are found by peeks, and what was found a moment ago is as good as what
 * is there now.  A landmark is stored under its page's exclusive lock, two
 * words of one slot.  It leads to a linked node, as links do: a node becomes
 * one when it is linked, and VACUUM takes it off before it takes the node out.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "storage/bufmgr.h"

#include "page/change_counter.h"
#include "page/landmark.h"
#include "page/node.h"
#include "page/record.h"

#define PAGE_SLOTS	(VP_PAGE_SETS * VP_SET_LANDMARKS)

/* A slot of a page, counted through all its sets. */
static inline uint32 *
slot_term(VpLandmarkPage *page, int slot)
{
	return &page->sets[slot / VP_SET_LANDMARKS].terms[slot % VP_SET_LANDMARKS];
}

static inline uint32 *
slot_ref(VpLandmarkPage *page, int slot)
{
	return &page->sets[slot / VP_SET_LANDMARKS].refs[slot % VP_SET_LANDMARKS];
}

/* A term's set on its page. */
static inline VpLandmarkSet *
page_set(const char *page, uint32 term)
{
	return &VpPageGetLandmarks(page)->sets[vp_landmark_set(term)];
}

int
vp_landmarks_find(const VpStore *store, uint32 next_id, const uint32 *terms, int nterms, VpId *ids)
{
	uint32		npages = vp_landmark_page_count(&store->geo, next_id);
	int			n = 0;

	for (int i = 0; i < nterms && npages > 0;)
	{
		BlockNumber block = vp_landmark_page_block(&store->geo, vp_landmark_page(terms[i], npages));
		BufferDesc *desc;
		Buffer		pinned;
		const char *page = vp_peek_begin(store, block, &desc, &pinned);
		int			found = vp_landmarks_get(page_set(page, terms[i]), terms[i], ids + n);

		if (!vp_peek_end(store, block, desc, pinned))
			continue;
		n += found;
		i++;
	}
	return n;
}

/*
 * Would the node be stored as a landmark of this term?  A peek: most are not.
 */
static bool
is_worth_it(const VpStore *store, BlockNumber block, uint32 term, VpId id)
{
	for (;;)
	{
		BufferDesc *desc;
		Buffer		pinned;
		const char *page = vp_peek_begin(store, block, &desc, &pinned);
		int			slot = vp_landmarks_place(page_set(page, term), term, id);

		if (vp_peek_end(store, block, desc, pinned))
			return slot >= 0;
	}
}

void
vp_landmarks_add(const VpStore *store, uint32 next_id, const uint32 *terms, int nterms, VpId id)
{
	uint32		npages = vp_landmark_page_count(&store->geo, next_id);

	for (int i = 0; i < nterms && npages > 0; i++)
	{
		BlockNumber block = vp_landmark_page_block(&store->geo, vp_landmark_page(terms[i], npages));
		uint32		ref = vp_ref(id);
		Buffer		buffer;
		VpLandmarkSet *set;
		int			slot;

		if (!is_worth_it(store, block, terms[i], id))
			continue;
		vp_node_await_wal(store, id);
		buffer = vp_store_read(store, block);
		LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
		set = page_set(BufferGetPage(buffer), terms[i]);
		slot = vp_landmarks_place(set, terms[i], id);
		if (slot >= 0 && (set->terms[slot] != terms[i] || set->refs[slot] != ref))
		{
			VpChange	change;

			vp_change_begin(&change, VP_WAL_LANDMARK);
			vp_change_page(&change, buffer);
			vp_change_words(&change, &set->terms[slot], &terms[i], 1);
			vp_change_words(&change, &set->refs[slot], &ref, 1);
			vp_change_apply(&change, store->rel, store->wal);
		}
		UnlockReleaseBuffer(buffer);
	}
}

/*
 * Is a node in the graph, and not marked dead?  By its record as it is in the
 * WAL.
 */
static bool
is_living(void *arg, VpId id)
{
	VpNodeTail	tail;

	vp_node_fetch((const VpStore *) arg, id, &tail);
	return (tail.flags & (VP_NODE_LINKED | VP_NODE_DEAD)) == VP_NODE_LINKED;
}

/*
 * Moves to a new page what is its own of an older one, to the same slots: it
 * had none of these terms before.  Done again after a crash, it does not find
 * any more.
 *
 * What a crash left on the new page was out of VACUUM's sight until now: nodes
 * may have gone since, and their ids may be others' now.
 *
 * On entry the metapage is locked exclusively, which keeps all others from
 * adding pages.  Locks both pages, the older one first, and unlocks them.
 */
static void
spread_page(const VpStore *store, uint32 number)
{
	Buffer		to = vp_store_read(store, vp_landmark_page_block(&store->geo, number));
	Buffer		from = vp_store_read(store, vp_landmark_page_block(&store->geo,
																   vp_landmark_parent(number)));
	VpLandmarkPage *old = VpPageGetLandmarks(BufferGetPage(from));
	VpLandmarkPage moved;
	VpLandmarkPage left;
	VpChange	change;
	int			n = 0;

	vp_landmarks_clean(store, number, is_living, unconstify(VpStore *, store));
	LockBuffer(from, BUFFER_LOCK_EXCLUSIVE);
	LockBuffer(to, BUFFER_LOCK_EXCLUSIVE);
	moved = *VpPageGetLandmarks(BufferGetPage(to));
	left = *old;
	for (int i = 0; i < PAGE_SLOTS; i++)
	{
		if (*slot_ref(old, i) == 0 || vp_landmark_page(*slot_term(old, i), number + 1) != number)
			continue;
		*slot_term(&moved, i) = *slot_term(old, i);
		*slot_ref(&moved, i) = *slot_ref(old, i);
		*slot_ref(&left, i) = 0;
		n++;
	}
	if (n > 0)
	{
		vp_change_begin(&change, VP_WAL_LANDMARK);
		vp_change_page(&change, to);
		vp_change_words(&change, VpPageGetLandmarks(BufferGetPage(to)), (uint32 *) &moved,
						sizeof(moved) / sizeof(uint32));
		vp_change_page(&change, from);
		vp_change_words(&change, old, (uint32 *) &left, sizeof(left) / sizeof(uint32));
		vp_change_apply(&change, store->rel, store->wal);
	}
	UnlockReleaseBuffer(to);
	UnlockReleaseBuffer(from);
}

void
vp_landmarks_spread(const VpStore *store, uint32 stripe)
{
	for (uint32 i = 0; i < store->geo.landmark_pages; i++)
	{
		uint32		number = stripe * store->geo.landmark_pages + i;

		if (number > 0)
			spread_page(store, number);
	}
}

void
vp_landmarks_clean(const VpStore *store, uint32 page_number,
				   bool (*stays) (void *arg, VpId id), void *arg)
{
	Buffer		buffer = vp_store_read(store, vp_landmark_page_block(&store->geo, page_number));
	VpLandmarkPage *page = VpPageGetLandmarks(BufferGetPage(buffer));
	VpLandmarkPage left;
	VpChange	change;
	int			n = 0;

	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	left = *page;
	for (int i = 0; i < PAGE_SLOTS; i++)
	{
		uint32	   *ref = slot_ref(&left, i);

		if (*ref != 0 && !stays(arg, vp_deref(*ref)))
		{
			*ref = 0;
			n++;
		}
	}
	if (n > 0)
	{
		vp_change_begin(&change, VP_WAL_LANDMARK);
		vp_change_page(&change, buffer);
		vp_change_words(&change, page, (uint32 *) &left, sizeof(left) / sizeof(uint32));
		vp_change_apply(&change, store->rel, store->wal);
	}
	UnlockReleaseBuffer(buffer);
}

void
vp_landmarks_write(const VpStore *store, uint32 page_number, const VpLandmarkPage *landmarks)
{
	Buffer		buffer = vp_store_read(store, vp_landmark_page_block(&store->geo, page_number));

	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	*VpPageGetLandmarks(BufferGetPage(buffer)) = *landmarks;
	vp_mark_dirty(buffer);
	UnlockReleaseBuffer(buffer);
}
