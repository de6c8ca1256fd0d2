import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32c, openEventFile } from '../../../src/train/run/event-file.ts';
import { openRunLog, readRunLog } from '../../../src/train/run/run-folder.ts';
import { ROOT, temporaryFolder } from '../../tiny-checkpoint.ts';

/** Data of the records of a TFRecord file; checks their sums. */
function records(path: string): Buffer[] {
  const bytes = readFileSync(path);
  const found: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at));
    found.push(bytes.subarray(at + 12, at + 12 + length));
    at += length + 16;
  }
  return found;
}

describe('event files', () => {
  it("have the bytes that TensorBoard's own writer gives (tests/fixtures/train/make_event_file.py)", () => {
    const folder = temporaryFolder();
    const events = openEventFile(folder, 300, 1700000000250);
    events.add(301, { 'train/loss': 0.3333, 'train/learningRate': 2e-5 }, 1700000001500);
    events.add(100000, { 'dev/größe': -1 }, 1700000002000);
    events.close();
    const [name] = readdirSync(folder);
    expect(name).toMatch(/^events\.out\.tfevents\.1700000000\./);
    expect(readFileSync(join(folder, name)).equals(readFileSync(join(ROOT, 'tests/fixtures/train/event-file.bin')))).toBe(true);
  });

  it('sum with CRC-32C: the check value of the polynomial, and the vectors of RFC 3720', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(255))).toBe(0x62a8ab43);
  });

  it('hold what training.jsonl holds, and a resumed run begins a new one behind its state', () => {
    const output = temporaryFolder();
    const first = openRunLog(output, 0);
    for (let step = 1; step <= 5; step++) first.append({ step, loss: 1 / step });
    first.append({ step: 5, evaluation: 0.5, macro_f1: 0.5, sets: { news: 0.25 } });
    first.close();
    // The line that a kill left half-written.
    writeFileSync(join(output, 'training.jsonl'), '{"step":6,"lo', { flag: 'a' });
    const second = openRunLog(output, 3);
    second.append({ step: 4, loss: 2 });
    second.close();
    expect(readRunLog(output)).toEqual([1, 2, 3].map((step) => ({ step, loss: 1 / step })).concat({ step: 4, loss: 2 }));
    const files = readdirSync(join(output, 'tensorboard')).map((name) => records(join(output, 'tensorboard', name)));
    expect(files.map(({ length }) => length).sort()).toEqual([3, 7]);
    const older = files.find(({ length }) => length === 7)!;
    expect(older[6].includes('dev/macro_f1') && older[6].includes('dev_sets/news')).toBe(true);
    // The newer one begins with its session's start at step 4: field 2 of the event, then the session log (field 7).
    expect([...files.find(({ length }) => length === 3)![1].subarray(9)]).toEqual([16, 4, 58, 2, 8, 1]);
  });
});
