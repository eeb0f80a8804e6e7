/*-------------------------------------------------------------------------
 *
 * namespaces.c
 *	  vecprov_namespaces: what each namespace of an index holds.
 *
 * One pass over the node pages groups records by their stored key.  Of many types that says the value;
 * of others a row has to be read from the table: one of each group if no other value is
 * stored so, else each.
 *
 * Records are counted as the metapage counts them, so that all namespaces together are what
 * vecprov_index_size says: those of rows that were deleted are there until VACUUM has been.  Such a
 * row cannot be read any more.  It counts for the first value of its group; a group of which no row can be
 * read is left out.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compat.h"

#include "access/transam.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"

#include "base/loaded.h"
#include "inspect/heap_scan.h"
#include "key/key.h"
#include "page/record.h"
#include "page/stored_key.h"
#include "search/row_reader.h"
#include "search/table_end.h"

VP_SERVER_FUNCTION(vecprov_namespaces);

/* The index's column that is the namespace. */
#define NAMESPACE_COLUMN	2

typedef struct Namespace
{
	bool		isnull;
	Datum		value;
	uint32		hash;			/* of the value, where it is looked up by that */
	int64		records;
	uint64		bytes;
	struct Namespace *next;		/* of all */
} Namespace;

/* All that is stored as one key. */
typedef struct KeyGroup
{
	uint64		key;
	char		status;			/* of the hash table */
	bool		alone;			/* `first` is all */
	Namespace  *first;			/* NULL: no row was read yet */
	int64		records;		/* whose rows could not be read */
	uint64		bytes;
} KeyGroup;

typedef struct Slot
{
	Namespace  *key;
	char		status;
} Slot;

struct values_hash;
struct groups_hash;

typedef struct Census
{
	VpTarget	target;
	const VpStore *store;
	VpKeyColumn column;
	Oid			collation;
	TypeCacheEntry *type;
	bool		byval;
	int16		length;
	FmgrInfo	to_text;
	bool		by_output;		/* that is the type's output function */
	MemoryContext context;
	MemoryContext scratch;		/* emptied for each row */
	VpRowReader *reader;
	VpTableEnd	table;
	struct groups_hash *groups;
	struct values_hash *values; /* of groups in which several values may be */
	Namespace  *namespaces;		/* the last one first */
} Census;

static inline bool
same_value(const Census *census, const Namespace *a, const Namespace *b)
{
	return a->hash == b->hash &&
		DatumGetBool(FunctionCall2Coll(&census->type->eq_opr_finfo, census->collation,
									   a->value, b->value));
}

#define SH_PREFIX groups
#define SH_ELEMENT_TYPE KeyGroup
#define SH_KEY_TYPE uint64
#define SH_KEY key
#define SH_HASH_KEY(tb, key) hash_bytes((const unsigned char *) &(key), sizeof(uint64))
#define SH_EQUAL(tb, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

#define SH_PREFIX values
#define SH_ELEMENT_TYPE Slot
#define SH_KEY_TYPE Namespace *
#define SH_KEY key
#define SH_HASH_KEY(tb, key) ((key)->hash)
#define SH_EQUAL(tb, a, b) same_value((tb)->private_data, a, b)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/*----------
 * Values
 *----------
 */

/* A namespace that nobody has met yet.  Copies the value, which is not toasted. */
static Namespace *
add_namespace(Census *census, KeyGroup *group, Datum value, bool isnull)
{
	MemoryContext old = MemoryContextSwitchTo(census->context);
	Namespace  *space = palloc0(sizeof(Namespace));

	space->isnull = isnull;
	if (!isnull)
		space->value = datumCopy(value, census->byval, census->length);
	space->next = census->namespaces;
	census->namespaces = space;
	if (group->first == NULL)
		group->first = space;
	MemoryContextSwitchTo(old);
	return space;
}

/* The namespace of a value that is stored as others are. */
static Namespace *
look_up(Census *census, KeyGroup *group, Datum value)
{
	Namespace	wanted = {.value = value};
	Slot	   *slot;
	bool		found;

	/* money has none, and only two values that are stored alike */
	if (OidIsValid(census->type->hash_proc))
		wanted.hash = DatumGetUInt32(FunctionCall1Coll(&census->type->hash_proc_finfo,
													   census->collation, value));
	slot = values_lookup(census->values, &wanted);
	if (slot != NULL)
		return slot->key;
	slot = values_insert(census->values, &wanted, &found);
	slot->key = add_namespace(census, group, value, false);
	slot->key->hash = wanted.hash;
	return slot->key;
}

