/*-------------------------------------------------------------------------
 *
 * namespaces.c
 *	  vecprov_namespaces: what each namespace of an index holds.
 *
 * One pass over the node pages groups records by their stored key.  Of many types that says the value;
 * of others a row has to be read from the table: one of each group if no other value is
 * stored so, else each.  If namespaces are named, the posting lists lead to the records of their keys.
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
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "parser/parse_coerce.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"

#include "base/loaded.h"
#include "capacity/own_object.h"
#include "capacity/partitions.h"
#include "inspect/heap_scan.h"
#include "key/key.h"
#include "page/code_page.h"
#include "page/postings.h"
#include "page/record.h"
#include "page/stored_key.h"
#include "search/row_reader.h"
#include "search/table_end.h"

VP_SERVER_FUNCTION(vecprov_namespaces);

/* The index's column that is the namespace. */
#define NAMESPACE_COLUMN	2

/* Ids that are taken from posting lists at a time. */
#define PORTION			1000

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
	bool		named;			/* only `wanted` are wanted */
	Namespace  *wanted;
	int			nwanted;
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
	return vp_is_alive(tail->flags) && vp_ref(tail->id) != meta->copy;
}

/* A node's record, without what is not needed here. */
typedef struct FoundRecord
{
	uint64		key;
	ItemPointerData tid;
	uint32		size;
} FoundRecord;

/* Copies a node's record if it counts; key: in the column.  Its page is locked. */
static bool
copy_record(const Census *census, const VpMeta *meta, const char *record, uint64 key, FoundRecord *found)
{
	const VpNodeTail *tail = vp_record_tail(census->store, record);

	if (!is_record(tail, meta))
		return false;
	found->key = key;
	found->tid = tail->tid;
	found->size = tail->size;
	return true;
}

/* Copies what is on a node page, under its lock, which reading rows must not be. */
static int
copy_page(const Census *census, const VpMeta *meta, uint32 number, FoundRecord *found)
{
	const VpStore *store = census->store;
	VpPageIds	ids = vp_node_page(&store->geo, number);
	Buffer		buffer = vp_store_read(store, ids.block);
	uint64		keys[VP_MAX_PAGE_NODES];
	int			n = 0;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	vp_keys_of_page(store, &ids, buffer, &census->column, keys);
	for (uint32 i = 0; i < ids.count && !vp_is_pool_page(BufferGetPage(buffer)); i++)
		n += copy_record(census, meta, vp_page_record(store, buffer, i), keys[i], &found[n]);
	UnlockReleaseBuffer(buffer);
	return n;
}

/*
 * Counts records that were copied from pages; no page is locked, since this
 * may read the table.
 */
static void
count_found(Census *census, FoundRecord *found, int n)
{
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
		FoundRecord found[VP_MAX_PAGE_NODES];

		CHECK_FOR_INTERRUPTS();
		count_found(census, found, copy_page(census, &meta, number, found));
	}
}

/*----------
 * Namespaces that are named
 *----------
 */

/* Names are what put_all puts out. */
static void
read_names(Census *census, ArrayType *names, Oid type)
{
	Oid			input;
	Oid			param;
	Datum	   *values;
	bool	   *nulls;

	getTypeInputInfo(type, &input, &param);
	deconstruct_array(names, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &census->nwanted);
	census->wanted = palloc0(Max(census->nwanted, 1) * sizeof(Namespace));
	for (int i = 0; i < census->nwanted; i++)
	{
		census->wanted[i].isnull = nulls[i];
		if (!nulls[i])
			census->wanted[i].value = OidInputFunctionCall(input, TextDatumGetCString(values[i]), param, -1);
	}
}

static uint64
key_of(const Census *census, const Namespace *space)
{
	bool		exact;

	return space->isnull ? vp_largest_key(&census->column) :
		vp_key_of(census->column.form, space->value, &exact);
}

/* Is it one of those that were named, if any were?  Others may be stored alike. */
static bool
is_wanted(const Census *census, const Namespace *space)
{
	for (int i = 0; i < census->nwanted; i++)
	{
		const Namespace *wanted = &census->wanted[i];

		if (space->isnull || wanted->isnull ? space->isnull && wanted->isnull :
			DatumGetBool(FunctionCall2Coll(&census->type->eq_opr_finfo, census->collation,
										   space->value, wanted->value)))
			return true;
	}
	return !census->named;
}

static int
compare_spans(const void *a, const void *b)
{
	const VpKeySpan *left = a;
	const VpKeySpan *right = b;

	return left->first < right->first ? -1 : left->first > right->first;
}

/* The keys of those that are wanted, sorted, each once. */
static VpKeySpan *
find_spans(const Census *census, int *n)
{
	VpKeySpan  *spans = palloc(Max(census->nwanted, 1) * sizeof(VpKeySpan));

	for (int i = 0; i < census->nwanted; i++)
		spans[i].first = spans[i].last = key_of(census, &census->wanted[i]);
	qsort(spans, census->nwanted, sizeof(VpKeySpan), compare_spans);
	*n = 0;
	for (int i = 0; i < census->nwanted; i++)
		if (*n == 0 || spans[i].first != spans[*n - 1].first)
			spans[(*n)++] = spans[i];
	return spans;
}

