/**
 * Figures in the text format of Prometheus (exposition format 0.0.4): counters, gauges and histograms. Written here because prom-client brings
 * 4.7 MB with it, nearly all of them OpenTelemetry's, for eight figures; a test compares both byte for byte.
 */

/** Labels of a sample. */
export type SampleLabels = Readonly<Record<string, string>>;

/** A figure: its type, and its samples as they are now. */
export interface Figure {
  name: string;
  help: string;
  type: 'counter' | 'gauge' | 'histogram';
  /** Lines behind the two of its description. */
  lines(): string[];
}

/** Content type of {@link exposition}. */
export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const escaped = (text: string): string => text.replace(/\\/g, '\\\\').replace(/\n/g, '\\n');

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : Number.isNaN(value) ? 'Nan' : String(value);
}

function sample(name: string, labels: SampleLabels, value: number): string {
  const inner = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text).replace(/"/g, '\\"')}"`);
  return `${name}${inner.length > 0 ? `{${inner.join(',')}}` : ''} ${numberText(value)}`;
}

/** What is kept for each set of labels, in the order in which they came. */
function byLabels<Value>(fresh: () => Value): {
  of(labels: SampleLabels): { labels: SampleLabels; value: Value };
  all(): { labels: SampleLabels; value: Value }[];
} {
  const known = new Map<string, { labels: SampleLabels; value: Value }>();
  return {
    of(labels) {
      const key = JSON.stringify(labels);
      let entry = known.get(key);
      if (!entry) {
        entry = { labels, value: fresh() };
        known.set(key, entry);
      }
      return entry;
    },
    all: () => [...known.values()],
  };
}

/** A figure that only grows. */
export function counter(name: string, help: string): Figure & { add(labels: SampleLabels): void } {
  const kept = byLabels(() => ({ count: 0 }));
  return {
    ...{ name, help, type: 'counter' },
    add(labels) {
      kept.of(labels).value.count++;
    },
    lines: () => kept.all().map(({ labels, value }) => sample(name, labels, value.count)),
  };
}

/** A figure that is read when somebody asks. */
export const gauge = (name: string, help: string, read: () => number): Figure => ({
  ...{ name, help, type: 'gauge' },
  lines: () => [sample(name, {}, read())],
});

/** How often values lay at or below each of some bounds, ascending. */
export function histogram(
  name: string,
  help: string,
  bounds: readonly number[],
): Figure & { observe(value: number, labels?: SampleLabels): void } {
  const kept = byLabels(() => ({ counts: bounds.map(() => 0), count: 0, sum: 0 }));
  return {
    ...{ name, help, type: 'histogram' },
    observe(value, labels = {}) {
      const seen = kept.of(labels).value;
      for (const [at, bound] of bounds.entries()) if (value <= bound) seen.counts[at]++;
      seen.count++;
      seen.sum += value;
    },
    lines: () =>
      kept
        .all()
        .flatMap(({ labels, value }) => [
          ...bounds.map((bound, at) => sample(`${name}_bucket`, { le: numberText(bound), ...labels }, value.counts[at])),
          sample(`${name}_bucket`, { le: '+Inf', ...labels }, value.count),
          sample(`${name}_sum`, labels, value.sum),
          sample(`${name}_count`, labels, value.count),
        ]),
  };
}

/** All figures as text. */
export const exposition = (figures: readonly Figure[]): string =>
  `${figures.map((figure) => [`# HELP ${figure.name} ${escaped(figure.help)}`, `# TYPE ${figure.name} ${figure.type}`, ...figure.lines()].join('\n')).join('\n\n')}\n`;
