/*-------------------------------------------------------------------------
 *
 * load_worker.c
 *	  A thread that loads batches over a connection of its own: attempts, halves, dead letters.
 *
 * A batch is a range of records; what is left of it is a stack of ranges, the next one on top.  A
 * range that is refused because of a record is cut around that record, or in two halves, until the
 * record stands alone.
 *
 *-------------------------------------------------------------------------
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "load/load_letters.h"
#include "load/load_log.h"
#include "load/load_log_table.h"
#include "load/load_row.h"
#include "load/load_worker.h"

/* Records first ... last - 1 of the batch. */
typedef struct Range
{
	int			first;
	int			last;
	int			attempts;		/* that failed, without those that a limit
								 * refused */
	int			refusals;
	double		since;			/* when the first attempt began; 0: none yet */
	bool		dead;			/* one record, which is a dead letter */
	bool		written;		/* and the letter is in the file */
} Range;

struct LdWorker
{
	LdLoad	   *load;
	int			number;
	pthread_t	thread;
	LdSession	session;
	LdBatch		batch;
	LdText		rows;
	size_t	   *row_starts;
	bool	   *bad;			/* records of which no row could be made */
	int			room;
	Range	   *ranges;
	int			nranges;
	int			ranges_room;
	LdText		letter;
	LdError		why;			/* of the dead letter that is written now */
	uint64_t	random;
};

void
ld_load_fail(LdLoad *load, const LdError *error)
{
	pthread_mutex_lock(&load->lock);
	if (!load->failed)
		load->failure = *error;
	load->failed = true;
	pthread_mutex_unlock(&load->lock);
	ld_pace_stop(&load->pace);
}

/* Uniform in [0, 1). */
static double
chance(LdWorker *worker)
{
	worker->random ^= worker->random << 13;
	worker->random ^= worker->random >> 7;
	worker->random ^= worker->random << 17;
	return (worker->random >> 11) / 9007199254740992.0;
}

static void
push(LdWorker *worker, int first, int last)
{
	if (first >= last)
		return;
	if (worker->nranges == worker->ranges_room)
	{
		worker->ranges_room = 2 * worker->ranges_room + 16;
		worker->ranges = ld_grow(worker->ranges, worker->ranges_room * sizeof(Range));
	}
	worker->ranges[worker->nranges++] = (Range)
	{
		.first = first,.last = last
	};
}

static int64_t
bytes_of(const LdWorker *worker, const Range *range)
{
	const LdRecord *last = &worker->batch.records[range->last - 1];

	return last->at + last->len - worker->batch.records[range->first].at;
}

/* Where a record is, for people. */
static void
add_place(const LdWorker *worker, int index, LdText *buf)
{
	const LdRecord *record = &worker->batch.records[index];

	ld_text_format(buf, "file \"%s\", ", worker->batch.file);
	if (record->line > 0)
		ld_text_format(buf, "line %lld, ", (long long) record->line);
	ld_text_format(buf, "record %lld", (long long) record->number);
}

/* Tells the logs what became of an attempt. */
static void
tell(const LdWorker *worker, const Range *range, const char *outcome, LdLevel level, double began, const LdError *error)
{
	LdLogRow	row = {
		.batch = worker->batch.number,.worker = worker->number,.records = range->last - range->first,
		.bytes = bytes_of(worker, range),.ms = 1000 * (ld_now() - began),
		.attempts = range->attempts + range->refusals + 1,.outcome = outcome,.error = error
	};
	LdText		buf = {0};
	LdText		json = {0};

	ld_log_table_add(&row);
	if (!ld_logs(level))
		return;
	ld_text_format(&buf, "batch %lld: %d record%s %s", (long long) row.batch, row.records,
				   row.records == 1 ? "" : "s", outcome);
	ld_text_string(&buf, ": ");
	add_place(worker, range->first, &buf);
	ld_text_format(&json, "\"batch\": %lld, \"worker\": %d, \"file\": ", (long long) row.batch, row.worker);
	ld_json_quote(&json, worker->batch.file);
	ld_text_format(&json, ", \"record\": %lld, \"records\": %d, \"bytes\": %lld, \"milliseconds\": %.3f,"
				   " \"attempts\": %d, \"outcome\": \"%s\"",
				   (long long) worker->batch.records[range->first].number, row.records, (long long) row.bytes,
				   row.ms, row.attempts, outcome);
	if (error != NULL)
	{
		ld_text_format(&buf, ": %s%s%s", error->sqlstate, error->sqlstate[0] != '\0' ? " " : "", error->message);
		ld_text_format(&json, ", \"sqlstate\": \"%s\"", error->sqlstate);
	}
	ld_log_event(level, "batch", buf.data, json.data);
	ld_text_free(&json);
	ld_text_free(&buf);
}

