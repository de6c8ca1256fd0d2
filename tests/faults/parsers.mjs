/**
 * Everything in glz that parses bytes of others: what it reads, from which real files, and how it is read. Built code, as users run it.
 * A parser throws a DataError or UsageError, or gives something; `check` may say what more must hold.
 */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import zlib, { gzipSync } from 'node:zlib';

/** From Node 22.15 on. */
const { zstdCompressSync } = zlib;

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FIXTURES = join(ROOT, 'tests/fixtures');
const built = (path) => import(pathToFileURL(join(ROOT, 'dist', path)).href);
const fixture = (path) => readFileSync(join(FIXTURES, path));
const bytes = (text) => Buffer.from(text);

/** A file alone in a folder: the parser gets its path. */
const file = (name, samples, read) => ({ name, samples, read });

/** A file among others of a folder, which are right: the parser gets the folder. */
const within = (source, names, name, read) =>
  Object.assign(
    file(name, [fixture(join(source, name))], async (path, folder) => {
      for (const other of names) if (other !== name) copyFileSync(join(FIXTURES, source, other), join(folder, other));
      await read(folder, path);
    }),
  );

/** Weights in 4 and in 8 bits with their scales: [2, 64] and [2, 3]. */
const SCALED = (() => {
  const tensors = [
    ['rows.row_scale', 'F32', [2], Buffer.from(Float32Array.of(0.5, 2).buffer)],
    ['bytes.block_scale', 'F16', [2, 2], Buffer.from(Uint16Array.of(0x3c00, 0xb800, 0x2e66, 0x7bff).buffer)],
    ['bytes', 'U8', [2, 32], Buffer.alloc(64, 0x9c)],
    ['rows', 'I8', [2, 3], Buffer.from([1, 2, 127, 129, 0, 255])],
  ];
  const header = {};
  let at = 0;
  for (const [name, dtype, shape, data] of tensors) {
    header[name] = { dtype, shape, data_offsets: [at, at + data.length] };
    at += data.length;
  }
  const text = bytes(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, ...tensors.map(([, , , data]) => data)]);
})();

const RECORDS = [
  [
    'jsonl',
    '{"text": "a parcel is late", "labels": ["delivery", "praise"], "n": 12345678901234567.5}\n{"text": "ok", "labels": [], "not_labels": ["x"]}\n',
  ],
  ['csv', 'text,labels,2024\n"late, again","delivery",1e400\n"he said ""no""\nand left",refund,\n'],
  ['tsv', 'text\tlabel\nlate again\tdelivery\nfine\tpraise\n'],
  ['txt', 'first text\nsecond text\r\nthird\rfourth'],
];

async function readAllRecords(path) {
  const { readRecords } = await built('data/read-records.js');
  const { labelledExample, textOf } = await built('data/examples.js');
  const { DataError, UsageError } = await built('base/errors.js');
  for await (const { fields, where } of readRecords(path)) {
    for (const read of [() => labelledExample(fields, where), () => textOf(fields, where)])
      try {
        read();
      } catch (error) {
        // One bad record is skipped; the file goes on.
        if (!(error instanceof DataError || error instanceof UsageError)) throw error;
      }
  }
}

