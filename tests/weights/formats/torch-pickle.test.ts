/** torch.save files: every type and view in both containers (made by PyTorch), and files that lie, are cut short, or want to run code. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataError } from '../../../src/base/errors.ts';
import { readTorchFile } from '../../../src/weights/formats/torch-pickle.ts';
import { dictionary, int, pickle, tensor, text, type ZipPart, zipFile } from './zip-writer.ts';

const FIXTURES = new URL('../../fixtures/weights/', import.meta.url).pathname;
const expected: Record<string, { shape: number[]; values: number[] }> = JSON.parse(readFileSync(`${FIXTURES}expected.json`, 'utf8'));
const INTEGERS = ['long', 'int', 'short', 'char', 'byte', 'bool', 'expanded'];

let folder: string;
let path: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'glz-torch-'));
  path = join(folder, 'pytorch_model.bin');
});
afterAll(() => rmSync(folder, { recursive: true }));

const FLOATS = new Float32Array([1, 2, 3, 4, 5, 6]);
const floats = (values = FLOATS) => new Uint8Array(values.buffer);
/** Reads a zip container with this pickle and the storage `0` of six floats. */
const read = (data: Uint8Array, storage: Partial<ZipPart> = {}, more: ZipPart[] = []) => {
  writeFileSync(path, zipFile([{ name: 'm/data.pkl', content: data }, { name: 'm/data/0', content: floats(), ...storage }, ...more]));
  return readTorchFile(path);
};
const refusal = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(DataError);
    expect((error as Error).message).toContain(path);
    expect((error as Error).message).not.toContain('\n');
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
};

describe.each(['every-type.bin', 'every-type-legacy.bin', 'every-type-protocol4.bin', 'every-type-deflated.bin'])(
  '%s of PyTorch',
  (name) => {
    const tensors = readTorchFile(FIXTURES + name);

    it('has all its names in order', () => {
      expect([...tensors.keys()]).toEqual(Object.keys(expected));
    });
    it.each(Object.keys(expected))('%s', (key) => {
      const { shape, data } = tensors.get(key)!;
      const { shape: expectedShape, values } = expected[key];
      expect(shape).toEqual(expectedShape);
      expect(data).toBeInstanceOf(INTEGERS.includes(key) ? Int32Array : Float32Array);
      expect(Array.from(data)).toEqual(values.map((value) => (INTEGERS.includes(key) ? value : Math.fround(value))));
    });
    it('shares the array of tied tensors, and no other', () => {
      expect(tensors.get('tied')!.data).toBe(tensors.get('matrix')!.data);
      expect(new Set([...tensors.values()].map(({ data }) => data.buffer)).size).toBe(tensors.size - 1);
    });
    it('reads what is wanted only', () => {
      expect([...readTorchFile(FIXTURES + name, (key) => key.startsWith('b')).keys()]).toEqual(['bfloat16', 'byte', 'bool']);
    });
  },
);

describe('files cut short or changed anywhere', () => {
  it.each(['every-type.bin', 'every-type-legacy.bin', 'every-type-deflated.bin'])(
    '%s gives an error that names the file, or tensors',
    (name) => {
      const bytes = readFileSync(FIXTURES + name);
      let refused = 0;
      for (let length = 0; length < bytes.length; length += 13) {
        writeFileSync(path, bytes.subarray(0, length));
        refusal(() => readTorchFile(path));
      }
      for (let at = 0; at < bytes.length; at += 3) {
        const changed = Buffer.from(bytes);
        changed[at] ^= 1 << (at % 8);
        writeFileSync(path, changed);
        try {
          readTorchFile(path);
        } catch (error) {
          if (!(error instanceof DataError)) throw error;
          refused++;
        }
      }
      expect(refused).toBeGreaterThan(100);
    },
  );
});

