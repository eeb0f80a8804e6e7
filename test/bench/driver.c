/*-------------------------------------------------------------------------
 *
 * driver.c
 *	  Client of the benchmark: measures a server, and not itself.
 *
 * One command a call, one line of key=value pairs as the result; test/bench/run
 * decides what is measured and in which order.  Every client is a thread with a
 * connection of its own.  Statements are prepared once, parameters and results
 * are binary, and whatever can be computed beforehand (encoded parameters) or
 * afterwards (recall, percentiles) is kept out of the measured time.
 *
 *-------------------------------------------------------------------------
 */
#define _GNU_SOURCE				/* nftw */

#include <arpa/inet.h>
#include <endian.h>
#include <fcntl.h>
#include <ftw.h>
#include <getopt.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "vecfile.h"

#define MAX_SETTINGS 16
#define COPY_BUFFER (1 << 20)

typedef struct Options
{
	const char *conninfo;
	const char *base;
	const char *queries;
	const char *truth;			/* exact neighbours, .ivecs */
	const char *arguments;		/* .ivecs with a number for each query: $2, if
								 * the statement has it */
	const char *classes;		/* .ivecs with a number for each row: a row
								 * whose class is the query's argument
								 * satisfies its filter */
	const char *out;			/* where `exact` and `mix` write */
	const char *sql;
	const char *settings[MAX_SETTINGS]; /* statements run on every new
										 * connection */
	int			nsettings;
	Metric		metric;
	int			clients;
	int			k;
	int			depth;			/* neighbours that `exact` looks for */
	bool		vectorless;		/* the argument is the statement's only
								 * parameter */
	bool		server_clock;	/* the last column is a float8: the server's
								 * time so far, in microseconds */
	double		pause;			/* seconds that a client thinks between two
								 * queries */
	double		seconds;		/* end of a measurement; 0: none */
	long		count;			/* queries to run in all; 0: no bound */
	long		warmup;			/* unmeasured queries of each client */
	long		from;			/* first row to send */
	long		rows;			/* rows to send, or to look at; 0: all */
	int			skip_modulus;	/* rows with row % modulus == remainder are
								 * deleted */
	int			skip_remainder;
} Options;

/* What all clients of a measurement share. */
typedef struct Bench
{
	const Options *options;
	VecFile		vectors;		/* queries, or rows to insert */
	char	   *encoded;		/* the queries as binary parameters, side by
								 * side */
	size_t		encoded_size;	/* of one */
	VecFile		arguments;		/* no words: there are none */
	int32_t    *answers;		/* k rows for each query, -1 where none came */
	bool	   *answered;
	long		next;			/* next query or row that nobody has taken */
	pthread_barrier_t start;	/* all are connected and warm */
} Bench;

typedef struct Client
{
	Bench	   *bench;
	PGconn	   *conn;
	pthread_t	thread;
	float	   *latency;		/* seconds, one for each statement measured */
	float	   *inside;			/* of these, until the last row was made; or
								 * NULL */
	long		count;
	long		room;
	double		began;
	double		ended;
	double		cpu;			/* seconds that the backend computed meanwhile */
	long		expansions;		/* sums of vecprov's messages at debug1 */
	long		distances;
} Client;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/*
 * Processor time of a connection's backend (its first thread), in seconds; 0
 * where the system does not tell.  Unlike a rate, it hardly depends on what
 * else the machine does.
 */
static double
backend_cpu(PGconn *conn)
{
	char		path[64];
	unsigned long long nanoseconds = 0;
	FILE	   *accounts;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", PQbackendPID(conn));
	accounts = fopen(path, "r");
	if (accounts == NULL)
		return 0;
	if (fscanf(accounts, "%llu", &nanoseconds) != 1)
		nanoseconds = 0;
	fclose(accounts);
	return nanoseconds / 1e9;
}

static PGresult *
expect(PGconn *conn, PGresult *result, ExecStatusType status)
{
	if (PQresultStatus(result) != status)
		die("%s", PQerrorMessage(conn));
	return result;
}

static PGconn *
connect_server(const Options *options)
{
	PGconn	   *conn = PQconnectdb(options->conninfo);

	if (PQstatus(conn) != CONNECTION_OK)
		die("%s", PQerrorMessage(conn));
	for (int i = 0; i < options->nsettings; i++)
	{
		PGresult   *result = PQexec(conn, options->settings[i]);

		if (PQresultStatus(result) != PGRES_TUPLES_OK)
			expect(conn, result, PGRES_COMMAND_OK);
		PQclear(result);
	}
	return conn;
}

