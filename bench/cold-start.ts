/**
 * One text, cold: from the start of the process to the printed result, and where the time goes.
 * Run: npm run bench -- cold-start [runs]
 */
import { spawnSync } from 'node:child_process';

const runs = Number(process.argv[2] ?? 7);
const args = ['bin/glz.js', 'predict', '--text', 'The app crashes when I open my invoice', '--labels', 'bug report,billing,praise'];
const time = (argv: string[]): number => {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return performance.now() - start;
};
const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1];
time(args); // derives and caches the graph
const whole = Array.from({ length: runs }, () => time(args));
const node = Array.from({ length: runs }, () => time(['-e', '0']));

const script = `
const at = [['start', performance.now()]];
const mark = (name) => at.push([name, performance.now()]);
const { loadTokenizer } = await import('./dist/text/tokenizer/tokenizer.js');
const { createGraphSession } = await import('./dist/runtime/onnx-session.js');
const { cacheFolder, derivedFile } = await import('./dist/runtime/graph-cache.js');
const { checkpointHash, readCheckpointConfig } = await import('./dist/weights/checkpoint.js');
const { createClassifier } = await import('./dist/classify/classifier.js');
const { createOnnxScorer } = await import('./dist/classify/onnx-scorer.js');
mark('imports');
const folder = 'checkpoints/glz-mini';
const config = readCheckpointConfig(folder);
const graph = await derivedFile(checkpointHash(folder, config, cacheFolder()), config.precision, () => { throw new Error('not cached'); });
mark('checkpoint and cache');
const tokenizer = await loadTokenizer(folder);
mark('tokenizer');
const session = await createGraphSession(graph);
mark('onnxruntime and session');
const classifier = await createClassifier(tokenizer, config.options, createOnnxScorer(session));
await classifier.logits([{ text: 'The app crashes when I open my invoice', labels: ['bug report', 'billing', 'praise'] }]);
mark('one pass');
console.log(JSON.stringify(at));
`;
const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
if (status !== 0) throw new Error(stderr);
const marks = JSON.parse(stdout) as [string, number][];
console.log(
  `process start to printed result, median of ${runs}: ${median(whole).toFixed(0)} ms (slowest ${Math.max(...whole).toFixed(0)} ms)`,
);
console.log(`of which an empty node process: ${median(node).toFixed(0)} ms`);
for (let i = 1; i < marks.length; i++) console.log(`  ${marks[i][0]}: ${(marks[i][1] - marks[i - 1][1]).toFixed(0)} ms`);
