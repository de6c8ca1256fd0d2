/** Labels as people type and paste them. */

/** Labels of a piece of text: a JSON list, a line each, or on one line with commas between. Empty ones and repetitions are left out. */
export function labelNames(text: string): string[] {
  const unique = (names: readonly string[]): string[] => [...new Set(names.map((name) => name.trim()).filter((name) => name !== ''))];
  if (text.trim().startsWith('[')) {
    try {
      const list: unknown = JSON.parse(text);
      if (Array.isArray(list)) return unique(list.filter((each) => typeof each === 'string'));
    } catch {
      // No JSON: words that begin with a bracket.
    }
  }
  return unique(text.split(/\r?\n/).filter((line) => line.trim() !== '').length > 1 ? text.split(/\r?\n/) : text.split(','));
}