describe('a pickle that wants more than tensors', () => {
  it.each([
    ['os', 'system'],
    ['posix', 'system'],
    ['builtins', 'eval'],
    ['builtins', 'getattr'],
    ['subprocess', 'Popen'],
    ['torch', 'load'],
    ['torch.storage', '_load_from_bytes'],
    ['torch.jit._pickle', 'build_intlist'],
    ['collections', 'defaultdict'],
    ['__proto__', 'constructor'],
    ['torch', 'constructor'],
  ])('is refused, the global named: %s.%s', (module, name) => {
    const marker = join(folder, 'was-run');
    const call = pickle(`c${module}\n${name}\n(`, text(`touch ${marker}`), 'tR');
    const message = refusal(() => read(call));
    expect(message).toContain(
      `the pickle asks for "${module}.${name}", which weights do not need and which could run code; nothing was run`,
    );
    expect(refusal(() => read(pickle(text(module), text(name), 0x93, '(', text('x'), 'tR')))).toContain(`"${module}.${name}"`);
    writeFileSync(path, Buffer.concat([LEGACY_START, call]));
    expect(refusal(() => readTorchFile(path))).toContain(`"${module}.${name}"`);
    expect(existsSync(marker)).toBe(false);
  });

  const LEGACY_START = readFileSync(`${FIXTURES}every-type-legacy.bin`).subarray(0, legacyStateAt());

  it.each([
    ['calls a storage', pickle('ctorch\nFloatStorage\n)R'), 'calls something that cannot be called'],
    ['calls a number', pickle(int(1), ')R'), 'calls something that cannot be called'],
    ['calls without a tuple', pickle('ccollections\nOrderedDict\n', int(1), 'R'), 'calls something that cannot be called'],
    [
      'sets attributes of a function',
      pickle('ctorch._utils\n_rebuild_tensor_v2\n}b'),
      'sets attributes of something that is no dictionary',
    ],
    ['makes an instance', pickle('ccollections\nOrderedDict\n)', 0x81), 'has the instruction 0x81'],
    ['uses an extension', pickle(0x82, 1), 'has the instruction 0x82'],
    ['names the old INST', pickle('(ios\nsystem\n'), 'has the instruction 0x69'],
    ['takes from an empty stack', pickle('0'), 'takes a value that is not there'],
    ['takes a mark', pickle('(', 0x85), 'takes a value that is not there'],
    ['has no mark', pickle('t'), 'has no mark'],
    ['recalls what it has not stored', pickle('h', 7), 'recalls value 7'],
    ['fills a list as a dictionary', pickle(']', int(1), int(2), 's'), 'fills something that is no dictionary'],
    ['fills a dictionary with an odd number', pickle('}(', int(1), 'u'), 'fills something that is no dictionary'],
    ['appends to a dictionary', pickle('}', int(1), 'a'), 'extends something that is no list'],
    ['has text that is not UTF-8', pickle('X', 1, 0, 0, 0, 0xff), 'has a string that is not UTF-8'],
    ['promises a text of 4 GB', pickle('X', 0xff, 0xff, 0xff, 0xff), 'is cut short'],
    ['promises bytes of a negative length', pickle(0x8b, 0xff, 0xff, 0xff, 0xff), 'is cut short'],
    ['promises a text of 2^63 bytes', pickle(0x8d, 0, 0, 0, 0, 0, 0, 0, 0x7f), 'is cut short'],
    ['has a giant integer', pickle(0x8b, 0, 0, 1, 0), 'has an integer of 65536 bytes'],
    ['is a list', pickle(']'), 'holds no state dict'],
    ['is an empty dictionary', pickle('}'), 'holds a dictionary without tensors'],
    ['refers to a module', pickle('(', text('module'), int(1), 'tQ'), 'refers to something that is no storage'],
    ['has a storage without a type', pickle('(', text('storage'), int(1), text('0'), text('cpu'), int(1), 'tQ'), 'a storage has no type'],
    ['has a storage of a negative size', dictionary({ x: tensor('0', -1, 0, [1], [1]) }), 'has no valid size'],
    ['has a quantized storage', dictionary({ x: tensor('0', 6, 0, [6], [1], 'torch\nQInt8Storage') }), 'asks for "torch.QInt8Storage"'],
    ['makes a tensor of nothing', pickle('ctorch._utils\n_rebuild_tensor_v2\n)R'), 'a tensor is made of something that is no storage'],
    ['makes a parameter of nothing', pickle('ctorch._utils\n_rebuild_parameter\n)R'), 'a parameter is made of something that is no tensor'],
  ])('or %s', (_, data, message) => {
    expect(refusal(() => read(data))).toContain(message);
  });

  // A list of many pairs, made once and used again and again.
  const oneList = (use: Buffer, times: number) =>
    pickle(
      '](',
      ...Array.from({ length: 2000 }, () => [text('n'), int(1), 0x86]).flat(),
      'e',
      'q',
      1,
      ...Array.from({ length: times }, () => use),
    );
  it.each<[string, Buffer]>([
    ['a dictionary of one list 3,000 times', oneList(pickle('ccollections\nOrderedDict\nh', 1, 0x85, 'R').subarray(2, -1), 3000)],
    ['the same, thrown away each time', oneList(pickle('ccollections\nOrderedDict\nh', 1, 0x85, 'R0').subarray(2, -1), 3000)],
    ['a million dictionaries', pickle(Buffer.alloc(1_000_000, '}'))],
    ['a million bytes objects', pickle(Buffer.alloc(1_000_000, 'C\0'))],
  ])('or makes more than its length allows: %s', (_, data) => {
    const before = process.memoryUsage().rss;
    expect(refusal(() => read(data))).toContain('makes more than its length allows');
    expect(process.memoryUsage().rss - before).toBeLessThan(300e6);
  });

  it.each<[string, Buffer, string]>([
    [
      'a storage with a key of nine bytes',
      pickle('(', text('storage'), 'ctorch\nFloatStorage\n', 0x8a, 9, Buffer.alloc(9, 0x7f), text('cpu'), int(1), 'tQ'),
      'has no key',
    ],
    ['names in names', pickle(Buffer.alloc(20_000, ']'), Buffer.alloc(19_999, 'a')), 'holds no state dict'],
    ['a shape of many dimensions', dictionary({ x: tensor('0', 6, 0, Array(40).fill(1), Array(40).fill(1)) }), 'no valid shape'],
  ])('or has %s', (_, data, message) => {
    expect(refusal(() => read(data))).toContain(message);
  });

  it('or has an old container whose keys are no keys', () => {
    const start = readFileSync(`${FIXTURES}every-type-legacy.bin`).subarray(0, legacyStateAt());
    const state = dictionary({ x: tensor('0', 6, 0, [6], [1]) });
    for (const key of [pickle(Buffer.alloc(20_000, ']'), Buffer.alloc(19_999, 'a')), pickle(']', 0x8a, 9, Buffer.alloc(9, 0x7f), 'a')]) {
      writeFileSync(path, Buffer.concat([start, state, key]));
      expect(refusal(() => readTorchFile(path))).toMatch(/the storage (a list|\d+), which nothing refers to/);
    }
  });

  it('or goes on for ever', () => {
    expect(refusal(() => read(pickle(Buffer.alloc(5_000_001, 'N'))))).toContain('has more than 5000000 instructions');
  });
});

