/*-------------------------------------------------------------------------
 *
 * build_spool.c
 *	  What a build has read of the table, until it is written to pages; see
 *	  build_spool.h.
 *
 * Where a node's pages are is known when all nodes have been put in order, so
 * what goes to them waits in a file: a record of a fixed size for each row,
 * written one after the other and read in any order.  Elements of arrays vary
 * in number; they are written and read once, in the order of the rows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "commands/tablespace.h"
#include "miscadmin.h"
#include "storage/buffile.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"

#include "am/build_spool.h"

/* What is written at a time. */
#define BUFFER_BYTES	(64 * 1024)

/* Behind the factors, the code, the keys and the vector of a record. */
typedef struct SpoolTail
{
	uint32		size;
	ItemPointerData tid;
	uint8		shard;
} SpoolTail;

struct VpSpool
{
	MemoryContext context;
	const VpGeometry *geo;
	Size		record_bytes;
	uint32		rows;
	uint32		written;		/* to the file; the others are in the buffer */
	uint32		buffer_rows;	/* that this has room for */
	char	   *buffer;
	char	   *record;			/* that was got from the file */
	File		file;			/* 0: there is none */

	uint32		element_rows;
	BufFile    *elements;		/* NULL: no row has any */
};

/* A record's parts, in the order of their alignment. */
static inline Size
code_offset(void)
{
	return sizeof(float) * 2;
}

static inline Size
keys_offset(const VpGeometry *geo)
{
	return code_offset() + geo->code_bytes;
}

static inline Size
vector_offset(const VpGeometry *geo)
{
	return keys_offset(geo) + geo->key_bytes;
}

static inline Size
tail_offset(const VpGeometry *geo)
{
	return vector_offset(geo) + geo->vector_words * sizeof(uint32);
}

VpSpool *
vp_spool_begin(const VpGeometry *geo)
{
	VpSpool    *spool = palloc0(sizeof(VpSpool));

	spool->context = CurrentMemoryContext;
	spool->geo = geo;
	spool->record_bytes = MAXALIGN(tail_offset(geo) + sizeof(SpoolTail));
	spool->buffer_rows = Max(BUFFER_BYTES / spool->record_bytes, 1);
	spool->buffer = palloc0(spool->buffer_rows * spool->record_bytes);
	spool->record = palloc(spool->record_bytes);
	return spool;
}

void
vp_file_write(File file, const char *data, Size bytes, uint64 at, const char *hint)
{
	if (FileWrite(file, unconstify(char *, data), bytes, at, WAIT_EVENT_BUFFILE_WRITE) != bytes)
	{
		bool		full = errno == ENOSPC;

		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not write to file \"%s\": %m", FilePathName(file)),
				 full ? errhint("%s", hint) : 0));
	}
}

static void
write_buffer(VpSpool *spool)
{
	if (spool->file == 0)
	{
		PrepareTempTablespaces();
		spool->file = OpenTemporaryFile(false);
	}
	vp_file_write(spool->file, spool->buffer, (spool->rows - spool->written) * spool->record_bytes,
				  (uint64) spool->written * spool->record_bytes,
				  "Set temp_tablespaces to where there is room.");
	spool->written = spool->rows;
}

void
vp_spool_put(VpSpool *spool, const VpRecord *record, const void *vector)
{
	const VpGeometry *geo = spool->geo;
	SpoolTail  *tail;
	char	   *to;

	if (spool->rows - spool->written == spool->buffer_rows)
		write_buffer(spool);
	to = spool->buffer + (spool->rows - spool->written) * spool->record_bytes;
	memcpy(to, record->factors, sizeof(record->factors));
	memcpy(to + code_offset(), record->code, geo->code_bytes);
	memcpy(to + keys_offset(geo), record->keys, geo->key_bytes);
	memcpy(to + vector_offset(geo), vector, geo->vector_words * sizeof(uint32));
	tail = (SpoolTail *) (to + tail_offset(geo));
	tail->size = record->size;
	tail->tid = record->tid;
	tail->shard = record->shard;
	spool->rows++;
}

