/*-------------------------------------------------------------------------
 *
 * meter.c
 *	  What is counted of each index in shared memory, and the buckets of its limits.
 *
 * A meter is found by database and index in a hash table with open addressing,
 * without a lock; to take one, or to free one, needs the lock.  Meters of indexes that
 * are gone are freed when there are no others left: nothing has to be told of a DROP,
 * a crash, or what WAL does on a standby.  If that does not help, an index with limits
 * takes the meter of another index; see README.md.
 *
 * Counters of frequent events stand several times, each set on cache lines of its own:
 * a backend adds to the set that its process ID chooses, who reads adds them up.
 *
 * A bucket is one word: the moment at which it will be full again.  To take from it is
 * to move that on by the time in which what is taken comes in again ("generic cell
 * rate algorithm", ITU-T I.371, there for the cells of ATM networks).  So a bucket
 * needs neither a clock that fills it nor a lock.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/lmgr.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base/settings.h"
#include "capacity/kept_counters.h"
#include "capacity/meter.h"

/* Sets of counters, a power of two. */
#define SETS		4

#define LINE_BYTES	64

/* Between two attempts to free meters: they look at the catalogue. */
#define SWEEP_INTERVAL_MS	60000

/* Refused changes of an index that are written to the ledger in an hour. */
#define REFUSALS_AN_HOUR	60

/* Indexes whose refusals are counted one by one; those of further ones are counted together. */
#define WINDOWS		255

/* Whose a meter is. */
#define NEVER_TAKEN	UINT64CONST(0)
#define FREED		UINT64CONST(1)
#define OwnerOf(database, index) ((uint64) (database) << 32 | (index))

/* Four cache lines; what waits is counted in the last two. */
typedef struct CounterSet
{
	pg_atomic_uint64 searches[VP_SEARCH_BOUNDS + 1];
	pg_atomic_uint64 search_ns;
	pg_atomic_uint64 inserts;
	pg_atomic_uint64 insert_ns;
	pg_atomic_uint64 waits[VP_SEARCH_BOUNDS + 1];
	pg_atomic_uint64 wait_ns;
	pg_atomic_uint64 padding[2];
} CounterSet;

typedef struct Bucket
{
	pg_atomic_uint64 full_at;
	pg_atomic_uint64 terms;		/* stands for its rate and burst */
} Bucket;

/* Each part begins on a cache line. */
struct VpMeter
{
	CounterSet	sets[SETS];
	Bucket		buckets[VP_NBUCKETS];
	pg_atomic_uint64 refused[VP_NREFUSALS];
	pg_atomic_uint32 claim;		/* the last that was made; VpClaim */
	pg_atomic_uint32 used;		/* when: clock_ms() */
	pg_atomic_uint64 filtered;	/* columns of the table, 16 bits each, the
								 * newest lowest; 0: none */
	char		padding[LINE_BYTES - (VP_NREFUSALS + 1) * sizeof(pg_atomic_uint64) -
						2 * sizeof(pg_atomic_uint32)];
};

StaticAssertDecl(sizeof(CounterSet) == 4 * LINE_BYTES, "sets of counters share no cache line");
StaticAssertDecl(sizeof(VpMeter) % LINE_BYTES == 0, "meters share no cache line");

/* Refused changes of an index in an hour. */
typedef struct Window
{
	uint64		whose;
	uint32		hour;
	uint32		refusals;
} Window;

typedef struct Shared
{
	LWLock	   *lock;			/* to write owners and windows */
	pg_atomic_uint64 swept_at;	/* milliseconds */
	pg_atomic_uint64 missed;
	pg_atomic_uint64 unwritten;
	Window		windows[WINDOWS + 1];	/* the last one: all further indexes */
} Shared;

const double vp_search_bounds[VP_SEARCH_BOUNDS] = {
	0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5
};

/* In shared memory, one behind the other. */
static Shared *shared;
static pg_atomic_uint64 *owners;	/* whose the meters are; mostly read */
static VpMeter *meters;

static void keep_meters(VpKeeping *file);
static void take_meters(VpKeeping *file);

/*----------
 * Making
 *----------
 */

static Size
owners_offset(void)
{
	return TYPEALIGN(LINE_BYTES, sizeof(Shared));
}

static Size
meters_offset(void)
{
	return TYPEALIGN(LINE_BYTES, owners_offset() +
					 vp_max_metered_indexes * sizeof(pg_atomic_uint64));
}

static Size
shared_bytes(void)
{
	return meters_offset() + vp_max_metered_indexes * sizeof(VpMeter);
}

