/** Writes the table of settings into docs/train.md out of the built schema: `npm run build && node scripts/settings-table.mjs`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { settingsMarkdown } from '../dist/train/settings-table.js';

const path = new URL('../docs/train.md', import.meta.url);
const document = readFileSync(path, 'utf8');
const start = document.indexOf('| field |');
const end = document.indexOf('\n\n', start);
writeFileSync(path, document.slice(0, start) + settingsMarkdown() + document.slice(end));
