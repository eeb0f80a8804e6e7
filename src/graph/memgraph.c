/*-------------------------------------------------------------------------
 *
 * memgraph.c
 *	  The graph in memory: its mapping and layout, and access to it as a VpSource.
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "graph/memgraph.h"
#include "kernel/sparse.h"

#define CACHE_LINE 64

/* Of a long code so much is prefetched; the processor goes on by itself. */
#define PREFETCH_BYTES 512

static size_t
align(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

static size_t
list_bytes(int m, int level)
{
	return sizeof(uint32_t) * (1 + (size_t) vp_level_links(m, level));
}

static size_t
factors_offset(int m)
{
	return align(offsetof(VpMemNode, list) + list_bytes(m, 0), sizeof(uint64_t));
}

static size_t
node_size(const VpCodec *codec, int m)
{
	return factors_offset(m) + sizeof(VpFactors) + align((size_t) codec->code_bytes, 8);
}

size_t
vp_mem_node_bytes(const VpCodec *codec, int m)
{
	/*
	 * One id in m has a list at level 1, one in m^2 at level 2.  The lists
	 * above are one or none for a stripe; their memory is never touched but
	 * for those few, so it is not taken.
	 */
	size_t		upper = list_bytes(m, 1) / (size_t) m + list_bytes(m, 1) / (size_t) (m * m) + 2;

	return node_size(codec, m) + upper + sizeof(VpId);
}

static inline uint32_t *
list_of(const VpMemGraph *graph, VpId id, int level)
{
	size_t		slot;

	if (level == 0)
		return vp_mem_node(graph, id)->list;
	slot = (size_t) (id / graph->levels.stripe) * graph->stripe_lists +
		vp_level_slot(&graph->levels, id, level);
	return graph->upper + slot * graph->list_words;
}

static inline int
read_list(const uint32_t *list, VpId *links)
{
	int			n = (int) __atomic_load_n(&list[0], __ATOMIC_ACQUIRE);

	for (int i = 0; i < n; i++)
		links[i] = __atomic_load_n(&list[1 + i], __ATOMIC_RELAXED);
	return n;
}

static void
lock_node(VpMemNode *node)
{
	while (__atomic_exchange_n(&node->lock, 1, __ATOMIC_ACQUIRE) != 0)
	{
		while (__atomic_load_n(&node->lock, __ATOMIC_RELAXED) != 0)
			;
	}
}

static void
unlock_node(VpMemNode *node)
{
	__atomic_store_n(&node->lock, 0, __ATOMIC_RELEASE);
}

static inline VpMemGraph *
graph_of(VpSource *source)
{
	return ((VpMemSource *) source)->graph;
}

static int
source_links(VpSource *source, VpId id, int level, VpId *links)
{
	return read_list(list_of(graph_of(source), id, level), links);
}

/* As many steps wherever the bytes begin, one too many for some: a count that varied was slower. */
static inline void
prefetch(const void *p, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += CACHE_LINE)
		__builtin_prefetch((const char *) p + at);
	__builtin_prefetch((const char *) p + bytes - 1);
}

/* Measures nodes, and loads others meanwhile. */
static inline void
measure(const VpMemGraph *graph, const VpQuery *query, const VpId *ids, int n, float *dist,
		const VpId *ahead, int nahead)
{
	for (int i = 0; i < n || i < nahead; i += VP_DOTS)
	{
		const uint8_t *codes[VP_DOTS];
		int			ncodes = n - i < VP_DOTS ? n - i : VP_DOTS;

		for (int j = i; j < i + VP_DOTS && j < nahead; j++)
			prefetch(vp_mem_coded(graph, ahead[j]), graph->prefetch_bytes);
		for (int j = 0; j < ncodes; j++)
			codes[j] = vp_mem_coded(graph, ids[i + j])->code;
		if (ncodes > 0)
			vp_query_distances(query, codes, VP_CODED_FACTORS, ncodes, dist + i);
	}
}

static inline void
prefetch_links(VpSource *source)
{
	const VpMemGraph *graph = graph_of(source);

	if (source->next < graph->count)
		prefetch(vp_mem_node(graph, source->next), graph->factors_at);
}

static void
source_distances(VpSource *source, const VpQuery *query, const VpId *ids, int n, float *dist)
{
	measure(graph_of(source), query, NULL, 0, NULL, ids, n);
	prefetch_links(source);
	measure(graph_of(source), query, ids, n, dist, NULL, 0);
}

static void
source_distances_ahead(VpSource *source, const VpQuery *query, const VpId *ids, int n, float *dist,
					   const VpId *ahead, int nahead)
{
	prefetch_links(source);
	measure(graph_of(source), query, ids, n, dist, ahead, nahead);
}

