// drizzle-kit: pull a schema, and push it back.
'use strict';

const fs = require('fs');
const { execFileSync } = require('child_process');
const { run } = require('./sample.js');
const { connection, check, unseen, unharmed } = require('./schema_tool.js');

function config(file, settings) {
	fs.writeFileSync(file, JSON.stringify({
		dialect: 'postgresql', verbose: true, dbCredentials: { ...connection, ssl: false }, ...settings,
	}));
	return file;
}

function kit(...args) {
	return execFileSync('node_modules/.bin/drizzle-kit', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

run(async () => {
	kit('pull', '--config', config('drizzle_pull.json', { out: './pulled' }));
	const pulled = fs.readFileSync('pulled/schema.ts', 'utf8');
	check(/pgTable\("items"[^]*using\("vecprov", table\.embedding[^]*tier: "r10"/.test(pulled), 'pull: table and index', pulled);
	unseen(pulled, 'pull');

	const settings = config('drizzle_push.json', { schema: './pulled/schema.ts' });
	let output = kit('push', '--force', '--config', settings);
	check(output.includes('No changes detected'), 'push of what was pulled changes nothing', output);
	fs.writeFileSync('pulled/schema.ts', pulled.replace('label: text(),', 'label: text(), price: text(),'));
	output = kit('push', '--force', '--config', settings);
	check(/ALTER TABLE "items" ADD COLUMN "price"/.test(output), 'push of a new column', output);
	check(!/DROP/.test(output), 'drops nothing', output);
	unseen(output, 'push');
	await unharmed();
});
