/** Every link of the documents leads somewhere, every path that they name is there, and so is every document that code names. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ROOT } from '../tiny-checkpoint.ts';
import { anchors, DOCUMENTS, documentText, inlineCode, links, linkTarget } from './markdown.ts';

it('there are documents, with links', () => {
  expect(DOCUMENTS).toEqual(
    expect.arrayContaining(['README.md', 'docs/train.md', 'docs/log/experiments.md', 'checkpoints/glz-mini/README.md']),
  );
  expect(DOCUMENTS.flatMap((name) => links(documentText(name))).length).toBeGreaterThan(70);
});

it.each(DOCUMENTS)('links of %s lead to files and headings that are there', (name) => {
  const dead = links(documentText(name)).filter((link) => {
    if (/^[a-z]+:/.test(link)) return !link.startsWith('https://');
    const { path, anchor } = linkTarget(name, link);
    if (path.startsWith('..') || !existsSync(join(ROOT, path))) return true;
    return anchor !== undefined && !anchors(documentText(path)).has(anchor);
  });
  expect(dead).toEqual([]);
});

/** Folders of the repository that a path in a document may begin with. */
const PATH = /^(?:src|tests|docs|configs|scripts|datasets|checkpoints|bench|bin)\/[\w./-]*$/;
/** Stands for a name: NAME, FAMILY, VERB. */
const STANDS_FOR = /[A-Z]{4}/;

it.each(DOCUMENTS)('paths that %s names are there', (name) => {
  const paths = inlineCode(documentText(name)).filter((code) => PATH.test(code) && !(STANDS_FOR.test(code) && !code.endsWith('README.md')));
  // What the logs name was there when they were written.
  const isLog = name.startsWith('docs/log/') || name === 'CHANGELOG.md';
  const missing = paths.filter((path) => !existsSync(join(ROOT, path)) && !isLog);
  expect(missing).toEqual([]);
});

it('files and folders that the drawings name are there', () => {
  const drawings = readdirSync(join(ROOT, 'docs/images')).filter((name) => name.endsWith('.svg'));
  const named = drawings.flatMap((name) =>
    [...readFileSync(join(ROOT, 'docs/images', name), 'utf8').matchAll(/src\/[\w./-]*\w(?:-\*)?/g)].map(([path]) => path),
  );
  expect(named.length).toBeGreaterThan(10);
  const isThere = (path: string) =>
    path.endsWith('*')
      ? readdirSync(join(ROOT, dirname(path))).some((file) => file.startsWith(basename(path).slice(0, -1)))
      : existsSync(join(ROOT, path));
  expect(named.filter((path) => !isThere(path))).toEqual([]);
});

it('documents that code, settings and scripts name are there', () => {
  const files = ['src', 'bench', 'configs', 'scripts', 'tests'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(ts|mjs|py|sh|yaml)$/.test(name) && !/^fixtures\/|node_modules/.test(name))
      .map((name) => join(folder, name)),
  );
  const named = files.flatMap((file) =>
    [...readFileSync(join(ROOT, file), 'utf8').matchAll(/\bdocs\/[\w/-]+\.md\b/g)].map(([path]) => ({ file, path })),
  );
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter(({ path }) => !existsSync(join(ROOT, path)))).toEqual([]);
});
