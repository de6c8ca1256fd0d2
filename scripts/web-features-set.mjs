/**
 * Makes datasets/few-shot/web-features out of the npm package web-features (the data behind "Baseline" browser support):
 *
 *     npm pack --pack-destination . web-features@3.40.0 && tar xzf web-features-3.40.0.tgz && node scripts/web-features-set.mjs package/data.json
 *
 * A text is the description of a feature of the web platform, its label the group that the package puts it in. Of each group with at
 * least 13 features 8 are examples to learn from, the others are the test. Features of two such groups, or without a sentence, are left out.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SHOTS = 8;
const FEWEST = 13;
const folder = new URL('../datasets/few-shot/web-features/', import.meta.url).pathname;
const { features, groups } = JSON.parse(readFileSync(process.argv[2], 'utf8'));

const rowsByGroup = new Map();
for (const { kind, description = '', group = [] } of Object.values(features)) {
  if (kind !== undefined && kind !== 'feature') continue;
  const text = description.trim();
  if (text.split(/\s+/).length < 6) continue;
  for (const id of group) rowsByGroup.set(id, [...(rowsByGroup.get(id) ?? []), { text, group }]);
}
// Groups that hold other groups say nothing of their own.
const parents = new Set(Object.values(groups).flatMap(({ parent }) => parent ?? []));
const chosen = [...rowsByGroup].filter(([id, rows]) => !parents.has(id) && rows.length >= FEWEST).map(([id]) => id);

const [train, test, labels] = [[], [], []];
for (const id of chosen.sort()) {
  const label = groups[id].name.toLowerCase();
  const own = rowsByGroup.get(id).filter(({ group }) => group.filter((other) => chosen.includes(other)).length === 1);
  if (own.length < FEWEST) continue;
  labels.push(label);
  // Spread evenly over the package's order, which is alphabetical.
  const picked = new Set(Array.from({ length: SHOTS }, (_, i) => Math.floor(((i + 0.5) * own.length) / SHOTS)));
  own.forEach(({ text }, at) => (picked.has(at) ? train : test).push({ text, labels: [label] }));
}
mkdirSync(folder, { recursive: true });
const lines = (rows) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
writeFileSync(join(folder, 'train.jsonl'), lines(train));
writeFileSync(join(folder, 'test.jsonl'), lines(test));
writeFileSync(join(folder, 'labels.json'), `${JSON.stringify(labels)}\n`);
console.error(`${labels.length} labels, ${train.length} examples, ${test.length} test texts`);
