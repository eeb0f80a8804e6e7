/*-------------------------------------------------------------------------
 *
 * store.c
 *	  The index as a whole: metapage, mean, new pages, and reading any page.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <math.h>

#include "access/xlog.h"
#include "access/xloginsert.h"
#include "executor/instrument.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "portability/instr_time.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "storage/smgr.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"

#include "page/change_counter.h"
#include "page/patch.h"
#include "page/store.h"

/*
 * Reads block 0 into *meta, which is from a page of ours then, but may be
 * anything.  Raises an error where there is no such page, without a lock of its
 * own.
 */
static void
copy_meta(Relation rel, VpMeta *meta)
{
	PGAlignedBlock copy;
	Buffer		buffer;

	if (RelationGetNumberOfBlocks(rel) == 0)
		vp_report_damage(rel, VP_META_BLOCK, "The relation is empty.");
	buffer = ReadBuffer(rel, VP_META_BLOCK);
	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	memcpy(copy.data, vp_page_to_read(buffer), BLCKSZ);
	UnlockReleaseBuffer(buffer);
	vp_page_check(rel, VP_META_BLOCK, copy.data, VP_PAGE_META, 0);
	memcpy(meta, VpPageGetMeta(copy.data), sizeof(*meta));
}

void
vp_meta_read(Relation rel, VpMeta *meta)
{
	const char *problem;

	copy_meta(rel, meta);
	/* the relation only grows, so its size is looked at after the metapage */
	problem = vp_meta_problem(rel, meta, RelationGetNumberOfBlocks(rel));
	if (problem != NULL)
		vp_report_damage(rel, VP_META_BLOCK, problem);
}

/*
 * Is this the kind of error that damage of an index's file raises?  Others,
 * such as a cancelled query, are not for the caller of vp_meta_try to hide.
 */
static bool
is_of_the_file(int sqlerrcode)
{
	return sqlerrcode == ERRCODE_INDEX_CORRUPTED || sqlerrcode == ERRCODE_DATA_CORRUPTED ||
		sqlerrcode == ERRCODE_IO_ERROR || sqlerrcode == ERRCODE_UNDEFINED_FILE ||
		sqlerrcode == ERRCODE_INSUFFICIENT_PRIVILEGE;
}

/* What vp_meta_try found. */
typedef struct MetaTry
{
	VpMeta	   *meta;
	BlockNumber nblocks;
	char	   *problem;
} MetaTry;

/*
 * Message and detail of the error that is being caught, which is forgotten; or
 * raises it again.  The text is allocated in `context`, which is the current
 * one from then on.
 */
static char *
take_error(MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	ErrorData  *error = CopyErrorData();
	char	   *text;

	if (!is_of_the_file(error->sqlerrcode))
	{
		MemoryContextSwitchTo(old);
		PG_RE_THROW();
	}
	FlushErrorState();
	if (error->detail != NULL)
		text = psprintf("%s: %s", error->message, error->detail);

	else
		text = pstrdup(error->message);

	FreeErrorData(error);
	return text;
}

/*
 * What a failed read leaves is a pin, and before PostgreSQL 16 a read that is
 * under way: both are given up here.  A subtransaction would do so, too, but it
 * would end what a build tells of its progress if it aborts, and make half of
 * an ALTER INDEX visible if it commits.
 */
static void
try_meta(Relation rel, MetaTry *try)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner outer = CurrentResourceOwner;
	ResourceOwner owner = ResourceOwnerCreate(outer, "vecprov metapage");

	PG_TRY();
	{
		CurrentResourceOwner = owner;
		try->nblocks = RelationGetNumberOfBlocks(rel);
		vp_meta_read(rel, try->meta);
	}
	PG_CATCH();
	{
		CurrentResourceOwner = outer;
		try->problem = take_error(context);
		VpAbortBufferIO();
	}
	PG_END_TRY();
	CurrentResourceOwner = outer;
	ResourceOwnerRelease(owner, RESOURCE_RELEASE_BEFORE_LOCKS, false, false);
	ResourceOwnerRelease(owner, RESOURCE_RELEASE_LOCKS, false, false);
	ResourceOwnerRelease(owner, RESOURCE_RELEASE_AFTER_LOCKS, false, false);
	ResourceOwnerDelete(owner);
}

