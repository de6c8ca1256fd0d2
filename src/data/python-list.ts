/** Lists as Python writes them, which pandas leaves in CSV: `['a', "b's"]`, `[0, 2]`, and numpy's `['a' 'b']`, `[0 2]`. */

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '\n': '' };

const ITEM = /\s*(?:'((?:[^'\\]|\\[\s\S])*)'|"((?:[^"\\]|\\[\s\S])*)"|(-?\d+)(?![\d.eE]))\s*(,?)/y;

const unescaped = (text: string): string =>
  text.replace(
    /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([\s\S]))/g,
    (all, ...[x, u, long, other]: (string | undefined)[]) => {
      const code = Number.parseInt(x ?? u ?? long ?? '', 16);
      if (code <= 0x10ffff) return String.fromCodePoint(code);
      return other === undefined ? all : (ESCAPES[other] ?? other);
    },
  );

/** The items of such a list of texts and whole numbers, undefined where it is none. */
export function parsePythonList(text: string): (string | number)[] | undefined {
  const inside = text.trim().slice(1, -1);
  const items: (string | number)[] = [];
  let commas = 0;
  ITEM.lastIndex = 0;
  for (let at = 0; inside.slice(at).trim() !== ''; at = ITEM.lastIndex) {
    ITEM.lastIndex = at;
    const [found, single, double, number, comma] = ITEM.exec(inside) ?? [];
    if (found === undefined) return undefined;
    items.push(number === undefined ? unescaped(single ?? double ?? '') : Number(number));
    if (comma) commas++;
  }
  // All commas or none: two texts without one between them are one text in Python, and two in numpy.
  return commas === 0 || commas >= items.length - 1 ? items : undefined;
}