static inline size_t
encoded_vector_size(int dims)
{
	return 2 * sizeof(int16_t) + dims * sizeof(float);
}

/* The binary format of type vector: int16 dims, int16 0, float4 of each dimension. */
static void
encode_vector(char *to, const float *vector, int dims)
{
	uint16_t	header[2] = {htons((uint16_t) dims), 0};

	memcpy(to, header, sizeof(header));
	to += sizeof(header);
	for (int i = 0; i < dims; i++)
	{
		uint32_t	bits;

		memcpy(&bits, &vector[i], sizeof(bits));
		bits = htonl(bits);
		memcpy(to + i * sizeof(bits), &bits, sizeof(bits));
	}
}

static void
add_latency(Client *client, double seconds, double inside)
{
	if (client->count == client->room)
	{
		client->room = client->room > 0 ? 2 * client->room : 4096;
		client->latency = bench_realloc(client->latency, client->room * sizeof(float));
		client->inside = bench_realloc(client->inside, client->room * sizeof(float));
	}
	client->inside[client->count] = (float) inside;
	client->latency[client->count++] = (float) seconds;
}

/* The last column of the last row, in seconds; 0: there is no row. */
static double
time_inside(const PGresult *result)
{
	uint64_t	bits;
	double		microseconds;

	if (PQntuples(result) == 0)
		return 0;
	memcpy(&bits, PQgetvalue(result, PQntuples(result) - 1, PQnfields(result) - 1), sizeof(bits));
	bits = be64toh(bits);
	memcpy(&microseconds, &bits, sizeof(bits));
	return microseconds / 1e6;
}

/*
 * Runs query number `ask`; keeps the answer when it is the query's first.
 * Returns what --server-clock tells, else 0.
 */
static double
run_query(Client *client, long ask, bool keep)
{
	Bench	   *bench = client->bench;
	const Options *options = bench->options;
	long		q = ask % bench->vectors.count;
	uint32_t	argument = 0;
	const char *values[] = {bench->encoded + q * bench->encoded_size, (const char *) &argument};
	int			lengths[] = {(int) bench->encoded_size, sizeof(argument)};
	int			formats[] = {1, 1};
	int			first = options->vectorless ? 1 : 0;
	int			count = 1;
	double		inside = 0;
	PGresult   *result;

	if (bench->arguments.words != NULL && (options->vectorless || strstr(options->sql, "$2") != NULL))
	{
		argument = htonl((uint32_t) vecfile_ints(&bench->arguments, q)[0]);
		count = 2 - first;
	}
	result = PQexecPrepared(client->conn, "bench", count, values + first, lengths + first,
							formats + first, 1);
	expect(client->conn, result, PGRES_TUPLES_OK);
	if (keep && ask < bench->vectors.count && bench->answers != NULL)
	{
		int			rows = PQntuples(result);

		for (int i = 0; i < options->k; i++)
		{
			uint32_t	id = (uint32_t) -1;

			if (i < rows)
			{
				memcpy(&id, PQgetvalue(result, i, 0), sizeof(id));
				id = ntohl(id);
			}
			bench->answers[q * options->k + i] = (int32_t) id;
		}
		bench->answered[q] = true;
	}
	if (options->server_clock)
		inside = time_inside(result);
	PQclear(result);
	return inside;
}

static void
think(double seconds)
{
	struct timespec t = {.tv_sec = (time_t) seconds,.tv_nsec = (long) (fmod(seconds, 1) * 1e9)};

	if (seconds > 0)
		nanosleep(&t, NULL);
}

/*
 * Adds up what vecprov tells of each search at debug1. Other debug messages
 * are dropped, all else goes where libpq sends it.
 */
static void
take_notice(void *argument, const char *message)
{
	Client	   *client = argument;
	const char *counts = strstr(message, "vecprov scan: ");
	long		expansions,
				distances;

	if (counts != NULL && sscanf(counts, "vecprov scan: ef %*d, %*d rounds, %ld expansions, %ld distances",
								 &expansions, &distances) == 2)
	{
		client->expansions += expansions;
		client->distances += distances;
	}
	else if (strncmp(message, "DEBUG:", 6) != 0)
		fputs(message, stderr);
}

