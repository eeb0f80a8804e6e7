// Drizzle, an ORM that has pgvector's types and distances, on tables of vecprov.
'use strict';

const pg = require('pg');
const { drizzle } = require('drizzle-orm/node-postgres');
const orm = require('drizzle-orm');
const core = require('drizzle-orm/pg-core');
const { DIMS, ROWS, TYPES, nearest, check, same, run } = require('./sample.js');

// As Drizzle holds what it reads and writes.
const HELD = {
	vector: (value) => value,
	halfvec: (value) => value,
	sparsevec: (value) => value.toPostgres(),
	bit: (value) => value,
};

async function testType(db, name) {
	const type = TYPES[name];
	const items = core.pgTable(`items_${name}`, {
		id: core.serial().primaryKey(),
		label: core.text(),
		v: core[name]({ dimensions: DIMS }),
	});
	const row = (i) => ({ label: `row ${i}`, v: HELD[name](type.value(i)) });
	const by = type.operator === '<->' ? orm.l2Distance : orm.hammingDistance;

	await db.execute(orm.sql`CREATE TABLE ${items} (id serial PRIMARY KEY, label text, v ${orm.sql.raw(`${name}(${DIMS})`)})`);
	await db.insert(items).values(Array.from({ length: ROWS - 1 }, (_, k) => row(k + 1)));
	const [last] = await db.insert(items).values(row(ROWS)).returning();
	same(last.v, row(ROWS).v, `${name}: returned by INSERT`);
	await db.execute(orm.sql`CREATE INDEX ON ${items} USING vecprov (v ${orm.sql.raw(`${name}_${type.operator === '<->' ? 'l2' : 'hamming'}_ops`)})`);

	const rows = await db.select().from(items).orderBy(items.id);
	same(rows.map((r) => [r.label, r.v]), Array.from({ length: ROWS }, (_, k) => [row(k + 1).label, row(k + 1).v]),
		`${name}: as they were sent`);
	const distance = by(items.v, HELD[name](type.value(1042)));
	const found = await db.select({ id: items.id, distance: distance.mapWith(Number) }).from(items).orderBy(distance).limit(10);
	same(found.map((r) => r.distance.toFixed(4)), nearest(type), `${name}: nearest`);
	const query = db.select({ id: items.id }).from(items).orderBy(distance).limit(10);
	const plan = await db.execute(orm.sql`EXPLAIN ${query}`);
	check(plan.rows.some((r) => r['QUERY PLAN'].includes(`Index Scan using items_${name}_v_idx`)), `${name}: by the index`, plan.rows);

	await db.update(items).set({ v: row(1).v }).where(orm.eq(items.id, 2));
	await db.delete(items).where(orm.eq(items.id, 3));
	const again = by(items.v, row(1).v);
	const twins = await db.select({ distance: again.mapWith(Number) }).from(items).orderBy(again).limit(2);
	same(twins, [{ distance: 0 }, { distance: 0 }], `${name}: after UPDATE and DELETE`);
}

run(async () => {
	const pool = new pg.Pool({ max: 1 });
	const db = drizzle(pool);
	await db.execute(orm.sql`CREATE EXTENSION IF NOT EXISTS vecprov`);
	await db.execute(orm.sql`SET enable_seqscan = off`);
	await db.execute(orm.sql`SET vecprov.ef_search = 300`);
	for (const name of Object.keys(TYPES)) await testType(db, name);
	await pool.end();
});
