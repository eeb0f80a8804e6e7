/*-------------------------------------------------------------------------
 *
 * load_log.c
 *	  What is told while a load runs: to standard error or a file, as text or JSON lines.
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "load/load_log.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static FILE *out;
static bool json_lines;
static LdLevel least;
static char shown[300];			/* the bar that the terminal shows now */

static const char *const names[] = {"error", "warning", "info", "debug"};

bool
ld_log_begin(const LdOptions *options)
{
	out = stderr;
	json_lines = options->log_json;
	least = options->log_level;
	if (options->log_file == NULL)
		return true;
	out = fopen(options->log_file, "ae");
	if (out != NULL)
		return true;
	fprintf(stderr, "vecprov-load: could not open file \"%s\": %s\n", options->log_file, strerror(errno));
	return false;
}

bool
ld_logs(LdLevel level)
{
	return level <= least;
}

void
ld_json_quote_bytes(LdText *json, const char *data, size_t len)
{
	json_t	   *string = json_stringn(data, len);
	char	   *quoted = string != NULL ? json_dumps(string, JSON_ENCODE_ANY) : NULL;

	if (quoted != NULL)
		ld_text_string(json, quoted);
	else
	{
		/* not UTF-8: what is not ASCII is shown as question marks */
		ld_text_char(json, '"');
		for (size_t i = 0; i < len; i++)
			ld_text_char(json, data[i] < ' ' || data[i] > '~' || strchr("\"\\", data[i]) != NULL ? '?' : data[i]);
		ld_text_char(json, '"');
	}
	free(quoted);
	json_decref(string);
}

void
ld_json_quote(LdText *json, const char *string)
{
	ld_json_quote_bytes(json, string, strlen(string));
}

static void
add_time(LdText *line)
{
	struct timespec now;
	struct tm	parts;
	char		message[32];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &parts);
	strftime(message, sizeof(message), "%Y-%m-%dT%H:%M:%S", &parts);
	ld_text_format(line, "%s.%03ldZ", message, now.tv_nsec / 1000000);
}

/* Whole lines, each in one write; the bar stays below them. */
static void
write_line(const char *line)
{
	pthread_mutex_lock(&lock);
	if (out == stderr && shown[0] != '\0')
		fputs("\r\033[K", stderr);
	fputs(line, out);
	fflush(out);
	if (out == stderr && shown[0] != '\0')
		fputs(shown, stderr);
	pthread_mutex_unlock(&lock);
}

void
ld_log_event(LdLevel level, const char *event, const char *message, const char *json)
{
	LdText		line = {0};

	if (level > least)
		return;
	if (json_lines)
	{
		ld_text_string(&line, "{\"time\": \"");
		add_time(&line);
		ld_text_format(&line, "\", \"level\": \"%s\", \"event\": \"%s\"%s%s, \"message\": ", names[level], event,
					   json[0] != '\0' ? ", " : "", json);
		ld_json_quote(&line, message);
		ld_text_string(&line, "}\n");
	}
	else
	{
		if (out != stderr)
		{
			add_time(&line);
			ld_text_char(&line, ' ');
		}
		else
			ld_text_string(&line, "vecprov-load: ");
		if (level != LD_INFO)
			ld_text_format(&line, "%s: ", names[level]);
		ld_text_format(&line, "%s\n", message);
	}
	write_line(line.data);
	ld_text_free(&line);
}

void
ld_log(LdLevel level, const char *format,...)
{
	char		message[2000];
	va_list		list;

	va_start(list, format);
	vsnprintf(message, sizeof(message), format, list);
	va_end(list);
	ld_log_event(level, "message", message, "");
}

void
ld_log_bar(const char *bar)
{
	pthread_mutex_lock(&lock);
	if (shown[0] != '\0' || bar[0] != '\0')
		fprintf(stderr, "\r\033[K%s", bar);
	snprintf(shown, sizeof(shown), "%s", bar);
	pthread_mutex_unlock(&lock);
}
