/*-------------------------------------------------------------------------
 *
 * store.c
 *	  The index as a whole: metapage, mean, new pages, and reading any page.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/xlog.h"
#include "access/xloginsert.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "page/record.h"

void
vp_report_damage(Relation rel, BlockNumber block, const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_INDEX_CORRUPTED),
			 errmsg("index \"%s\" contains a damaged page at block %u",
					RelationGetRelationName(rel), block),
			 errdetail("%s", what),
			 errhint("Please REINDEX it.")));
}

/* Is this a page of ours, of this kind and number?  ereports when not. */
static void
check_page(Relation rel, Buffer buffer, VpPageKind kind, uint32 number)
{
	Page		page = vp_page_to_read(buffer);
	BlockNumber block = BufferGetBlockNumber(buffer);
	VpPageSpecial *special;

	if (PageIsNew(page))
		vp_report_damage(rel, block, "The page is all zeroes.");
	if (PageGetSpecialSize(page) != MAXALIGN(sizeof(VpPageSpecial)))
		vp_report_damage(rel, block, "The size of its special space is wrong.");
	special = VpPageGetSpecial(page);
	if (special->page_id != VP_PAGE_ID)
		vp_report_damage(rel, block, "It is not a page of a vecprov index.");
	if (special->version != VP_FORMAT_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_INDEX_CORRUPTED),
				 errmsg("index \"%s\" has a page of format version %u at block %u",
						RelationGetRelationName(rel), special->version, block),
				 errdetail("This version of vecprov reads format version %u.", VP_FORMAT_VERSION),
				 errhint("Please REINDEX it.")));
	if (special->kind != kind || special->number != number)
		vp_report_damage(rel, block, "It is a page of another place.");
}

static bool
makes_sense(const VpMeta *meta)
{
	return meta->magic == VP_MAGIC && meta->version == VP_FORMAT_VERSION &&
		meta->form < VP_NFORMS && meta->m >= 2 && meta->dims >= 1 &&
		meta->shards >= 1 && meta->shards <= VP_MAX_SHARDS &&
		meta->target >= 1 && meta->target <= meta->shards;
}

void
vp_meta_read(Relation rel, VpMeta *meta)
{
	Buffer		buffer = ReadBuffer(rel, VP_META_BLOCK);

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	check_page(rel, buffer, VP_PAGE_META, 0);
	memcpy(meta, VpPageGetMeta(vp_page_to_read(buffer)), sizeof(*meta));
	UnlockReleaseBuffer(buffer);

	if (!makes_sense(meta))
		vp_report_damage(rel, VP_META_BLOCK, "Its metapage makes no sense.");
}

bool
vp_page_is_sound(Buffer buffer, VpPageKind kind, uint32 number)
{
	Page		page = vp_page_to_read(buffer);
	const VpPageSpecial *special;

	if (PageIsNew(page) || PageGetSpecialSize(page) != MAXALIGN(sizeof(VpPageSpecial)))
		return false;
	special = VpPageGetSpecial(page);
	return special->page_id == VP_PAGE_ID && special->version == VP_FORMAT_VERSION &&
		special->kind == kind && special->number == number;
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
	return sound && makes_sense(meta);
}

/* A page that is in shared buffers, where its hint says, and sound; else NULL. */
static const char *
page_at_hand(const VpPeekRel *peek, BlockNumber block, VpPageKind kind, uint32 number)
{
	BufferDesc *desc = vp_peek(peek, block, vp_peek_hint(peek, block));

	return desc != NULL && vp_page_is_sound(BufferDescriptorGetBuffer(desc), kind, number) ?
		vp_peek_page(desc) : NULL;
}

bool
vp_store_is_at_hand(Relation rel)
{
	VpPeekRel	peek;
	VpMeta		meta;
	VpGeometry	geo;
	const char *page;

	vp_peek_init(&peek, rel);
	page = peek.enabled ? page_at_hand(&peek, VP_META_BLOCK, VP_PAGE_META, 0) : NULL;
	if (page == NULL)
		return false;
	memcpy(&meta, VpPageGetMeta(page), sizeof(meta));
	if (!makes_sense(&meta))
		return false;
	vp_geometry_init(&geo, &meta);
	for (uint32 i = 0; i < geo.mean_pages; i++)
		if (page_at_hand(&peek, VP_MEAN_BLOCK + i, VP_PAGE_MEAN, i) == NULL)
			return false;
	return true;
}

void
vp_store_init(VpStore *store, Relation rel, const VpMeta *meta)
{
	store->rel = rel;
	store->wal = RelationNeedsWAL(rel);
	vp_geometry_init(&store->geo, meta);
	vp_peek_init(&store->peek, rel);
}

/*
 * Adds a page to the relation.  Nobody else does at the same time: the caller
 * has the metapage locked, or the index is not known to others.
 */
static Buffer
add_page(Relation rel, ForkNumber fork)
{
	Buffer		buffer = ReadBufferExtended(rel, fork, P_NEW, RBM_NORMAL, NULL);

	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	return buffer;
}

