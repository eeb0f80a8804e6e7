/*-------------------------------------------------------------------------
 *
 * options.c
 *	  Options of an index: WITH (m = ..., tier = ...).
 *
 * m, ef_construction and namespaces are looked at when the index is built,
 * which copies them to the metapage; changing them changes nothing before the
 * next REINDEX.  tier, shards and replicas are the wish that capacity/ judges
 * when it is changed: that is done without disturbing who uses the index.
 * ef_search, target_recall and tuned are what a search is made with (effort.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <ctype.h>

#include "access/reloptions.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "base/levels.h"
#include "base/options.h"
#include "base/settings.h"

static relopt_kind option_kind;

/*
 * Is this a time as vecprov_tune writes it?  Others might be read in another
 * way, or not at all, where DateStyle is another: vecprov.indexes shows the
 * times of all owners.
 */
static bool
is_utc(const char *text)
{
	static const char form[] = "0000-00-00 00:00:00 UTC";

	if (strlen(text) != strlen(form))
		return false;
	for (int i = 0; form[i] != '\0'; i++)
		if (form[i] == '0' ? !isdigit((unsigned char) text[i]) : text[i] != form[i])
			return false;
	return true;
}

/*
 * What vecprov_tune has measured: "87 for 0.95 at 2026-11-30 23:12:05 UTC".
 * False: it is something else.
 */
static bool
parse_tuned(const char *value, int *ef, double *recall, const char **at)
{
	int			end = 0;

	if (sscanf(value, "%9d for %lf at %n", ef, recall, &end) < 2 || end == 0)
		return false;
	*at = value + end;
	return *ef >= VP_MIN_EF_SEARCH && *ef <= VP_MAX_EF_SEARCH && is_utc(*at);
}

static void
check_tuned(const char *value)
{
	int			ef;
	double		recall;
	const char *at;

	if (value == NULL)
		return;
	if (!parse_tuned(value, &ef, &recall, &at))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for option \"tuned\": \"%s\"", value),
				 errhint("vecprov_tune sets it; set ef_search instead.")));
	(void) DirectFunctionCall3(timestamptz_in, CStringGetDatum(at), ObjectIdGetDatum(InvalidOid),
							   Int32GetDatum(-1));
}

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
	add_int_reloption(option_kind, "ef_search", "Candidates that a search keeps, unless vecprov.ef_search is set",
					  -1, VP_MIN_EF_SEARCH, VP_MAX_EF_SEARCH, gentle);
	add_real_reloption(option_kind, "target_recall", "Recall that vecprov_tune finds the effort for",
					   -1, 0.01, 1, gentle);
	add_string_reloption(option_kind, "tuned", "What vecprov_tune has found", NULL, check_tuned, gentle);
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

/* What was measured holds only for the recall that is wished for now. */
static void
find_tuned(VpOptions *options)
{
	const char *base = (const char *) options;
	int			ef;
	double		recall;
	const char *at;

	if (options->tuned == 0 || !parse_tuned(base + options->tuned, &ef, &recall, &at) ||
		recall != options->target_recall)
		return;
	options->tuned_ef = ef;
	options->tuned_at = (int) (at - base);
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
		{.optname = "replicas",.opttype = RELOPT_TYPE_INT,.offset = offsetof(VpOptions, replicas)},
		{.optname = "ef_search",.opttype = RELOPT_TYPE_INT,.offset = offsetof(VpOptions, ef_search)},
		{.optname = "target_recall",.opttype = RELOPT_TYPE_REAL,
		.offset = offsetof(VpOptions, target_recall)},
		{.optname = "tuned",.opttype = RELOPT_TYPE_STRING,.offset = offsetof(VpOptions, tuned)}
	};
	VpOptions  *options = build_reloptions(reloptions, validate, option_kind, sizeof(VpOptions),
										   elements, lengthof(elements));

	if (validate && options != NULL)
		check_together(options);
	if (options != NULL)
		find_tuned(options);
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
vp_get_effort(const VpOptions *options, VpEffortOptions *effort)
{
	memset(effort, 0, sizeof(*effort));
	if (options == NULL)
		return;
	effort->ef_search = Max(options->ef_search, 0);
	effort->target_recall = Max(options->target_recall, 0);
	effort->tuned_ef = options->tuned_ef;
	if (options->tuned_ef > 0)
		effort->tuned_at = (const char *) options + options->tuned_at;
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
