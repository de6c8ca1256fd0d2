/** The README of exported files of a model that reads labels once: its three graphs, with the numbers of this very checkpoint, and code that runs. */

import { layoutOf } from '../classify/classifier.ts';
import { type GliZNetOptions, readsAlike, readsTokens } from '../model/options.ts';
import type { JointLayout } from '../text/joint-sequence.ts';
import type { Tokenizer } from '../text/tokenizer/tokenizer.ts';
import type { CheckpointConfig } from '../weights/checkpoint.ts';
import { EXPORT_FILES, type ExportPrecision, FILE_NOTES, sharpeningNote } from './export-readme.ts';
import { EXAMPLE_LABELS, EXAMPLE_TEXT } from './worked-example.ts';

/** The graphs beside those of texts, which have the names of {@link EXPORT_FILES}. */
export const LATE_FILES = { labels: 'labels.onnx', scores: 'scores.onnx' } as const;

/** What the page says of a checkpoint, in the words of its graphs. */
interface LateFacts extends Pick<JointLayout, 'special' | 'markerIds' | 'labelMaskOn' | 'capacity'> {
  marker: string;
  /** The graph of texts, and that of labels: the same one where both are read alike. */
  model: string;
  labelsFile: string;
  isAlike: boolean;
  /** Whether labels read the text's tokens. */
  areReaders: boolean;
  /** Outputs that the upper layers read; none where text and label are two vectors. */
  upper: readonly string[];
  /** Inputs of the graph of labels. */
  labelInputs: { ids: string; mask: string; ownMask: string; positions: string };
}

function factsOf({ special, markerIds, labelMaskOn, capacity }: JointLayout, options: GliZNetOptions, model: string): LateFacts {
  const isAlike = readsAlike(options);
  return {
    ...{ special, markerIds, labelMaskOn, capacity, marker: options.marker, model, isAlike, areReaders: readsTokens(options) },
    labelsFile: isAlike ? model : LATE_FILES.labels,
    upper: Array.from({ length: options.upperLayers }, (_, layer) => `state_${layer}`),
    labelInputs: isAlike
      ? { ids: 'input_ids', mask: 'attention_mask', ownMask: 'text_mask', positions: 'positions' }
      : { ids: 'label_ids', mask: 'label_attention_mask', ownMask: 'label_mask', positions: 'label_positions' },
  };
}

function scoresInputs({ areReaders, upper }: LateFacts): string {
  if (areReaders)
    return `| \`${LATE_FILES.scores}\` | \`hidden\` and \`text_mask\` of the texts, \`labels\` [size, labels]: the vectors as columns | \`logits\` [batch, labels] |`;
  return upper.length === 0
    ? `| \`${LATE_FILES.scores}\` | \`text\` [batch, size], \`labels\` [size, labels]: the vectors as columns | \`logits\` [batch, labels] |`
    : `| \`${LATE_FILES.scores}\` | \`text\`, ${upper.map((name) => `\`${name}\``).join(', ')} and \`attention_mask\` of the texts; \`labels\` [labels, size]; \`shown\` [batch, shown_labels]: rows of \`labels\` that each text is scored with; \`shown_mask\`: 1 for these, 0 behind them | \`logits\` [batch, shown_labels] |`;
}

function inputsSection(facts: LateFacts): string {
  const { markerIds, labelMaskOn, capacity, marker, model, labelsFile, isAlike, upper, labelInputs } = facts;
  const { ids, mask, ownMask, positions } = labelInputs;
  return `## Inputs and outputs, integers as int32

| file | inputs | outputs |
| --- | --- | --- |
| \`${model}\` | \`input_ids\` [batch, length]: \`[CLS] text [SEP]\`, [PAD] behind it, at most ${capacity} tokens of text; \`attention_mask\`: 1 for the sequence; \`text_mask\`: 1 for the text's own tokens; \`positions\` [length]: 0, 1, 2, ... | \`text\` [batch, size]${isAlike ? ', `hidden` [batch, length, hidden], the states of the tokens' : ''}${upper.map((name) => `, \`${name}\` [batch, length, hidden]`).join('')} |
| \`${labelsFile}\`, labels | \`${ids}\` [labels, label_length]: ${markerIds.length > 0 ? `\`M label\`, M being \`${marker}\`` : '`[CLS] label [SEP]`'}, [PAD] behind it; \`${mask}\`; \`${ownMask}\`: 1 for ${labelMaskOn === 'marker' ? 'the marker' : "the label's own tokens"}; \`${positions}\` [label_length]: 0, 1, 2, ... | \`labels\` [labels, size] |
${scoresInputs(facts)}
`;
}

