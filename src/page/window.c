/*-------------------------------------------------------------------------
 *
 * window.c
 *	  A second mapping of shared buffers, made of huge pages where there is need.
 *
 * A process maps shared memory page by page, as it touches it: the first search
 * of a connection takes a thousand page faults.  Linux can make huge pages of
 * small ones at any time, whatever its settings for new ones are
 * (MADV_COLLAPSE,
 * 6.1), and a fault then maps 2 MB.  But only where addresses and the memory's
 * own offsets agree in what is left of them by 2 MB, and the server does not
 * see to that for its shared memory.  So it is mapped once more, at an address
 * that we choose.
 *
 * Each process maps the window itself when it first opens an index.  The
 * postmaster does not: it would leave the mapping to every process that it
 * forks.  The logging collector detaches shared memory but knows nothing of the
 * window, and outlives a crash of the others: their old shared memory could not
 * be freed.
 *
 * Where the server has huge pages of its own accord there is no need.  Where
 * they are not wanted (huge_pages = off), or this does not work, the window is
 * shared buffers as they are, and no region of it is ever wide.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <inttypes.h>
#include <sys/mman.h>
#include <unistd.h>

#include "storage/buf_internals.h"
#include "storage/bufmgr.h"
#include "storage/pg_shmem.h"
#include "storage/shmem.h"
#include "utils/timestamp.h"

#include "base/settings.h"
#include "page/window.h"

/*
 * As much as a huge page maps, where small ones are of 4 kB; on other machines
 * nothing is wide.
 */
#define REGION		((uintptr_t) 2 * 1024 * 1024)
#define SMALL_PAGE	4096

/* Microseconds between two passes over all regions. */
#define PAUSE		USECS_PER_SEC

/*
 * How often it is tried to make a region wide: a page in use just then makes it
 * fail, or that there is no huge page to be had.
 */
#define MAX_TRIES	5
#define WIDE		(MAX_TRIES + 1)

/* Regions that are made wide before they are used. */
#define AHEAD		16

/* Since Linux 6.1; C libraries have the name later. */
#if defined(__linux__) && !defined(MADV_COLLAPSE)
#define MADV_COLLAPSE 25
#endif

const char *vp_window = NULL;

/*
 * In shared memory: of each region, from that of the first buffer on, how often
 * it was tried.
 */
static volatile uint8 *tries;

/* The window is still to be mapped in this process. */
bool		vp_window_is_due = false;

#ifdef MADV_COLLAPSE
/* Shared memory's own mapping, as the postmaster found it. */
static uintptr_t memory;
static unsigned long memory_offset; /* of its first byte in what is mapped */

static char *mapped = NULL;		/* the window, with what lies around shared
								 * buffers */
static Size mapped_size;
#endif

/* The number of a buffer's region. */
static int
region_of(Buffer buffer)
{
	return (uintptr_t) vp_window_page(buffer) / REGION - (uintptr_t) vp_window / REGION;
}

Size
vp_window_size(void)
{
	return vp_server_internals ? (Size) NBuffers * BLCKSZ / REGION + 2 : 0;
}

bool
vp_window_is_wide(Buffer buffer)
{
	return tries[region_of(buffer)] == WIDE;
}

#ifdef MADV_COLLAPSE

static char *
region_start(int region)
{
	return (char *) TYPEALIGN_DOWN(REGION, vp_window) + region * REGION;
}

/*
 * Shared memory's line in the list of this process's mappings: where it is,
 * from what offset of its memory on, and is it made of huge pages?
 */
static bool
find_memory(uintptr_t *start, uintptr_t *end, unsigned long *offset, bool *huge)
{
	FILE	   *maps = fopen("/proc/self/maps", "r");
	char		line[MAXPGPATH];
	bool		found = false;

	while (maps != NULL && !found && fgets(line, sizeof(line), maps) != NULL)
		found = sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %*s %lx", start, end, offset) == 3 &&
			*start <= (uintptr_t) BufferBlocks && (uintptr_t) BufferBlocks < *end;
	if (maps != NULL)
		(void) fclose(maps);
	*huge = found && strstr(line, "hugepage") != NULL;
	return found;
}

