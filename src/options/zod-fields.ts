/** Declared options as fields of a zod schema, for settings files that have them beside others. Not on the way to the first prediction. */

import { z } from 'zod';
import { isObject } from '../base/is-object.ts';
import type { Bounds, Declaration, Declarations, ValueOf } from './declaration.ts';
import { type SnakeCase, snakeCase } from './names.ts';

function bounded(number: z.ZodNumber, { min, max, above, below }: Bounds): z.ZodNumber {
  let result = number;
  if (min !== undefined) result = result.min(min);
  if (max !== undefined) result = result.max(max);
  if (above !== undefined) result = result.gt(above);
  return below === undefined ? result : result.lt(below);
}

function plain(declaration: Declaration): z.ZodType {
  switch (declaration.type) {
    case 'boolean':
      return z.boolean();
    case 'integer':
      return bounded(z.number().int(), declaration);
    case 'number':
      return bounded(z.number(), declaration);
    case 'choice':
      return z.enum(declaration.choices);
    case 'text':
      return declaration.nonEmpty ? z.string().min(1) : z.string();
    case 'texts':
      return z.array(z.string());
    default:
      throw new Error(`a settings file has no value of the type ${declaration.type}`);
  }
}

/** One option as a field of a schema, with its default and its meaning. */
function zodField(declaration: Declaration): z.ZodType {
  const field = declaration.nullable ? plain(declaration).nullable() : plain(declaration);
  if (declaration.default === undefined) throw new Error(`an option without a default: ${declaration.description}`);
  return field.default(declaration.default).describe(`${declaration.description[0].toUpperCase()}${declaration.description.slice(1)}`);
}

/** Options that have defaults, as fields of a schema under their names in settings files. */
export const zodFields = <All extends Declarations>(
  declarations: All,
): { [Name in keyof All & string as SnakeCase<Name>]: z.ZodDefault<z.ZodType<ValueOf<All[Name]>, ValueOf<All[Name]>>> } =>
  Object.fromEntries(Object.entries(declarations).map(([name, declaration]) => [snakeCase(name), zodField(declaration)])) as never;

/** An object of names that somebody chose, whatever they are: zod's own records drop `__proto__`. */
export const named = <Value extends z.ZodType>(schema: Value) =>
  z
    .custom<Readonly<Record<string, z.input<Value>>>>(isObject, 'must be an object')
    .transform(
      (value, context): Record<string, z.infer<Value>> =>
        Object.fromEntries(
          Object.entries(value).map(([name, each]): [string, z.infer<Value>] => {
            if (name === '') context.addIssue({ code: 'custom', path: [], message: 'a name is empty' });
            const { data, error } = schema.safeParse(each);
            for (const { path, message } of error?.issues ?? []) context.addIssue({ code: 'custom', path: [name, ...path], message });
            return [name, data as z.infer<Value>];
          }),
        ),
    )
    .meta({ type: 'object' });
