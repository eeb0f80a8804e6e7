// What the tests of frameworks share that create the extension vector themselves: vecprov beside it, without a change in
// the application.
import pg from 'pg';

export const DIMS = 8;

// Vector number i of a fixed sequence.
export function vector(i) {
	return Array.from({ length: DIMS }, (_, d) => Math.sin(i * (d + 1)));
}

export function cosineDistance(a, b) {
	const dot = (x, y) => x.reduce((sum, value, d) => sum + value * y[d], 0);
	return 1 - dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

let failed = 0;

export function check(ok, name, seen) {
	console.log(`${ok ? 'ok' : 'not ok'} - ${name}`);
	if (!ok) {
		failed++;
		console.log(`# ${JSON.stringify(seen, null, 1)}`.replace(/\n/g, '\n# '));
	}
}

// As somebody does who has found doc/from-pgvector.md; returns what EXPLAIN says of a query.
export async function adopt(table, column) {
	const client = new pg.Client();
	await client.connect();
	await client.query('CREATE SCHEMA vecprov');
	await client.query('CREATE EXTENSION vecprov SCHEMA vecprov');
	await client.query("SELECT vecprov.vecprov_adopt('public.vector')");
	await client.query(`CREATE INDEX by_vecprov ON ${table} USING vecprov (${column} vector_cosine_ops)`);
	await client.query(`ANALYZE ${table}`);
	await client.end();
}

// Remembers the last query of a connection, or of a pool, that reads by distance.
export function listen(connection) {
	const query = connection.query.bind(connection);
	const heard = {};
	connection.query = (text, values, ...rest) => {
		if (typeof text === 'string' && text.includes('<=>')) Object.assign(heard, { text, values });
		return query(text, values, ...rest);
	};
	heard.explain = async () => {
		await query('SET enable_seqscan = off');
		const plan = await query(`EXPLAIN ${heard.text}`, heard.values);
		return plan.rows.map((row) => row['QUERY PLAN']).join('\n');
	};
	return heard;
}

export function finish() {
	console.log(failed === 0 ? 'all passed' : `${failed} failed`);
	process.exit(failed === 0 ? 0 : 1);
}