/** Code that makes sequences, reads labels once and asks the graphs. */
function pythonSection({ special, markerIds, labelMaskOn, capacity, model, isAlike, areReaders, upper, labelInputs }: LateFacts): string {
  const { ids, mask, ownMask, positions } = labelInputs;
  const isVectors = upper.length === 0;
  const before = markerIds.length > 0 ? `[${[...markerIds].join(', ')}]` : `[${special.cls}]`;
  const behind = markerIds.length > 0 ? '[]' : `[${special.sep}]`;
  const own = labelMaskOn === 'marker' ? '[1] + [0] * len(ids)' : `[0] + [1] * len(ids)${markerIds.length > 0 ? '' : ' + [0]'}`;
  return `## Python

\`\`\`python
import os
os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # onnxruntime reports to its maker otherwise
import numpy as np, onnxruntime
from tokenizers import Tokenizer

tokenizer = Tokenizer.from_file("tokenizer.json")
texts_graph, scores_graph = onnxruntime.InferenceSession("${model}"), onnxruntime.InferenceSession("${LATE_FILES.scores}")
labels_graph = ${isAlike ? 'texts_graph' : `onnxruntime.InferenceSession("${LATE_FILES.labels}")`}


def padded(rows, fill=0):
    length = max(map(len, rows))
    return np.array([row + [fill] * (length - len(row)) for row in rows], np.int32)


def compiled(labels):
    """Once for a label set."""
    encoded = [tokenizer.encode(label, add_special_tokens=False).ids for label in labels]
    sequences = [${before} + ids + ${behind} for ids in encoded]
    ids = padded(sequences, ${special.pad})
    return labels_graph.run(["labels"], {
        "${ids}": ids,
        "${mask}": padded([[1] * len(row) for row in sequences]),
        "${ownMask}": padded([${own} for ids in encoded]),
        "${positions}": np.arange(ids.shape[1], dtype=np.int32),
    })[0]


def logits(texts, labels):
    encoded = [tokenizer.encode(text, add_special_tokens=False).ids[:${capacity}] for text in texts]
    ids = padded([[${special.cls}] + row + [${special.sep}] for row in encoded], ${special.pad})
    mask = padded([[1] * (len(row) + 2) for row in encoded])
    own = padded([[0] + [1] * len(row) + [0] for row in encoded])
    outputs = ["${areReaders ? 'hidden' : 'text'}"${upper.map((name) => `, "${name}"`).join('')}]
    read = texts_graph.run(outputs, {
        "input_ids": ids,
        "attention_mask": mask,
        "text_mask": own,
        "positions": np.arange(ids.shape[1], dtype=np.int32),
    })
    feeds = dict(zip(outputs, read))
${
  isVectors
    ? `    feeds["labels"] = np.ascontiguousarray(labels.T)
${areReaders ? '    feeds["text_mask"] = own\n' : ''}`
    : `    shown = np.tile(np.arange(len(labels), dtype=np.int32), (len(texts), 1))
    feeds.update({"attention_mask": mask, "labels": labels, "shown": shown, "shown_mask": np.ones_like(shown)})
`
}    return scores_graph.run(["logits"], feeds)[0]


names = ${JSON.stringify(EXAMPLE_LABELS)}
labels = compiled(names)
for row in logits([${JSON.stringify(EXAMPLE_TEXT)}], labels):
    shares = np.exp(row - row.max())
    print(dict(zip(names, (shares / shares.sum()).tolist())))
\`\`\`
`;
}

