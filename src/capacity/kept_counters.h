/*-------------------------------------------------------------------------
 *
 * kept_counters.h
 *	  Counters in shared memory that survive a clean restart, in files of the data directory.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_KEPT_COUNTERS_H
#define VP_KEPT_COUNTERS_H

/* The file. */
typedef struct VpKeeping VpKeeping;

/*
 * name: part of the file's name; static.  Has counters written when the
 * postmaster ends cleanly, by `write`, and read by `take` if the file of the
 * last clean end is there, at once.  After a crash it is not: they begin with
 * 0, as PostgreSQL's statistics do.  In the postmaster, with shared memory
 * that was just made; elsewhere does nothing.  Never raises an error: what
 * cannot be written or read is logged, and lost.
 */
typedef void (*VpKeepCall) (VpKeeping *file);

extern void vp_kept_counters_startup(const char *name, VpKeepCall write, VpKeepCall take);

/* Writes a piece; reads one (false: there is no more). */
extern void vp_keep(VpKeeping *file, const void *piece, Size size);
extern bool vp_kept(VpKeeping *file, void *piece, Size size);

#endif							/* VP_KEPT_COUNTERS_H */
