/** Apart from what reads files, so that the page of the server has it too. */

/** Whether a value is an object with fields: no list, and not null. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
