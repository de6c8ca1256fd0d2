/** docs/api.md describes every name that the library exports (npm run docs writes it, and fails where a docstring is missing). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../tiny-checkpoint.ts';
import { documentText } from './markdown.ts';

it('docs/api.md has a section with a sentence for each exported name, and no other', () => {
  const source = readFileSync(join(ROOT, 'src/index.ts'), 'utf8');
  const named = [...source.matchAll(/^export (?:type )?\{([^}]+)\}/gm)].flatMap(([, names]) => names.split(',').map((name) => name.trim()));
  const declared = [...source.matchAll(/^export (?:abstract )?(?:class|interface|type|const|function|async function) (\w+)/gm)].map(
    ([, name]) => name,
  );
  const sections = documentText('docs/api.md')
    .split(/^### /m)
    .slice(1)
    .map((section) => ({
      name: section.split('\n')[0].replace(/\(\)$/, ''),
      words: section
        .replace(/```[\s\S]*?```/g, '')
        .split('\n')
        .slice(1),
    }));
  expect(sections.map(({ name }) => name).sort()).toEqual([...new Set([...named.filter(Boolean), ...declared])].sort());
  for (const { name, words } of sections)
    expect([name, words.find((line) => line.trim() !== '')]).toEqual([name, expect.stringMatching(/^\w.*\w/)]);
});
