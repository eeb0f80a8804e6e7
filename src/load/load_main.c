/*-------------------------------------------------------------------------
 *
 * load_main.c
 *	  vecprov-load: loads records from files into a table.
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "load/load_build.h"
#include "load/load_export.h"
#include "load/load_letters.h"
#include "load/load_log.h"
#include "load/load_log_table.h"
#include "load/load_stop.h"
#include "load/load_worker.h"

#define LD_LINE_SECONDS 5

/*
 * What is cancelled has so long to end.  Then the program ends without it: a network that swallows
 * packets must not keep it.
 */
#define LD_GRACE_SECONDS 1.0

enum
{
	LD_EXIT_COMPLETE = 0, LD_EXIT_NOT_BEGUN = 1, LD_EXIT_DEAD_LETTERS = 2, LD_EXIT_STOPPED = 3,
	LD_EXIT_INTERRUPTED = 130
};

/* All that has to be there before the first batch. */
static bool
set_up(LdLoad *load, LdDone *done, LdError *error)
{
	const LdOptions *options = load->options;
	PGconn	   *conn = ld_connect(options->dbname, true, error);
	bool		ready;

	if (conn == NULL)
		return false;
	ld_conn_stop_at(conn, ld_stop_fd());
	done->nranges = 0;
	ready = ld_table_read(&load->table, conn, options->table, error) &&
		ld_progress_begin(&load->progress, options, conn, done, error) &&
		ld_letters_begin(options, done, conn, error) &&
		ld_log_table_make(options, conn, error);
	PQfinish(conn);
	return ready;
}

/* Does it again while no server answers, or while it asks to wait. */
static bool
set_up_patiently(LdLoad *load, LdDone *done, LdError *error)
{
	double		began = ld_now();
	double		wait = load->options->backoff;

	while (!set_up(load, done, error))
	{
		if (error->kind != LD_RETRY || ld_interrupts > 0 || ld_now() - began > load->options->deadline)
			return false;
		ld_log(LD_WARNING, "%s", error->message);
		/* the same moment for all who wait for a server would be hard on it */
		ld_stop_sleep(fmin(wait, 1) * (0.5 + (getpid() % 100) / 200.0));
		wait *= 2;
	}
	return true;
}

/* The connection that is read instead of files; NULL: none, or *error says why not. */
static PGconn *
open_source(const LdOptions *options, LdError *error)
{
	PGconn	   *source = NULL;

	memset(error, 0, sizeof(*error));
	if (options->from_pgvector != NULL)
		source = ld_connect(options->from_pgvector, false, error);
	else if (options->retry_dead_letters && options->nfiles == 0)
		source = ld_connect(options->dbname, true, error);
	if (source != NULL)
		ld_conn_stop_at(source, ld_stop_fd());
	return source;
}

/* Set-up as a thread of its own, so that the main thread can end without it. */
typedef struct LdStart
{
	LdLoad	   *load;
	PGconn	   *source;
	bool		ready;
	LdError		error;			/* if not */
	_Atomic bool ended;
} LdStart;

static void *
run_start(void *argument)
{
	static LdDone done;
	LdStart    *start = argument;
	LdLoad	   *load = start->load;

	start->ready = set_up_patiently(load, &done, &start->error);
	if (start->ready)
	{
		start->source = open_source(load->options, &start->error);
		start->ready = start->error.message[0] == '\0' &&
			ld_reader_begin(&load->reader, load->options, &load->table, &done, ld_stop_fd(), start->source,
							&start->error);
	}
	start->ended = true;
	return NULL;
}

/*
 * Has the time gone by that what is under way has to end, once the user has asked so often?  *since
 * is when that was noticed, 0 before.
 */
static bool
is_over(int asked, double *since)
{
	if (ld_interrupts < asked)
		return false;
	if (*since == 0)
		*since = ld_now();
	return ld_now() - *since > LD_GRACE_SECONDS;
}

/* Sets up the load; false: *error says why not, or the user has asked to end. */
static bool
begin(LdLoad *load, PGconn **source, LdError *error)
{
	static LdStart start;
	pthread_t	thread;
	double		since = 0;

	start.load = load;
	if (pthread_create(&thread, NULL, run_start, &start) != 0)
	{
		ld_error_set(error, LD_FINAL, "", "could not start a thread");
		return false;
	}
	while (!start.ended && !is_over(1, &since))
		usleep(10000);
	if (!start.ended)
	{
		ld_error_set(error, LD_FINAL, "57014", "interrupted");
		return false;
	}
	pthread_join(thread, NULL);
	*source = start.source;
	*error = start.error;
	return start.ready && ld_interrupts == 0;
}

static bool
shows_bar(const LdOptions *options)
{
	return options->progress == LD_PROGRESS_BAR ||
		(options->progress == LD_PROGRESS_AUTO && isatty(STDERR_FILENO));
}

