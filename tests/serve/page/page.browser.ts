/** The page in headless Chromium (npm run test:browser): what people do with it, and that nothing of theirs leaves the machine. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import axe from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { GliZNet } from '../../../src/index.ts';
import { percent } from '../../../src/serve/page/pure/bars.ts';
import { textTable } from '../../../src/serve/page/pure/text-table.ts';
import { ROOT, temporaryFolder } from '../../tiny-checkpoint.ts';
import { writeFittedFiles } from '../fitted-file.ts';
import { post, runServer, type ServerProcess } from '../run-server.ts';

const KEY = 'a key of some length';
const SHOTS = process.env.GLZ_SCREENSHOTS ?? temporaryFolder();
const DESK = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };
const TICKETS = join(ROOT, 'datasets/demo/tickets.jsonl');

let browser: Browser;
let server: ServerProcess;
/** What the page asked for, and what was wrong with it. */
let requests: string[] = [];
let faults: string[] = [];

beforeAll(async () => {
  server = await runServer();
  // No name but loopback's is looked up, so that a request to elsewhere would fail even where a network is.
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: ['--no-sandbox', '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1'],
  });
});
afterAll(async () => {
  await browser.close();
  expect(await server.end()).toBe(0);
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  expect(faults).toEqual([]);
  expect(requests.filter((url) => !url.startsWith(`${server.url}/`) && !url.startsWith('blob:http://127.0.0.1:'))).toEqual([]);
  expect(requests.length).toBeGreaterThan(3);
});

async function open(options: BrowserContextOptions = {}, url = server.url): Promise<Page> {
  requests = [];
  faults = [];
  const context = await browser.newContext({ viewport: DESK, ...options });
  const page = await context.newPage();
  page.on('request', (request) => requests.push(request.url()));
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    // A server that does not explain, or wants a key, says so in a status, of which Chromium writes a line.
    if (['error', 'warning'].includes(message.type()) && !/status of (?:401|422|503)|ERR_CONNECTION_REFUSED/.test(message.text()))
      faults.push(message.text());
  });
  await page.goto(url);
  return page;
}

const bars = (page: Page): Promise<string[]> => page.locator('#bars .name').allTextContents();

/** What axe finds wrong. */
async function accessFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: typeof axe }).axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'] }),
  );
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
}

/** Drops a file on the page as a hand does. */
const drop = (page: Page, name: string, content: string) =>
  page.evaluate(`{
    const transfer = new DataTransfer();
    transfer.items.add(new File([${JSON.stringify(content)}], ${JSON.stringify(name)}));
    for (const type of ['dragenter', 'dragover', 'drop'])
      document.body.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: transfer }));
  }`);

/** What has the focus: its label, or its id. */
const focused = (page: Page): Promise<string> =>
  page.evaluate<string>("document.activeElement.getAttribute('aria-label') ?? document.activeElement.id");