static bool
source_query_of(VpSource *source, VpId id, VpQuery *query)
{
	const VpMemGraph *graph = graph_of(source);
	const VpCoded *coded = vp_mem_coded(graph, id);

	if (isnan(coded->factors.scale))
		return false;
	vp_query_from_code(&graph->codec, coded->code, &coded->factors, query);
	return true;
}

static bool
source_linkable(VpSource *source, VpId id)
{
	return !vp_mem_chained(graph_of(source), id);
}

static bool
source_replace_links(VpSource *source, VpId id, int level,
					 const VpId *from, int nfrom, const VpId *to, int nto)
{
	VpMemGraph *graph = graph_of(source);
	VpMemNode  *node = vp_mem_node(graph, id);
	uint32_t   *list = list_of(graph, id, level);
	bool		same;

	lock_node(node);
	same = list[0] == (uint32_t) nfrom &&
		memcmp(list + 1, from, sizeof(VpId) * (size_t) nfrom) == 0;
	if (same)
	{
		for (int i = 0; i < nto; i++)
			__atomic_store_n(&list[1 + i], to[i], __ATOMIC_RELAXED);
		__atomic_store_n(&list[0], (uint32_t) nto, __ATOMIC_RELEASE);
	}
	unlock_node(node);
	return same;
}

static bool
source_same_vector(VpSource *source, VpId a, VpId b)
{
	const VpMemGraph *graph = graph_of(source);

	return vp_mem_node(graph, a)->hash == vp_mem_node(graph, b)->hash &&
		memcmp(vp_mem_coded(graph, a)->code, vp_mem_coded(graph, b)->code,
			   (size_t) graph->codec.code_bytes) == 0;
}

static bool
source_chain(VpSource *source, VpId first, VpId id)
{
	VpMemNode  *head = vp_mem_node(graph_of(source), first);
	VpMemNode  *node = vp_mem_node(graph_of(source), id);

	__atomic_store_n(&node->chained, 1, __ATOMIC_RELAXED);
	lock_node(head);
	node->chain = head->chain;
	head->chain = id;
	unlock_node(head);
	return true;
}

static inline VpLandmarkSet *
landmark_set(const VpMemGraph *graph, uint32_t term)
{
	return &graph->landmarks[vp_landmark_page(term, graph->nlandmarks)].sets[vp_landmark_set(term)];
}

static int
source_landmarks(VpSource *source, const VpQuery *query, VpId *ids)
{
	const VpMemGraph *graph = graph_of(source);
	int			shard = ((VpMemSource *) source)->shard;
	uint32_t	terms[VP_LANDMARK_TERMS];
	int			nterms = vp_sparse_query_terms(query, terms, VP_LANDMARK_TERMS);
	int			n = 0;

	for (int i = 0; i < nterms; i++)
	{
		VpId	   *of_term = ids + n;
		int			nfound = vp_landmarks_get(landmark_set(graph, terms[i]), terms[i], of_term);

		for (int j = 0; j < nfound; j++)
			if (shard < 0 || vp_mem_node(graph, of_term[j])->shard == shard)
				ids[n++] = of_term[j];
	}
	return n;
}

void
vp_mem_add_landmarks(VpMemGraph *graph, VpId id, const VpQuery *query)
{
	uint32_t	terms[VP_LANDMARK_TERMS];
	int			nterms = vp_sparse_query_terms(query, terms, VP_LANDMARK_TERMS);

	for (int i = 0; i < nterms; i++)
	{
		VpLandmarkSet *set = landmark_set(graph, terms[i]);
		int			slot = vp_landmarks_place(set, terms[i], id);

		if (slot < 0)
			continue;
		__atomic_store_n(&set->terms[slot], terms[i], __ATOMIC_RELAXED);
		__atomic_store_n(&set->refs[slot], id + 1, __ATOMIC_RELAXED);
	}
}

uint32_t
vp_mem_landmarks(const VpMemGraph *graph, const VpLandmarkPage **pages)
{
	*pages = graph->landmarks;
	return graph->nlandmarks;
}

void
vp_mem_source_init(VpMemSource *source, VpMemGraph *graph)
{
	memset(source, 0, sizeof(*source));
	source->source.links = source_links;
	source->source.distances = source_distances;
	source->source.distances_ahead = source_distances_ahead;
	source->source.distances_listed = source_distances_ahead;
	source->source.query_of = source_query_of;
	source->source.linkable = source_linkable;
	source->source.replace_links = source_replace_links;
	source->source.same_vector = source_same_vector;
	source->source.chain = source_chain;
	source->source.landmarks = graph->codec.slots > 0 ? source_landmarks : NULL;
	source->graph = graph;
	source->shard = -1;
}

/* Where upper lists, landmarks and order of a graph of n nodes begin. */
static size_t
upper_offset(const VpMemGraph *graph, uint32_t n)
{
	return align(n * graph->node_bytes, CACHE_LINE);
}

