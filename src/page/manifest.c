/*-------------------------------------------------------------------------
 *
 * manifest.c
 *	  The manifest: which runs there are; see manifest.h and format.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "miscadmin.h"

#include "page/manifest.h"
#include "page/page_pool.h"
#include "page/run.h"

#define ManifestPage(page)	((const VpManifestPage *) VpPageData(page))

/* More than the runs of all columns ever are; pages of a chain, at most. */
#define MOST_PAGES	64

void
vp_pool_state(const VpStore *store, VpPool *pool)
{
	Buffer		buffer = vp_store_read(store, VP_META_BLOCK);

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	*pool = VpPageGetMeta(vp_page_to_read(buffer))->pool;
	UnlockReleaseBuffer(buffer);
}

/*
 * Where the manifest begins, in one look at the metapage.  Pins the metapage
 * without a lock: it is one word.
 */
static BlockNumber
find_manifest(const VpStore *store)
{
	Buffer		buffer = vp_store_read(store, VP_META_BLOCK);
	const volatile VpMeta *meta = VpPageGetMeta(vp_page_to_read(buffer));
	BlockNumber block = meta->pool.manifest;

	ReleaseBuffer(buffer);
	return block;
}

/* Adds a page's runs; returns where the chain goes on.  It is locked. */
static BlockNumber
read_page(const VpStore *store, BlockNumber block, const VpManifestPage *page, VpManifest *manifest)
{
	BlockNumber nblocks = RelationGetNumberOfBlocks(store->rel);

	if (page->runs_here > VP_MANIFEST_RUNS)
		vp_report_damage(store->rel, block, "A list of runs has more than there is room for.");
	for (uint32 i = 0; i < page->runs_here; i++)
	{
		const char *problem = vp_run_problem(&store->geo, &page->runs[i], nblocks);

		if (problem != NULL)
			vp_report_damage(store->rel, block, problem);
	}
	if (page->recent_first >= nblocks)
		vp_report_damage(store->rel, block, "A list of runs leads behind the end of the relation.");
	if (manifest->first == block)
	{
		manifest->generation = page->generation;
		manifest->recent_first = page->recent_first;
	}
	manifest->runs = manifest->runs == NULL ? palloc(sizeof(VpRun) * Max(page->runs_here, 1)) :
		repalloc(manifest->runs, sizeof(VpRun) * (manifest->nruns + page->runs_here));
	memcpy(manifest->runs + manifest->nruns, page->runs, page->runs_here * sizeof(VpRun));
	manifest->nruns += page->runs_here;
	manifest->last = block;
	return page->head.next;
}

void
vp_manifest_read(const VpStore *store, VpManifest *manifest)
{
	BlockNumber block = find_manifest(store);

	memset(manifest, 0, sizeof(*manifest));
	manifest->first = block;
	for (int n = 0; block != 0; n++)
	{
		Buffer		buffer = vp_pool_read(store, block, VP_POOL_MANIFEST);

		if (n == MOST_PAGES)
			vp_report_damage(store->rel, block, "A list of pages leads back to itself.");
		block = read_page(store, block, ManifestPage(vp_page_to_read(buffer)), manifest);
		UnlockReleaseBuffer(buffer);
	}
}

void
vp_manifest_write(const VpStore *store, Relation heap, VpManifest *manifest)
{
	union
	{
		VpManifestPage page;
		char		data[VP_PAGE_ROOM];
	}			room;
	BlockNumber block = vp_pool_take_page(store, heap);
	int			done = 0;

	manifest->first = block;
	while (block != 0)
	{
		int			n = Min(manifest->nruns - done, VP_MANIFEST_RUNS);

		memset(&room, 0, sizeof(room));
		room.page.head.use = VP_POOL_MANIFEST;
		room.page.generation = manifest->generation;
		room.page.recent_first = manifest->recent_first;
		room.page.runs_here = n;
		memcpy(room.page.runs, manifest->runs + done, n * sizeof(VpRun));
		done += n;
		room.page.head.next = done < manifest->nruns ? vp_pool_take_page(store, heap) : 0;
		vp_pool_write(store, block, &room);
		manifest->last = block;
		block = room.page.head.next;
	}
}

void
vp_manifest_use(const VpStore *store, const VpManifest *manifest, uint32 recent_fewer)
{
	Buffer		metabuf = vp_store_read(store, VP_META_BLOCK);
	VpMeta	   *meta = VpPageGetMeta(BufferGetPage(metabuf));
	uint32		words[3];
	VpChange	change;

	StaticAssertStmt(offsetof(VpPool, recent_pages) == offsetof(VpPool, manifest) + 8,
					 "manifest and recent pages are one patch");
	LockBuffer(metabuf, BUFFER_LOCK_EXCLUSIVE);
	words[0] = manifest->first;
	words[1] = meta->pool.recent_last;
	words[2] = meta->pool.recent_pages - recent_fewer;
	vp_change_begin(&change, VP_WAL_RUNS);
	vp_change_page(&change, metabuf);
	vp_change_words(&change, &meta->pool.manifest, words, lengthof(words));
	vp_change_apply(&change, store->rel, store->wal);
	UnlockReleaseBuffer(metabuf);
}
