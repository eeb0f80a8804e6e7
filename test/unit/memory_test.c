/*-------------------------------------------------------------------------
 *
 * memory_test.c
 *	  Want of memory in every place where graph/ asks for it: what was used
 *	  before is used again afterwards, gives right answers, and leaks nothing.
 *
 * Searches and writers take memory from a VpAlloc, which leaves by a jump as
 * palloc leaves by an error.  Builds take it from malloc, which returns NULL;
 * test/unit/run links this program with --wrap for that.
 *
 *-------------------------------------------------------------------------
 */
#include <setjmp.h>

#include "graph/visited.h"
#include "graph/writer.h"

#include "sample.h"

/*----------
 * Memory that lacks at the n-th time that it is asked for
 *----------
 */

static int	fail_at;			/* 0: it does not */
static int	asked;
static void *pieces[100];		/* that were not given back */
static int	held;
static jmp_buf out_of_memory;

extern void *__real_malloc(size_t size);
extern void *__real_calloc(size_t n, size_t size);
extern void *__wrap_malloc(size_t size);
extern void *__wrap_calloc(size_t n, size_t size);

static bool
lacks(void)
{
	return __atomic_add_fetch(&asked, 1, __ATOMIC_RELAXED) == fail_at;
}

void *
__wrap_malloc(size_t size)
{
	return lacks() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return lacks() ? NULL : __real_calloc(n, size);
}

static void *
jumping_alloc(size_t size)
{
	void	   *p;

	if (lacks() || held == 100)
		longjmp(out_of_memory, 1);
	p = __real_malloc(size);
	/* so that nobody gets away with reading what it has not written */
	memset(p, 0xA5, size);
	pieces[held++] = p;
	return p;
}

static void
jumping_free(void *p)
{
	int			i = 0;

	while (i < held && pieces[i] != p)
		i++;
	VP_CHECK(i < held, "what is given back is held");
	pieces[i] = pieces[--held];
	free(p);
}

/* What a memory context does for what an error left half made. */
static void
free_all(void)
{
	while (held > 0)
		free(pieces[--held]);
}

static const VpAlloc jumping_memory = {jumping_alloc, jumping_free};

/* From now on, the n-th time. */
static void
lack(int n)
{
	fail_at = n;
	asked = 0;
}

/*----------
 * Searches
 *----------
 */

#define NODES 1500
#define SHARDS 3
#define EF 40

static Sample sample;
static SampleQuery query;
static VpMemGraph *one_graph;
static VpMemGraph *several_graphs;

/* So many ids that a search remembers those it met in a hash table. */
static const uint32_t many_ids = VP_VISITED_BYTES + 1;

typedef struct Answers
{
	int			n;
	VpCandidate found[50 * NODES];
} Answers;

static void
take_answers(VpSearch *search, Answers *answers)
{
	VpCandidate result;

	while (vp_search_next(search, &result))
		answers->found[answers->n++] = result;
}

/* Each fifth node matches; all may. */
static VpId next_match;

static void
each_fifth(VpSource *source, const VpId *ids, int n, bool alone, bool *match)
{
	for (int i = 0; i < n; i++)
		match[i] = ids[i] % 5 == 0;
}

static int
next_matches(VpMatches *matches, VpId *ids, int max)
{
	int			n = 0;

	while (n < max && next_match < NODES)
		ids[n++] = next_match++;
	return n;
}

static void
first_match(VpMatches *matches)
{
	next_match = 0;
}

static int
sample_matches(VpMatches *matches, VpId *ids, int n)
{
	for (int i = 0; i < n; i++)
		ids[i] = (VpId) (i * 7 % NODES);
	return n;
}

static VpMatches may_match = {
	.bound = NODES,
	.next = next_matches,
	.again = first_match,
	.sample = sample_matches
};

