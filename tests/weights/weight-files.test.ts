/** Model folders: which file is taken, shards, and safetensors files that lie. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataError } from '../../src/base/errors.ts';
import { readEncoderFolder } from '../../src/weights/encoder-weights.ts';
import { readSafetensors, type WeightMap, writeSafetensors } from '../../src/weights/formats/safetensors.ts';
import { readWeightFolder } from '../../src/weights/weight-files.ts';

const BERT = new URL('../fixtures/encoders/bert/', import.meta.url).pathname;
const whole = readSafetensors(`${BERT}model.safetensors`);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'glz-weights-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const put = (name: string, content: string | Uint8Array) => writeFileSync(join(folder, name), content);
const take = (name: string, as = name) => cpSync(BERT + name, join(folder, as));
const refusal = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(DataError);
    expect((error as Error).message).toContain(folder);
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
};
const marked = (value: number): WeightMap => new Map([['x', { shape: [1], data: new Float32Array([value]) }]]);
const sorted = (tensors: WeightMap) => new Map([...tensors].sort(([a], [b]) => (a < b ? -1 : 1)));

describe('a folder', () => {
  it('gives model.safetensors, else its shards, else pytorch_model.bin', () => {
    take('pytorch_model.bin');
    expect(sorted(readWeightFolder(folder))).toEqual(sorted(whole));
    writeSafetensors(join(folder, 'shard.safetensors'), marked(2));
    put('model.safetensors.index.json', JSON.stringify({ weight_map: { x: 'shard.safetensors' } }));
    expect(readWeightFolder(folder)).toEqual(marked(2));
    writeSafetensors(join(folder, 'model.safetensors'), marked(1));
    expect(readWeightFolder(folder)).toEqual(marked(1));
  });

  it('gives the tensors of all shards, or those that are wanted, from safetensors and .bin', () => {
    const names = [...whole.keys()];
    const half = names.length >> 1;
    const parts = [names.slice(0, half), names.slice(half)];
    for (const [i, part] of parts.entries())
      writeSafetensors(join(folder, `model-${i}.safetensors`), new Map(part.map((name) => [name, whole.get(name)!])));
    const map = (file: (i: number) => string) =>
      JSON.stringify({
        metadata: { total_size: 1 },
        weight_map: Object.fromEntries(parts.flatMap((part, i) => part.map((name) => [name, file(i)]))),
      });
    put(
      'model.safetensors.index.json',
      map((i) => `model-${i}.safetensors`),
    );
    expect(sorted(readWeightFolder(folder))).toEqual(sorted(whole));
    expect([...readWeightFolder(folder, (name) => name.endsWith('word_embeddings.weight')).keys()]).toEqual([
      'embeddings.word_embeddings.weight',
    ]);
    rmSync(join(folder, 'model.safetensors.index.json'));
    // The same file as both shards: each tensor is taken from the one that the index names.
    for (const i of [0, 1]) take('pytorch_model.bin', `pytorch_model-${i}.bin`);
    put(
      'pytorch_model.bin.index.json',
      map((i) => `pytorch_model-${i}.bin`),
    );
    expect(sorted(readWeightFolder(folder))).toEqual(sorted(whole));
  });

  it('names tensors without what training frameworks put into their names', () => {
    const wrapped = new Map(
      [...whole].map(([name, tensor]) => [
        name.replace(/(layer\.\d+\.|pooler\.)/, '$1_orig_mod.').replace(/^/, '_orig_mod._fsdp_wrapped_module.'),
        tensor,
      ]),
    );
    writeSafetensors(join(folder, 'model.safetensors'), wrapped);
    expect(sorted(readWeightFolder(folder))).toEqual(sorted(whole));
    expect([...readWeightFolder(folder, (name) => name.startsWith('pooler.')).keys()]).toEqual(
      [...whole.keys()].filter((name) => name.startsWith('pooler.')),
    );
  });

  it('of an adapter says of which model, and what to do', () => {
    put('adapter_config.json', JSON.stringify({ peft_type: 'LORA', base_model_name_or_path: 'org/base\n' }));
    put('adapter_model.safetensors', 'x');
    for (const read of [readWeightFolder, readEncoderFolder])
      expect(refusal(() => read(folder))).toMatch(
        / is a LORA adapter of "org\/base\\n" and not a model: merge it into its model first \(merge_and_unload/,
      );
    writeSafetensors(join(folder, 'model.safetensors'), new Map([['x.lora_A.weight', whole.get('embeddings.LayerNorm.bias')!]]));
    expect(refusal(() => readWeightFolder(folder))).toContain('has a LoRA adapter beside its weights ("x.lora_A.weight"): merge it');
  });

  it('without weights says what was looked for, and what there is', () => {
    put('tf_model.h5', 'x');
    put('config.json', '{}');
    expect(refusal(() => readWeightFolder(folder))).toContain(
      'has no weights: looked for model.safetensors, model.safetensors.index.json, pytorch_model.bin, pytorch_model.bin.index.json; there is tf_model.h5, which is not read',
    );
    expect(refusal(() => readWeightFolder(join(folder, 'no')))).toContain('no such folder');
    expect(refusal(() => readWeightFolder(join(folder, 'config.json')))).toContain('is a file; give the folder');
  });

  it('cloned without git-lfs says so', () => {
    put('model.safetensors', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 90868376\n');
    expect(refusal(() => readWeightFolder(folder))).toContain('is a git-lfs pointer and not the weights: run "git lfs pull"');
  });

  it.each([
    '../evil.safetensors',
    '/etc/passwd',
    'a/../../evil.bin',
    'sub/x.safetensors',
    '..\\evil.safetensors',
    'C:evil.bin',
    'x.py',
    '',
    '.hidden.bin',
    7,
    null,
  ])('is not left by the shard name %j', (shard) => {
    mkdirSync(join(folder, 'model'));
    writeSafetensors(join(folder, 'evil.safetensors'), marked(1));
    writeFileSync(join(folder, 'model', 'model.safetensors.index.json'), JSON.stringify({ weight_map: { x: shard } }));
    expect(refusal(() => readWeightFolder(join(folder, 'model')))).toContain(
      `is said to be in ${JSON.stringify(shard)}, which is no file beside the index`,
    );
  });

  it('with a broken index, a missing shard or tensor names it', () => {
    const index = 'model.safetensors.index.json';
    for (const [content, message] of [
      ['{', 'not JSON'],
      ['null', 'has no "weight_map"'],
      ['{"weight_map": []}', 'has no "weight_map"'],
      ['{"weight_map": {}}', 'names no tensors'],
      ['{"weight_map": {"x": "s.safetensors"}}', 'names the shard s.safetensors, which is missing'],
    ]) {
      put(index, content);
      expect(refusal(() => readWeightFolder(folder))).toContain(message);
    }
    put(index, '{"weight_map": {"y": "s.safetensors"}}');
    writeSafetensors(join(folder, 's.safetensors'), marked(1));
    expect(refusal(() => readWeightFolder(folder))).toContain('lacks the tensor "y", which model.safetensors.index.json says is in it');
  });
});

describe('safetensors', () => {
  const path = () => join(folder, 'model.safetensors');
  const make = (header: unknown, data: Uint8Array, says?: bigint) => {
    const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(says ?? BigInt(json.length));
    writeFileSync(path(), Buffer.concat([length, json, data]));
    return () => readSafetensors(path());
  };
  const one = (dtype: string, shape: unknown, offsets: unknown) => ({ x: { dtype, shape, data_offsets: offsets } });

  it.each([
    ['F64', new Float64Array([1.5, -2]), [1.5, -2]],
    ['F32', new Float32Array([1.5, -2]), [1.5, -2]],
    ['F16', new Uint16Array([0x3e00, 0xc000]), [1.5, -2]],
    ['BF16', new Uint16Array([0x3fc0, 0xc000]), [1.5, -2]],
    ['I64', new BigInt64Array([5n, -6n]), [5, -6]],
    ['I32', new Int32Array([5, -6]), [5, -6]],
    ['I16', new Int16Array([5, -6]), [5, -6]],
    ['I8', new Int8Array([5, -6]), [5, -6]],
    ['U8', new Uint8Array([5, 250]), [5, 250]],
    ['BOOL', new Uint8Array([1, 0]), [1, 0]],
  ])('of %s are read', (dtype, values, expected) => {
    const bytes = new Uint8Array(values.buffer);
    const { shape, data } = make({ ...one(dtype, [2, 1], [0, bytes.length]), __metadata__: { format: 'pt' } }, bytes)().get('x')!;
    expect(shape).toEqual([2, 1]);
    expect([...data]).toEqual(expected);
    expect(data).toBeInstanceOf(/F/.test(dtype) ? Float32Array : Int32Array);
  });

  it.each<[string, unknown, number, RegExp]>([
    ['a header that is not JSON', '{"x"', 0, /the safetensors header is not JSON/],
    ['a header that is a list', '[]', 0, /the safetensors header is no object/],
    ['a type that does not exist', one('F8', [1], [0, 1]), 1, /has the type "F8"/],
    ['a type that is a member of every object', one('constructor', [1], [0, 4]), 4, /has the type "constructor"/],
    ['more bytes than the shape', one('F32', [1], [0, 8]), 8, /has 8 bytes where its shape \[1\] of F32 needs 4/],
    ['a shape beyond all numbers', one('F32', [2 ** 40, 2 ** 40], [0, 4]), 4, /has no valid shape/],
    ['a negative shape', one('F32', [-1, -1], [0, 4]), 4, /has no valid shape/],
    ['a fractional shape', one('F32', [0.5, 2], [0, 4]), 4, /has no valid shape/],
    ['no shape', one('F32', 'x', [0, 4]), 4, /has no valid shape/],
    ['data beyond the end', one('F32', [2], [0, 8]), 4, /lies at bytes 0 to 8, the file has 4/],
    ['data that ends before it starts', one('F32', [1], [8, 4]), 8, /lies at bytes 8 to 4/],
    ['data before the start', one('F32', [2], [-4, 4]), 4, /lies at bytes -4 to 4/],
    ['no offsets', one('F32', [1], null), 4, /has no valid offsets/],
    ['null in the place of a tensor', { x: null }, 4, /has the type undefined/],
    [
      'overlapping tensors',
      { ...one('F32', [2], [0, 8]), y: { dtype: 'F32', shape: [1], data_offsets: [4, 8] } },
      8,
      /tensor "y" overlaps another one/,
    ],
  ])('with %s are refused', (_, header, size, message) => {
    expect(refusal(make(header, new Uint8Array(size)))).toMatch(message);
  });

  it.each([1_000_000n, 2n ** 63n])('with a header of %s bytes, longer than the file, are refused', (says) => {
    expect(refusal(make('{}', new Uint8Array(8), says))).toContain(
      `no safetensors file, or cut short (header of ${Number(says)} bytes, file of 18)`,
    );
  });

  it('cut short anywhere are refused', () => {
    const bytes = readFileSync(`${BERT}model.safetensors`);
    for (let length = 0; length < bytes.length; length += 3001) {
      writeFileSync(path(), bytes.subarray(0, length));
      refusal(() => readSafetensors(path()));
    }
  });

  it('are written and read again, as F32 exactly and as F16 within half its step', () => {
    writeSafetensors(path(), whole);
    expect(readSafetensors(path())).toEqual(whole);
    writeSafetensors(path(), whole, { dtype: 'F16', metadata: { format: 'pt' } });
    for (const [name, { data }] of readSafetensors(path())) {
      const exact = whole.get(name)!.data;
      expect(data.length).toBe(exact.length);
      expect(exact.every((value, i) => Math.abs(data[i] - value) <= Math.abs(value) * 2 ** -11 + 2 ** -25)).toBe(true);
    }
  });
});
