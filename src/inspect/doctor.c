/*-------------------------------------------------------------------------
 *
 * doctor.c
 *	  What vecprov_doctor cannot learn from catalogues and settings.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <inttypes.h>

#include "access/genam.h"
#include "funcapi.h"
#include "storage/fd.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "base/loaded.h"
#include "capacity/index_state.h"
#include "capacity/memory.h"
#include "page/geometry.h"

/* This one works where the library is not loaded as it must be: it is what tells. */
VP_FUNCTION(vecprov_library);
VP_SERVER_FUNCTION(vecprov_index_layout);

/*
 * Does shared memory consist of huge pages?  The kernel's list of this process's mappings names the
 * kind of memory, as of a file.  *known: false where there is no such list.
 */
static bool
has_huge_pages(bool *known)
{
	const uintptr_t shared = (uintptr_t) MyProc;
	FILE	   *maps = AllocateFile("/proc/self/maps", "r");
	char		line[MAXPGPATH];
	bool		huge = false;

	*known = false;
	while (maps != NULL && !*known && fgets(line, sizeof(line), maps) != NULL)
	{
		uintptr_t	start;
		uintptr_t	end;

		*known = sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &start, &end) == 2 &&
			start <= shared && shared < end;
		huge = *known && strstr(line, "hugepage") != NULL;
	}
	if (maps != NULL)
		(void) FreeFile(maps);
	return huge;
}

/*
 * The version of the library, whether the postmaster has loaded it, and whether shared memory
 * consists of huge pages (null: not known).
 */
Datum
vecprov_library(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Datum		values[3];
	bool		nulls[3] = {false, false, false};
	bool		known;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[0] = CStringGetTextDatum(VP_VERSION);
	values[1] = BoolGetDatum(vp_preloaded);
	values[2] = BoolGetDatum(has_huge_pages(&known));
	nulls[2] = !known;
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/*
 * An index's format, the newest, and bytes of the pages that searches need.
 * Waits for no lock and raises no error for damage: NULL for an index that is
 * gone, locked exclusively, damaged, or empty for this session.
 */
Datum
vecprov_index_layout(PG_FUNCTION_ARGS)
{
	Relation	rel = vp_own_index_open(PG_GETARG_OID(0), false);
	TupleDesc	desc;
	VpIndexLook look;
	VpGeometry	geo;
	Datum		values[3];
	bool		nulls[3] = {false, false, false};

	if (rel == NULL)
		PG_RETURN_NULL();
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	vp_index_look(rel, &look);
	index_close(rel, AccessShareLock);
	if (!look.sound)
		PG_RETURN_NULL();
	vp_geometry_init(&geo, &look.meta);
	values[0] = Int32GetDatum((int32) look.meta.version);
	values[1] = Int32GetDatum(VP_FORMAT_VERSION);
	values[2] = Int64GetDatum((int64) vp_search_blocks(&geo, look.nblocks) * BLCKSZ);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