static void
connect_client(Client *client)
{
	const Options *options = client->bench->options;

	client->conn = connect_server(options);
	PQsetNoticeProcessor(client->conn, take_notice, client);
	PQclear(expect(client->conn, PQprepare(client->conn, "bench", options->sql, 0, NULL),
				   PGRES_COMMAND_OK));
}

static void *
query_client(void *argument)
{
	Client	   *client = argument;
	Bench	   *bench = client->bench;
	const Options *options = bench->options;
	double		before,
				after,
				inside,
				deadline;

	connect_client(client);
	for (long i = 0; i < options->warmup; i++)
		(void) run_query(client, i, false);

	pthread_barrier_wait(&bench->start);
	client->cpu = -backend_cpu(client->conn);
	client->began = after = now();
	deadline = options->seconds > 0 ? client->began + options->seconds : INFINITY;
	do
	{
		long		ask = __atomic_fetch_add(&bench->next, 1, __ATOMIC_RELAXED);

		if (options->count > 0 && ask >= options->count)
			break;
		think(options->pause);
		before = options->pause > 0 ? now() : after;
		inside = run_query(client, ask, true);
		after = now();
		add_latency(client, after - before, inside);
	} while (after < deadline);
	client->ended = after;
	client->cpu += backend_cpu(client->conn);
	PQfinish(client->conn);
	return NULL;
}

static void *
insert_client(void *argument)
{
	Client	   *client = argument;
	Bench	   *bench = client->bench;
	const Options *options = bench->options;
	long		end = options->from + options->rows;
	int			dims = bench->vectors.dims;
	size_t		size = encoded_vector_size(dims);
	char	   *vector = bench_alloc(size);
	uint32_t	id;
	const char *values[] = {(const char *) &id, vector};
	int			lengths[] = {sizeof(id), (int) size};
	int			formats[] = {1, 1};
	double		before,
				after,
				deadline;

	connect_client(client);
	pthread_barrier_wait(&bench->start);
	client->cpu = -backend_cpu(client->conn);
	client->began = after = now();
	deadline = options->seconds > 0 ? client->began + options->seconds : INFINITY;
	while (after < deadline)
	{
		long		row = __atomic_fetch_add(&bench->next, 1, __ATOMIC_RELAXED);

		if (row >= end)
		{
			__atomic_fetch_sub(&bench->next, 1, __ATOMIC_RELAXED);
			break;
		}
		id = htonl((uint32_t) row);
		encode_vector(vector, vecfile_floats(&bench->vectors, row), dims);
		before = after;
		PQclear(expect(client->conn, PQexecPrepared(client->conn, "bench", 2, values, lengths,
													formats, 1), PGRES_COMMAND_OK));
		after = now();
		add_latency(client, after - before, 0);
	}
	client->ended = after;
	client->cpu += backend_cpu(client->conn);
	PQfinish(client->conn);
	free(vector);
	return NULL;
}

static int
compare_floats(const void *a, const void *b)
{
	float		x = *(const float *) a,
				y = *(const float *) b;

	return (x > y) - (x < y);
}

/* The value that a share of the sorted ones does not exceed. */
static double
percentile(const float *sorted, long count, double share)
{
	long		rank = (long) ceil(share * count) - 1;

	return sorted[rank < 0 ? 0 : rank];
}

