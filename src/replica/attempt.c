/*-------------------------------------------------------------------------
 *
 * attempt.c
 *	  Work of a background process in a transaction of its own.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/xact.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "replica/attempt.h"

/*
 * Does an error pass by itself: somebody has a lock, or the extension is being
 * dropped?  A function that is not there is told of where somebody looks: it
 * may be one of the owner's.
 */
static bool
passes(int sqlerrcode, bool shown)
{
	return sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE || sqlerrcode == ERRCODE_T_R_DEADLOCK_DETECTED ||
		sqlerrcode == ERRCODE_UNDEFINED_TABLE || (!shown && sqlerrcode == ERRCODE_UNDEFINED_FUNCTION);
}

/*
 * Ends the transaction of the error that was caught.  Called in PG_CATCH.
 * Leaves TopMemoryContext as the current one and no transaction; *message is
 * allocated there.  Raises the error again if the process is to end or the
 * query was cancelled.
 */
static VpAttempt
end_error(char **message)
{
	ErrorData  *error;
	VpAttempt	result;

	MemoryContextSwitchTo(TopMemoryContext);
	error = CopyErrorData();
	if (error->sqlerrcode == ERRCODE_ADMIN_SHUTDOWN || error->sqlerrcode == ERRCODE_QUERY_CANCELED)
		PG_RE_THROW();
	result = passes(error->sqlerrcode, message != NULL) ? VP_ATTEMPT_LATER : VP_ATTEMPT_FAILED;
	if (result == VP_ATTEMPT_FAILED && message != NULL)
		*message = pstrdup(error->message);
	else if (result == VP_ATTEMPT_FAILED)
		EmitErrorReport();
	FreeErrorData(error);
	FlushErrorState();
	AbortCurrentTransaction();
	return result;
}

VpAttempt
vp_attempt(void (*work) (void *arg), void *arg, char **message)
{
	volatile VpAttempt result = VP_ATTEMPT_DONE;

	PG_TRY();
	{
		StartTransactionCommand();
		PushActiveSnapshot(GetTransactionSnapshot());
		work(arg);
		PopActiveSnapshot();
		CommitTransactionCommand();
	}
	PG_CATCH();
	{
		result = end_error(message);
	}
	PG_END_TRY();
	return result;
}
