/*-------------------------------------------------------------------------
 *
 * zones.c
 *	  The zones of this server; see zones.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <ctype.h>

#include "common/hashfn.h"

#include "base/affinity.h"
#include "base/zones.h"

#define MAX_ZONES	64

typedef struct Zone
{
	char		name[NAMEDATALEN];
	VpCpus		cpus;
	bool		reserved;
} Zone;

static Zone zones[MAX_ZONES];
static int	nzones;
static bool any_reserved;

static const char *
skip_blanks(const char *p)
{
	while (isspace((unsigned char) *p))
		p++;
	return p;
}

/* A number below VP_MAX_CPUS; NULL: there is none. */
static const char *
read_cpu(const char *p, uint32 *cpu)
{
	p = skip_blanks(p);
	if (!isdigit((unsigned char) *p))
		return NULL;
	for (*cpu = 0; isdigit((unsigned char) *p); p++)
	{
		*cpu = *cpu * 10 + (uint32) (*p - '0');
		if (*cpu >= VP_MAX_CPUS)
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
			zone->cpus.words[cpu / 64] |= UINT64CONST(1) << cpu % 64;
		if (*p != ',')
			return p;
		p++;
	}
}

/* "reserved", if that is next. */
static const char *
read_reserved(const char *p, Zone *zone)
{
	static const char word[] = "reserved";

	zone->reserved = strncmp(p, word, strlen(word)) == 0;
	return zone->reserved ? skip_blanks(p + strlen(word)) : p;
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

/* What zones reserve; true: something. */
static bool
get_reserved(const Zone *list, int n, VpCpus *reserved)
{
	bool		any = false;

	memset(reserved, 0, sizeof(*reserved));
	for (int i = 0; i < n; i++)
	{
		any |= list[i].reserved;
		for (int word = 0; list[i].reserved && word < (int) lengthof(reserved->words); word++)
			reserved->words[word] |= list[i].cpus.words[word];
	}
	return any;
}

/* Is a reserved processor in two zones? */
static bool
is_shared(const Zone *list, int n)
{
	for (int i = 0; i < n; i++)
		for (int j = 0; list[i].reserved && j < n; j++)
			for (int word = 0; j != i && word < (int) lengthof(list[i].cpus.words); word++)
				if ((list[i].cpus.words[word] & list[j].cpus.words[word]) != 0)
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
		*detail = "Zones look like this: a=0-7; b=8-15,24 reserved.";
		p = read_name(p, &list[n]);
		if (p == NULL || (p = read_cpus(p, &list[n])) == NULL)
			return -1;
		p = read_reserved(p, &list[n]);
		if (*p != ';' && *p != '\0')
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
vp_zones_check(const char *value, bool may_reserve, const char **detail)
{
	Zone		list[MAX_ZONES];
	int			n = value == NULL ? 0 : parse(value, list, detail);
	VpCpus		reserved;

	if (n < 0)
		return false;
	if (!get_reserved(list, n, &reserved))
		return true;
	*detail = "Processors can be reserved only if vecprov.server_internals is on.";
	if (!may_reserve)
		return false;
	*detail = "A reserved processor can be in one zone only.";
	if (is_shared(list, n))
		return false;
	*detail = vp_affinity_refusal(&reserved);
	return *detail == NULL;
}

void
vp_zones_assign(const char *value, bool may_reserve)
{
	const char *detail;
	VpCpus		reserved;

	nzones = value == NULL ? 0 : Max(parse(value, zones, &detail), 0);
	for (int i = 0; i < nzones; i++)
		zones[i].reserved &= may_reserve;
	any_reserved = get_reserved(zones, nzones, &reserved);
	vp_affinity_assign(&reserved, nzones == 0 ? 0 :
					   hash_bytes_extended((const unsigned char *) value, strlen(value), 0));
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

bool
vp_zone_is_reserved(int zone)
{
	return zone >= 0 && zones[zone].reserved;
}

bool
vp_zones_reserve(void)
{
	return any_reserved;
}

bool
vp_zone_bind(int zone)
{
	return vp_affinity_bind(zone < 0 ? NULL : &zones[zone].cpus);
}

bool
vp_zone_enter(int zone)
{
	return vp_zone_is_reserved(zone) && vp_affinity_enter(&zones[zone].cpus);
}