/* Runs the clients to their end and prints rate and latencies, without the line's end. */
static void
run_clients(Bench *bench, void *(*body) (void *))
{
	int			clients = bench->options->clients;
	Client	   *client = bench_alloc(clients * sizeof(Client));
	float	   *latency = NULL;
	float	   *inside = NULL;
	long		count = 0,
				expansions = 0,
				distances = 0;
	double		began = INFINITY,
				ended = 0,
				cpu = 0;

	memset(client, 0, clients * sizeof(Client));
	if (pthread_barrier_init(&bench->start, NULL, clients) != 0)
		die("could not create a barrier");
	for (int i = 0; i < clients; i++)
	{
		client[i].bench = bench;
		if (pthread_create(&client[i].thread, NULL, body, &client[i]) != 0)
			die("could not start a thread");
	}
	for (int i = 0; i < clients; i++)
	{
		pthread_join(client[i].thread, NULL);
		latency = bench_realloc(latency, (count + client[i].count) * sizeof(float));
		inside = bench_realloc(inside, (count + client[i].count) * sizeof(float));
		if (client[i].count > 0)
		{
			memcpy(latency + count, client[i].latency, client[i].count * sizeof(float));
			memcpy(inside + count, client[i].inside, client[i].count * sizeof(float));
		}
		count += client[i].count;
		began = fmin(began, client[i].began);
		ended = fmax(ended, client[i].ended);
		cpu += client[i].cpu;
		expansions += client[i].expansions;
		distances += client[i].distances;
		free(client[i].latency);
		free(client[i].inside);
	}
	if (count == 0)
		die("nothing was measured");

	qsort(latency, count, sizeof(float), compare_floats);
	qsort(inside, count, sizeof(float), compare_floats);
	printf("count=%ld seconds=%.6f rate=%.3f p50_us=%.1f p95_us=%.1f p99_us=%.1f max_us=%.1f "
		   "cpu_us=%.1f",
		   count, ended - began, count / (ended - began),
		   percentile(latency, count, 0.50) * 1e6, percentile(latency, count, 0.95) * 1e6,
		   percentile(latency, count, 0.99) * 1e6, latency[count - 1] * 1e6,
		   cpu / count * 1e6);
	if (distances > 0)
		printf(" expansions=%.1f distances=%.1f", (double) expansions / count, (double) distances / count);
	if (bench->options->server_clock)
		printf(" server_p50_us=%.1f server_p99_us=%.1f",
			   percentile(inside, count, 0.50) * 1e6, percentile(inside, count, 0.99) * 1e6);
	pthread_barrier_destroy(&bench->start);
	free(latency);
	free(inside);
	free(client);
}

/*
 * Distance of the k-th exact neighbour of a query among the rows that are in the table; infinite
 * where fewer satisfy its filter.  *wanted: how many of them there are, k at most.
 */
static float
recall_bound(const Options *options, const VecFile *base, const VecFile *truth, long q,
			 const float *query, int *wanted)
{
	const int32_t *exact = vecfile_ints(truth, q);
	int			present = 0;

	*wanted = options->k;
	for (int i = 0; i < truth->dims; i++)
	{
		if (exact[i] < 0 || exact[i] >= base->count)
			continue;
		if (options->skip_modulus > 0 &&
			exact[i] % options->skip_modulus == options->skip_remainder)
			continue;
		if (++present == options->k)
			return metric_distance(options->metric, query, vecfile_floats(base, exact[i]),
								   base->dims);
	}
	*wanted = present;
	if (options->classes != NULL)
		return INFINITY;
	die("fewer than %d of the exact neighbours of query %ld are in the table", options->k, q);
}

/* Dies where a filtered query returned a row that its filter excludes. */
static void
check_classes(const Bench *bench, const VecFile *classes, long q)
{
	int			k = bench->options->k;

	for (int i = 0; i < k; i++)
	{
		int32_t		row = bench->answers[q * k + i];

		if (row >= 0 && row < classes->count &&
			vecfile_ints(classes, row)[0] != vecfile_ints(&bench->arguments, q)[0])
			die("query %ld returned row %d, which does not satisfy its filter", q, row);
	}
}

/* The share of the answers that belong to the k nearest, over the queries that were run. */
static double
measure_recall(const Bench *bench)
{
	const Options *options = bench->options;
	VecFile		base = vecfile_open(options->base, options->rows);
	VecFile		truth = vecfile_open(options->truth, 0);
	VecFile		classes = {0};
	int			wanted;
	long		hits = 0,
				asked = 0;

	if (options->classes != NULL)
		classes = vecfile_open(options->classes, options->rows);

	if (truth.count < bench->vectors.count)
		die("exact neighbours are known for %ld of %ld queries", truth.count,
			bench->vectors.count);
	for (long q = 0; q < bench->vectors.count; q++)
	{
		const float *query = vecfile_floats(&bench->vectors, q);

		if (!bench->answered[q])
			continue;
		check_classes(bench, &classes, q);
		hits += count_right(options->metric, &base, query, bench->answers + q * options->k,
							options->k,
							recall_bound(options, &base, &truth, q, query, &wanted));
		asked += wanted;
	}
	return asked > 0 ? (double) hits / asked : 1;
}

