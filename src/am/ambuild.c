/*-------------------------------------------------------------------------
 *
 * ambuild.c
 *	  Building an index.
 *
 * Vectors are read from the table in batches.  Of each batch the exact vectors
 * and the node records go to their pages at once, while larger codes, which
 * make a better graph, are kept in memory.  When all are read the graph is
 * linked in memory by several threads, and its links are written into the
 * records.
 *
 * When the graph outgrows maintenance_work_mem, what was read so far is linked
 * and written, and the rest is inserted into the pages one by one: like
 * ordinary inserts, but without WAL, locks that anybody waits for, or commits.
 *
 * Nobody knows of the index until the build ends, so it is written without
 * WAL, and logged whole when it is done.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/tableam.h"
#include "access/xloginsert.h"
#include "catalog/index.h"
#include "commands/progress.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "optimizer/optimizer.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "am/am.h"
#include "am/inserter.h"
#include "base/debug_point.h"
#include "base/options.h"
#include "capacity/measure.h"
#include "capacity/room.h"
#include "graph/threads.h"
#include "type/vector.h"

/* Of levels and rotation: constant, so that the same table gives the same index. */
#define BUILD_SEED	0x56500001

/* A batch takes an eighth of maintenance_work_mem, at most this. */
#define MAX_BATCH_BYTES (16 * 1024 * 1024)

/* What a process can be expected to get. */
#define MAX_THREADS		256

/* Vectors a thread takes at a time. */
#define ENCODE_PORTION	32

/* Vectors read from the table that are not in the graph yet. */
typedef struct Batch
{
	int			size;
	int			n;
	float	   *vectors;
	float	   *rotated;
	uint8	   *codes;			/* for the pages */
	VpFactors  *factors;
	uint64	   *hashes;
	uint32	   *sizes;			/* of the records */
	ItemPointerData *tids;
} Batch;

typedef struct Build
{
	Relation	heap;
	Relation	rel;
	VpMeta		meta;
	VpIndex    *index;			/* NULL until the first batch gave a mean */
	VpMemGraph *graph;			/* NULL when it is written */
	uint32		capacity;		/* nodes that memory has room for */
	int			nthreads;
	Batch		batch;
	VpInserter *inserter;		/* when memory was too small */
	MemoryContext context;
	MemoryContext scratch;
	VpMeasure	measure;
	uint64		bytes;			/* of all records in the graph in memory */
	double		tuples;			/* indexed */
	int64		expected;		/* as the last ANALYZE or VACUUM found */
} Build;

static void
set_phase(VpBuildPhase phase)
{
	pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, phase);
}

/*----------
 * What the index is to be
 *----------
 */

static void
init_meta(VpMeta *meta, Relation rel)
{
	int			dims = TupleDescAttr(RelationGetDescr(rel), 0)->atttypmod;
	int			m;
	int			ef_construction;
	VpMetric	metric = vp_index_metric(rel);

	if (dims < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("column does not have dimensions"),
				 errhint("Give the column a type with a number of dimensions, as in vector(768), "
						 "or index an expression with a cast to one.")));
	vp_get_options(rel, &m, &ef_construction);

	memset(meta, 0, sizeof(*meta));
	meta->magic = VP_MAGIC;
	meta->version = VP_FORMAT_VERSION;
	meta->dims = dims;
	meta->metric = metric;
	meta->bits = vp_geometry_bits(dims, m);
	meta->m = m;
	meta->ef_construction = ef_construction;
	meta->seed = BUILD_SEED;
	meta->shards = 1;
	if (vp_codec_sign_words(metric, dims, meta->bits) > 0)
		meta->mean_floats = vp_codec_padded(metric, dims, meta->bits);
}

/* Codes of the graph in memory: more bits than those on the pages, of the same rotated vector. */
static VpCodec
memory_codec(const VpIndex *index)
{
	VpCodec		codec = index->codec;

	if (codec.bits < 8)
	{
		codec.bits = 8;
		codec.code_bytes = codec.padded;
	}
	return codec;
}

/*----------
 * Batches
 *----------
 */

static void
make_batch(Build *build, const VpIndex *index)
{
	const VpCodec *codec = &index->codec;
	Batch	   *batch = &build->batch;
	Size		each = (codec->dims + codec->padded) * sizeof(float) + codec->code_bytes +
		sizeof(VpFactors) + sizeof(uint64) + sizeof(uint32) + sizeof(ItemPointerData);
	Size		bytes = Min((Size) maintenance_work_mem * 1024 / 8, MAX_BATCH_BYTES);

	batch->size = Max(bytes / each, 1);
	batch->n = 0;
	batch->vectors = palloc(batch->size * codec->dims * sizeof(float));
	batch->rotated = palloc(batch->size * codec->padded * sizeof(float));
	batch->codes = palloc(batch->size * codec->code_bytes);
	batch->factors = palloc(batch->size * sizeof(VpFactors));
	batch->hashes = palloc(batch->size * sizeof(uint64));
	batch->sizes = palloc(batch->size * sizeof(uint32));
	batch->tids = palloc(batch->size * sizeof(ItemPointerData));
}

