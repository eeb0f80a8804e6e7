/*-------------------------------------------------------------------------
 *
 * wait_event.c
 *	  What processes wait for, as pg_stat_activity tells it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/wait_event.h"

#include "base/wait_event.h"

static const char *const names[] = {
	[VP_WAIT_ANSWER] = "VecprovAnswer",
	[VP_WAIT_BATCH] = "VecprovBatch",
	[VP_WAIT_KEEPER] = "VecprovKeeperMain",
	[VP_WAIT_LAUNCHER] = "VecprovLauncherMain",
	[VP_WAIT_LAUNCHER_IDLE] = "VecprovLauncherIdle",
	[VP_WAIT_MOVER] = "VecprovMoverSnapshots",
	[VP_WAIT_QUOTA] = "VecprovQuota",
	[VP_WAIT_READY] = "VecprovReady",
	[VP_WAIT_SEAT] = "VecprovSeat",
	[VP_WAIT_WORKER] = "VecprovWorkerMain"
};

/*
 * The number of an event.  The server gives all processes the same one for a
 * name; before 17 all events of extensions have the same.
 */
static uint32
number_of(VpWaitEvent event)
{
	static uint32 numbers[lengthof(names)];

	if (numbers[event] == 0)
		numbers[event] = VpWaitEventNew(names[event]);
	return numbers[event];
}

bool
vp_wait(VpWaitEvent event, long timeout)
{
	int			events = WL_LATCH_SET | WL_EXIT_ON_PM_DEATH | (timeout >= 0 ? WL_TIMEOUT : 0);
	int			happened = WaitLatch(MyLatch, events, timeout, number_of(event));

	ResetLatch(MyLatch);
	return (happened & WL_LATCH_SET) != 0;
}
