/*-------------------------------------------------------------------------
 *
 * format.h
 *	  Every structure that a vecprov index has on disk.
 *
 * An index is one relation fork:
 *
 *	block 0			metapage: what the index is, and where its graph begins
 *	blocks 1 ..		mean pages: the vector that is subtracted before coding
 *	then stripes, one after another:
 *
 *		+-------+------------------------+------------------------+--- - -
 *		| upper | chunk                  | chunk                  |
 *		+-------+------------------------+------------------------+--- - -
 *
 *	stripe			a fixed number of ids (base/levels.h): one upper page with the
 *					links of its nodes above level 0, for sparse vectors some pages
 *					of landmarks (base/landmarks.h), then its chunks
 *	chunk			what the relation is extended by: pages of node records, then
 *					pages of codes, then pages of exact vectors; or pages of the
 *					pool, all of them: then its ids are never used
 *
 * Where a node is follows from its id by arithmetic (page/geometry.h): there
 * are no line pointers, no allocation maps and nothing to look up.
 *
 * All numbers are in the machine's byte order.  A reference to a node is
 * stored as its id + 1, zero meaning none, so that a page of zeroes is empty.
 * All that concurrent readers look at is aligned to 4 bytes and written as
 * whole words, in normal running and in redo alike (page/patch.c).
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_FORMAT_H
#define VP_FORMAT_H

#include "storage/block.h"
#include "storage/bufpage.h"
#include "storage/itemptr.h"

#include "base/landmarks.h"
#include "base/levels.h"
#include "base/options.h"

#define VP_MAGIC			0x56505256	/* "VRPV" */

/*
 * The format's version.  2: the first with sizes of records; 3: with shards; 4: with
 * vectors of other elements than floats; 5: with landmarks; 6: with keys; 7: with codes on
 * pages of their own.  Of version 5 an index is as one without keys: what it lacks is zero
 * there.  A reader refuses all others: the index must then be rebuilt.
 *
 * The metapage says which version an index has.  Its pages may say another one, that of the
 * library that made them; what a page is follows from its kind.
 */
#define VP_FORMAT_VERSION	7
#define VP_FORMAT_OLDEST	5

#define VP_FORMAT_KEYS		6	/* the first with keys */
#define VP_FORMAT_APART		7	/* the first with codes apart */

#define VP_META_BLOCK		0
#define VP_MEAN_BLOCK		1

typedef enum VpPageKind
{
	VP_PAGE_META = 1,
	VP_PAGE_MEAN,
	VP_PAGE_UPPER,
	VP_PAGE_NODE,
	VP_PAGE_VECTOR,
	VP_PAGE_LANDMARK,
	VP_PAGE_POOL,				/* its number is its block */
	VP_PAGE_CODE
} VpPageKind;

/*
 * The special space of every page.  page_id stands in the page's last two
 * bytes, where tools look to tell access methods apart.
 */
#define VP_PAGE_ID			0xFF9C

typedef struct VpPageSpecial
{
	uint32		number;			/* of this page among those of its kind */
	uint16		unused;
	uint16		kind;			/* VpPageKind */
	uint32		unused2;
	uint16		version;		/* VP_FORMAT_OLDEST ... VP_FORMAT_VERSION */
	uint16		page_id;
} VpPageSpecial;

#define VpPageGetSpecial(page) ((VpPageSpecial *) PageGetSpecialPointer(page))

/* What lies between the page header and the special space. */
#define VP_PAGE_START		MAXALIGN(SizeOfPageHeaderData)
#define VP_PAGE_END			(BLCKSZ - MAXALIGN(sizeof(VpPageSpecial)))
#define VP_PAGE_ROOM		(VP_PAGE_END - VP_PAGE_START)

#define VpPageData(page)	((char *) (page) + VP_PAGE_START)

/* Is this page, which may have been peeked at, one of the pool? */
static inline bool
vp_is_pool_page(const char *page)
{
	return ((const VpPageSpecial *) (page + VP_PAGE_END))->kind == VP_PAGE_POOL;
}

/*
 * The mean of an index that began with few vectors is taken again whenever it
 * has grown to four times as many, until it is of enough.  When it is due next,
 * in an index of so many records; 0: never again.
 */
#define VP_MEAN_FIRST		8
#define VP_MEAN_LAST		2048

