/*-------------------------------------------------------------------------
 *
 * usage.h
 *	  What indexes had, hour by hour: vecprov.usage, which bills are made of.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_USAGE_H
#define VP_USAGE_H

#include "datatype/timestamp.h"

/* The begin of the hour in which a moment lies. */
extern TimestampTz vp_hour_of(TimestampTz at);

/*
 * Writes the hours of this database that are over and not yet in vecprov.usage, and deletes those
 * that are too old.  Does nothing if the extension is not there.  In a transaction, with a
 * snapshot.
 */
extern void vp_usage_write(void);

#endif							/* VP_USAGE_H */
