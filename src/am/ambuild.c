/*-------------------------------------------------------------------------
 *
 * ambuild.c
 *	  Building an index.
 *
 * Vectors are read from the table in batches.  Of each batch what will be on
 * pages goes to a spool (build_spool.c), while larger codes, which make a better
 * graph, are kept in memory.  When all are read the nodes are given ids in an
 * order of locality, so that near ones share pages, and the graph is linked in
 * memory by several threads; then all pages are written, in the order of ids.
 *
 * When the graph outgrows maintenance_work_mem it moves into a temporary file,
 * which is mapped in the memory's stead: the same graph, made by the same code.
 *
 * Nobody knows of the index until the build ends, so it is written without
 * WAL, and logged whole when it is done.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/tableam.h"
#include "access/xlog.h"
#include "access/xloginsert.h"
#include "catalog/index.h"
#include "commands/progress.h"
#include "commands/tablespace.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "optimizer/optimizer.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "storage/fd.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/wait_event.h"

#include "am/ambuild.h"
#include "am/build_cells.h"
#include "am/build_spool.h"
#include "am/dimensions.h"
#include "base/debug_point.h"
#include "base/loaded.h"
#include "base/options.h"
#include "base/wish_inval.h"
#include "capacity/change.h"
#include "capacity/index_capacity.h"
#include "capacity/measure.h"
#include "graph/threads.h"
#include "kernel/sparse.h"
#include "key/key.h"
#include "key/key_column.h"
#include "page/alloc.h"
#include "page/change_counter.h"
#include "page/landmark.h"
#include "page/merge.h"
#include "page/node.h"
#include "search/index.h"
#include "write/bare_insert.h"
#include "write/exponent.h"
#include "write/inserter.h"
#include "write/recode.h"

/* Of levels and rotation: constant, so that the same table gives the same index. */
#define BUILD_SEED	0x56500001

/* A batch takes an eighth of maintenance_work_mem, at most this. */
#define MAX_BATCH_BYTES (16 * 1024 * 1024)

/* Vectors a thread takes at a time. */
#define ENCODE_PORTION	32

/* Bytes written to a file at a time. */
#define FILE_PORTION	(64 * 1024)

/*
 * Rows ahead of the one that is written that are read from the spool, if that
 * may be on the disk.
 */
#define SPOOL_AHEAD		64

/* Vectors read from the table that are not in the graph yet. */
typedef struct Batch
{
	int			size;
	int			n;
	MemoryContext context;		/* of values that `rotated` points at */
	char	   *vectors;		/* those that have pages of their own */
	char	   *rotated;
	uint8	   *codes;			/* for the pages */
	uint32	   *keys;
	VpFactors  *factors;
	uint64	   *hashes;
	uint32	   *sizes;			/* of the records */
	uint8	   *shards;
	ItemPointerData *tids;
} Batch;

