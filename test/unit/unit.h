/*-------------------------------------------------------------------------
 *
 * unit.h
 *	  What the plain C tests share: counted checks and repeatable chance.
 *
 * A test program is one .c file: it calls VP_CHECK as often as it likes and
 * ends with `return vp_unit_report();`.  The last line printed tells how many
 * checks held; the exit status is 1 when one did not.
 *
 *-------------------------------------------------------------------------
 */
#ifndef VP_UNIT_H
#define VP_UNIT_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

static long vp_unit_passed;
static long vp_unit_failed;

/*
 * Counts a check; one that fails is printed with its place and the message, a
 * printf format with its arguments.  Only the first failures are printed.
 */
#define VP_CHECK(condition, ...) \
	do { \
		if (condition) \
			vp_unit_passed++; \
		else if (vp_unit_failed++ < 50) \
		{ \
			printf("%s:%d: failed: %s: ", __FILE__, __LINE__, #condition); \
			printf(__VA_ARGS__); \
			printf("\n"); \
		} \
	} while (0)

/* Prints the last line and gives the exit status. */
static inline int
vp_unit_report(void)
{
	printf("%ld passed, %ld failed\n", vp_unit_passed, vp_unit_failed);
	return vp_unit_failed > 0;
}

/* The next number of a sequence (SplitMix64), the same on every machine. */
static inline uint64_t
vp_unit_random(uint64_t *state)
{
	uint64_t	z = (*state += UINT64_C(0x9E3779B97F4A7C15));

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

/* Uniform in [0, 1). */
static inline double
vp_unit_uniform(uint64_t *state)
{
	return (double) (vp_unit_random(state) >> 11) / 9007199254740992.0;
}

/* Normal, mean 0 and variance 1. */
static inline double
vp_unit_gauss(uint64_t *state)
{
	double		radius = sqrt(-2.0 * log(1.0 - vp_unit_uniform(state)));

	return radius * cos(6.283185307179586 * vp_unit_uniform(state));
}

#endif							/* VP_UNIT_H */