/* Ends the load because of a range; the message says where and why. */
static bool
give_up(LdWorker *worker, const Range *range, const LdError *error, const char *what)
{
	LdError		failure;
	LdText		place = {0};

	add_place(worker, range->first, &place);
	if (error->kind == LD_BAD_DATA)
		ld_error_set(&failure, LD_FINAL, error->sqlstate, "%s%s: %s", what, place.data, error->message);
	else
		ld_error_set(&failure, LD_FINAL, error->sqlstate, "%s%s; %d records %s from %s on", what,
					 error->message, range->last - range->first,
					 worker->session.in_doubt > 0 ? "loaded or not, which is not known," : "not loaded", place.data);
	ld_text_free(&place);
	tell(worker, range, "failed", LD_DEBUG, ld_now(), error);
	ld_load_fail(worker->load, &failure);
	return false;
}

/* Makes rows of all records of the batch. */
static void
make_rows(LdWorker *worker)
{
	LdBatch    *batch = &worker->batch;
	LdError		error;

	if (batch->nrecords >= worker->room)
	{
		worker->room = batch->nrecords + 1;
		worker->row_starts = ld_grow(worker->row_starts, worker->room * sizeof(size_t));
		worker->bad = ld_grow(worker->bad, worker->room * sizeof(bool));
	}
	ld_text_clear(&worker->rows);
	ld_text_room(&worker->rows, batch->data.len);
	for (int i = 0; i < batch->nrecords; i++)
	{
		const LdRecord *record = &batch->records[i];

		worker->row_starts[i] = worker->rows.len;
		worker->bad[i] = !ld_row(batch->fields, batch->data.data + record->at, record->len, record->number,
								 i + 1, &worker->rows, &error);
	}
	worker->row_starts[batch->nrecords] = worker->rows.len;
}

/* The first record of a range that has no row; -1: all have. */
static int
find_bad(const LdWorker *worker, const Range *range)
{
	for (int i = range->first; i < range->last; i++)
		if (worker->bad[i])
			return i;
	return -1;
}

/* Puts the part before a record, the record, and the part behind it in the place of a range. */
static void
cut_around(LdWorker *worker, Range range, int index)
{
	worker->nranges--;
	push(worker, index + 1, range.last);
	push(worker, index, index + 1);
	push(worker, range.first, index);
}

static void
halve(LdWorker *worker, Range range, int most)
{
	int			records = range.last - range.first;
	int			middle = range.first + (records > 2 * most ? most : records / 2);

	worker->nranges--;
	push(worker, middle, range.last);
	push(worker, range.first, middle);
}

/* The record of the range on top can never be loaded.  False: that ends the load. */
static bool
make_dead(LdWorker *worker, Range *range, const LdError *error)
{
	const LdOptions *options = worker->load->options;
	int			index = range->first;
	bool		bad = worker->bad[index];
	int64_t		dead;

	if (options->dead_letters == NULL && options->dead_letter_table == NULL)
		return give_up(worker, range, error, "");
	ld_counts_dead(&worker->load->counts, &dead);
	worker->why = *error;
	ld_letter_make(&worker->letter, options, &worker->load->table, &worker->batch, &worker->batch.records[index],
				   bad ? NULL : worker->rows.data + worker->row_starts[index],
				   bad ? 0 : worker->row_starts[index + 1] - worker->row_starts[index], error);
	*range = (Range)
	{
		.first = index,.last = index + 1,.dead = true
	};
	if (options->max_dead_letters >= 0 && dead > options->max_dead_letters)
		return give_up(worker, range, error, "more dead letters than --max-dead-letters: ");
	return true;
}