typedef struct Build
{
	Relation	heap;
	Relation	rel;
	VpMeta		meta;
	VpIndex    *index;			/* NULL until the first batch gave a mean */
	VpMemGraph *graph;			/* NULL when it is written */
	uint32		capacity;		/* nodes that it has room for */
	File		file;			/* that it is in; 0: it is in memory */
	Size		file_bytes;
	int			nthreads;
	Batch		batch;
	VpSpool    *spool;			/* what is in the graph, for the pages */
	VpCellBuild *cells;			/* NULL: the index gets none */
	MemoryContext context;
	MemoryContext scratch;
	VpMeasure	measure;
	VpShard		shard[VP_MAX_SHARDS];	/* as they will be */
	bool		has_arrays;
	VpArrayRun *arrays[VP_MAX_KEYS];	/* of columns of arrays: what lists
										 * will have; of others NULL */
	double		tuples;			/* indexed, with a vector */
	VpBareBuild bare;			/* indexed, without */
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

/* The constant part, which follows from these and the columns; the rest is zero. */
static void
lay_out(VpMeta *meta, Relation rel, uint32 version, VpFormKind form, VpMetric metric, uint32 dims,
		int m, int ef_construction, uint32 key_flags)
{
	memset(meta, 0, sizeof(*meta));
	meta->magic = VP_MAGIC;
	meta->version = version;
	meta->dims = dims;
	meta->form = form;
	meta->metric = metric;
	meta->m = m;
	meta->ef_construction = ef_construction;
	meta->seed = BUILD_SEED;
	vp_keys_lay_out(rel, meta);
	meta->key_flags = key_flags;
	vp_form(form)->lay_out(meta);
}

/*
 * The column may have lost its number of dimensions since (ALTER COLUMN TYPE vector), and the
 * options may be for the next build: m, ef_construction and key_flags are compared by the hash alone.
 */
const char *
vp_meta_compare(Relation rel, const VpMeta *meta)
{
	int			dims = TupleDescAttr(RelationGetDescr(rel), 0)->atttypmod;
	VpFormKind	form;
	VpMetric	metric;
	VpMeta		want;

	vp_form_find(rel, &form, &metric);
	if (meta->form != form || meta->metric != metric)
		return "Its metapage makes no sense: it is of another operator class.";
	if (dims >= 0 ? meta->dims != (uint32) dims : meta->dims > vp_form(form)->max_dims)
		return "Its metapage makes no sense: the column has another number of dimensions.";
	lay_out(&want, rel, meta->version, form, metric, meta->dims, meta->m, meta->ef_construction,
			meta->key_flags);
	vp_keys_take_elements(&want, meta);

	/*
	 * of sparse vectors the first batch has decided whether there is a mean,
	 * and of how many terms
	 */
	if (vp_form(form)->in_table && vp_sparse_has_mean(metric) && meta->mean_floats % 2 == 0 &&
		meta->mean_floats <= 2 * VP_SPARSE_MAX_MEAN)
		want.mean_floats = meta->mean_floats;
	if (memcmp(&want.nkeys, &meta->nkeys, VP_META_KEYS_BYTES) != 0)
		return "Its metapage makes no sense: it has other key columns.";
	if (memcmp(&want, meta, offsetof(VpMeta, shards)) != 0)
		return "Its metapage makes no sense: the layout of nodes is not that of its type.";
	return NULL;
}

/* For tests: an index as the version before made it. */
static uint32
new_version(void)
{
	return VP_POINT_IS("build-together") ? VP_FORMAT_KEYS : VP_FORMAT_VERSION;
}

static void
init_meta(VpMeta *meta, Relation rel)
{
	int			dims = TupleDescAttr(RelationGetDescr(rel), 0)->atttypmod;
	int			m;
	int			ef_construction;
	bool		namespaces;
	VpFormKind	form;
	VpMetric	metric;
	VpWish		wish;

	vp_keys_check(rel);
	vp_form_find(rel, &form, &metric);
	if (dims < 0)
		vp_refuse_no_dimensions();
	if (dims > (int) vp_form(form)->max_dims)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("column cannot have more than %u dimensions for a vecprov index, not %d",
						vp_form(form)->max_dims, dims)));
	vp_get_options(rel, &m, &ef_construction, &namespaces);
	if (namespaces && IndexRelationGetNumberOfKeyAttributes(rel) == 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("namespaces need a column behind the vector"),
				 errhint("Name the column of the namespace, as in USING vecprov (embedding, tenant_id), "
						 "or reset the option namespaces.")));
	vp_get_wish((VpOptions *) rel->rd_options, &wish);

	lay_out(meta, rel, new_version(), form, metric, dims, m, ef_construction,
			namespaces ? VP_KEYS_NAMESPACES : 0);
	vp_keys_find_elements(rel, meta);
	if (namespaces && meta->keys[0].form == VP_KEY_ARRAY)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a namespace cannot be an array"),
				 errdetail("A row with an array would be in several namespaces."),
				 errhint("Name another column behind the vector, and the array after it, "
						 "or reset the option namespaces.")));
	meta->shards = meta->target = vp_wanted_shards(&wish);
	meta->mean_due = vp_mean_due(0);
	meta->complete = VP_COMPLETE;
	/* the table is read after this moment */
	if (rel->rd_rel->relpersistence == RELPERSISTENCE_PERMANENT)
	{
		XLogRecPtr	now = GetXLogInsertRecPtr();

		meta->measured_lo = (uint32) now;
		meta->measured_hi = (uint32) (now >> 32);
	}
}

