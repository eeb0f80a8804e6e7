/*-------------------------------------------------------------------------
 *
 * arithmetic.h
 *	  What other files compute as the SQL functions do.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_ARITHMETIC_H
#define VP_ARITHMETIC_H

/*
 * Shards that hold so many bytes and leave a part of each, the headroom (0 ...
 * 1), free.
 */
extern int	vp_shards_needed(int64 bytes, double headroom, int64 shard_bytes);

/* What so many shards hold. */
extern int64 vp_capacity(int shards, int64 shard_bytes);

/* Of a request that writes so many bytes; of a search among so many. */
extern int64 vp_write_units(int64 bytes);
extern double vp_read_units(uint64 bytes);

#endif							/* VP_ARITHMETIC_H */