describe.each([
  ['phone', PHONE],
  ['desk', DESK],
] as const)('at the width of a %s', (name, viewport) => {
  it.each(['light', 'dark'] as const)('in %s colours it is whole, readable and without faults', async (colorScheme) => {
    const page = await open({ viewport, colorScheme, deviceScaleFactor: name === 'phone' ? 2 : 1, reducedMotion: 'reduce' });
    const shoot = (what: string) => page.screenshot({ path: join(SHOTS, `${name}-${colorScheme}-${what}.png`), fullPage: true });
    const isWhole = () => page.evaluate('document.documentElement.scrollWidth <= innerWidth');
    await page.locator('#why mark').first().waitFor();
    expect(await accessFaults(page)).toEqual([]);
    await shoot('1-labels');
    await page.getByRole('button', { name: 'a tree' }).click();
    await page.locator('#path li').first().waitFor();
    await page.getByLabel('Perhaps none of these fits').check();
    await page.locator('#fit').waitFor();
    expect(await accessFaults(page)).toEqual([]);
    expect(await isWhole()).toBe(true);
    await shoot('4-levels');
    await page.getByLabel('Text', { exact: true }).fill('What is the capital of Peru?');
    await page.locator('#fit.none').waitFor();
    expect(await accessFaults(page)).toEqual([]);
    await shoot('5-none');
    await page.getByLabel('Perhaps none of these fits').uncheck();
    await page.getByRole('button', { name: 'a ticket' }).click();
    await page.locator('#path').waitFor({ state: 'hidden' });
    await page.setInputFiles('#texts-file', TICKETS);
    await page.getByRole('button', { name: 'Download CSV' }).waitFor();
    await page.locator('progress').waitFor({ state: 'hidden' });
    expect(await accessFaults(page)).toEqual([]);
    expect(await isWhole()).toBe(true);
    await shoot('2-many');
    await page.getByRole('radio', { name: 'Questions' }).check();
    await page.locator('.answer').nth(2).waitFor();
    expect(await accessFaults(page)).toEqual([]);
    await page.getByRole('button', { name: 'Label again' }).click();
    await page.locator('progress').waitFor({ state: 'hidden' });
    expect(await accessFaults(page)).toEqual([]);
    expect(await isWhole()).toBe(true);
    await shoot('3-questions');
  });
});

it('moves its bars while one types, and cancels what is outdated', async () => {
  const page = await open();
  await page.locator('#bars li').nth(4).waitFor();
  expect((await bars(page))[0]).toBe('billing');
  await page.getByLabel('Text', { exact: true }).fill('');
  await page.locator('#empty').waitFor();
  const before = requests.length;
  const text = 'Thank you, your support team is wonderful and very kind!';
  await page.getByLabel('Text', { exact: true }).pressSequentially(text, { delay: 25 });
  await page.locator('#bars li.best', { hasText: 'praise' }).waitFor();
  expect(requests.length - before).toBeGreaterThan(1);
  expect(requests.length - before).toBeLessThan(text.length / 2);
  await page.getByText(/^Most likely: praise/).waitFor({ state: 'attached' });
  await page.getByLabel('Any number of labels may fit').check();
  await page.getByText(/^Likely: praise/).waitFor({ state: 'attached' });
  await page.getByRole('button', { name: 'a headline' }).click();
  await page.locator('#bars li.best', { hasText: 'economy' }).waitFor();
});

it('is used by keyboard alone', async () => {
  const page = await open();
  await page.locator('#bars li').first().waitFor();
  const seen: string[] = [];
  for (let at = 0; at < 24; at++) {
    await page.keyboard.press('Tab');
    seen.push(await focused(page));
  }
  expect(seen).toEqual(
    expect.arrayContaining([
      'Dark colours',
      'text',
      'Remove billing',
      'Remove cancellation',
      'Open a file of labels',
      'label-form',
      'label-input',
      'multi',
      'abstain',
      'open-texts',
    ]),
  );
  await page.locator('#label-input').focus();
  await page.keyboard.type('refund,complaint');
  await page.keyboard.press('Enter');
  await page.locator('#bars li', { hasText: 'refund' }).waitFor();
  expect(await page.locator('#label-list li').allTextContents()).toEqual([
    ...['billing', 'delivery', 'technical problem', 'praise', 'cancellation'],
    ...['refund', 'complaint'],
  ]);
  // The last label comes back to be corrected, and the focus stays where labels are removed.
  await page.keyboard.press('Backspace');
  expect(await page.locator('#label-input').inputValue()).toBe('complaint');
  await page.locator('#label-input').fill('');
  await page.getByRole('button', { name: 'Remove delivery' }).focus();
  await page.keyboard.press('Enter');
  expect(await focused(page)).toBe('Remove technical problem');
  await page.locator('#bars li', { hasText: 'delivery' }).waitFor({ state: 'detached' });
  await page.getByRole('radio', { name: 'Labels' }).focus();
  await page.keyboard.press('ArrowRight');
  await page.locator('.answer').first().waitFor();
});

