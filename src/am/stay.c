/*-------------------------------------------------------------------------
 *
 * stay.c
 *	  How long a backend stays in the reserved zone where it has searched.
 *
 * With its seat (replica/kept_seat.h): until the executor has made the rows.
 * Where we see the answer off (session/client.h) until that is sent, and as
 * long as the next command is looked for.  If that is not a search, it goes
 * back before it runs.  What no executor runs never stays.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "executor/executor.h"
#include "nodes/plannodes.h"

#include "am/stay.h"
#include "base/zones.h"
#include "replica/seats.h"
#include "session/client.h"

static int	depth = 0;			/* executors that run */
static ExecutorRun_hook_type previous_run;

static void
run(VpExecutorRunParameters)
{
	if (previous_run)
		previous_run(VpExecutorRunArguments);
	else
		standard_ExecutorRun(VpExecutorRunArguments);
}

/* Is there nothing but an index scan by order, and a limit? */
static bool
is_search(const PlannedStmt *statement)
{
	const Plan *plan = statement->planTree;

	if (IsA(plan, Limit))
		plan = outerPlan(plan);
	return IsA(plan, IndexScan) && ((const IndexScan *) plan)->indexorderby != NIL;
}

static void
executor_run(VpExecutorRunParameters)
{
	if (!vp_zones_reserve())
	{
		run(VpExecutorRunArguments);
		return;
	}
	if (depth == 0 && !is_search(query->plannedstmt))
		vp_seat_let_go();
	depth++;
	vp_seat_may_stay(true);
	PG_TRY();
	{
		run(VpExecutorRunArguments);
	}
	PG_FINALLY();
	{
		depth--;
		vp_seat_may_stay(depth > 0);
		if (depth > 0 || !vp_client_sees_answer())
			vp_seat_let_go();
	}
	PG_END_TRY();
}

static const VpClientHost host = {
	.patience = vp_seat_patience,
	.leave = vp_seat_let_go
};

void
vp_stay_define(void)
{
	previous_run = ExecutorRun_hook;
	ExecutorRun_hook = executor_run;
	vp_client_host = &host;
}