/* Codes of the graph in memory: more bits than few on the pages, of the same rotated vector. */
static VpCodec
memory_codec(const VpIndex *index)
{
	VpCodec		codec = index->codec;

	if (codec.bits == 2 || codec.bits == 4)
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

/* What a batch may take. */
static Size
batch_bytes(void)
{
	return Min((Size) maintenance_work_mem * 1024 / 8, MAX_BATCH_BYTES);
}

/* Together these may take as much memory as a batch. */
static void
begin_arrays(Build *build)
{
	const VpGeometry *geo = &build->index->store.geo;
	int			n = 0;

	for (uint32 i = 0; i < geo->nkeys; i++)
		n += vp_is_of_arrays(&geo->keys[i]);
	build->has_arrays = n > 0;
	for (uint32 i = 0; i < geo->nkeys; i++)
		if (vp_is_of_arrays(&geo->keys[i]))
			build->arrays[i] = vp_array_run_begin(&build->index->store, i, batch_bytes() / 1024 / n);
}

static void
make_batch(Build *build, const VpIndex *index)
{
	const VpCodec *codec = &index->codec;
	const VpGeometry *geo = &index->store.geo;
	Batch	   *batch = &build->batch;
	Size		vector_bytes = geo->vector_words * sizeof(uint32);
	Size		each;

	each = vector_bytes + codec->rotated_bytes + geo->code_bytes + geo->key_bytes +
		sizeof(VpFactors) + sizeof(uint64) + sizeof(uint32) + sizeof(uint8) +
		sizeof(ItemPointerData);
	batch->size = Max(batch_bytes() / each, 1);
	batch->n = 0;
	batch->context = AllocSetContextCreate(build->context, "vecprov build batch",
										   ALLOCSET_DEFAULT_SIZES);
	/* what a vector's last word has behind it stays zero */
	batch->vectors = palloc0(batch->size * vector_bytes);
	batch->rotated = palloc(batch->size * codec->rotated_bytes);
	batch->codes = palloc(batch->size * geo->code_bytes);
	batch->keys = palloc(batch->size * geo->key_bytes);
	batch->factors = palloc(batch->size * sizeof(VpFactors));
	batch->hashes = palloc(batch->size * sizeof(uint64));
	batch->sizes = palloc(batch->size * sizeof(uint32));
	batch->shards = palloc(batch->size * sizeof(uint8));
	batch->tids = palloc(batch->size * sizeof(ItemPointerData));
}

typedef struct BatchWork
{
	Batch	   *batch;
	const VpIndex *index;
	bool		encode;			/* else rotate only, the mean left in */
	pg_atomic_uint32 next;
} BatchWork;

/* A thread's part: pure C only. */
static void
batch_part(void *arg, bool first)
{
	BatchWork  *work = arg;
	Batch	   *batch = work->batch;
	const VpIndex *index = work->index;
	const VpCodec *codec = &index->codec;
	Size		vector_bytes = index->store.geo.vector_words * sizeof(uint32);
	uint32		at;

	while ((at = pg_atomic_fetch_add_u32(&work->next, ENCODE_PORTION)) < (uint32) batch->n)
	{
		for (int i = at; i < batch->n && i < (int) at + ENCODE_PORTION; i++)
		{
			char	   *vector = batch->vectors + i * vector_bytes;
			char	   *rotated = batch->rotated + i * codec->rotated_bytes;
			uint8	   *code = batch->codes + (Size) i * index->meta.code_bytes;

			/*
			 * where there is no vector beside, this was done when the row was
			 * read
			 */
			if (vector_bytes > 0)
				index->form->rotate(codec, &index->meta, vector, rotated, !work->encode);
			if (!work->encode)
				continue;
			vp_codec_encode(codec, rotated, code, &batch->factors[i]);
			if (vector_bytes > 0)
				batch->hashes[i] = hash_bytes_extended((unsigned char *) vector, vector_bytes, 0);
			vp_code_seal(codec, &index->meta, code, batch->hashes[i]);
		}
	}
}

static void
process_batch(Build *build, const VpIndex *index, bool encode)
{
	BatchWork	work = {.batch = &build->batch,.index = index,.encode = encode};

	pg_atomic_init_u32(&work.next, 0);
	vp_run_threads(build->batch.n > 4 * ENCODE_PORTION ? build->nthreads : 1, batch_part, &work);
}

/* The average of the batch's rotated vectors; NULL when it is not finite. */
static float *
batch_mean(Build *build, int padded)
{
	double	   *sum = palloc0(padded * sizeof(double));
	float	   *mean = palloc(padded * sizeof(float));

	for (int i = 0; i < build->batch.n; i++)
		for (int d = 0; d < padded; d++)
			sum[d] += ((float *) build->batch.rotated)[(Size) i * padded + d];
	if (!vp_mean_finish(sum, build->batch.n, padded, mean))
		mean = NULL;
	pfree(sum);
	return mean;
}

/* Of sparse vectors.  Sets how large it is; NULL when there is none. */
static float *
sparse_batch_mean(Build *build)
{
	VpSparseSum *room = palloc(3 * VP_SPARSE_MAX_NNZ * sizeof(VpSparseSum));
	float	   *mean = palloc(2 * VP_SPARSE_MAX_MEAN * sizeof(float));
	int			n = vp_sparse_mean((const VpSparse *) build->batch.rotated, build->batch.n, room, mean);

	build->meta.mean_floats = 2 * n;
	pfree(room);
	return n > 0 ? mean : NULL;
}

/* Lays the index out.  The mean is that of the first batch. */
static void
create_index(Build *build)
{
	VpMeta	   *meta = &build->meta;
	float	   *mean = NULL;

	if (meta->mean_floats > 0 && build->batch.n > 0)
	{
		process_batch(build, build->index, false);
		mean = batch_mean(build, meta->mean_floats);
	}
	else if (build->index->codec.slots > 0 && vp_sparse_has_mean(meta->metric) &&
			 build->batch.n > 0)
		mean = sparse_batch_mean(build);
	meta->has_mean = mean != NULL;
	vp_store_create(build->rel, MAIN_FORKNUM, meta, mean, false);
	build->index = vp_index_make(build->rel, meta, mean, build->context);
	build->index->store.wal = false;
}

/*----------
 * The graph in memory, or in a file
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

/* Of the present build, so that a build tells each number once. */
static int	fewest_threads;

/* A thread more was refused: see threads.h. */
static void
tell_threads(int asked, int got, int error)
{
	if (got >= fewest_threads)
		return;
	fewest_threads = got;
	errno = error;
	ereport(LOG,
			(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
			 errmsg("index build goes on with %d of %d threads", got, asked),
			 errdetail("The operating system refused another one: %m."),
			 errhint("Raise the limits on processes and memory of the server, or lower "
					 "max_parallel_maintenance_workers.")));
}

/* What the graph and the threads that link it may take of memory. */
static Size
graph_bytes(void)
{
	return (Size) maintenance_work_mem * 1024 - batch_bytes();
}

/* As many nodes as memory has room for, and the table can have. */
static void
create_graph(Build *build)
{
	VpCodec		codec = memory_codec(build->index);

	/* besides its node, each thread remembers in a byte whether it met an id */
	Size		each = vp_mem_node_bytes(&codec, build->meta.m) + build->nthreads;
	uint64		rows = (uint64) RelationGetNumberOfBlocks(build->heap) * MaxHeapTuplesPerPage;

	/* and its share of what stands beside the nodes */
	each += build->meta.landmark_pages * sizeof(VpLandmarkPage) /
		build->index->store.geo.levels.stripe;
	build->capacity = Max(Min(Min(graph_bytes() / each, rows), VP_MAX_ID), build->batch.n);
	build->graph = vp_mem_create(&codec, &build->index->store.geo.levels,
								 build->meta.m, build->meta.ef_construction, build->meta.shards,
								 build->capacity);
	if (build->graph == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory"),
				 errdetail("Failed to get memory for a graph of %u vectors.", build->capacity),
				 errhint("Decrease maintenance_work_mem.")));
}