void
vp_meter_request(void)
{
	RequestAddinShmemSpace(shared_bytes());
	RequestNamedLWLockTranche("vecprov meters", 1);
}

void
vp_meter_startup(void)
{
	bool		found;
	char	   *start = ShmemInitStruct("vecprov meters", shared_bytes(), &found);

	shared = (Shared *) start;
	owners = (pg_atomic_uint64 *) (start + owners_offset());
	meters = (VpMeter *) (start + meters_offset());
	if (found)
		return;
	memset(start, 0, shared_bytes());
	shared->lock = &GetNamedLWLockTranche("vecprov meters")->lock;
	vp_kept_counters_startup("meters", keep_meters, take_meters);
}

/*----------
 * Finding
 *----------
 */

/*
 * The place of an owner's meter.  -1 if it has none, and *vacant is one that it can take,
 * or -1.
 */
static int
look_up(uint64 owner, int *vacant)
{
	uint32		start = murmurhash32((uint32) owner ^ murmurhash32(owner >> 32));

	*vacant = -1;
	for (int i = 0; i < vp_max_metered_indexes; i++)
	{
		int			at = (start % vp_max_metered_indexes + i) % vp_max_metered_indexes;
		uint64		is = pg_atomic_read_u64(&owners[at]);

		if (is == owner)
			return at;
		if (is <= FREED && *vacant < 0)
			*vacant = at;
		if (is == NEVER_TAKEN)
			break;
	}
	return -1;
}

/* Milliseconds, of which it comes to zero again after 49 days: only differences mean something. */
static inline uint32
clock_ms(void)
{
	return (uint32) (vp_now() / 1000000);
}

/* Are all buckets full?  Then they are as those of a new meter. */
static bool
is_at_rest(VpMeter *meter)
{
	uint64		now = vp_now();

	for (int i = 0; i < VP_NBUCKETS; i++)
		if (pg_atomic_read_u64(&meter->buckets[i].full_at) > now)
			return false;
	return true;
}

/* How much a meter is needed where it is: a meter of less need is taken first. */
static int
need_of(VpMeter *meter)
{
	VpClaim		claim = pg_atomic_read_u32(&meter->claim);

	if (claim == VP_CLAIM_COUNTED)
		return 0;

	/*
	 * its index gets another one, if it is used again, and nothing is lost
	 * but counts
	 */
	if (is_at_rest(meter))
		return 1;
	return claim == VP_CLAIM_GENERAL ? 2 : 3;
}

/*
 * The meter that an index with limits takes when none is vacant: of those needed least
 * the one that was not used for longest.  -1: all are needed as much.
 */
static int
find_victim(VpClaim claim)
{
	int			least = claim == VP_CLAIM_NAMED ? 3 : 2;
	uint32		now = clock_ms();
	uint32		longest = 0;
	int			victim = -1;

	for (int i = 0; i < vp_max_metered_indexes; i++)
	{
		int			need = need_of(&meters[i]);
		uint32		idle = now - pg_atomic_read_u32(&meters[i].used);

		if (need > least || (need == least && (victim < 0 || idle <= longest)))
			continue;
		victim = i;
		least = need;
		longest = idle;
	}
	return victim;
}

/*
 * Takes a meter, if there is one left, or one to take away. -1: there is none.
 * Takes and releases the meters' lock, exclusively.  Others find a meter
 * without it, by its owner alone.
 */
static int
take_meter(uint64 owner, VpClaim claim)
{
	int			vacant;
	int			at;

	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	at = look_up(owner, &vacant);
	if (at < 0 && vacant < 0 && claim != VP_CLAIM_COUNTED)
		vacant = find_victim(claim);
	if (at < 0 && vacant >= 0)
	{
		at = vacant;
		/* from now on its former owner does not find it */
		pg_atomic_write_u64(&owners[at], FREED);
		pg_write_barrier();
		memset(&meters[at], 0, sizeof(VpMeter));
		/* who finds it finds it empty */
		pg_write_barrier();
		pg_atomic_write_u64(&owners[at], owner);
	}
	LWLockRelease(shared->lock);
	return at;
}

/*
 * Is an index or its database gone?  An index that another transaction has made, or
 * drops, is not known to be: that has it locked.
 */
static bool
is_gone(uint64 owner)
{
	Oid			database = (Oid) (owner >> 32);
	Oid			index = (Oid) owner;
	bool		gone;

	if (database != MyDatabaseId)
		return !SearchSysCacheExists1(DATABASEOID, ObjectIdGetDatum(database));
	if (SearchSysCacheExists1(RELOID, ObjectIdGetDatum(index)) ||
		!ConditionalLockRelationOid(index, AccessShareLock))
		return false;
	gone = !SearchSysCacheExists1(RELOID, ObjectIdGetDatum(index));
	UnlockRelationOid(index, AccessShareLock);
	return gone;
}

