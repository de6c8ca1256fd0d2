/** Keys that JSON has twice. Imports nothing: browsers look for them too. */

/** The first key that an object of valid JSON has twice, and the line, from 1, on which it stands again: JSON.parse takes the last value without a word. */
export function repeatedKey(json: string): { key: string; line: number } | undefined {
  const open: (Set<string> | undefined)[] = []; // keys of each object round a place; of a list nothing
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
      if (keys.has(key)) return { key, line };
      keys.add(key);
      isKey = false;
    } else if (character === '\n' || (character === '\r' && json[at + 1] !== '\n')) line++;
    else if (character === '{' || character === '[') {
      open.push(character === '{' ? new Set() : undefined);
      isKey = character === '{';
    } else if (character === '}' || character === ']') {
      open.pop();
      isKey = false;
    } else if (character === ',') isKey = open.at(-1) !== undefined;
  }
  return undefined;
}
