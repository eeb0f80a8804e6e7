/*-------------------------------------------------------------------------
 *
 * build_spool.h
 *	  What a build has read of the table, until it is written to pages.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_BUILD_SPOOL_H
#define VP_BUILD_SPOOL_H

#include "storage/fd.h"

#include "page/alloc.h"
#include "page/array_run.h"
#include "page/store.h"

typedef struct VpSpool VpSpool;

/*
 * In the current memory context, of an index of this geometry.  What does not fit into 64 kB goes
 * to temporary files.
 */
extern VpSpool *vp_spool_begin(const VpGeometry *geo);

/*
 * Adds the next record and its exact vector, if there is one that is not the code: rows have the
 * numbers 0, 1, 2 ...
 */
extern void vp_spool_put(VpSpool *spool, const VpRecord *record, const void *vector);

/* Gets those of a row, in any order; *record and *vector are valid until the next one. */
extern void vp_spool_get(VpSpool *spool, uint32 row, VpRecord *record, const void **vector);

/* Starts reading a row from disk that will be got soon. */
extern void vp_spool_expect(VpSpool *spool, uint32 row);

/*
 * The same for the elements of columns of arrays, which only go to lists: put
 * a row's, one row after the other; then give all to the lists, which
 * `arrays` has by column, under the ids that `id_of` says.
 */
extern void vp_spool_put_elements(VpSpool *spool, const VpRowKeys *keys);
extern void vp_spool_list_elements(VpSpool *spool, VpArrayRun **arrays,
								   VpId (*id_of) (uint32 row, void *arg), void *arg);

/* Lets go of memory and files; else transaction and memory context do. */
extern void vp_spool_end(VpSpool *spool);

/* Writes to a temporary file; an error for want of room has the hint. */
extern void vp_file_write(File file, const char *data, Size bytes, uint64 at, const char *hint);

#endif							/* VP_BUILD_SPOOL_H */
