// MikroORM: the statements that update the schema. It looks at all schemas, so it needs the filter of
// doc/schema-tools.md.
'use strict';

const { MikroORM, EntitySchema } = require('@mikro-orm/postgresql');
const { run } = require('./sample.js');
const { connection, check, unseen, same, unharmed } = require('./schema_tool.js');

const { host, port, user, password, database } = connection;
const Item = new EntitySchema({
	name: 'Item',
	tableName: 'items',
	properties: {
		id: { type: 'integer', primary: true, autoincrement: true },
		label: { type: 'text', nullable: true },
		embedding: { type: 'string', columnType: 'vector(3)', nullable: true },
		price: { type: 'integer', nullable: true },
	},
	indexes: [{ name: 'items_embedding_idx', properties: ['embedding'],
		expression: 'create index items_embedding_idx on items using vecprov (embedding vector_l2_ops) with (tier = r10)' }],
});

run(async () => {
	const options = { host, port, user, password, dbName: database, entities: [Item] };
	const unfiltered = await MikroORM.init(options);
	const refused = await unfiltered.schema.updateSchema().then(() => 'done', (error) => error.message);
	check(/extension vecprov requires it/.test(refused), 'without a filter the server refuses', refused);
	await unfiltered.close();
	await unharmed();

	const orm = await MikroORM.init({ ...options, schemaGenerator: { ignoreSchema: ['vecprov'] } });
	const statements = await orm.schema.getUpdateSchemaSQL();
	check(/alter table "items" add column "price" int/.test(statements), 'the update adds a column', statements);
	check(!/drop (table|view|index|schema)/.test(statements), 'drops nothing', statements);
	unseen(statements, 'update');
	await orm.schema.updateSchema();
	same((await orm.schema.getUpdateSchemaSQL()).trim(), '', 'a second time there is nothing to do');
	await orm.close();
	await unharmed();
});
