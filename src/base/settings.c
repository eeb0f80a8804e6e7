/*-------------------------------------------------------------------------
 *
 * settings.c
 *	  The settings (GUCs) of vecprov.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <limits.h>

#include "utils/guc.h"

#include "base/clock.h"
#include "base/debug_point.h"
#include "base/settings.h"
#include "base/zones.h"

int			vp_busy_poll;
int			vp_ef_search;
bool		vp_foreign_limit;
bool		vp_ef_search_is_set;
int			vp_iterative_scan = VP_ITERATIVE_STRICT;	/* 16 asserts that it is
														 * the default */
int			vp_max_scan_tuples;
int			vp_max_metered_indexes;
int			vp_max_provisioned;
int			vp_max_workers;
bool		vp_server_internals;
int			vp_tier_change_interval;
int			vp_units;
int			vp_scale_change_interval;

static char *debug_point_value;
static bool provision_value;
static char *zones_value;

static const struct config_enum_entry iterative_scan_options[] = {
	{"off", VP_ITERATIVE_OFF, false},
	{"relaxed_order", VP_ITERATIVE_RELAXED, false},
	{"strict_order", VP_ITERATIVE_STRICT, false},
	{NULL, 0, false}
};

static bool
check_debug_point(char **newval, void **extra, GucSource source)
{
	if (vp_debug_point_check(*newval))
		return true;
	GUC_check_errdetail("It must be NAME=crash, NAME=error or NAME=wait, with :N for the N-th time.");
	return false;
}

/*
 * Whether the value is the session's, by SET or ALTER ROLE or DATABASE, goes
 * with it: so it is right again after RESET and ROLLBACK.
 */
static bool
check_ef_search(int *newval, void **extra, GucSource source)
{
	bool	   *is_set = VpGucAlloc(sizeof(bool));

	if (is_set == NULL)
		return false;
	*is_set = source >= PGC_S_GLOBAL;
	*extra = is_set;
	return true;
}

static void
assign_ef_search(int newval, void *extra)
{
	vp_ef_search_is_set = *(bool *) extra;
}

static bool
check_server_internals(bool *newval, void **extra, GucSource source)
{
	if (VP_SERVER_INTERNALS || !*newval)
		return true;
	GUC_check_errdetail("This library was built without them (make NO_SERVER_INTERNALS=1).");
	return false;
}

static void
assign_debug_point(const char *newval, void *extra)
{
	vp_debug_point_assign(newval);
}

static bool
check_zones(char **newval, void **extra, GucSource source)
{
	const char *detail;

	if (vp_zones_check(*newval, vp_server_internals, &detail))
		return true;
	GUC_check_errdetail("%s", detail);
	return false;
}

/*
 * Without a launcher nobody would see to processes that run, and there are no
 * provisioned indexes.
 */
static void
assign_zones(const char *newval, void *extra)
{
	vp_zones_assign(newval, vp_max_provisioned > 0);
}