/*
 * Makes the graph's file so many bytes long, which are data or (NULL) zeroes.
 * They are written: the disk must have given room for a page before anybody
 * touches it in the mapping.
 */
static void
extend_file(Build *build, const char *data, Size bytes)
{
	char	   *zeroes = palloc0(FILE_PORTION);

	while (build->file_bytes < bytes)
	{
		Size		n = Min(bytes - build->file_bytes, FILE_PORTION);

		CHECK_FOR_INTERRUPTS();
		vp_file_write(build->file, data != NULL ? data + build->file_bytes : zeroes, n,
					  build->file_bytes,
					  "Increase maintenance_work_mem, or set temp_tablespaces to where there is room.");
		build->file_bytes += n;
	}
	pfree(zeroes);
}

/*
 * Gives the graph room for so many nodes in a temporary file: to this it moves
 * from memory, and there it grows.
 */
static void
grow_in_file(Build *build, uint32 capacity)
{
	VpMemGraph *graph = build->graph;

	if (build->file == 0)
	{
		ereport(NOTICE,
				(errmsg("the graph outgrew maintenance_work_mem after %u vectors",
						vp_mem_count(graph)),
				 errdetail("It goes on in a temporary file, which takes longer."),
				 errhint("Increase maintenance_work_mem to build the index faster.")));
		PrepareTempTablespaces();
		build->file = OpenTemporaryFile(false);
		extend_file(build, vp_mem_data(graph), vp_mem_bytes(graph, vp_mem_count(graph)));
	}
	extend_file(build, NULL, vp_mem_bytes(graph, capacity));
	/* who has just written to the file has it open */
	errno = vp_mem_map(graph, FileGetRawDesc(build->file), capacity);
	if (errno != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not map file \"%s\": %m", FilePathName(build->file))));
	build->capacity = capacity;
}

