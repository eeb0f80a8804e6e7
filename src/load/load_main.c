/*-------------------------------------------------------------------------
 *
 * load_main.c
 *	  vecprov-load: loads records from files into a table.
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "load/load_build.h"
#include "load/load_export.h"
#include "load/load_letters.h"
#include "load/load_log.h"
#include "load/load_log_table.h"
#include "load/load_worker.h"

#define LD_LINE_SECONDS 5

enum
{
	LD_EXIT_COMPLETE = 0, LD_EXIT_NOT_BEGUN = 1, LD_EXIT_DEAD_LETTERS = 2, LD_EXIT_STOPPED = 3,
	LD_EXIT_INTERRUPTED = 130
};

/* How often the user has asked to end; and what workers that read a pipe wait for besides. */
static volatile sig_atomic_t interrupts;
static int	stop_pipe[2];

static void
interrupt(int signal)
{
	int			saved = errno;

	interrupts++;
	if (write(stop_pipe[1], "", 1) < 0)
		errno = saved;			/* it is full: readers have been told */
	errno = saved;
}

static bool
catch_signals(void)
{
	struct sigaction action = {.sa_handler = interrupt};

	if (pipe2(stop_pipe, O_CLOEXEC | O_NONBLOCK) != 0)
		return false;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	/* a connection that is lost is an error, not the end of the program */
	signal(SIGPIPE, SIG_IGN);
	return true;
}

/* All that has to be there before the first batch. */
static bool
set_up(LdLoad *load, LdDone *done, LdError *error)
{
	const LdOptions *options = load->options;
	PGconn	   *conn = ld_connect(options->dbname, true, error);
	bool		ready;

	if (conn == NULL)
		return false;
	done->nranges = 0;
	ready = ld_table_read(&load->table, conn, options->table, error) &&
		ld_progress_begin(&load->progress, options, conn, done, error) &&
		ld_letters_begin(options, done, conn, error) &&
		ld_log_table_begin(options, conn, error);
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
		if (error->kind != LD_RETRY || interrupts > 0 || ld_now() - began > load->options->deadline)
			return false;
		ld_log(LD_WARNING, "%s", error->message);
		/* the same moment for all who wait for a server would be hard on it */
		usleep((useconds_t) (1e6 * fmin(wait, 1) * (0.5 + (getpid() % 100) / 200.0)));
		wait *= 2;
	}
	return true;
}

/* The connection that is read instead of files; NULL: none, or *error says why not. */
static PGconn *
open_source(const LdOptions *options, LdError *error)
{
	memset(error, 0, sizeof(*error));
	if (options->from_pgvector != NULL)
		return ld_connect(options->from_pgvector, false, error);
	if (options->retry_dead_letters && options->nfiles == 0)
		return ld_connect(options->dbname, true, error);
	return NULL;
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

/*
 * Runs the workers to their end, and looks after signals, the bar and the
 * table of logs meanwhile.
 */
static void
run_workers(LdLoad *load)
{
	LdWorker   *workers[LD_MAX_CONNECTIONS] = {NULL};
	double		told = ld_now();
	int			heeded = 0;

	for (int i = 0; i < load->options->connections; i++)
		workers[i] = ld_worker_start(load, i + 1);
	while (still_runs(load))
	{
		usleep(50000);

		/*
		 * a worker that waits for a pipe has to be told that another one has
		 * ended the load
		 */
		if (ld_pace_stopped(&load->pace) && write(stop_pipe[1], "", 1) < 0 && errno != EAGAIN)
			ld_log(LD_DEBUG, "pipe: %s", strerror(errno));
		if (interrupts > heeded)
		{
			heeded = interrupts;
			load->interrupted = true;
			ld_pace_stop(&load->pace);
			ld_log(LD_WARNING, heeded == 1 ? "interrupted: batches under way end, then it stops" :
				   "interrupted again: batches under way are cancelled");
			for (int i = 0; i < load->options->connections && heeded > 1; i++)
				if (workers[i] != NULL)
					ld_worker_cancel(workers[i]);
		}
		show(load, &told);
		ld_log_table_flush(load->options, false);
	}
	for (int i = 0; i < load->options->connections; i++)
		if (workers[i] != NULL)
			ld_worker_join(workers[i]);
	ld_log_bar("");
	ld_log_table_flush(load->options, true);
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
		ld_counts_report(counts, &buf);
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
	int			status = LD_EXIT_COMPLETE;

	load->counts.skipped = load->reader.skipped;
	if (load->reader.failed && !load->interrupted && !load->failed)
	{
		load->failed = true;
		load->failure = load->reader.error;
	}
	if (load->counts.dead > 0)
		status = LD_EXIT_DEAD_LETTERS;
	if (!load->failed && !load->interrupted && load->options->build != NULL &&
		!ld_build(load->options, &load->table, shows_bar(load->options), &interrupts, &load->failure))
	{
		load->failed = interrupts == 0;
		load->interrupted = interrupts > 0;
	}
	if (load->failed)
		status = LD_EXIT_STOPPED;
	else if (load->interrupted)
		status = LD_EXIT_INTERRUPTED;
	if (load->failed)
		ld_log(LD_ERROR, "%s%s%s", load->failure.sqlstate, load->failure.sqlstate[0] != '\0' ? " " : "",
			   load->failure.message);
	report(load->options, &load->counts, 0, status, load->failed ? &load->failure : NULL);
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
	bool		done = ld_export(options, &interrupts, &records, &error);
	int			status = done ? LD_EXIT_COMPLETE : interrupts > 0 ? LD_EXIT_INTERRUPTED : LD_EXIT_STOPPED;

	if (!done)
		not_begun(&error);
	report(options, NULL, records, status, done ? NULL : &error);
	return status;
}

int
main(int argc, char **argv)
{
	static LdOptions options;
	static LdLoad load;
	static LdDone done;
	PGconn	   *source;
	LdError		error;
	int			status;

	ld_options_parse(&options, argc, argv);
	if (!ld_log_begin(&options) || !catch_signals())
		return LD_EXIT_NOT_BEGUN;
	if (options.export != NULL)
		return export(&options);
	load.options = &options;
	pthread_mutex_init(&load.lock, NULL);
	if (!set_up_patiently(&load, &done, &error))
		return not_begun(&error);
	source = open_source(&options, &error);
	if (error.message[0] != '\0' ||
		!ld_reader_begin(&load.reader, &options, &load.table, &done, stop_pipe[0], source, &error))
		return not_begun(&error);
	ld_pace_begin(&load.pace, &options);
	ld_counts_begin(&load.counts);
	run_workers(&load);
	status = finish(&load);
	PQfinish(source);
	return status;
}