/*
 * Frees meters of indexes that are gone, unless that was tried a moment ago.
 * Takes and releases the meters' lock, exclusively, for each.
 */
static void
sweep_meters(void)
{
	uint64		now = vp_now() / 1000000;
	uint64		before = pg_atomic_read_u64(&shared->swept_at);
	int			freed = 0;

	if ((before != 0 && now - before < SWEEP_INTERVAL_MS) ||
		!pg_atomic_compare_exchange_u64(&shared->swept_at, &before, now))
		return;
	for (int i = 0; i < vp_max_metered_indexes; i++)
	{
		uint64		owner = pg_atomic_read_u64(&owners[i]);

		if (owner <= FREED || !is_gone(owner))
			continue;
		LWLockAcquire(shared->lock, LW_EXCLUSIVE);
		if (pg_atomic_compare_exchange_u64(&owners[i], &owner, FREED))
			freed++;
		LWLockRelease(shared->lock);
	}
	if (freed == 0)
		ereport(LOG,
				(errmsg("vecprov has no meter left for another index"),
				 errdetail("Some indexes are not counted, and those that have limits can be refused."),
				 errhint("Increase vecprov.max_metered_indexes, which is %d.",
						 vp_max_metered_indexes)));
}

VpMeter *
vp_meter_claim(Relation rel, VpClaim claim)
{
	uint64		owner = OwnerOf(MyDatabaseId, RelationGetRelid(rel));
	uint32		now = clock_ms();
	VpMeter    *meter;
	int			vacant;
	int			at = look_up(owner, &vacant);

	if (at < 0 && vacant < 0)
	{
		sweep_meters();
		at = look_up(owner, &vacant);
	}
	if (at < 0 && (vacant >= 0 || claim != VP_CLAIM_COUNTED))
		at = take_meter(owner, claim);
	if (at < 0)
		return NULL;
	meter = &meters[at];
	/* written seldom: others read them */
	if (claim != VP_CLAIM_COUNTED && pg_atomic_read_u32(&meter->claim) != claim)
		pg_atomic_write_u32(&meter->claim, claim);
	if (pg_atomic_read_u32(&meter->used) != now)
		pg_atomic_write_u32(&meter->used, now);
	return meter;
}

VpMeter *
vp_meter_find(Relation rel)
{
	VpMeter    *meter;

	/* only one session uses a temporary index */
	if (RelationUsesLocalBuffers(rel))
		return NULL;
	meter = vp_meter_claim(rel, VP_CLAIM_COUNTED);
	if (meter == NULL)
		pg_atomic_fetch_add_u64(&shared->missed, 1);
	return meter;
}

bool
vp_meter_is_of(const VpMeter *meter, Relation rel)
{
	return pg_atomic_read_u64(&owners[meter - meters]) ==
		OwnerOf(MyDatabaseId, RelationGetRelid(rel));
}

/*----------
 * Counting
 *----------
 */

static inline CounterSet *
own_set(VpMeter *meter)
{
	return &meter->sets[MyProcPid & (SETS - 1)];
}

/* The first bound that a duration does not exceed. */
static int
bound_of(uint64 ns)
{
	int			i = 0;

	while (i < VP_SEARCH_BOUNDS && ns > vp_search_bounds[i] * VP_NS_PER_SECOND)
		i++;
	return i;
}

void
vp_meter_wait(Oid index, uint64 ns)
{
	int			vacant;
	int			at = look_up(OwnerOf(MyDatabaseId, index), &vacant);
	CounterSet *set;

	if (at < 0)
		return;
	set = own_set(&meters[at]);
	pg_atomic_fetch_add_u64(&set->waits[bound_of(ns)], 1);
	pg_atomic_fetch_add_u64(&set->wait_ns, ns);
}

void
vp_meter_search(VpMeter *meter, uint64 ns)
{
	CounterSet *set;

	if (meter == NULL)
		return;
	set = own_set(meter);
	pg_atomic_fetch_add_u64(&set->searches[bound_of(ns)], 1);
	pg_atomic_fetch_add_u64(&set->search_ns, ns);
}

void
vp_meter_insert(VpMeter *meter, uint64 ns)
{
	CounterSet *set;

	if (meter == NULL)
		return;
	set = own_set(meter);
	pg_atomic_fetch_add_u64(&set->inserts, 1);
	pg_atomic_fetch_add_u64(&set->insert_ns, ns);
}

