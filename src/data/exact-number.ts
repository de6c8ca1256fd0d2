/** Numbers as they are written, and whether JavaScript holds them. */

/** Digits without zeros around them, and the power of ten of the first. */
function digitsOf(text: string): string {
  const [, sign, whole, fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text)!;
  const digits = whole + fraction;
  const first = digits.search(/[1-9]/);
  if (first < 0) return `${sign}0`;
  return `${sign}${digits.slice(first).replace(/0+$/, '')}e${whole.length - first + Number(exponent)}`;
}

/** Whether a number in JSON is the very one that JavaScript makes of it: not 1e400, nor 12345678901234567.5. */
export function isExactNumber(json: string): boolean {
  const number = Number(json);
  return Number.isFinite(number) && digitsOf(json) === (Object.is(number, -0) ? '-0' : digitsOf(String(number)));
}