/* Searches for matches in one graph and in several. */
static void
search_matches(VpSearch *search, const VpEntry *entries, VpMemGraph *graph, int nentries, int ef, Answers *answers)
{
	vp_mem_source(graph)->matches = each_fifth;
	vp_search_start_matching(search, vp_mem_source(graph), &query.query, entries, nentries, ef, ef / 2,
							 NODES, &may_match);
	take_answers(search, answers);
	if (vp_search_more(search, 2 * ef))
		take_answers(search, answers);
}

/* Searches that need more and more memory, of every kind there is. */
static void
search_all(VpSearch *search, Answers *answers)
{
	VpSource   *source = vp_mem_source(one_graph);
	VpEntry		entry = vp_mem_entry(one_graph, 0);
	VpEntry		entries[SHARDS];

	for (int i = 0; i < SHARDS; i++)
		entries[i] = vp_mem_entry(several_graphs, i);
	answers->n = 0;
	for (int ef = 10; ef <= NODES; ef *= 5)
	{
		vp_search_start(search, source, &query.query, entry.id, entry.level, 0, ef, NODES);
		take_answers(search, answers);
		if (vp_search_more(search, 2 * ef))
			take_answers(search, answers);
		vp_search_start(search, source, &query.query, entry.id, entry.level, 0, ef, many_ids);
		take_answers(search, answers);
		vp_search_start_all(search, vp_mem_source(several_graphs), &query.query, entries, SHARDS,
							ef, NODES);
		take_answers(search, answers);
		search_matches(search, &entry, one_graph, 1, ef, answers);
		search_matches(search, entries, several_graphs, SHARDS, ef, answers);
	}
}

static Answers right_answers;
static Answers answers;

/* False: there was all the memory that it asked for. */
static bool
check_search(int n)
{
	VpSearch   *volatile search = NULL;
	volatile bool failed = true;

	lack(n);
	if (setjmp(out_of_memory) == 0)
	{
		search = vp_search_create(&jumping_memory, 8);
		search_all(search, &answers);
		failed = false;
	}
	lack(0);
	if (search == NULL)
		search = vp_search_create(&jumping_memory, 8);
	search_all(search, &answers);
	if (right_answers.n == 0)
		memcpy(&right_answers, &answers, sizeof(answers));
	VP_CHECK(answers.n == right_answers.n &&
			 memcmp(answers.found, right_answers.found,
					sizeof(VpCandidate) * (size_t) answers.n) == 0,
			 "answers after a search lacked the %d-th piece", n);
	vp_search_destroy(search);
	VP_CHECK(held == 0, "%d pieces are left of the search that lacked the %d-th", held, n);
	return failed;
}

/* The table of ids that were met grows while it is filled. */
static void
fill_visited(VpVisited *visited)
{
	int			fresh = 0;

	vp_visited_begin(visited, many_ids);
	for (VpId id = 0; id < 40000; id++)
	{
		VpId		ids[2] = {id, id / 2};

		fresh += vp_visited_filter(visited, ids, 2, ids);
	}
	VP_CHECK(fresh == 40000, "%d of 40000 ids were not met before", fresh);
	for (VpId id = 0; id < 50000; id++)
		VP_CHECK(vp_visited_met(visited, id) == (id < 40000), "%u met", id);
}

static bool
check_visited(int n)
{
	VpVisited	visited;
	volatile bool failed = true;

	vp_visited_init(&visited, &jumping_memory);
	lack(n);
	if (setjmp(out_of_memory) == 0)
	{
		fill_visited(&visited);
		failed = false;
	}
	lack(0);
	fill_visited(&visited);
	vp_visited_free(&visited);
	VP_CHECK(held == 0, "%d pieces are left of the table that lacked the %d-th", held, n);
	return failed;
}

/*----------
 * Writers
 *----------
 */

/* The graph in memory, whose nodes of odd numbers are dead if `dead` is set. */
typedef struct WriterTest
{
	VpSource	source;			/* first */
	VpMemGraph *graph;
	bool		dead;
} WriterTest;

static VpSource *
inner(VpSource *source)
{
	return vp_mem_source(((WriterTest *) source)->graph);
}

