// LlamaIndex's PGVectorStore, which creates extension and table itself, beside pgvector.
import pg from 'pg';
import { Document } from '@llamaindex/core/schema';
import { VectorStoreQueryMode } from '@llamaindex/core/vector-store';
import { PGVectorStore } from '@llamaindex/postgres';
import { DIMS, adopt, check, cosineDistance, finish, listen, vector } from './beside.mjs';

const ROWS = 2000;
const config = { tableName: 'documents', dimensions: DIMS };
const embedModel = { getTextEmbedding: async () => [] };
const id = (i) => `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`;

const first = new PGVectorStore({ ...config, embedModel, clientConfig: { host: process.env.PGHOST } });
await first.client();
const documents = Array.from({ length: ROWS }, (_, i) => new Document({ id_: id(i + 1), text: `${i + 1}`, embedding: vector(i + 1) }));
for (const document of documents) document.relationships = { SOURCE: { nodeId: 'all' } };
await first.add(documents);
await adopt('documents', 'embeddings');

const client = new pg.Client();
await client.connect();
const heard = listen(client);
const store = new PGVectorStore({ ...config, embedModel, client, shouldConnect: false });
const found = await store.query({ queryEmbedding: vector(7.01), similarityTopK: 5, mode: VectorStoreQueryMode.DEFAULT });
const exact = Array.from({ length: ROWS }, (_, i) => [id(i + 1), cosineDistance(vector(i + 1), vector(7.01))])
	.sort((a, b) => a[1] - b[1]).slice(0, 5);
check(JSON.stringify(found.ids) === JSON.stringify(exact.map(([one]) => one)), 'nearest', { ids: found.ids, exact });
const plan = await heard.explain();
check(/Index Scan using by_vecprov on documents/.test(plan), 'by the index', plan);
finish();
