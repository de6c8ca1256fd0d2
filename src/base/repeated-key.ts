/** Keys that JSON has twice. Imports nothing: browsers look for them too. */

/** A key that an object has twice, and the lines, from 1, on which it stands first and again. */
export interface RepeatedKey {
  key: string;
  firstLine: number;
  line: number;
}

/** The first key that an object of valid JSON has twice: JSON.parse takes the last value without a word. */
export function repeatedKey(json: string): RepeatedKey | undefined {
  const open: (Map<string, number> | undefined)[] = []; // keys of each object round a place, and their lines; of a list nothing
  let line = 1;
  let isKey = false;
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (character === '"') {
      const start = at++;
      while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
      if (!isKey) continue;
      const key = JSON.parse(json.slice(start, at + 1)) as string;
      const keys = open.at(-1)!;
      const firstLine = keys.get(key);
      if (firstLine !== undefined) return { key, firstLine, line };
      keys.set(key, line);
      isKey = false;
    } else if (character === '\n' || (character === '\r' && json[at + 1] !== '\n')) line++;
    else if (character === '{' || character === '[') {
      open.push(character === '{' ? new Map() : undefined);
      isKey = character === '{';
    } else if (character === '}' || character === ']') {
      open.pop();
      isKey = false;
    } else if (character === ',') isKey = open.at(-1) !== undefined;
  }
  return undefined;
}
