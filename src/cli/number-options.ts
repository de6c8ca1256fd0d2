/** Numbers of options, for commander. */
import { InvalidArgumentError } from 'commander';

/** Reads a whole number that is not less than `least`. */
export const wholeFrom =
  (least: number) =>
  (value: string): number => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || !Number.isSafeInteger(number) || number < least)
      throw new InvalidArgumentError(`expected a whole number from ${least}.`);
    return number;
  };
