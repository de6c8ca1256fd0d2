/** The README of exported files: what the graphs take and give, with the numbers of this very checkpoint, and code that runs. */

import { layoutOf } from '../classify/classifier.ts';
import type { Calibration, GliZNetOptions } from '../model/options.ts';
import type { JointLayout } from '../text/joint-sequence.ts';
import type { Tokenizer } from '../text/tokenizer/tokenizer.ts';
import type { CheckpointConfig } from '../weights/checkpoint.ts';
import { EXAMPLE_LABELS, EXAMPLE_TEXT } from './worked-example.ts';

/** Numeric precisions that are exported, and the file of each. */
export const EXPORT_FILES = { fp32: 'model.onnx', int8: 'model_int8.onnx' } as const;
/** A numeric precision of an export. */
export type ExportPrecision = keyof typeof EXPORT_FILES;

/** What each file is. */
export const FILE_NOTES: Record<ExportPrecision, string> = {
  fp32: 'the model in 32-bit floats',
  int8: 'the same with 8-bit products: smaller, faster on CPUs with integer dot products, a little less exact',
};

/** What is said of the logits of many labels; '' where a checkpoint does nothing to them. */
export const sharpeningNote = ({ sharpening, sharpenAbove, flattens }: Calibration): string =>
  sharpening > 0
    ? `; of N labels${flattens ? '' : `, more than ${sharpenAbove}`}, logits times 1 + ${sharpening} x ln(N / ${sharpenAbove}) first`
    : '';

const listed = (ids: Int32Array): string => `[${[...ids].join(', ')}]`;

const hasMarker = ({ markerIds }: JointLayout): boolean => markerIds.length > 0;

/** How a text and its labels make a sequence. */
function sequenceSection(layout: JointLayout, options: GliZNetOptions): string {
  const { special, separatorIds, markerIds, blocks, maxLength, capacity } = layout;
  const order = blocks
    ? '[CLS] text [SEP] M label_1 M label_2 ... M label_n'
    : hasMarker(layout)
      ? '[CLS] text [SEP] M label_1 M label_2 ... M label_n [SEP]'
      : '[CLS] text [SEP] label_1 S label_2 S ... label_n [SEP]';
  const limit = blocks ? `of which the text takes at most ${capacity} tokens, whatever the labels take` : `at most ${maxLength} tokens`;
  const between = hasMarker(layout) ? `M is the marker \`${options.marker}\`.` : `S is the separator \`${options.separator}\`.`;
  const groups =
    options.labelsPerGroup === null
      ? ''
      : ` The model was trained with up to ${options.labelsPerGroup} labels in a sequence: split more into groups.`;
  return `## The sequence

\`${order}\`, ${limit}; the text is cut at its end, never a label. Text and labels are encoded each by
itself, without special tokens. ${between}${groups}

| token | ids |
| --- | --- |
| [CLS] | ${special.cls} |
| [SEP] | ${special.sep} |
| [PAD] | ${special.pad} |
${hasMarker(layout) ? `| M | ${listed(markerIds)} |` : `| S | ${listed(separatorIds)} |`}
`;
}

function inputsSection({ blocks, labelMaskOn }: JointLayout): string {
  const numbered = labelMaskOn === 'marker' ? 'the marker in front of label k' : 'the tokens of label k';
  return `## Inputs, all int32

| name | shape | values |
| --- | --- | --- |
| \`input_ids\` | [batch, length] | the sequence, [PAD] behind it |
| \`attention_mask\` | [batch, length] | 1 for the sequence, 0 for padding |
| \`lmask\` | [batch, length] | k for ${numbered} (from 1), else 0 |
| \`text_mask\` | [batch, length] | 1 for the text's own tokens, else 0 |
| \`positions\` | [length] | 0, 1, 2, ... |
| \`label_numbers\` | [labels] | 1, 2, ... up to the largest number of labels of a row |
${
  blocks
    ? `| \`block_numbers\` | [batch, length] | 0 for [CLS], text and [SEP], k for label k and its marker |
| \`position_ids\` | [batch, length] | positions that start from 0 in the text's block and in each label's |
`
    : ''
}`;
}

/** Code that makes sequences and asks the graph. */
function pythonSection({ special, separatorIds, markerIds, blocks, labelMaskOn, maxLength, capacity }: JointLayout, graph: string): string {
  return `## Python

