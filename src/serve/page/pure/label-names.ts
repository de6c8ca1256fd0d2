/** Labels as people type them one after the other. */

/** Names between commas. Empty ones and repetitions are left out. */
export const namesOfText = (text: string): string[] => [
  ...new Set(
    text
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  ),
];
