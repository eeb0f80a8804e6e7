/*-------------------------------------------------------------------------
 *
 * patch.h
 *	  Changes to pages, and their WAL.
 *
 * Every change of an index after its build is one of two:
 *
 *	init	a new page of a kind, empty
 *	patch	words to be stored on one to six pages, atomically in WAL
 *
 * Doing and redoing store the same words in the same ascending order, each as
 * one word, so that lock-free readers on a primary and on a standby see the
 * same few things: for each word the old value or the new one, and what stands
 * last (a node's flags) not before what it announces.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_PATCH_H
#define VP_PATCH_H

#include "base/compat.h"

#include "access/transam.h"
#include "storage/buf.h"
#include "utils/relcache.h"

#include "page/format.h"

/*
 * Resource manager.  Custom ones have ids from 128 to 255; WAL and the module
 * must agree for as long as the WAL is kept.
 */
#define VP_RMGR_ID		157
#define VP_RMGR_NAME	"vecprov"

/* WAL record kinds.  All but INIT and REUSE are patches; the kind tells people what for. */
#define VP_WAL_INIT		0x00
#define VP_WAL_NODE		0x10	/* a new node: blocks metapage, code page,
								 * node page; another code: code page */
#define VP_WAL_VECTOR	0x20	/* exact vector, mean: a page of it */
#define VP_WAL_LINKS	0x30	/* links: a node page, perhaps metapage; or an
								 * upper page */
#define VP_WAL_CHAIN	0x40	/* chain of equal vectors: one or two node
								 * pages, perhaps a code page before them */
#define VP_WAL_DEAD		0x50	/* nodes found dead: a node page, metapage */
#define VP_WAL_UNLINK	0x60	/* nodes put into the waiting list: metapage,
								 * node page */
#define VP_WAL_META		0x70	/* entry point, lists, totals: metapage,
								 * perhaps a node page */
#define VP_WAL_REUSE	0x80	/* no block: ids are going to be used again */
#define VP_WAL_LANDMARK	0x90	/* landmarks: a page of them, or a new one and
								 * an older one */
#define VP_WAL_BARE		0xA0	/* rows without a vector: one or two node
								 * pages, perhaps metapage */
#define VP_WAL_POOL		0xB0	/* pages of the pool taken or given back:
								 * metapage, up to two of these pages */
#define VP_WAL_RUNS		0xC0	/* another manifest: metapage */
#define VP_WAL_CELLS	0xD0	/* strangers in cells: a page of them */
#define VP_WAL_LAST		VP_WAL_CELLS

/* INIT's data: what the page is.  Block 0: the page. */
typedef struct VpWalInit
{
	uint32		number;
	uint16		kind;
} VpWalInit;

/*
 * REUSE's data.  On a standby, queries whose snapshots are not newer than xid may
 * be on a node that is going to be another one: they are in conflict.
 */
typedef struct VpWalReuse
{
	VpRelFileLocator locator;
	FullTransactionId xid;
} VpWalReuse;

/* A patch's data, for each block: one or more of these, each followed by its words. */
typedef struct VpWalWords
{
	uint16		offset;			/* from the start of the page, in bytes */
	uint16		nwords;
} VpWalWords;

#define VP_CHANGE_PAGES		6
#define VP_CHANGE_PATCHES	512

/* A change being put together.  Words must stay where they are until it is done. */
typedef struct VpChange
{
	uint8		kind;
	int			npages;
	int			npatches;
	struct
	{
		Buffer		buffer;
		int			first;		/* its patches: from here to the next page's
								 * first */
	}			pages[VP_CHANGE_PAGES];
	VpWalWords	heads[VP_CHANGE_PATCHES];
	const uint32 *words[VP_CHANGE_PATCHES];
} VpChange;

extern void vp_change_begin(VpChange *change, uint8 kind);

/* The patches that follow are for this page, which the caller has locked exclusively. */
extern void vp_change_page(VpChange *change, Buffer buffer);

/* Words for an address on that page. */
extern void vp_change_words(VpChange *change, const void *address, const uint32 *words, int nwords);

/* The same, without words at both ends that are on the page already; perhaps none are left. */
extern void vp_change_diff(VpChange *change, const void *address, const uint32 *words, int nwords);

/*
 * Stores the words, and logs them if `wal`.  Pins and locks stay with the
 * caller.  A change of no words does nothing.
 */
extern void vp_change_apply(VpChange *change, Relation rel, bool wal);

/* Logs a REUSE. */
extern void vp_log_reuse(Relation rel, FullTransactionId xid);

/* Makes an exclusively locked page an empty one of a kind, logged if `wal`. */
extern void vp_page_init(Buffer buffer, VpPageKind kind, uint32 number, bool wal);

/* The same on a page that is not in a buffer. */
extern void vp_page_format(Page page, VpPageKind kind, uint32 number);

/* Registers the resource manager; only while shared_preload_libraries are loaded. */
extern void vp_rmgr_register(void);

/* Has this server a resource manager of ours: by this library or another file of it? */
extern bool vp_rmgr_is_registered(void);

#endif							/* VP_PATCH_H */
