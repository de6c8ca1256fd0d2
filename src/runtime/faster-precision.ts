/**
 * Which precision is faster on this processor: the graphs of both are timed once, and what came out is kept in the cache folder by processor,
 * content and version of ONNX Runtime. A kept value that is damaged, or of something else, is measured again.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomically } from '../base/files.ts';
import { stateFileOrNone } from '../base/state-file.ts';
import { installedRuntime } from './cuda-provider.ts';
import { cacheFolder, DERIVATION } from './graph-cache.ts';
import type { Feed, OnnxSession } from './onnx-session.ts';

/** How many times as fast as fp32 int8 has to be to be taken: less is within what two measurements differ by, and fp32 is exact. */
const LEAST_GAIN = 1.1;
/** Rounds that count; each runs both graphs. */
const ROUNDS = 7;

const keptSchema = z.object({ of: z.string(), gain: z.number().positive().finite() });

/** What a measurement says. */
export interface FasterPrecision {
  precision: 'fp32' | 'int8';
  /** Time of fp32 over that of int8, in one thread. */
  gain: number;
}

/** The processor by its name and what it can do: virtual machines call many processors the same. */
export function processorIdentity(): string {
  const name = cpus()[0]?.model.trim() ?? '';
  try {
    const features = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '';
    return `${process.arch} ${name} ${features}`;
  } catch {
    return `${process.arch} ${name}`; // not Linux
  }
}

/** Whether anything was measured: what a measurement is looked up by takes longer. */
export function hasKeptPrecisions(): boolean {
  const cache = cacheFolder();
  return cache !== undefined && existsSync(join(cache, 'precision'));
}

/** What a measurement is of, and the file that it is kept in; no file for a user without a cache folder. */
function placeOf(contentHash: string): { of: string; path?: string } {
  const runtime = installedRuntime().version;
  const of = createHash('sha256').update(`${DERIVATION}\n${contentHash}\n${runtime}\n${processorIdentity()}`).digest('hex').slice(0, 32);
  const cache = cacheFolder();
  return { of, ...(cache === undefined ? {} : { path: join(cache, 'precision', `${of}.json`) }) };
}

const chosenBy = (gain: number): FasterPrecision => ({ precision: gain >= LEAST_GAIN ? 'int8' : 'fp32', gain });

/**
 * What was measured for content before, on this processor and with this ONNX Runtime; undefined where nothing was, or it is damaged.
 * @param contentHash identifies the weights and configuration
 */
export function keptPrecision(contentHash: string): FasterPrecision | undefined {
  const { of, path } = placeOf(contentHash);
  const kept = path === undefined ? undefined : stateFileOrNone(path, keptSchema);
  return kept?.of === of ? chosenBy(kept.gain) : undefined;
}

/** Processor time of a run. Not the clock's: what else runs on the machine would count. Microseconds. */
async function timeOf(session: OnnxSession, feeds: Record<string, Feed>): Promise<number> {
  const before = process.cpuUsage();
  await session.run(feeds, [session.outputs[0]]);
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/**
 * Times both graphs, alternately, and keeps what comes out.
 * @param contentHash as for {@link keptPrecision}
 * @param sessions of one thread each
 * @param feeds for every input that both graphs have
 */
export async function measurePrecision(
  contentHash: string,
  { fp32, int8 }: { fp32: OnnxSession; int8: OnnxSession },
  feeds: Record<string, Feed>,
): Promise<FasterPrecision> {
  const ratios: number[] = [];
  for (let round = -1; round < ROUNDS; round++) {
    const [exact, small] = [await timeOf(fp32, feeds), await timeOf(int8, feeds)];
    // The first run of each also sets memory up. Some systems count time in steps that a tiny model does not fill.
    if (round >= 0) ratios.push(Math.max(exact, 1) / Math.max(small, 1));
  }
  const gain = ratios.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)];
  const { of, path } = placeOf(contentHash);
  try {
    if (path !== undefined) writeFileAtomically(path, `${JSON.stringify({ of, gain })}\n`);
  } catch {
    // A cache that cannot be written costs the measurement each time.
  }
  return chosenBy(gain);
}
