/*-------------------------------------------------------------------------
 *
 * own_object.h
 *	  The extension's own objects, found in the catalogues.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_OWN_OBJECT_H
#define VP_OWN_OBJECT_H

/* The access method's OID; InvalidOid while the extension is not there. */
extern Oid	vp_own_am(void);

/* Schema of the extension's functions and types.  Raises an error when it is not there. */
extern char *vp_own_schema(void);

/*
 * The table of this name that belongs to the extension, whatever its schema is called;
 * InvalidOid when it is not there.
 */
extern Oid	vp_own_table(const char *name);

/* The same; raises an error when it is not there. */
extern Oid	vp_own_table_get(const char *name);

/* Its name as a statement has to write it, for messages: quoted, with its schema.  Palloc'd. */
extern char *vp_own_table_name(const char *name);

#endif							/* VP_OWN_OBJECT_H */
