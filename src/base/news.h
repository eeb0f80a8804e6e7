/*-------------------------------------------------------------------------
 *
 * news.h
 *	  Telling that an index's wish, or a tier, was changed.
 *
 * What is told are invalidation messages: they are sent when the transaction
 * commits, and only then, and redo sends them on standbys.  A message names a
 * database and one of its catalogues whose cached rows are to be forgotten;
 * nobody caches rows of pg_depend, so this one does nothing else.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_NEWS_H
#define VP_NEWS_H

#include "catalog/pg_depend.h"
#include "storage/sinval.h"
#include "utils/inval.h"

/* Tells it when this transaction commits. */
static inline void
vp_news_send(void)
{
	CacheInvalidateCatalog(DependRelationId);
}

/* Is a message such news?  Of database msg->cat.dbId. */
static inline bool
vp_is_news(const SharedInvalidationMessage *msg)
{
	return msg->id == SHAREDINVALCATALOG_ID && msg->cat.catId == DependRelationId;
}

#endif							/* VP_NEWS_H */