char *
vp_meta_try(Relation rel, VpMeta *meta, BlockNumber *nblocks)
{
	MetaTry		try = {.meta = meta};

	try_meta(rel, &try);
	*nblocks = try.nblocks;
	return try.problem;
}

bool
vp_page_is_sound(Buffer buffer, VpPageKind kind, uint32 number)
{
	return vp_page_fault(vp_page_to_read(buffer), BufferGetBlockNumber(buffer), kind, number) == VP_PAGE_SOUND;
}

bool
vp_meta_look(Buffer buffer, VpMeta *meta)
{
	bool		sound;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	sound = vp_page_is_sound(buffer, VP_PAGE_META, 0);
	if (sound)
		memcpy(meta, VpPageGetMeta(vp_page_to_read(buffer)), sizeof(*meta));
	LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
	return sound && vp_meta_problem(NULL, meta, InvalidBlockNumber) == NULL;
}

/* How many floats of the mean are on a page of it. */
static uint32
mean_page_floats(const VpMeta *meta, uint32 number)
{
	return Min(meta->mean_floats - number * VP_VECTOR_PAGE_WORDS, VP_VECTOR_PAGE_WORDS);
}

/* Is what a page holds of the mean something that codes can be relative to? */
static bool
mean_is_finite(const char *page, const VpMeta *meta, uint32 number)
{
	const float *mean = (const float *) VpPageData(page);
	uint32		n = mean_page_floats(meta, number);

	for (uint32 i = 0; i < n; i++)
		if (!isfinite(mean[i]))
			return false;
	return true;
}

void
vp_store_init(VpStore *store, Relation rel, const VpMeta *meta)
{
	store->rel = rel;
	store->wal = RelationNeedsWAL(rel);
	store->nblocks = 0;
	store->nids = 0;
	store->bypass = false;
	vp_geometry_init(&store->geo, meta);
	vp_peek_init(&store->peek, rel);
}

/*
 * Adds a page to the relation.  Nobody else does at the same time: the caller
 * has the metapage locked, or the index is not known to others.  Returns the
 * page pinned and locked exclusively.
 */
static Buffer
add_page(Relation rel, ForkNumber fork)
{
	Buffer		buffer = ReadBufferExtended(rel, fork, P_NEW, RBM_NORMAL, NULL);

	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	return buffer;
}

/*
 * Makes a page of a new index; data: NULL for zeroes.  Adds it at the end,
 * and leaves it unlocked and unpinned.
 */
static void
create_page(Relation rel, ForkNumber fork, VpPageKind kind, uint32 number,
			const void *data, Size size, bool wal)
{
	Buffer		buffer = add_page(rel, fork);

	START_CRIT_SECTION();
	vp_page_format(BufferGetPage(buffer), kind, number);
	if (data != NULL)
		memcpy(VpPageData(BufferGetPage(buffer)), data, size);
	vp_mark_dirty(buffer);
	if (wal)
		log_newpage_buffer(buffer, true);
	END_CRIT_SECTION();
	UnlockReleaseBuffer(buffer);
}

void
vp_store_create(Relation rel, ForkNumber fork, const VpMeta *meta,
				const float *mean, bool wal)
{
	uint32		left = meta->mean_floats;
	VpMeta		sealed = *meta;

	sealed.constants_hash = vp_meta_hash(meta);
	create_page(rel, fork, VP_PAGE_META, 0, &sealed, sizeof(sealed), wal);
	for (uint32 number = 0; left > 0; number++)
	{
		uint32		n = Min(left, VP_VECTOR_PAGE_WORDS);

		create_page(rel, fork, VP_PAGE_MEAN, number,
					mean != NULL ? mean + number * VP_VECTOR_PAGE_WORDS : NULL,
					n * sizeof(float), wal);
		left -= n;
	}
}