typedef struct BatchWork
{
	Batch	   *batch;
	const VpCodec *codec;
	bool		encode;			/* else rotate only, the mean left in */
	pg_atomic_uint32 next;
} BatchWork;

/* A thread's part: pure C only. */
static void
batch_part(void *arg, bool first)
{
	BatchWork  *work = arg;
	Batch	   *batch = work->batch;
	const VpCodec *codec = work->codec;
	uint32		at;

	while ((at = pg_atomic_fetch_add_u32(&work->next, ENCODE_PORTION)) < (uint32) batch->n)
	{
		for (int i = at; i < batch->n && i < (int) at + ENCODE_PORTION; i++)
		{
			float	   *vector = batch->vectors + (Size) i * codec->dims;
			float	   *rotated = batch->rotated + (Size) i * codec->padded;

			if (!work->encode)
			{
				vp_codec_rotate_raw(codec, vector, rotated);
				continue;
			}
			vp_codec_rotate(codec, vector, rotated);
			vp_codec_encode(codec, rotated, batch->codes + (Size) i * codec->code_bytes,
							&batch->factors[i]);
			batch->hashes[i] = hash_bytes_extended((unsigned char *) vector,
												   codec->dims * sizeof(float), 0);
		}
	}
}

static void
process_batch(Build *build, const VpIndex *index, bool encode)
{
	BatchWork	work = {.batch = &build->batch,.codec = &index->codec,.encode = encode};

	pg_atomic_init_u32(&work.next, 0);
	vp_run_threads(build->batch.n > 4 * ENCODE_PORTION ? build->nthreads : 1, batch_part, &work);
}

/* The average of the batch's rotated vectors. */
static float *
batch_mean(Build *build, int padded)
{
	double	   *sum = palloc0(padded * sizeof(double));
	float	   *mean = palloc(padded * sizeof(float));

	for (int i = 0; i < build->batch.n; i++)
		for (int d = 0; d < padded; d++)
			sum[d] += build->batch.rotated[(Size) i * padded + d];
	for (int d = 0; d < padded; d++)
		mean[d] = (float) (sum[d] / build->batch.n);
	pfree(sum);
	return mean;
}

/*
 * Lays the index out.  The mean is that of the first batch: codes are better
 * when what all vectors share need not be coded.
 */
static void
create_index(Build *build)
{
	VpMeta	   *meta = &build->meta;
	float	   *mean = NULL;

	if (meta->mean_floats > 0 && build->batch.n > 0)
	{
		process_batch(build, build->index, false);
		mean = batch_mean(build, meta->mean_floats);
		meta->has_mean = true;
		for (uint32 d = 0; d < meta->mean_floats; d++)
			if (!isfinite(mean[d]))
				meta->has_mean = false;
		if (!meta->has_mean)
			mean = NULL;
	}
	vp_store_create(build->rel, MAIN_FORKNUM, meta, mean, false);
	build->index = vp_index_make(build->rel, meta, mean, build->context);
	build->index->store.wal = false;
}

/*----------
 * The graph in memory
 *----------
 */

static void
destroy_graph(void *arg)
{
	Build	   *build = arg;

	if (build->graph != NULL)
		vp_mem_destroy(build->graph);
	build->graph = NULL;
}

/* As many nodes as memory has room for, and the table can have. */
static void
create_graph(Build *build)
{
	VpCodec		codec = memory_codec(build->index);
	Size		bytes = (Size) maintenance_work_mem * 1024 -
		Min((Size) maintenance_work_mem * 1024 / 8, MAX_BATCH_BYTES);
	/* besides its node, each thread remembers in a byte whether it met an id */
	Size		each = vp_mem_node_bytes(&codec, build->meta.m) + build->nthreads;
	uint64		rows = (uint64) RelationGetNumberOfBlocks(build->heap) * MaxHeapTuplesPerPage;

	build->capacity = Max(Min(Min(bytes / each, rows), build->index->store.geo.max_id), build->batch.n);
	build->graph = vp_mem_create(&codec, &build->index->store.geo.levels,
								 build->meta.m, build->meta.ef_construction, build->capacity);
	if (build->graph == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory"),
				 errdetail("Failed to get memory for a graph of %u vectors.", build->capacity),
				 errhint("Decrease maintenance_work_mem.")));
}

