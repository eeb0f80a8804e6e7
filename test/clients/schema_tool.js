// What the tests of node's schema tools share: the database, and what no output of theirs may say.
'use strict';

const pg = require('pg');
const { check, same } = require('./sample.js');

const connection = {
	host: process.env.PGHOST, port: Number(process.env.PGPORT), user: process.env.PGUSER,
	password: process.env.PGPASSWORD, database: process.env.PGDATABASE,
};

// Relations of the extension, or its schema: "USING vecprov" is the application's.
const OURS = /(^|[\s"(,])"?vecprov"?\.|schema\W+vecprov|\b(tiers|rates|limits|quotas|shards|replicas|workers|metrics)\b|table_oid/i;

function unseen(text, name) {
	check(!OURS.test(text), `${name}: nothing of vecprov`, text);
}

async function rows(sql) {
	const client = new pg.Client(connection);
	await client.connect();
	const result = await client.query({ text: sql, rowMode: 'array' });
	await client.end();
	return result.rows;
}

// Are relations of the extension, the table and the index as they were?
async function unharmed() {
	same(await rows('SELECT i.tier, count(*)::int FROM vecprov.indexes i, vecprov.tiers GROUP BY 1'), [['r10', 2]], 'vecprov is as it was');
}

module.exports = { connection, check, same, unseen, rows, unharmed };