static int
test_links(VpSource *source, VpId id, int level, VpId *links)
{
	return inner(source)->links(inner(source), id, level, links);
}

static void
test_distances(VpSource *source, const VpQuery *q, const VpId *ids, int n, float *dist)
{
	inner(source)->distances(inner(source), q, ids, n, dist);
}

static void
test_distances_ahead(VpSource *source, const VpQuery *q, const VpId *ids, int n, float *dist,
					 const VpId *ahead, int nahead)
{
	inner(source)->distances_ahead(inner(source), q, ids, n, dist, ahead, nahead);
}

static bool
test_query_of(VpSource *source, VpId id, VpQuery *q)
{
	return inner(source)->query_of(inner(source), id, q);
}

static bool
is_dead(const WriterTest *test, VpId id)
{
	return test->dead && id % 2 == 1;
}

static bool
test_linkable(VpSource *source, VpId id)
{
	return !is_dead((WriterTest *) source, id);
}

static bool
test_replace(VpSource *source, VpId id, int level, const VpId *from, int nfrom,
			 const VpId *to, int nto)
{
	return inner(source)->replace_links(inner(source), id, level, from, nfrom, to, nto);
}

static bool
test_same(VpSource *source, VpId a, VpId b)
{
	return inner(source)->same_vector(inner(source), a, b);
}

static bool
test_chain(VpSource *source, VpId first, VpId id)
{
	return inner(source)->chain(inner(source), first, id);
}

#define FEW_NODES 400

static Sample few;

/* Links a node as an insert does. */
static void
link_node(WriterTest *test, VpWriter *writer, VpId id)
{
	VpEntry    *entry = &test->graph->entries[0];
	int			level = vp_level(&test->graph->levels, id);

	test_query_of(&test->source, id, &query.query);
	if (entry->id != VP_NO_ID)
		vp_link(writer, &test->source, id, &query.query, entry->id, entry->level, id + 1);
	if (entry->id == VP_NO_ID || level > entry->level)
		*entry = vp_entry(id, level);
}

static bool
everybody(void *arg, VpId id)
{
	return true;
}

/* What VACUUM does with a node. */
static void
heal_node(WriterTest *test, VpWriter *writer, VpId id)
{
	VpEntry		entry = test->graph->entries[0];

	for (int level = vp_level(&test->graph->levels, id); level >= 0; level--)
		(void) vp_repair(writer, &test->source, id, level);
	if (!is_dead(test, id))
		(void) vp_rescue(writer, &test->source, id, entry.id, 0, FEW_NODES, everybody, NULL);
}

/* One node may be that of a failed insert.  What the check takes is always there. */
static void
check_reached(const VpMemGraph *graph)
{
	int			fail_then = fail_at;
	int			asked_then = asked;
	int			reached;

	lack(0);
	reached = sample_reached(&few, graph, graph->entries[0].id);
	VP_CHECK(reached >= FEW_NODES - 1, "%d nodes are reached", reached);
	fail_at = fail_then;
	asked = asked_then;
}

/* Makes a writer; links all nodes, from *at on; then half of them die, and the graph is healed. */
static void
write_all(WriterTest *test, VpWriter *volatile *writer, volatile VpId *at)
{
	if (*writer == NULL)
		*writer = vp_writer_create(&jumping_memory, &few.codec, &few.levels, 8, EF);
	while (*at < FEW_NODES)
	{
		/*
		 * a node that lacks memory is left, as that of a row whose insert has
		 * failed
		 */
		VpId		id = (*at)++;

		link_node(test, *writer, id);
	}
	if (!test->dead)
		check_reached(test->graph);
	test->dead = true;
	for (; *at < 2 * FEW_NODES; (*at)++)
		heal_node(test, *writer, *at - FEW_NODES);
}

