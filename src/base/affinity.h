/*-------------------------------------------------------------------------
 *
 * affinity.h
 *	  On which processors the server's processes run, where some are reserved.
 *
 * The kernel gives each process a set of processors, its mask, which its
 * children inherit.  The postmaster's, at its start, is the inherited one.
 * Without those that are reserved it is the ordinary one: the postmaster sets
 * its own, so that all processes that it starts from then on have it, and the
 * launcher sets it for those that run already.
 *
 * A process that is allowed to run elsewhere says so itself, and goes back by
 * itself: to what is the ordinary mask then.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_AFFINITY_H
#define VP_AFFINITY_H

#include "base/compat.h"

#include "storage/lwlock.h"

/* A set of processors, a bit each. */
typedef struct VpCpus
{
	uint64		words[16];
} VpCpus;

#define VP_MAX_CPUS	((int) sizeof(VpCpus) * 8)

/* In the postmaster, before settings are defined: remembers the inherited mask. */
extern void vp_affinity_init(void);

/* For the shared memory hooks. */
extern void vp_affinity_request(void);
extern void vp_affinity_startup(void);

/*
 * Why these processors, of which there are some, cannot be reserved, as the
 * detail of a message; NULL: they can.
 */
extern const char *vp_affinity_refusal(const VpCpus *reserved);

/*
 * These are reserved from now on, by a setting whose hash is given.  The
 * postmaster changes its own mask; other processes only take note.
 */
extern void vp_affinity_assign(const VpCpus *reserved, uint64 setting);

/* How many processors of the inherited mask are reserved. */
extern int	vp_affinity_reserved(void);

/*
 * Has this process run on these processors; NULL: on the ordinary ones.  False,
 * with errno, when that cannot be done.
 */
extern bool vp_affinity_bind(const VpCpus *cpus);

/*
 * The same for a short time, until vp_affinity_leave().  False, and nothing is
 * changed: this process or the launcher does not go by the present setting yet,
 * somebody else has set this process's mask, or the kernel refuses.
 */
extern bool vp_affinity_enter(const VpCpus *cpus);
extern void vp_affinity_leave(void);

/* Is the setting still the one by which this process has entered? */
extern bool vp_affinity_is_current(void);

/* The same as the latter, for another process. */
extern void vp_affinity_evict(int pid);

/*
 * By the launcher, after its start and when the setting may be another: has all
 * processes of the server that run already go by it.  A worker has a mask of
 * its own; is_worker, which is called with `lock` held (shared), tells workers.
 * A process must take `lock` exclusively to become a worker.  On entry and on
 * exit `lock` is not held.
 */
extern void vp_affinity_spread(LWLock *lock, bool (*is_worker) (int pid));

#endif							/* VP_AFFINITY_H */