/** Code that runs the worked example. */
function javascriptSection({ model, labelsFile, areReaders, upper }: LateFacts): string {
  const isVectors = upper.length === 0;
  return `## JavaScript

\`\`\`js
process.env.ORT_DISABLE_TELEMETRY = '1'; // onnxruntime reports to its maker otherwise
const { readFileSync } = await import('node:fs');
const { default: ort } = await import('onnxruntime-node');

const { inputs, labels } = JSON.parse(readFileSync('example.json', 'utf8'));
const run = async (file, feeds) => (await ort.InferenceSession.create(file)).run(feeds);
const tensors = (values) =>
  Object.fromEntries(Object.entries(values).map(([name, { shape, data }]) => [name, new ort.Tensor('int32', Int32Array.from(data), shape)]));
const compiled = (await run('${labelsFile}', tensors(inputs.labels))).labels; // once for a label set
const read = await run('${model}', tensors(inputs.texts));
${
  isVectors
    ? `const [count, size] = compiled.dims;
const columns = Float32Array.from({ length: count * size }, (_, at) => compiled.data[(at % count) * size + Math.floor(at / count)]);
const of = ${areReaders ? '{ hidden: read.hidden, text_mask: tensors(inputs.texts).text_mask }' : '{ text: read.text }'};
const { logits } = await run('${LATE_FILES.scores}', { ...of, labels: new ort.Tensor('float32', columns, [size, count]) });`
    : `const { logits } = await run('${LATE_FILES.scores}', { ...read, ...tensors(inputs.scores), labels: compiled });`
}
console.log(labels, logits.data);
\`\`\`
`;
}

/** The README's text. */
export async function lateReadme(
  tokenizer: Tokenizer,
  { options }: CheckpointConfig,
  precisions: readonly ExportPrecision[],
): Promise<string> {
  const facts = factsOf(await layoutOf(tokenizer, options), options, EXPORT_FILES[precisions[0]]);
  const { special, markerIds, model, labelsFile, isAlike, areReaders, upper } = facts;
  const { temperature, bias } = options.calibration;
  const isVectors = upper.length === 0;
  return `# A GliZNet classifier for ONNX Runtime

Written by \`glz export\`. Labels are read once: \`${labelsFile}\` makes one ${isVectors ? 'vector' : 'state'} of each, which serves every text. A text is read by
\`${model}\`, and \`${LATE_FILES.scores}\` scores the two.

| file | what it is |
| --- | --- |
${precisions.map((precision) => `| \`${EXPORT_FILES[precision]}\` | ${isAlike ? 'texts and labels' : 'texts'}: ${FILE_NOTES[precision]} |`).join('\n')}
${isAlike ? '' : `| \`${LATE_FILES.labels}\` | labels |\n`}| \`${LATE_FILES.scores}\` | ${areReaders ? 'what labels read of the tokens, and the similarity; for up to some thousand labels' : isVectors ? 'the similarity: one matrix product' : `the upper ${upper.length} layers, in which labels read the text, and the similarity`} |
| \`tokenizer.json\` | the tokenizer, for Hugging Face's \`tokenizers\` |
| \`example.json\` | a text and its labels, the inputs that they make, the logits that each file of texts leads to; and, for programs, the numbers of this page |

The graphs use ONNX operators (set 20) and some of ONNX Runtime's own (\`com.microsoft\`), so they need ONNX Runtime; written and tested with 1.30.

${inputsSection(facts)}
[CLS] is ${special.cls}, [SEP] ${special.sep}, [PAD] ${special.pad}${markerIds.length > 0 ? `, M ${markerIds[0]}` : ''}. Texts and labels are encoded without special tokens.

- one label is right: softmax over the labels' logits${sharpeningNote(options.calibration)}
- any number may fit: sigmoid(logit / ${temperature} + ${bias}) of each

${pythonSection(facts)}
${javascriptSection(facts)}`;
}
