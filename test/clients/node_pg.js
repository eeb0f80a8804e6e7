// node's driver pg, with the package pgvector: what its users type, on tables of vecprov.
'use strict';

const pg = require('pg');
const pgvector = require('pgvector/pg');
const copy = require('pg-copy-streams');
const { pipeline } = require('node:stream/promises');
const { Readable } = require('node:stream');
const { DIMS, ROWS, TYPES, nearest, check, same, run } = require('./sample.js');

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');

function field(buffer) {
	const length = Buffer.alloc(4);
	length.writeInt32BE(buffer.length);
	return Buffer.concat([length, buffer]);
}

// Rows of (id, v) as COPY ... (FORMAT binary) has them.
function copyData(type, first, last) {
	const parts = [SIGNATURE];
	for (let i = first; i <= last; i++) {
		const id = Buffer.alloc(4);
		id.writeInt32BE(i);
		parts.push(Buffer.from([0, 2]), field(id), field(type.binary(type.value(i))));
	}
	return Buffer.concat([...parts, Buffer.from([0xff, 0xff])]);
}

async function testType(client, name) {
	const type = TYPES[name];
	const table = `items_${name}`;
	const all = Array.from({ length: ROWS }, (_, k) => k + 1);

	await client.query(`CREATE TABLE ${table} (id serial PRIMARY KEY, v ${name}(${DIMS}))`);
	for (let i = 1; i <= 50; i++) {
		await client.query(`INSERT INTO ${table} (v) VALUES ($1)`, [type.text(type.value(i))]);
	}
	const insert = { name: `insert_${name}`, text: `INSERT INTO ${table} (id, v) VALUES ($1, $2)` };
	for (let i = 51; i <= 100; i++) {
		await client.query({ ...insert, values: [i, type.binary(type.value(i))] });
	}
	await pipeline(Readable.from([copyData(type, 101, ROWS)]),
		client.query(copy.from(`COPY ${table} FROM STDIN (FORMAT binary)`)));
	await client.query(`CREATE INDEX ${table}_v ON ${table} USING vecprov (v ${name}_${type.operator === '<->' ? 'l2' : 'hamming'}_ops)`);

	const rows = (await client.query(`SELECT id, v FROM ${table} ORDER BY id`)).rows;
	same(rows.map((row) => row.id), all, `${name}: all rows are there`);
	same(rows.map((row) => type.array(row.v)), all.map((i) => type.array(type.value(i))), `${name}: as they were sent`);
	const chunks = [];
	for await (const chunk of client.query(copy.to(`COPY (SELECT id, v FROM ${table} ORDER BY id) TO STDOUT (FORMAT binary)`))) {
		chunks.push(chunk);
	}
	check(Buffer.concat(chunks).equals(copyData(type, 1, ROWS)), `${name}: copied out in binary`);

	const order = `FROM ${table} ORDER BY v ${type.operator} $1 LIMIT 10`;
	const query = type.value(1042);
	for (const [how, value] of [['text', type.text(query)], ['binary', type.binary(query)]]) {
		const found = (await client.query(`SELECT v ${type.operator} $1 AS distance ${order}`, [value])).rows;
		same(found.map((row) => row.distance.toFixed(4)), nearest(type), `${name}: nearest of a parameter in ${how}`);
	}
	const plan = (await client.query(`EXPLAIN SELECT id ${order}`, [type.text(query)])).rows;
	check(plan.some((row) => row['QUERY PLAN'].includes(`Index Scan using ${table}_v`)), `${name}: by the index`, plan);
	const named = { name: `nearest_${name}`, text: `SELECT id ${order}` };
	for (let i = 1; i <= 10; i++) {
		const found = (await client.query({ ...named, values: [type.text(type.value(i))] })).rows;
		if (i === 10) same(type.array(type.value(found[0].id)), type.array(type.value(10)), `${name}: a prepared query again and again`);
	}
}

run(async () => {
	const client = new pg.Client();
	await client.connect();
	await client.query('CREATE EXTENSION IF NOT EXISTS vecprov');
	await pgvector.registerTypes(client);
	await client.query('SET enable_seqscan = off');
	await client.query('SET vecprov.ef_search = 300');
	for (const name of Object.keys(TYPES)) await testType(client, name);

	const wrong = await client.query("SELECT '[1,2]'::vector <-> $1", [pgvector.toSql([1, 2, 3])]).catch((error) => error);
	same([wrong.code, wrong.message], ['22000', 'different vector dimensions 2 and 3'], 'an error has its code');
	await client.query("SELECT $1::vector AS v, NULL::vector AS n, ARRAY[$1::vector] AS a", [pgvector.toSql([1, 2, 3])])
		.then(({ rows }) => same([rows[0].v, rows[0].n], [[1, 2, 3], null], 'a vector without dimensions, NULL'));
	await client.end();
});
