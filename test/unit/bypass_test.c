/*
 * A page is read past shared buffers while others load it, change it, write it out in two pieces and give its
 * buffer away, again and again: what comes back is the page as it was at a moment of the call, never a mix of
 * two states, nor one that was over when the call began. That holds, too, for a page that is kept and used again.
 *
 * What others do is cut into steps. All ways are tried to have some of them happen at each read barrier of the
 * read, before it looks at the mapping, and before, between and after the two words that it reads of the file.
 */
#include "server.h"

#include "port/atomics.h"

static void pass(void);

#undef pg_read_barrier
#define pg_read_barrier() pass()

#include "page/change_counter.c"
#include "page/bypass.c"
#include "unit.h"

#if VP_SERVER_INTERNALS

#define STEPS		10
#define CALLS		2
#define MAX_PASSES	24
#define BLOCK		77

bool		vp_server_internals = true;
bool		vp_debug_points = false;
LWLockPadded *MainLWLockArray;
BufferDescPadded *BufferDescriptors;

static LWLockPadded locks[NUM_INDIVIDUAL_LWLOCKS + NUM_BUFFER_PARTITIONS];
static BufferDescPadded desc;
static pg_atomic_uint32 counters[VP_CHANGE_COUNTERS];

/*----------
 * The server
 *----------
 */

/* The states of the page are numbered; a state is the same number in both words. */
static uint32 file[2];
static uint32 buffer_state;		/* as it is in shared buffers, or was at last */
static bool buffered;
static bool locked;				/* by who changes it */

static int	steps_done;

/* One turn: the page is loaded, changed, written out word by word, and its buffer given away. */
static void
step(void)
{
	switch (steps_done++ % 6)
	{
		case 0:
			buffered = true;
			break;
		case 1:
			locked = true;
			buffer_state++;
			break;
		case 2:
			vp_mark_dirty(1);
			locked = false;
			break;
		case 3:
			file[0] = buffer_state;
			break;
		case 4:
			file[1] = buffer_state;
			break;
		case 5:
			buffered = false;
			break;
	}
}

/* How many steps happen at each moment where some can; how many such moments there were. */
static int	wanted[MAX_PASSES];
static int	npasses;

static void
pass(void)
{
	if (npasses == MAX_PASSES)
		abort();
	for (int i = 0; i < wanted[npasses] && steps_done < STEPS; i++)
		step();
	npasses++;
}

void *
ShmemInitStruct(const char *name, Size size, bool *found)
{
	*found = false;
	return counters;
}

void
MarkBufferDirty(Buffer buffer)
{
}

uint32
vp_peek_hash(const BufferTag *tag)
{
	return 0;
}

uint32
BufTableHashCode(BufferTag *tag)
{
	return 0;
}

bool
LWLockAcquire(LWLock *lock, LWLockMode mode)
{
	pass();
	return true;
}

void
LWLockRelease(LWLock *lock)
{
}

int
BufTableLookup(BufferTag *tag, uint32 hash)
{
	return buffered ? 0 : -1;
}

/* Not asked: no page is brought into shared buffers but by the steps. */
bool
vp_buffer_is_free(void)
{
	return false;
}

bool
vp_store_has(const VpStore *store, BlockNumber block)
{
	return true;
}

void
vp_store_read_file(const VpStore *store, BlockNumber block, char *page)
{
	uint32	   *words = (uint32 *) page;

	pass();
	words[0] = file[0];
	pass();
	words[1] = file[1];
	pass();
}

bool
PageIsVerifiedExtended(Page page, BlockNumber block, int flags)
{
	return true;
}

#if PG_VERSION_NUM >= 180000
bool
PageIsVerified(PageData * page, BlockNumber block, int flags, bool *failed)
{
	return true;
}
#endif

VpPageKind
vp_block_kind(const VpGeometry *geo, BlockNumber block, uint32 *number)
{
	*number = 0;
	return VP_PAGE_NODE;
}

VpPageFault
vp_page_fault(Page page, BlockNumber block, VpPageKind kind, uint32 number)
{
	return VP_PAGE_SOUND;
}

void
vp_debug_point(const char *name)
{
}

/*----------
 * The tests
 *----------
 */

static VpStore store;
static long ngood[CALLS];
static long nwrong;
static long nkept;				/* pages that were not read again */

static void
begin(void)
{
	memset(counters, 0, sizeof(counters));
	memset(&store, 0, sizeof(store));
	store.peek.enabled = true;
	vp_bypass_enable(&store);
	file[0] = file[1] = buffer_state = 1;
	buffered = locked = false;
	steps_done = 0;
	npasses = 0;
	asked = 0;
}

/* The last state that nobody is in the middle of making. */
static uint32
finished_state(void)
{
	return buffer_state - (locked ? 1 : 0);
}

static void
call(int n)
{
	uint32		first;
	uint64		made = last_made;
	const uint32 *words;

	pass();
	first = finished_state();
	words = (const uint32 *) vp_bypass_read(&store, BLOCK);
	if (words == NULL)
		return;
	ngood[n]++;
	nkept += made == last_made;
	if (words[0] != words[1] || words[0] < first || words[0] > buffer_state)
		nwrong++;
}

/* The next of all ways to distribute the steps among the moments that there were; false: that was the last. */
static bool
next_way(void)
{
	for (int i = npasses - 1; i >= 0; i--)
	{
		int			sum = 0;

		wanted[i]++;
		for (int j = 0; j <= i; j++)
			sum += wanted[j];
		if (sum <= STEPS)
			return true;
		wanted[i] = 0;
	}
	return false;
}

static void
test_all_ways(void)
{
	memset(wanted, 0, sizeof(wanted));
	do
	{
		begin();
		for (int n = 0; n < CALLS; n++)
			call(n);
		memset(wanted + npasses, 0, sizeof(int) * (MAX_PASSES - npasses));
	} while (next_way());
	VP_CHECK(ngood[0] > 100 && ngood[1] > 100, "pages come back: %ld, %ld", ngood[0], ngood[1]);
	VP_CHECK(nkept > 100, "pages that are kept are used again: %ld", nkept);
	VP_CHECK(nwrong == 0, "%ld pages are of no moment of the call", nwrong);
}

/* Pages of an earlier search are not used; one of some is brought into shared buffers. */
static void
test_begin_and_admission(void)
{
	uint64		made;
	int			none = 0;

	memset(wanted, 0, sizeof(wanted));
	begin();
	(void) vp_bypass_read(&store, BLOCK);
	npasses = 0;
	made = last_made;
	VP_CHECK(vp_bypass_read(&store, BLOCK) != NULL && last_made == made, "a page is kept");
	vp_bypass_enable(&store);
	for (int i = 0; i < 8 * VP_BYPASS_ADMIT; i++)
	{
		npasses = 0;
		none += vp_bypass_read(&store, BLOCK + FRAMES * i) == NULL;
	}
	VP_CHECK(last_made == made + 7 * VP_BYPASS_ADMIT, "%ld were read for a new search", (long) (last_made - made));
	VP_CHECK(none == 8, "%d of %d shall go into shared buffers", none, 8 * VP_BYPASS_ADMIT);
}

int
main(void)
{
	MainLWLockArray = locks;
	BufferDescriptors = &desc;
	desc.bufferdesc.tag.blockNum = BLOCK;
	vp_change_counter_startup();
	test_all_ways();
	test_begin_and_admission();
	return vp_unit_report();
}

#else

int
main(void)
{
	return 0;
}

#endif
