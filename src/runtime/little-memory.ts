/** Says before it happens that the system may end this process, which it does without a word. */
import { freeMemory } from '../base/free-memory.ts';

/** Nothing is said, and no weights are looked at, where so many bytes are free. */
const PLENTY = 1e9;

/** What a process takes in bytes, as measured with glz-mini: Node and the runtime, times the weights as floats, and what reading many labels takes. */
const PROCESS = 45e6;
const TIMES_WEIGHTS = { fp32: { prepare: 3.3, run: 1.2 }, int8: { prepare: 4.8, run: 0.7 } };
const MANY_LABELS = 90e6;

/**
 * A line for the user where memory, the machine's or the container's, may not suffice; undefined where it does.
 * @param step making the graph of a checkpoint, once, or running it
 * @param parameters gives the number of the checkpoint's weights; asked only where little is free
 * @param free bytes that are
 */
export async function littleMemory(
  checkpoint: string,
  precision: 'fp32' | 'int8',
  step: 'prepare' | 'run',
  parameters: () => Promise<number>,
  free = freeMemory(),
): Promise<string | undefined> {
  if (free > PLENTY) return undefined;
  const needed = PROCESS + TIMES_WEIGHTS[precision][step] * 4 * (await parameters());
  const most = step === 'run' ? needed + MANY_LABELS : needed;
  if (free > most) return undefined;
  const [some, more, left] = [needed, most, free].map((bytes) => Math.round(bytes / 1e6));
  const taken = step === 'run' ? `${some} MB in ${precision}, ${more} MB where thousands of labels are read` : `${some} MB, once`;
  return `${left} MB of memory are free, and to ${step} ${checkpoint} takes some ${taken}: the system may end this process`;
}