static inline uint32
vp_mean_due(uint32 records)
{
	uint32		due = VP_MEAN_FIRST;

	while (due <= records)
		due *= 4;
	return due <= VP_MEAN_LAST ? due : 0;
}

/*
 * A shard: a graph of its own, to which no link leads from another one.  All shards
 * share ids and pages; a node's record says to which it belongs.
 */
typedef struct VpShard
{
	uint32		entry;			/* the entry point */
	uint32		records;		/* nodes in use that are neither dead nor
								 * unlinked */
	uint32		bytes_lo;		/* sum of their sizes */
	uint32		bytes_hi;
} VpShard;

/*
 * Rows without a vector are kept in the index, too, so that a scan can return all rows.
 * There are two kinds, each a chain of bare nodes (VP_NODE_BARE): scans return those of the
 * first kind before those of the second, as ORDER BY has NaN before NULL.
 */
typedef enum VpBareKind
{
	VP_BARE_NAN,				/* there is a vector, but no distance: zero,
								 * under cosine */
	VP_BARE_NULL,
	VP_NBARE
} VpBareKind;

typedef struct VpBareChain
{
	uint32		head;			/* the node that new rows go to */
	uint32		rows;			/* entries in use, modulo 2^32 */
	uint32		emptied;		/* entries that VACUUM emptied since it last
								 * made nodes fewer */
} VpBareChain;

/* So many bits that damage of one does not make an incomplete index a complete one. */
#define VP_COMPLETE			0x414C4C52	/* "RLLA" */

/* key_flags: the first key column is the namespace, by which sizes and read units are told. */
#define VP_KEYS_NAMESPACES	0x01

/* Key columns are those behind the vector: with it, all that an index can have. */
#define VP_MAX_KEYS			31
#define VP_MAX_KEY_BYTES	(8 * VP_MAX_KEYS)

/*
 * A key column.  A node's record holds a stored key of each: an unsigned number whose order is
 * that of the values.  NULL is stored as all ones; no value is.
 */
typedef struct VpKeyColumn
{
	uint8		width;			/* bytes of a stored key: 1, 2, 4 or 8 */
	uint8		form;			/* how values become stored keys: of key/ */
	uint16		offset;			/* in a record's keys; wider columns come
								 * first */
	uint32		detail;			/* of a column of arrays: the form of their
								 * elements; else 0 */
} VpKeyColumn;

/* The types that can be indexed; search/form.h says what each is. */
typedef enum VpFormKind
{
	VP_FORM_VECTOR,
	VP_FORM_HALFVEC,
	VP_FORM_BIT,
	VP_FORM_SPARSEVEC,
	VP_NFORMS
} VpFormKind;

/*
 * The pool: pages that are at no place given by arithmetic.  They stand in chunks whose ids are
 * skipped.  All zeroes in an index without key columns.
 *
 * A structure of the pool is a chain of pages.  When it is given back, it becomes a piece: it
 * waits until no snapshot is as old as a transaction, then its pages are used again one by one,
 * first to last.
 */
typedef struct VpPool
{
	uint32		spare;			/* ids that a chunk of the pool has left
								 * before it: used before next_id ... */
	uint32		spare_end;		/* ... which then begins a chunk */
	uint32		fresh;			/* blocks of the last such chunk that were
								 * never used */
	uint32		fresh_end;
	uint32		piece;			/* block: next page of the piece that is being
								 * used up; 0: none */
	uint32		piece_last;		/* its last one */
	uint32		waiting;		/* first pages of the oldest piece that waits, */
	uint32		waiting_last;	/* and of the newest */
	uint32		pending;		/* runs are being written: pages of the pool
								 * may be in no structure */

	/* what leads to the runs */
	uint32		manifest;		/* block; 0: no row has come yet */
	uint32		recent_last;	/* block of the recent page that new rows go
								 * to */
	uint32		recent_pages;	/* how many there are */
} VpPool;

/*
 * A writer that was not known to have ended when it last wrote: what a
 * transaction, or a subtransaction, has added to the totals of the shards.
 * page/unfinished.h says what becomes of it. The same words are sums over
 * writers; xid is that of the newest then.
 */
typedef struct VpUnfinished
{
	uint32		xid_lo;			/* 0: nobody */
	uint32		xid_hi;
	uint32		records;		/* that it made */
	uint32		replaced;		/* versions of its rows that these replace */
	uint32		bytes_lo;		/* sums of their sizes */
	uint32		bytes_hi;
	uint32		replaced_lo;
	uint32		replaced_hi;
} VpUnfinished;

