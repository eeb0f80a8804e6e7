/*-------------------------------------------------------------------------
 *
 * stay.h
 *	  How long a backend stays in the reserved zone where it has searched.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_STAY_H
#define VP_STAY_H

/* For the library's load. */
extern void vp_stay_define(void);

#endif							/* VP_STAY_H */
