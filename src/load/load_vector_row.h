/*-------------------------------------------------------------------------
 *
 * load_vector_row.h
 *	  Rows of vectors from fvecs, bvecs and npy: a vector, and perhaps its number.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_LOAD_VECTOR_ROW_H
#define VP_LOAD_VECTOR_ROW_H

#include "load/load_fields.h"

/* As ld_row().  The last of the loaded columns is the vector; one before it is the number. */
extern bool ld_vector_row(const LdFields *fields, const char *data, size_t len, int64_t number,
						  int ordinal, LdText *rows, LdError *error);

#endif							/* VP_LOAD_VECTOR_ROW_H */