#define VP_UNFINISHED		96

/* A change that takes room away: from it on, the records may have so many bytes together. */
typedef struct VpBound
{
	uint32		xid_lo;			/* who makes it; 0: there was none */
	uint32		xid_hi;
	uint32		bytes_lo;
	uint32		bytes_hi;
} VpBound;

/*
 * The metapage.  The first part is written once, by the build; the second
 * changes with the graph, always under the page's exclusive lock.
 */
typedef struct VpMeta
{
	uint32		magic;
	uint32		version;
	uint32		dims;
	uint16		form;			/* of the vectors: VpFormKind */
	uint16		metric;			/* VpMetric */
	uint16		bits;			/* of a dimension in the codes in the nodes */
	uint16		code_bytes;		/* of a code, a multiple of 8 */
	uint32		vector_bytes;	/* of an exact vector beside; 0: there is none
								 * in the index */
	uint16		m;
	uint16		ef_construction;
	uint32		seed;			/* of levels and rotation */
	uint32		mean_floats;	/* dimensions of the mean; 0: this kind of
								 * code has none */
	uint32		landmark_pages; /* in a stripe; 0: this form has no landmarks */

	/* Of the graphs.  Each a word that readers may read without a lock. */
	uint32		shards;			/* how many there are, 1 ... VP_MAX_SHARDS */
	uint32		target;			/* new nodes go to so many; the others are
								 * being emptied */
	uint32		moving;			/* nodes are being moved from shard to shard */
	uint32		has_mean;		/* the mean pages hold one (else it is zero) */
	uint32		mean_due;		/* vp_mean_due() of the records there were
								 * when it was taken */
	uint32		next_id;		/* ids from here on were never used */
	uint32		free_head;		/* list of ids to be used again */
	uint32		waiting_head;	/* list of ids that readers may still hold ... */
	uint32		waiting_tail;
	uint32		waiting_xid_lo; /* ... while a snapshot this old is in use */
	uint32		waiting_xid_hi;
	uint32		ndead;			/* dead nodes that are still linked, as the
								 * last VACUUM left it */
	uint32		copy;			/* of a node that is being moved: it does not
								 * count */
	uint32		moved_xid_lo;	/* nodes are MOVED since this transaction or
								 * an earlier one */
	uint32		moved_xid_hi;
	VpShard		shard[VP_MAX_SHARDS];

	/*
	 * of all before `shards` and of the keys, written by the build; 0: by a
	 * version that did not
	 */
	uint32		constants_hash;

	/* zeroes in an index that an older version made */
	uint32		complete;		/* VP_COMPLETE: rows without a vector are in
								 * the index, too */
	VpBareChain bare[VP_NBARE];

	/* zeroes in an index of version 5; written by the build, constant */
	uint32		nkeys;			/* key columns, in the order of the index's
								 * columns */
	uint32		key_flags;		/* VP_KEYS_NAMESPACES, or 0 */
	VpKeyColumn keys[VP_MAX_KEYS];

	/* changes; zeroes in an index without key columns */
	VpPool		pool;

	/* change; zeroes in an index that an older version wrote last */
	VpBound		bound;
	uint32		measured_lo;	/* WAL position: rows of pages of the table
								 * that were not changed since are as counted */
	uint32		measured_hi;
	VpUnfinished aborted;		/* sums of writers that have aborted, and are
								 * not in the list any more */
	VpUnfinished committed;		/* of those that have committed */
	VpUnfinished unfinished[VP_UNFINISHED];

	/*
	 * of the cells, written at the end of a build; zeroes in an index that
	 * has none
	 */
	uint32		cells;			/* block of their first page */
	uint32		cell_ids;		/* ids of a cell: 64 or a multiple */
	uint32		celled_ids;		/* ids below are in cells */

	/*
	 * how distances grow (graph/stop.h), by which searches stop; zeroes until
	 * it is known
	 */
	float		exponent;
	uint32		exponent_records;	/* of the records there were then */
} VpMeta;

/*
 * The exponent of an index is learned when it has so many records, and again
 * whenever it has twice as many.
 */
#define VP_EXPONENT_FIRST	1024

/* What an index says of its keys. */
#define VP_META_KEYS_BYTES	(offsetof(VpMeta, pool) - offsetof(VpMeta, nkeys))