void
vp_mean_read(Relation rel, const VpMeta *meta, float *mean)
{
	uint32		left = meta->mean_floats;

	for (uint32 number = 0; left > 0; number++)
	{
		uint32		n = Min(left, VP_VECTOR_PAGE_WORDS);
		Buffer		buffer = ReadBuffer(rel, VP_MEAN_BLOCK + number);

		LockBuffer(buffer, BUFFER_LOCK_SHARE);
		vp_page_check(rel, VP_MEAN_BLOCK + number, BufferGetPage(buffer), VP_PAGE_MEAN, number);
		if (!mean_is_finite(BufferGetPage(buffer), meta, number))
			vp_report_damage(rel, VP_MEAN_BLOCK + number, "The mean of the vectors is not finite.");
		memcpy(mean + number * VP_VECTOR_PAGE_WORDS,
			   VpPageData(BufferGetPage(buffer)), n * sizeof(float));
		UnlockReleaseBuffer(buffer);
		left -= n;
	}
}

void
vp_mean_write(const VpStore *store, const VpMeta *meta, const float *mean)
{
	uint32		left = meta->mean_floats;

	for (uint32 number = 0; left > 0; number++)
	{
		uint32		n = Min(left, VP_VECTOR_PAGE_WORDS);
		Buffer		buffer = vp_store_read(store, VP_MEAN_BLOCK + number);
		VpChange	change;

		LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
		vp_change_begin(&change, VP_WAL_VECTOR);
		vp_change_page(&change, buffer);
		vp_change_words(&change, VpPageData(BufferGetPage(buffer)),
						(const uint32 *) (mean + number * VP_VECTOR_PAGE_WORDS), n);
		vp_change_apply(&change, store->rel, store->wal);
		UnlockReleaseBuffer(buffer);
		left -= n;
	}
}

/*
 * Stores words at an offset of the metapage's data.  Locks the metapage
 * exclusively, logs the words, and unlocks it.
 */
static void
set_meta_words(const VpStore *store, size_t offset, const uint32 *words, int nwords)
{
	Buffer		buffer = vp_store_read(store, VP_META_BLOCK);
	VpChange	change;

	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	vp_change_begin(&change, VP_WAL_META);
	vp_change_page(&change, buffer);
	vp_change_words(&change, VpPageData(BufferGetPage(buffer)) + offset, words, nwords);
	vp_change_apply(&change, store->rel, store->wal);
	UnlockReleaseBuffer(buffer);
}

void
vp_mean_taken(const VpStore *store, uint32 records)
{
	uint32		words[2] = {true, vp_mean_due(records)};

	StaticAssertStmt(offsetof(VpMeta, mean_due) == offsetof(VpMeta, has_mean) + 4,
					 "has_mean and mean_due are one patch");
	set_meta_words(store, offsetof(VpMeta, has_mean), words, 2);
}

static inline bool
exponent_is_due(const volatile VpMeta *meta)
{
	uint32		records = meta->shard[0].records;

	return meta->shards == 1 && records >= VP_EXPONENT_FIRST && records / 2 >= meta->exponent_records;
}

bool
vp_exponent_is_due(const VpStore *store)
{
	Buffer		buffer = vp_store_read(store, VP_META_BLOCK);
	bool		due = exponent_is_due(VpPageGetMeta(vp_page_to_read(buffer)));

	ReleaseBuffer(buffer);
	return due;
}

void
vp_exponent_write(const VpStore *store, float exponent)
{
	Buffer		buffer = vp_store_read(store, VP_META_BLOCK);
	VpMeta	   *meta = VpPageGetMeta(BufferGetPage(buffer));

	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	if (exponent_is_due(meta))
	{
		uint32		words[2] = {0, meta->shard[0].records};
		VpChange	change;

		StaticAssertStmt(offsetof(VpMeta, exponent_records) == offsetof(VpMeta, exponent) + sizeof(uint32),
						 "exponent and exponent_records are one patch");
		memcpy(&words[0], &exponent, sizeof(exponent));
		vp_change_begin(&change, VP_WAL_META);
		vp_change_page(&change, buffer);
		vp_change_words(&change, &meta->exponent, words, lengthof(words));
		vp_change_apply(&change, store->rel, store->wal);
	}
	UnlockReleaseBuffer(buffer);
}