it('colours the words that decided, of the label that is chosen', async () => {
  const page = await open();
  await page.locator('#why mark.for').first().waitFor();
  expect(await page.locator('#why .read').textContent()).toBe(await page.getByLabel('Text', { exact: true }).inputValue());
  const [, rival] = await bars(page);
  expect(await page.locator('#why h3').textContent()).toBe(`Why billing rather than ${rival}`);
  const second = page.locator('#bars li button').nth(1);
  await second.focus();
  await page.keyboard.press('Enter');
  expect(await page.locator('#why h3').textContent()).toBe(`Why ${rival} rather than billing`);
  await page.getByLabel('Any number of labels may fit').check();
  await page.getByRole('heading', { name: `Why ${rival}`, exact: true }).waitFor();
  await page.getByLabel('Any number of labels may fit').uncheck();
  await page.getByRole('heading', { name: `Why ${rival} rather than billing` }).waitFor();
  await second.focus();
  expect(await second.getAttribute('aria-pressed')).toBe('true');
  expect(await page.evaluate("document.activeElement === document.querySelectorAll('#bars li button')[1]")).toBe(true);
});

it('takes labels in levels, as lines, YAML and JSON, and shows the path to the best of them', async () => {
  const page = await open();
  await page.locator('#bars li').first().waitFor();
  await page.getByRole('button', { name: 'Edit as text' }).press('Enter');
  const lines = page.getByRole('textbox', { name: 'Candidates' });
  expect([await focused(page), await lines.inputValue()]).toEqual([
    'label-text',
    'billing\ndelivery\ntechnical problem\npraise\ncancellation',
  ]);
  // By keyboard alone: Enter keeps the indentation of its line.
  await lines.press('ControlOrMeta+a');
  await page.keyboard.type('bills\n  charged twice: the same bill was paid two times\nunpaid\n');
  expect(await lines.inputValue()).toBe('bills\n  charged twice: the same bill was paid two times\n  unpaid\n  ');
  await page.keyboard.press('Backspace');
  await page.keyboard.press('Backspace');
  await page.keyboard.type('journey\n  late\ncancelled');
  await page.locator('#bars li', { hasText: 'journey \u203a cancelled' }).waitFor();
  expect(await page.locator('#path .name').allTextContents()).toEqual(['bills', 'charged twice']);
  expect((await bars(page))[0]).toBe('bills \u203a charged twice');
  expect(await bars(page)).toHaveLength(4);
  await page.getByText(/^Most likely: bills, [\d.]+%; below it charged twice, [\d.]+%; together [\d.]+%/).waitFor({ state: 'attached' });
  // Labels in levels do not all compete.
  expect(await page.locator('#why h3').textContent()).toBe('Why charged twice');
  expect(await page.getByRole('button', { name: 'Edit one by one' }).count()).toBe(0);
  const model = await GliZNet.load();
  try {
    const labels = [
      { label: 'bills', children: [{ label: 'charged twice', description: 'the same bill was paid two times' }, 'unpaid'] },
      { label: 'journey', children: ['late', 'cancelled'] },
    ];
    const [ours] = await model.classify([await page.getByLabel('Text', { exact: true }).inputValue()], labels);
    expect(await page.locator('#path .value').allTextContents()).toEqual(ours.pathScores!.map(percent));
    expect(await page.locator('#bars .value').allTextContents()).toEqual(ours.scores.map(percent));
    await page.setInputFiles('#texts-file', TICKETS);
    await page.locator('progress').waitFor({ state: 'hidden' });
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download CSV' }).click()]);
    const saved = textTable('saved.csv', new Uint8Array(readFileSync(await download.path())));
    expect(saved.columns.slice(-4)).toEqual(['label', 'score', 'path', 'path_scores']);
    const theirs = await model.classify(
      saved.rows.map(([, text]) => text),
      labels,
    );
    for (const [at, row] of saved.rows.entries()) expect(row.slice(-2)[0]).toBe(theirs[at].path!.join(' > '));
  } finally {
    await model.dispose();
  }
  await lines.fill('a\na');
  await page.getByText('labels: label "a" occurs twice (1 and 2)').waitFor();
  await lines.fill('{"sport": {"football": null, "tennis": "a game"}, "other": null}');
  await page.locator('#bars li', { hasText: 'tennis' }).waitFor();
  await lines.fill('refund\ncomplaint');
  await page.getByRole('button', { name: 'Edit one by one' }).click();
  expect(await page.locator('#label-list li').allTextContents()).toEqual(['refund', 'complaint']);
  // What is pasted into the field of names makes it a text where it is more than names.
  await page.locator('#label-input').evaluate((input, text) => {
    const clipboardData = new (
      globalThis as unknown as { DataTransfer: new () => { setData(type: string, data: string): void } }
    ).DataTransfer();
    clipboardData.setData('text', text);
    const { ClipboardEvent } = globalThis as unknown as { ClipboardEvent: new (type: string, of: object) => never };
    (input as unknown as { dispatchEvent(event: never): void }).dispatchEvent(
      new ClipboardEvent('paste', { bubbles: true, cancelable: true, clipboardData }),
    );
  }, '- weather\n  - rain\n  - snow\n');
  expect(await lines.inputValue()).toBe('refund\ncomplaint\nweather\n  rain\n  snow');
  await drop(page, 'labels.yaml', 'billing: charges and refunds\nother:\n');
  await page.locator('#bars li', { hasText: 'billing' }).waitFor();
  expect(await lines.inputValue()).toBe('billing: charges and refunds\nother');
});

