/*-------------------------------------------------------------------------
 *
 * zones.c
 *	  The zones of this server; see zones.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>
#include <errno.h>
#include <sched.h>

#include "base/zones.h"

#define MAX_ZONES	64

typedef struct Zone
{
	char		name[NAMEDATALEN];
	uint64		cpus[16];		/* a bit each */
} Zone;

#define MAX_CPUS	((int) sizeof(((Zone *) NULL)->cpus) * 8)

static Zone zones[MAX_ZONES];
static int	nzones;

static const char *
skip_blanks(const char *p)
{
	while (isspace((unsigned char) *p))
		p++;
	return p;
}

/* A number below MAX_CPUS; NULL: there is none. */
static const char *
read_cpu(const char *p, uint32 *cpu)
{
	p = skip_blanks(p);
	if (!isdigit((unsigned char) *p))
		return NULL;
	for (*cpu = 0; isdigit((unsigned char) *p); p++)
	{
		*cpu = *cpu * 10 + (uint32) (*p - '0');
		if (*cpu >= MAX_CPUS)
			return NULL;
	}
	return skip_blanks(p);
}

/* "0-3,8": to what follows; NULL: it is none. */
static const char *
read_cpus(const char *p, Zone *zone)
{
	for (;;)
	{
		uint32		first;
		uint32		last;

		p = read_cpu(p, &first);
		if (p == NULL)
			return NULL;
		last = first;
		if (*p == '-' && (p = read_cpu(p + 1, &last)) == NULL)
			return NULL;
		if (last < first)
			return NULL;
		for (uint32 cpu = first; cpu <= last; cpu++)
			zone->cpus[cpu / 64] |= UINT64CONST(1) << cpu % 64;
		if (*p != ',')
			return p;
		p++;
	}
}

/* "a="; NULL: it is none. */
static const char *
read_name(const char *p, Zone *zone)
{
	int			n = 0;

	for (; isalnum((unsigned char) *p) || *p == '_' || *p == '-'; p++)
		if (n < NAMEDATALEN - 1)
			zone->name[n++] = *p;
	p = skip_blanks(p);
	return n > 0 && *p == '=' ? p + 1 : NULL;
}

static bool
is_known(const Zone *list, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (strcmp(list[i].name, name) == 0)
			return true;
	return false;
}

/* Returns how many zones there are; -1: something is wrong. */
static int
parse(const char *value, Zone *list, const char **detail)
{
	const char *p = skip_blanks(value);
	int			n = 0;

	while (*p != '\0')
	{
		if (n == MAX_ZONES)
		{
			*detail = "There are too many zones.";
			return -1;
		}
		memset(&list[n], 0, sizeof(Zone));
		*detail = "Zones look like this: a=0-7; b=8-15,24.";
		p = read_name(p, &list[n]);
		if (p == NULL || (p = read_cpus(p, &list[n])) == NULL || (*p != ';' && *p != '\0'))
			return -1;
		if (is_known(list, n, list[n].name))
		{
			*detail = "Two zones have the same name.";
			return -1;
		}
		n++;
		if (*p == ';')
			p = skip_blanks(p + 1);
	}
	return n;
}

bool
vp_zones_check(const char *value, const char **detail)
{
	Zone		list[MAX_ZONES];

	return value == NULL || parse(value, list, detail) >= 0;
}

void
vp_zones_assign(const char *value)
{
	const char *detail;

	nzones = value == NULL ? 0 : Max(parse(value, zones, &detail), 0);
}

int
vp_zone_of(unsigned int index, int replica)
{
	if (nzones == 0)
		return -1;
	/* not all indexes begin with the same zone */
	return (index % nzones + replica % Min(nzones, VP_INDEX_ZONES)) % nzones;
}

const char *
vp_zone_name(int zone)
{
	return zones[zone].name;
}

#ifdef __linux__

bool
vp_zone_bind(int zone)
{
	static cpu_set_t all;
	static bool bound = false;
	cpu_set_t	set;

	if (!bound && (zone < 0 || sched_getaffinity(0, sizeof(all), &all) != 0))
		return zone < 0;
	bound = true;
	if (zone < 0)
		return sched_setaffinity(0, sizeof(all), &all) == 0;
	CPU_ZERO(&set);
	for (int cpu = 0; cpu < Min(MAX_CPUS, CPU_SETSIZE); cpu++)
		if (zones[zone].cpus[cpu / 64] >> cpu % 64 & 1)
			CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) == 0;
}

#else

bool
vp_zone_bind(int zone)
{
	errno = ENOSYS;
	return zone < 0;
}

#endif
