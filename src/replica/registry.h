/*-------------------------------------------------------------------------
 *
 * registry.h
 *	  The provisioned indexes of the server, in shared memory.
 *
 * What a slot's parts mean, and who writes them: README.md.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_REGISTRY_H
#define VP_REGISTRY_H

#include "base/compat.h"

#include "datatype/timestamp.h"
#include "port/atomics.h"
#include "storage/block.h"
#include "storage/lwlock.h"
#include "storage/proc.h"

#include "base/options.h"

typedef enum VpState
{
	VP_LOADING,
	VP_READY,					/* by the keeper: all pages */
	VP_SCALING,					/* some replicas are complete, others are not;
								 * not by the keeper */
	VP_SUSPENDED,
	VP_IDLE,					/* nobody searches */
	VP_ERROR
} VpState;

/* Why an index is not idle any more. */
typedef enum VpWake
{
	VP_WAKE_NONE,
	VP_WAKE_SEARCH,
	VP_WAKE_WAIT,
	VP_WAKE_CHANGE,
	VP_WAKE_POLICY
} VpWake;

/* As the views show it. */
extern const char *vp_state_name(VpState state);

/* What a catalogue reader reads of an index.  Compared by memcmp: made from zeroes. */
typedef struct VpDefinition
{
	Oid			database;
	Oid			index;
	bool		partitioned;	/* it has partitions, and no pages; the rest
								 * is theirs */
	Oid			decider;		/* whose seats and workers it shares: the
								 * partitioned index that decides for it;
								 * InvalidOid: it has its own */
	VpRelFileLocator locator;
	bool		permanent;		/* not unlogged */
	bool		there;			/* unlogged ones have no file on a standby */
	VpWish		wish;
	bool		known;			/* is there a tier of this name?  Else the
								 * following are 0 */
	bool		keeps_vectors;
	int			units;
	Oid			owner;
	int64		quota;			/* of the owner, bytes of memory */
} VpDefinition;

/* Bytes of a state's name. */
#define VP_TOLD_BYTES	16

typedef struct VpSlot
{
	bool		used;
	bool		gone;			/* not provisioned any more: the keeper lets
								 * go, and frees the slot */
	VpDefinition definition;
	uint64		hold;			/* number of the present hold; 0: none */
	uint64		sure;			/* of the hold that the definition was read in */
	int			seated;			/* the slot with its seats and workers: that
								 * of its decider, or this one */

	/* by the keeper */
	VpState		state;
	char		error[512];		/* of VP_ERROR; else empty */
	bool		failed;			/* pages could not be read: not tried again
								 * with this definition */
	bool		unfilled;		/* such that the tier does not keep: left to
								 * searches, likewise */
	BlockNumber pinned;			/* blocks */
	BlockNumber wanted;

	/* idle.c */
	bool		idle;			/* no pins, no seats, no workers until
								 * somebody searches */
	VpWake		woken;			/* why it is not any more, until the ledger
								 * has it */
	bool		in_ledger;		/* the ledger has whether it is */
	bool		would_idle;		/* the ledger has a dry run of it */
	uint64		searches;		/* at the last look */
	TimestampTz searched;		/* the last one; 0: nobody has looked yet */

	/* by the launcher */
	TimestampTz missing_since;	/* since when workers are missing; 0: none is,
								 * or none may be started */
	bool		lacking;		/* they have been for too long */
	VpState		seen;			/* the state, when it last looked */

	/* for supervisors */
	uint32		state_changes;	/* how often the state may have become another
								 * one */
	uint32		told_changes;	/* the same when it was told last */
	TimestampTz changed;		/* when the definition was */
	TimestampTz high_since;		/* the busiest replica is above what the
								 * policy allows; 0: is not */
	TimestampTz low_since;		/* there is a replica too many; 0: is not */
	char		told[VP_TOLD_BYTES];	/* state of the last notification;
										 * empty: none yet */
} VpSlot;

typedef struct VpRegistry
{
	LWLock	   *lock;			/* for all but what is atomic */
	PGPROC	   *keeper;			/* NULL: not there */
	PGPROC	   *launcher;
	uint64		holds;			/* the last one's number */
	uint64		version;		/* of the slots, as catalogue readers write
								 * them */
	uint64		tickets;		/* given to catalogue readers */
	uint64		posted;			/* ticket of the last one that posted */
	Oid			catalog_read;	/* the database that a catalogue reader has
								 * just been through */
	Oid			moved;			/* the same, if movers work on all indexes
								 * that need one */
	bool		has_extension;	/* is vecprov there? */
	int			policy_interval;	/* seconds between two looks of its
									 * policies; 0: it has none */
	Oid			supervised;		/* the database where a supervisor has just
								 * done all */
	Oid			notified;		/* the same, if nothing is left to be told */
	bool		movers_refused; /* the last catalogue reader got no background
								 * worker for one */
	bool		readers_refused;	/* the launcher got none for a catalogue
									 * reader, when it last wanted one */
	bool		crowded;		/* there were more indexes than slots */
	pg_atomic_uint64 rounds;	/* of the launcher */
	pg_atomic_uint64 idle_looks;	/* those that nobody woke it for, though
									 * nothing was provisioned */
	pg_atomic_uint64 *keys;		/* database and index of each slot, 0: free */
	VpSlot		slots[FLEXIBLE_ARRAY_MEMBER];
} VpRegistry;

extern VpRegistry *vp_registry;

/* For the shared memory hooks. */
extern void vp_registry_request(void);
extern void vp_registry_startup(void);

/*
 * The slot of an index of a database, -1: it has none.  Takes no lock: it may
 * have changed hands since.
 */
extern int	vp_slot_find(Oid database, Oid index);

/* As the registry keeps it. */
extern uint64 vp_slot_key(Oid database, Oid index);

/* The index of a slot, if it is one of this database; takes no lock, either. */
extern Oid	vp_slot_index(int slot);

/* Has the slot seats and workers of its own?  Under the lock. */
extern bool vp_slot_seats(int slot);

/* Copies a slot; false: it is free, or about to be. */
extern bool vp_slot_copy(int slot, VpSlot *copy);

/* Copies the slot of an index; false: it has none, or is about to lose it. */
extern bool vp_slot_look(Oid database, Oid index, VpSlot *slot);

/* Frees the slot if it still is gone.  By the keeper, when it has let go. */
extern bool vp_slot_free(int slot);

/* The state of an index of this database may be another one now, and be a notification's matter. */
extern void vp_slot_notice(Oid index);

/* Wakes keeper or launcher, given where its process stands. */
extern void vp_registry_wake(PGPROC **process);

#endif							/* VP_REGISTRY_H */
