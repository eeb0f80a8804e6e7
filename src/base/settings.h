/*-------------------------------------------------------------------------
 *
 * settings.h
 *	  The settings (GUCs) of vecprov.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_SETTINGS_H
#define VP_SETTINGS_H

typedef enum VpIterativeScan
{
	VP_ITERATIVE_OFF,
	VP_ITERATIVE_RELAXED,
	VP_ITERATIVE_STRICT
} VpIterativeScan;

#define VP_DEFAULT_EF_SEARCH	40
#define VP_MIN_EF_SEARCH		1
#define VP_MAX_EF_SEARCH		100000

/* Who may set it may provision indexes; see capacity/quota.c. */
#define VP_PROVISION_SETTING	"vecprov.provision"

extern int	vp_busy_poll;		/* microseconds */
extern int	vp_ef_search;
extern bool vp_foreign_limit;
extern bool vp_ef_search_is_set;	/* for the session, its role or database */
extern int	vp_iterative_scan;
extern int	vp_max_scan_tuples;
extern int	vp_max_metered_indexes;
extern int	vp_max_provisioned;
extern int	vp_max_workers;
extern bool vp_server_internals;
extern int	vp_units;
extern int	vp_tier_change_interval;	/* seconds */
extern int	vp_scale_change_interval;

/* Defines them; only while shared_preload_libraries are loaded. */
extern void vp_settings_define(void);

/*
 * Sets any setting, of ours or of the server's, until the innermost level that
 * NewGUCNestLevel began is ended by AtEOXact_GUC, or by an error.
 */
extern void vp_settings_change(const char *name, const char *value);

#endif							/* VP_SETTINGS_H */