/* Writes the batch's records and exact vectors. */
static void
write_batch(Build *build, VpId first)
{
	const VpStore *store = &build->index->store;
	Batch	   *batch = &build->batch;

	vp_store_extend(store, first, first + batch->n);
	for (int i = 0; i < batch->n; i++)
	{
		VpId		id = first + i;
		Buffer		buffer = vp_store_read(store, vp_node_place(&store->geo, id).block);
		VpRecord	record;

		CHECK_FOR_INTERRUPTS();
		memcpy(record.factors, &batch->factors[i], sizeof(record.factors));
		record.code = batch->codes + (Size) i * build->index->codec.code_bytes;
		record.size = batch->sizes[i];
		record.tid = batch->tids[i];
		LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
		vp_node_write(store, BufferGetPage(buffer), id, &record);
		MarkBufferDirty(buffer);
		UnlockReleaseBuffer(buffer);
		vp_vector_write(store, id, batch->vectors + (Size) i * build->meta.dims);
	}
}

static void
flush_batch(Build *build)
{
	MemoryContext old = MemoryContextSwitchTo(build->context);
	VpId		first;

	if (build->graph == NULL)
	{
		create_index(build);
		create_graph(build);
	}
	if (build->batch.n > 0)
	{
		process_batch(build, build->index, true);
		first = vp_mem_add(build->graph, build->batch.rotated, build->batch.hashes,
						   build->batch.n, build->nthreads);
		write_batch(build, first);
		build->batch.n = 0;
	}
	MemoryContextSwitchTo(old);
}

/* Called by the backend's own thread while others link: no ereport. */
static bool
poll_interrupts(void *arg, uint32_t done)
{
	pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_DONE, done);
	return !InterruptPending;
}

static void
link_graph(Build *build)
{
	set_phase(VP_PHASE_LINKING);
	pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_TOTAL, vp_mem_count(build->graph));
	pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_DONE, 0);
	while (!vp_mem_link(build->graph, build->nthreads, poll_interrupts, build))
	{
		if (vp_mem_link_failed(build->graph))
			ereport(ERROR,
					(errcode(ERRCODE_OUT_OF_MEMORY),
					 errmsg("out of memory"),
					 errdetail("Failed while linking the graph.")));
		CHECK_FOR_INTERRUPTS();
	}
}

/* Completes a node's record, and its lists above level 0. */
static void
write_links(Build *build, VpId id)
{
	const VpStore *store = &build->index->store;
	VpMemGraph *graph = build->graph;
	bool		chained = vp_mem_chained(graph, id);
	VpId		links[VP_MAX_LINKS];

	for (int level = chained ? 0 : vp_level(&store->geo.levels, id); level >= 0; level--)
	{
		VpPlace		place = level > 0 ? vp_upper_place(&store->geo, id, level) :
			vp_node_place(&store->geo, id);
		int			n = vp_mem_links(graph, id, level, links);
		Buffer		buffer = vp_store_read(store, place.block);

		LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
		if (level > 0)
			vp_upper_write(store, BufferGetPage(buffer), id, level, links, n);
		else
			vp_node_complete(store, BufferGetPage(buffer), id, links, n,
							 vp_mem_chain_next(graph, id),
							 chained ? VP_NODE_CHAINED : VP_NODE_LINKED);
		MarkBufferDirty(buffer);
		UnlockReleaseBuffer(buffer);
	}
}

/* Links what is in memory, writes it, and lets go of the memory. */
static void
finish_graph(Build *build)
{
	uint32		count = vp_mem_count(build->graph);
	int			entry_level;

	VP_POINT("build-loaded");
	link_graph(build);
	VP_POINT("build-linked");
	set_phase(VP_PHASE_WRITING);
	for (VpId id = 0; id < count; id++)
	{
		CHECK_FOR_INTERRUPTS();
		write_links(build, id);
		if (id % 1024 == 0)
			pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_DONE, id);
	}
	pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_DONE, count);
	if (count > 0)
		vp_store_finish(&build->index->store, count, vp_mem_entry(build->graph, &entry_level),
						build->bytes);
	destroy_graph(build);
}

/*----------
 * Reading the table
 *----------
 */

/* From now on vectors are inserted into the pages. */
static void
outgrow_memory(Build *build)
{
	ereport(NOTICE,
			(errmsg("the graph outgrew maintenance_work_mem after %.0f vectors", build->tuples),
			 errdetail("The rest is inserted one by one, which takes longer."),
			 errhint("Increase maintenance_work_mem to build the index faster.")));
	finish_graph(build);
	set_phase(VP_PHASE_INSERTING);
	pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_TOTAL, build->expected);
	build->inserter = vp_inserter_make(build->index, build->context);
	build->inserter->index->store.wal = false;
}

