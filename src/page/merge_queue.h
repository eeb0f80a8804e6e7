/*-------------------------------------------------------------------------
 *
 * merge_queue.h
 *	  Indexes whose runs are to be merged in the background, in shared memory.
 *
 * A flush asks; the launcher (replica/) takes what was asked for, and starts a
 * merger.  What is lost, because the queue is full, or with the server, is
 * asked for again by a later flush, or by a catalogue reader.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_MERGE_QUEUE_H
#define VP_MERGE_QUEUE_H

/* For the shared memory hooks. */
extern void vp_merge_queue_request(void);
extern void vp_merge_queue_startup(void);

/*
 * Sets the function that wakes the process which takes requests.  It is called
 * in any process.  Without it requests are dropped.
 */
extern void vp_merge_queue_define(void (*wake) (void));

/* Asks for an index, unless it has been asked for and not been taken yet. */
extern void vp_merge_queue_ask(Oid database, Oid index);

/* Takes what was asked for first; false: nothing is. */
extern bool vp_merge_queue_take(Oid *database, Oid *index);

extern bool vp_merge_queue_is_empty(void);

#endif							/* VP_MERGE_QUEUE_H */