/* Puts what pages will have of the batch into the spool. */
static void
spool_batch(Build *build)
{
	const VpGeometry *geo = &build->index->store.geo;
	Batch	   *batch = &build->batch;

	for (int i = 0; i < batch->n; i++)
	{
		VpRecord	record;

		CHECK_FOR_INTERRUPTS();
		memcpy(record.factors, &batch->factors[i], sizeof(record.factors));
		record.code = batch->codes + (Size) i * geo->code_bytes;
		record.keys = batch->keys + (Size) i * (geo->key_bytes / sizeof(uint32));
		record.size = batch->sizes[i];
		record.shard = batch->shards[i];
		record.tid = batch->tids[i];
		vp_spool_put(build->spool, &record, batch->vectors + (Size) i * geo->vector_words * sizeof(uint32));
	}
}

/*
 * Adds the batch to the graph and to the spool, and empties it.  What lasts is
 * allocated in build->context; the caller's context is the current one again.
 */
static void
flush_batch(Build *build)
{
	MemoryContext old = MemoryContextSwitchTo(build->context);
	uint32		count;

	if (build->graph == NULL)
	{
		create_index(build);
		create_graph(build);
	}
	if (build->batch.n > 0)
	{
		process_batch(build, build->index, true);
		count = vp_mem_count(build->graph) + build->batch.n;
		if (count > build->capacity)
			grow_in_file(build, count);
		(void) vp_mem_add(build->graph, build->batch.rotated, build->batch.hashes,
						  build->batch.shards, build->batch.n, build->nthreads);
		spool_batch(build);
		build->batch.n = 0;
		MemoryContextReset(build->batch.context);
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

/* Begins a phase in which threads work on all nodes. */
static void
begin_phase(Build *build, VpBuildPhase phase)
{
	set_phase(phase);
	pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_TOTAL, vp_mem_count(build->graph));
	pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_DONE, 0);
}

/* The threads have left their work: raises an error, or returns if it is to go on. */
static void
look_why_left(Build *build)
{
	if (vp_mem_link_failed(build->graph))
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory"),
				 errdetail("Failed while ordering or linking the graph.")));
	CHECK_FOR_INTERRUPTS();
}

