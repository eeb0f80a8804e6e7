// The rows that node's clients store, the types they store them in, and what the nearest are.
'use strict';

const pgvector = require('pgvector');

const DIMS = 16;
const ROWS = 300;

// Quarters of integers, which every type holds exactly.
function element(i, d) {
	return ((i * (d + 3) * 37) % 1009 - 504) / 4;
}

function dense(i) {
	return Array.from({ length: DIMS }, (_, d) => element(i, d));
}

function euclidean(a, b) {
	return Math.sqrt(a.reduce((sum, x, d) => sum + (x - b[d]) ** 2, 0));
}

// IEEE half precision of a number that it holds exactly.
function half(x) {
	if (x === 0) return 0;
	const exponent = Math.floor(Math.log2(Math.abs(x)));
	return (x < 0 ? 0x8000 : 0) | (exponent + 15) << 10 | (Math.abs(x) / 2 ** exponent - 1) * 1024;
}

function denseBuffer(values, bytes, write) {
	const buffer = Buffer.alloc(4 + bytes * values.length);
	buffer.writeInt16BE(values.length, 0);
	values.forEach((x, d) => write(buffer, x, 4 + bytes * d));
	return buffer;
}

function sparseBuffer(vector) {
	const nnz = vector.indices.length;
	const buffer = Buffer.alloc(12 + 8 * nnz);
	buffer.writeInt32BE(vector.dimensions, 0);
	buffer.writeInt32BE(nnz, 4);
	vector.indices.forEach((at, k) => buffer.writeInt32BE(at, 12 + 4 * k));
	vector.values.forEach((x, k) => buffer.writeFloatBE(x, 12 + 4 * (nnz + k)));
	return buffer;
}

function bitBuffer(bits) {
	const buffer = Buffer.alloc(4 + Math.ceil(bits.length / 8));
	buffer.writeInt32BE(bits.length, 0);
	[...bits].forEach((bit, d) => { buffer[4 + (d >> 3)] |= bit << (7 - d % 8); });
	return buffer;
}

// value: what an application holds; text: what it sends; array: its elements; binary: as COPY sends it.
const TYPES = {
	vector: {
		operator: '<->', value: dense, text: pgvector.toSql, array: (value) => value, distance: euclidean,
		binary: (value) => denseBuffer(value, 4, (buffer, x, at) => buffer.writeFloatBE(x, at)),
	},
	halfvec: {
		operator: '<->', value: dense, text: pgvector.toSql, array: (value) => value, distance: euclidean,
		binary: (value) => denseBuffer(value, 2, (buffer, x, at) => buffer.writeUInt16BE(half(x), at)),
	},
	sparsevec: {
		operator: '<->',
		value: (i) => new pgvector.SparseVector(dense(i).map((x, d) => ((i + d) % 4 ? 0 : x))),
		text: pgvector.toSql, array: (value) => value.toArray(), distance: euclidean, binary: sparseBuffer,
	},
	bit: {
		operator: '<~>',
		value: (i) => dense(i).map((x) => (x > 0 ? '1' : '0')).join(''),
		text: (value) => value, array: (value) => [...value].map(Number), binary: bitBuffer,
		distance: (a, b) => a.reduce((sum, x, d) => sum + (x !== b[d] ? 1 : 0), 0),
	},
};

// Distances of the ten rows that are nearest to row 42 moved by one.
function nearest(type) {
	const query = type.array(type.value(1042));
	return Array.from({ length: ROWS }, (_, k) => type.distance(query, type.array(type.value(k + 1))))
		.sort((a, b) => a - b).slice(0, 10).map((x) => x.toFixed(4));
}

let count = 0;

function check(ok, name, detail) {
	console.log(`${ok ? 'ok' : 'not ok'} ${++count} - ${name}`);
	if (!ok) console.log('# ' + JSON.stringify(detail));
}

function same(is, want, name) {
	check(JSON.stringify(is) === JSON.stringify(want), name, { is, want });
}

// Runs a client's test; an error is a failure.
async function run(main) {
	try {
		await main();
	} catch (error) {
		check(false, 'no error', String(error.stack));
	}
	console.log(`1..${count}`);
	process.exit(0);
}

module.exports = { DIMS, ROWS, TYPES, nearest, check, same, run };
