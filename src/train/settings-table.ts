/** The settings of a training run as a table, out of their one schema: for `glz train --help-settings` and docs/train.md. */
import { z } from 'zod';
import { trainSettingsSchema } from './settings.ts';

/** One field of the settings. */
export interface SettingField {
  /** `loss.margin`; a field of each entry of a list is `data[].weight`. */
  name: string;
  /** What may be given: `number`, `cls or mean`, ... */
  type: string;
  /** As it is written in YAML; empty where the field may be left out and nothing stands in for it, `required` where it may not. */
  default: string;
  meaning: string;
}

/** The part of JSON Schema that zod makes of the settings. */
interface JsonSchema {
  type?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  enum?: unknown[];
  default?: unknown;
  description?: string;
}

function typeName(schema: JsonSchema): string {
  if (schema.enum) return schema.enum.join(' or ');
  if (schema.anyOf) return schema.anyOf.map(typeName).join(' or ');
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
    const entry = field.items?.anyOf?.find(({ properties }) => properties);
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

/** Every field of the settings, in the order of the schema. */
export const settingFields = (): SettingField[] =>
  fieldsOf(z.toJSONSchema(trainSettingsSchema, { io: 'input', unrepresentable: 'any' }) as JsonSchema, '');

/** The fields as a Markdown table. */
export function settingsMarkdown(): string {
  const code = (text: string) => (text ? `\`${text}\`` : '');
  const rows = settingFields().map(({ name, type, default: value, meaning }) => `| \`${name}\` | ${type} | ${code(value)} | ${meaning} |`);
  return ['| field | type | default | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

/** The fields as lines of a terminal. */
export function settingsText(): string {
  return settingFields()
    .map(
      ({ name, type, default: value, meaning }) =>
        `${name}: ${type}${value && value !== 'required' ? ` = ${value}` : value ? ' (required)' : ''}\n    ${meaning}`,
    )
    .join('\n');
}
