/**
 * Pieces of SVG text that charts are made of. Colours and marker shapes together tell series apart, also in black and white.
 * Imports the neighbour for escaping.
 */
import { escapeHtml } from './html.ts';

/** Okabe and Ito's colours, safe for the colour-blind, without yellow (too light on white). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#56b4e9', '#e69f00', '#5b6470'];
const SHAPES = ['circle', 'square', 'triangle', 'diamond'] as const;

/** Colour of series number `index`. */
export const seriesColour = (index: number): string => COLOURS[index % COLOURS.length];

/** Marker of series number `index` around (x, y). */
export function marker(index: number, x: number, y: number, size = 5): string {
  const fill = `fill="${seriesColour(index)}"`;
  switch (SHAPES[(index + Math.floor(index / COLOURS.length)) % SHAPES.length]) {
    case 'circle':
      return `<circle cx="${n(x)}" cy="${n(y)}" r="${size}" ${fill}/>`;
    case 'square':
      return `<rect x="${n(x - size * 0.9)}" y="${n(y - size * 0.9)}" width="${n(size * 1.8)}" height="${n(size * 1.8)}" ${fill}/>`;
    case 'triangle':
      return `<path d="M${n(x)} ${n(y - size * 1.15)}L${n(x + size * 1.1)} ${n(y + size * 0.85)}H${n(x - size * 1.1)}Z" ${fill}/>`;
    case 'diamond':
      return `<path d="M${n(x)} ${n(y - size * 1.25)}L${n(x + size * 1.25)} ${n(y)}L${n(x)} ${n(y + size * 1.25)}L${n(x - size * 1.25)} ${n(y)}Z" ${fill}/>`;
  }
}

/** A coordinate, to a tenth of a unit. */
export const n = (value: number): string => String(Math.round(value * 10) / 10);
/** What is shown where the pointer rests. */
export const title = (text: string): string => `<title>${escapeHtml(text)}</title>`;
/** A picture of a size, described for those who do not see it. */
export const svg = (width: number, height: number, label: string, body: string): string =>
  `<svg viewBox="0 0 ${n(width)} ${n(height)}" width="${n(width)}" height="${n(height)}" role="img" aria-label="${escapeHtml(label)}">${body}</svg>`;
/** A piece of text at (x, y). */
export const text = (x: number, y: number, value: string, anchor: 'start' | 'middle' | 'end' = 'start', className = ''): string =>
  `<text x="${n(x)}" y="${n(y)}" text-anchor="${anchor}"${className ? ` class="${className}"` : ''}>${escapeHtml(value)}</text>`;
/** A line; `grid` and `axis` are class names of the style sheet. */
export const line = (x1: number, y1: number, x2: number, y2: number, className: string): string =>
  `<line x1="${n(x1)}" y1="${n(y1)}" x2="${n(x2)}" y2="${n(y2)}" class="${className}"/>`;

/** What belongs to which series. */
export function legend(names: readonly string[]): string {
  const entries = names.map(
    (name, index) => `<span><svg viewBox="0 0 14 14" width="14" height="14">${marker(index, 7, 7)}</svg>${escapeHtml(name)}</span>`,
  );
  return `<div class="legend">${entries.join('')}</div>`;
}