it('takes none of the labels where none fits, by a level that is moved without asking again', async () => {
  const page = await open();
  await page.locator('#bars li').first().waitFor();
  expect(await page.locator('#fit').isHidden()).toBe(true);
  await page.getByLabel('Perhaps none of these fits').check();
  await page.getByText('One of these', { exact: true }).waitFor();
  await page.getByLabel('Text', { exact: true }).fill('What is the capital of Peru?');
  await page.getByText(/^None of these\. Fit [\d.]+%\. Closest: /).waitFor({ state: 'attached' });
  await page.getByText('None of these', { exact: true }).waitFor();
  expect([await page.locator('#bars li').count(), await page.locator('#bars li.best').count()]).toEqual([5, 0]);
  const before = requests.length;
  const slider = page.getByRole('slider', { name: 'Where the fit is below' });
  expect(await slider.getAttribute('aria-valuetext')).toBe('40%');
  await slider.focus();
  await page.keyboard.press('Home');
  await page.getByText('One of these', { exact: true }).waitFor();
  expect(await page.locator('#bars li.best').count()).toBe(1);
  await page.keyboard.press('End');
  await page.getByText('None of these', { exact: true }).waitFor();
  expect(requests.length).toBe(before);
  await drop(page, 'two.txt', 'Where is my parcel?\nWhat is the capital of Peru?');
  await page.getByText('2 texts', { exact: true }).waitFor();
  const cells = () => page.locator('tbody td.said').allTextContents();
  expect(await cells()).toEqual(['none', 'none']);
  await slider.fill('40');
  expect(await cells()).toEqual(['delivery', 'none']);
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download CSV' }).click()]);
  const saved = textTable('saved.csv', new Uint8Array(readFileSync(await download.path())));
  expect([saved.columns, saved.rows[1].slice(0, 3)]).toEqual([
    ['text', 'label', 'score', 'fit'],
    ['What is the capital of Peru?', '', ''],
  ]);
  const model = await GliZNet.load();
  try {
    const labels = ['billing', 'delivery', 'technical problem', 'praise', 'cancellation'];
    for (const [at, { fit }] of (
      await model.classify(
        saved.rows.map(([text]) => text),
        labels,
        { abstain: true },
      )
    ).entries())
      expect(Number(saved.rows[at][3])).toBeCloseTo(fit!, 4);
  } finally {
    await model.dispose();
  }
  await page.getByLabel('Perhaps none of these fits').uncheck();
  await page.getByRole('button', { name: 'Label again' }).waitFor();
});

