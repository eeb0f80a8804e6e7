/*-------------------------------------------------------------------------
 *
 * statement.h
 *	  The utility statement under way: who executes it, and what it renames.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_STATEMENT_H
#define VP_STATEMENT_H

#include "nodes/primnodes.h"

/* An index, or a schema with all that is in it, has got another name. */
typedef struct VpMove
{
	Oid			index;			/* InvalidOid: the schema itself */
	NameData	old_schema;
	NameData	old_name;		/* of the index */
	NameData	new_schema;
	NameData	new_name;
} VpMove;

/*
 * The role that executes the innermost utility statement; outside of one, the present
 * role.  CREATE INDEX and others switch to the table's owner while they are at work, so
 * GetUserId() does not tell who asks for an index.
 */
extern Oid	vp_statement_user(void);

/*
 * Does an index that it makes replace one that there was, with the same options?  So do
 * the copies of REINDEX CONCURRENTLY, and what the server makes by itself (`internal`, of
 * object_access_hook), but for the indexes of a new or attached partition.
 */
extern bool vp_statement_copies(bool internal);

/*
 * The name of the database that CREATE DATABASE copies, if that is the innermost statement; else
 * NULL.  Valid as long as the statement's tree is.
 */
extern const char *vp_statement_template(void);

/*
 * When the statement has succeeded, or at once outside of one: rewrites the rows of
 * vecprov.limits, policies, usage and changes that have the old name, with the rights of these
 * tables' owners.  The renamer needs none.
 */
extern void vp_statement_moves(const VpMove *move);

/*
 * When the statement has succeeded, or at once outside of one: calls a function with a copy of what
 * `about` points to.  DROP INDEX CONCURRENTLY lets nothing be written before.
 */
typedef void (*VpAfterwards) (const void *about);

extern void vp_statement_afterwards(VpAfterwards call, const void *about, Size size);

/*
 * Has a function called when ALTER INDEX parent ATTACH PARTITION has
 * succeeded, of which no other hook is told.
 */
typedef void (*VpAttached) (const RangeVar *parent);

extern void vp_statement_when_attached(VpAttached call);

/* Puts the hook in place, when the library is loaded. */
extern void vp_statement_define(void);

#endif							/* VP_STATEMENT_H */
