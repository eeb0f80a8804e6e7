/*-------------------------------------------------------------------------
 *
 * vecfile.h
 *	  Vectors of the benchmarks: files, distances, exact neighbours, recall.
 *
 * The formats are those of the nearest-neighbour research community, little
 * endian: .fvecs holds, for each vector, its dimension as int32 and then that
 * many float32; .ivecs the same with int32.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BENCH_VECFILE_H
#define BENCH_VECFILE_H

#include <stddef.h>
#include <stdint.h>

/* A file of equally long vectors, mapped read-only. */
typedef struct VecFile
{
	const int32_t *words;		/* the whole file */
	int			dims;			/* of every vector */
	long		count;			/* vectors, after a limit if there was one */
} VecFile;

typedef enum Metric
{
	METRIC_COSINE,
	METRIC_L2,
	METRIC_IP,
	METRIC_L1
} Metric;

/* Prints a message and ends the program with status 1. */
extern void die(const char *format,...) __attribute__((format(printf, 1, 2), noreturn));

/* malloc and realloc that die when there is no memory. */
extern void *bench_alloc(size_t size);
extern void *bench_realloc(void *old, size_t size);

/* Maps a file; at most `limit` vectors of it are seen when limit > 0. */
extern VecFile vecfile_open(const char *path, long limit);

static inline const float *
vecfile_floats(const VecFile *file, long row)
{
	return (const float *) (file->words + row * (file->dims + 1) + 1);
}

static inline const int32_t *
vecfile_ints(const VecFile *file, long row)
{
	return file->words + row * (file->dims + 1) + 1;
}

/* cosine, l2, ip or l1; dies on another name. */
extern Metric metric_parse(const char *name);

/*
 * Distance in the metric's own order: smaller is nearer.  The L2 distance is
 * left squared and the cosine distance is 1 - cos, 1 when a vector is zero.
 */
extern float metric_distance(Metric metric, const float *a, const float *b, int dims);

/*
 * How many of the k answers (rows of the base; < 0: none) are not farther from
 * the query than `bound`, the distance of its k-th exact neighbour.  So vectors
 * stored twice do not count against an index; a row that comes twice counts once.
 */
extern int	count_right(Metric metric, const VecFile *base, const float *query,
						const int32_t *answer, int k, float bound);

/*
 * Writes the k exact nearest neighbours of every query as .ivecs, nearest
 * first, ties by the lower row number, computed by `threads` threads.  With
 * classes only rows count whose class (one number a row) is the query's
 * argument (one number a query); -1 stands where fewer than k do.
 */
extern void write_exact_neighbours(const VecFile *base, const VecFile *queries, Metric metric,
								   int k, int threads, const char *path,
								   const VecFile *classes, const VecFile *arguments);

/*
 * Writes `rows` vectors: those of the base, then mixtures of two of them, with
 * a share of 0.2 to 0.5 of the second one.  The same ones in each run; row i is
 * made of, or mostly of, row i modulo the base's number of rows.
 */
extern void write_mixtures(const VecFile *base, long rows, const char *path);

#endif							/* BENCH_VECFILE_H */