static void
show(LdLoad *load, double *told)
{
	const LdOptions *options = load->options;
	bool		bar = shows_bar(options);
	LdText		line = {0};

	if (options->progress == LD_PROGRESS_NONE || (!bar && ld_now() - *told < LD_LINE_SECONDS))
		return;
	ld_counts_line(&load->counts, ld_reader_bytes(&load->reader), load->reader.bytes_total, bar, &line);
	if (bar)
		ld_log_bar(line.data);
	else
		ld_log(LD_INFO, "%s", line.data);
	ld_text_free(&line);
	*told = ld_now();
}

static bool
still_runs(LdLoad *load)
{
	bool		runs;

	pthread_mutex_lock(&load->lock);
	runs = load->running > 0;
	pthread_mutex_unlock(&load->lock);
	return runs;
}

static LdWorker *workers[LD_MAX_CONNECTIONS];

/* Cancels what the workers are doing.  A thread of its own, because the server may not answer. */
static void *
cancel_all(void *argument)
{
	for (int i = 0; i < LD_MAX_CONNECTIONS; i++)
		if (workers[i] != NULL)
			ld_worker_cancel(workers[i]);
	return NULL;
}

/* Does what the user has asked for since the last call. */
static void
heed_interrupts(LdLoad *load, int *heeded)
{
	pthread_t	thread;

	if (ld_interrupts <= *heeded)
		return;
	*heeded = ld_interrupts;
	ld_pace_stop(&load->pace);
	ld_log(LD_WARNING, *heeded == 1 ? "interrupted: batches under way end, then it stops" :
		   "interrupted again: batches under way are cancelled");
	if (*heeded > 1 && pthread_create(&thread, NULL, cancel_all, NULL) == 0)
		pthread_detach(thread);
}

/* Has the last rows of the table of logs written; they are given up if the user asks to end. */
static bool
end_log_table(void)
{
	double		since = 0;

	while (!ld_log_table_end(is_over(1, &since)))
	{
		if (since > 0 && ld_now() - since > 2 * LD_GRACE_SECONDS)
			return false;
		usleep(10000);
	}
	return true;
}

/*
 * Runs the workers to their end, and looks after signals and the bar meanwhile.  False: some thread
 * still waits for a server, although the user has asked it to end.
 */
static bool
run_workers(LdLoad *load)
{
	double		told = ld_now();
	double		since = 0;
	int			heeded = 0;

	ld_log_table_begin(load->options);
	for (int i = 0; i < load->options->connections; i++)
		workers[i] = ld_worker_start(load, i + 1);
	while (still_runs(load) && !is_over(2, &since))
	{
		usleep(50000);

		/*
		 * a worker that waits for a pipe has to be told that another one has
		 * ended the load
		 */
		if (ld_pace_stopped(&load->pace))
			ld_stop_readers();
		heed_interrupts(load, &heeded);
		show(load, &told);
	}
	ld_log_bar("");
	if (still_runs(load))
		return false;
	for (int i = 0; i < load->options->connections; i++)
		if (workers[i] != NULL)
			ld_worker_join(workers[i]);
	return end_log_table();
}

static int64_t
count_in_doubt(void)
{
	int64_t		records = 0;

	for (int i = 0; i < LD_MAX_CONNECTIONS; i++)
		if (workers[i] != NULL)
			records += ld_worker_in_doubt(workers[i]);
	return records;
}

static void
write_report(const LdOptions *options, const LdText *report)
{
	FILE	   *file = stdout;
	bool		named = options->report != NULL && strcmp(options->report, "-") != 0;

	if (!named && options->export != NULL && strcmp(options->export, "-") == 0)
		return;
	if (named)
		file = fopen(options->report, "we");
	if (file == NULL || fputs(report->data, file) < 0 || (named ? fclose(file) : fflush(file)) != 0)
		ld_log(LD_ERROR, "could not write the report: %s", strerror(errno));
}

/* The report of a load, or of an export (counts: NULL). */
static void
report(const LdOptions *options, LdCounts *counts, int64_t exported, int status, const LdError *error)
{
	LdText		buf = {0};
	const char *outcome = "failed";

	if (status == LD_EXIT_COMPLETE)
		outcome = "complete";
	else if (status == LD_EXIT_DEAD_LETTERS)
		outcome = "dead letters";
	else if (status == LD_EXIT_INTERRUPTED)
		outcome = "interrupted";
	ld_text_format(&buf, "{\"outcome\": \"%s\", \"load\": ", outcome);
	ld_json_quote(&buf, options->load_name != NULL ? options->load_name : "");
	ld_text_string(&buf, ", ");
	if (counts != NULL)
		ld_counts_report(counts, count_in_doubt(), &buf);
	else
		ld_text_format(&buf, "\"exported\": %lld", (long long) exported);
	if (error != NULL)
	{
		ld_text_format(&buf, ", \"error\": {\"sqlstate\": \"%s\", \"message\": ", error->sqlstate);
		ld_json_quote(&buf, error->message);
		ld_text_char(&buf, '}');
	}
	ld_text_string(&buf, "}\n");
	write_report(options, &buf);
	ld_text_free(&buf);
}