/* Makes a page of a new index; data: NULL for zeroes. */
static void
create_page(Relation rel, ForkNumber fork, VpPageKind kind, uint32 number,
			const void *data, Size size, bool wal)
{
	Buffer		buffer = add_page(rel, fork);

	START_CRIT_SECTION();
	vp_page_format(BufferGetPage(buffer), kind, number);
	if (data != NULL)
		memcpy(VpPageData(BufferGetPage(buffer)), data, size);
	MarkBufferDirty(buffer);
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

	create_page(rel, fork, VP_PAGE_META, 0, meta, sizeof(*meta), wal);
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
		check_page(rel, buffer, VP_PAGE_MEAN, number);
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

/* Stores words at an offset of the metapage's data. */
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
vp_mean_taken(const VpStore *store, uint32 nids)
{
	uint32		words[2] = {true, vp_mean_due(nids)};

	StaticAssertStmt(offsetof(VpMeta, mean_due) == offsetof(VpMeta, has_mean) + 4,
					 "has_mean and mean_due are one patch");
	set_meta_words(store, offsetof(VpMeta, has_mean), words, 2);
}

/*
 * Waits until redo has filled a page that it found in no buffer: it has the page locked
 * meanwhile.  The buffer is pinned, and the backend of a standby has no page locked.
 */
static void
await_redo(const VpStore *store, Buffer buffer)
{
	/* a backend that has outlived a promotion may itself have the page locked */
	if (!store->peek.standby || !RecoveryInProgress())
		return;
	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
}

Buffer
vp_store_read(const VpStore *store, BlockNumber block)
{
	Buffer		hint;
	Buffer		buffer;
	BufferDesc *desc;
	uint32		number;
	VpPageKind	kind;

	/* pinned again where it was: found sound then, and quicker than the mapping */
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

	buffer = ReadBuffer(store->rel, block);
	await_redo(store, buffer);
	kind = vp_block_kind(&store->geo, block, &number);
	check_page(store->rel, buffer, kind, number);
	vp_peek_remember(&store->peek, block, buffer);
	return buffer;
}

static void
read_state(const volatile VpMeta *meta, VpGraphState *state)
{
	state->next_id = meta->next_id;
	state->shards = meta->shards;
	state->mean_due = meta->mean_due;
}

VpGraphState
vp_graph_state(const VpStore *store)
{
	Buffer		buffer = vp_store_read(store, VP_META_BLOCK);
	const volatile VpMeta *meta = VpPageGetMeta(vp_page_to_read(buffer));
	VpGraphState state;

	read_state(meta, &state);
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

	pg_read_barrier();
	ReleaseBuffer(buffer);
	return entry;
}

int
vp_graph_entries(const VpStore *store, VpGraphState *state, VpId *entries)
{
	Buffer		buffer = vp_store_read(store, VP_META_BLOCK);
	const volatile VpMeta *meta = VpPageGetMeta(vp_page_to_read(buffer));
	uint32		shards = meta->shards;
	int			n = 0;

	/* the entries first: their ids are then below next_id */
	for (uint32 i = 0; i < shards; i++)
	{
		VpId		entry = vp_deref(meta->shard[i].entry);

		if (entry != VP_NO_ID)
			entries[n++] = entry;
	}
	pg_read_barrier();
	read_state(meta, state);
	ReleaseBuffer(buffer);
	return n;
}

bool
vp_entry_replace(const VpStore *store, uint32 shard, VpId from, VpId entry)
{
	Buffer		metabuf = vp_store_read(store, VP_META_BLOCK);
	VpMeta	   *meta = VpPageGetMeta(BufferGetPage(metabuf));
	Buffer		buffer = InvalidBuffer;
	uint32		words[2] = {vp_ref(entry), 0};
	VpChange	change;
	bool		ok;

	LockBuffer(metabuf, BUFFER_LOCK_EXCLUSIVE);
	ok = meta->shard[shard].entry == vp_ref(from);
	vp_change_begin(&change, VP_WAL_META);
	if (ok && entry != VP_NO_ID)
	{
		VpPlace		place = vp_node_place(&store->geo, entry);
		VpNodeTail *tail;

		buffer = vp_store_read(store, place.block);
		LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
		tail = vp_record_tail(store, BufferGetPage(buffer) + place.offset);
		if (tail->flags == VP_NODE_PENDING)
		{
			vp_change_page(&change, buffer);
			vp_patch_flags(&change, tail, VP_NODE_LINKED, &words[1]);
		}
	}
	if (ok)
	{
		vp_change_page(&change, metabuf);
		vp_change_words(&change, &meta->shard[shard].entry, &words[0], 1);
		vp_change_apply(&change, store->rel, store->wal);
	}
	if (BufferIsValid(buffer))
		UnlockReleaseBuffer(buffer);
	UnlockReleaseBuffer(metabuf);
	return ok;
}

void
vp_meta_set_dead(const VpStore *store, uint32 ndead)
{
	set_meta_words(store, offsetof(VpMeta, ndead), &ndead, 1);
}

/*
 * A crash may have left pages behind that the metapage does not know of, some
 * without contents: those are made what they should be.
 */
void
vp_store_extend(const VpStore *store, uint32 from, uint32 to)
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

		CHECK_FOR_INTERRUPTS();
		if (block < have)
		{
			buffer = ReadBuffer(store->rel, block);
			LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
		}
		else
			buffer = add_page(store->rel, MAIN_FORKNUM);
		if (PageIsNew(BufferGetPage(buffer)))
		{
			uint32		number;
			VpPageKind	kind = vp_block_kind(&store->geo, block, &number);

			vp_page_init(buffer, kind, number, store->wal);
		}
		UnlockReleaseBuffer(buffer);
	}
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
	*records = vp_meta_records(meta);
	*bytes = vp_meta_bytes(meta);
	UnlockReleaseBuffer(buffer);
}
