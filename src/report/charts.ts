/** Charts as SVG text: dots with intervals, a scatter plot, lines, reliability bars, a heat map. They know numbers and names only. */
import { escapeHtml, figure, shortNumber } from './html.ts';
import { line, marker, n, seriesColour, svg, text, title } from './svg.ts';

/** Width of charts that fill a line of text. */
const WIDE = 1030;

/** A row of a dot chart: a value with its interval for each series that has one. */
export interface DotRow {
  name: string;
  values: ({ value: number; low: number; high: number } | undefined)[];
}

/** Values between 0 and 1 with intervals, one row a name, the series of a row below each other. */
export function dotChart(rows: readonly DotRow[], series: readonly string[], label: string): string {
  const [left, right, top, step] = [190, 24, 26, 13];
  const width = WIDE;
  const rowHeight = Math.max(22, series.length * step + 10);
  const height = top + rows.length * rowHeight + 8;
  const x = (value: number) => left + Math.min(1, Math.max(0, value)) * (width - left - right);
  const parts: string[] = [];
  for (let tick = 0; tick <= 10; tick += 2) {
    parts.push(
      line(x(tick / 10), top - 6, x(tick / 10), height - 8, 'grid'),
      text(x(tick / 10), 14, (tick / 10).toFixed(1), 'middle', 'soft'),
    );
  }
  for (const [row, { name, values }] of rows.entries()) {
    const y = top + row * rowHeight;
    if (row) parts.push(line(0, y, width, y, 'grid'));
    parts.push(text(0, y + rowHeight / 2 + 4, name.length > 30 ? `${name.slice(0, 29)}…` : name));
    for (const [at, value] of values.entries()) {
      if (!value) continue;
      const middle = y + rowHeight / 2 + (at - (values.length - 1) / 2) * step;
      const hint = `${series[at]} on ${name}: ${figure(value.value)} [${figure(value.low)}, ${figure(value.high)}]`;
      parts.push(
        `<g>${title(hint)}<line x1="${n(x(value.low))}" y1="${n(middle)}" x2="${n(x(value.high))}" y2="${n(middle)}" stroke="${seriesColour(at)}" stroke-width="2" opacity="0.45"/>${marker(at, x(value.value), middle, 4.2)}</g>`,
      );
    }
  }
  return svg(width, height, label, parts.join(''));
}

/** Ticks 1, 2, 5, 10, ... (or powers of ten, if those are many) that cover a positive range. */
function logTicks(low: number, high: number): number[] {
  const [from, to] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const steps = to - from > 2 ? [1] : [1, 2, 5];
  const ticks: number[] = [];
  for (let power = from; power <= to; power++) for (const step of steps) ticks.push(Number((step * 10 ** power).toPrecision(3)));
  return ticks.filter((tick) => tick >= low / 1.001 && tick <= high * 1.001);
}

function logRange(values: readonly number[]): [number, number] {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return [10 ** Math.floor(Math.log10(least / 1.1)), 10 ** Math.ceil(Math.log10(most * 1.1))];
}

/** A point of a scatter plot; `series` picks colour and shape. */
export interface ScatterPoint {
  name: string;
  series: number;
  x: number;
  y: number;
}

/** A value that takes no time, drawn as a line across. */
export interface Floor {
  name: string;
  y: number;
}

