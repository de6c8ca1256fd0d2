/** What glz predict does with input that is wrong, as a process. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { callGlz } from '../../call-glz.ts';
import { ROOT, temporaryFolder, writeTinyCheckpoint } from '../../tiny-checkpoint.ts';

let checkpoint = '';
beforeAll(async () => {
  checkpoint = await writeTinyCheckpoint();
});

const commandFor = (input: string, flags: string[]) => [
  ...['predict', input, '--checkpoint', checkpoint, '--labels', 'a,b', '--threads', '1'],
  ...flags,
];

const folder = temporaryFolder();
/** Labels a file: how it ends, the texts that were labelled, and what stderr says. */
async function predict(name: string, content: string | Buffer, ...flags: string[]) {
  const path = join(folder, name);
  writeFileSync(path, content);
  const { code, stdout, stderr } = await callGlz(commandFor(path, flags));
  const texts = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => (JSON.parse(line) as { text: string }).text);
  return { code, texts, stderr };
}

/** Runs glz with a producer on its stdin that lives on; null where it had to be killed. */
function withOpenPipe(args: string[], input: string | Buffer): Promise<{ code: number | null; stderr: string }> {
  const child = spawn(process.execPath, [join(ROOT, 'bin/glz.js'), ...commandFor('-', args)]);
  const timer = setTimeout(() => child.kill('SIGKILL'), 50_000);
  let stderr = '';
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  child.stdin.on('error', () => {});
  child.stdin.write(input);
  return new Promise((resolve) =>
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stderr });
    }),
  );
}

describe('glz predict', () => {
  it('skips and names what is wrong in a table, or stops there', async () => {
    const csv = Buffer.concat([
      Buffer.from('text,team\r\none,A\nHe said "hi" to me,B\n'),
      Buffer.from('caf\xe9,B\n', 'latin1'),
      Buffer.from('"two, too",C\r\n'),
    ]);
    const { code, texts, stderr } = await predict('mixed.csv', csv);
    expect([code, texts]).toEqual([0, ['one', 'two, too']]);
    expect(stderr).toMatch(/skipped: .*line 3: a quote inside a field[\s\S]*skipped: .*line 4: not UTF-8[\s\S]*2 records were skipped/);
    const failed = await predict('mixed.csv', csv, '--on-error', 'fail');
    expect([failed.code, failed.stderr]).toEqual([1, expect.stringMatching(/line 3: a quote inside a field/)]);
  });

  it('carries every field through as it was written, with its own labels and scores under other names', async () => {
    const path = join(folder, 'ids.jsonl');
    const fields = '"2024":1e400,"id":1234567890123456789,"x":12345678901234567.5,"nested":{"10":[1.0,-0]}';
    const records = [
      `{${fields},"text":"one"}`,
      '{"scores":[0.5],"labels":["x"],"text":"two"}',
      '{"true_labels":["t"],"labels":["x"],"input_scores":1,"scores":2,"text":"three"}',
    ];
    writeFileSync(path, `${records.join('\n')}\n`);
    const { stdout } = await callGlz(['predict', path, '--checkpoint', checkpoint, '--labels', 'a,b', '--top-k', '1']);
    expect(stdout.split('\n').map((line) => line.replace(/,"labels":\["[ab]"\],"scores":\[[\d.]+\]\}$/, '}'))).toEqual([
      records[0],
      '{"input_scores":[0.5],"true_labels":["x"],"text":"two"}',
      '{"true_labels":["t"],"input_labels":["x"],"input_scores":1,"input_scores_2":2,"text":"three"}',
      '',
    ]);
  });

  it.each([
    ['object.json', '{\n"text":"a"\n}\n', /a JSON object that is spread over lines; write one object a line/],
    ['book.csv', Buffer.from('PK\x03\x04\n\n'), /a ZIP file or a workbook/],
  ])('stops at a file of the wrong kind: %s', async (name, content, message) => {
    const { code, texts, stderr } = await predict(name, content);
    expect([code, texts, stderr]).toEqual([1, [], expect.stringMatching(message)]);
    expect(stderr).not.toContain('predict: 0 texts');
  });

  it.each([
    ['csv', 'text,text\na,b\n'],
    ['tsv', 'text\ttext\na\tb\n'],
    ['csv', gzipSync('text,text\na,b\n'.repeat(9))],
    ['jsonl', Buffer.concat([Buffer.of(0x1f, 0x8b), Buffer.from('not gzip at all')])],
    ['jsonl', '[,\n'],
  ])('ends at an error although the other end of the pipe lives on: %s %#', async (format, input) => {
    const { code, stderr } = await withOpenPipe(['--format', format], input);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/glz: stdin/)]);
  });
});

it('notes texts and labels in a script that the model knows little of, and no others', async () => {
  const shipped = (args: string[], input = '') => callGlz(['predict', '--threads', '1', ...args], { input });
  const one = await shipped(['--text', 'Посылка не пришла', '--labels', 'delivery,billing']);
  expect(one.stderr).toMatch(/note: the text is in a script that the model knows little of \(Cyrillic\): scores mean little; /);
  const some = await shipped(['-', '--format', 'text', '--labels', 'delivery,счёт'], 'late\n荷物が届きません\n');
  expect(some.stderr).toMatch(
    /note: 1 of 2 texts are in a script .* \(Hiragana; the first on line 2\); 1 of 2 labels are .* \(Cyrillic\): /,
  );
  const english = await shipped(['-', '--format', 'text', '--labels', 'delivery,billing'], 'the parcel is late\nréservation annulée\n');
  expect(english.stderr).not.toContain('note:');
});
