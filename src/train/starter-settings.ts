/** A settings file to begin with, for labels and data of one's own: the preset `few-shot` with what each field means, and what there is besides. */
import { stringify } from 'yaml';
import { settingFields } from '../options/settings-table.ts';
import type { PartialSettings } from './settings.ts';
import { trainSettingsSchema } from './settings-schema.ts';

/** What is written with a # in front: example values of fields that are left out, by the heading that they stand under. */
const BESIDES: readonly (readonly [heading: string, settings: Record<string, unknown>])[] = [
  [
    'Measures the run while it trains, on records that it does not learn from, and keeps the best checkpoint',
    { dev: { data: 'held-out.csv', every: 20 } },
  ],
  ['Starts from another checkpoint than the one that ships, or from an encoder', { checkpoint: 'runs/earlier' }],
  ['Labels of a record that are text with commas between them', { label_separator: ',' }],
];

/** `# ` in front of each line, none longer than 110 characters where words allow. */
function comment(text: string): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines[lines.length - 1];
    if (last.length + word.length > 108) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines.map((line) => `# ${line}\n`).join('');
}

/**
 * The text of the file.
 * @param data paths as they are to be read from the file's folder
 * @param preset settings of the preset that it begins with; a checkpoint in it is left out: the one that ships stands where none is named
 */
export function starterSettings(data: readonly string[], { checkpoint: _, ...preset }: PartialSettings, name: string): string {
  const meanings = new Map(settingFields(trainSettingsSchema).map((field) => [field.name, field.meaning]));
  const described = (field: string, value: unknown): string => {
    const isGroup = typeof value === 'object' && value !== null;
    const inner = isGroup ? Object.keys(value).map((key) => `${key}: ${meanings.get(`${field}.${key}`) ?? ''}`) : [];
    const lines = [meanings.get(field), ...inner].filter((line) => line !== undefined && line !== '');
    return `${lines.map((line) => comment(line!)).join('')}${stringify({ [field]: value })}`;
  };
  return [
    comment(
      `Settings of glz train: your labels, your data. Check them with glz train --config ${name} --output runs/own --dry-run; then without --dry-run.`,
    ) + comment('All fields: glz train --help-settings'),
    `${comment(
      'Labelled records: JSONL with {"text": "...", "labels": ["..."]}, or CSV with the columns text and label. Eight of each label are a good beginning. Paths are relative to this file.',
    )}${stringify({ data })}`,
    ...Object.entries(preset).map(([field, value]) => described(field, value)),
    ...BESIDES.map(([heading, settings]) => comment(heading) + stringify(settings).replace(/^(?=.)/gm, '#')),
  ].join('\n');
}