/** Points with a logarithmic x axis and y from 0 to 1, each with its name beside it, over the floors. */
export function scatterChart(points: readonly ScatterPoint[], floors: readonly Floor[], xTitle: string, yTitle: string): string {
  const usable = points.filter(({ x }) => x > 0);
  if (!usable.length) return '';
  const [width, height, left, right, top, bottom] = [WIDE, 380, 60, 30, 14, 46];
  const [low, high] = logRange(usable.map(({ x }) => x));
  const most = Math.min(1, Math.ceil(Math.max(...[...usable, ...floors].map((each) => each.y)) * 10 + 0.5) / 10);
  const x = (value: number) => left + (Math.log(value / low) / Math.log(high / low)) * (width - left - right);
  const y = (value: number) => height - bottom - (value / most) * (height - top - bottom);
  const parts: string[] = [];
  for (const tick of logTicks(low, high))
    parts.push(
      line(x(tick), top, x(tick), height - bottom, 'grid'),
      text(x(tick), height - bottom + 17, shortNumber(tick), 'middle', 'soft'),
    );
  for (let tick = 0; tick <= most * 10 + 0.01; tick++)
    parts.push(
      line(left, y(tick / 10), width - right, y(tick / 10), 'grid'),
      text(left - 8, y(tick / 10) + 4, (tick / 10).toFixed(1), 'end', 'soft'),
    );
  parts.push(text((left + width - right) / 2, height - 8, xTitle, 'middle', 'soft'));
  parts.push(
    `<text transform="translate(14 ${n((top + height - bottom) / 2)}) rotate(-90)" text-anchor="middle" class="soft">${escapeHtml(yTitle)}</text>`,
  );
  const placed: { x: number; y: number; width: number }[] = [];
  // Floors that lie close together share one name above the highest of them: a line through a name is hard to read.
  const groups: { names: string[]; y: number }[] = [];
  for (const floor of [...floors].sort((a, b) => a.y - b.y)) {
    const at = y(floor.y);
    parts.push(`<line x1="${left}" y1="${n(at)}" x2="${n(width - right)}" y2="${n(at)}" class="axis" stroke-dasharray="4 4"/>`);
    const near = groups.at(-1);
    if (near && near.y - at < 15) Object.assign(near, { names: [floor.name, ...near.names], y: at });
    else groups.push({ names: [floor.name], y: at });
  }
  for (const { names, y: at } of groups) {
    const shown = names.join(', ');
    placed.push({ x: left + 6, y: at - 5, width: shown.length * 6.6 });
    parts.push(text(left + 6, at - 5, shown, 'start', 'soft'));
  }
  for (const point of [...usable].sort((a, b) => b.y - a.y)) {
    const [px, py] = [x(point.x), y(point.y)];
    const size = point.name.length * 6.6;
    const toRight = px + 10 + size < width - 4;
    let labelY = py + 4;
    const from = toRight ? px + 10 : px - 10 - size;
    while (placed.some((other) => Math.abs(other.y - labelY) < 13 && from < other.x + other.width && other.x < from + size)) labelY += 13;
    placed.push({ x: from, y: labelY, width: size });
    parts.push(
      `<g>${title(`${point.name}: ${shortNumber(point.x)}, ${figure(point.y)}`)}${marker(point.series, px, py, 6)}</g>`,
      text(toRight ? px + 10 : px - 10, labelY, point.name, toRight ? 'start' : 'end'),
    );
  }
  return svg(width, height, `${yTitle} by ${xTitle}`, parts.join(''));
}

/** A line of points; both axes are logarithmic. */
export interface LogLine {
  name: string;
  series: number;
  points: { x: number; y: number }[];
}

/** Lines over two logarithmic axes. */
export function logLineChart(lines: readonly LogLine[], xTitle: string, yTitle: string): string {
  const all = lines.flatMap(({ points }) => points).filter(({ x, y }) => x > 0 && y > 0);
  if (!all.length) return '';
  const [width, height, left, right, top, bottom] = [WIDE, 360, 70, 150, 14, 46];
  const [lowX, highX] = [Math.min(...all.map((point) => point.x)), Math.max(...all.map((point) => point.x))];
  const [lowY, highY] = logRange(all.map((point) => point.y));
  const x = (value: number) => left + (highX > lowX ? Math.log(value / lowX) / Math.log(highX / lowX) : 0.5) * (width - left - right);
  const y = (value: number) => height - bottom - (Math.log(value / lowY) / Math.log(highY / lowY)) * (height - top - bottom);
  const parts: string[] = [];
  for (const tick of [...new Set(all.map((point) => point.x))].sort((a, b) => a - b))
    parts.push(
      line(x(tick), top, x(tick), height - bottom, 'grid'),
      text(x(tick), height - bottom + 17, shortNumber(tick), 'middle', 'soft'),
    );
  for (const tick of logTicks(lowY, highY))
    parts.push(line(left, y(tick), width - right, y(tick), 'grid'), text(left - 8, y(tick) + 4, shortNumber(tick), 'end', 'soft'));
  parts.push(text((left + width - right) / 2, height - 8, xTitle, 'middle', 'soft'));
  parts.push(
    `<text transform="translate(14 ${n((top + height - bottom) / 2)}) rotate(-90)" text-anchor="middle" class="soft">${escapeHtml(yTitle)}</text>`,
  );
  const ends: number[] = [];
  for (const { name, series, points } of lines) {
    const drawn = points.filter((point) => point.x > 0 && point.y > 0);
    if (!drawn.length) continue;
    parts.push(
      `<polyline points="${drawn.map((point) => `${n(x(point.x))},${n(y(point.y))}`).join(' ')}" fill="none" stroke="${seriesColour(series)}" stroke-width="2"/>`,
    );
    for (const point of drawn)
      parts.push(`<g>${title(`${name}, ${point.x}: ${shortNumber(point.y)}`)}${marker(series, x(point.x), y(point.y), 3.6)}</g>`);
    const last = drawn[drawn.length - 1];
    let endY = y(last.y) + 4;
    while (ends.some((other) => Math.abs(other - endY) < 13)) endY += 13;
    ends.push(endY);
    parts.push(text(x(last.x) + 9, endY, name.length > 21 ? `${name.slice(0, 20)}…` : name));
  }
  return svg(width, height, `${yTitle} by ${xTitle}`, parts.join(''));
}

