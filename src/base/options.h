/*-------------------------------------------------------------------------
 *
 * options.h
 *	  Options of an index: WITH (m = ..., tier = ...).
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_OPTIONS_H
#define VP_OPTIONS_H

#include "utils/relcache.h"

#define VP_DEFAULT_M				16
#define VP_DEFAULT_EF_CONSTRUCTION	64
#define VP_MIN_EF_CONSTRUCTION		4
#define VP_MAX_EF_CONSTRUCTION		1000

#define VP_MAX_SHARDS				100
#define VP_MAX_REPLICAS				100

/* As parsed; NULL stands for all defaults. */
typedef struct VpOptions
{
	int32		vl_len_;
	int			m;
	int			ef_construction;
	bool		namespaces;
	int			tier;			/* offset of the name; 0: not given */
	int			shards;			/* -1: not given */
	int			replicas;		/* -1: not given */
	int			ef_search;		/* -1: not given */
	double		target_recall;	/* -1: not given */
	int			tuned;			/* offset of the text; 0: not given */
	int			tuned_ef;		/* of `tuned`, if it is for target_recall; 0:
								 * none */
	int			tuned_at;		/* offset of its time, then */
} VpOptions;

/* With what effort the options want an index to be searched. */
typedef struct VpEffortOptions
{
	int			ef_search;		/* 0: not given */
	double		target_recall;	/* 0: not given */
	int			tuned_ef;		/* what vecprov_tune has found for it; 0:
								 * nothing */
	const char *tuned_at;		/* when, of the options; NULL if there is
								 * nothing */
} VpEffortOptions;

/* What capacity the options wish for. */
typedef struct VpWish
{
	char		tier[NAMEDATALEN];	/* empty: on demand; then the others are 0 */
	int			shards;
	int			replicas;		/* 0: suspended */
} VpWish;

extern void vp_options_define(void);

/* The access method's amoptions. */
extern bytea *vp_options(Datum reloptions, bool validate);

/* Shards that an index is to have: on demand, one. */
static inline int
vp_wanted_shards(const VpWish *wish)
{
	return wish->tier[0] != '\0' ? wish->shards : 1;
}

/* Of an opened index. */
extern void vp_get_options(Relation rel, int *m, int *ef_construction, bool *namespaces);
extern void vp_get_wish(const VpOptions *options, VpWish *wish);
extern void vp_get_effort(const VpOptions *options, VpEffortOptions *effort);

/* Is there a tier?  Are there replicas to use it? */
#define VpIsProvisioned(wish)	((wish)->tier[0] != '\0')
#define VpIsSuspended(wish)		(VpIsProvisioned(wish) && (wish)->replicas == 0)

#endif							/* VP_OPTIONS_H */