#define VpPageGetMeta(page) ((VpMeta *) VpPageData(page))

/*
 * A node has a slot on a code page and a record on a node page, each of the same size for
 * all nodes of an index:
 *
 *	slot	code		code_bytes, a multiple of 8
 *			factors		two floats
 *
 *	record	links		2 m words: level 0; those in use come first
 *			tail		VpNodeTail
 *
 * The slots of a code page begin at VP_CODES_START, a cache line's; with 100 dimensions of 4 bits a
 * slot is just a line.  Behind the room for its slots a code page has, in the same order, their
 *
 *	keys	a stored key of each key column, filled up to whole words
 *
 * A search reads the slots of all nodes that it measures, some twenty times
 * as many as it expands; of those it reads records, too, and keys.  What says
 * whether a node is valid stands last: a slot is written before its node's
 * tail, and a reader that needs both reads the tail first.
 *
 * Before version 7 there are no code pages.  A record begins with the slot, in which the factors
 * come first, and the keys.
 */
#define VP_FACTORS_BYTES	(2 * sizeof(float))
#define VP_CODES_START		64

typedef struct VpNodeTail
{
	uint32		next;			/* chain of equal vectors */
	uint32		id;				/* own id */
	uint32		size;			/* of the record, in bytes; see
								 * capacity/README.md */
	ItemPointerData tid;		/* the row */
	uint8		flags;
	uint8		shard;
} VpNodeTail;

/*
 * A bare node is in no graph and no shard: it holds rows that have no vector.  Up to the
 * tail its record is an array of these, with a word left over where they do not fill it.  Of the
 * tail it uses
 *
 *		next			the next node of the chain, which ends with the oldest
 *		size			the free and the waiting list; else 0
 *		shard			VpBareKind
 *
 * and its tid is zero.
 */
typedef struct VpBareEntry
{
	uint32		block;
	uint32		offset;			/* 0: the entry is empty, and block 0, too */
} VpBareEntry;

/*
 * Flags; 0: free, never used or to be used again.
 *
 * PENDING -> LINKED or CHAINED: an insert.  DEAD: set by VACUUM, still a way
 * for searches, never linked to again.  UNLINKED: nothing leads to it any
 * more; it stays as it is until no search can be on it, but posting lists may still
 * lead to it: when the row that it keeps goes, VACUUM makes it DEAD, too.  LISTED: besides, it is
 * known as one to be used again.  MOVED, of a dead one: searches that began before
 * its row was given to another node find it here.
 *
 * BARE, from the beginning on: see VpBareEntry.  UNLINKED, of such a one: its entries are
 * in the node before it in the chain.
 */
#define VP_NODE_PENDING		0x01	/* record complete, nobody knows of it */
#define VP_NODE_LINKED		0x02	/* in the graph */
#define VP_NODE_CHAINED		0x04	/* behind a linked one with an equal
									 * vector */
#define VP_NODE_DEAD		0x08	/* its row is gone */
#define VP_NODE_UNLINKED	0x10	/* nothing leads to it */
#define VP_NODE_LISTED		0x20	/* in the waiting list, or the free list */
#define VP_NODE_MOVED		0x40	/* dead, but its row is there: at another
									 * node, too */
#define VP_NODE_BARE		0x80	/* in no graph: holds rows that have no
									 * vector */

/*
 * The word of a CHAINED node's links that says which node has its vector and its
 * code: the one that was first in the chain when it was made, and stays that as long as
 * there is a chain.  0: it has its own.  The word before it is that of the free and the waiting
 * list.
 */
#define VP_CHAINED_HEAD		1

/* Is a node dead, and nobody shall find its row here? */
static inline bool
vp_is_gone(uint8 flags)
{
	return (flags & (VP_NODE_DEAD | VP_NODE_MOVED)) == VP_NODE_DEAD;
}

/* Is this a node whose row a search may still have to find by posting lists? */
static inline bool
vp_is_posted(uint8 flags)
{
	return flags != 0 && !(flags & (VP_NODE_BARE | VP_NODE_UNLINKED)) && !vp_is_gone(flags);
}

/*
 * The free and the waiting list go through a word that no search on the node
 * needs any more: `next` of one that was linked (its chain is empty), the
 * first link of one that was chained (it has none), the size of a bare one.
 */