static VpId
place_of_row(uint32 row, void *arg)
{
	return vp_mem_place(arg, row);
}

/* Gives the nodes their ids, and those to the lists of arrays. */
static void
order_graph(Build *build)
{
	begin_phase(build, VP_PHASE_ORDERING);
	while (!vp_mem_order(build->graph, build->nthreads, poll_interrupts, build))
		look_why_left(build);
	vp_spool_list_elements(build->spool, build->arrays, place_of_row, build->graph);
}

/*
 * As many threads as there is memory for.  In memory the graph has left it to
 * all of them.
 */
static int
link_threads(const Build *build)
{
	Size		most = graph_bytes() / vp_mem_thread_bytes(build->graph);

	return build->file == 0 ? build->nthreads : Max(Min(build->nthreads, most), 1);
}

static void
link_graph(Build *build)
{
	int			nthreads = link_threads(build);

	begin_phase(build, VP_PHASE_LINKING);
	while (!vp_mem_link(build->graph, nthreads, poll_interrupts, build))
		look_why_left(build);
}

/*
 * Completes a node's record, and its lists above level 0.  Locks one page at a
 * time, exclusively, without WAL.
 */
static void
write_links(Build *build, VpId id)
{
	const VpStore *store = &build->index->store;
	VpMemGraph *graph = build->graph;
	bool		chained = vp_mem_chained(graph, id);
	VpId		links[VP_MAX_LINKS];

	for (int level = chained ? 0 : vp_level(&store->geo.levels, id); level >= 0; level--)
	{
		VpPlace		place;
		int			n = vp_mem_links(graph, id, level, links);
		Buffer		buffer;

		place = level > 0 ? vp_upper_place(&store->geo, id, level) :
			vp_node_place(&store->geo, id);
		buffer = vp_store_read(store, place.block);
		LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
		if (level > 0)
			vp_upper_write(store, BufferGetPage(buffer), id, level, links, n);
		else
			vp_node_complete(store, BufferGetPage(buffer), id, links, n,
							 vp_mem_chain_next(graph, id),
							 chained ? VP_NODE_CHAINED : VP_NODE_LINKED);
		vp_mark_dirty(buffer);
		UnlockReleaseBuffer(buffer);
	}
}

/*
 * Writes a node: slot, record, links, exact vector.  Pages are made a chunk at a
 * time, so that they are still at hand when they are filled.
 */
static void
write_node(Build *build, VpId id)
{
	const VpStore *store = &build->index->store;
	uint32		chunk = store->geo.nodes_per_chunk.value;
	uint32		count = vp_mem_count(build->graph);
	VpRecord	record;
	const void *vector;

	if (id % chunk == 0)
		vp_store_extend(store, id, Min(id + chunk, count));
	/* who has no memory for the graph has perhaps none for the spool */
	if (build->file != 0 && id + SPOOL_AHEAD < count)
		vp_spool_expect(build->spool, vp_mem_origin(build->graph, id + SPOOL_AHEAD));
	vp_spool_get(build->spool, vp_mem_origin(build->graph, id), &record, &vector);
	vp_node_write(store, id, &record);
	if (build->cells != NULL)
		vp_cell_build_add(build->cells, record.factors, record.code);
	write_links(build, id);
	vp_vector_write(store, id, vector);
}

/* Of sparse vectors, where searches for a term can begin. */
static void
write_landmarks(Build *build)
{
	const VpLandmarkPage *pages;
	uint32		npages = vp_mem_landmarks(build->graph, &pages);

	for (uint32 i = 0; i < npages; i++)
	{
		CHECK_FOR_INTERRUPTS();
		vp_landmarks_write(&build->index->store, i, &pages[i]);
	}
}

