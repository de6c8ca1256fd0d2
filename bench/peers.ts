/**
 * glz against other zero-shot systems of the same encoder, in one run: texts a second with 4 to 1,000 labels, long texts and short ones, one thread and
 * two. Systems take turns in rounds, each between two runs of the encoder alone, and what counts is the ratio to these: the median of the rounds.
 * One thread is timed by the processor's time, which other programs change little, two by the clock.
 * Run: npm run bench -- peers [--python PYTHON with gliclass, fast-gliner] [--npm FOLDER whose node_modules has @huggingface/transformers]
 *      [--checkpoint FOLDER] [--labels 4,10,25,77,1000] [--tokens 60,15] [--threads 1,2] [--rounds 5] [--batches 4] [--seconds 2] [--only glz,NLI]
 * --batches: texts at once, in batches as glz makes them. --seconds: a system that takes longer for all texts is given fewer, as the last column says.
 * --only: systems whose name has one of these in it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { SHIPPED_CHECKPOINT } from '../src/options/shipped-checkpoint.ts';
import { BATCH_TOKENS } from '../src/runtime/length-batches.ts';
import { loadTokenizer } from '../src/text/tokenizer/tokenizer.ts';
import { checkpointFolder, readCheckpointConfig } from '../src/weights/checkpoint.ts';
import { encoderClassifier, writeClassifierFolder } from './peers/encoder-classifier.ts';
import { type Measurement, measureInRounds } from './peers/measure.ts';
import { cosinePeer, floorPeer, glzPeer, nliPeer } from './peers/onnx-peers.ts';
import { childPeer, type Peer } from './peers/peer.ts';
import { textsOfLength } from './peers/workload.ts';

const { values } = parseArgs({
  options: {
    python: { type: 'string' },
    npm: { type: 'string' },
    checkpoint: { type: 'string', default: SHIPPED_CHECKPOINT },
    labels: { type: 'string', default: '4,10,25,77,1000' },
    tokens: { type: 'string', default: '60,15' },
    threads: { type: 'string', default: '1,2' },
    rounds: { type: 'string', default: '5' },
    batches: { type: 'string', default: '4' },
    seconds: { type: 'string', default: '2' },
    only: { type: 'string', default: '' },
  },
});
const numbers = (list: string): number[] => list.split(',').map(Number);

const folder = checkpointFolder(values.checkpoint);
const config = readCheckpointConfig(folder);
const tokenizer = await loadTokenizer(folder);
const classifier = encoderClassifier(folder, config);
const work = mkdtempSync(join(tmpdir(), 'glz-peers-'));
const modelFolder = join(work, 'nli');

type Opening = [name: string, open: (threads: number) => Promise<Peer>];
const python = (name: string, kind: string): Opening[] =>
  values.python
    ? [[name, (threads) => childPeer(name, values.python!, ['bench/peers.py', kind, modelFolder, String(threads)], threads)]]
    : [];
const script = fileURLToPath(new URL('peers/transformers-js.js', import.meta.url));
const openings: Opening[] = [
  ['glz fp32', (threads) => glzPeer({ folder, config, tokenizer, threads }, 'fp32')],
  ['glz int8', (threads) => glzPeer({ folder, config, tokenizer, threads }, 'int8')],
  ['cosine of the encoder', (threads) => cosinePeer({ folder, config, tokenizer, threads })],
  ...python('GLiClass', 'gliclass'),
  ['NLI cross-encoder', (threads) => nliPeer(classifier, tokenizer, threads)],
  ...(values.npm
    ? [
        [
          'transformers.js',
          (threads: number) => childPeer('transformers.js', process.execPath, [script, values.npm!, modelFolder, String(threads)], threads),
        ] satisfies Opening,
      ]
    : []),
  // It has no setting for its threads.
  ...python('fast-gliner, all cores', 'fast-gliner'),
];
const chosen = openings.filter(([name]) => values.only.split(',').some((part) => name.includes(part)));

/** The systems that open; of the others what they said. */
async function openAll(threads: number): Promise<Peer[]> {
  const peers: Peer[] = [];
  for (const [name, open] of chosen)
    try {
      peers.push(await open(threads));
    } catch (error) {
      console.log(`${name} is not measured: ${error instanceof Error ? error.message.split('\n')[0] : error}`);
    }
  return peers;
}

const digits = (value: number): string => value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3);
const HEAD = [
  ...['labels', 'system', 'texts/s', 'of the encoder alone', 'labels made ready, ms', 'of the encoder alone, 1,000 texts and their labels'],
  ...['times the time of the first', 'one text: p50, ms', 'p99', 'texts at once, one by one, rounds'],
];

function row({ labels, name, rate, share, shareCounted, preparation, p50, p99, texts, singles, rounds, times }: Measurement): string {
  const isFloor = labels === 0;
  const counted = isFloor ? ['', ''] : [preparation === undefined ? 'not known' : preparation.toFixed(0), digits(shareCounted)];
  const cells = [isFloor ? '' : labels, name, digits(rate), digits(share), ...counted, Number.isNaN(times) ? '' : digits(times)];
  return `| ${[...cells, p50.toFixed(1), p99.toFixed(1), `${texts}, ${singles}, ${rounds}`].join(' | ')} |`;
}

try {
  writeClassifierFolder(modelFolder, classifier, tokenizer);
  console.log(`${folder}: ${config.options.crossAttention}`);
  for (const threads of numbers(values.threads)) {
    const peers = await openAll(threads);
    if (peers.length === 0) break;
    for (const tokens of numbers(values.tokens)) {
      const texts = await textsOfLength(tokenizer, tokens, Math.ceil((Number(values.batches) * BATCH_TOKENS.processor) / tokens));
      const floor = await floorPeer({ folder, config, tokenizer, threads }, texts);
      const title = threads === 1 ? 'One thread, texts a second of processor time' : `${threads} threads, texts a second by the clock`;
      const found = await measureInRounds(floor, peers, texts, numbers(values.labels), {
        ...{ rounds: Number(values.rounds), seconds: Number(values.seconds), byProcessor: threads === 1 },
        note: (line) => console.error(`${title}, ${tokens} tokens: ${line}`),
      });
      await floor.dispose();
      console.log(`\n${title}; texts of ${tokens} tokens\n\n| ${HEAD.join(' | ')} |\n|${' --- |'.repeat(HEAD.length)}`);
      for (const each of found) console.log(row(each));
    }
    for (const peer of peers) await peer.dispose();
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