\`\`\`python
import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # before the import: ONNX Runtime reports to its maker unless told not to

import numpy as np, onnxruntime
from tokenizers import Tokenizer

tokenizer = Tokenizer.from_file("tokenizer.json")
session = onnxruntime.InferenceSession("${graph}")
CLS, SEP, MARKER, SEPARATOR, LONGEST = ${special.cls}, ${special.sep}, ${listed(markerIds)}, ${listed(separatorIds)}, ${blocks ? capacity : maxLength}


def encode(words):
    return tokenizer.encode(words, add_special_tokens=False).ids


def logits(text, labels):
    tail, numbers${blocks ? ', blocks, places' : ''} = [], []${blocks ? ', [], []' : ''}
    for k, label in enumerate(labels, 1):
        own, between = encode(label), SEPARATOR if k > 1 else []
        tail += between + MARKER + own
        numbers += [0] * len(between) + [${labelMaskOn === 'marker' ? 'k] * len(MARKER) + [0' : '0] * len(MARKER) + [k'}] * len(own)
${
  blocks
    ? `        blocks += [k] * (len(MARKER) + len(own))
        places += range(len(MARKER) + len(own))
`
    : `    tail, numbers = tail + [SEP], numbers + [0]
`
}    words = encode(text)[: ${blocks ? 'LONGEST' : 'LONGEST - 2 - len(tail)'}]
    ids = [CLS] + words + [SEP] + tail
    head = len(ids) - len(tail)
    rows = {
        "input_ids": ids,
        "attention_mask": [1] * len(ids),
        "lmask": [0] * head + numbers,
        "text_mask": [0] + [1] * len(words) + [0] * (len(ids) - 1 - len(words)),
${
  blocks
    ? `        "block_numbers": [0] * head + blocks,
        "position_ids": list(range(head)) + places,
`
    : ''
}    }
    feeds = {name: np.array([row], np.int32) for name, row in rows.items()}
    feeds["positions"] = np.arange(len(ids), dtype=np.int32)
    feeds["label_numbers"] = np.arange(1, len(labels) + 1, dtype=np.int32)
    return session.run(["logits"], feeds)[0][0]


labels = ${JSON.stringify(EXAMPLE_LABELS)}
scores = logits(${JSON.stringify(EXAMPLE_TEXT)}, labels)
print(dict(zip(labels, np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum())))
\`\`\`
`;
}

/** Code that runs the worked example. */
const javascriptSection = (graph: string): string => `## JavaScript

\`\`\`js
import { readFileSync } from 'node:fs';

process.env.ORT_DISABLE_TELEMETRY = '1'; // before it is loaded: ONNX Runtime reports to its maker unless told not to
const { default: ort } = await import('onnxruntime-node');
const session = await ort.InferenceSession.create('${graph}');
const { inputs, labels } = JSON.parse(readFileSync('example.json', 'utf8'));
const feeds = Object.fromEntries(
  Object.entries(inputs).map(([name, { shape, data }]) => [name, new ort.Tensor('int32', Int32Array.from(data), shape)]),
);
const { logits } = await session.run(feeds, ['logits']);
console.log(labels, logits.data);
\`\`\`
`;

/** The README's text. */
export async function exportReadme(
  tokenizer: Tokenizer,
  { options }: CheckpointConfig,
  precisions: readonly ExportPrecision[],
): Promise<string> {
  const layout = await layoutOf(tokenizer, options);
  const { temperature, bias } = options.calibration;
  const graph = EXPORT_FILES[precisions[0]];
  return `# A GliZNet classifier for ONNX Runtime

Written by \`glz export\`. One pass reads a text and all its labels, and gives a logit for each label.

| file | what it is |
| --- | --- |
${precisions.map((precision) => `| \`${EXPORT_FILES[precision]}\` | ${FILE_NOTES[precision]} |`).join('\n')}
| \`tokenizer.json\` | the tokenizer, for Hugging Face's \`tokenizers\` |
| \`example.json\` | a text and its labels, the inputs they make, and the logits that each file gives for them |

The graphs use ONNX operators (set 20) and some of ONNX Runtime's own (\`com.microsoft\`), so they need ONNX Runtime; written and tested with 1.30.

${sequenceSection(layout, options)}
${inputsSection(layout)}
## Output

\`logits\` [batch, labels], float32; what lies beyond a row's own labels means nothing.

- one label is right: softmax over the row's labels${sharpeningNote(options.calibration)}; a single one by itself, as below
- any number may fit: sigmoid(logit / ${temperature} + ${bias}) of each

${pythonSection(layout, graph)}
${javascriptSection(graph)}`;
}
