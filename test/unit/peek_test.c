/*
 * A peek while its buffer is given to other pages: whatever the server does in between two reads of the peek, it
 * takes no page for another one, nor, on a standby, one of zeroes for one that redo has filled.
 *
 * The server's work is cut into the steps of page/README.md, "What a peek may conclude". All ways are tried to
 * have some of them happen at each read barrier of the peek, and between two words that it reads of the page.
 */
#include "server.h"

#include "port/atomics.h"

static void pass(void);

#undef pg_read_barrier
#define pg_read_barrier() pass()

#include "page/peek.h"
#include "unit.h"

#if VP_SERVER_INTERNALS

#define WORDS		2
#define PAGES		2
#define MAX_STEPS	30
#define MAX_PASSES	12

BufferDescPadded *BufferDescriptors;
const char *vp_window;
uint32	   *vp_hints;
uint32		vp_hint_mask;

static BufferDescPadded desc;
static uint32 page[BLCKSZ / sizeof(uint32)];
static uint32 hints[4];
static VpPeekRel rel[PAGES];

/*----------
 * The server
 *----------
 */

typedef enum
{
	CHANGE_STATE,				/* bits are cleared, others are set */
	CHANGE_TAG,					/* a word */
	CHANGE_LOCK,				/* the page's, to exclusive or free */
	CHANGE_PAGE					/* a word */
} StepKind;

typedef struct Step
{
	StepKind	kind;
	VpBufferState clear;
	VpBufferState set;
	int			word;
	uint32		value;
} Step;

static Step steps[MAX_STEPS];
static int	nsteps;

static Step *
add(StepKind kind)
{
	if (nsteps == MAX_STEPS)
		abort();
	memset(&steps[nsteps], 0, sizeof(Step));
	steps[nsteps].kind = kind;
	return &steps[nsteps++];
}

static void
add_state(VpBufferState clear, VpBufferState set)
{
	Step	   *step = add(CHANGE_STATE);

	step->clear = clear;
	step->set = set;
}

static void
add_words(StepKind kind, const uint32 *words, int n)
{
	for (int i = 0; i < n; i++)
	{
		Step	   *step = add(kind);

		step->word = i;
		step->value = words[i];
	}
}

static BlockNumber
block_of(int n)
{
	return 100 + n;
}

/* The buffer is given to a page: read from the disk, or as redo makes it. */
static void
add_handover(int n, bool redo)
{
	BufferTag	tag = rel[n].tag;
	uint32		words[WORDS] = {block_of(n), block_of(n)};
	uint32		zeroes[WORDS] = {0};

	tag.blockNum = block_of(n);
	add_state(0, BM_LOCKED);
	add_words(CHANGE_TAG, (uint32 *) &tag, sizeof(tag) / sizeof(uint32));
	add_state(BM_LOCKED | BM_VALID, BM_TAG_VALID);
	add_words(CHANGE_PAGE, redo ? zeroes : words, WORDS);
	if (redo)
		add(CHANGE_LOCK)->value = true;
	add_state(0, BM_VALID);
	if (redo)
	{
		add_words(CHANGE_PAGE, words, WORDS);
		add(CHANGE_LOCK)->value = false;
	}
}

static void
change_state(VpBufferState clear, VpBufferState set)
{
	VpBufferState old = VpBufferStateRead(&desc.bufferdesc);

	(void) VpBufferStateExchange(&desc.bufferdesc, &old, (old & ~clear) | set);
}

static void
change_lock(bool locked)
{
#ifdef VP_LOCKED_EXCLUSIVE
	pg_atomic_write_u32(&desc.bufferdesc.content_lock.state, locked ? VP_LOCKED_EXCLUSIVE : 0);
#else
	change_state(BM_LOCK_VAL_EXCLUSIVE, locked ? BM_LOCK_VAL_EXCLUSIVE : 0);
#endif
}

static void
do_step(const Step *step)
{
	switch (step->kind)
	{
		case CHANGE_STATE:
			change_state(step->clear, step->set);
			break;
		case CHANGE_TAG:
			((uint32 *) &desc.bufferdesc.tag)[step->word] = step->value;
			break;
		case CHANGE_LOCK:
			change_lock(step->value);
			break;
		case CHANGE_PAGE:
			page[step->word] = step->value;
			break;
	}
}

/*----------
 * A peek, and when the server's steps happen
 *----------
 */

/* At the n-th moment of a peek this many steps have happened: never fewer than before. */
static int	schedule[MAX_PASSES];
static int	npasses;
static int	ndone;

static void
pass(void)
{
	if (npasses == MAX_PASSES)
		abort();
	while (ndone < schedule[npasses])
		do_step(&steps[ndone++]);
	npasses++;
}

/* Peeks at page n while that happens. The number of words that were of another one, -1: no peek. */
static int
peek_at(int n)
{
	BufferDesc *found;
	int			wrong = 0;

	memset(&desc, 0, sizeof(desc));
	npasses = ndone = 0;
	pass();
	found = vp_peek(&rel[n], block_of(n), 1);
	if (found == NULL)
		return -1;
	for (int i = 0; i < WORDS; i++)
	{
		wrong += ((volatile uint32 *) page)[i] != block_of(n);
		pass();
	}
	return vp_peek_done(&rel[n], block_of(n), found) ? wrong : -1;
}

/* The next schedule; only moments up to the last that the peek came to matter. False: that was the last. */
static bool
next_schedule(void)
{
	int			at = npasses - 1;

	while (at >= 0 && schedule[at] == nsteps)
		at--;
	if (at < 0)
		return false;
	schedule[at]++;
	for (int i = at + 1; i < MAX_PASSES; i++)
		schedule[i] = schedule[at];
	return true;
}

/* Peeks at page n, in all ways. */
static void
try_all(const char *name, int n)
{
	long		good = 0;
	long		wrong = 0;

	memset(schedule, 0, sizeof(schedule));
	do
	{
		int			found = peek_at(n);

		good += found >= 0;
		wrong += found > 0;
	} while (next_schedule());
	VP_CHECK(good > 0, "%s: page %d: no peek is good", name, n);
	VP_CHECK(wrong == 0, "%s: page %d: of %ld good peeks %ld saw another page", name, n, good, wrong);
}

/* A buffer that had no page is given to one, then to another one. */
static void
test_handovers(const char *name, bool redo)
{
	nsteps = 0;
	for (int n = 0; n < PAGES; n++)
	{
		rel[n].standby = redo;
		add_handover(n, redo);
	}
	for (int n = 0; n < PAGES; n++)
		try_all(name, n);
}

int
main(void)
{
	BufferDescriptors = &desc;
	vp_window = (const char *) page;
	vp_hints = hints;
	vp_hint_mask = lengthof(hints) - 1;
	for (int n = 0; n < PAGES; n++)
	{
		memset(&rel[n].tag, 1 + n, sizeof(BufferTag));
		rel[n].enabled = true;
	}
	test_handovers("primary", false);
	test_handovers("standby", true);
	return vp_unit_report();
}

#else

int
main(void)
{
	return vp_unit_report();
}

#endif