describe('with what glz tune fitted', () => {
  const labels = ['billing', 'delivery', 'technical problem', 'praise', 'cancellation'];
  const folder = temporaryFolder();
  const [several, one] = ['several.json', 'one.json'].map((name) => join(folder, name));
  const TEXTS = [
    'I was charged twice for one parcel. Please refund one of the payments today!',
    'What is the capital of Peru?',
    'Thank you, the parcel came a day early!',
    'The app crashes',
  ];
  let fitted: ServerProcess;
  const ask = async (body: object) => (await post(`${fitted.url}/classify`, { thresholds: true, ...body })).body.results;
  const start = async (file: string): Promise<void> => {
    fitted = await runServer(['--thresholds', file]);
  };
  const openFitted = (options: BrowserContextOptions = {}) => open(options, fitted.url);
  /** The labels that the page shows as taken, of a text that is typed. */
  async function takenOf(page: Page, text: string, first: string): Promise<string[]> {
    await page.getByLabel('Text', { exact: true }).fill(text);
    await page.locator('#why .read', { hasText: text }).waitFor();
    await page.locator('#bars .value').first().filter({ hasText: first }).waitFor();
    return page.locator('#bars li.best .name').allTextContents();
  }
  beforeAll(() =>
    writeFittedFiles({
      // Thresholds that are far from one half on either side, so that it shows which are used.
      [several]: { labels, multiLabel: true, temperature: 1.5, bias: -0.3, thresholds: [0.05, 0.9, 0.3, 0.02, 0.6] },
      [one]: { labels, temperature: 0.4, abstain: { fit: 0.8, score: 0.9, bias: -0.2, below: 0.437 } },
    }),
  );
  afterEach(async () => {
    requests = requests.map((url) => url.replace(fitted.url, server.url));
    for (const context of browser.contexts()) await context.close();
    expect(await fitted.end()).toBe(0);
  });

  it.each([
    ['phone', PHONE],
    ['desk', DESK],
  ] as const)('at the width of a %s it is whole, readable and without faults', async (name, viewport) => {
    await start(several);
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await openFitted({ viewport, colorScheme, deviceScaleFactor: name === 'phone' ? 2 : 1, reducedMotion: 'reduce' });
      await page.locator('#bars .mark-at').first().waitFor();
      await page.locator('#why mark').first().waitFor();
      expect(await accessFaults(page)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
      await page.screenshot({ path: join(SHOTS, `${name}-${colorScheme}-7-fitted.png`), fullPage: true });
    }
  });

  it('takes the labels that POST /classify gives, each from its threshold on, in the table and its file too', async () => {
    await start(several);
    const page = await openFitted();
    await page.locator('#bars .mark-at').first().waitFor();
    expect(await page.locator('#fitted-list li').allTextContents()).toEqual(labels);
    expect(await page.locator('#own-labels').isHidden()).toBe(true);
    const theirs = await ask({ texts: TEXTS });
    const all = await ask({ texts: TEXTS, threshold: 0 });
    expect(new Set(theirs.map((each: { labels: string[] }) => each.labels.length)).size).toBeGreaterThan(1);
    for (const [at, text] of TEXTS.entries()) {
      expect(await takenOf(page, text, percent(all[at].scores[0]))).toEqual(theirs[at].labels);
      expect(await page.locator('#bars .value').allTextContents()).toEqual(all[at].scores.map(percent));
    }
    await drop(page, 'four.txt', TEXTS.join('\n'));
    await page.getByText('4 texts', { exact: true }).waitFor();
    await page.locator('progress').waitFor({ state: 'hidden' });
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download CSV' }).click()]);
    const saved = textTable('saved.csv', new Uint8Array(readFileSync(await download.path())));
    expect(saved.rows.map((row) => row[1])).toEqual(theirs.map((each: { labels: string[] }) => each.labels.join('; ')));
    // Labels of one's own are scored as without the file.
    await page.getByRole('radio', { name: 'Labels', exact: true }).check();
    await page.getByRole('button', { name: 'a ticket' }).click();
    const [own] = (await post(`${fitted.url}/classify`, { texts: TEXTS[0], labels })).body.results;
    await page
      .locator('#bars .value')
      .first()
      .filter({ hasText: percent(own.scores[0]) })
      .waitFor();
    expect(await page.locator('#bars .value').allTextContents()).toEqual(own.scores.map(percent));
    expect(await page.locator('#bars .mark-at:not([hidden])').count()).toBe(0);
  });

  it('gives no label where POST /classify abstains, at the level that was fitted', async () => {
    await start(one);
    const page = await openFitted();
    await page.getByText('level 44%').waitFor();
    const theirs = await ask({ texts: TEXTS, abstain: true });
    const all = await ask({ texts: TEXTS, abstainBelow: 0 });
    expect(new Set(theirs.map((each: { labels: string[] }) => each.labels.length > 0)).size).toBe(2);
    for (const [at, text] of TEXTS.entries()) {
      expect(await takenOf(page, text, percent(all[at].scores[0]))).toEqual(theirs[at].labels.slice(0, 1));
      await page.getByText(`fit ${percent(theirs[at].fit)}, level 44%`).waitFor();
    }
  });
});

