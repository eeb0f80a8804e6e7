/*-------------------------------------------------------------------------
 *
 * plan.h
 *	  Spares the executor distances that nobody reads, and sees what is filtered by.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_PLAN_H
#define VP_PLAN_H

/*
 * Takes its place in the planner; only while shared_preload_libraries are
 * loaded.
 */
extern void vp_plan_define(void);

#endif							/* VP_PLAN_H */