/*
 * The namespace of the row at a TID; NULL if the snapshot sees none there, or one that is stored as
 * another key.  Damage, of the index or of an expression that is not immutable, is for vecprov_check.
 */
static Namespace *
read_namespace(Census *census, KeyGroup *group, ItemPointer tid)
{
	VpKeyForm	form = census->column.form;
	Datum		value;
	bool		isnull;
	bool		exact;

	CHECK_FOR_INTERRUPTS();
	if (!vp_table_has(&census->table, tid))
		return NULL;
	if (!vp_row_reader_column(census->reader, tid, NAMESPACE_COLUMN, &value, &isnull))
		return NULL;
	if (isnull)
		return NULL;
	if (census->length == -1)
		value = PointerGetDatum(PG_DETOAST_DATUM_PACKED(value));
	if (vp_key_of(form, value, &exact) != group->key)
		return NULL;
	if (!exact)
		return look_up(census, group, value);
	group->alone = true;
	return group->first != NULL ? group->first : add_namespace(census, group, value, false);
}

/*----------
 * Records
 *----------
 */

static KeyGroup *
get_group(Census *census, uint64 key)
{
	bool		found;
	KeyGroup   *group = groups_insert(census->groups, key, &found);
	Datum		value;
	bool		isnull;

	if (found)
		return group;
	group->alone = false;
	group->first = NULL;
	group->records = 0;
	group->bytes = 0;
	if (vp_key_value(census->column.form, key, &value, &isnull))
	{
		group->alone = true;
		(void) add_namespace(census, group, value, isnull);
	}
	return group;
}

static void
count_record(Census *census, uint64 key, ItemPointer tid, uint32 size)
{
	KeyGroup   *group = get_group(census, key);
	Namespace  *space = group->alone ? group->first : read_namespace(census, group, tid);

	if (space != NULL)
	{
		space->records++;
		space->bytes += size;
	}
	else
	{
		group->records++;
		group->bytes += size;
	}
}

/* Does it count as a record, as in the metapage's totals? */
static bool
is_record(const VpNodeTail *tail, const VpMeta *meta)
{
	return tail->flags != 0 &&
		!(tail->flags & (VP_NODE_DEAD | VP_NODE_UNLINKED | VP_NODE_BARE)) &&
		vp_ref(tail->id) != meta->copy;
}

/* A node's record, without what is not needed here. */
typedef struct FoundRecord
{
	uint64		key;
	ItemPointerData tid;
	uint32		size;
} FoundRecord;

/* Copies what is on a node page, under its lock, which reading rows must not be. */
static int
copy_page(const Census *census, const VpMeta *meta, uint32 number, FoundRecord *found)
{
	const VpStore *store = census->store;
	uint32		each = store->geo.nodes_per_page.value;
	Buffer		buffer = vp_store_read(store, vp_node_page_block(&store->geo, number));
	int			n = 0;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	for (uint32 i = 0; i < each && !vp_is_pool_page(BufferGetPage(buffer)); i++)
	{
		const char *record = vp_page_record(store, buffer, i);
		const VpNodeTail *tail = vp_record_tail(store, record);

		if (!is_record(tail, meta))
			continue;
		found[n].key = vp_stored_key(record + store->geo.keys_offset, &census->column);
		found[n].tid = tail->tid;
		found[n].size = tail->size;
		n++;
	}
	UnlockReleaseBuffer(buffer);
	return n;
}

static void
count_page(Census *census, const VpMeta *meta, uint32 number)
{
	FoundRecord found[VP_MAX_PAGE_NODES];
	int			n = copy_page(census, meta, number, found);

	for (int i = 0; i < n; i++)
	{
		MemoryContext old = MemoryContextSwitchTo(census->scratch);

		count_record(census, found[i].key, &found[i].tid, found[i].size);
		MemoryContextSwitchTo(old);
		MemoryContextReset(census->scratch);
	}
}

static void
count_all(Census *census)
{
	VpMeta		meta;
	uint32		npages;

	vp_meta_read(census->target.rel, &meta);
	npages = vp_node_page_count(&census->store->geo, meta.next_id);
	for (uint32 number = 0; number < npages; number++)
	{
		CHECK_FOR_INTERRUPTS();
		count_page(census, &meta, number);
	}
}

