/*-------------------------------------------------------------------------
 *
 * debug_point.h
 *	  Named points in the code where a test can make something happen.
 *
 * The setting vecprov.debug_point (superusers, hidden) is 'NAME=ACTION' or
 * 'NAME=ACTION:N' for the N-th time that the point is passed:
 *
 *	crash	the process is killed as by kill -9, all its WAL so far being flushed
 *	error	ereport(ERROR); not for points in critical sections
 *	wait	stops until the advisory lock 7670 is free; likewise
 *	stop	stops as by kill -STOP, with what it has locked; the log says when it has
 *
 * When the setting is empty a point costs one test of a flag.  Injection
 * points of the server would do, but come with 17, and only in builds made
 * for tests.
 *
 * The points:
 *
 *	allocation			searches and inserts, wherever they ask for memory that they keep
 *	bypass-read			a search has read a page past shared buffers, and not looked at its counter again
 *	change-before-wal	a page is changed in shared buffers, its WAL not yet written
 *	insert-found		another version of a row has been looked for, and nothing is written
 *	insert-created		a node's record is written, its vector is not
 *	insert-stored		record and vector are there, no links
 *	insert-linked		own links are there; before each link from a neighbour
 *	insert-bare			a row without a vector is in its node
 *	recode-node			a node is coded anew by the new mean, the others are not yet
 *	exponent-due		how distances grow is about to be learned
 *	mover-due			a mover is about to be registered
 *	catalog-reader-begun	a catalogue reader has its ticket and its snapshot
 *	ledger-written		a refusal is in the ledger, not committed; the client waits
 *	move-begun			the number of shards is another, no record is moved
 *	move-linked			a record's copy is linked, the node not given up
 *	move-finished		it is
 *	move-settled		moved nodes are dead as any others
 *	move-ended			all is where it shall be
 *	build-together		nothing happens, but while it is set, an index is built as format version 6
 *						has it, codes in records
 *	build-loaded		the build has read the table, the graph is not made
 *	build-ordered		ids are given, the graph is not made
 *	build-linked		the graph is made, not written
 *	build-written		pages are written, not logged
 *	client-patient		nothing happens, but while it is set, a process that looks for the
 *						next command does not give way to others, which a test could not tell
 *	merge-begun			a merge has the merge lock and knows which runs it is of
 *	merge-sorted		it has sorted them, and will ask for the postings lock
 *	partition-followed	a partition has been given what its parent has, others have not yet
 *	runs-begun			a flush has said that it writes runs, and looked at the recent pages
 *	runs-written		the run of a column is written; nobody knows of it
 *	runs-listed			the new manifest is, too
 *	runs-used			it is the index's; nothing is given back yet
 *	runs-given			the old manifest is; no other page
 *	runs-ended			all is given back; it is not said yet
 *	runs-found			a page that nothing led to is given back
 *	search-seated		a search has its seat, if its index has seats, and begins
 *	search-found		the graph has been searched, no row is measured yet
 *	supervisor-begun	a supervisor is connected, and has done nothing
 *	supervisor-looked	it has notifications to send, not committed
 *	vacuum-marked		dead nodes are marked
 *	vacuum-merged		nodes of rows without a vector are fewer; those that left their chain are
 *						in no list
 *	vacuum-surveyed		it is known which nodes are dead; no link is changed yet
 *	vacuum-entries		VACUUM has chosen entry points, and not set them
 *	vacuum-entered		they are set; nodes out of reach are not looked for yet
 *	vacuum-repaired		nothing leads to them any more
 *	vacuum-listed		those of a page are in the waiting list; the metapage is locked
 *	vacuum-unlinked		those of all pages are
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_DEBUG_POINT_H
#define VP_DEBUG_POINT_H

extern bool vp_debug_points;

extern void vp_debug_point(const char *name);

/* Is that the point of the setting?  For what is not an action but holds while it is set. */
extern bool vp_debug_point_is(const char *name);

#define VP_POINT(name) \
	do { \
		if (unlikely(vp_debug_points)) \
			vp_debug_point(name); \
	} while (0)

#define VP_POINT_IS(name) (unlikely(vp_debug_points) && vp_debug_point_is(name))

/* Takes the setting apart (GUC check hook), and puts it in force (assign hook). */
extern bool vp_debug_point_check(const char *value);
extern void vp_debug_point_assign(const char *value);

#endif							/* VP_DEBUG_POINT_H */