/** Where the state dict's pickle starts in the old container: after three others. */
function legacyStateAt(): number {
  const bytes = readFileSync(`${FIXTURES}every-type-legacy.bin`);
  return bytes.indexOf(Buffer.from([0x80, 2]), bytes.indexOf('little_endian'));
}

describe('a tensor that is not in its storage', () => {
  it.each([
    ['too long', 6, 0, [7], [1]],
    ['beyond the end', 6, 1, [6], [1]],
    ['with a stride beyond the end', 6, 0, [2, 3], [4, 1]],
    ['of 4 billion repeated elements', 6, 0, [2_000_000_000, 2], [0, 0]],
    ['of seven repeated elements', 6, 0, [7], [0]],
    ['of a negative offset', 6, -1, [1], [1]],
    ['of a negative size', 6, 0, [-1], [1]],
    ['of a negative stride', 6, 5, [6], [-1]],
    ['with fewer strides than sizes', 6, 0, [2, 3], [1]],
  ])('%s', (_, length, offset, shape, strides) => {
    expect(refusal(() => read(dictionary({ x: tensor('0', length, offset, shape, strides) })))).toMatch(/a tensor (of shape|has no valid)/);
  });

  it('because the storage is shorter than it says, or missing', () => {
    expect(refusal(() => read(dictionary({ x: tensor('0', 2_000_000_000, 0, [2_000_000_000], [1]) })))).toContain(
      'storage "0" has 24 bytes where 2000000000 elements of F32 are needed',
    );
    expect(refusal(() => read(dictionary({ x: tensor('../../x', 6, 0, [6], [1]) })))).toContain('lacks the storage "../../x"');
    expect(refusal(() => read(dictionary({ x: tensor('0', 6, 0, [6], [1]) }), { name: 'm/data/1' }))).toContain('lacks the storage "0"');
  });

  it('with thousands of views of one storage is no weight file', () => {
    const views = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`x${i}`, tensor('0', 4000, i, [900], [1])]));
    expect(refusal(() => read(dictionary(views), { content: new Uint8Array(16_000) }))).toContain(
      'tensors of 1800000 elements out of 4000 stored ones are no weights',
    );
  });

  it('is read in time where tensors alternate between two deflated storages', () => {
    const size = 200_000;
    const random = new Float32Array(size).map((_, i) => Math.sin(i * i));
    const views = Object.fromEntries(Array.from({ length: 4000 }, (_, i) => [`x${i}`, tensor(String(i % 2), size, i, [10], [1])]));
    const content = new Uint8Array(random.buffer);
    const begin = performance.now();
    const tensors = read(dictionary(views), { content, deflate: true }, [{ name: 'm/data/1', content, deflate: true }]);
    expect([...tensors.get('x7')!.data]).toEqual([...random.subarray(7, 17)]);
    expect([...tensors.keys()]).toEqual(Object.keys(views));
    expect(performance.now() - begin).toBeLessThan(20_000);
  }, 60_000);

  it('is read where it is in it', () => {
    const tensors = read(
      dictionary({ x: tensor('0', 6, 1, [2, 2], [2, 1]), y: tensor('0', 6, 0, [3, 2], [1, 3]), __proto__x: tensor('0', 6, 5, [1], [1]) }),
    );
    expect([...tensors.get('x')!.data]).toEqual([2, 3, 4, 5]);
    expect([...tensors.get('y')!.data]).toEqual([1, 4, 2, 5, 3, 6]);
    expect([...tensors.get('__proto__x')!.data]).toEqual([6]);
  });
});

