/*-------------------------------------------------------------------------
 *
 * module.c
 *	  What happens when the library is loaded.
 *
 * vecprov writes WAL of its own kind, which recovery must be able to read, and
 * keeps a table in shared memory: both can only be set up by the postmaster.
 * So there is one way to load it, shared_preload_libraries, on standbys too.  What a
 * library that a backend has loaded can do is in base/loaded.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/shmem.h"

#include "am/ambuild.h"
#include "am/bitmap_scan.h"
#include "am/dimensions.h"
#include "am/explain.h"
#include "am/foreign_limit.h"
#include "am/old_version.h"
#include "am/paths.h"
#include "am/plan_limit.h"
#include "am/stay.h"
#include "base/affinity.h"
#include "base/loaded.h"
#include "base/options.h"
#include "base/settings.h"
#include "capacity/change.h"
#include "capacity/charge.h"
#include "capacity/meter.h"
#include "capacity/role_refusals.h"
#include "kernel/kernel.h"
#include "page/change_counter.h"
#include "page/damage.h"
#include "page/merge_queue.h"
#include "page/patch.h"
#include "page/peek.h"
#include "replica/replica.h"
#include "session/plan.h"

/* exported also where the server's headers do not say so */
extern VP_EXPORT const Pg_magic_struct *PG_MAGIC_FUNCTION_NAME(void);
extern VP_EXPORT void _PG_init(void);

PG_MODULE_MAGIC;

static shmem_request_hook_type previous_shmem_request_hook;
static shmem_startup_hook_type previous_shmem_startup_hook;

static void
request_shmem(void)
{
	if (previous_shmem_request_hook)
		previous_shmem_request_hook();
	RequestAddinShmemSpace(vp_hint_size() + vp_change_counter_size() + vp_window_size());
	vp_affinity_request();
	vp_merge_queue_request();
	vp_meter_request();
	vp_role_refusals_request();
	vp_charge_request();
	vp_replica_request();
}

static void
startup_shmem(void)
{
	if (previous_shmem_startup_hook)
		previous_shmem_startup_hook();
	vp_window_startup();
	vp_hint_startup();
	vp_change_counter_startup();
	vp_affinity_startup();
	vp_merge_queue_startup();
	vp_role_refusals_startup();
	vp_meter_startup();
	vp_charge_startup();
	vp_replica_startup();
}

void
_PG_init(void)
{
	bool		by_postmaster = vp_loaded_by_postmaster(vp_rmgr_is_registered());

	(void) vp_kernel_choose(NULL);
	vp_options_define();
	vp_change_define();
	vp_dimensions_define();
	if (!by_postmaster)
		return;
	vp_affinity_init();
	vp_settings_define();
	vp_plan_define();
	vp_paths_define();
	vp_bitmap_scan_define();
	vp_explain_define();
	vp_foreign_limit_define();
	vp_limit_define();
	vp_old_version_define();
	vp_stay_define();
	vp_charge_define();
	vp_rmgr_register();
	vp_replica_define();
	vp_meta_define(vp_meta_compare);

	previous_shmem_request_hook = shmem_request_hook;
	shmem_request_hook = request_shmem;
	previous_shmem_startup_hook = shmem_startup_hook;
	shmem_startup_hook = startup_shmem;
}