/* Links of a node at one level above 0: owner's id + 1 (zero: never used), then m words. */
typedef struct VpUpperSlot
{
	uint32		owner;
	uint32		links[FLEXIBLE_ARRAY_MEMBER];
} VpUpperSlot;

/*
 * Vector pages of a chunk are one array of words, as many for each node of the
 * chunk as vector_bytes need, in order of their ids, cut at the end of a page
 * without regard to vectors.  Where the code says all, a chunk has none of them.
 */
#define VP_VECTOR_PAGE_WORDS (VP_PAGE_ROOM / sizeof(uint32))

/*
 * A page of landmarks is a VpLandmarkPage.  Pages are numbered through all stripes;
 * how many there are says where a term's are, so a new stripe's take what is theirs
 * from older ones.
 */
#define VpPageGetLandmarks(page) ((VpLandmarkPage *) VpPageData(page))

/*
 * Pages of the pool.  Each begins with this.
 */
typedef enum VpPoolUse
{
	VP_POOL_FRESH,
	VP_POOL_MANIFEST,
	VP_POOL_RECENT,
	VP_POOL_LEAF,
	VP_POOL_INNER,
	VP_POOL_CELLS
} VpPoolUse;

typedef struct VpPoolHead
{
	uint32		use;			/* VpPoolUse; stays when the page is given
								 * back */
	uint32		next;			/* block of the next page of the structure; 0:
								 * none.  Stays, too */

	/* of a piece, on its first page */
	uint32		last;			/* block of its last page */
	uint32		next_piece;		/* of the next piece's first page */
	uint32		xid_lo;			/* it waits while a snapshot this old is in
								 * use */
	uint32		xid_hi;
} VpPoolHead;

#define VpPageGetPoolHead(page) ((VpPoolHead *) VpPageData(page))

/*
 * A run: references to rows, sorted by one key column; written once.  A leaf
 * has blocks of VP_RUN_BLOCK references, and for each block a fence, its first
 * key.  An inner page has the first key of each child, and its block.  All
 * pages but the last of a level are full: so the place of an entry follows from
 * its number.  In runs of a column of arrays, whose keys nodes do not have, a
 * block is one entry.
 */
#define VP_RUN_BLOCK		16

typedef struct VpRun
{
	uint32		root;			/* block of its root, the first page of its
								 * chain */
	uint32		last;			/* and of the last one */
	uint32		entries;
	uint32		stated;			/* that are not all ones: those come last */
	uint32		leaves;
	uint8		kind;			/* 1 ...: the key column; 0 is for TIDs */
	uint8		level;			/* 0: from a flush; 1 + level where four were
								 * merged */
	uint8		fanout;			/* levels of inner pages */
	uint8		flags;
	uint32		rows;			/* of a column of arrays: of so many are the
								 * entries; else 0 */
	uint32		unused;
} VpRun;

/* The manifest, a chain of pages: all runs, and where the recent pages begin. */
typedef struct VpManifestPage
{
	VpPoolHead	head;
	uint32		generation;
	uint32		recent_first;	/* block; 0: none */
	uint32		runs_here;
	uint32		unused;
	VpRun		runs[FLEXIBLE_ARRAY_MEMBER];
} VpManifestPage;

#define VP_MANIFEST_RUNS	((VP_PAGE_ROOM - offsetof(VpManifestPage, runs)) / sizeof(VpRun))

/*
 * A recent page: rows in the order of their arrival, in columns.  First the keys that are 8
 * bytes wide, then the others, 4 bytes each, then references.  page/recent.h says where.
 */
typedef struct VpRecentPage
{
	VpPoolHead	head;
	uint32		count;
	uint32		unused;
} VpRecentPage;

/* A page of a run.  Keys, 8 bytes each or 4, then references, or blocks of children. */
typedef struct VpRunPage
{
	VpPoolHead	head;
	uint32		count;			/* of entries, or of children */
	uint32		level;			/* 0: a leaf */
} VpRunPage;

/*
 * A page of cells, which are numbered through the chain: cell c is the ids
 * c * cell_ids ... of which a build has put near vectors side by side.  A cell
 * has, each at a multiple of 8 bytes
 *
 *	code		as a slot's: the mean of its vectors
 *	factors		two floats
 *	spread		a float: the root of the mean square of the vectors' distances
 *				from that mean, in the space of codes
 *	unused		4 bytes
 *	strangers	a bit for each id: its vector may be another one by now
 *
 * All but the strangers is as the build wrote it.
 */