/*
 * Waits until redo has filled a page that it found in no buffer: it has the
 * page locked meanwhile.  The buffer is pinned, and the backend of a standby
 * has no page locked.
 */
static void
await_redo(const VpStore *store, Buffer buffer)
{
	/*
	 * a backend that has outlived a promotion may itself have the page locked
	 */
	if (!store->peek.standby || !RecoveryInProgress())
		return;
	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
}

/*
 * Asks the file where the store does not know: it remembers how long the
 * relation is at least, which never becomes shorter as long as it is opened.
 */
bool
vp_store_has(const VpStore *store, BlockNumber block)
{
	if (unlikely(block >= store->nblocks))
		unconstify(VpStore *, store)->nblocks = RelationGetNumberOfBlocks(store->rel);
	return block < store->nblocks;
}

/*
 * A read that takes longer has waited for the device; of a page that the
 * operating system has cached it takes some microseconds.
 */
#define DEVICE_US	50

/* After such a read, so many others are asked for ahead. */
#define ASKED_AHEAD	64

/* Reads of this process that are still to be asked for ahead. */
static int	to_ask = 0;

bool
vp_reads_wait(void)
{
	return to_ask > 0;
}

/* A read that began then has ended: notes whether it waited.  Returns how long it took. */
static instr_time
note_read(instr_time begin)
{
	instr_time	took;

	INSTR_TIME_SET_CURRENT(took);
	INSTR_TIME_SUBTRACT(took, begin);
	if (INSTR_TIME_GET_MICROSEC(took) > DEVICE_US)
		to_ask = ASKED_AHEAD;
	else if (to_ask > 0)
		to_ask--;
	return took;
}

static Buffer
timed_read(Relation rel, BlockNumber block)
{
	instr_time	begin;
	Buffer		buffer;

	INSTR_TIME_SET_CURRENT(begin);
	buffer = ReadBuffer(rel, block);
	(void) note_read(begin);
	return buffer;
}

/* As the server counts its own reads: EXPLAIN (BUFFERS), pg_statio, pg_stat_io. */
static void
count_read(Relation rel, instr_time took)
{
	pgBufferUsage.shared_blks_read++;
	pgstat_count_buffer_read(rel);
	VpCountIo();
	if (track_io_timing)
	{
		INSTR_TIME_ADD(pgBufferUsage.VpReadTime, took);
		pgstat_count_buffer_read_time(INSTR_TIME_GET_MICROSEC(took));
	}
}

void
vp_store_read_file(const VpStore *store, BlockNumber block, char *page)
{
	instr_time	begin;

	INSTR_TIME_SET_CURRENT(begin);
	smgrread(RelationGetSmgr(store->rel), MAIN_FORKNUM, block, page);
	count_read(store->rel, note_read(begin));
}

Buffer
vp_store_read(const VpStore *store, BlockNumber block)
{
	Buffer		hint;
	Buffer		buffer;
	BufferDesc *desc;
	uint32		number;
	VpPageKind	kind;

	/*
	 * pinned again where it was: found sound then, and quicker than the
	 * mapping
	 */
	if (store->peek.enabled)
	{
		hint = vp_peek_hint(&store->peek, block);
		desc = vp_peek(&store->peek, block, hint);
		if (desc != NULL)
		{
			/* ReadRecentBuffer does not count as a use */
			vp_buffer_touch(desc);
			hint = BufferDescriptorGetBuffer(desc);
			if (ReadRecentBuffer(VpLocator(store->rel), MAIN_FORKNUM, block, hint))
			{
				await_redo(store, hint);
				return hint;
			}
		}
	}

	if (!vp_store_has(store, block))
		vp_report_damage(store->rel, block, "The relation ends before this block.");
	/* without peeks nothing is asked for ahead */
	buffer = store->peek.enabled ? timed_read(store->rel, block) : ReadBuffer(store->rel, block);
	await_redo(store, buffer);
	kind = vp_block_kind(&store->geo, block, &number);
	vp_page_check(store->rel, block, vp_page_to_read(buffer), kind, number);
	vp_peek_remember(&store->peek, block, buffer);
	return buffer;
}

