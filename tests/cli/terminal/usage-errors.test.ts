import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { callGlz } from '../../call-glz.ts';
import { temporaryFolder, writeTinyCheckpoint } from '../../tiny-checkpoint.ts';

describe('a wrong command line', () => {
  it.each([
    [['predict', 'a.csv', '--text-column', 'review'], "unknown option '--text-column'; did you mean --text-field?"],
    [['predict', 'a.csv', '--column=review'], "unknown option '--column=review'; did you mean --text-field?"],
    [['predict', 'a.csv', '--label', 'a'], "unknown option '--label'; did you mean --labels?"],
    [['predict', 'a.csv', '--model', 'a'], "unknown option '--model'; did you mean --checkpoint?"],
    [['predict', 'a.csv', '--multi-labels'], "unknown option '--multi-labels'; did you mean --multi-label?"],
    [['train', '--output', 'x', '--lr', '1'], "unknown option '--lr'; did you mean --learning-rate?"],
    [['predict', 'a.csv', '--frobnicate'], "unknown option '--frobnicate'"],
    [['predict', 'a.csv', '--\u001b[31m'], "unknown option '--\\u001b[31m'"],
    [['predict', '--file', 'a.csv'], "unknown option '--file'"],
    [['classify', 'a.csv'], "unknown command 'classify'; did you mean predict?"],
    [['completion'], "missing required argument 'shell'; there are bash, zsh, fish"],
    [['predct'], "unknown command 'predct'; did you mean predict?"],
    [['predict', '--top-k', 'x'], "option '--top-k <n>' argument 'x' is invalid. expected a whole number from 1 on."],
    [['train'], "required option '-o, --output <folder>' not specified"],
  ])('%j is refused in the form of all errors', async (args, message) => {
    const { code, stdout, stderr } = await callGlz(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^glz: .*\n\(glz .*\)\n$/);
    expect(stderr.split('\n')[0]).toBe(`glz: ${message}`);
  });

  it.each([
    [['a.csv', '--labels', 'a,b', '--abstain', '0.3'], '--abstain takes no value; --abstain-below 0.3 sets the level'],
    [['--text', 'x', '--labels', 'a,b', '--abstain', '0,3'], '--abstain takes no value; --abstain-below 0.3 sets the level'],
    [['a.csv', '--labels', 'a,b', '--balance', '0.7'], '--balance takes no value, and there is no file 0.7'],
    [['a.csv', '–labels', 'a,b'], '–labels: – (U+2013) is not a hyphen; did you mean --labels?'],
    [['--text', 'x', '—labels=a,b'], '—labels=a,b: — (U+2014) is not a hyphen; did you mean --labels?'],
    [['a.csv', '−o', 'x'], '−o: − (U+2212) is not a hyphen; did you mean -o?'],
    [
      ['--text', 'my', 'invoice', 'is', 'wrong', '--labels', 'a,b'],
      '--text takes one text: put it in quotes, --text "my invoice is wrong"',
    ],
    [['tickets.csv', '--text', 'x', '--labels', 'a,b'], 'give either --text or an input file'],
    [
      ['tickets.csv', '--labels', '“a,b”'],
      '--labels: “ (U+201C) is a typographic quote, which would be part of the label: type plain quotes, "a,b"',
    ],
    [['tickets.csv', '--labels', '“a', 'b”'], 'b”: no such file; ” (U+201D) is no quote to a shell: type plain quotes, "..."'],
    [['ticket.csv', '--labels', 'a,b'], 'ticket.csv: no such file; did you mean tickets.csv?'],
    [['my', 'invoice', '--labels', 'a,b'], 'my: no such file; a text to label goes behind --text, in quotes'],
    [['I', 'love', 'it', '--labels', 'a,b'], 'I: no such file; a text to label goes behind --text, in quotes'],
    [['I', '--labels', 'a,b'], 'I: no such file'],
    [['nothing.jsonl', '--labels', 'a,b'], 'nothing.jsonl: no such file'],
  ])('glz predict %j is told what was meant', async (args, message) => {
    const folder = temporaryFolder();
    for (const name of ['tickets.csv', 'o', 'lose']) writeFileSync(join(folder, name), 'text\nx\n');
    const { code, stderr } = await callGlz(['predict', ...args], { cwd: folder });
    expect([[1, 2].includes(code!), stderr]).toEqual([true, `glz: ${message}\n`]);
  });

  it('has short forms of what is used most', async () => {
    const version = await callGlz(['--version']);
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(await callGlz(['-v'])).toEqual(version);
    expect(await callGlz(['-V'])).toEqual(version);
    const help = await callGlz(['predict', '--help']);
    expect(help.stdout).toMatch(/\n {2}-o, --output <file or folder> /);
  });
});

describe('a table without the column of texts', () => {
  it('is refused once, from its header, with the option that names the column', async () => {
    const folder = temporaryFolder();
    const checkpoint = await writeTinyCheckpoint();
    writeFileSync(join(folder, 'reviews.csv'), 'id,review\n1,good\n2,bad\n');
    const predict = (...args: string[]) =>
      callGlz(['predict', 'reviews.csv', '--checkpoint', checkpoint, '--labels', 'a,b', ...args], { cwd: folder });
    const header = 'in its header (it has id, review); name the one that holds the texts with --text-field';
    const missing = await predict();
    expect(missing.code).toBe(1);
    expect(missing.stderr.split('\n').filter((line) => !line.startsWith('pre'))).toEqual([
      `glz: reviews.csv: no column "text" ${header}`,
      '',
    ]);
    expect((await predict('--text-field', 'reveiw')).stderr).toContain(
      'glz: reviews.csv: no column "reveiw" in its header (it has id, review); did you mean "review"?',
    );
    expect((await predict('--text-field', 'Review')).stderr).toContain('did you mean "review"?');
    expect((await predict('--text-field', 'review')).stdout.split('\n')).toHaveLength(3);
  });

  it('as one without labels is, where none are given', async () => {
    const folder = temporaryFolder();
    const checkpoint = await writeTinyCheckpoint();
    writeFileSync(join(folder, 'tickets.csv'), 'id,body\n1,a\n2,b\n');
    const args = ['predict', 'tickets.csv', '--text-field', 'body', '--checkpoint', checkpoint];
    const { code, stderr } = await callGlz(args, { cwd: folder });
    expect(code).toBe(1);
    expect(stderr.split('\n').filter((line) => !line.startsWith('pre'))).toEqual([
      'glz: tickets.csv: no column "candidate_labels" in its header (it has id, body); give labels for all records with --labels or --labels-file',
      '',
    ]);
  });

  it('names what is wrong with records once, not again at the end', async () => {
    const checkpoint = await writeTinyCheckpoint();
    const args = ['predict', '-', '--checkpoint', checkpoint, '--labels', 'a,b', '--format', 'jsonl'];
    const { code, stderr } = await callGlz(args, { input: '{"x":1}\n' });
    expect(code).toBe(1);
    expect(stderr.match(/no field "text"/g)).toHaveLength(1);
    expect(stderr).toMatch(/\nglz: stdin: no record can be labelled, as said above\n$/);
    const quiet = await callGlz([...args, '--quiet'], { input: '{"x":1}\n' });
    expect(quiet.stderr).toMatch(/^glz: stdin, line 1: no field "text"/);
  });
});