static bool
fail_or_retry(LdWorker *worker, Range *range, const LdError *error, double began)
{
	const LdOptions *options = worker->load->options;
	double		backoff;
	double		wait;
	int			tries;

	if (error->kind == LD_LIMIT)
		range->refusals++;
	else
		range->attempts++;

	/*
	 * once the load is to end, what its end has cancelled is not a failure of
	 * it
	 */
	if (!ld_pace_stopped(&worker->load->pace))
	{
		if (ld_now() - range->since > options->deadline)
			return give_up(worker, range, error, "the deadline of a batch is over: ");
		if (range->attempts >= options->attempts)
			return give_up(worker, range, error, "all attempts failed: ");
	}

	/*
	 * full jitter: anything from 0 to the back-off, which doubles each time
	 * up to the cap
	 */
	tries = range->attempts > 0 ? range->attempts : 1;
	backoff = fmin(options->backoff_cap, options->backoff * pow(2, tries - 1));
	wait = chance(worker) * backoff;
	if (error->kind == LD_LIMIT)
	{
		wait += error->wait;
		ld_pace_refused(&worker->load->pace, error, range->last - range->first);
	}
	tell(worker, range, error->kind == LD_LIMIT ? "refused" : "retried", LD_WARNING, began, error);
	return ld_pace_sleep(&worker->load->pace, wait);
}

/* What to do about an attempt that failed.  False: the load ends. */
static bool
failed(LdWorker *worker, const LdError *error, double began)
{
	Range	   *range = &worker->ranges[worker->nranges - 1];
	int			line = range->first + error->line - 1;

	ld_counts_failed(&worker->load->counts, error);
	switch (error->kind)
	{
		case LD_BAD_DATA:
			if (range->dead)
				return give_up(worker, range, error, "a dead letter cannot be written: ");
			tell(worker, range, "refused as bad data", range->last - range->first > 1 ? LD_DEBUG : LD_WARNING,
				 began, error);
			if (range->last - range->first == 1)
				return make_dead(worker, range, error);
			if (error->line > 0 && line < range->last)
				cut_around(worker, *range, line);
			else
				halve(worker, *range, range->last);
			return true;
		case LD_UNKNOWN:
			ld_log(LD_WARNING, "batch %lld: %d records are loaded or not: %s", (long long) worker->batch.number,
				   range->last - range->first, error->message);
			return give_up(worker, range, error, "it is not known whether records are loaded: ");
		case LD_FINAL:
			return give_up(worker, range, error, "");
		default:
			return fail_or_retry(worker, range, error, began);
	}
}

/* Writes the letter of the record on top where no transaction does. */
static bool
write_letter(LdWorker *worker, Range *range, bool *finished, LdError *error)
{
	const LdOptions *options = worker->load->options;
	bool		noted = worker->load->progress.table != NULL;

	*finished = options->dead_letters != NULL && !noted;
	if (options->dead_letters == NULL || range->written)
		return true;
	range->written = ld_letter_write(worker->letter.data, noted, error);
	return range->written;
}

static LdOutcome
attempt(LdWorker *worker, Range *range, LdError *error)
{
	LdWork		work = {
		.batch = &worker->batch,.first = range->first,.last = range->last,.rows = &worker->rows,
		.row_starts = worker->row_starts,.letter = range->dead ? worker->letter.data : NULL,.why = &worker->why
	};

	if (range->dead)
	{
		bool		finished;

		if (!write_letter(worker, range, &finished, error))
			return LD_FAILED;
		if (finished)
			return LD_SENT;
	}
	return ld_send(&worker->session, &work, error);
}