/*
 * Are there pages for all ids below next_id?  Asks the file where the store
 * does not know; then it does for all ids of the last one's chunk.
 */
static pg_noinline void
check_ids(const VpStore *store, uint32 next_id)
{
	const VpGeometry *geo = &store->geo;

	if (next_id - 1 > geo->max_id ||
		vp_blocks_for(geo, next_id - 1) > RelationGetNumberOfBlocks(store->rel))
		vp_report_damage(store->rel, VP_META_BLOCK,
						 "The relation has no pages for all nodes that its metapage counts.");
	unconstify(VpStore *, store)->nids =
		(vp_divide(next_id - 1, &geo->nodes_per_chunk) + 1) * geo->nodes_per_chunk.value;
}

static inline void
read_state(const VpStore *store, const volatile VpMeta *meta, VpGraphState *state)
{
	state->next_id = meta->next_id;
	state->shards = meta->shards;
	state->mean_due = meta->mean_due;
	state->exponent = meta->exponent;
	if (unlikely(state->next_id > store->nids))
		check_ids(store, state->next_id);
	if (unlikely(state->shards < 1 || state->shards > VP_MAX_SHARDS))
		vp_report_damage(store->rel, VP_META_BLOCK, "The number of shards makes no sense.");
}

static pg_noinline void
report_entry(const VpStore *store)
{
	vp_report_damage(store->rel, VP_META_BLOCK, "An entry point is out of range.");
}

VpGraphState
vp_graph_state(const VpStore *store)
{
	Buffer		buffer = vp_store_read(store, VP_META_BLOCK);
	const volatile VpMeta *meta = VpPageGetMeta(vp_page_to_read(buffer));
	VpGraphState state;

	read_state(store, meta, &state);
	ReleaseBuffer(buffer);
	return state;
}

void
vp_store_test_snapshot(const VpStore *store, Snapshot snapshot)
{
	Buffer		buffer;

	if (likely(!VpSnapshotsExpire()))
		return;
	buffer = vp_store_read(store, VP_META_BLOCK);
	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	VpTestForOldSnapshot(snapshot, store->rel, vp_page_to_read(buffer));
	UnlockReleaseBuffer(buffer);
}

VpId
vp_shard_entry(const VpStore *store, uint32 shard)
{
	Buffer		buffer = vp_store_read(store, VP_META_BLOCK);
	const volatile VpMeta *meta = VpPageGetMeta(vp_page_to_read(buffer));
	VpId		entry = vp_deref(meta->shard[shard].entry);
	VpGraphState state;

	pg_read_barrier();
	read_state(store, meta, &state);
	ReleaseBuffer(buffer);
	if (entry != VP_NO_ID && entry >= state.next_id)
		report_entry(store);
	return entry;
}

int
vp_graph_entries(const VpStore *store, VpGraphState *state, VpId *entries)
{
	Buffer		buffer = vp_store_read(store, VP_META_BLOCK);
	const volatile VpMeta *meta = VpPageGetMeta(vp_page_to_read(buffer));
	uint32		shards = Min(meta->shards, VP_MAX_SHARDS);
	int			n = 0;

	/* the entries first: their ids are then below next_id */
	for (uint32 i = 0; i < shards; i++)
	{
		VpId		entry = vp_deref(meta->shard[i].entry);

		if (entry != VP_NO_ID)
			entries[n++] = entry;
	}
	pg_read_barrier();
	read_state(store, meta, state);
	ReleaseBuffer(buffer);
	for (int i = 0; i < n; i++)
		if (unlikely(entries[i] >= state->next_id))
			report_entry(store);
	return n;
}

void
vp_meta_set_dead(const VpStore *store, uint32 ndead)
{
	set_meta_words(store, offsetof(VpMeta, ndead), &ndead, 1);
}

/*
 * Is a page behind the last chunk what it should be?  Landmarks may stand on
 * theirs before it counts (vp_landmarks_spread); all others are empty.  The
 * page is locked.
 */