it('labels a dropped CSV, sorts, filters and downloads it, with the scores of the library', async () => {
  const page = await open();
  await page.locator('#bars li').first().waitFor();
  await page.locator('#label-list button').first().waitFor();
  const rows = [
    'id,message',
    ...textTable('tickets.jsonl', new Uint8Array(readFileSync(TICKETS))).rows.map(([id, text]) => `${id},"${text.replaceAll('"', '""')}"`),
  ];
  await drop(page, 'my tickets.csv', rows.join('\n'));
  await page.getByText('12 texts', { exact: true }).waitFor();
  await page.locator('progress').waitFor({ state: 'hidden' });
  const table = page.getByRole('table', { name: 'Texts of my tickets.csv with what was found' });
  const scores = async () => (await table.locator('tbody td.number').allTextContents()).map((text) => Number.parseFloat(text));
  const header = (name: string) => table.getByRole('columnheader', { name });
  await header('score').getByRole('button').click();
  expect(await header('score').getAttribute('aria-sort')).toBe('descending');
  const descending = await scores();
  expect(descending).toEqual([...descending].sort((a, b) => b - a));
  await header('score').getByRole('button').press('Enter');
  expect(await header('score').getAttribute('aria-sort')).toBe('ascending');
  expect(await scores()).toEqual([...descending].reverse());
  await header('label').getByRole('button').click();
  expect(await header('score').getAttribute('aria-sort')).toBe('none');
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download CSV' }).click()]);
  expect(download.suggestedFilename()).toBe('my tickets-labelled.csv');
  const saved = textTable('saved.csv', new Uint8Array(readFileSync(await download.path())));
  expect([saved.columns, saved.rows.length]).toEqual([['id', 'message', 'label', 'score'], 12]);
  const model = await GliZNet.load();
  try {
    const labels = ['billing', 'delivery', 'technical problem', 'praise', 'cancellation'];
    const ours = await model.classify(
      saved.rows.map(([, text]) => text),
      labels,
      { topK: 1 },
    );
    for (const [at, [, , label, score]] of saved.rows.entries()) {
      expect(label).toBe(ours[at].labels[0]);
      expect(Number(score)).toBeCloseTo(ours[at].scores[0], 4);
    }
  } finally {
    await model.dispose();
  }
  const group = page.getByRole('group', { name: 'Show only' }).getByRole('button').first();
  const [count] = /\d+$/.exec((await group.textContent())!)!;
  await group.click();
  expect(await group.getAttribute('aria-pressed')).toBe('true');
  expect(await table.locator('tbody tr').count()).toBe(Number(count));
  // A text of the table is looked at by itself.
  const first = table.locator('tbody button').first();
  const text = await first.textContent();
  await first.click();
  expect(await page.getByLabel('Text', { exact: true }).inputValue()).toBe(text);
  await page.locator('#label-input').fill('something else,');
  await page.getByText('The labels or questions above have changed.').waitFor();
  await page.getByRole('button', { name: 'Label again' }).waitFor();
});

