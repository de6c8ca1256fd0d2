/** Curves over steps as SVG text: linear axes, many points drawn as means of bins inside the range they span. Knows numbers and names. */
import { escapeHtml, shortNumber } from './html.ts';
import { line, marker, n, seriesColour, svg, text, title } from './svg.ts';

/** One curve. */
export interface Curve {
  name: string;
  /** Picks colour and marker. */
  series: number;
  points: readonly { x: number; y: number }[];
  /** Draws each point as a marker; for curves of few points. */
  marked?: boolean;
}

/** What a chart of curves shows besides them. */
export interface CurveChartOptions {
  xTitle: string;
  yTitle: string;
  /** Range of x; that of the points unless given. */
  xRange?: [number, number];
  /** A value of x that is marked by a line, with its name. */
  highlight?: { x: number; name: string };
}

/** Most points that a curve is drawn with; more are put together in bins. */
const BINS = 80;

/** Round numbers that cover a range, about `count` of them. */
export function linearTicks(low: number, high: number, count: number): number[] {
  const span = high - low || Math.abs(high) || 1;
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((each) => each >= rough)!;
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.max(0, Math.floor(high / step + 1e-9) - first + 1) }, (_, i) =>
    Number(((first + i) * step).toPrecision(12)),
  );
}

const tickText = (value: number): string => {
  const size = Math.abs(value);
  if (size !== 0 && size < 1e-3) return value.toExponential();
  return size >= 1000 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(4)));
};

interface Bin {
  x: number;
  y: number;
  low: number;
  high: number;
}

/** Points put together by equal parts of x: mean, least and greatest value of each. */
export function binned(points: Curve['points'], from: number, to: number, count = BINS): Bin[] {
  const bins = new Map<number, Bin & { count: number }>();
  for (const { x, y } of points) {
    if (!Number.isFinite(y)) continue;
    const at = Math.min(count - 1, Math.floor((count * (x - from)) / Math.max(to - from, 1e-12)));
    const bin = bins.get(at);
    if (!bin) bins.set(at, { x, y, low: y, high: y, count: 1 });
    else {
      bin.count++;
      bin.x += (x - bin.x) / bin.count;
      bin.y += (y - bin.y) / bin.count;
      bin.low = Math.min(bin.low, y);
      bin.high = Math.max(bin.high, y);
    }
  }
  return [...bins.values()].sort((a, b) => a.x - b.x);
}

/** Draws curves; an empty string where there is nothing to draw. */
export function curveChart(curves: readonly Curve[], { xTitle, yTitle, xRange, highlight }: CurveChartOptions): string {
  const all = curves.flatMap(({ points }) => points).filter(({ y }) => Number.isFinite(y));
  if (!all.length) return '';
  const [width, height, left, right, top, bottom] = [900, 300, 66, 20, 16, 46];
  let [fromX, toX] = xRange ?? [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  if (!xRange)
    for (const { x } of all) {
      fromX = Math.min(fromX, x);
      toX = Math.max(toX, x);
    }
  const drawn = curves.map((curve) => ({ ...curve, bins: binned(curve.points, fromX, toX) }));
  let [fromY, toY] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { low, high } of drawn.flatMap(({ bins }) => bins)) {
    fromY = Math.min(fromY, low);
    toY = Math.max(toY, high);
  }
  // Zero is shown where it is near: a loss that falls from 0.9 to 0.1 is read against it.
  if (fromY > 0 && fromY < 0.5 * toY) fromY = 0;
  const padding = (toY - fromY) * 0.04 || Math.abs(toY) * 0.1 || 1;
  [fromY, toY] = [fromY === 0 ? 0 : fromY - padding, toY + padding];
  const x = (value: number) => left + (toX > fromX ? (value - fromX) / (toX - fromX) : 0.5) * (width - left - right);
  const y = (value: number) => height - bottom - ((value - fromY) / (toY - fromY)) * (height - top - bottom);
  const parts: string[] = [];
  for (const tick of linearTicks(fromX, toX, 8))
    parts.push(line(x(tick), top, x(tick), height - bottom, 'grid'), text(x(tick), height - bottom + 17, tickText(tick), 'middle', 'soft'));
  for (const tick of linearTicks(fromY, toY, 5))
    parts.push(line(left, y(tick), width - right, y(tick), 'grid'), text(left - 8, y(tick) + 4, tickText(tick), 'end', 'soft'));
  parts.push(
    text((left + width - right) / 2, height - 8, xTitle, 'middle', 'soft'),
    `<text transform="translate(13 ${n((top + height - bottom) / 2)}) rotate(-90)" text-anchor="middle" class="soft">${escapeHtml(yTitle)}</text>`,
  );
  if (highlight && highlight.x >= fromX && highlight.x <= toX) {
    const at = x(highlight.x);
    const before = at > width * 0.7;
    parts.push(
      `<line x1="${n(at)}" y1="${top}" x2="${n(at)}" y2="${height - bottom}" class="axis" stroke-dasharray="4 4"/>`,
      text(at + (before ? -6 : 6), height - bottom - 8, highlight.name, before ? 'end' : 'start', 'soft'),
    );
  }
  for (const { name, series, bins, marked } of drawn) {
    const colour = seriesColour(series);
    const band = [
      ...bins.map((bin) => `${n(x(bin.x))},${n(y(bin.high))}`),
      ...[...bins].reverse().map((bin) => `${n(x(bin.x))},${n(y(bin.low))}`),
    ];
    if (!marked && bins.some(({ low, high }) => high > low))
      parts.push(`<polygon points="${band.join(' ')}" fill="${colour}" opacity="0.18"/>`);
    parts.push(
      `<polyline points="${bins.map((bin) => `${n(x(bin.x))},${n(y(bin.y))}`).join(' ')}" fill="none" stroke="${colour}" stroke-width="1.8" stroke-linejoin="round"/>`,
    );
    if (marked || bins.length === 1)
      for (const bin of bins)
        parts.push(`<g>${title(`${name}, ${tickText(bin.x)}: ${shortNumber(bin.y)}`)}${marker(series, x(bin.x), y(bin.y), 3.6)}</g>`);
  }
  return svg(width, height, `${yTitle} by ${xTitle}`, parts.join(''));
}