/* A row's record, wherever it is. */
static const char *
find_record(VpSpool *spool, uint32 row)
{
	int			got;

	Assert(row < spool->rows);
	if (row >= spool->written)
		return spool->buffer + (row - spool->written) * spool->record_bytes;
	got = FileRead(spool->file, spool->record, spool->record_bytes,
				   (uint64) row * spool->record_bytes, WAIT_EVENT_BUFFILE_READ);
	if (got < 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read file \"%s\": %m", FilePathName(spool->file))));
	if (got != (int) spool->record_bytes)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read file \"%s\": read %d of %zu bytes",
						FilePathName(spool->file), got, spool->record_bytes)));
	return spool->record;
}

void
vp_spool_get(VpSpool *spool, uint32 row, VpRecord *record, const void **vector)
{
	const VpGeometry *geo = spool->geo;
	const char *from = find_record(spool, row);
	const SpoolTail *tail = (const SpoolTail *) (from + tail_offset(geo));

	memcpy(record->factors, from, sizeof(record->factors));
	record->code = from + code_offset();
	record->keys = (const uint32 *) (from + keys_offset(geo));
	record->elements = NULL;
	record->size = tail->size;
	record->tid = tail->tid;
	record->shard = tail->shard;
	*vector = from + vector_offset(geo);
}

void
vp_spool_expect(VpSpool *spool, uint32 row)
{
	if (row < spool->written)
		(void) FilePrefetch(spool->file, (uint64) row * spool->record_bytes, spool->record_bytes,
							WAIT_EVENT_BUFFILE_READ);
}

/*----------
 * Elements of arrays
 *----------
 */

static inline int
known_elements(const VpElements *elements)
{
	return elements->n <= VP_POSTED_MOST ? elements->n : 0;
}

static void
write_elements(VpSpool *spool, const void *data, Size bytes)
{
	if (bytes > 0)
		BufFileWrite(spool->elements, unconstify(void *, data), bytes);
}

static void
read_elements(VpSpool *spool, void *data, Size bytes)
{
	if (bytes > 0 && BufFileRead(spool->elements, data, bytes) != bytes)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read from temporary file: read too few bytes")));
}

void
vp_spool_put_elements(VpSpool *spool, const VpRowKeys *keys)
{
	const VpGeometry *geo = spool->geo;

	if (spool->elements == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(spool->context);

		PrepareTempTablespaces();
		spool->elements = BufFileCreateTemp(false);
		MemoryContextSwitchTo(old);
	}
	write_elements(spool, keys->stored, geo->key_bytes);
	for (uint32 i = 0; i < geo->nkeys; i++)
		if (vp_is_of_arrays(&geo->keys[i]))
		{
			const VpElements *elements = &keys->elements[i];

			write_elements(spool, &elements->n, sizeof(elements->n));
			write_elements(spool, elements->keys, known_elements(elements) * sizeof(uint32));
		}
	spool->element_rows++;
}

void
vp_spool_list_elements(VpSpool *spool, VpArrayRun **arrays,
					   VpId (*id_of) (uint32 row, void *arg), void *arg)
{
	const VpGeometry *geo = spool->geo;
	VpRowKeys  *keys = palloc(sizeof(VpRowKeys));

	if (spool->elements != NULL && BufFileSeek(spool->elements, 0, 0, SEEK_SET) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not seek to block %ld of temporary file", 0L)));
	for (uint32 row = 0; row < spool->element_rows; row++)
	{
		VpId		id = id_of(row, arg);

		CHECK_FOR_INTERRUPTS();
		read_elements(spool, keys->stored, geo->key_bytes);
		for (uint32 i = 0; i < geo->nkeys; i++)
			if (arrays[i] != NULL)
			{
				VpElements *elements = &keys->elements[i];

				read_elements(spool, &elements->n, sizeof(elements->n));
				read_elements(spool, elements->keys, known_elements(elements) * sizeof(uint32));
				vp_array_run_add_row(arrays[i], id, keys->stored, elements);
			}
	}
	pfree(keys);
}

void
vp_spool_end(VpSpool *spool)
{
	if (spool->file != 0)
		FileClose(spool->file);
	if (spool->elements != NULL)
		BufFileClose(spool->elements);
	pfree(spool->buffer);
	pfree(spool->record);
	pfree(spool);
}