static size_t
stripes(const VpMemGraph *graph, uint32_t n)
{
	return ((size_t) n + graph->levels.stripe - 1) / graph->levels.stripe;
}

static size_t
landmarks_offset(const VpMemGraph *graph, uint32_t n)
{
	return upper_offset(graph, n) +
		align(stripes(graph, n) * graph->stripe_lists * graph->list_words * sizeof(uint32_t),
			  CACHE_LINE);
}

static size_t
order_offset(const VpMemGraph *graph, uint32_t n)
{
	size_t		pages = graph->codec.slots > 0 ? stripes(graph, n) * VP_LANDMARK_PAGES : 0;

	return landmarks_offset(graph, n) + pages * sizeof(VpLandmarkPage);
}

size_t
vp_mem_bytes(const VpMemGraph *graph, uint32_t n)
{
	/* one id more than there are: nothing at all cannot be mapped */
	return order_offset(graph, n) + ((size_t) n + 1) * sizeof(VpId);
}

void
vp_mem_settle(VpMemGraph *graph)
{
	graph->upper = (uint32_t *) (graph->nodes + upper_offset(graph, graph->count));
	graph->landmarks = (VpLandmarkPage *) (graph->nodes + landmarks_offset(graph, graph->count));
	graph->order = (VpId *) (graph->nodes + order_offset(graph, graph->count));
	if (graph->codec.slots > 0)
		graph->nlandmarks = (uint32_t) stripes(graph, graph->count) * VP_LANDMARK_PAGES;
}

VpMemGraph *
vp_mem_create(const VpCodec *codec, const VpLevels *levels,
			  int m, int ef_construction, int shards, uint32_t capacity)
{
	VpMemGraph *graph = calloc(1, sizeof(VpMemGraph));

	if (graph == NULL)
		return NULL;
	graph->entries = malloc(sizeof(VpEntry) * (size_t) shards);
	if (graph->entries == NULL)
	{
		free(graph);
		return NULL;
	}
	for (int i = 0; i < shards; i++)
		graph->entries[i] = vp_entry(VP_NO_ID, 0);
	graph->shards = shards;
	graph->codec = *codec;
	vp_mem_source_init(&graph->source, graph);
	graph->levels = *levels;
	graph->m = m;
	graph->ef_construction = ef_construction;
	graph->capacity = capacity;
	graph->node_bytes = node_size(codec, m);
	graph->factors_at = factors_offset(m);
	graph->prefetch_bytes = sizeof(VpFactors) + (size_t) codec->code_bytes;
	if (graph->prefetch_bytes > PREFETCH_BYTES)
		graph->prefetch_bytes = PREFETCH_BYTES;
	graph->list_words = (uint32_t) (list_bytes(m, 1) / sizeof(uint32_t));
	graph->stripe_lists = vp_level_slots(levels);
	graph->bytes = vp_mem_bytes(graph, capacity);
	graph->nodes = mmap(NULL, graph->bytes, PROT_READ | PROT_WRITE,
						MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (graph->nodes == MAP_FAILED)
	{
		free(graph->entries);
		free(graph);
		return NULL;
	}
#ifdef MADV_HUGEPAGE
	/* a wish: without huge pages a random access costs more, nothing else */
	madvise(graph->nodes, graph->bytes, MADV_HUGEPAGE);
#endif
	return graph;
}

const char *
vp_mem_data(const VpMemGraph *graph)
{
	return graph->nodes;
}

int
vp_mem_map(VpMemGraph *graph, int fd, uint32_t capacity)
{
	size_t		bytes = vp_mem_bytes(graph, capacity);
	char	   *nodes = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (nodes == MAP_FAILED)
		return errno;
	munmap(graph->nodes, graph->bytes);
	graph->nodes = nodes;
	graph->bytes = bytes;
	graph->capacity = capacity;
	return 0;
}

void
vp_mem_destroy(VpMemGraph *graph)
{
	munmap(graph->nodes, graph->bytes);
	free(graph->ordering);
	free(graph->entries);
	free(graph);
}

VpSource *
vp_mem_source(VpMemGraph *graph)
{
	return &graph->source.source;
}

uint32_t
vp_mem_count(const VpMemGraph *graph)
{
	return graph->count;
}

VpEntry
vp_mem_entry(const VpMemGraph *graph, int shard)
{
	return graph->entries[shard];
}

int
vp_mem_links(const VpMemGraph *graph, VpId id, int level, VpId *links)
{
	if (level > vp_level(&graph->levels, id))
		return 0;
	return read_list(list_of(graph, id, level), links);
}

bool
vp_mem_chained(const VpMemGraph *graph, VpId id)
{
	return __atomic_load_n(&vp_mem_node(graph, id)->chained, __ATOMIC_RELAXED);
}

VpId
vp_mem_chain_next(const VpMemGraph *graph, VpId id)
{
	return vp_mem_node(graph, id)->chain;
}