/* Reads the queries, and makes of each what is sent. */
static void
encode_queries(Bench *bench)
{
	long		count;

	bench->vectors = vecfile_open(bench->options->queries, 0);
	count = bench->vectors.count;
	bench->encoded_size = encoded_vector_size(bench->vectors.dims);
	bench->encoded = bench_alloc(count * bench->encoded_size);
	for (long q = 0; q < count; q++)
		encode_vector(bench->encoded + q * bench->encoded_size,
					  vecfile_floats(&bench->vectors, q), bench->vectors.dims);
	if (bench->options->arguments != NULL)
		bench->arguments = vecfile_open(bench->options->arguments, count);
	if (bench->options->arguments != NULL && bench->arguments.count < count)
		die("there are %ld arguments for %ld queries", bench->arguments.count, count);
}

/* Queries: rate, latencies and, with --truth, recall. */
static void
command_query(const Options *options)
{
	Bench		bench = {.options = options};
	long		count;

	encode_queries(&bench);
	count = bench.vectors.count;
	if (options->truth != NULL)
	{
		bench.answers = bench_alloc(count * options->k * sizeof(int32_t));
		bench.answered = bench_alloc(count * sizeof(bool));
		memset(bench.answered, 0, count * sizeof(bool));
	}
	run_clients(&bench, query_client);
	if (options->truth != NULL)
		printf(" recall=%.5f", measure_recall(&bench));
	putchar('\n');
}

/* What the server itself takes to run the statement with a query, in seconds. */
static double
explained_time(PGconn *conn, const Bench *bench, long query)
{
	const char *values[] = {bench->encoded + query * bench->encoded_size};
	int			lengths[] = {(int) bench->encoded_size};
	int			formats[] = {1};
	PGresult   *result = expect(conn, PQexecPrepared(conn, "bench", 1, values, lengths, formats, 0),
								PGRES_TUPLES_OK);
	double		milliseconds = NAN;

	for (int i = 0; i < PQntuples(result); i++)
		sscanf(PQgetvalue(result, i, 0), "Execution Time: %lf", &milliseconds);
	PQclear(result);
	return milliseconds / 1000;
}

/*
 * Runs the statement with `count` queries, from number `from` on, in a new connection, as
 * EXPLAIN ANALYZE: the first time, and the median of the second half.
 */
static void
command_explain(const Options *options)
{
	Bench		bench = {.options = options};
	char	   *sql = bench_alloc(strlen(options->sql) + 64);
	float	   *times = bench_alloc(options->count * sizeof(float));
	float		first;
	Client		client = {.bench = &bench};
	Options		explain = *options;

	sprintf(sql, "EXPLAIN (ANALYZE, TIMING OFF, COSTS OFF) %s", options->sql);
	explain.sql = sql;
	bench.options = &explain;
	encode_queries(&bench);
	connect_client(&client);
	for (long i = 0; i < options->count; i++)
		times[i] = explained_time(client.conn, &bench, (options->from + i) % bench.vectors.count);
	first = times[0];
	qsort(times + options->count / 2, options->count - options->count / 2, sizeof(float), compare_floats);
	printf("first_us=%.1f p50_us=%.1f\n", first * 1e6,
		   percentile(times + options->count / 2, options->count - options->count / 2, 0.5) * 1e6);
	PQfinish(client.conn);
	free(times);
	free(sql);
}

/* Inserts one row a transaction, from row `from` on; next= is the first row not sent. */
static void
command_insert(const Options *options)
{
	Bench		bench = {.options = options};

	bench.vectors = vecfile_open(options->base, 0);
	if (options->from + options->rows > bench.vectors.count)
		die("there are %ld rows", bench.vectors.count);
	bench.next = options->from;
	run_clients(&bench, insert_client);
	printf(" next=%ld\n", bench.next);
}

static void
put_copy_data(PGconn *conn, const char *data, size_t size)
{
	if (PQputCopyData(conn, data, (int) size) != 1)
		die("%s", PQerrorMessage(conn));
}