static AttrNumber
filtered_column(uint64 columns, int i)
{
	return (AttrNumber) (columns >> 16 * i);
}

static bool
has_filtered(uint64 columns, AttrNumber column)
{
	for (int i = 0; i < VP_FILTERED; i++)
		if (filtered_column(columns, i) == column)
			return true;
	return false;
}

void
vp_meter_filter(Relation rel, AttrNumber column)
{
	VpMeter    *meter = RelationUsesLocalBuffers(rel) ? NULL : vp_meter_claim(rel, VP_CLAIM_COUNTED);
	uint64		columns;

	StaticAssertStmt(16 * VP_FILTERED == 64, "columns fill a word");
	if (meter == NULL)
		return;
	columns = pg_atomic_read_u64(&meter->filtered);
	while (!has_filtered(columns, column) &&
		   !pg_atomic_compare_exchange_u64(&meter->filtered, &columns, columns << 16 | (uint16) column))
		;
}

/* Takes no meter for an index that has none; in a server without the library at its start there are none. */
int
vp_meter_filtered(Relation rel, AttrNumber columns[VP_FILTERED])
{
	int			vacant;
	int			at = -1;
	int			n = 0;

	if (shared != NULL)
		at = look_up(OwnerOf(MyDatabaseId, RelationGetRelid(rel)), &vacant);
	for (int i = 0; at >= 0 && i < VP_FILTERED; i++)
	{
		columns[n] = filtered_column(pg_atomic_read_u64(&meters[at].filtered), i);
		n += columns[n] != 0;
	}
	return n;
}

void
vp_meter_refusal(VpMeter *meter, VpRefusal refusal)
{
	if (meter != NULL)
		pg_atomic_fetch_add_u64(&meter->refused[refusal], 1);
	vp_role_refusal(refusal);
}

static const char *const refusals[VP_NREFUSALS][2] = {
	{"read", "limit"}, {"write", "limit"}, {"write", "record size"}, {"write", "capacity"},
	{"any", "suspended"}
};

const char *
vp_refusal_operation(VpRefusal refusal)
{
	return refusals[refusal][0];
}

const char *
vp_refusal_reason(VpRefusal refusal)
{
	return refusals[refusal][1];
}

/*----------
 * Buckets
 *----------
 */

/* The time in which so much comes in; not so long that sums of it overflow. */
static uint64
refill_ns(double cost, double rate)
{
	return (uint64) Min(cost / rate * VP_NS_PER_SECOND, 1e18);
}

/* With other terms than before a bucket begins anew, full: nobody waits by the old ones. */
static void
set_terms(Bucket *bucket, double rate, double burst)
{
	double		both[] = {rate, burst};
	uint64		terms = hash_bytes_extended((unsigned char *) both, sizeof(both), 0);

	if (pg_atomic_read_u64(&bucket->terms) != terms)
	{
		pg_atomic_write_u64(&bucket->full_at, 0);
		pg_atomic_write_u64(&bucket->terms, terms);
	}
}

uint64
vp_meter_take(VpMeter *meter, VpBucket which, double cost, double rate, double burst)
{
	Bucket	   *bucket = &meter->buckets[which];
	uint64		ns = refill_ns(cost, rate);
	uint64		most = Max(ns, (uint64) (burst * VP_NS_PER_SECOND));
	uint64		full_at;

	set_terms(bucket, rate, burst);
	full_at = pg_atomic_read_u64(&bucket->full_at);
	for (;;)
	{
		uint64		now = vp_now();
		uint64		then = Max(full_at, now) + ns;

		if (then > now + most)
			return then - (now + most);
		if (pg_atomic_compare_exchange_u64(&bucket->full_at, &full_at, then))
			return 0;
	}
}

void
vp_meter_give_back(VpMeter *meter, VpBucket which, double cost, double rate)
{
	pg_atomic_uint64 *word = &meter->buckets[which].full_at;
	uint64		ns = refill_ns(cost, rate);
	uint64		full_at = pg_atomic_read_u64(word);

	/* it may have begun anew meanwhile: then there is less than that */
	while (!pg_atomic_compare_exchange_u64(word, &full_at, full_at - Min(full_at, ns)))
		;
}

/*----------
 * Over a restart
 *----------
 */

/* What is kept of a meter. */
typedef struct Kept
{
	uint64		owner;
	VpMeterSums sums;
} Kept;

static void add_up(VpMeter *meter, VpMeterSums *sums);