static bool
check_writer(int n)
{
	WriterTest	test = {
		.source = {.links = test_links,.distances = test_distances,
			.distances_ahead = test_distances_ahead,.query_of = test_query_of,
			.linkable = test_linkable,.replace_links = test_replace,.same_vector = test_same,
		.chain = test_chain},
		.graph = sample_graph(&few, EF, 1)
	};
	VpWriter   *volatile writer = NULL;
	volatile VpId at = 0;
	volatile bool failed = false;

	vp_mem_settle(test.graph);
	lack(n);
	if (setjmp(out_of_memory) != 0)
	{
		failed = true;
		lack(0);
		if (writer == NULL)
			free_all();
	}
	write_all(&test, &writer, &at);
	lack(0);
	for (VpId id = 0; id < FEW_NODES; id++)
	{
		VpId		links[VP_MAX_LINKS];
		int			nlinks = test_links(&test.source, id, 0, links);

		for (int i = 0; i < nlinks; i++)
			VP_CHECK(!is_dead(&test, links[i]), "%u links to a dead node", id);
	}
	vp_writer_destroy(writer);
	VP_CHECK(held == 0, "%d pieces are left of the writer that lacked the %d-th", held, n);
	vp_mem_destroy(test.graph);
	return failed;
}

/*----------
 * Builds
 *----------
 */

/* With as many threads; what is left of one is told by the leak check of the sanitizers. */
static bool
check_build(int n, int nthreads)
{
	VpMemGraph *graph;
	bool		linked;
	bool		failed;
	VpEntry		entry;

	lack(n);
	graph = vp_mem_create(&few.codec, &few.levels, 8, EF, 1, FEW_NODES);
	lack(0);
	if (graph == NULL)
		return true;
	sample_add(&few, graph, FEW_NODES, 1);

	/* what vp_mem_create asked for was there */
	lack(n > 2 ? n - 2 : 0);
	linked = vp_mem_order(graph, nthreads, NULL, NULL) && vp_mem_link(graph, nthreads, NULL, NULL);
	failed = fail_at > 0 && asked >= fail_at;
	lack(0);
	VP_CHECK(linked == !failed && vp_mem_link_failed(graph) == failed, "linked");
	if (linked)
		VP_CHECK(vp_mem_link(graph, nthreads, NULL, NULL), "linked, when asked again");
	else
		VP_CHECK(!vp_mem_order(graph, nthreads, NULL, NULL) ||
				 !vp_mem_link(graph, nthreads, NULL, NULL), "not linked, when asked again");
	entry = vp_mem_entry(graph, 0);
	if (linked)
		VP_CHECK(sample_reached(&few, graph, entry.id) == FEW_NODES, "all are reached");
	vp_mem_destroy(graph);
	return failed;
}

static bool
check_build_alone(int n)
{
	return check_build(n, 1);
}

static bool
check_build_together(int n)
{
	return check_build(n, 3);
}

/* Has memory lack in every place. */
static void
check_all(const char *what, bool (*check) (int n), int least)
{
	int			n = 0;

	while (n < 1000 && (check(n) || n == 0))
		n++;
	VP_CHECK(n > least && n < 1000, "%s: memory is asked for %d times", what, n - 1);
}

int
main(void)
{
	vp_kernel_choose(NULL);
	sample_make(&sample, NODES, 16, 20, VP_METRIC_L2, 8, 8);
	sample_make(&few, FEW_NODES, 16, 10, VP_METRIC_L2, 8, 8);
	sample_query_make(&query, &sample.codec);
	sample_query_set(&query, &sample, 0);
	one_graph = sample_graph(&sample, EF, 1);
	several_graphs = sample_sharded(&sample, EF, SHARDS, 1);
	VP_CHECK(vp_mem_link(one_graph, 1, NULL, NULL) && vp_mem_link(several_graphs, 1, NULL, NULL),
			 "linked");

	check_all("search", check_search, 10);
	check_all("visited", check_visited, 4);
	check_all("writer", check_writer, 8);
	check_all("build", check_build_alone, 10);
	check_all("build by several threads", check_build_together, 20);

	vp_mem_destroy(one_graph);
	vp_mem_destroy(several_graphs);
	sample_query_free(&query);
	sample_free(&sample);
	sample_free(&few);
	return vp_unit_report();
}
