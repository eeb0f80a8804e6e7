/*-------------------------------------------------------------------------
 *
 * opclass.h
 *	  amvalidate.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_OPCLASS_H
#define VP_OPCLASS_H

extern bool vp_validate(Oid opclass);

#endif							/* VP_OPCLASS_H */