/* The range on top is committed. */
static void
succeeded(LdWorker *worker, LdOutcome outcome, double began)
{
	Range	   *range = &worker->ranges[worker->nranges - 1];
	bool		found = outcome == LD_WAS_DONE;

	if (!range->dead)
	{
		ld_counts_loaded(&worker->load->counts, range->last - range->first, bytes_of(worker, range), found);
		ld_pace_accepted(&worker->load->pace);
	}
	worker->session.in_doubt = 0;
	tell(worker, range, range->dead ? "dead" : found ? "found committed" : "loaded", LD_DEBUG, began,
		 range->dead ? &worker->why : NULL);
	worker->nranges--;
}

/* One attempt for the range on top of the stack, or a cut of it.  False: the load ends. */
static bool
step(LdWorker *worker)
{
	Range	   *range = &worker->ranges[worker->nranges - 1];
	int			records = range->last - range->first;
	int			most = ld_pace_most(&worker->load->pace);
	LdOutcome	outcome;
	LdError		error;
	double		began;

	/* a range whose COMMIT is in doubt must be asked about as it was sent */
	if (worker->session.in_doubt == 0 && !range->dead)
	{
		int			bad = find_bad(worker, range);

		if (bad >= 0 && records == 1)
		{
			const LdRecord *record = &worker->batch.records[bad];
			LdText		none = {0};

			ld_row(worker->batch.fields, worker->batch.data.data + record->at, record->len, record->number, bad + 1,
				   &none, &error);
			ld_text_free(&none);
			return failed(worker, &error, ld_now());
		}
		if (bad >= 0)
		{
			cut_around(worker, *range, bad);
			return true;
		}
		if (records > most)
		{
			halve(worker, *range, most);
			return true;
		}
	}
	if (!range->dead && !ld_pace_turn(&worker->load->pace, records))
		return false;
	began = ld_now();
	if (range->since == 0)
		range->since = began;
	outcome = attempt(worker, range, &error);
	if (outcome == LD_FAILED)
		return failed(worker, &error, began);
	succeeded(worker, outcome, began);
	return true;
}

static void *
run(void *argument)
{
	LdWorker   *worker = argument;
	LdLoad	   *load = worker->load;
	bool		go_on = true;

	while (go_on && !ld_pace_stopped(&load->pace) &&
		   ld_reader_next(&load->reader, &worker->batch, ld_pace_most(&load->pace)))
	{
		make_rows(worker);
		push(worker, 0, worker->batch.nrecords);
		while (go_on && worker->nranges > 0)
			go_on = step(worker) && (worker->nranges == 0 || !ld_pace_stopped(&load->pace));
	}
	ld_session_close(&worker->session);
	pthread_mutex_lock(&load->lock);
	load->running--;
	pthread_mutex_unlock(&load->lock);
	return NULL;
}

LdWorker *
ld_worker_start(LdLoad *load, int number)
{
	LdWorker   *worker = ld_alloc(sizeof(LdWorker));
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	worker->load = load;
	worker->number = number;
	worker->random = (uint64_t) now.tv_nsec * 0x9E3779B97F4A7C15 + getpid() * 1000 + number + 1;
	worker->session.options = load->options;
	worker->session.table = &load->table;
	worker->session.progress = &load->progress;
	worker->session.from_letters = load->options->retry_dead_letters && load->options->nfiles == 0;
	pthread_mutex_init(&worker->session.cancel_lock, NULL);
	pthread_mutex_lock(&load->lock);
	load->running++;
	pthread_mutex_unlock(&load->lock);
	if (pthread_create(&worker->thread, NULL, run, worker) != 0)
	{
		LdError		error;

		ld_error_set(&error, LD_FINAL, "", "could not start a thread: %m");
		ld_load_fail(load, &error);
		pthread_mutex_lock(&load->lock);
		load->running--;
		pthread_mutex_unlock(&load->lock);
		free(worker);
		return NULL;
	}
	return worker;
}

void
ld_worker_cancel(LdWorker *worker)
{
	ld_session_cancel(&worker->session);
}

int
ld_worker_in_doubt(const LdWorker *worker)
{
	return worker->session.in_doubt;
}

void
ld_worker_join(LdWorker *worker)
{
	pthread_join(worker->thread, NULL);
}