/* Sends rows by binary COPY in one transaction: two fields, id and vector. */
static void
command_copy(const Options *options)
{
	static const char header[19] = "PGCOPY\n\377\r\n\0";
	VecFile		base = vecfile_open(options->base, 0);
	PGconn	   *conn = connect_server(options);
	size_t		vector_size = encoded_vector_size(base.dims);
	size_t		row_size = 2 + 4 + 4 + 4 + vector_size;
	char	   *buffer = bench_alloc(COPY_BUFFER + row_size);
	size_t		used = 0;
	uint16_t	end = htons((uint16_t) -1);
	long		rows = options->rows > 0 ? options->rows : base.count - options->from;
	double		began = now();

	if (options->from + rows > base.count)
		die("there are %ld rows", base.count);
	PQclear(expect(conn, PQexec(conn, options->sql), PGRES_COPY_IN));
	put_copy_data(conn, header, sizeof(header));
	for (long row = options->from; row < options->from + rows; row++)
	{
		uint16_t	fields = htons(2);
		uint32_t	numbers[3] = {htonl(4), htonl((uint32_t) row), htonl((uint32_t) vector_size)};

		memcpy(buffer + used, &fields, 2);
		memcpy(buffer + used + 2, numbers, sizeof(numbers));
		encode_vector(buffer + used + 14, vecfile_floats(&base, row), base.dims);
		used += row_size;
		if (used >= COPY_BUFFER)
		{
			put_copy_data(conn, buffer, used);
			used = 0;
		}
	}
	put_copy_data(conn, buffer, used);
	put_copy_data(conn, (const char *) &end, sizeof(end));
	if (PQputCopyEnd(conn, NULL) != 1)
		die("%s", PQerrorMessage(conn));
	PQclear(expect(conn, PQgetResult(conn), PGRES_COMMAND_OK));
	printf("count=%ld seconds=%.6f rate=%.3f next=%ld\n", rows, now() - began,
		   rows / (now() - began), options->from + rows);
	PQfinish(conn);
	free(buffer);
}

/*
 * Runs one statement; prints its time, the backend's processor time (its
 * first thread's, no worker's), its SQLSTATE (00000 when it worked) and,
 * to the line's end, the first column of its rows with blanks between them.
 */
static void
command_exec(const Options *options)
{
	PGconn	   *conn = connect_server(options);
	double		began = now();
	PGresult   *result = PQexec(conn, options->sql);
	double		seconds = now() - began;
	double		cpu = backend_cpu(conn);
	ExecStatusType status = PQresultStatus(result);
	bool		good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;

	if (!good && PQresultErrorField(result, PG_DIAG_SQLSTATE) == NULL)
		die("%s", PQerrorMessage(conn));
	if (!good)
		fputs(PQerrorMessage(conn), stderr);
	printf("seconds=%.6f cpu=%.4f sqlstate=%s value=", seconds, cpu,
		   good ? "00000" : PQresultErrorField(result, PG_DIAG_SQLSTATE));
	for (int i = 0; i < PQntuples(result); i++)
		printf("%s%s", i > 0 ? " " : "", PQgetvalue(result, i, 0));
	putchar('\n');
	PQclear(result);
	PQfinish(conn);
}

static void
command_exact(const Options *options)
{
	VecFile		base = vecfile_open(options->base, options->rows);
	VecFile		queries = vecfile_open(options->queries, 0);
	int			k = base.count < options->depth ? (int) base.count : options->depth;
	VecFile		classes;
	VecFile		arguments;

	if (options->classes != NULL)
	{
		classes = vecfile_open(options->classes, options->rows);
		arguments = vecfile_open(options->arguments, 0);
		if (classes.count < base.count || arguments.count < queries.count)
			die("some rows have no class, or some queries no argument");
	}
	write_exact_neighbours(&base, &queries, options->metric, k, options->clients, options->out,
						   options->classes != NULL ? &classes : NULL, &arguments);
	printf("count=%ld k=%d\n", queries.count, k);
}

/* Writes as many vectors as are asked for: the base's, then mixtures of two of them each. */
static void
command_mix(const Options *options)
{
	VecFile		base = vecfile_open(options->base, 0);

	write_mixtures(&base, options->rows, options->out);
	printf("count=%ld\n", options->rows);
}

static int
evict_file(const char *path, const struct stat *info, int type, struct FTW *position)
{
	int			fd;

	if (type != FTW_F)
		return 0;
	fd = open(path, O_RDONLY);
	if (fd < 0)
		die("could not open \"%s\": %m", path);
	if (fdatasync(fd) != 0 || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0)
		die("could not evict \"%s\" from the page cache", path);
	close(fd);
	return 0;
}