/* Rows that could not be read. */
static void
count_unread(Census *census)
{
	groups_iterator at;
	KeyGroup   *group;

	groups_start_iterate(census->groups, &at);
	while ((group = groups_iterate(census->groups, &at)) != NULL)
	{
		if (group->first == NULL)
			continue;
		group->first->records += group->records;
		group->first->bytes += group->bytes;
	}
}

/*----------
 * Begin and end
 *----------
 */

/* Who may read some rows only must not be told of namespaces of others. */
static void
refuse_row_security(const VpTarget *target)
{
	Oid			user = target->as_owner.user;

	if (check_enable_rls(RelationGetRelid(target->heap), user, false) != RLS_ENABLED)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("namespaces of index \"%s\" would be affected by row-level security policy for table \"%s\"",
					RelationGetRelationName(target->rel), RelationGetRelationName(target->heap)),
			 errhint("Only roles that see all rows of the table can list its namespaces.")));
}

static void
refuse_without(const VpTarget *target)
{
	if (target->index->meta.key_flags & VP_KEYS_NAMESPACES)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("index \"%s\" has no namespaces", RelationGetRelationName(target->rel)),
			 errhint("Create it with a column behind the vector and WITH (namespaces = on), "
					 "or set this option and REINDEX it.")));
}

/*
 * Finds how values become text, as casts do: with a function for boolean, char(n) and inet, else as they are put out.
 * A cast that somebody has made for a type of his own must not run as the table's owner.
 */
static void
find_text_function(Census *census, Oid type)
{
	Oid			function = InvalidOid;
	bool		is_varlena;

	census->by_output = find_coercion_pathway(TEXTOID, type, COERCION_EXPLICIT, &function) != COERCION_PATH_FUNC ||
		function >= FirstGenbkiObjectId;
	if (census->by_output)
		getTypeOutputInfo(type, &function, &is_varlena);
	fmgr_info(function, &census->to_text);
}

static void
begin(Census *census, Oid relid)
{
	VpTarget   *target = &census->target;
	Oid			type;

	vp_target_open(target, relid, VP_RIGHT_NAMESPACES, AccessShareLock);
	refuse_row_security(target);
	refuse_without(target);
	census->store = &target->index->store;
	census->column = target->index->meta.keys[0];
	census->collation = target->rel->rd_indcollation[NAMESPACE_COLUMN - 1];
	type = getBaseType(TupleDescAttr(RelationGetDescr(target->rel), NAMESPACE_COLUMN - 1)->atttypid);
	census->type = lookup_type_cache(type, TYPECACHE_EQ_OPR_FINFO | TYPECACHE_HASH_PROC_FINFO | TYPECACHE_HASH_PROC);
	get_typlenbyval(type, &census->length, &census->byval);
	find_text_function(census, type);
	census->context = AllocSetContextCreate(CurrentMemoryContext, "vecprov namespaces",
											ALLOCSET_DEFAULT_SIZES);
	census->scratch = AllocSetContextCreate(census->context, "vecprov rows", ALLOCSET_DEFAULT_SIZES);
	census->reader = vp_row_reader_begin(target->heap, target->rel, GetActiveSnapshot());
	vp_table_end_init(&census->table, target->heap);
	census->groups = groups_create(census->context, 256, NULL);
	census->values = values_create(census->context, 256, census);
}

static void
put_all(Census *census, ReturnSetInfo *result)
{
	for (const Namespace *space = census->namespaces; space != NULL; space = space->next)
	{
		MemoryContext old = MemoryContextSwitchTo(census->scratch);
		Datum		values[3];
		bool		nulls[3] = {space->isnull, false, false};

		CHECK_FOR_INTERRUPTS();
		if (!space->isnull)
			values[0] = census->by_output ?
				CStringGetTextDatum(OutputFunctionCall(&census->to_text, space->value)) :
				FunctionCall1(&census->to_text, space->value);
		values[1] = Int64GetDatum(space->records);
		values[2] = Int64GetDatum((int64) space->bytes);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		MemoryContextSwitchTo(old);
		MemoryContextReset(census->scratch);
	}
}

Datum
vecprov_namespaces(PG_FUNCTION_ARGS)
{
	Census		census = {0};

	InitMaterializedSRF(fcinfo, 0);
	begin(&census, PG_GETARG_OID(0));
	count_all(&census);
	count_unread(&census);
	put_all(&census, (ReturnSetInfo *) fcinfo->resultinfo);
	vp_row_reader_end(census.reader);
	MemoryContextDelete(census.context);
	vp_target_close(&census.target);
	return (Datum) 0;
}
