// LangChain's PGVectorStore, which creates extension and table itself, beside pgvector.
import pg from 'pg';
import { Document } from '@langchain/core/documents';
import { PGVectorStore } from '@langchain/community/vectorstores/pgvector';
import { DIMS, adopt, check, cosineDistance, finish, listen, vector } from './beside.mjs';

const ROWS = 2000;
const embeddings = {
	embedQuery: async (text) => vector(Number(text)),
	embedDocuments: async (texts) => texts.map((text) => vector(Number(text))),
};
const pool = new pg.Pool({ max: 1 });
const config = { tableName: 'documents', dimensions: DIMS };

// with a pool of one connection initialize() would wait for itself
const first = await PGVectorStore.initialize(embeddings, { ...config, pool: new pg.Pool({ max: 2 }) });
await first.addDocuments(Array.from({ length: ROWS }, (_, i) => new Document({ pageContent: `${i + 1}`, metadata: { odd: i % 2 } })));
await adopt('documents', 'embedding');

const heard = listen(pool);
const store = new PGVectorStore(embeddings, { ...config, pool });
const found = await store.similaritySearchVectorWithScore(vector(7.01), 5);
const exact = Array.from({ length: ROWS }, (_, i) => [`${i + 1}`, cosineDistance(vector(i + 1), vector(7.01))])
	.sort((a, b) => a[1] - b[1]).slice(0, 5);
check(JSON.stringify(found.map(([document]) => document.pageContent)) === JSON.stringify(exact.map(([id]) => id)), 'nearest', { found, exact });
const plan = await heard.explain();
check(/Index Scan using by_vecprov on documents/.test(plan), 'by the index', plan);
const odd = await store.similaritySearchVectorWithScore(vector(7.01), 5, { odd: 0 });
check(odd.length === 5 && odd.every(([document]) => document.metadata.odd === 0), 'with a filter', odd);
await first.end();
await pool.end();
finish();
