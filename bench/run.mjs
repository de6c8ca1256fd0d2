// Compiles and runs a benchmark: npm run bench -- <name> [arguments]
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const [name, ...args] = process.argv.slice(2);
const names = readdirSync(join(root, 'bench'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -3));
if (!names.includes(name)) {
  console.error(`npm run bench -- NAME [arguments]; names: ${names.join(', ')}`);
  process.exit(2);
}
const out = join(root, '.cache/bench');
const compiled = spawnSync(
  process.execPath,
  [join(root, 'node_modules/typescript/bin/tsc'), '-p', root, '--noEmit', 'false', '--outDir', out],
  {
    stdio: 'inherit',
  },
);
if (compiled.status !== 0) process.exit(1);
// Compiled sources look for the package's own folders beside them.
for (const folder of ['checkpoints', 'configs', 'package.json'])
  if (!existsSync(join(out, folder))) symlinkSync(join(root, folder), join(out, folder));
process.exit(spawnSync(process.execPath, [join(out, 'bench', `${name}.js`), ...args], { stdio: 'inherit', cwd: root }).status ?? 1);
