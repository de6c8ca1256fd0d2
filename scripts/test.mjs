// Runs jest with the arguments it is given; with --slow it prints the ten slowest files and tests at the end.
import { run } from 'jest';

const args = process.argv.slice(2);
const others = args.filter((arg) => arg !== '--slow');
const reporters = others.length < args.length ? ['--reporters=default', '--reporters=<rootDir>/scripts/slowest-tests.mjs'] : [];
await run([...others, ...reporters]);
