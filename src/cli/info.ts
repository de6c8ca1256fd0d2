/** `glz info`: what is installed, what it runs on, what it keeps, and what a checkpoint is. For a look, and for reports of faults. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { DataError, UsageError } from '../base/errors.ts';
import { refuseBrokenLink } from '../base/files.ts';
import { readJsonObject } from '../base/json.ts';
import { packageVersion } from '../base/optional-package.ts';
import { printable } from '../base/printable.ts';
import { type Look, lookOf } from '../base/terminal/look.ts';
import { type CheckpointFacts, describeCheckpoint } from '../classify/describe-checkpoint.ts';
import type { Filled } from '../options/declaration.ts';
import { INFO_FLAGS } from '../options/info.ts';
import { shippedFolder } from '../options/shipped-checkpoint.ts';
import { type Availability, cacheSize, describeRuntime } from '../runtime/describe-runtime.ts';
import { installedBindings, readSetup } from '../runtime/tensorflow.ts';
import { hubCacheFolder } from '../weights/hub/hub-cache.ts';
import { addFlags } from './flags.ts';

const EXAMPLES = `
Examples:
  What is here:
    $ glz info
  A checkpoint of your own, for a program:
    $ glz info --checkpoint runs/mine --json

Nothing is downloaded, loaded or tried out. Of the environment only names of variables are shown.`;

/** Variables that change what glz does. */
const VARIABLES = /^(GLZ_|HF_|HUGGINGFACE_|GROQ_|OLLAMA_|XDG_CACHE_HOME$|(HTTPS?|NO)_PROXY$|NO_COLOR$|FORCE_COLOR$)/i;

function tensorflow(): Availability {
  const setup = readSetup();
  const there = installedBindings().length > 0;
  const built = setup ? `TensorFlow ${setup.tensorflow}${setup.gpu ? ' for GPUs' : ' for the CPU'}` : 'a binding of TensorFlow';
  return { name: 'tensorflow', there, note: there ? `${built} is installed` : 'not installed: glz setup-gpu' };
}

/** Folder of a model of the hub that was downloaded before. */
async function cachedModelFolder(id: string): Promise<string | undefined> {
  const { isHubId, resolveModelFolder } = await import('../weights/hub/hub.ts');
  if (!isHubId(id)) return undefined;
  try {
    return await resolveModelFolder(id, { env: { ...process.env, HF_HUB_OFFLINE: '1' } });
  } catch {
    return undefined;
  }
}

/** A checkpoint that is on this machine: a folder, or a hub id that was downloaded before. */
async function checkpointFacts(path: string): Promise<CheckpointFacts | { error: string }> {
  try {
    if (existsSync(path)) return await describeCheckpoint(path);
    refuseBrokenLink(path);
    const shipped = shippedFolder(path);
    if (shipped !== undefined) return await describeCheckpoint(shipped);
    const cached = await cachedModelFolder(path);
    if (cached !== undefined) return await describeCheckpoint(cached);
    const { isHubId, looksLikePath, noSuchFolder } = await import('../weights/hub/hub.ts');
    if (!path.includes('/') || !isHubId(path) || looksLikePath(path)) throw noSuchFolder(path);
    return { error: `${path}: no such folder, and no model of that id was downloaded to this machine` };
  } catch (error) {
    if (error instanceof DataError || error instanceof UsageError) return { error: error.message };
    throw error;
  }
}

async function facts(checkpoint: string) {
  const { version, peerDependencies } = readJsonObject(fileURLToPath(new URL('../../package.json', import.meta.url))) as {
    version: string;
    peerDependencies: Record<string, string>;
  };
  const { onnxruntime, providers, ...machine } = await describeRuntime();
  return {
    version,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    ...machine,
    onnxruntime,
    providers,
    tensorflow: tensorflow(),
    cache: cacheSize() ?? null,
    hubCache: hubCacheFolder(process.env) ?? null,
    checkpoint: await checkpointFacts(checkpoint),
    optionalPackages: Object.fromEntries(Object.keys(peerDependencies).map((name) => [name, packageVersion(name) ?? null])),
    environment: Object.keys(process.env)
      .filter((name) => VARIABLES.test(name))
      .sort(),
  };
}

/** Bytes as MB of a million. */
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;

