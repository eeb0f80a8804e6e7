/*-------------------------------------------------------------------------
 *
 * options.c
 *	  Options of an index: WITH (m = ..., tier = ...).
 *
 * m, ef_construction and namespaces are looked at when the index is built,
 * which copies them to the metapage; changing them changes nothing before the
 * next REINDEX.  tier, shards and replicas are the wish that capacity/ judges
 * when it is changed: that is done without disturbing who uses the index.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/reloptions.h"
#include "utils/rel.h"

#include "base/levels.h"
#include "base/options.h"

static relopt_kind option_kind;

static void
check_tier_name(const char *name)
{
	if (name == NULL || (*name != '\0' && strlen(name) < NAMEDATALEN))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid value for option \"tier\": \"%s\"", name),
			 errdetail("It must be a name of 1 to %d bytes.", NAMEDATALEN - 1)));
}

void
vp_options_define(void)
{
	LOCKMODE	gentle = ShareUpdateExclusiveLock;

	option_kind = add_reloption_kind();
	add_int_reloption(option_kind, "m", "Links that a node chooses at each level",
					  VP_DEFAULT_M, VP_MIN_M, VP_MAX_M, AccessExclusiveLock);
	add_int_reloption(option_kind, "ef_construction",
					  "Candidates that are kept to choose links from",
					  VP_DEFAULT_EF_CONSTRUCTION, VP_MIN_EF_CONSTRUCTION, VP_MAX_EF_CONSTRUCTION,
					  AccessExclusiveLock);
	add_bool_reloption(option_kind, "namespaces", "The first column behind the vector is the namespace",
					   false, AccessExclusiveLock);
	add_string_reloption(option_kind, "tier", "Tier of provisioned capacity", NULL,
						 check_tier_name, gentle);
	add_int_reloption(option_kind, "shards", "Shards of provisioned capacity",
					  -1, 1, VP_MAX_SHARDS, gentle);
	add_int_reloption(option_kind, "replicas", "Replicas of provisioned capacity",
					  -1, 0, VP_MAX_REPLICAS, gentle);
}

static void
check_together(const VpOptions *options)
{
	if (options->ef_construction < 2 * options->m)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("ef_construction must be greater than or equal to 2 * m"),
				 errdetail("ef_construction is %d and m is %d.",
						   options->ef_construction, options->m)));
	if (options->tier == 0 && (options->shards >= 0 || options->replicas >= 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("shards and replicas need a tier"),
				 errdetail("An index without a tier is on demand."),
				 errhint("Set tier too, or reset tier, shards and replicas.")));
}

bytea *
vp_options(Datum reloptions, bool validate)
{
	static const relopt_parse_elt elements[] = {
		{.optname = "m",.opttype = RELOPT_TYPE_INT,.offset = offsetof(VpOptions, m)},
		{.optname = "ef_construction",.opttype = RELOPT_TYPE_INT,
		.offset = offsetof(VpOptions, ef_construction)},
		{.optname = "namespaces",.opttype = RELOPT_TYPE_BOOL,
		.offset = offsetof(VpOptions, namespaces)},
		{.optname = "tier",.opttype = RELOPT_TYPE_STRING,.offset = offsetof(VpOptions, tier)},
		{.optname = "shards",.opttype = RELOPT_TYPE_INT,.offset = offsetof(VpOptions, shards)},
		{.optname = "replicas",.opttype = RELOPT_TYPE_INT,.offset = offsetof(VpOptions, replicas)}
	};
	VpOptions  *options = build_reloptions(reloptions, validate, option_kind, sizeof(VpOptions),
										   elements, lengthof(elements));

	if (validate && options != NULL)
		check_together(options);
	return (bytea *) options;
}

void
vp_get_options(Relation rel, int *m, int *ef_construction, bool *namespaces)
{
	VpOptions  *options = (VpOptions *) rel->rd_options;

	*m = options ? options->m : VP_DEFAULT_M;
	*ef_construction = options ? options->ef_construction : VP_DEFAULT_EF_CONSTRUCTION;
	*namespaces = options && options->namespaces;
}

void
vp_get_wish(const VpOptions *options, VpWish *wish)
{
	memset(wish, 0, sizeof(*wish));
	if (options == NULL || options->tier == 0)
		return;
	strlcpy(wish->tier, (const char *) options + options->tier, sizeof(wish->tier));
	wish->shards = options->shards >= 0 ? options->shards : 1;
	wish->replicas = options->replicas >= 0 ? options->replicas : 1;
}
