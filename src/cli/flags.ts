/** Declared options as flags of commander. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { expectedOf, valueOfText } from '../options/check.ts';
import type { Declaration, Declarations } from '../options/declaration.ts';
import { flagText } from '../options/names.ts';

/** Reads a flag's value. @throws InvalidArgumentError that says what is expected */
const parserOf = (declaration: Declaration) => (text: string) => {
  const value = valueOfText(declaration, text);
  if (value === undefined) throw new InvalidArgumentError(`expected ${expectedOf(declaration)}.`);
  return value;
};

function flagOf(name: string, declaration: Declaration): Option {
  const option = new Option(flagText(name, declaration), declaration.description);
  if (declaration.default !== undefined && declaration.type !== 'boolean') option.default(declaration.default, declaration.defaultText);
  if (declaration.required) option.makeOptionMandatory();
  if (declaration.type === 'choice') option.choices(declaration.choices);
  else if (declaration.type === 'integer' || declaration.type === 'number' || (declaration.type === 'text' && declaration.nonEmpty))
    option.argParser(parserOf(declaration));
  else if (declaration.type === 'texts' && declaration.repeatable)
    option.argParser((value: string, earlier: string[]): string[] => [...earlier, value]);
  return option;
}

/** Gives a command the flags of declared options, in their order; what it is called with then has {@link Filled} of them. */
export function addFlags(command: Command, declarations: Declarations): Command {
  for (const [name, declaration] of Object.entries(declarations)) command.addOption(flagOf(name, declaration));
  return command;
}
