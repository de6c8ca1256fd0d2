/** Tables of options in the docs, out of their declarations: scripts/option-tables.mjs writes them, a test compares. */
import { suiteSchema } from '../eval/sets/suite.ts';
import { generateFlags, generateSettingsSchema } from '../generate/settings.ts';
import { EVAL_FLAGS, EVALUATE_OPTIONS } from '../options/eval.ts';
import { EXPORT_FLAGS, EXPORT_OPTIONS } from '../options/export.ts';
import { GENERATE_OPTIONS } from '../options/generate.ts';
import { INFO_FLAGS } from '../options/info.ts';
import { INIT_FLAGS } from '../options/init.ts';
import { MCP_FLAGS } from '../options/mcp.ts';
import { MERGE_FLAGS } from '../options/merge.ts';
import { CLASSIFY_OPTIONS, LOAD_OPTIONS, LOGITS_OPTIONS, PREDICT_FLAGS } from '../options/predict.ts';
import { SERVE_FLAGS } from '../options/serve.ts';
import { settingsMarkdown } from '../options/settings-table.ts';
import { SETUP_GPU_FLAGS } from '../options/setup-gpu.ts';
import { flagTable, optionTable } from '../options/table.ts';
import { TRAIN_OPTIONS } from '../options/train.ts';
import { TUNE_FLAGS } from '../options/tune.ts';
import { trainFlags } from '../train/settings.ts';
import { trainSettingsSchema } from '../train/settings-schema.ts';

/** Tables by the name that a document calls them with. */
const TABLES: Readonly<Record<string, () => string>> = {
  'glz predict': () => flagTable(PREDICT_FLAGS),
  'glz merge': () => flagTable(MERGE_FLAGS),
  'glz train': () => flagTable(trainFlags()),
  'glz eval': () => flagTable(EVAL_FLAGS),
  'glz generate': () => flagTable(generateFlags()),
  'glz tune': () => flagTable(TUNE_FLAGS),
  'glz serve': () => flagTable(SERVE_FLAGS),
  'glz mcp': () => flagTable(MCP_FLAGS),
  'glz init': () => flagTable(INIT_FLAGS),
  'glz export': () => flagTable(EXPORT_FLAGS),
  'glz info': () => flagTable(INFO_FLAGS),
  'glz setup-gpu': () => flagTable(SETUP_GPU_FLAGS),
  'GliZNet.load': () => optionTable(LOAD_OPTIONS),
  classify: () => optionTable(CLASSIFY_OPTIONS),
  logits: () => optionTable(LOGITS_OPTIONS),
  train: () => optionTable(TRAIN_OPTIONS),
  evaluate: () => optionTable(EVALUATE_OPTIONS),
  generate: () => optionTable(GENERATE_OPTIONS),
  exportCheckpoint: () => optionTable(EXPORT_OPTIONS),
  'settings of train': () => settingsMarkdown(trainSettingsSchema),
  'settings of generate': () => settingsMarkdown(generateSettingsSchema),
  'fields of a suite': () => settingsMarkdown(suiteSchema),
};

/** A document with each table that it calls, `<!-- table: NAME -->` in the line before it, as the declarations give it. */
export const withTables = (document: string): string =>
  document.replaceAll(/<!-- table: (.+) -->\n(?:\|.*\n)*/g, (_, name: string) => {
    const table = TABLES[name];
    if (!table) throw new Error(`no table is called "${name}"; there are ${Object.keys(TABLES).join(', ')}`);
    return `<!-- table: ${name} -->\n${table()}\n`;
  });
