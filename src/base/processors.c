/*-------------------------------------------------------------------------
 *
 * processors.c
 *	  How many processors the server may use; see processors.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <sched.h>
#include <unistd.h>

#include "miscadmin.h"
#include "storage/fd.h"

#include "base/affinity.h"
#include "base/processors.h"

/* Where control groups are, of version 2, and the processors' of version 1. */
#define CGROUP2		"/sys/fs/cgroup"
#define CGROUP1		"/sys/fs/cgroup/cpu"

/*
 * Those of the postmaster, whose children inherit them: workers may be bound to
 * less.  What is reserved it has not.
 */
static double
in_mask(void)
{
#ifdef __linux__
	cpu_set_t	set;

	if (sched_getaffinity(IsUnderPostmaster ? PostmasterPid : 0, sizeof(set), &set) == 0)
		return CPU_COUNT(&set) + vp_affinity_reserved();
#endif
	return Max(sysconf(_SC_NPROCESSORS_ONLN), 1);
}

/* The first two words of a file, if there are so many; false: it is not there, or empty. */
static bool
read_words(const char *path, char *first, char *second)
{
	FILE	   *file = fopen(path, "r");
	int			n = 0;

	if (file == NULL)
		return false;
	n = fscanf(file, "%31s %31s", first, second);
	fclose(file);
	return n >= 1;
}

/* The quota of a group's directory as a number of processors; 0: none. */
static double
quota_of(const char *directory)
{
	char		path[MAXPGPATH + 32];
	char		quota[32] = "";
	char		period[32] = "";
	char		none[32];

	snprintf(path, sizeof(path), "%s/cpu.max", directory);
	if (!read_words(path, quota, period))
	{
		snprintf(path, sizeof(path), "%s/cpu.cfs_quota_us", directory);
		if (!read_words(path, quota, period))
			return 0;
		snprintf(path, sizeof(path), "%s/cpu.cfs_period_us", directory);
		if (!read_words(path, period, none))
			return 0;
	}
	/* "max", or -1: there is none */
	return atof(quota) > 0 && atof(period) > 0 ? atof(quota) / atof(period) : 0;
}

/* The least of a group and all that it is in. */
static double
least_quota(const char *root, const char *group, double least)
{
	char		path[MAXPGPATH];
	char	   *end;

	snprintf(path, sizeof(path), "%s%s", root, group);
	for (;;)
	{
		double		quota = quota_of(path);

		if (quota > 0)
			least = Min(least, quota);
		end = strrchr(path, '/');
		if (end == NULL || strlen(path) <= strlen(root))
			return least;
		*end = '\0';
	}
}

double
vp_processors(void)
{
	double		processors = in_mask();
	FILE	   *file = fopen("/proc/self/cgroup", "r");
	char		line[MAXPGPATH];

	/* number:controllers:group */
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
	{
		char	   *controllers = strchr(line, ':');
		char	   *group = controllers != NULL ? strchr(controllers + 1, ':') : NULL;

		if (group == NULL)
			continue;
		*group++ = '\0';
		group[strcspn(group, "\n")] = '\0';
		if (controllers[1] == '\0')
			processors = least_quota(CGROUP2, group, processors);
		else if (strstr(controllers, "cpu,") != NULL || strstr(controllers, ":cpu") != NULL)
			processors = least_quota(CGROUP1, group, processors);
	}
	if (file != NULL)
		fclose(file);
	return Max(processors, 0.01);
}