/* Asks the kernel to forget the pages of every file below a directory. */
static void
command_evict(const Options *options)
{
	if (nftw(options->base, evict_file, 32, FTW_PHYS) != 0)
		die("could not walk \"%s\": %m", options->base);
	puts("evicted=1");
}

static Options
parse_options(int argc, char **argv)
{
	static const struct option names[] = {
		{"conn", required_argument, NULL, 'c'},
		{"base", required_argument, NULL, 'b'},
		{"queries", required_argument, NULL, 'q'},
		{"truth", required_argument, NULL, 't'},
		{"arguments", required_argument, NULL, 'a'},
		{"classes", required_argument, NULL, 'l'},
		{"depth", required_argument, NULL, 'd'},
		{"vectorless", no_argument, NULL, 'v'},
		{"server-clock", no_argument, NULL, 'i'},
		{"pause", required_argument, NULL, 'p'},
		{"out", required_argument, NULL, 'o'},
		{"sql", required_argument, NULL, 's'},
		{"set", required_argument, NULL, 'e'},
		{"metric", required_argument, NULL, 'm'},
		{"clients", required_argument, NULL, 'j'},
		{"k", required_argument, NULL, 'k'},
		{"seconds", required_argument, NULL, 'T'},
		{"count", required_argument, NULL, 'n'},
		{"warmup", required_argument, NULL, 'w'},
		{"from", required_argument, NULL, 'f'},
		{"rows", required_argument, NULL, 'r'},
		{"skip", required_argument, NULL, 'x'},
		{0}
	};
	Options		options = {.conninfo = "",.clients = 1,.k = 10,.depth = 100};
	int			letter;

	while ((letter = getopt_long(argc, argv, "", names, NULL)) != -1)
	{
		switch (letter)
		{
			case 'c':
				options.conninfo = optarg;
				break;
			case 'b':
				options.base = optarg;
				break;
			case 'q':
				options.queries = optarg;
				break;
			case 't':
				options.truth = optarg;
				break;
			case 'a':
				options.arguments = optarg;
				break;
			case 'l':
				options.classes = optarg;
				break;
			case 'd':
				options.depth = atoi(optarg);
				break;
			case 'v':
				options.vectorless = true;
				break;
			case 'i':
				options.server_clock = true;
				break;
			case 'p':
				options.pause = atof(optarg);
				break;
			case 'o':
				options.out = optarg;
				break;
			case 's':
				options.sql = optarg;
				break;
			case 'm':
				options.metric = metric_parse(optarg);
				break;
			case 'j':
				options.clients = atoi(optarg);
				break;
			case 'k':
				options.k = atoi(optarg);
				break;
			case 'T':
				options.seconds = atof(optarg);
				break;
			case 'n':
				options.count = atol(optarg);
				break;
			case 'w':
				options.warmup = atol(optarg);
				break;
			case 'f':
				options.from = atol(optarg);
				break;
			case 'r':
				options.rows = atol(optarg);
				break;
			case 'e':
				if (options.nsettings == MAX_SETTINGS)
					die("more than %d settings", MAX_SETTINGS);
				options.settings[options.nsettings++] = optarg;
				break;
			case 'x':
				if (sscanf(optarg, "%d:%d", &options.skip_modulus,
						   &options.skip_remainder) != 2)
					die("--skip takes MODULUS:REMAINDER");
				break;
			default:
				exit(2);
		}
	}
	return options;
}

int
main(int argc, char **argv)
{
	static const struct
	{
		const char *name;
		void		(*run) (const Options *);
	}			commands[] = {
		{"query", command_query},
		{"explain", command_explain},
		{"insert", command_insert},
		{"copy", command_copy},
		{"exec", command_exec},
		{"exact", command_exact},
		{"mix", command_mix},
		{"evict", command_evict},
	};
	const char *name = argc > 1 ? argv[1] : "";

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
	{
		if (strcmp(name, commands[i].name) == 0)
		{
			Options		options = parse_options(argc - 1, argv + 1);

			commands[i].run(&options);
			return 0;
		}
	}
	die("no command \"%s\": query, explain, insert, copy, exec, exact, mix or evict", name);
}
