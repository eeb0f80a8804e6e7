/*-------------------------------------------------------------------------
 *
 * options.c
 *	  Options of an index: WITH (m = ..., ef_construction = ...).
 *
 * They are looked at when the index is built, which copies them to the
 * metapage; changing them changes nothing before the next REINDEX.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/reloptions.h"
#include "utils/rel.h"

#include "am/am.h"

static relopt_kind option_kind;

void
vp_options_define(void)
{
	option_kind = add_reloption_kind();
	add_int_reloption(option_kind, "m", "Links that a node chooses at each level",
					  VP_DEFAULT_M, VP_MIN_M, VP_MAX_M, AccessExclusiveLock);
	add_int_reloption(option_kind, "ef_construction", "Candidates that are kept to choose links from",
					  VP_DEFAULT_EF_CONSTRUCTION, VP_MIN_EF_CONSTRUCTION, VP_MAX_EF_CONSTRUCTION,
					  AccessExclusiveLock);
}

static void
check_together(int m, int ef_construction)
{
	if (ef_construction < 2 * m)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("ef_construction must be greater than or equal to 2 * m"),
				 errdetail("ef_construction is %d and m is %d.", ef_construction, m)));
}

bytea *
vp_options(Datum reloptions, bool validate)
{
	static const relopt_parse_elt elements[] = {
		{.optname = "m",.opttype = RELOPT_TYPE_INT,.offset = offsetof(VpOptions, m)},
		{.optname = "ef_construction",.opttype = RELOPT_TYPE_INT,
		.offset = offsetof(VpOptions, ef_construction)}
	};
	VpOptions  *options = build_reloptions(reloptions, validate, option_kind, sizeof(VpOptions),
										   elements, lengthof(elements));

	if (validate && options != NULL)
		check_together(options->m, options->ef_construction);
	return (bytea *) options;
}

void
vp_get_options(Relation rel, int *m, int *ef_construction)
{
	VpOptions  *options = (VpOptions *) rel->rd_options;

	*m = options ? options->m : VP_DEFAULT_M;
	*ef_construction = options ? options->ef_construction : VP_DEFAULT_EF_CONSTRUCTION;
}
