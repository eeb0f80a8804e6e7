/*-------------------------------------------------------------------------
 *
 * rights.h
 *	  Who may do what with an index, asked before the index is locked.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_RIGHTS_H
#define VP_RIGHTS_H

#include "storage/lockdefs.h"
#include "utils/relcache.h"

/*
 * All but VP_RIGHT_ANY and VP_RIGHT_OWN need USAGE on the index's schema,
 * which is that of its table.  Members of pg_stat_scan_tables, and so of
 * pg_monitor, have VP_RIGHT_LOOK and VP_RIGHT_MEASURE of every index.
 *
 * Rights to a partitioned index, but VP_RIGHT_OWN, are rights to its
 * partitions, as PostgreSQL asks only for those to the table that a query
 * names; unless row-level security policies hold there.
 */
typedef enum VpRight
{
	VP_RIGHT_ANY,				/* it only must be an index of ours */
	VP_RIGHT_LOOK,				/* to be told what is known of it, and to wait
								 * for a lock on it for that: SELECT on any
								 * column of the table, or to own it */
	VP_RIGHT_MEASURE,			/* to have its rows read, and to be told
								 * figures: SELECT on the table */
	VP_RIGHT_LOCK,				/* the same, and to keep writers away
								 * meanwhile: what LOCK TABLE IN SHARE MODE
								 * asks for too */
	VP_RIGHT_SEARCH,			/* to be told which rows it finds: SELECT on
								 * the table, or on all columns that the index
								 * is made of */
	VP_RIGHT_NAMESPACES,		/* to be told values of its first key column:
								 * SELECT on the table, or on all columns that
								 * this and the predicate are made of */
	VP_RIGHT_OWN				/* to change it: to own the index */
} VpRight;

/*
 * Returns the table of an index.  ereports if there is no such relation, if it
 * is not an index of ours, or if the current user has not this right.  Takes no
 * lock that lasts.
 */
extern Oid	vp_right_check(Oid index, VpRight right);

/* The same; the index of a partitioned table will do, too. */
extern Oid	vp_right_check_any(Oid index, VpRight right);

/*
 * Opens an index and its table, locked in this mode, the table first.  Checks
 * the right before that, and again when it has the locks, since it may have
 * waited for them.  The caller closes both, and releases or keeps the locks.
 */
extern void vp_right_open(Oid index, VpRight right, LOCKMODE mode, Relation *heap, Relation *rel);

/* The same; the index may be one of a partitioned table. */
extern void vp_right_open_any(Oid index, VpRight right, LOCKMODE mode, Relation *heap, Relation *rel);

#endif							/* VP_RIGHTS_H */