/*
 * In the postmaster: notes what processes need to know to map the window.
 * Where shared memory is made of huge pages, all regions of it are wide
 * instead.
 */
static void
prepare_window(void)
{
	uintptr_t	end;
	bool		huge;

	if (!find_memory(&memory, &end, &memory_offset, &huge) ||
		end < (uintptr_t) BufferBlocks + (Size) NBuffers * BLCKSZ)
		return;
	mapped_size = end - memory;
	if (huge)
		memset(unvolatize(uint8 *, tries), WIDE, vp_window_size());
	else
		vp_window_is_due = true;
}

/*
 * Maps shared memory again, for reading, where addresses and offsets agree.
 * The kernel finds room for a region more than that, and the window takes its
 * place in one step: nothing that another thread maps can come between.
 */
void
vp_window_open(void)
{
	Size		room_size = mapped_size + REGION;
	char	   *room;
	char	   *start;

	vp_window_is_due = false;
	room = mmap(NULL, room_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (room == MAP_FAILED)
		return;
	start = (char *) TYPEALIGN(REGION, room) + memory_offset % REGION;
	if (start + mapped_size > room + room_size)
		start -= REGION;
	/* an old size of 0: the old mapping stays */
	if (mremap((void *) memory, 0, mapped_size, MREMAP_MAYMOVE | MREMAP_FIXED, start) == MAP_FAILED)
	{
		(void) munmap(room, room_size);
		return;
	}
	if (start > room)
		(void) munmap(room, start - room);
	if (start + mapped_size < room + room_size)
		(void) munmap(start + mapped_size, room + room_size - (start + mapped_size));
	(void) mprotect(start, mapped_size, PROT_READ);
	(void) madvise(start, mapped_size, MADV_DONTDUMP);
	mapped = start;
	vp_window = mapped + ((uintptr_t) BufferBlocks - memory);
}

/* Is it all in the window, and a part of shared buffers? */
static bool
is_whole(int region)
{
	char	   *start = region_start(region);

	return start >= mapped && start + REGION <= mapped + mapped_size &&
		start < vp_window + (Size) NBuffers * BLCKSZ;
}

/*
 * Is the region in use, or soon?  Buffers that nobody has used come one after
 * another, and to widen a region that is empty is quick, and keeps nobody
 * waiting.
 */
static bool
is_due(int region)
{
	int			first = region <= AHEAD ? 0 : (region_start(region - AHEAD) - vp_window) / BLCKSZ;

	return (VpBufferStateRead(GetBufferDescriptor(first)) & BM_TAG_VALID) != 0;
}

bool
vp_window_widen(void)
{
	static int	next = 0;
	static TimestampTz not_before = 0;
	TimestampTz now = GetCurrentTimestamp();

	if (!vp_window_enter() || now < not_before)
		return false;
	for (; is_whole(next) && is_due(next); next++)
	{
		if (tries[next] >= MAX_TRIES)
			continue;
		if (madvise(region_start(next), REGION, MADV_COLLAPSE) == 0)
			tries[next] = WIDE;
		else
			tries[next]++;
		next++;
		return true;
	}
	not_before = now + PAUSE;
	next = 0;
	return false;
}

#else

static void
prepare_window(void)
{
}

void
vp_window_open(void)
{
}

bool
vp_window_widen(void)
{
	return false;
}

#endif

/* Anew when the server starts again after a crash. */
void
vp_window_startup(void)
{
	bool		found;

	vp_window = BufferBlocks;
	vp_window_is_due = false;
	if (!vp_server_internals)
		return;
	tries = ShmemInitStruct("vecprov window", vp_window_size(), &found);
	memset(unvolatize(uint8 *, tries), 0, vp_window_size());
	if (huge_pages != HUGE_PAGES_OFF && sysconf(_SC_PAGESIZE) == SMALL_PAGE)
		prepare_window();
}
