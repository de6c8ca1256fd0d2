import { escapeHtml, figure, htmlTable, memory, shortNumber } from '../../src/report/html.ts';
import { legend, svg, text, title } from '../../src/report/svg.ts';
import { random } from '../random.ts';
import { contentOf } from './svg-text.ts';

const HOSTILE = `<script>alert("x")</script> & 'y' </svg>`;
const ESCAPED = '&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &#39;y&#39; &lt;/svg&gt;';

describe('text in a page', () => {
  it('comes back as it was, and none of it is markup', () => {
    const next = random(3);
    const alphabet = [...'<>&"\'', '&lt;', '&amp;', 'a', 'é', '\u{1f600}', '\n', '\t', ' ', ']]>', '--', '{', '\\'];
    const entities: Record<string, string> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'" };
    for (let trial = 0; trial < 300; trial++) {
      const plain = Array.from({ length: Math.floor(next() * 30) }, () => alphabet[Math.floor(next() * alphabet.length)]).join('');
      const escaped = escapeHtml(plain);
      expect(escaped).not.toMatch(/[<>"']/);
      expect(escaped.replace(/&[^;]*;/g, (entity) => entities[entity])).toBe(plain);
    }
  });

  it('holds no character that a document may not hold', () => {
    const every = Array.from({ length: 0x20 }, (_, code) => String.fromCharCode(code)).join('');
    expect(escapeHtml(every)).toBe(`${'\ufffd'.repeat(9)}\t\n${'\ufffd'.repeat(2)}\r${'\ufffd'.repeat(18)}`);
    expect(escapeHtml('\ufffe\uffff\ufffd')).toBe('\ufffd\ufffd\ufffd');
  });

  it('stays text in every piece of a picture', () => {
    for (const piece of [text(0, 0, HOSTILE), title(HOSTILE), legend([HOSTILE])]) expect(contentOf(piece).join('')).toContain(ESCAPED);
    expect(svg(1, 2, HOSTILE, '')).toContain(`aria-label="${ESCAPED}"`);
    expect(contentOf(svg(1, 2, HOSTILE, ''))).toEqual([]);
  });
});

describe('a table', () => {
  it('has a row a line, the first cell of each a heading', () => {
    const table = htmlTable(['name', 'value'], [['a', '1'], ['b', '2']], 'facts'); // biome-ignore format: pairs
    expect(contentOf(table).filter((each) => each.trim())).toEqual(['name', 'value', 'a', '1', 'b', '2']);
    expect(table.match(/<th scope="row">/g)).toHaveLength(2);
    expect(table).toContain('<table class="facts">');
  });
});

describe('numbers', () => {
  it('are shown as people read them', () => {
    expect([0.12345, 12.3456, 0.000123456, 999.9, 1000, 1234567.8, 0].map(shortNumber)).toEqual([
      '0.123',
      '12.3',
      '0.000123',
      '1000',
      '1,000',
      '1,234,568',
      '0',
    ]);
    expect([0.5, 1 / 3, -0.0004].map((value) => figure(value))).toEqual(['0.500', '0.333', '-0.000']);
    expect([figure(1 / 3, 1), memory(2 ** 20 * 3.4), memory(2 ** 30 * 1.5)]).toEqual(['0.3', '3 MB', '1.50 GB']);
  });

  it('are a dash where there are none', () => {
    for (const none of [null, undefined, Number.NaN, Number.POSITIVE_INFINITY])
      expect([figure(none), shortNumber(none)]).toEqual(['–', '–']);
    expect(memory(null)).toBe('–');
  });
});
