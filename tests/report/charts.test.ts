import { dotChart, heatMap, logLineChart, reliabilityChart, scatterChart } from '../../src/report/charts.ts';
import { random } from '../random.ts';
import { contentOf, misplaced } from './svg-text.ts';

const NAMES = ['plain', '<b>&"\'</b>', 'a name that is longer than the thirty characters that fit', ''];
const next = random(8);
const nameOf = () => NAMES[Math.floor(next() * NAMES.length)];
const many = <T>(most: number, make: () => T): T[] => Array.from({ length: 1 + Math.floor(next() * most) }, make);
/** From a millionth to a million. */
const anySize = () => 10 ** (12 * next() - 6);

/** Charts of random values. */
const CHARTS: Record<string, () => string> = {
  dots: () => {
    const series = many(5, nameOf);
    const value = () => ({ value: next(), low: 1.2 * next() - 0.1, high: 1.2 * next() - 0.1 });
    return dotChart(
      many(12, () => ({ name: nameOf(), values: series.map(() => (next() < 0.2 ? undefined : value())) })),
      series,
      nameOf(),
    );
  },
  points: () =>
    scatterChart(
      many(12, () => ({ name: nameOf(), series: Math.floor(next() * 30), x: anySize(), y: next() })),
      many(3, () => ({ name: nameOf(), y: next() })),
      nameOf(),
      nameOf(),
    ),
  lines: () =>
    logLineChart(
      many(5, () => ({
        name: nameOf(),
        series: Math.floor(next() * 30),
        points: many(6, () => ({ x: anySize(), y: next() < 0.1 ? 0 : anySize() })),
      })),
      nameOf(),
      nameOf(),
    ),
  reliability: () =>
    reliabilityChart(
      Array.from({ length: 10 }, (_, bin) => ({
        lower: bin / 10,
        upper: (bin + 1) / 10,
        count: Math.floor(next() * 3) * 40,
        accuracy: next(),
      })),
      Math.floor(next() * 30),
      nameOf(),
    ),
  'a heat map': () => {
    const names = many(35, nameOf);
    return heatMap(
      names,
      names.map(() => names.map(() => Math.floor(next() * 4))),
      Math.floor(next() * 30),
      nameOf(),
    );
  },
};

describe.each(Object.entries(CHARTS))('a chart of %s', (_, draw) => {
  const pictures = Array.from({ length: 25 }, draw).filter(Boolean);

  it('is well-formed whatever names it shows', () => {
    for (const picture of pictures) expect(contentOf(picture).join('')).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('draws everything inside itself, with numbers only', () => {
    expect(pictures.length).toBeGreaterThan(20);
    for (const picture of pictures) {
      expect(picture).not.toMatch(/="[^"]*(NaN|Infinity|undefined)[^"]*"/);
      expect(misplaced(picture)).toEqual([]);
    }
  });
});

/** The texts on a logarithmic axis of points from `low` to `high`. */
const ticksOf = (low: number, high: number) => {
  const picture = scatterChart(
    [low, high].map((x) => ({ name: '', series: 0, x, y: 0.5 })),
    [],
    'x',
    'y',
  );
  return [...picture.matchAll(/<text x="([\d.]+)" y="351" [^>]*>([^<]+)</g)].map(([, at, text]) => ({ at: Number(at), text }));
};

describe('a logarithmic axis', () => {
  it('has ticks at 1, 2 and 5 of each power of ten, at powers alone where those are many', () => {
    expect(ticksOf(3, 40).map(({ text }) => text)).toEqual(['1', '2', '5', '10', '20', '50', '100']);
    expect(ticksOf(0.02, 5000).map(({ text }) => text)).toEqual(['0.01', '0.1', '1', '10', '100', '1,000', '10,000']);
  });

  it('has the powers of ten at equal distances', () => {
    const at = ticksOf(0.02, 5000).map((tick) => tick.at);
    for (let i = 2; i < at.length; i++) expect(Math.abs(at[i] - at[i - 1] - (at[1] - at[0]))).toBeLessThan(0.3);
  });
});

describe('a chart without a value that it can draw', () => {
  it('is none', () => {
    expect(scatterChart([{ name: 'a', series: 0, x: 0, y: 0.5 }], [], 'x', 'y')).toBe('');
    expect(logLineChart([{ name: 'a', series: 0, points: [{ x: 1, y: 0 }] }], 'x', 'y')).toBe('');
  });
});

describe('values out of range', () => {
  it('are drawn at the edge of a dot chart', () => {
    const [low, high] = [-3, 7];
    const picture = dotChart([{ name: 'row', values: [{ value: 0.5, low, high }] }], ['series'], 'label');
    const [, from, to] = /<line x1="([\d.]+)" y1="[\d.]+" x2="([\d.]+)" y2="[\d.]+" stroke/.exec(picture)!.map(Number);
    expect([from, to]).toEqual([190, 1006]);
  });
});
