/*-------------------------------------------------------------------------
 *
 * load_reader.h
 *	  Batches of records, one after the other, from all files of a load.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_LOAD_READER_H
#define VP_LOAD_READER_H

#include <pthread.h>

#include "load/load_done.h"
#include "load/load_fields.h"
#include "load/load_split.h"

typedef struct LdRecord
{
	size_t		at;				/* in the data of the batch */
	size_t		len;
	int64_t		number;			/* in its file, from 1; the id of a row of a
								 * dead-letter table */
	int64_t		line;			/* 0: the format has no lines */
} LdRecord;

/* Records of one file, in their order.  Zero is one that has held none yet. */
typedef struct LdBatch
{
	int64_t		number;			/* of the load, from 1 */
	const char *file;
	int64_t		file_bytes;		/* -1: not known */
	const LdFields *fields;
	int			nrecords;
	LdRecord   *records;
	int			room;
	LdText		data;			/* the records as they were read */
} LdBatch;

/*
 * Workers call ld_reader_next() in turn; the lock is held while one reads.
 * What the table's columns are is settled before it returns for the first
 * time.
 */
typedef struct LdReader
{
	pthread_mutex_t lock;
	const LdOptions *options;
	LdTable    *table;
	const LdDone *done;			/* records that are loaded already */
	int			stop_fd;
	PGconn	   *source;			/* what is read instead of files, or NULL */
	char	   *source_name;

	int			file;			/* of those on the command line, the one that
								 * is open or the next */
	bool		open;
	LdInput		input;
	LdSplit		split;
	LdFields   *fields;
	int64_t		record;			/* number of the last one that was read */
	bool		held;			/* it did not fit into the batch before: */
	const char *held_data;
	size_t		held_len;
	int64_t		held_line;

	int64_t		batches;
	int64_t		bytes_before;	/* of files that have been read to their end */
	int64_t		bytes_total;	/* -1: not known */
	int64_t		skipped;		/* records that were done already */
	bool		ended;
	bool		failed;
	LdError		error;			/* if it failed */
} LdReader;

/* Opens a source that is no file, if one is asked for.  source: a connection to it, or NULL. */
extern bool ld_reader_begin(LdReader *reader, const LdOptions *options, LdTable *table, const LdDone *done,
							int stop_fd, PGconn *source, LdError *error);

/* Fills a batch, with so many records at most.  Returns false at the end, or if reader->failed. */
extern bool ld_reader_next(LdReader *reader, LdBatch *batch, int most);

/* Bytes that have been read, of bytes_total. */
extern int64_t ld_reader_bytes(LdReader *reader);

#endif							/* VP_LOAD_READER_H */