/** One bar of a reliability plot. */
export interface ReliabilityBar {
  lower: number;
  upper: number;
  count: number;
  accuracy: number;
}

/** Accuracy by confidence as bars against the diagonal, and how many texts lie in each bin below it. */
export function reliabilityChart(bars: readonly ReliabilityBar[], index: number, label: string): string {
  const [size, left, top, below] = [184, 36, 8, 36];
  const [width, height] = [left + size + 10, top + size + below + 34];
  const x = (value: number) => left + value * size;
  const y = (value: number) => top + size - value * size;
  const most = Math.max(1, ...bars.map(({ count }) => count));
  const base = top + size + 22 + below;
  const parts: string[] = [];
  for (const tick of [0, 0.5, 1])
    parts.push(
      line(left, y(tick), left + size, y(tick), 'grid'),
      text(left - 5, y(tick) + 4, tick.toFixed(1), 'end', 'soft'),
      text(x(tick), top + size + 15, tick.toFixed(1), 'middle', 'soft'),
    );
  for (const { lower, upper, count, accuracy } of bars) {
    if (!count) continue;
    const [from, wide] = [x(lower) + 0.7, (upper - lower) * size - 1.4];
    const tall = (count / most) * below;
    parts.push(
      `<g>${title(`confidence ${figure(lower, 2)} to ${figure(upper, 2)}: ${count} texts, accuracy ${figure(accuracy)}`)}<rect x="${n(from)}" y="${n(y(accuracy))}" width="${n(wide)}" height="${n(accuracy * size)}" fill="${seriesColour(index)}" opacity="0.75"/><rect x="${n(from)}" y="${n(base - tall)}" width="${n(wide)}" height="${n(tall)}" fill="#9aa3ad"/></g>`,
    );
  }
  parts.push(
    line(x(0), y(0), x(1), y(1), 'axis'),
    line(left, base, left + size, base, 'axis'),
    text(left - 5, base, 'texts', 'end', 'soft'),
  );
  return svg(width, height, label, parts.join(''));
}

/** A square of counts, rows true and columns predicted; shares of each row as shades. */
export function heatMap(names: readonly string[], counts: readonly (readonly number[])[], index: number, label: string): string {
  const cell = names.length > 12 ? 20 : 30;
  const longest = Math.min(24, Math.max(...names.map((name) => name.length)));
  const left = longest * 6.6 + 14;
  const top = longest * 4.8 + 30;
  const slanted = longest * 4.8; // what the last column's name needs to the right
  const [width, height] = [left + names.length * cell + Math.max(10, slanted - cell / 2 + 12), top + names.length * cell + 8];
  const short = (name: string) => (name.length > 24 ? `${name.slice(0, 23)}…` : name);
  const parts: string[] = [];
  for (const [at, name] of names.entries()) {
    const middle = (at + 0.5) * cell;
    parts.push(text(left - 6, top + middle + 4, short(name), 'end'));
    parts.push(`<text transform="translate(${n(left + middle + 4)} ${n(top - 6)}) rotate(-45)">${escapeHtml(short(name))}</text>`);
  }
  for (const [row, values] of counts.entries()) {
    const total = values.reduce((sum, value) => sum + value, 0);
    for (const [column, count] of values.entries()) {
      const share = total ? count / total : 0;
      const [x, y] = [left + column * cell, top + row * cell];
      const hint = `true ${names[row]}, predicted ${names[column]}: ${count} of ${total}`;
      parts.push(
        `<g>${title(hint)}<rect x="${n(x)}" y="${n(y)}" width="${cell - 1}" height="${cell - 1}" fill="${seriesColour(index)}" fill-opacity="${count ? Math.max(0.06, share).toFixed(2) : 0.02}"/>${
          count && names.length <= 30
            ? `<text x="${n(x + cell / 2)}" y="${n(y + cell / 2 + 3.5)}" text-anchor="middle" style="font-size:${cell > 20 ? 11 : 8}px;fill:${share > 0.55 ? '#fff' : 'var(--ink)'}">${count}</text>`
            : ''
        }</g>`,
      );
    }
  }
  return svg(width, height, label, parts.join(''));
}
