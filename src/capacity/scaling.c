/*-------------------------------------------------------------------------
 *
 * scaling.c
 *	  Indexes whose records are not yet in as many shards as wished for.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "storage/lmgr.h"
#include "utils/rel.h"

#include "base/background.h"
#include "capacity/memory.h"
#include "capacity/scaling.h"
#include "page/page_locks.h"

bool
vp_scaling_wake(Relation rel)
{
	VpWish		wish;
	VpIndexLook look;

	vp_get_wish((VpOptions *) rel->rd_options, &wish);
	vp_index_look(rel, &look);
	if (!look.sound || !vp_is_scaling(&look.meta, &wish) ||
		!ConditionalLockPage(rel, VP_MOVER_LOCK_BLOCK, ExclusiveLock))
		return true;
	UnlockPage(rel, VP_MOVER_LOCK_BLOCK, ExclusiveLock);
	return vp_mover_start(RelationGetRelid(rel));
}
