/** Text of others (records, labels, file names, answers of a server) as a message, a terminal line or a log may hold it. */

/** C0 and C1 controls, DEL, line separators, marks that turn the direction of a line, the byte order mark, and halves of a character. */
const UNPRINTABLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly those are looked for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

const escaped = (character: string): string => SHORT_ESCAPES[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Text as one line that a terminal shows and does not obey: control characters are written as `\n` or `\u001b`. */
export const printable = (text: string): string => text.replace(UNPRINTABLE, escaped);

/**
 * Text of several lines as a terminal may be given it: as {@link printable}, but for ends of lines and tabs. JSON stays JSON of the same
 * values: such characters are nowhere but in its texts, where their escapes mean the same.
 */
export const shownText = (text: string): string =>
  text.replace(UNPRINTABLE, (character, at: number) =>
    character === '\n' || character === '\t' || (character === '\r' && text[at + 1] === '\n') ? character : escaped(character),
  );

/** Longest quotation in a message, in UTF-16 units. */
const LONGEST_QUOTE = 100;

/** The beginning of a text, cut between two characters and marked where something is left out. */
export function excerpt(text: string, most = LONGEST_QUOTE): string {
  if (text.length <= most) return text;
  const code = text.charCodeAt(most - 1);
  const end = code >= 0xd800 && code <= 0xdbff ? most - 1 : most;
  return `${text.slice(0, end)}…`;
}

/** A value as a message quotes it: text in quotation marks, the rest as JSON; short, and on one line. */
export function quoted(value: unknown): string {
  if (typeof value === 'string') return printable(JSON.stringify(excerpt(value)));
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  return typeof value === 'function' ? 'a function' : typeof value === 'symbol' ? 'symbol' : excerpt(String(value));
}

/** Longest message; a path can be some hundred characters of it. */
const LONGEST_MESSAGE = 900;
/** What is kept of the end of a longer one: there it says what to do. */
const MESSAGE_END = 300;

/** A message as one printable line. Of a very long one the middle is left out. */
export function messageLine(message: string): string {
  const line = printable(message.replace(/\s*[\r\n]+\s*/g, ' ').trim());
  if (line.length <= LONGEST_MESSAGE) return line;
  return `${excerpt(line, LONGEST_MESSAGE - MESSAGE_END)} ${line.slice(-MESSAGE_END)}`;
}

/** A character by its number, `U+201C`: for those that look like others. */
export const codePointName = (character: string): string => `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;

/** How many names a message holds. */
const NAMED = 10;

/** Names for a message: the first ten, and how many more there are. */
export const someNames = (names: readonly string[]): string =>
  `${names.slice(0, NAMED).join(', ')}${names.length > NAMED ? ` and ${names.length - NAMED} more` : ''}`;
