/*-------------------------------------------------------------------------
 *
 * zones.h
 *	  The zones of this server: vecprov.zones, e.g. 'a=0-7; b=8-15'.
 *
 * A zone is a set of processors that may be lost together, or that is near to
 * itself: a socket, a NUMA node.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_ZONES_H
#define VP_ZONES_H

/* Replicas of an index are spread over so many zones. */
#define VP_INDEX_ZONES	3

/* Is the setting well formed?  Else *detail says what is not. */
extern bool vp_zones_check(const char *value, const char **detail);

/* Puts it in force. */
extern void vp_zones_assign(const char *value);

/*
 * The zone of a replica of an index (both numbers from 0): up to three zones,
 * then evenly.  -1: there are no zones.
 */
extern int	vp_zone_of(unsigned int index, int replica);

extern const char *vp_zone_name(int zone);

/*
 * Has this process run on the processors of a zone; -1: where the server's do.
 * False, with errno, when it cannot be done.
 */
extern bool vp_zone_bind(int zone);

#endif							/* VP_ZONES_H */
