/*-------------------------------------------------------------------------
 *
 * as_owner.h
 *	  Runs on behalf of somebody else what a table's owner has put there: expressions and
 *	  predicates of an index; defaults, constraints and triggers of a table.
 *
 * Their functions are the owner's choice, so they must not run with the rights
 * of whoever happens to use the table or the index.  And what those functions
 * call by an unqualified name must not be found by that user's search_path,
 * which would choose what the owner runs.  PostgreSQL 17 and later treat REINDEX,
 * ANALYZE and the like the same way (RestrictSearchPath).
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_AS_OWNER_H
#define VP_AS_OWNER_H

#include "access/htup.h"
#include "nodes/bitmapset.h"
#include "utils/relcache.h"

/* What to go back to. */
typedef struct VpAsOwner
{
	const char *kind;			/* for messages: "index" or "table", */
	const char *name;			/* and its name */
	Oid			user;
	int			security_context;
	int			guc_level;
	ErrorContextCallback callback;
} VpAsOwner;

/*
 * From here to vp_as_owner_end the current user is the owner of the table
 * `heap`, in a security-restricted operation, and search_path is "pg_catalog,
 * pg_temp".  Settings that change meanwhile are set back at the end.  Where a
 * function, an operator, a table or a type is not found, the error's hint tells
 * that its schema must be named.  rel: an index of the table, or the table
 * itself, whichever that hint is to name.
 *
 * Only within a transaction: when an error ends that, or a subtransaction in
 * which the call was made, user and settings are set back by PostgreSQL.  Calls
 * may be nested.  *as must stay where it is until the end.  BuildIndexInfo must
 * come after the call: it evaluates constant parts of expressions.
 */
extern void vp_as_owner_begin(VpAsOwner *as, Relation heap, Relation rel);
extern void vp_as_owner_end(VpAsOwner *as);

/*
 * Does the index have expressions or a predicate, in which a function of its
 * owner may be?
 */
extern bool vp_index_has_code(Relation index);

/*
 * The table's columns that the index's columns are made of, and those of its
 * predicate, with FirstLowInvalidHeapAttributeNumber subtracted; without that:
 * a whole row.  Evaluates nothing, as RelationGetIndexExpressions does with
 * constant parts.
 */
extern Bitmapset *vp_index_columns(HeapTuple pg_index);

/* The same of one of the index's columns alone; the first, 1, is the vector. */
extern Bitmapset *vp_column_columns(HeapTuple pg_index, int attno);

/* The same of its predicate alone. */
extern Bitmapset *vp_predicate_columns(HeapTuple pg_index);

#endif							/* VP_AS_OWNER_H */
