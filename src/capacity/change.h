/*-------------------------------------------------------------------------
 *
 * change.h
 *	  Changes of what an index wishes for.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_WISH_CHANGE_H
#define VP_WISH_CHANGE_H

/*
 * Sets the hook that sees them.  Without the library in shared_preload_libraries it lets
 * none pass.
 */
extern void vp_change_define(void);

#endif							/* VP_WISH_CHANGE_H */