static void
add_to_batch(Build *build, const VpVector *vector, ItemPointer tid)
{
	Batch	   *batch = &build->batch;

	memcpy(batch->vectors + (Size) batch->n * build->meta.dims, vector->x,
		   build->meta.dims * sizeof(float));
	batch->sizes[batch->n] = vp_measure_row(&build->measure, build->heap, tid);
	build->bytes += batch->sizes[batch->n];
	batch->tids[batch->n] = *tid;
	batch->n++;
	if (batch->n == batch->size ||
		(build->graph != NULL && vp_mem_count(build->graph) + batch->n == build->capacity))
		flush_batch(build);
}

static void
add_row(Relation rel, ItemPointer tid, Datum *values, bool *isnull, bool alive, void *arg)
{
	Build	   *build = arg;
	MemoryContext old;
	VpVector   *vector;

	if (isnull[0])
		return;
	old = MemoryContextSwitchTo(build->scratch);
	vector = DatumGetVector(values[0]);
	if (vp_index_accepts(&build->meta, vector))
	{
		if (build->inserter == NULL && build->graph != NULL &&
			vp_mem_count(build->graph) == build->capacity)
			outgrow_memory(build);
		if (build->inserter != NULL)
			vp_inserter_add(build->inserter, build->heap, vector->x, tid);
		else
			add_to_batch(build, vector, tid);
		build->tuples++;
		pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_DONE, (int64) build->tuples);
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(build->scratch);
}

/*
 * How serious is it when the index is too large for its capacity?  It refuses a new
 * one.  One that is rebuilt was there before, and one that is built concurrently
 * perhaps too (REINDEX CONCURRENTLY makes a copy): those are warned about.
 */
static int
complaint_level(Relation rel, IndexInfo *info)
{
	return info->ii_Concurrent || ReindexIsProcessingIndex(RelationGetRelid(rel)) ? WARNING : ERROR;
}

IndexBuildResult *
vp_build(Relation heap, Relation rel, IndexInfo *info)
{
	IndexBuildResult *result = palloc0(sizeof(IndexBuildResult));
	Build	   *build = palloc0(sizeof(Build));
	MemoryContextCallback *callback = palloc0(sizeof(MemoryContextCallback));
	MemoryContext old;
	uint32		records;

	if (RelationGetNumberOfBlocks(rel) != 0)
		elog(ERROR, "index \"%s\" already contains data", RelationGetRelationName(rel));
	vp_index_forget(rel);
	vp_inserter_forget(rel);

	build->heap = heap;
	build->rel = rel;
	build->nthreads = Min(max_parallel_maintenance_workers + 1, MAX_THREADS);
	build->context = AllocSetContextCreate(CurrentMemoryContext, "vecprov build",
										   ALLOCSET_DEFAULT_SIZES);
	build->scratch = AllocSetContextCreate(build->context, "vecprov build scratch",
										   ALLOCSET_DEFAULT_SIZES);
	callback->func = destroy_graph;
	callback->arg = build;
	MemoryContextRegisterResetCallback(build->context, callback);
	old = MemoryContextSwitchTo(build->context);

	init_meta(&build->meta, rel);
	vp_measure_init(&build->measure, rel, build->meta.dims);
	build->index = vp_index_make(rel, &build->meta, NULL, build->context);
	make_batch(build, build->index);

	set_phase(VP_PHASE_LOADING);
	build->expected = (int64) Max(heap->rd_rel->reltuples, 0);
	pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_TOTAL, build->expected);
	result->heap_tuples = table_index_build_scan(heap, rel, info, true, true, add_row, build, NULL);
	if (build->inserter == NULL)
	{
		flush_batch(build);
		vp_room_check(rel, build->bytes, complaint_level(rel, info));
		finish_graph(build);
	}
	else
	{
		vp_store_totals(&build->index->store, &records, &build->bytes);
		vp_room_check(rel, build->bytes, complaint_level(rel, info));
	}
	vp_memory_check(rel, complaint_level(rel, info));
	result->index_tuples = build->tuples;
	VP_POINT("build-written");

	set_phase(VP_PHASE_LOGGING);
	if (RelationNeedsWAL(rel))
		log_newpage_range(rel, MAIN_FORKNUM, 0, RelationGetNumberOfBlocks(rel), true);

	MemoryContextSwitchTo(old);
	MemoryContextDelete(build->context);
	return result;
}

/* The init fork of an unlogged index: what it is after a crash. */
void
vp_build_empty(Relation rel)
{
	VpMeta		meta;

	init_meta(&meta, rel);
	vp_store_create(rel, INIT_FORKNUM, &meta, NULL, true);
}
