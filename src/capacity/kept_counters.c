/*-------------------------------------------------------------------------
 *
 * kept_counters.c
 *	  Counters in shared memory that survive a clean restart; see kept_counters.h.
 *
 * Versions before 18 keep no statistics of extensions.  This is done as
 * pg_stat_statements does it: the file is written at a clean shutdown, and
 * removed when it is read, so that after a crash there is none that is older
 * than the crash.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include <unistd.h>

#include "miscadmin.h"
#include "pgstat.h"
#include "storage/fd.h"
#include "storage/ipc.h"

#include "capacity/kept_counters.h"

#define KEPT_FILE	PGSTAT_STAT_PERMANENT_DIRECTORY "/vecprov_%s.stat"

/* Kinds of counters. */
#define MAX_KINDS	4

/* Of the file's begin: another library's file is not read. */
#define KEPT_MAGIC	"vecprov " VP_VERSION " 1"

struct VpKeeping
{
	FILE	   *file;
	bool		failed;
};

typedef struct Kind
{
	const char *name;
	VpKeepCall	write;
} Kind;

static Kind kinds[MAX_KINDS];
static int	nkinds;

void
vp_keep(VpKeeping *file, const void *piece, Size size)
{
	if (!file->failed && fwrite(piece, size, 1, file->file) != 1)
		file->failed = true;
}

bool
vp_kept(VpKeeping *file, void *piece, Size size)
{
	return fread(piece, size, 1, file->file) == 1;
}

/* A callback of on_shmem_exit.  Not after a crash: then counters may be anything. */
static void
write_file(int code, Datum arg)
{
	const Kind *kind = &kinds[DatumGetInt32(arg)];
	VpKeeping	file = {0};
	char		path[MAXPGPATH];
	char		draft[MAXPGPATH + 4];
	bool		closed;

	if (code != 0 || IsUnderPostmaster)
		return;
	snprintf(path, sizeof(path), KEPT_FILE, kind->name);
	snprintf(draft, sizeof(draft), "%s.tmp", path);
	file.file = AllocateFile(draft, PG_BINARY_W);
	if (file.file != NULL)
	{
		vp_keep(&file, KEPT_MAGIC, sizeof(KEPT_MAGIC));
		kind->write(&file);
		closed = FreeFile(file.file) == 0;
		if (closed && !file.failed)
		{
			(void) durable_rename(draft, path, LOG);
			return;
		}
	}
	ereport(LOG,
			(errcode_for_file_access(),
			 errmsg("could not write file \"%s\": %m", draft)));
	(void) unlink(draft);
}

void
vp_kept_counters_startup(const char *name, VpKeepCall write, VpKeepCall take)
{
	VpKeeping	file = {0};
	char		path[MAXPGPATH];
	int			i = 0;
	char		magic[sizeof(KEPT_MAGIC)];

	if (IsUnderPostmaster)
		return;

	/*
	 * after a crash shared memory is made anew in the same process, and
	 * callbacks are gone
	 */
	while (i < nkinds && strcmp(kinds[i].name, name) != 0)
		i++;
	Assert(i < MAX_KINDS);
	kinds[i] = (Kind)
	{
		name, write
	};
	nkinds = Max(nkinds, i + 1);
	on_shmem_exit(write_file, Int32GetDatum(i));
	snprintf(path, sizeof(path), KEPT_FILE, name);
	file.file = AllocateFile(path, PG_BINARY_R);
	if (file.file == NULL)
	{
		if (errno != ENOENT)
			ereport(LOG,
					(errcode_for_file_access(),
					 errmsg("could not read file \"%s\": %m", path)));
		return;
	}
	if (vp_kept(&file, magic, sizeof(magic)) && memcmp(magic, KEPT_MAGIC, sizeof(magic)) == 0)
		take(&file);
	FreeFile(file.file);
	(void) unlink(path);
}
