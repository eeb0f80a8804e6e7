/*-------------------------------------------------------------------------
 *
 * paths.h
 *	  What the planner does not think of by itself.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_PATHS_H
#define VP_PATHS_H

/* Takes its place in the planner. */
extern void vp_paths_define(void);

#endif							/* VP_PATHS_H */