static void
keep_meters(VpKeeping *file)
{
	for (int i = 0; i < vp_max_metered_indexes; i++)
	{
		Kept		kept = {.owner = pg_atomic_read_u64(&owners[i])};

		if (kept.owner <= FREED)
			continue;
		add_up(&meters[i], &kept.sums);
		vp_keep(file, &kept, sizeof(kept));
	}
}

/* Nobody else is there yet.  Those that find no place begin anew. */
static void
take_meters(VpKeeping *file)
{
	Kept		kept;

	while (vp_kept(file, &kept, sizeof(kept)))
	{
		int			vacant;
		CounterSet *set;

		if (look_up(kept.owner, &vacant) >= 0 || vacant < 0)
			continue;
		set = &meters[vacant].sets[0];
		for (int j = 0; j <= VP_SEARCH_BOUNDS; j++)
		{
			pg_atomic_write_u64(&set->searches[j], kept.sums.searches[j]);
			pg_atomic_write_u64(&set->waits[j], kept.sums.waits[j]);
		}
		pg_atomic_write_u64(&set->search_ns, kept.sums.search_ns);
		pg_atomic_write_u64(&set->wait_ns, kept.sums.wait_ns);
		pg_atomic_write_u64(&set->inserts, kept.sums.inserts);
		pg_atomic_write_u64(&set->insert_ns, kept.sums.insert_ns);
		for (int j = 0; j < VP_NREFUSALS; j++)
			pg_atomic_write_u64(&meters[vacant].refused[j], kept.sums.refused[j]);
		pg_atomic_write_u64(&owners[vacant], kept.owner);
	}
}

/*----------
 * Reading
 *----------
 */

static void
add_up(VpMeter *meter, VpMeterSums *sums)
{
	memset(sums, 0, sizeof(*sums));
	for (int i = 0; i < SETS; i++)
	{
		CounterSet *set = &meter->sets[i];

		for (int j = 0; j <= VP_SEARCH_BOUNDS; j++)
		{
			sums->searches[j] += pg_atomic_read_u64(&set->searches[j]);
			sums->waits[j] += pg_atomic_read_u64(&set->waits[j]);
		}
		sums->search_ns += pg_atomic_read_u64(&set->search_ns);
		sums->wait_ns += pg_atomic_read_u64(&set->wait_ns);
		sums->inserts += pg_atomic_read_u64(&set->inserts);
		sums->insert_ns += pg_atomic_read_u64(&set->insert_ns);
	}
	for (int i = 0; i < VP_NREFUSALS; i++)
		sums->refused[i] = pg_atomic_read_u64(&meter->refused[i]);
}

bool
vp_meter_next(int *position, VpMeterSums *sums)
{
	while (*position < vp_max_metered_indexes)
	{
		int			at = (*position)++;
		uint64		owner = pg_atomic_read_u64(&owners[at]);

		if (owner <= FREED || (Oid) (owner >> 32) != MyDatabaseId)
			continue;
		add_up(&meters[at], sums);
		sums->index = (Oid) owner;
		return true;
	}
	return false;
}

/* The window of an index, or of a role; in the hour at hand. */
static Window *
find_window(uint64 whose, uint32 hour)
{
	Window	   *window = &shared->windows[WINDOWS];

	for (int i = 0; i < WINDOWS; i++)
	{
		if (shared->windows[i].hour != hour)
			window = &shared->windows[i];
		else if (shared->windows[i].whose == whose)
			return &shared->windows[i];
	}
	if (window->hour != hour)
	{
		memset(window, 0, sizeof(*window));
		window->whose = whose;
		window->hour = hour;
	}
	return window;
}

bool
vp_meter_may_write_refusal(Oid index, Oid role)
{
	uint64		whose;
	bool		may;

	whose = OidIsValid(index) ? OwnerOf(MyDatabaseId, index) :
		OwnerOf(InvalidOid, role);
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	/* a window that was never used is of hour 0 */
	may = find_window(whose, vp_now() / (3600 * VP_NS_PER_SECOND) + 1)->refusals++ <
		REFUSALS_AN_HOUR;
	LWLockRelease(shared->lock);
	if (!may)
		pg_atomic_fetch_add_u64(&shared->unwritten, 1);
	return may;
}

void
vp_meter_usage(int *taken, uint64 *missed, uint64 *unwritten)
{
	*taken = 0;
	for (int i = 0; i < vp_max_metered_indexes; i++)
		if (pg_atomic_read_u64(&owners[i]) > FREED)
			(*taken)++;
	*missed = pg_atomic_read_u64(&shared->missed);
	*unwritten = pg_atomic_read_u64(&shared->unwritten);
}
