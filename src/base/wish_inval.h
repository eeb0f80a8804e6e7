/*-------------------------------------------------------------------------
 *
 * wish_inval.h
 *	  Telling that an index's wish, or a tier, was changed.
 *
 * What is told are invalidation messages: they are sent when the transaction
 * commits, and only then, and redo sends them on standbys.  A message names a
 * database and one of its catalogues whose cached rows are to be forgotten;
 * nobody caches rows of pg_depend, so this one does nothing else.
 *
 * Such a message wakes no process.  So a process that sends one, or does
 * something else that may change a wish, wakes the reader (the launcher) when
 * its transaction has ended: replica/README.md.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_WISH_INVAL_H
#define VP_WISH_INVAL_H

#include "catalog/pg_depend.h"
#include "storage/sinval.h"

/*
 * Sets the function that wakes the reader of such messages.  Any process may
 * call it; it must not raise an error.  Only while shared_preload_libraries are
 * loaded.
 */
extern void vp_wish_inval_define(void (*wake) (void));

/* Sends a message, and wakes the reader, when this transaction commits. */
extern void vp_wish_inval_send(void);

/*
 * Wakes the reader when this transaction has ended, either way: its messages,
 * or those of a prepared transaction that it commits, may be of this kind.
 */
extern void vp_wish_inval_follow(void);

/* Is a message of this kind?  Of database msg->cat.dbId. */
static inline bool
vp_is_wish_inval(const SharedInvalidationMessage *msg)
{
	return msg->id == SHAREDINVALCATALOG_ID && msg->cat.catId == DependRelationId;
}

#endif							/* VP_WISH_INVAL_H */