/* Orders and links the graph, writes it, and lets go of its memory or file. */
static void
finish_graph(Build *build)
{
	uint32		count = vp_mem_count(build->graph);

	VP_POINT("build-loaded");
	order_graph(build);
	VP_POINT("build-ordered");
	link_graph(build);
	VP_POINT("build-linked");
	begin_phase(build, VP_PHASE_WRITING);
	build->cells = vp_cell_build_begin(build->index, count);
	for (VpId id = 0; id < count; id++)
	{
		CHECK_FOR_INTERRUPTS();
		write_node(build, id);
		if (id % 1024 == 0)
			pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_DONE, id);
	}
	pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_DONE, count);
	write_landmarks(build);
	for (uint32 i = 0; i < build->meta.shards; i++)
		build->shard[i].entry = vp_ref(vp_mem_entry(build->graph, i).id);
	if (count > 0)
		vp_store_finish(&build->index->store, count, build->shard, build->meta.shards);
	vp_bare_build_finish(&build->bare, &build->index->store, count);
	vp_runs_build(&build->index->store, build->heap, build->arrays);
	if (build->cells != NULL)
		vp_cell_build_write(build->cells, build->heap);
	destroy_graph(build);
	vp_spool_end(build->spool);
	if (build->file != 0)
		FileClose(build->file);
}

/*----------
 * Reading the table
 *----------
 */

/* The keys of the batch's next node. */
static void
store_keys(Build *build, const Datum *values, const bool *isnull)
{
	const VpGeometry *geo = &build->index->store.geo;
	Batch	   *batch = &build->batch;
	VpRowKeys	keys;

	vp_keys_store(&build->meta, values, isnull, &keys);
	memcpy(batch->keys + (Size) batch->n * (geo->key_bytes / sizeof(uint32)), keys.stored, geo->key_bytes);
	if (build->has_arrays)
		vp_spool_put_elements(build->spool, &keys);
}

static void
add_to_batch(Build *build, const VpValue *value, const Datum *values, const bool *isnull,
			 ItemPointer tid)
{
	const VpIndex *index = build->index;
	Batch	   *batch = &build->batch;
	int			shard = vp_emptiest_shard(build->shard, build->meta.shards);
	Size		vector_bytes = index->store.geo.vector_words * sizeof(uint32);

	if (index->form->in_table)
		value = memcpy(MemoryContextAlloc(batch->context, VARSIZE(value)), value, VARSIZE(value));
	if (vector_bytes > 0)
		memcpy(batch->vectors + batch->n * vector_bytes, index->form->elements(value),
			   build->meta.vector_bytes);
	else
	{
		index->form->rotate(&index->codec, &index->meta, index->form->elements(value),
							batch->rotated + batch->n * index->codec.rotated_bytes, false);
		batch->hashes[batch->n] = vp_value_hash(value);
	}
	store_keys(build, values, isnull);
	batch->sizes[batch->n] = vp_measure_row(&build->measure, build->heap, tid,
											index->form->record_bytes(value), NULL);
	batch->shards[batch->n] = shard;
	vp_shard_count(&build->shard[shard], 1, batch->sizes[batch->n]);
	batch->tids[batch->n] = *tid;
	batch->n++;
	if (batch->n == batch->size ||
		MemoryContextMemAllocated(batch->context, false) > batch_bytes())
		flush_batch(build);
}

/*
 * Called for each row of the table: adds it to the batch, or to the rows without a
 * vector.  What the row needs is allocated in build->scratch, which is empty
 * again on exit; add_to_batch may flush the batch.
 */
static void
add_row(Relation rel, ItemPointer tid, Datum *values, bool *isnull, bool alive, void *arg)
{
	Build	   *build = arg;
	MemoryContext old;
	const VpValue *value;

	if (isnull[0])
	{
		vp_bare_build_add(&build->bare, VP_BARE_NULL, tid);
		return;
	}
	old = MemoryContextSwitchTo(build->scratch);
	value = vp_value_get(values[0]);
	if (vp_value_accepted(&build->meta, value))
	{
		add_to_batch(build, value, values, isnull, tid);
		build->tuples++;
		pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_DONE, (int64) build->tuples);
	}
	else
		vp_bare_build_add(&build->bare, VP_BARE_NAN, tid);
	MemoryContextSwitchTo(old);
	MemoryContextReset(build->scratch);
}