/** What passes between text and labels. */
const KINDS: Readonly<Record<CheckpointFacts['crossAttention'], string>> = {
  free: 'text and labels read each other, as in the article (free)',
  gated: 'text and labels read each other through gates (gated)',
  'one-way': 'labels read the text (one-way)',
  late: 'labels are read once for all texts (late)',
};

/** Most labels that are named. */
const NAMED_LABELS = 8;

function precisionText({ precision, fasterPrecision }: CheckpointFacts): string {
  if (!fasterPrecision) return `${precision}; what --precision auto takes was not measured on this processor yet`;
  const { precision: auto, gain } = fasterPrecision;
  return `${precision}; --precision auto takes ${auto}: int8 is ${gain.toFixed(2)} times as fast as fp32 on this processor`;
}

function checkpointLines(found: CheckpointFacts | { error: string }): [string, string][] {
  if ('error' in found) return [['checkpoint', found.error]];
  const { folder, encoder, parameters, stored, bytes, maxLength, labels, languages, scripts, crossAttention, upperLayers } = found;
  const size = [encoder.layers && `${encoder.layers} layers`, encoder.width && `${encoder.width} wide`].filter(Boolean).join(', ');
  const more = labels && labels.length > NAMED_LABELS ? `, ... (${labels.length})` : '';
  return [
    ['checkpoint', folder],
    ['', `${encoder.family}${size && `, ${size}`}; ${(parameters / 1e6).toFixed(1)} M parameters, ${stored}, ${megabytes(bytes)}`],
    ['', `${KINDS[crossAttention]}${upperLayers ? `, ${upperLayers} upper layers` : ''}; up to ${maxLength} tokens`],
    ['precision', precisionText(found)],
    ['labels', labels ? `${labels.slice(0, NAMED_LABELS).join(', ')}${more}` : 'any; it was not trained on labels of its own'],
    ['languages', `${languages ? `${languages.join(', ')} (its card); ` : ''}${scripts.join(', ')} letters are in its vocabulary`],
  ];
}

const available = ({ name, there, note }: Availability): string => `${there ? '+' : '-'} ${name.padEnd(11)} ${note}`;

/** A line of the readable form, with what is there and what is not in colour. */
function shownLine([name, text]: [string, string], { paint }: Look): string {
  const tone = text.startsWith('+ ') ? 'good' : text.startsWith('- ') ? 'weak' : undefined;
  return `${paint(name.padEnd(11), 'strong')}  ${paint(printable(text), tone)}`;
}

function lines(all: Awaited<ReturnType<typeof facts>>): [string, string][] {
  const { cache, optionalPackages, providers, environment } = all;
  return [
    ['glz', `${all.version}; Node ${all.node.slice(1)}, ${all.platform}`],
    ['machine', `${all.processor}; ${all.processors} processors, ${(all.memory / 1e9).toFixed(1)} GB of memory`],
    ['threads', 'one for each physical core, unless --threads says otherwise'],
    ['runtime', `ONNX Runtime ${all.onnxruntime}`],
    ...[...providers, all.tensorflow].map((each, at): [string, string] => [at === 0 ? 'devices' : '', available(each)]),
    [
      'cache',
      cache
        ? `${cache.folder}: ${cache.files} files, ${megabytes(cache.bytes)}`
        : 'none: this user has no home folder (GLZ_CACHE names one)',
    ],
    ['hub cache', all.hubCache ?? 'none'],
    ...checkpointLines(all.checkpoint),
    ...Object.entries(optionalPackages).map(([name, version], at): [string, string] => [
      at === 0 ? 'optional' : '',
      version === null ? `- ${name}` : `+ ${name} ${version}`,
    ]),
    ['environment', environment.length > 0 ? environment.join(', ') : 'nothing of glz is set'],
  ];
}

async function run({ checkpoint, json }: Filled<typeof INFO_FLAGS>): Promise<void> {
  const all = await facts(checkpoint);
  if (json) process.stdout.write(`${JSON.stringify(all, null, 2)}\n`);
  else {
    const look = lookOf(process.stdout);
    process.stdout.write(
      `${lines(all)
        .map((line) => shownLine(line, look))
        .join('\n')}\n`,
    );
  }
  if ('error' in all.checkpoint) process.exitCode = 1;
}

/** The command's definition. */
export function command(): Command {
  return addFlags(new Command('info').description('Show versions, devices, caches, and what a checkpoint is.'), INFO_FLAGS)
    .addHelpText('after', EXAMPLES)
    .action(run);
}
