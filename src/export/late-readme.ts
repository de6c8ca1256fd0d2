/** The README of exported files of a model that reads labels once: its three graphs, with the numbers of this very checkpoint, and code that runs. */

import { layoutOf } from '../classify/classifier.ts';
import { FEW_LABELS } from '../classify/probabilities.ts';
import { readsAlike } from '../model/options.ts';
import type { Tokenizer } from '../text/tokenizer/tokenizer.ts';
import type { CheckpointConfig } from '../weights/checkpoint.ts';
import { EXPORT_FILES, type ExportPrecision, FILE_NOTES } from './export-readme.ts';

/** The graphs beside those of texts, which have the names of {@link EXPORT_FILES}. */
export const LATE_FILES = { labels: 'labels.onnx', scores: 'scores.onnx' } as const;

/** The README's text. */
export async function lateReadme(
  tokenizer: Tokenizer,
  { options }: CheckpointConfig,
  precisions: readonly ExportPrecision[],
): Promise<string> {
  const { special, markerIds, labelMaskOn, capacity } = await layoutOf(tokenizer, options);
  const { temperature, bias, sharpening } = options.calibration;
  const sharper =
    sharpening > 0 ? `; of N labels, more than ${FEW_LABELS}, logits times 1 + ${sharpening} x ln(N / ${FEW_LABELS}) first` : '';
  const upper = Array.from({ length: options.upperLayers }, (_, layer) => `state_${layer}`);
  const isVectors = upper.length === 0;
  const isAlike = readsAlike(options);
  const before = markerIds.length > 0 ? `[${[...markerIds].join(', ')}]` : `[${special.cls}]`;
  const behind = markerIds.length > 0 ? '[]' : `[${special.sep}]`;
  const own = labelMaskOn === 'marker' ? '[1] + [0] * len(ids)' : `[0] + [1] * len(ids)${markerIds.length > 0 ? '' : ' + [0]'}`;
  const model = EXPORT_FILES[precisions[0]];
  const labelsFile = isAlike ? model : LATE_FILES.labels;
  const [ids, mask, ownMask, positions] = isAlike
    ? ['input_ids', 'attention_mask', 'text_mask', 'positions']
    : ['label_ids', 'label_attention_mask', 'label_mask', 'label_positions'];
  const scoresInputs = isVectors
    ? `| \`${LATE_FILES.scores}\` | \`text\` [batch, size], \`labels\` [size, labels]: the vectors as columns | \`logits\` [batch, labels] |`
    : `| \`${LATE_FILES.scores}\` | \`text\`, ${upper.map((name) => `\`${name}\``).join(', ')} and \`attention_mask\` of the texts; \`labels\` [labels, size]; \`shown\` [batch, shown_labels]: rows of \`labels\` that each text is scored with; \`shown_mask\`: 1 for these, 0 behind them | \`logits\` [batch, shown_labels] |`;
  return `# A GliZNet classifier for ONNX Runtime

Written by \`glz export\`. Labels are read once: \`${labelsFile}\` makes one ${isVectors ? 'vector' : 'state'} of each, which serves every text. A text is read by
\`${model}\`, and \`${LATE_FILES.scores}\` scores the two.

| file | what it is |
| --- | --- |
${precisions.map((precision) => `| \`${EXPORT_FILES[precision]}\` | ${isAlike ? 'texts and labels' : 'texts'}: ${FILE_NOTES[precision]} |`).join('\n')}
${isAlike ? '' : `| \`${LATE_FILES.labels}\` | labels |\n`}| \`${LATE_FILES.scores}\` | ${isVectors ? 'the similarity: one matrix product' : `the upper ${upper.length} layers, in which labels read the text, and the similarity`} |
| \`tokenizer.json\` | the tokenizer, for Hugging Face's \`tokenizers\` |
| \`example.json\` | a text and its labels, the inputs that they make, the logits that each file of texts leads to; and, for programs, the numbers of this page |

The graphs use ONNX operators (set 20) and some of ONNX Runtime's own (\`com.microsoft\`), so they need ONNX Runtime; written and tested with 1.30.

## Inputs and outputs, integers as int32

| file | inputs | outputs |
| --- | --- | --- |
| \`${model}\` | \`input_ids\` [batch, length]: \`[CLS] text [SEP]\`, [PAD] behind it, at most ${capacity} tokens of text; \`attention_mask\`: 1 for the sequence; \`text_mask\`: 1 for the text's own tokens; \`positions\` [length]: 0, 1, 2, ... | \`text\` [batch, size]${isAlike ? ', `hidden` [batch, length, hidden], the states of the tokens' : ''}${upper.map((name) => `, \`${name}\` [batch, length, hidden]`).join('')} |
| \`${labelsFile}\`, labels | \`${ids}\` [labels, label_length]: ${markerIds.length > 0 ? `\`M label\`, M being \`${options.marker}\`` : '`[CLS] label [SEP]`'}, [PAD] behind it; \`${mask}\`; \`${ownMask}\`: 1 for ${labelMaskOn === 'marker' ? 'the marker' : "the label's own tokens"}; \`${positions}\` [label_length]: 0, 1, 2, ... | \`labels\` [labels, size] |
${scoresInputs}

[CLS] is ${special.cls}, [SEP] ${special.sep}, [PAD] ${special.pad}${markerIds.length > 0 ? `, M ${markerIds[0]}` : ''}. Texts and labels are encoded without special tokens.

- one label is right: softmax over the labels' logits${sharper}
- any number may fit: sigmoid(logit / ${temperature} + ${bias}) of each

## Python

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
    outputs = ["text"${upper.map((name) => `, "${name}"`).join('')}]
    read = texts_graph.run(outputs, {
        "input_ids": ids,
        "attention_mask": mask,
        "text_mask": padded([[0] + [1] * len(row) + [0] for row in encoded]),
        "positions": np.arange(ids.shape[1], dtype=np.int32),
    })
    feeds = dict(zip(outputs, read))
${
  isVectors
    ? `    feeds["labels"] = np.ascontiguousarray(labels.T)
`
    : `    shown = np.tile(np.arange(len(labels), dtype=np.int32), (len(texts), 1))
    feeds.update({"attention_mask": mask, "labels": labels, "shown": shown, "shown_mask": np.ones_like(shown)})
`
}    return scores_graph.run(["logits"], feeds)[0]


names = ${JSON.stringify(['delivery', 'billing', 'praise'])}
labels = compiled(names)
for row in logits(["The parcel never came, and nobody answers the phone."], labels):
    shares = np.exp(row - row.max())
    print(dict(zip(names, (shares / shares.sum()).tolist())))
\`\`\`

## JavaScript

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
const { logits } = await run('${LATE_FILES.scores}', { text: read.text, labels: new ort.Tensor('float32', columns, [size, count]) });`
    : `const { logits } = await run('${LATE_FILES.scores}', { ...read, ...tensors(inputs.scores), labels: compiled });`
}
console.log(labels, logits.data);
\`\`\`
`;
}