/*
 * Counts a node's record if its key is in the spans: posting lists lead to
 * others, too.  Locks the page, share, only to copy the record.
 */
static void
count_node(Census *census, const VpMeta *meta, VpId id, const VpKeySpan *spans, int nspans)
{
	VpPlace		place = vp_node_place(&census->store->geo, id);
	Buffer		buffer = vp_store_read(census->store, place.block);
	char		keys[VP_MAX_KEY_BYTES];
	FoundRecord found;
	bool		counts;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	vp_keys_read(census->store, id, buffer, keys);
	counts = !vp_is_pool_page(BufferGetPage(buffer)) &&
		copy_record(census, meta, BufferGetPage(buffer) + place.offset,
					vp_stored_key(keys, &census->column), &found) &&
		vp_in_spans(found.key, spans, nspans);
	UnlockReleaseBuffer(buffer);
	count_found(census, &found, counts);
}

static void
count_wanted(Census *census)
{
	VpPostings *postings = vp_postings_open(census->store);
	VpMeta		meta;
	int			nspans;
	VpKeySpan  *spans = find_spans(census, &nspans);
	uint8	   *seen;			/* bits: a node may have several entries */
	VpId		ids[PORTION];
	int			n;

	vp_meta_read(census->target.rel, &meta);
	seen = MemoryContextAllocExtended(census->context, meta.next_id / 8 + 1,
									  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	vp_postings_scan(postings, 0, spans, nspans);
	while ((n = vp_postings_next(postings, ids, PORTION)) > 0)
		for (int i = 0; i < n; i++)
		{
			CHECK_FOR_INTERRUPTS();
			if (ids[i] >= meta.next_id || (seen[ids[i] / 8] & 1 << ids[i] % 8))
				continue;
			seen[ids[i] / 8] |= 1 << ids[i] % 8;
			count_node(census, &meta, ids[i], spans, nspans);
		}
	vp_postings_close(postings);
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
 * A cast that a user has made for a type of the user's own must not run as the table's owner.
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

/*
 * Opens and locks the index, as its table's owner, until vp_target_close().
 * ereports if the caller may not have its namespaces, or it has none.
 */
static void
begin(Census *census, Oid relid, ArrayType *names)
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
	census->named = names != NULL;
	if (names != NULL)
		read_names(census, names, type);
	census->reader = vp_row_reader_begin(target->heap, target->rel, GetActiveSnapshot());
	vp_table_end_init(&census->table, target->heap);
	census->groups = groups_create(census->context, 256, NULL);
	census->values = values_create(census->context, 256, census);
}

/*
 * Adds a row to the result for each namespace that is wanted.  Values are made
 * in census->scratch, which is empty again on exit.
 */
static void
put_all(Census *census, ReturnSetInfo *result)
{
	for (const Namespace *space = census->namespaces; space != NULL; space = space->next)
	{
		MemoryContext old;
		Datum		values[3];
		bool		nulls[3] = {space->isnull, false, false};

		CHECK_FOR_INTERRUPTS();
		if (!is_wanted(census, space))
			continue;
		old = MemoryContextSwitchTo(census->scratch);
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

/*
 * Adds up the namespaces of the partitions of an index, by their names.  The
 * caller acts, and its rights are checked for each of them.
 */
static void
sum_partitions(FunctionCallInfo fcinfo)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	const char *schema = quote_identifier(vp_own_schema());
	Oid			types[] = {REGCLASSOID, TEXTARRAYOID};
	Datum		values[] = {PG_GETARG_DATUM(0), PG_ARGISNULL(1) ? (Datum) 0 : PG_GETARG_DATUM(1)};

	(void) vp_right_check_any(PG_GETARG_OID(0), VP_RIGHT_NAMESPACES);
	if (SPI_connect() != SPI_OK_CONNECT ||
		SPI_execute_with_args(psprintf("SELECT n.namespace, pg_catalog.sum(n.records)::pg_catalog.int8, "
									   "pg_catalog.sum(n.bytes)::pg_catalog.int8 "
									   "FROM %1$s.vecprov_leaves($1) l "
									   "CROSS JOIN LATERAL %1$s.vecprov_namespaces(l.leaf, $2) n "
									   "GROUP BY n.namespace", schema),
							  lengthof(types), types, values, PG_ARGISNULL(1) ? " n" : NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the namespaces of partitions");
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		Datum		row[3];
		bool		nulls[3];

		heap_deform_tuple(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, row, nulls);
		tuplestore_putvalues(result->setResult, result->setDesc, row, nulls);
	}
	SPI_finish();
}

Datum
vecprov_namespaces(PG_FUNCTION_ARGS)
{
	Census		census = {0};

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	if (vp_is_partitioned(PG_GETARG_OID(0)))
	{
		sum_partitions(fcinfo);
		return (Datum) 0;
	}
	begin(&census, PG_GETARG_OID(0), PG_ARGISNULL(1) ? NULL : PG_GETARG_ARRAYTYPE_P(1));
	if (census.named)
		count_wanted(&census);
	else
		count_all(&census);
	count_unread(&census);
	put_all(&census, (ReturnSetInfo *) fcinfo->resultinfo);
	vp_row_reader_end(census.reader);
	MemoryContextDelete(census.context);
	vp_target_close(&census.target);
	return (Datum) 0;
}