typedef struct VpCellsPage
{
	VpPoolHead	head;
	uint32		first;			/* number of the first cell */
	uint32		count;
} VpCellsPage;

/* Of the most nodes that there can be, cells of so many ids are not too many. */
#define VP_MOST_CELL_IDS	(UINT32_C(1) << 19)

#define VP_CELLS_ROOM		(VP_PAGE_ROOM - sizeof(VpCellsPage))
#define VP_RUN_ROOM			(VP_PAGE_ROOM - sizeof(VpRunPage))
#define VP_RECENT_ROOM		(VP_PAGE_ROOM - sizeof(VpRecentPage))

StaticAssertDecl(sizeof(VpPoolHead) == 24, "size of VpPoolHead");
StaticAssertDecl(sizeof(VpRun) == 32, "size of VpRun");
StaticAssertDecl((VP_PAGE_START + sizeof(VpRunPage)) % 8 == 0, "keys of runs are aligned");
StaticAssertDecl((VP_PAGE_START + sizeof(VpCellsPage)) % 8 == 0, "cells are aligned");
StaticAssertDecl((VP_PAGE_START + sizeof(VpRecentPage)) % 8 == 0, "keys of recent rows are aligned");
StaticAssertDecl(sizeof(VpLandmarkPage) <= VP_PAGE_ROOM, "landmarks are on a page");
StaticAssertDecl(sizeof(VpPageSpecial) == 16, "size of VpPageSpecial");
StaticAssertDecl(sizeof(VpNodeTail) == 20, "size of VpNodeTail");
StaticAssertDecl(sizeof(VpBareEntry) == 8, "factors, code and links are whole entries");
StaticAssertDecl(sizeof(VpKeyColumn) == 8, "size of VpKeyColumn");
StaticAssertDecl(sizeof(VpUnfinished) == 32, "size of VpUnfinished");
StaticAssertDecl(sizeof(VpMeta) % 4 == 0, "VpMeta is made of words");
StaticAssertDecl(sizeof(VpMeta) <= VP_PAGE_ROOM, "VpMeta is on a page");

/* Stored references. */
static inline uint32
vp_ref(VpId id)
{
	return id + 1;				/* VP_NO_ID becomes 0 */
}

static inline VpId
vp_deref(uint32 ref)
{
	return ref - 1;
}

/*
 * The next of a node's chain by its flags and the word that leads there.  A node in a list keeps its
 * chain only if it was in one.
 */
static inline VpId
vp_chain_next(uint8 flags, uint32 next)
{
	if (flags == 0 || ((flags & VP_NODE_LISTED) && !(flags & VP_NODE_CHAINED)))
		return VP_NO_ID;
	return vp_deref(next);
}

/* A number of 64 bits, of which a page has two words. */
static inline uint64
vp_word64(uint32 lo, uint32 hi)
{
	return (uint64) hi << 32 | lo;
}

/* The sum of the sizes of a shard's records. */
static inline uint64
vp_shard_bytes(const VpShard *shard)
{
	return vp_word64(shard->bytes_lo, shard->bytes_hi);
}

/* Adds to a shard's totals, in a copy of the metapage. */
static inline void
vp_shard_count(VpShard *shard, int32 records, int64 bytes)
{
	uint64		sum = vp_shard_bytes(shard) + bytes;

	shard->records += records;
	shard->bytes_lo = (uint32) sum;
	shard->bytes_hi = (uint32) (sum >> 32);
}

/* The shard with the fewest bytes, of so many. */
static inline int
vp_emptiest_shard(const VpShard *shards, int n)
{
	int			best = 0;

	for (int i = 1; i < n; i++)
		if (vp_shard_bytes(&shards[i]) < vp_shard_bytes(&shards[best]))
			best = i;
	return best;
}

/* The totals of all shards. */
static inline uint64
vp_meta_records(const VpMeta *meta)
{
	uint64		sum = 0;

	for (uint32 i = 0; i < meta->shards; i++)
		sum += meta->shard[i].records;
	return sum;
}

static inline uint64
vp_meta_bytes(const VpMeta *meta)
{
	uint64		sum = 0;

	for (uint32 i = 0; i < meta->shards; i++)
		sum += vp_shard_bytes(&meta->shard[i]);
	return sum;
}

#endif							/* VP_FORMAT_H */
