/*-------------------------------------------------------------------------
 *
 * load_counts.c
 *	  What a load has done so far: the bar, the lines, and the report.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <string.h>

#include "load/load_counts.h"

#define LD_BAR_WIDTH 20

void
ld_counts_begin(LdCounts *counts)
{
	memset(counts, 0, sizeof(*counts));
	pthread_mutex_init(&counts->lock, NULL);
	counts->begun = ld_now();
}

void
ld_counts_loaded(LdCounts *counts, int records, int64_t bytes, bool was_done)
{
	pthread_mutex_lock(&counts->lock);
	counts->loaded += records;
	counts->bytes += bytes;
	counts->batches++;
	if (was_done)
		counts->was_done += records;
	pthread_mutex_unlock(&counts->lock);
}

void
ld_counts_dead(LdCounts *counts, int64_t *dead)
{
	pthread_mutex_lock(&counts->lock);
	*dead = ++counts->dead;
	pthread_mutex_unlock(&counts->lock);
}

void
ld_counts_failed(LdCounts *counts, const LdError *error)
{
	int			i;

	pthread_mutex_lock(&counts->lock);
	if (error->kind == LD_RETRY || error->kind == LD_LIMIT)
		counts->retried++;
	if (error->kind == LD_LIMIT)
		counts->refused++;
	for (i = 0; i < counts->nstates; i++)
		if (strcmp(counts->states[i].sqlstate, error->sqlstate) == 0)
			break;
	if (i < LD_MAX_STATES)
	{
		if (i == counts->nstates)
			memcpy(counts->states[counts->nstates++].sqlstate, error->sqlstate, sizeof(error->sqlstate));
		counts->states[i].n++;
	}
	pthread_mutex_unlock(&counts->lock);
}

static void
add_bytes(LdText *line, double bytes)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
	int			i = 0;

	while (bytes >= 1000 && i < 4)
	{
		bytes /= 1000;
		i++;
	}
	ld_text_format(line, i == 0 ? "%.0f %s" : "%.1f %s", bytes, units[i]);
}

static void
add_time(LdText *line, double seconds)
{
	if (seconds >= 3600)
		ld_text_format(line, "%.0f h %02d min", seconds / 3600 - 0.5, (int) (seconds / 60) % 60);
	else if (seconds >= 60)
		ld_text_format(line, "%d min %02d s", (int) seconds / 60, (int) seconds % 60);
	else
		ld_text_format(line, "%.0f s", seconds);
}

void
ld_counts_line(LdCounts *counts, int64_t bytes_read, int64_t bytes_total, bool bar, LdText *line)
{
	double		elapsed = ld_now() - counts->begun;
	double		part = bytes_total > 0 ? (double) bytes_read / bytes_total : 0;

	if (part > 1)
		part = 1;
	ld_text_clear(line);
	pthread_mutex_lock(&counts->lock);
	if (bar && bytes_total > 0)
	{
		ld_text_char(line, '[');
		for (int i = 0; i < LD_BAR_WIDTH; i++)
			ld_text_char(line, i < part * LD_BAR_WIDTH ? '#' : ' ');
		ld_text_string(line, "] ");
	}
	ld_text_format(line, "%lld records, ", (long long) counts->loaded);
	add_bytes(line, bytes_read);
	if (bytes_total > 0)
	{
		ld_text_string(line, " of ");
		add_bytes(line, bytes_total);
		ld_text_format(line, " (%.0f %%)", 100 * part);
	}
	ld_text_format(line, ", %.0f records/s", elapsed > 0 ? counts->loaded / elapsed : 0);
	if (part > 0 && part < 1)
	{
		/* what is left is known in bytes; at this size so many records */
		ld_text_format(line, ", about %.0f left, ", counts->loaded / part - counts->loaded);
		add_time(line, elapsed / part - elapsed);
	}
	ld_text_format(line, ", %lld failed, %lld retried", (long long) counts->dead, (long long) counts->retried);
	pthread_mutex_unlock(&counts->lock);
}

void
ld_counts_report(LdCounts *counts, int64_t in_doubt, LdText *json)
{
	double		elapsed = ld_now() - counts->begun;

	pthread_mutex_lock(&counts->lock);
	ld_text_format(json, "\"loaded\": %lld, \"dead_letters\": %lld, \"in_doubt\": %lld, \"skipped\": %lld, "
				   "\"found_committed\": %lld, \"bytes\": %lld, \"transactions\": %lld, \"retried\": %lld, "
				   "\"refused_by_limits\": %lld, \"seconds\": %.3f, \"records_per_second\": %.1f, \"errors\": {",
				   (long long) counts->loaded, (long long) counts->dead, (long long) in_doubt,
				   (long long) counts->skipped, (long long) counts->was_done, (long long) counts->bytes,
				   (long long) counts->batches, (long long) counts->retried, (long long) counts->refused, elapsed,
				   elapsed > 0 ? counts->loaded / elapsed : 0);
	for (int i = 0; i < counts->nstates; i++)
		ld_text_format(json, "%s\"%s\": %lld", i > 0 ? ", " : "",
					   counts->states[i].sqlstate[0] != '\0' ? counts->states[i].sqlstate : "connection",
					   (long long) counts->states[i].n);
	ld_text_char(json, '}');
	pthread_mutex_unlock(&counts->lock);
}
