/**
 * A checkpoint as files for other runtimes: ONNX graphs, the tokenizer, a README on inputs and outputs, and one worked example with its
 * inputs and logits, so that whoever writes the other end can check it.
 */
import { join } from 'node:path';
import { DataError } from '../base/errors.ts';
import { writeFileAtomically } from '../base/files.ts';
import { createClassifier } from '../classify/classifier.ts';
import { deriveInferenceGraph } from '../classify/inference-graph.ts';
import { createOnnxScorer } from '../classify/onnx-scorer.ts';
import { sequenceFeeds } from '../classify/sequence-feeds.ts';
import { createGraphSession, type Feed } from '../runtime/onnx-session.ts';
import { loadTokenizer } from '../text/tokenizer/tokenizer.ts';
import { readCheckpointConfig, writeFolderAtomically } from '../weights/checkpoint.ts';
import { EXPORT_FILES, type ExportPrecision, exportReadme } from './export-readme.ts';

/** The worked example. */
const TEXT = 'The parcel never came, and nobody answers the phone.';
const LABELS = ['delivery', 'billing', 'praise'];

/** Protobuf messages end here. */
const LARGEST_FILE = 2 ** 31 - 1;

/**
 * Writes the files into a new folder, whole or not there.
 * @param folder a checkpoint's own folder
 * @throws DataError when the checkpoint cannot be read or the files cannot be written
 */
export async function exportCheckpoint(
  folder: string,
  output: string,
  precisions: readonly ExportPrecision[],
  note: (line: string) => void = () => {},
): Promise<void> {
  const config = readCheckpointConfig(folder);
  const tokenizer = await loadTokenizer(folder);
  const files = new Map<string, string | Uint8Array[]>();
  const examples: Record<string, number[]> = {};
  let inputs: Record<string, Feed> = {};
  for (const precision of precisions) {
    const file = EXPORT_FILES[precision];
    note(`deriving ${file}`);
    const chunks = await deriveInferenceGraph(folder, config, precision);
    const size = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
    if (size > LARGEST_FILE) throw new DataError(`${file} would be larger than the 2 GiB that one ONNX file can have`);
    files.set(file, chunks);
    const scorer = createOnnxScorer(await createGraphSession(Buffer.concat(chunks)), folder);
    const classifier = await createClassifier(tokenizer, config.options, {
      ...scorer,
      score(batch) {
        inputs = sequenceFeeds(batch);
        return scorer.score(batch);
      },
    });
    try {
      const [{ logits }] = await classifier.logits([{ text: TEXT, labels: LABELS }]);
      examples[file] = [...logits];
    } finally {
      await classifier.dispose();
    }
  }
  const example = {
    text: TEXT,
    labels: LABELS,
    inputs: Object.fromEntries(Object.entries(inputs).map(([name, { shape, data }]) => [name, { shape, data: [...data] }])),
    logits: examples,
  };
  files.set('tokenizer.json', tokenizer.json);
  files.set('tokenizer_config.json', tokenizer.configJson);
  files.set('example.json', `${JSON.stringify(example)}\n`);
  files.set('README.md', await exportReadme(tokenizer, config, precisions));
  writeFolderAtomically(output, (temporary) => {
    for (const [name, content] of files) writeFileAtomically(join(temporary, name), content);
  });
}
