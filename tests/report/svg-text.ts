/** Reads a report's HTML or SVG as text, for tests: is it well-formed, what does it say, where does it draw? */

const TOKEN = /<(\/?)([a-zA-Z][\w-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|&(?:amp|lt|gt|quot|#39);|[^<>&]+|[<>&]/g;

/** What stands between the tags. @throws Error where a tag is not closed, or a character of the text is markup */
export function contentOf(markup: string): string[] {
  const open: string[] = [];
  const content: string[] = [];
  for (const [token, closing, name, , empty] of markup.matchAll(TOKEN)) {
    if (!name) {
      if (/^[<>&]$/.test(token)) throw new Error(`"${token}" is not escaped`);
      content.push(token);
    } else if (closing) {
      if (open.pop() !== name) throw new Error(`</${name}> closes nothing`);
    } else if (!empty) open.push(name);
  }
  if (open.length) throw new Error(`<${open.at(-1)}> is not closed`);
  return content;
}

/** Coordinates and sizes of a picture that are no numbers, or lie outside it: `cx="-3"`. */
export function misplaced(picture: string): string[] {
  const [width, height] = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(picture)!.slice(1).map(Number);
  return [...picture.matchAll(/\s(c?[xy][12]?|width|height|r)="([^"]*)"/g)]
    .filter(([, name, value]) => !(Number(value) >= 0 && Number(value) <= (/x|width/.test(name) ? width : height)))
    .map(([attribute]) => attribute.trim());
}