it('takes large files a page at a time, stops, and goes on', async () => {
  const page = await open();
  await page.locator('#bars li').first().waitFor();
  const texts = Array.from({ length: 3000 }, (_, at) => `parcel number ${at} never came`);
  await drop(page, 'large.txt', texts.join('\n'));
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByRole('button', { name: 'Go on' }).click();
  await page.getByText('3,000 texts', { exact: true }).waitFor({ timeout: 60_000 });
  await page.getByText('1 to 50 of 3,000').waitFor();
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByText('51 to 100 of 3,000').waitFor();
  expect(await page.locator('tbody tr').count()).toBe(50);
});

it('takes questions from files and says what is wrong with them while one types', async () => {
  const page = await open();
  await drop(page, 'questions.yaml', 'late:\n  type: predicate\n  instructions: a parcel is late\n');
  await page.locator('.answer', { hasText: 'a parcel is late' }).waitFor();
  await page.getByLabel('Questions, as YAML or JSON').fill('late:\n  type: choice\n  options: [one]\n');
  await page.getByText(/"late".*1 given, a question needs at least 2/).waitFor();
  await drop(page, 'labels.json', '["alpha", "beta, gamma"]');
  await page.locator('#bars li').nth(1).waitFor();
  expect((await bars(page)).sort()).toEqual(['alpha', 'beta, gamma']);
  await drop(page, 'broken.jsonl', '{"text": "a"}\n{"text"\n');
  await page.getByText('broken.jsonl: line 2 is no JSON').waitFor();
  await page.locator('#label-input').fill('Alpha,');
  await page.getByText(/same to the model/).waitFor();
});

it('asks for the key, keeps it nowhere, and forgets it', async () => {
  const locked = await runServer([], { GLZ_SERVE_KEY: KEY });
  try {
    const page = await open({}, locked.url);
    const field = page.getByLabel('Key', { exact: true });
    await field.fill('wrong');
    await field.press('Enter');
    await page.getByText('The server refused that key.').waitFor();
    await page.keyboard.press('Escape');
    // It is shown again as soon as it is closed.
    await field.waitFor();
    expect(await accessFaults(page)).toEqual([]);
    await page.screenshot({ path: join(SHOTS, 'desk-light-6-key.png') });
    await field.fill(KEY);
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.locator('#bars li').first().waitFor();
    expect(await page.locator('#model').textContent()).toBe('glz-mini');
    const kept = await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }])');
    expect(kept).not.toContain(KEY);
    expect(await page.context().cookies()).toEqual([]);
    await page.reload();
    await field.waitFor();
    // It asks once more a moment later.
    await page.close();
    expect(requests.filter((url) => !url.startsWith(`${locked.url}/`))).toEqual([]);
    requests = requests.map((url) => url.replace(locked.url, server.url));
  } finally {
    expect(await locked.end()).toBe(0);
  }
});

it('keeps the colours that were chosen, and says so where its server is gone', async () => {
  const other = await runServer();
  try {
    const page = await open({ colorScheme: 'light' }, other.url);
    const ground = () => page.evaluate('getComputedStyle(document.documentElement).backgroundColor');
    const light = await ground();
    await page.getByRole('button', { name: 'Dark colours' }).click();
    const dark = await ground();
    expect(dark).not.toBe(light);
    await page.reload();
    expect([await ground(), await page.getByRole('button', { name: 'Dark colours' }).getAttribute('aria-pressed')]).toEqual([dark, 'true']);
    await page.locator('#bars li').first().waitFor();
    expect(await other.end()).toBe(0);
    await page.getByLabel('Text', { exact: true }).fill('anything');
    await page.getByText('The server does not answer. Is it still running?').waitFor();
    requests = requests.map((url) => url.replace(other.url, server.url));
  } finally {
    await other.end();
  }
});
