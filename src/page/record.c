/*-------------------------------------------------------------------------
 *
 * record.c
 *	  Node records on their pages: what is at hand, and two at a time.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "storage/bufmgr.h"
#include "utils/rel.h"

#include "page/record.h"

/*----------
 * Pages
 *----------
 */

bool
vp_is_resident(const VpStore *store, BlockNumber block)
{
	return vp_peek(&store->peek, block, vp_peek_hint(&store->peek, block)) != NULL;
}

bool
vp_read_ahead(const VpStore *store, BlockNumber block)
{
	if (!store->peek.enabled || !vp_reads_wait() || vp_is_resident(store, block))
		return false;
	(void) PrefetchBuffer(store->rel, MAIN_FORKNUM, block);
	return true;
}

/*----------
 * Two nodes at a time
 *----------
 */
void
vp_pair_lock(const VpStore *store, VpNodePair *pair, VpId a, VpId b)
{
	VpPlace		places[2] = {vp_node_place(&store->geo, a), vp_node_place(&store->geo, b)};
	int			low = places[0].block <= places[1].block ? 0 : 1;

	for (int i = 0; i < 2; i++)
	{
		pair->buffer[i] = vp_store_read(store, places[i].block);
		if (vp_is_pool_page(BufferGetPage(pair->buffer[i])))
			vp_report_damage(store->rel, places[i].block, "A link leads to a page that has no nodes.");
		pair->tail[i] = vp_record_tail(store, BufferGetPage(pair->buffer[i]) + places[i].offset);
	}
	LockBuffer(pair->buffer[low], BUFFER_LOCK_EXCLUSIVE);
	if (pair->buffer[0] != pair->buffer[1])
		LockBuffer(pair->buffer[1 - low], BUFFER_LOCK_EXCLUSIVE);
}

void
vp_pair_unlock(VpNodePair *pair)
{
	LockBuffer(pair->buffer[0], BUFFER_LOCK_UNLOCK);
	if (pair->buffer[0] != pair->buffer[1])
		LockBuffer(pair->buffer[1], BUFFER_LOCK_UNLOCK);
	ReleaseBuffer(pair->buffer[0]);
	ReleaseBuffer(pair->buffer[1]);
}