/*
 * How serious is it when the index is too large for its capacity?  It refuses a new
 * one.  One that is rebuilt was there before, and so was one of which a copy is
 * made: those are warned about.
 */
static int
complaint_level(Relation rel)
{
	return vp_index_is_copy(rel) || ReindexIsProcessingIndex(RelationGetRelid(rel)) ? WARNING : ERROR;
}

/* The relation's blocks when all nodes that have a vector are written. */
static BlockNumber
built_blocks(const Build *build)
{
	const VpGeometry *geo = &build->index->store.geo;
	uint32		count = vp_mem_count(build->graph);

	return count > 0 ? vp_blocks_for(geo, count - 1) : geo->first_block;
}

/* Of all records. */
static uint64
built_bytes(const Build *build)
{
	uint64		sum = 0;

	for (uint32 i = 0; i < build->meta.shards; i++)
		sum += vp_shard_bytes(&build->shard[i]);
	return sum;
}

IndexBuildResult *
vp_build(Relation heap, Relation rel, IndexInfo *info)
{
	IndexBuildResult *result = palloc0(sizeof(IndexBuildResult));
	Build	   *build = palloc0(sizeof(Build));
	MemoryContextCallback *callback = palloc0(sizeof(MemoryContextCallback));
	MemoryContext old;

	vp_loaded_need();
	if (RelationGetNumberOfBlocks(rel) != 0)
		elog(ERROR, "index \"%s\" already contains data", RelationGetRelationName(rel));
	vp_index_forget(rel);
	vp_inserter_forget(rel);

	build->heap = heap;
	build->rel = rel;
	build->nthreads = Min(max_parallel_maintenance_workers + 1, VP_MAX_THREADS);
	fewest_threads = build->nthreads;
	vp_threads_refused = tell_threads;
	build->context = AllocSetContextCreate(CurrentMemoryContext, "vecprov build",
										   ALLOCSET_DEFAULT_SIZES);
	build->scratch = AllocSetContextCreate(build->context, "vecprov build scratch",
										   ALLOCSET_DEFAULT_SIZES);
	build->bare.context = build->context;
	callback->func = destroy_graph;
	callback->arg = build;
	MemoryContextRegisterResetCallback(build->context, callback);
	old = MemoryContextSwitchTo(build->context);

	init_meta(&build->meta, rel);
	vp_measure_init(&build->measure, rel);
	build->index = vp_index_make(rel, &build->meta, NULL, build->context);
	make_batch(build, build->index);
	build->spool = vp_spool_begin(&build->index->store.geo);
	begin_arrays(build);

	set_phase(VP_PHASE_LOADING);
	pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_TOTAL,
								 (int64) Max(heap->rd_rel->reltuples, 0));
	result->heap_tuples = table_index_build_scan(heap, rel, info, true, true, add_row, build, NULL);
	flush_batch(build);
	/* what takes long comes after these */
	vp_capacity_check(rel, built_bytes(build), complaint_level(rel));
	vp_memory_check(rel, &build->meta, built_blocks(build), complaint_level(rel));
	finish_graph(build);
	vp_exponent_keep(build->index);
	result->index_tuples = build->tuples + build->bare.rows[VP_BARE_NAN] + build->bare.rows[VP_BARE_NULL];
	VP_POINT("build-written");

	set_phase(VP_PHASE_LOGGING);
	if (RelationNeedsWAL(rel))
		log_newpage_range(rel, MAIN_FORKNUM, 0, RelationGetNumberOfBlocks(rel), true);

	/*
	 * the number of shards may have been changed meanwhile, and no mover
	 * works on half an index
	 */
	if (info->ii_Concurrent)
		vp_wish_inval_send();

	MemoryContextSwitchTo(old);
	MemoryContextDelete(build->context);
	return result;
}

/* The init fork of an unlogged index: what it is after a crash. */
void
vp_build_empty(Relation rel)
{
	VpMeta		meta;

	vp_loaded_need();
	init_meta(&meta, rel);
	vp_store_create(rel, INIT_FORKNUM, &meta, NULL, true);
}
