/*-------------------------------------------------------------------------
 *
 * debug_point.c
 *	  Named points in the code where a test can make something happen; see
 *	  debug_point.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <signal.h>
#include <unistd.h>

#include "access/xlog.h"
#include "fmgr.h"
#include "utils/fmgrprotos.h"

#include "base/debug_point.h"

#define WAIT_LOCK	7670

bool		vp_debug_points = false;

static char point_name[64];
static char point_action[16];
static int	point_count;

/* 'NAME=ACTION[:N]' */
static bool
parse(const char *value, char *name, char *action, int *count)
{
	int			n = sscanf(value, "%63[^=]=%15[a-z]:%d", name, action, count);

	if (n < 2)
		return false;
	if (n < 3)
		*count = 1;
	return strcmp(action, "crash") == 0 || strcmp(action, "error") == 0 ||
		strcmp(action, "wait") == 0 || strcmp(action, "stop") == 0;
}

bool
vp_debug_point_check(const char *value)
{
	char		name[sizeof(point_name)];
	char		action[sizeof(point_action)];
	int			count;

	return value == NULL || *value == '\0' || parse(value, name, action, &count);
}

void
vp_debug_point_assign(const char *value)
{
	vp_debug_points = value != NULL && *value != '\0' &&
		parse(value, point_name, point_action, &point_count);
}

bool
vp_debug_point_is(const char *name)
{
	return strcmp(name, point_name) == 0;
}

void
vp_debug_point(const char *name)
{
	if (strcmp(name, point_name) != 0 || --point_count != 0)
		return;
	if (strcmp(point_action, "crash") == 0)
	{
		/*
		 * what was logged is to survive: recovery shall see all that came
		 * before the point
		 */
		XLogFlush(XactLastRecEnd);
		kill(getpid(), SIGKILL);
	}
	else if (strcmp(point_action, "stop") == 0)
	{
		ereport(LOG,
				(errmsg("stopped at debug point \"%s\"", name),
				 errhidestmt(true)));
		kill(getpid(), SIGSTOP);
	}
	else if (strcmp(point_action, "error") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("error at debug point \"%s\"", name)));
	else
	{
		DirectFunctionCall1(pg_advisory_lock_int8, Int64GetDatum(WAIT_LOCK));
		DirectFunctionCall1(pg_advisory_unlock_int8, Int64GetDatum(WAIT_LOCK));
	}
}
