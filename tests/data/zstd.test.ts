/** zstd, which Node has from 22.15 on: on older ones only what is said then. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import zlib from 'node:zlib';
import { zstdOutput } from '../../src/classify/records/compressed-output.ts';
import { openOutput } from '../../src/classify/records/output-file.ts';
import { readRecords } from '../../src/data/read-records.ts';
import { unzstd, zstdCompressor } from '../../src/data/zstd.ts';
import { callGlz } from '../call-glz.ts';
import { temporaryFolder, writeTinyCheckpoint } from '../tiny-checkpoint.ts';

const { zstdCompressSync: zstd } = zlib as unknown as { zstdCompressSync?: (text: string | Buffer, options?: object) => Buffer };
const folder = temporaryFolder();
const path = (name: string) => join(folder, name);
async function textOf(bytes: Buffer, piece: number): Promise<string> {
  const pieces = Array.from({ length: Math.ceil(bytes.length / piece) }, (_, at) => bytes.subarray(at * piece, (at + 1) * piece));
  const found: Buffer[] = [];
  for await (const chunk of unzstd(Readable.from(pieces), 'a.zst')) found.push(chunk);
  return Buffer.concat(found).toString();
}

(zstd ? describe : describe.skip)('zstd', () => {
  const random = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * at * 2654435761) >>> 24)).toString('latin1');
  /** Frames of every kind of header and block, and one of another program's in between. */
  const frames = () => [
    zstd!('one '),
    zstd!('x'.repeat(400_000)),
    Buffer.from([0x5f, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]),
    zstd!(random, { params: { [(zlib.constants as Record<string, number>).ZSTD_c_checksumFlag]: 1 } }),
    zstd!(''),
  ];

  it.each([1, 7, 1 << 16])('is read in all its frames, in pieces of %i', async (piece) => {
    const small = piece === 1 ? [frames()[0], frames()[2], frames()[4]] : frames();
    expect(await textOf(Buffer.concat(small), piece)).toBe(piece === 1 ? 'one ' : `one ${'x'.repeat(400_000)}${random}`);
  });

  it('that is cut off at any place, or has something behind it, is an error', async () => {
    const whole = zstd!('a text, and a text, and a text');
    for (let length = 1; length < whole.length; length++) await expect(textOf(whole.subarray(0, length), 5)).rejects.toThrow();
    await expect(textOf(Buffer.concat([whole, Buffer.from('more')]), 5)).rejects.toThrow(/not zstd behind a part that is/);
    writeFileSync(path('cut.jsonl.zst'), whole.subarray(0, -3));
    const read = async () => {
      for await (const _ of readRecords(path('cut.jsonl.zst')));
    };
    await expect(read()).rejects.toThrow(/cut\.jsonl\.zst: unexpected end of file/);
  });

  it('is written in one frame, complete or not there', async () => {
    const checkpoint = await writeTinyCheckpoint();
    writeFileSync(path('in.csv'), `text\n${'a good film\n'.repeat(300)}`);
    const common = ['--labels', 'film,bank', '--checkpoint', checkpoint, '--quiet'];
    const plain = await callGlz(['predict', path('in.csv'), ...common]);
    expect((await callGlz(['predict', path('in.csv'), '-o', path('out.jsonl.zst'), ...common])).code).toBe(0);
    expect((await callGlz(['predict', path('out.jsonl.zst'), ...common])).stdout.split('\n').length).toBe(301);
    expect(plain.stdout.split('\n').length).toBe(301);
    const output = zstdOutput(openOutput(path('given-up.zst'), 'parts'), 'given-up.zst');
    await output.write('a');
    output.discard?.();
    expect(readdirSync(folder).filter((name) => /given-up|tmp|partial/.test(name))).toEqual([]);
  });
});

(zstd ? it.skip : it)('without zstd in Node, reading and writing it say which Node has it', async () => {
  writeFileSync(path('a.jsonl.zst'), Buffer.of(0x28, 0xb5, 0x2f, 0xfd, 0));
  const read = async () => {
    for await (const _ of readRecords(path('a.jsonl.zst')));
  };
  await expect(read()).rejects.toThrow(
    /a\.jsonl\.zst: compressed with zstd, which Node reads from 22\.15 on, and this is v\d+.*unpack it first/,
  );
  expect(() => zstdCompressor('--output a.zst')).toThrow(/--output a\.zst: zstd needs Node 22\.15 or newer.*\.gz/);
});

(zstd ? it.skip : it)('the command says so in one line, writes nothing, and in a folder labels the other files', async () => {
  writeFileSync(path('b.jsonl.zst'), Buffer.of(0x28, 0xb5, 0x2f, 0xfd, 0));
  writeFileSync(path('c.jsonl'), '{"text":"a good film"}\n');
  const common = ['--labels', 'film,bank', '--checkpoint', await writeTinyCheckpoint(), '--quiet'];
  const said = async (...args: string[]) => {
    const { code, stdout, stderr } = await callGlz(['predict', ...args, ...common]);
    return [code, stdout, stderr.replaceAll(folder, '')];
  };
  const read =
    /^glz: \/b\.jsonl\.zst: compressed with zstd, which Node reads from 22\.15 on, and this is v\d+[^\n]*; unpack it first[^\n]*\n$/;
  expect(await said(path('b.jsonl.zst'))).toEqual([1, '', expect.stringMatching(read)]);
  const write = /^glz: --output \/out\.csv\.zst: zstd needs Node 22\.15 or newer, and this is v\d+[^\n]*; write gzip \(\.gz\) instead\n$/;
  expect(await said(path('c.jsonl'), '--output', path('out.csv.zst'))).toEqual([1, '', expect.stringMatching(write)]);
  const both = await said(path('b.jsonl.zst'), path('c.jsonl'), '--output', path('both/'));
  expect(both).toEqual([
    1,
    '',
    expect.stringMatching(/zstd needs Node 22\.15 [^\n]*\nglz: 1 of 2 files failed, as said above; 1 is complete\n$/),
  ]);
  expect(readdirSync(path('both')).sort()).toEqual(['.c.jsonl.manifest', 'c.jsonl']);
  expect(readdirSync(folder).filter((name) => name.startsWith('out.csv'))).toEqual([]);
});
