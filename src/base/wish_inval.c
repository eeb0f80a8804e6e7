/*-------------------------------------------------------------------------
 *
 * wish_inval.c
 *	  Telling that an index's wish, or a tier, was changed; see wish_inval.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "utils/inval.h"
#include "utils/resowner.h"

#include "base/wish_inval.h"

static void (*wake_reader) (void) = NULL;
static bool following = false;	/* the reader is to be woken at the
								 * transaction's end */

/*
 * The last phase: of a transaction that commits, the messages have been sent.
 * (Callbacks of transactions are called before they are.)
 */
static void
at_release(ResourceReleasePhase phase, bool is_commit, bool is_top_level, void *arg)
{
	if (!following || phase != RESOURCE_RELEASE_AFTER_LOCKS || !is_top_level)
		return;
	following = false;
	wake_reader();
}

void
vp_wish_inval_define(void (*wake) (void))
{
	wake_reader = wake;
	RegisterResourceReleaseCallback(at_release, NULL);
}

void
vp_wish_inval_follow(void)
{
	following = wake_reader != NULL;
}

void
vp_wish_inval_send(void)
{
	CacheInvalidateCatalog(DependRelationId);
	vp_wish_inval_follow();
}
