/*-------------------------------------------------------------------------
 *
 * vecfile.c
 *	  Vectors of the benchmarks: files, distances, exact neighbours, recall.
 *
 * Exact neighbours are found by comparing every query with every vector.
 * Queries are taken in blocks, so that a vector that was brought in from
 * memory serves several of them.
 *
 *-------------------------------------------------------------------------
 */
#define _GNU_SOURCE				/* program_invocation_short_name */

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vecfile.h"

#define LANES 16				/* partial sums, for the compiler to vectorise */
#define QUERY_BLOCK 16			/* queries that share one pass over the base */

typedef struct Neighbour
{
	float		distance;
	int32_t		row;
} Neighbour;

/* What the threads that look for exact neighbours share. */
typedef struct ExactJob
{
	const VecFile *base;
	const VecFile *queries;
	const VecFile *classes;		/* NULL: every row counts for every query */
	const VecFile *arguments;
	Metric		metric;
	int			k;
	Neighbour  *found;			/* k for each query, ascending */
	long		next;			/* first query that no thread has taken */
} ExactJob;

void
die(const char *format,...)
{
	va_list		args;

	fflush(stdout);
	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

void *
bench_alloc(size_t size)
{
	return bench_realloc(NULL, size);
}

void *
bench_realloc(void *old, size_t size)
{
	void	   *memory = realloc(old, size > 0 ? size : 1);

	if (memory == NULL)
		die("out of memory (%zu bytes)", size);
	return memory;
}

VecFile
vecfile_open(const char *path, long limit)
{
	VecFile		file;
	struct stat info;
	size_t		vector_size;
	void	   *memory;
	int			fd = open(path, O_RDONLY);

	if (fd < 0 || fstat(fd, &info) != 0)
		die("could not open \"%s\": %m", path);
	if (info.st_size < (off_t) (2 * sizeof(int32_t)))
		die("\"%s\" holds no vector", path);
	memory = mmap(NULL, info.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		die("could not map \"%s\": %m", path);
	close(fd);

	file.words = memory;
	file.dims = file.words[0];
	vector_size = ((size_t) file.dims + 1) * sizeof(int32_t);
	if (file.dims < 1 || info.st_size % vector_size != 0)
		die("\"%s\" is no file of equally long vectors", path);
	file.count = info.st_size / vector_size;
	if (limit > 0 && limit < file.count)
		file.count = limit;
	return file;
}

Metric
metric_parse(const char *name)
{
	static const char *const names[] = {"cosine", "l2", "ip", "l1"};

	for (int i = 0; i < 4; i++)
		if (strcmp(name, names[i]) == 0)
			return (Metric) i;
	die("unknown metric \"%s\": cosine, l2, ip or l1", name);
}

static float
sum_lanes(const float *lane)
{
	float		sum = 0;

	for (int j = 0; j < LANES; j++)
		sum += lane[j];
	return sum;
}

/* Each of the three sums over all dimensions; `lane` keeps the order fixed. */
#define SUM_OVER_DIMS(term) \
	do { \
		float		lane[LANES] = {0}; \
		int			i = 0; \
		for (; i + LANES <= dims; i += LANES) \
			for (int j = 0; j < LANES; j++) \
			{ \
				float		x = a[i + j], \
							y = b[i + j]; \
				lane[j] += (term); \
			} \
		for (; i < dims; i++) \
		{ \
			float		x = a[i], \
						y = b[i]; \
			lane[0] += (term); \
		} \
		return sum_lanes(lane); \
	} while (0)

static float
inner_product(const float *a, const float *b, int dims)
{
	SUM_OVER_DIMS(x * y);
}

static float
squared_l2(const float *a, const float *b, int dims)
{
	SUM_OVER_DIMS((x - y) * (x - y));
}

static float
absolute_l1(const float *a, const float *b, int dims)
{
	SUM_OVER_DIMS(fabsf(x - y));
}

float
metric_distance(Metric metric, const float *a, const float *b, int dims)
{
	float		squares;

	switch (metric)
	{
		case METRIC_L2:
			return squared_l2(a, b, dims);
		case METRIC_L1:
			return absolute_l1(a, b, dims);
		case METRIC_IP:
			return -inner_product(a, b, dims);
		case METRIC_COSINE:
			squares = inner_product(a, a, dims) * inner_product(b, b, dims);
			return squares > 0 ? 1 - inner_product(a, b, dims) / sqrtf(squares) : 1;
	}
	return 0;
}

int
count_right(Metric metric, const VecFile *base, const float *query, const int32_t *answer, int k,
			float bound)
{
	int			right = 0;

	bound += 1e-6f * fmaxf(1, fabsf(bound));
	for (int i = 0; i < k; i++)
	{
		bool		again = false;

		if (answer[i] < 0)
			continue;
		if (answer[i] >= base->count)
			die("row %d is in an answer, but not in the base", answer[i]);
		for (int j = 0; j < i; j++)
			again |= answer[j] == answer[i];
		right += !again && metric_distance(metric, query, vecfile_floats(base, answer[i]),
										   base->dims) <= bound;
	}
	return right;
}

/* Puts a row into the ascending list of the k nearest; rows come in ascending order. */
static void
keep_nearest(Neighbour *list, int k, float distance, int32_t row)
{
	int			i = k - 1;

	if (distance >= list[i].distance)
		return;
	for (; i > 0 && distance < list[i - 1].distance; i--)
		list[i] = list[i - 1];
	list[i].distance = distance;
	list[i].row = row;
}

static void *
exact_worker(void *argument)
{
	ExactJob   *job = argument;
	int			dims = job->base->dims;

	for (;;)
	{
		long		first = __atomic_fetch_add(&job->next, QUERY_BLOCK, __ATOMIC_RELAXED);
		long		last = first + QUERY_BLOCK;

		if (last > job->queries->count)
			last = job->queries->count;
		if (first >= last)
			return NULL;

		for (long row = 0; row < job->base->count; row++)
		{
			const float *vector = vecfile_floats(job->base, row);

			for (long q = first; q < last; q++)
			{
				if (job->classes != NULL &&
					vecfile_ints(job->classes, row)[0] != vecfile_ints(job->arguments, q)[0])
					continue;
				keep_nearest(job->found + q * job->k, job->k,
							 metric_distance(job->metric, vecfile_floats(job->queries, q),
											 vector, dims),
							 (int32_t) row);
			}
		}
	}
}

void
write_exact_neighbours(const VecFile *base, const VecFile *queries, Metric metric,
					   int k, int threads, const char *path, const VecFile *classes,
					   const VecFile *arguments)
{
	ExactJob	job = {.base = base,.queries = queries,.metric = metric,.k = k,
	.classes = classes,.arguments = arguments};
	pthread_t  *thread = bench_alloc(threads * sizeof(pthread_t));
	FILE	   *out = fopen(path, "wb");

	if (out == NULL)
		die("could not create \"%s\": %m", path);
	if (base->dims != queries->dims)
		die("base has %d dimensions, queries %d", base->dims, queries->dims);
	if (base->count < k)
		die("%d neighbours of %ld vectors cannot be found", k, base->count);

	job.found = bench_alloc(queries->count * k * sizeof(Neighbour));
	for (long i = 0; i < queries->count * k; i++)
	{
		job.found[i].distance = INFINITY;
		job.found[i].row = -1;
	}
	for (int i = 0; i < threads; i++)
		if (pthread_create(&thread[i], NULL, exact_worker, &job) != 0)
			die("could not start a thread");
	for (int i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);

	for (long q = 0; q < queries->count; q++)
	{
		int32_t		length = k;

		fwrite(&length, sizeof(length), 1, out);
		for (int i = 0; i < k; i++)
			fwrite(&job.found[q * k + i].row, sizeof(int32_t), 1, out);
	}
	if (fclose(out) != 0)
		die("could not write \"%s\": %m", path);
	free(job.found);
	free(thread);
}

/* A number that follows from another one, spread over all 64-bit numbers (splitmix64). */
static uint64_t
scramble(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

void
write_mixtures(const VecFile *base, long rows, const char *path)
{
	int32_t		dims = base->dims;
	float	   *mixed = bench_alloc(dims * sizeof(float));
	FILE	   *out = fopen(path, "wb");

	if (out == NULL)
		die("could not create \"%s\": %m", path);
	for (long row = 0; row < rows; row++)
	{
		const float *a = vecfile_floats(base, row % base->count);
		const float *b = vecfile_floats(base, scramble(row) % base->count);
		float		share = 0;

		if (row >= base->count)
			share = 0.2f + 0.3f * (scramble(~(uint64_t) row) >> 40) / (1 << 24);
		for (int i = 0; i < dims; i++)
			mixed[i] = (1 - share) * a[i] + share * b[i];
		fwrite(&dims, sizeof(dims), 1, out);
		fwrite(mixed, sizeof(float), dims, out);
	}
	if (fclose(out) != 0)
		die("could not write \"%s\": %m", path);
	free(mixed);
}
