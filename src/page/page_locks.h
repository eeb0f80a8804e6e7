/*-------------------------------------------------------------------------
 *
 * page_locks.h
 *	  Heavyweight locks of an index's first pages, which say who changes it.
 *
 * Taken in the order move lock, merge lock, postings lock; move lock, insert
 * lock.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_PAGE_LOCKS_H
#define VP_PAGE_LOCKS_H

/* The insert lock: inserts hold it shared; VACUUM takes it to wait for them. */
#define VP_INSERT_LOCK_BLOCK 0

/*
 * The move lock, of who moves nodes, and of VACUUM: neither shall happen while
 * the other does.
 */
#define VP_MOVE_LOCK_BLOCK 1

/* What a mover holds as long as it is at work on the index. */
#define VP_MOVER_LOCK_BLOCK 2

/*
 * The postings lock, of who writes runs.  A process that has the insert lock
 * does not wait for it.
 */
#define VP_POSTINGS_LOCK_BLOCK 3

/*
 * The merge lock: only its holder takes runs out of the manifest.  Others may
 * add some.
 */
#define VP_MERGE_LOCK_BLOCK 4

#endif							/* VP_PAGE_LOCKS_H */
