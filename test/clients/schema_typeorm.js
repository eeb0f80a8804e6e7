// TypeORM: synchronize.
'use strict';

const { DataSource, EntitySchema } = require('typeorm');
const { run } = require('./sample.js');
const { connection, check, unseen, rows, same, unharmed } = require('./schema_tool.js');

const { host, port, user, password, database } = connection;
const Item = new EntitySchema({
	name: 'Item',
	tableName: 'items',
	columns: {
		id: { type: 'integer', primary: true, generated: 'increment' },
		label: { type: 'text', nullable: true },
		embedding: { type: 'vector', length: 3, nullable: true },
		price: { type: 'integer', nullable: true },
	},
	// or TypeORM drops it, as any index that no entity has
	indices: [{ name: 'items_embedding_idx', columns: ['embedding'], synchronize: false }],
});

run(async () => {
	const source = new DataSource({ type: 'postgres', host, port, username: user, password, database, entities: [Item] });
	await source.initialize();
	const statements = (await source.driver.createSchemaBuilder().log()).upQueries.map((query) => query.query).join('\n');
	check(/ALTER TABLE "items" ADD "price" integer/.test(statements), 'synchronize adds a column', statements);
	check(!/DROP (TABLE|VIEW|INDEX|SCHEMA)/.test(statements), 'drops nothing', statements);
	unseen(statements, 'synchronize');
	await source.synchronize();
	same((await source.driver.createSchemaBuilder().log()).upQueries, [], 'a second time there is nothing to do');
	await source.destroy();
	same(await rows("SELECT count(*)::int FROM pg_attribute WHERE attrelid = 'items'::regclass AND attname = 'price'"), [[1]], 'it was added');
	await unharmed();
});