static bool
is_ready(Page page, BlockNumber block, VpPageKind kind, uint32 number)
{
	const char *data = VpPageData(page);

	if (PageIsNew(page) || vp_page_fault(page, block, kind, number) != VP_PAGE_SOUND ||
		VpPageGetSpecial(page)->kind != kind)
		return false;
	if (kind == VP_PAGE_LANDMARK)
		return true;
	for (int i = 0; i < VP_PAGE_ROOM; i++)
		if (data[i] != 0)
			return false;
	return true;
}

/*
 * There may be pages already that the metapage does not know of: after a
 * crash, without contents; after pg_rewind, with those of another relation
 * that had the same file number (README.md).  They are made what they should
 * be.
 *
 * On entry the metapage is locked exclusively, or nobody else knows of the
 * index yet: so nobody else extends the relation.  Locks one page at a time,
 * exclusively.
 */
static void
extend(const VpStore *store, uint32 from, uint32 to, BlockNumber pool_first)
{
	BlockNumber block = from > 0 ? vp_blocks_for(&store->geo, from - 1) : store->geo.first_block;
	BlockNumber need;
	BlockNumber have;

	if (to - 1 > store->geo.max_id)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("index \"%s\" is full", RelationGetRelationName(store->rel)),
				 errdetail("An index can have at most %u vectors of this size.",
						   store->geo.max_id + 1)));
	need = vp_blocks_for(&store->geo, to - 1);
	have = need > block ? RelationGetNumberOfBlocks(store->rel) : need;
	for (; block < need; block++)
	{
		Buffer		buffer;
		VpPageKind	kind;
		uint32		number;

		CHECK_FOR_INTERRUPTS();
		if (block < have)
		{
			buffer = ReadBufferExtended(store->rel, MAIN_FORKNUM, block, RBM_ZERO_ON_ERROR, NULL);
			LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
		}
		else
			buffer = add_page(store->rel, MAIN_FORKNUM);
		kind = vp_block_kind(&store->geo, block, &number);
		if (block >= pool_first)
		{
			kind = VP_PAGE_POOL;
			number = block;
		}
		if (!is_ready(BufferGetPage(buffer), block, kind, number))
			vp_page_init(buffer, kind, number, store->wal);
		UnlockReleaseBuffer(buffer);
	}
}

void
vp_store_extend(const VpStore *store, uint32 from, uint32 to)
{
	extend(store, from, to, InvalidBlockNumber);
}

void
vp_store_extend_pool(const VpStore *store, uint32 from, VpId pool_first, uint32 to)
{
	extend(store, from, to, vp_node_place(&store->geo, pool_first).block);
}

void
vp_store_finish(const VpStore *store, uint32 next_id, const VpShard *shard, int shards)
{
	Buffer		buffer = vp_store_read(store, VP_META_BLOCK);
	VpMeta	   *meta = VpPageGetMeta(BufferGetPage(buffer));
	uint32		words[2] = {vp_mean_due(next_id), next_id};
	VpChange	change;

	StaticAssertStmt(offsetof(VpMeta, next_id) == offsetof(VpMeta, mean_due) + sizeof(uint32),
					 "mean_due and next_id are one patch");
	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	vp_change_begin(&change, VP_WAL_META);
	vp_change_page(&change, buffer);
	vp_change_words(&change, &meta->mean_due, words, lengthof(words));
	vp_change_words(&change, meta->shard, (const uint32 *) shard,
					shards * sizeof(VpShard) / sizeof(uint32));
	vp_change_apply(&change, store->rel, store->wal);
	UnlockReleaseBuffer(buffer);
}

void
vp_store_totals(const VpStore *store, uint32 *records, uint64 *bytes)
{
	Buffer		buffer = vp_store_read(store, VP_META_BLOCK);
	VpMeta	   *meta = VpPageGetMeta(BufferGetPage(buffer));

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	vp_shards_check(store->rel, meta);
	*records = vp_meta_records(meta);
	*bytes = vp_meta_bytes(meta);
	UnlockReleaseBuffer(buffer);
}
