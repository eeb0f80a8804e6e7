/*-------------------------------------------------------------------------
 *
 * page_locks.h
 *	  Heavyweight locks of an index's first pages, which order its writers.
 *
 * They are taken by LockPage(), before any buffer lock, in the order move lock,
 * merge lock, postings lock; or move lock, insert lock.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_PAGE_LOCKS_H
#define VP_PAGE_LOCKS_H

/* The insert lock: inserts hold it shared; VACUUM takes it to wait for them. */
#define VP_INSERT_LOCK_BLOCK 0

/*
 * The move lock: a process that moves nodes holds it, and so does VACUUM, so
 * that neither happens while the other does.
 */
#define VP_MOVE_LOCK_BLOCK 1

/* The mover lock: a mover holds it as long as it is at work on the index. */
#define VP_MOVER_LOCK_BLOCK 2

/*
 * The postings lock: a process that writes runs holds it.  A process that has
 * the insert lock does not wait for it.
 */
#define VP_POSTINGS_LOCK_BLOCK 3

/*
 * The merge lock: only its holder takes runs out of the manifest.  Others may
 * add some.
 */
#define VP_MERGE_LOCK_BLOCK 4

#endif							/* VP_PAGE_LOCKS_H */
