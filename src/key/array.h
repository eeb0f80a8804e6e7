/*-------------------------------------------------------------------------
 *
 * array.h
 *	  Key columns of arrays: elements and conditions.
 *
 * The stored key of an array is its signature (page/array_key.h).  It does not
 * say which elements the array has, how often, in which order, nor whether
 * some of them are NULL.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_ARRAY_H
#define VP_ARRAY_H

#include "access/skey.h"
#include "utils/relcache.h"

#include "key/condition.h"
#include "key/key.h"

/* Strategies of the operators of arrays' class: as of GIN's. */
#define VP_ARRAY_OVERLAP	1
#define VP_ARRAY_CONTAINS	2
#define VP_ARRAY_CONTAINED	3
#define VP_ARRAY_EQUAL		4

/*
 * Is the equality by which a type's values are compared one of an operator
 * family of keys?  A type that has a cast to another one, as citext to text,
 * may use that one's operator class and have an equality of its own.
 */
extern bool vp_key_compares(Oid type, Oid family);

/*
 * The form of a column's elements, of which the column's type is an array, or a
 * domain over one.  ereports if they cannot be keys themselves.
 */
extern VpKeyForm vp_element_form(Relation rel, int attno);

/*
 * The element keys of an array, in order, none twice, palloc'd; how many.
 * form: of the elements. *has_null: one of them is NULL, which has no key.
 */
extern int	vp_array_elements(VpKeyForm form, Datum array, uint32 **keys, bool *has_null);

extern uint64 vp_array_signature(const uint32 *keys, int n);

/*
 * Makes conditions of a scan key on a column of arrays, which a row must
 * satisfy all; how many, at most VP_ARRAY_CONDITIONS.  -1: no row satisfies
 * it.  Sets no column and place.
 */
#define VP_ARRAY_CONDITIONS	8

extern int	vp_array_conditions(VpKeyForm form, const ScanKeyData *key, VpKeyCondition *conditions);

#endif							/* VP_ARRAY_H */
