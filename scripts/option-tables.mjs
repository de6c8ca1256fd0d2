/** Writes the tables of options into docs/*.md out of the built declarations: `npm run build && node scripts/option-tables.mjs`. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { withTables } from '../dist/cli/option-tables.js';

const folder = new URL('../docs/', import.meta.url);
for (const name of readdirSync(folder).filter((each) => each.endsWith('.md'))) {
  const path = new URL(name, folder);
  const document = readFileSync(path, 'utf8');
  const written = withTables(document);
  if (written !== document) writeFileSync(path, written);
}
