#!/usr/bin/env bash
# In pgvector, a zero vector is as similar to everything as one may ask for, until an index is used.
#
# A good guess: "1 - (e <=> q) > 0.9", as pgvector's documentation writes cosine similarity, and
# "e <=> q < 0.1" are one condition written in two ways, and an index changes the speed of it. But the
# cosine distance of a zero vector is NaN, 1 - NaN is NaN, and PostgreSQL orders NaN above all numbers:
# NaN > 0.9 is true, NaN < 0.1 is not. And hnsw leaves zero vectors out of a cosine index. So the same
# row is found by a sequential scan with the first form, and neither with the second form nor with
# the index.
#
# What follows: embeddings that failed and were stored as zeroes come out as matches of every query
# with a threshold of similarity, on small tables; they go away when the planner begins to use the index.
# Write the threshold as a distance, or store NULL.
#
# Needs node 20 and npm; takes half a minute. Package (pinned):
#	@electric-sql/pglite 0.3.14 (PostgreSQL 17.5 with pgvector 0.8.0, compiled for WebAssembly)
# Seen on 2026-11-30:
#	similarity: 1 3
#	distance: 1
#	similarity with hnsw: 1
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null 2>&1
npm install --silent --no-audit --no-fund @electric-sql/pglite@0.3.14 >/dev/null

cat >similar.mjs <<'JS'
import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite/vector';

const db = await PGlite.create({ extensions: { vector } });
const ids = async (name, sql) =>
	console.log(`${name}: ${(await db.query(sql)).rows.map((row) => row.id).join(' ')}`);

await db.exec(`CREATE EXTENSION vector;
	CREATE TABLE items (id int, e vector(2));
	INSERT INTO items VALUES (1, '[1,0]'), (2, '[0,1]'), (3, '[0,0]')`);
await ids('similarity', `SELECT id FROM items WHERE 1 - (e <=> '[1,0]') > 0.9 ORDER BY id`);
await ids('distance', `SELECT id FROM items WHERE e <=> '[1,0]' < 0.1 ORDER BY id`);
await db.exec('CREATE INDEX ON items USING hnsw (e vector_cosine_ops); SET enable_seqscan = off');
await ids('similarity with hnsw', `SELECT id FROM
	(SELECT id, e FROM items ORDER BY e <=> '[1,0]' LIMIT 10) nearest
	WHERE 1 - (e <=> '[1,0]') > 0.9 ORDER BY id`);
JS
seen=$(node similar.mjs)
echo "$seen"
[ "$seen" = "similarity: 1 3
distance: 1
similarity with hnsw: 1" ]
