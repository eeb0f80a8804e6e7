/*-------------------------------------------------------------------------
 *
 * merge_queue.c
 *	  Indexes whose runs are to be merged in the background; see merge_queue.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "storage/ipc.h"
#include "storage/shmem.h"
#include "storage/spin.h"

#include "page/merge_queue.h"

#define MOST_REQUESTS	64

typedef struct MergeRequest
{
	Oid			database;
	Oid			index;
} MergeRequest;

typedef struct MergeQueue
{
	slock_t		mutex;
	int			n;
	MergeRequest requests[MOST_REQUESTS];	/* the oldest first */
} MergeQueue;

static MergeQueue *queue;
static void (*wake_taker) (void) = NULL;

void
vp_merge_queue_request(void)
{
	RequestAddinShmemSpace(MAXALIGN(sizeof(MergeQueue)));
}

void
vp_merge_queue_startup(void)
{
	bool		found;

	queue = ShmemInitStruct("vecprov merge queue", sizeof(MergeQueue), &found);
	if (found)
		return;
	SpinLockInit(&queue->mutex);
	queue->n = 0;
}

void
vp_merge_queue_define(void (*wake) (void))
{
	wake_taker = wake;
}

static bool
is_listed(Oid database, Oid index)
{
	for (int i = 0; i < queue->n; i++)
		if (queue->requests[i].database == database && queue->requests[i].index == index)
			return true;
	return false;
}

void
vp_merge_queue_ask(Oid database, Oid index)
{
	if (wake_taker == NULL)
		return;
	SpinLockAcquire(&queue->mutex);
	if (queue->n < MOST_REQUESTS && !is_listed(database, index))
	{
		queue->requests[queue->n].database = database;
		queue->requests[queue->n++].index = index;
	}
	SpinLockRelease(&queue->mutex);
	wake_taker();
}

bool
vp_merge_queue_take(Oid *database, Oid *index)
{
	bool		any;

	SpinLockAcquire(&queue->mutex);
	any = queue->n > 0;
	if (any)
	{
		*database = queue->requests[0].database;
		*index = queue->requests[0].index;
		queue->n--;
		memmove(&queue->requests[0], &queue->requests[1], queue->n * sizeof(MergeRequest));
	}
	SpinLockRelease(&queue->mutex);
	return any;
}

bool
vp_merge_queue_is_empty(void)
{
	bool		empty;

	SpinLockAcquire(&queue->mutex);
	empty = queue->n == 0;
	SpinLockRelease(&queue->mutex);
	return empty;
}
