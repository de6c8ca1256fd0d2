// Writes so many short texts, each another: node scripts/scale/make-texts.mjs COUNT >FILE.jsonl. They are those of the benchmark that comes
// with glz, in English, with a number behind them.
import { readFileSync } from 'node:fs';

const count = Number(process.argv[2]);
const texts = ['banking77', 'openalex_topics']
  .flatMap((name) => readFileSync(new URL(`../../datasets/benchmark/${name}/test.jsonl`, import.meta.url), 'utf8').trim().split('\n'))
  .map((line) => JSON.parse(line).text);
process.stdout.on('error', () => process.exit(0));
let piece = '';
for (let at = 0; at < count; at++) {
  piece += `${JSON.stringify({ id: at, text: `${texts[at % texts.length]} (${at})` })}\n`;
  if (at % 10_000 === 9_999) {
    process.stdout.write(piece);
    piece = '';
  }
}
process.stdout.write(piece);
