/*-------------------------------------------------------------------------
 *
 * slot_state.c
 *	  What a provisioned index has of what it was promised: pages and workers.
 *
 * The keeper tells of pages (VpSlot.state).  Workers are counted each time when
 * somebody asks, under the same lock, so an index is never Ready while one is
 * missing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "base/clock.h"
#include "base/settings.h"
#include "replica/slot_state.h"
#include "replica/worker_slot.h"

/*
 * How many workers a slot is to have, while its index is not idle.  The registry's
 * lock is held.
 */
static int
promised_workers(int number)
{
	const VpSlot *slot = &vp_registry->slots[number];

	return slot->used && vp_slot_seats(number) && !slot->gone && slot->definition.there ?
		slot->definition.wish.replicas * slot->definition.units : 0;
}

/*
 * Is this the worker slot of a unit that the index is to have?  The registry's
 * lock is held.
 */
static bool
is_of(const VpWorkerSlot *worker_slot, int number)
{
	const VpSlot *slot = &vp_registry->slots[number];

	return worker_slot->taken && worker_slot->slot == number &&
		worker_slot->database == slot->definition.database &&
		worker_slot->index == slot->definition.index &&
		worker_slot->replica < slot->definition.wish.replicas &&
		worker_slot->unit < slot->definition.units;
}

/*
 * Counts the workers of a slot, wherever they are: `running` has a place for
 * each replica.  The registry's lock is held.
 */
static void
count_workers(int of, VpSlotState *state, int *running)
{
	int			number = vp_registry->slots[of].seated;
	const VpSlot *slot = &vp_registry->slots[number];
	int			given = 0;
	int			all = 0;

	for (int i = 0; i < vp_worker_slot_count(); i++)
	{
		const VpWorkerSlot *worker_slot = &vp_worker_slots[i];

		if (!is_of(worker_slot, number))
			continue;
		given++;
		all += worker_slot->serves;
		running[worker_slot->replica] += worker_slot->serves;
		state->refused |= worker_slot->failed && worker_slot->proc == NULL;
	}
	state->wanted = slot->idle ? 0 : promised_workers(number);
	/* those of an idle index may not have ended yet */
	state->missing = Max(state->wanted - all, 0);
	state->no_room = given < state->wanted;
	for (int i = 0; i < slot->definition.wish.replicas; i++)
		state->replicas += slot->definition.units > 0 && running[i] == slot->definition.units;
}

/* The state that follows from pages, and from workers as they were counted. */
static VpState
state_of(const VpSlot *slot, const VpSlotState *state)
{
	if (slot->state != VP_READY || state->missing == 0)
		return slot->state;
	if (slot->lacking)
		return VP_ERROR;
	return state->replicas > 0 ? VP_SCALING : VP_LOADING;
}

void
vp_slot_state_get(int number, VpSlotState *state)
{
	const VpSlot *slot = &vp_registry->slots[number];
	int			running[VP_MAX_REPLICAS] = {0};

	memset(state, 0, sizeof(*state));
	count_workers(number, state, running);
	state->state = state_of(slot, state);
}

int
vp_slot_survey(Oid database, Oid index, VpSlot *copy, VpSlotState *state)
{
	int			i = vp_slot_find(database, index);
	bool		found = false;

	if (i < 0)
		return -1;
	LWLockAcquire(vp_registry->lock, LW_SHARED);
	*copy = vp_registry->slots[i];
	found = copy->used && !copy->gone && copy->definition.index == index &&
		copy->definition.database == database;
	if (found)
		vp_slot_state_get(i, state);
	for (int other = 0; found && state->missing > 0 && other < vp_max_provisioned; other++)
		state->all_wanted += promised_workers(other);
	LWLockRelease(vp_registry->lock);
	return found ? i : -1;
}

bool
vp_replica_is_complete(int slot, int replica)
{
	VpSlotState state = {0};
	int			running[VP_MAX_REPLICAS] = {0};

	count_workers(slot, &state, running);
	return running[replica] == vp_registry->slots[slot].definition.units;
}

/*----------
 * In words
 *----------
 */

/* What vecprov.max_workers is to be for all workers of the server; 0: it suffices. */
static int64
workers_to_set(const VpSlotState *state)
{
	return state->no_room && vp_max_workers < state->all_wanted ? state->all_wanted : 0;
}

/* The same of max_worker_processes.  Others may use more than we leave to them. */
static int64
processes_to_set(const VpSlotState *state)
{
	if (state->refused)
		return Max(state->all_wanted + VP_OTHER_WORKERS, (int64) max_worker_processes + state->missing);
	return state->no_room && vp_worker_slot_count() < state->all_wanted ?
		state->all_wanted + VP_OTHER_WORKERS : 0;
}

/* Appends a setting that is too low, and the number that would do. */
static void
append_setting(StringInfo text, const char *name, int value, int64 wanted)
{
	if (wanted > 0)
		appendStringInfo(text, "; %s is %d, and %lld would do", name, value, (long long) wanted);
}

const char *
vp_slot_error(const VpSlot *slot, const VpSlotState *state)
{
	StringInfoData text;

	if (state->state != VP_ERROR || slot->state == VP_ERROR)
		return slot->error;
	initStringInfo(&text);
	appendStringInfo(&text, "%d of %d workers are missing", state->missing, state->wanted);
	append_setting(&text, "vecprov.max_workers", vp_max_workers, workers_to_set(state));
	append_setting(&text, "max_worker_processes", max_worker_processes, processes_to_set(state));
	if (!state->no_room && !state->refused)
		appendStringInfoString(&text, "; they are started, and do not come: see the server's log");
	return text.data;
}

char *
vp_workers_advice(const VpSlotState *state)
{
	int64		workers = workers_to_set(state);
	int64		processes = processes_to_set(state);

	if (workers == 0 && processes == 0)
		return NULL;
	if (processes == 0)
		return psprintf("set vecprov.max_workers to %lld", (long long) workers);
	if (workers == 0)
		return psprintf("set max_worker_processes to %lld", (long long) processes);
	return psprintf("set vecprov.max_workers to %lld and max_worker_processes to %lld",
					(long long) workers, (long long) processes);
}

/*----------
 * For the launcher
 *----------
 */

/*
 * While workers may not be started, as while somebody has the index locked, they
 * are not late.  A clock that was set back begins anew.
 */
static void
note_missing(VpSlot *slot, int missing)
{
	TimestampTz now = vp_clock();

	if (missing == 0 || slot->hold == 0 || slot->sure != slot->hold)
		slot->missing_since = 0;
	else if (slot->missing_since == 0 || slot->missing_since > now)
		slot->missing_since = now;
	slot->lacking = slot->missing_since != 0 &&
		now - slot->missing_since >= VP_WORKERS_DUE * USECS_PER_SEC;
}

void
vp_slot_states_note(void)
{
	for (int i = 0; i < vp_max_provisioned; i++)
	{
		VpSlot	   *slot = &vp_registry->slots[i];
		VpSlotState state;
		VpState		now;

		if (!slot->used || slot->gone)
			continue;
		vp_slot_state_get(i, &state);
		note_missing(slot, state.missing);
		now = state_of(slot, &state);
		if (now != slot->seen)
			slot->state_changes++;
		slot->seen = now;
	}
}
