/**
 * What an install of glz holds: `node scripts/dependencies.mjs sbom` prints a CycloneDX bill of materials, `... licences` a line a package with its licence. The
 * second ends with 1 where a licence is not on the list below: whoever adds such a package reads it first.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Licences that allow use, change and distribution with no more than a notice. */
const KNOWN = ['MIT', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'ISC', 'BlueOak-1.0.0', 'Python-2.0', 'CC0-1.0', 'Unlicense', 'Zlib'];
/** Others, read one by one: why they are no burden. */
const READ = {
  'LGPL-3.0-or-later': "libvips, which sharp loads as a library of its own (a baseline's images; not linked into glz)",
  'CC-BY-4.0': 'data files',
  WordNet: "Princeton's own licence, a notice: the dictionary of glz generate",
};

const root = fileURLToPath(new URL('..', import.meta.url));
const asked = spawnSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--omit', 'dev'], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 });
if (asked.status !== 0) {
  console.error(`npm sbom failed; is what is installed what package-lock.json says (npm ci)?\n${asked.stderr}`);
  process.exit(1);
}
const sbom = JSON.parse(asked.stdout);
/** Licence texts of a component; npm leaves out what is no SPDX name, and what is not installed on this platform. */
const licencesOf = ({ licenses = [] }) => licenses.map(({ expression, license }) => expression ?? license?.id ?? license?.name ?? '');
/** Whether all of an expression's parts (`A AND B`), or one of its choices (`A OR B`), are on the lists. */
const isAllowed = (expression) =>
  expression
    .replace(/[()]/g, '')
    .split(/ OR /)
    .some((choice) => choice.split(/ AND /).every((part) => KNOWN.includes(part.trim()) || Object.hasOwn(READ, part.trim())));

if (process.argv[2] === 'sbom') process.stdout.write(`${JSON.stringify(sbom, null, 2)}\n`);
else if (process.argv[2] === 'licences') {
  // The project's own workspaces are no dependencies.
  const others = sbom.components.filter(({ purl }) => purl && !purl.includes('file:') && !/^pkg:npm\/(gliznet-)?api-docs@/.test(purl));
  const rows = others.map((component) => ({ name: `${component.name}@${component.version}`, licences: licencesOf(component) }));
  rows.sort((a, b) => (a.name < b.name ? -1 : 1));
  const unread = rows.filter(({ licences }) => licences.length === 0 || !licences.every(isAllowed));
  for (const { name, licences } of rows) console.log(`${name}  ${licences.join(', ') || '(none named)'}`);
  for (const { name, licences } of unread) console.error(`read first: ${name}, licence ${licences.join(', ') || '(none named)'}`);
  process.exitCode = unread.length > 0 ? 1 : 0;
} else {
  console.error('node scripts/dependencies.mjs sbom | licences');
  process.exitCode = 2;
}
