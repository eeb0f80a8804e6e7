/*-------------------------------------------------------------------------
 *
 * none.c
 *	  What stands for the other files of this folder in a library without server internals.
 *
 * The Makefile compiles either them or this.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "session/client.h"
#include "session/cold.h"
#include "session/plan.h"
#include "session/rows.h"

void
vp_client_search_begins(void)
{
}

void
vp_client_rows_come(void)
{
}

const VpClientHost *vp_client_host = NULL;

bool
vp_client_sees_answer(void)
{
	return false;
}

int
vp_client_lead(void)
{
	return 0;
}

bool
vp_is_cold(VpIndex *index)
{
	return false;
}

bool
vp_warm_up(void *index)
{
	return false;
}

void
vp_plan_define(void)
{
}

void
vp_rows_begin(VpRows *rows, Relation table)
{
}

void
vp_rows_expect(VpRows *rows, const ItemPointerData *tid, bool cold)
{
}

void
vp_rows_pin(VpRows *rows, IndexScanDesc scan)
{
}
