/*-------------------------------------------------------------------------
 *
 * crew.h
 *	  A worker for each unit of each replica.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_CREW_H
#define VP_CREW_H

/* Starts and ends workers as slots and settings want them.  By the launcher, often. */
extern void vp_crew_mind(void);

/* Is there a worker, or a desk that is kept for one? */
extern bool vp_crew_is_there(void);

#endif							/* VP_CREW_H */