static int
finish(LdLoad *load)
{
	const LdOptions *options = load->options;
	int			status = LD_EXIT_COMPLETE;

	load->counts.skipped = load->reader.skipped;
	/* a reader that fails because it was interrupted is no failure */
	if (load->reader.failed && ld_interrupts == 0 && !load->failed)
	{
		load->failed = true;
		load->failure = load->reader.error;
	}
	if (load->counts.dead > 0)
		status = LD_EXIT_DEAD_LETTERS;
	if (!load->failed && ld_interrupts == 0 && options->build != NULL)
		load->failed = !ld_build(options, &load->table, shows_bar(options), &ld_interrupts, &load->failure) &&
			ld_interrupts == 0;
	if (load->failed)
		status = LD_EXIT_STOPPED;
	else if (ld_interrupts > 0)
		status = LD_EXIT_INTERRUPTED;
	if (load->failed)
		ld_log(LD_ERROR, "%s%s%s", load->failure.sqlstate, load->failure.sqlstate[0] != '\0' ? " " : "",
			   load->failure.message);
	report(options, &load->counts, 0, status, load->failed ? &load->failure : NULL);
	return status;
}

static int
not_begun(const LdError *error)
{
	ld_log(LD_ERROR, "%s%s%s", error->sqlstate, error->sqlstate[0] != '\0' ? " " : "", error->message);
	return LD_EXIT_NOT_BEGUN;
}

static int
export(const LdOptions *options)
{
	int64_t		records = 0;
	LdError		error;
	bool		done = ld_export(options, ld_stop_fd(), &records, &error);
	int			status = done ? LD_EXIT_COMPLETE : ld_interrupts > 0 ? LD_EXIT_INTERRUPTED : LD_EXIT_STOPPED;

	if (!done)
		not_begun(&error);
	report(options, NULL, records, status, done ? NULL : &error);
	return status;
}

typedef struct LdCancel
{
	PGcancel   *request;
	_Atomic bool done;
} LdCancel;

static void *
run_cancel(void *argument)
{
	LdCancel   *cancel = argument;
	char		message[256];

	PQcancel(cancel->request, message, sizeof(message));
	cancel->done = true;
	return NULL;
}

/*
 * Closes the source.  A load that ends early may leave it within a query, which the server would
 * go on with for as long as it sends nothing.  False: it does not answer.
 */
static bool
close_source(PGconn *source)
{
	static LdCancel cancel;
	pthread_t	thread;
	double		until = ld_now() + LD_GRACE_SECONDS;

	if (PQtransactionStatus(source) == PQTRANS_ACTIVE)
	{
		cancel.request = PQgetCancel(source);
		if (cancel.request == NULL || pthread_create(&thread, NULL, run_cancel, &cancel) != 0)
			return false;
		pthread_detach(thread);
		while (!cancel.done && ld_now() < until)
			usleep(10000);
		if (!cancel.done)
			return false;
	}
	PQfinish(source);
	return true;
}

/* Ends the program.  `whole`: no thread is left, or else what they use must stay as it is. */
static int
leave(int status, bool whole)
{
	if (whole)
		return status;
	fflush(NULL);
	_exit(status);
}

int
main(int argc, char **argv)
{
	static LdOptions options;
	static LdLoad load;
	PGconn	   *source = NULL;
	LdError		error;
	bool		whole;
	int			status;

	ld_options_parse(&options, argc, argv);
	if (!ld_log_begin(&options) || !ld_stop_begin())
		return LD_EXIT_NOT_BEGUN;
	if (options.export != NULL)
		return export(&options);
	load.options = &options;
	pthread_mutex_init(&load.lock, NULL);
	ld_counts_begin(&load.counts);
	if (!begin(&load, &source, &error))
	{
		if (ld_interrupts == 0)
			return not_begun(&error);
		report(&options, &load.counts, 0, LD_EXIT_INTERRUPTED, NULL);
		return leave(LD_EXIT_INTERRUPTED, false);
	}
	ld_pace_begin(&load.pace, &options);
	ld_counts_begin(&load.counts);
	whole = run_workers(&load);
	if (!whole)
		ld_log(LD_WARNING, "the server does not answer, and is not waited for");
	status = finish(&load);
	return leave(status, whole && (source == NULL || close_source(source)));
}
