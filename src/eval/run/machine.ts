/** The machine that figures of speed and memory belong to. */
import { arch, availableParallelism, cpus, platform, totalmem } from 'node:os';
import type { Machine } from '../report/result-types.ts';

/** Processor, cores, memory, system and Node version of this machine; no name or address. */
export const machine = (): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: availableParallelism(),
  memoryBytes: totalmem(),
  platform: `${platform()} ${arch()}`,
  node: process.version,
});