void
vp_settings_define(void)
{
	DefineCustomIntVariable("vecprov.busy_poll",
							"Sets for how many microseconds a process that has searched looks for the next command "
							"before it sleeps.",
							"It gives way to others, and looks less often when it looks in vain. 0: never.",
							&vp_busy_poll,
							100, 0, 1000000,
							PGC_USERSET, 0, NULL, NULL, NULL);

	DefineCustomIntVariable("vecprov.debug_clock",
							"Moves the clock that rules of capacity go by, for tests.",
							NULL,
							&vp_debug_clock,
							0, INT_MIN, INT_MAX,
							PGC_SUSET,
							GUC_NOT_IN_SAMPLE | GUC_NO_SHOW_ALL | GUC_UNIT_S,
							NULL, NULL, NULL);

	DefineCustomStringVariable("vecprov.debug_point",
							   "Makes something happen at a named point in the code, for tests.",
							   NULL,
							   &debug_point_value,
							   "",
							   PGC_SUSET,
							   GUC_NOT_IN_SAMPLE | GUC_NO_SHOW_ALL,
							   check_debug_point, assign_debug_point, NULL);

	DefineCustomIntVariable("vecprov.ef_search",
							"Sets how many candidates a search keeps.",
							"More find more of the true neighbours and take longer. "
							"An index's own option comes before the server's configuration.",
							&vp_ef_search,
							VP_DEFAULT_EF_SEARCH, VP_MIN_EF_SEARCH, VP_MAX_EF_SEARCH,
							PGC_USERSET, 0, check_ef_search, assign_ef_search, NULL);

	DefineCustomBoolVariable("vecprov.foreign_limit",
							 "Has the planner send a LIMIT along to the servers of foreign tables.",
							 "It takes each foreign table for larger than any LIMIT, and forgets its statistics.",
							 &vp_foreign_limit,
							 false,
							 PGC_USERSET, 0, NULL, NULL, NULL);

	DefineCustomEnumVariable("vecprov.iterative_scan",
							 "Sets whether an index scan goes on when more rows than ef_search are wanted.",
							 "strict_order returns rows that it finds late after all others, relaxed_order at once.",
							 &vp_iterative_scan,
							 VP_ITERATIVE_STRICT, iterative_scan_options,
							 PGC_USERSET, 0, NULL, NULL, NULL);

	DefineCustomIntVariable("vecprov.max_metered_indexes",
							"Sets how many indexes of the server are counted, and can have limits.",
							"Others work, but are not counted; what has limits is refused when it can have no place.",
							&vp_max_metered_indexes,
							500, 1, 100000,
							PGC_POSTMASTER, 0, NULL, NULL, NULL);

	DefineCustomIntVariable("vecprov.max_provisioned_indexes",
							"Sets how many indexes of the server can be provisioned at a time.",
							"Others work as if they were on demand. 0: none is kept in memory.",
							&vp_max_provisioned,
							100, 0, 10000,
							PGC_POSTMASTER, 0, NULL, NULL, NULL);

	DefineCustomIntVariable("vecprov.max_scan_tuples",
							"Sets how many rows an index scan returns before it stops going on.",
							"What it cut off is told as a notice. 0: there is no bound.",
							&vp_max_scan_tuples,
							0, 0, INT_MAX,
							PGC_USERSET, 0, NULL, NULL, NULL);

	DefineCustomIntVariable("vecprov.max_workers",
							"Sets how many processes run searches of provisioned indexes for others.",
							"Six of max_worker_processes are left to other uses. 0: there are none.",
							&vp_max_workers,
							4, 0, 262143,	/* as max_worker_processes */
							PGC_SIGHUP, 0, NULL, NULL, NULL);

	DefineCustomBoolVariable(VP_PROVISION_SETTING,
							 "Roles that may set it, by GRANT SET ON PARAMETER, may provision indexes.",
							 "Its value means nothing.",
							 &provision_value,
							 false,
							 PGC_SUSET, GUC_NOT_IN_SAMPLE, NULL, NULL, NULL);

	DefineCustomIntVariable("vecprov.scale_change_interval",
							"Sets the time between two changes of an index's shards or replicas.",
							NULL,
							&vp_scale_change_interval,
							3600, 0, INT_MAX,
							PGC_SUSET, GUC_UNIT_S, NULL, NULL, NULL);

	DefineCustomBoolVariable("vecprov.server_internals",
							 "Sets whether private parts of the server are used for speed.",
							 "Off: plain PostgreSQL behaviour; searches read pages as other indexes do.",
							 &vp_server_internals,
							 VP_SERVER_INTERNALS,
							 PGC_POSTMASTER, 0,
							 check_server_internals, NULL, NULL);

	DefineCustomIntVariable("vecprov.tier_change_interval",
							"Sets the time between two changes of an index's tier or mode.",
							NULL,
							&vp_tier_change_interval,
							24 * 3600, 0, INT_MAX,
							PGC_SUSET, GUC_UNIT_S, NULL, NULL, NULL);

	DefineCustomIntVariable("vecprov.units",
							"Sets how many units of compute the provisioned indexes of the server can have together.",
							"0: as many as are asked for.",
							&vp_units,
							0, 0, INT_MAX,
							PGC_SIGHUP, 0, NULL, NULL, NULL);

	DefineCustomStringVariable("vecprov.zones",
							   "Sets the zones over which replicas are spread, and their processors.",
							   "For example a=0-7; b=8-15 reserved. Empty: there are none.",
							   &zones_value,
							   "",
							   PGC_SIGHUP, 0,
							   check_zones, assign_zones, NULL);

	MarkGUCPrefixReserved("vecprov");
}

void
vp_settings_change(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0,
							 false);
}