async function encodeWith(folder) {
  const { loadTokenizer } = await built('text/tokenizer/tokenizer.js');
  const tokenizer = await loadTokenizer(folder);
  await tokenizer.encodeBatch(['', 'Hello world, a b c 12 éß 🙂', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', '\u0000 \ud800']);
}

/** What a cache holds, and its key. */
const CACHED = Buffer.from('what was derived, long enough to be damaged in its middle. '.repeat(4));
const CACHED_KEY = createHash('sha256').update('x').digest('hex');
async function cachedFile() {
  process.env.GLZ_CACHE = mkdtempSync(join(tmpdir(), 'glz-faults-'));
  const { derivedFile } = await built('runtime/graph-cache.js');
  const stored = readFileSync(await derivedFile(CACHED_KEY, 'test', async () => [CACHED]));
  rmSync(process.env.GLZ_CACHE, { recursive: true });
  return stored;
}

/** An output of four answers, and its journal. */
const ANSWERS = Array.from({ length: 4 }, (_, id) => `{"text":"text ${id}","labels":["a"],"not_labels":["b"]}\n`);
const OUTPUT = ANSWERS.join('');
const JOURNAL = [
  '{"plan":"plan"}\n',
  ...ANSWERS.map((answer, id) => `${JSON.stringify({ request: id, kept: 1, dropped: { refusal: 1 }, bytes: (id + 1) * answer.length })}\n`),
].join('');

/** The run folder of a real training run, made once by the built command. */
const runFolder = () => process.env.GLZ_FAULTS_RUN;

export const PARSERS = Object.fromEntries(
  [
    ...RECORDS.map(([ending, text]) => file(`records.${ending}`, [bytes(text)], readAllRecords)),
    file('records.jsonl.gz', [gzipSync(RECORDS[0][1])], readAllRecords),
    file(
      'records.json',
      [bytes('[{"text": "a ],", "labels": ["x"]},\n "two", {"data": {"text": "b"}, "annotations": []}]\n')],
      readAllRecords,
    ),
    file('fasttext.txt', [bytes('__label__a __label__b text\n__label__c other\n')], readAllRecords),
    file(
      'records.parquet',
      ['types', 'types-v2', 'pages', 'nested-text', 'codec-gzip', 'codec-lz4', 'several'].map((name) => fixture(`data/${name}.parquet`)),
      readAllRecords,
    ),
    ...(zstdCompressSync ? [file('records.jsonl.zst', [zstdCompressSync(RECORDS[0][1])], readAllRecords)] : []),
    file('README.md', [fixture('data/hf-parquet/README.md'), fixture('data/hf-csv/README.md')], async (_, folder) => {
      const { datasetCard, namesOfCard } = await built('data/labelled/class-names.js');
      namesOfCard(datasetCard(folder), undefined);
    }),
    file('dataset_infos.json', [fixture('data/hf-json/dataset_infos.json')], async (path) => {
      const { namesNear } = await built('data/labelled/class-names.js');
      namesNear(path);
    }),
    ...[
      ['labels.txt', 'late delivery\nrefund\n"Food, drinks"\n'],
      ['labels.json', '["late delivery", "refund", "praise"]'],
      ['labels.csv', 'label,description\nrefund,money back\nlate,"came, late"\n'],
    ].map(([name, text]) => file(name, [bytes(text)], async (path) => (await built('data/labels-file.js')).readLabelsFile(path))),
    file(
      'settings.yaml',
      [readFileSync(join(ROOT, 'configs/train/article.yaml')), readFileSync(join(ROOT, 'configs/train/few-shot.yaml'))],
      async (path) => {
        const { checkSettings, overrideSettings, readSettingsFile } = await built('train/settings.js');
        checkSettings(overrideSettings(readSettingsFile(path), { data: ['x.jsonl'], encoder: 'x' }), path);
      },
    ),
    file(
      'generate.yaml',
      readdirSync(join(ROOT, 'configs/generate')).map((name) => readFileSync(join(ROOT, 'configs/generate', name))),
      async (path) => {
        const { checkGenerateSettings, readGenerateSettings } = await built('generate/settings.js');
        checkGenerateSettings(readGenerateSettings(path), path);
      },
    ),
    file(
      'suite.yaml',
      readdirSync(join(ROOT, 'configs/eval')).map((name) => readFileSync(join(ROOT, 'configs/eval', name))),
      async (path) => (await built('eval/sets/suite.js')).parseSuite(readFileSync(path, 'utf8'), path),
    ),
    file('model.safetensors', [fixture('gliznet/linear/weights.safetensors'), SCALED], async (path) =>
      (await built('weights/formats/safetensors.js')).readSafetensors(path),
    ),
    ...['every-type', 'every-type-legacy', 'every-type-deflated', 'every-type-protocol4'].map((name) =>
      file(`${name}.bin`, [fixture(`weights/${name}.bin`)], async (path) =>
        (await built('weights/formats/torch-pickle.js')).readTorchFile(path),
      ),
    ),
    file(
      'model.safetensors.index.json',
      [bytes('{"metadata": {"total_size": 12}, "weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}')],
      async (path) => (await built('weights/weight-files.js')).readShardIndex(path),
    ),
    ...['bert', 'albert', 'deberta-v3', 'modernbert', 'electra', 'roberta', 'mpnet', 'distilbert'].map((family) => ({
      ...within(`encoders/${family}`, ['model.safetensors'], 'config.json', async (folder) =>
        (await built('weights/encoder-weights.js')).readEncoderFolder(folder),
      ),
      name: `${family}/config.json`,
    })),
    ...['bert', 'albert', 'roberta', 'modernbert'].map((family) => ({
      ...within(`encoders/${family}`, ['config.json', 'tokenizer_config.json', 'special_tokens_map.json'], 'tokenizer.json', encodeWith),
      name: `${family}/tokenizer.json`,
    })),
    { ...within('encoders/bert', ['config.json', 'tokenizer_config.json'], 'vocab.txt', encodeWith), name: 'bert/vocab.txt' },
    {
      ...within('encoders/bert', ['config.json', 'tokenizer.json'], 'tokenizer_config.json', encodeWith),
      name: 'bert/tokenizer_config.json',
    },
    {
      ...within('encoders/roberta', ['config.json', 'vocab.json', 'tokenizer_config.json'], 'merges.txt', encodeWith),
      name: 'roberta/merges.txt',
    },
    {
      ...within('encoders/roberta', ['config.json', 'merges.txt', 'tokenizer_config.json'], 'vocab.json', encodeWith),
      name: 'roberta/vocab.json',
    },
    { ...within('encoders/albert', ['config.json', 'tokenizer_config.json'], 'spiece.model', encodeWith), name: 'albert/spiece.model' },
    {
      ...within('encoders/deberta-v3', ['config.json', 'tokenizer_config.json', 'added_tokens.json'], 'spm.model', encodeWith),
      name: 'deberta-v3/spm.model',
    },
    file('checkpoint/config.json', [readFileSync(join(ROOT, 'checkpoints/glz-mini/config.json'))], async (path, folder) => {
      copyFileSync(path, join(folder, 'config.json'));
      (await built('weights/checkpoint.js')).readCheckpointConfig(folder);
    }),
    file(
      'answer.txt',
      [
        bytes(
          '<think>draft [{"text": "no"}]</think>\n```json\n{"examples": [{"text": "a long enough text here", "labels": ["x"], "not_labels": ["y"]}]}\n```',
        ),
      ],
      async (path) => {
        const { exampleSchema, parseAnswer } = await built('generate/answer.js');
        parseAnswer(readFileSync(path, 'utf8'), exampleSchema);
      },
    ),
    file('value.json', [bytes('{"a": [1, 2, {"b": null}], "c": "text", "d": 1.5e3}')], async (path) =>
      (await built('base/json.js')).readJsonObject(path),
    ),
    file('value.yaml', [bytes('a: [1, 2]\nb: {c: d}\ne: |\n  text\nf: *x\n'), bytes('a: &x [1]\nb: *x\n')], async (path) =>
      (await built('base/yaml.js')).parseYaml(readFileSync(path, 'utf8'), path),
    ),
    file('cached.onnx', [await cachedFile()], async (path, folder) => {
      // What is in the cache folder may be damaged: it is found out and derived again, never used.
      process.env.GLZ_CACHE = join(folder, 'cache');
      const { derivedFile } = await built('runtime/graph-cache.js');
      const stored = await derivedFile(CACHED_KEY, 'test', async () => [CACHED]);
      copyFileSync(path, stored);
      const read = readFileSync(await derivedFile(CACHED_KEY, 'test', async () => [CACHED]));
      if (!read.subarray(0, CACHED.length).equals(CACHED)) throw new Error('a damaged file of the cache was used');
    }),
    file('out.jsonl.journal', [bytes(JOURNAL)], async (path, folder) => {
      const { openJournal } = await built('generate/journal.js');
      const output = join(folder, 'kept.jsonl');
      writeFileSync(output, OUTPUT);
      copyFileSync(path, `${output}.journal`);
      let refusal;
      try {
        openJournal(output, 'plan').close();
      } catch (error) {
        refusal = error;
      }
      // At most the last answer may go: of it a kill could have left a part.
      const left = readFileSync(output, 'utf8');
      if (!OUTPUT.startsWith(left) || left.length < (3 / 4) * OUTPUT.length)
        throw new Error(`the output became ${left.length} of ${OUTPUT.length} bytes`);
      if (refusal) throw refusal;
    }),
    ...(runFolder() ? runFiles() : []),
  ]
    .filter(({ samples }) => samples.length > 0)
    .map((parser) => [parser.name, parser]),
);

/** Files of a run that a later one reads. */
function runFiles() {
  const run = runFolder();
  const state = readdirSync(join(run, 'states'))[0];
  const read = async (path, folder, name) => {
    const { readNewestState, readRunLog } = await built('train/run/run-folder.js');
    const output = join(folder, 'run');
    rmSync(output, { recursive: true, force: true });
    mkdirSync(join(output, 'states', state), { recursive: true });
    for (const each of ['run.json', 'settings.json', 'training.jsonl', `states/${state}/state.json`])
      if (existsSync(join(run, each))) copyFileSync(join(run, each), join(output, each));
    for (const each of ['model.safetensors', 'optimizer.safetensors'])
      copyFileSync(join(run, 'states', state, each), join(output, 'states', state, each));
    copyFileSync(path, join(output, name));
    const { identity } = JSON.parse(readFileSync(join(run, 'states', state, 'state.json'), 'utf8'));
    readRunLog(output);
    readNewestState(output, identity);
    (await built('train/run/run-record.js')).refuseForeignFiles(output, true);
  };
  return ['run.json', 'training.jsonl', `states/${state}/state.json`].map((name) => ({
    name: `run/${name}`,
    samples: [readFileSync(join(run, name))],
    read: (path, folder) => read(path, folder, name),
  }));
}
