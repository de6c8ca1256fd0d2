/**
 * transformers.js's zero-shot classification in a process of its own, as bench/peers/peer.ts asks for it.
 * Arguments: a folder whose node_modules has @huggingface/transformers, a model folder with onnx/model.onnx, threads.
 */
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { peerOf } from './peer.ts';

type Pipeline = (texts: readonly string[], labels: readonly string[]) => Promise<{ scores: number[] }[]>;
interface Library {
  env: { allowRemoteModels: boolean; localModelPath: string };
  pipeline(task: string, model: string, options: object): Promise<Pipeline>;
}

const [folder, model, threads] = process.argv.slice(2);
const say = (line: object): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`);
};

try {
  const path = createRequire(join(folder, 'node_modules', 'anything.js')).resolve('@huggingface/transformers');
  const { env, pipeline } = (await import(pathToFileURL(path).href)) as Library;
  env.allowRemoteModels = false;
  env.localModelPath = dirname(model);
  const classify = await pipeline('zero-shot-classification', basename(model), {
    dtype: 'fp32',
    device: 'cpu',
    session_options: { intraOpNumThreads: Number(threads), interOpNumThreads: 1 },
  });
  const peer = peerOf('transformers.js', classify, async () => {});
  const [{ scores }] = await classify(['It rains.'], ['weather', 'sports']);
  if (scores.length !== 2 || !scores.every(Number.isFinite)) throw new Error(`it scores ${JSON.stringify(scores)}`);
  say({});
  for await (const line of createInterface({ input: process.stdin })) {
    const { texts, labels, oneByOne } = JSON.parse(line) as { texts: string[]; labels: string[]; oneByOne: boolean };
    say(await peer.classify(texts, labels, oneByOne));
  }
} catch (error) {
  say({ error: error instanceof Error ? error.message : String(error) });
}