describe('a zip container', () => {
  const good = dictionary({ x: tensor('0', 6, 0, [6], [1]) });

  it.each([false, true])('is read stored and deflated, with zip64 sizes and a zip64 end (%s)', (end) => {
    for (const deflate of [false, true])
      for (const zip64 of [false, true]) {
        writeFileSync(
          path,
          zipFile(
            [
              { name: 'm/data.pkl', content: good, deflate, zip64 },
              { name: 'm/data/0', content: floats(), deflate, zip64 },
              { name: 'm/byteorder', content: Buffer.from('little') },
            ],
            end,
          ),
        );
        expect([...readTorchFile(path).get('x')!.data]).toEqual([...FLOATS]);
      }
  });

  it('without checksums is read, as torch.save can leave them out; with a wrong one it is damaged', () => {
    expect([...read(good, { says: { checksum: 0 } }).get('x')!.data]).toEqual([...FLOATS]);
    expect(refusal(() => read(good, { says: { checksum: 1 } }))).toContain('"m/data/0" is damaged (checksum)');
    expect(refusal(() => read(good, { says: { checksum: 1 }, deflate: true }))).toContain('"m/data/0" is damaged (checksum)');
  });

  it.each<[string, Partial<ZipPart>, string]>([
    ['is encrypted', { says: { flags: 1 } }, 'is encrypted'],
    ['is packed in another way', { says: { method: 12 } }, 'is packed by method 12'],
    ['is beyond the end', { says: { headerAt: 1_000_000 } }, 'is not in the file'],
    ['is larger than the file', { says: { size: 4_000_000_000, compressedSize: 4_000_000_000 } }, 'is not in the file'],
    ['is not where it should be', { says: { headerAt: 3 } }, 'is not where the zip directory says'],
    ['is stored with two sizes', { says: { size: 23 } }, 'is stored but has two sizes'],
    ['is broken', { deflate: true, content: Buffer.alloc(3), says: { method: 8, compressedSize: 2, size: 24 } }, 'cannot be unpacked'],
    ['unpacks to less', { deflate: true, says: { size: 30 } }, 'unpacks to another size than 30'],
    ['unpacks to more', { deflate: true, content: new Uint8Array(4000), says: { size: 24 } }, 'another size than 24|cannot be unpacked'],
    ['is a bomb', { deflate: true, content: new Uint8Array(64 << 20) }, 'that unpack to \\d+ are no weights'],
  ])('is refused where a storage %s', (_, storage, message) => {
    expect(refusal(() => read(good, storage))).toMatch(new RegExp(message));
  });

  it('is refused where its entries lie over each other', () => {
    const filler = { name: 'm/filler', content: new Uint8Array(1000) };
    const message = refusal(() => read(good, { says: { headerAt: 0, size: 900, compressedSize: 900 } }, [filler]));
    expect(message).toContain('its entries overlap');
  });

  it('is refused where it is not of torch.save', () => {
    expect(refusal(() => read(good, {}, [{ name: 'm/data/0', content: floats() }]))).toContain('is there twice');
    expect(refusal(() => read(good, {}, [{ name: 'm/byteorder', content: Buffer.from('big') }]))).toContain('big-endian');
    writeFileSync(path, zipFile([{ name: 'readme.txt', content: Buffer.from('x') }]));
    expect(refusal(() => readTorchFile(path))).toContain('not one of torch.save (it has no data.pkl)');
    writeFileSync(path, 'PK\x03\x04 and nothing else that a zip file has');
    expect(refusal(() => readTorchFile(path))).toContain('it has no zip directory');
  });

  it('is refused where something else has its name', () => {
    for (const [content, message] of [
      ['', '0 bytes are no weight file'],
      ['version https://git-lfs.github.com/spec/v1\n', 'neither a zip file nor a pickle'],
      [pickle(int(7)), 'wrong magic number'],
    ] as const) {
      writeFileSync(path, content);
      expect(refusal(() => readTorchFile(path))).toContain(message);
    }
    rmSync(path);
    expect(refusal(() => readTorchFile(path))).toContain('cannot read');
  });
});
