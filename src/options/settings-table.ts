/**
 * Settings files as tables, out of their zod schemas, and the flags that stand for one of their fields. Not on the way to the first
 * prediction: zod takes its time.
 */
import { z } from 'zod';
import type { Declaration } from './declaration.ts';
import { code, markdownTable } from './table.ts';

/** One field of settings. */
export interface SettingField {
  /** `loss.margin`; a field of each entry of a list is `data[].weight`. */
  name: string;
  /** What may be given: `number`, `cls or mean`, ... */
  type: string;
  /** As it is written in YAML; empty where the field may be left out and nothing stands in for it, `required` where it may not. */
  default: string;
  meaning: string;
}

/** The part of JSON Schema that zod makes of settings. */
interface JsonSchema {
  type?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  prefixItems?: JsonSchema[];
  anyOf?: JsonSchema[];
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  default?: unknown;
  description?: string;
}

function typeName(schema: JsonSchema): string {
  if (schema.enum) return schema.enum.join(' or ');
  if (schema.anyOf) return schema.anyOf.map(typeName).join(' or ');
  if (schema.prefixItems) return `list of ${schema.prefixItems.length} ${typeName(schema.prefixItems[0])}s`;
  if (schema.type === 'array') return `list of ${typeName(schema.items ?? {})}`;
  return (
    { integer: 'whole number', number: 'number', string: 'text', boolean: 'true or false', null: 'null', object: 'fields' }[
      schema.type ?? ''
    ] ?? 'any'
  );
}

function fieldsOf(schema: JsonSchema, prefix: string): SettingField[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, field]): SettingField[] => {
    const name = prefix + key;
    const group = field.properties !== undefined;
    const entry = field.items?.properties ? field.items : field.items?.anyOf?.find(({ properties }) => properties);
    const own: SettingField = {
      name,
      type: typeName(field),
      // A list or object's default is that of its fields.
      default:
        field.default !== undefined && !group
          ? JSON.stringify(field.default).replace(/^(-?\d+(\.\d+)?)e-0*/, '$1e-')
          : schema.required?.includes(key)
            ? 'required'
            : '',
      meaning: field.description ?? '',
    };
    return [
      ...(group && !field.description ? [] : [own]),
      ...(group ? fieldsOf(field, `${name}.`) : []),
      ...(entry ? fieldsOf(entry, `${name}[].`) : []),
    ];
  });
}

const jsonSchema = (schema: z.ZodType): JsonSchema => z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;

/** Every field of settings, in the order of their schema. */
export const settingFields = (schema: z.ZodType): SettingField[] => fieldsOf(jsonSchema(schema), '');

/** The fields as a Markdown table. */
export const settingsMarkdown = (schema: z.ZodType): string =>
  markdownTable(
    ['field', 'type', 'default', 'meaning'],
    settingFields(schema).map(({ name, type, default: value, meaning }) => [
      code(name),
      type,
      code(value.length > 100 ? `${value[0]}...${value.at(-1)}` : value),
      meaning,
    ]),
  );

/** The fields as lines of a terminal. */
export function settingsText(schema: z.ZodType): string {
  return settingFields(schema)
    .map(
      ({ name, type, default: value, meaning }) =>
        `${name}: ${type}${value && value !== 'required' ? ` = ${value}` : value ? ' (required)' : ''}\n    ${meaning}`,
    )
    .join('\n');
}

/** A field of settings that has a flag of its own. */
export interface SettingFlag {
  /** Its path: `optimizer.learning_rate`. */
  field: string;
  /** What stands for the value in `--help`. */
  value: string;
}

/** JSON Schema bounds whole numbers by what JavaScript can hold, which says nothing. */
const bound = (limit: number | undefined): number | undefined =>
  limit === undefined || Math.abs(limit) === Number.MAX_SAFE_INTEGER ? undefined : limit;

/** Flags that stand for fields of settings, by their option name. They have no default: what is not given is left to the settings file. */
export function settingFlags<Name extends string>(
  schema: z.ZodType,
  flags: Readonly<Record<Name, SettingFlag>>,
): Record<Name, Declaration> {
  const root = jsonSchema(schema);
  const declared = ({ field, value }: SettingFlag): Declaration => {
    const found = field.split('.').reduce<JsonSchema | undefined>((at, key) => at?.properties?.[key], root);
    if (!found?.description) throw new Error(`there is no setting ${field} with a description`);
    const description = found.description.replace(/^[A-Z](?=[a-z]+\b)/, (letter) => letter.toLowerCase());
    if (found.enum) return { type: 'choice', choices: found.enum.map(String), value, description };
    if (found.type !== 'integer' && found.type !== 'number') return { type: 'text', value, description };
    const { minimum, maximum, exclusiveMinimum } = found;
    return { type: found.type, min: bound(minimum), max: bound(maximum), above: exclusiveMinimum, value, description };
  };
  return Object.fromEntries(Object.entries<SettingFlag>(flags).map(([name, flag]) => [name, declared(flag)])) as Record<Name, Declaration>;
}
