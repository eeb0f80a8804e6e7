/*-------------------------------------------------------------------------
 *
 * zones.h
 *	  The zones of this server: vecprov.zones, e.g. 'a=0-7; b=8-15 reserved'.
 *
 * A zone is a set of processors that may be lost together, or that is near to
 * itself: a socket, a NUMA node.  Where it is reserved, no other process of the
 * server runs there (affinity.h).
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_ZONES_H
#define VP_ZONES_H

/* Replicas of an index are spread over so many zones. */
#define VP_INDEX_ZONES	3

/* Can the setting be put in force?  Else *detail says why not. */
extern bool vp_zones_check(const char *value, bool may_reserve, const char **detail);

/* Puts it in force; may_reserve: else no zone is reserved. */
extern void vp_zones_assign(const char *value, bool may_reserve);

/*
 * The zone of a replica of an index (both numbers from 0): up to three zones,
 * then evenly.  -1: there are no zones.
 */
extern int	vp_zone_of(unsigned int index, int replica);

extern const char *vp_zone_name(int zone);

extern bool vp_zone_is_reserved(int zone);

/* Is any? */
extern bool vp_zones_reserve(void);

/*
 * Has this process run on the processors of a zone; -1: where the server's do.
 * False, with errno, when it cannot be done.
 */
extern bool vp_zone_bind(int zone);

/*
 * Has this process run on the processors of a reserved zone until
 * vp_affinity_leave().  False: it is none, or cannot be done now.
 */
extern bool vp_zone_enter(int zone);

#endif							/* VP_ZONES_H */
