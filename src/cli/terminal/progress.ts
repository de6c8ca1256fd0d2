/**
 * Progress of long commands, on stderr only: a cli-progress bar on a terminal, an occasional plain line elsewhere.
 * Used by every long subcommand; knows nothing of what is counted.
 */
import cliProgress from 'cli-progress';
import { printable } from '../../base/printable.ts';
import { noteLine } from './terminal.ts';

/** A running progress display. */
export interface Progress {
  /** Sets how much is done (in `unit`s) and the extra fields shown behind the rate. */
  update(done: number, fields?: Record<string, string | number>): void;
  /** Changes the total once it is known. */
  setTotal(total: number): void;
  /** Prints a line above the bar. */
  note(line: string): void;
  /** Removes the bar and prints a last plain line, which a failure before anything was done needs none of. Safe to call twice. */
  stop(hasFailed?: boolean): void;
}

/** Settings of {@link startProgress}. */
export interface ProgressOptions {
  /** What is being done, shown in front: `predict`. */
  label: string;
  /** Unit of the counter: `texts`, `steps`. */
  unit: string;
  /** Total count, where it is known. */
  total?: number;
  /** Where the counter starts, for a run that goes on. */
  start?: number;
  /** When it began, by performance.now(); now unless said. */
  startedAt?: number;
  /** No output at all. */
  quiet?: boolean;
  /** Seconds between plain lines when stderr is no terminal; GLZ_PROGRESS_INTERVAL overrides it. */
  plainInterval?: number;
}

/** Seconds as `1h 02m`, `3m 04s` or `5s`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?';
  const s = Math.max(0, Math.round(seconds));
  if (s >= 3600) return `${Math.floor(s / 3600)}h ${String(Math.floor((s % 3600) / 60)).padStart(2, '0')}m`;
  if (s >= 60) return `${Math.floor(s / 60)}m ${String(s % 60).padStart(2, '0')}s`;
  return `${s}s`;
}

const formatFields = (fields: Record<string, string | number>): string =>
  Object.entries(fields)
    .map(([name, value]) => ` | ${name} ${printable(String(value))}`)
    .join('');

/** Starts a progress display on stderr. */
export function startProgress(options: ProgressOptions): Progress {
  const { label, unit, quiet = false, start = 0 } = options;
  const plainInterval = Number(process.env.GLZ_PROGRESS_INTERVAL) || (options.plainInterval ?? 10);
  const begin = options.startedAt ?? performance.now();
  let total = options.total;
  let done = start;
  let fields: Record<string, string | number> = {};
  let stopped = false;
  const line = (): string => {
    const seconds = (performance.now() - begin) / 1000;
    const rate = seconds > 0 ? (done - start) / seconds : 0;
    const share = total ? `${done}/${total} (${Math.floor((100 * done) / total)}%)` : `${done}`;
    const left = total && rate > 0 && done < total ? ` | left ${formatDuration((total - done) / rate)}` : '';
    return `${label}: ${share} ${unit} | ${rate >= 10 ? rate.toFixed(0) : rate.toFixed(2)} ${unit}/s${left}${formatFields(fields)}`;
  };
  const saysEnd = (hasFailed = false): boolean => !hasFailed || done !== start;
  if (quiet) return { update: () => {}, setTotal: () => {}, note: () => {}, stop: () => {} };
  if (!process.stderr.isTTY) {
    let last = performance.now();
    return {
      update(value, extra) {
        done = value;
        if (extra) fields = extra;
        if (performance.now() - last >= plainInterval * 1000) {
          last = performance.now();
          process.stderr.write(`${line()}\n`);
        }
      },
      setTotal(value) {
        total = value;
      },
      note(text) {
        noteLine(text);
      },
      stop(hasFailed) {
        if (!stopped && saysEnd(hasFailed))
          process.stderr.write(`${line()} | took ${formatDuration((performance.now() - begin) / 1000)}\n`);
        stopped = true;
      },
    };
  }
  const bar = new cliProgress.SingleBar({
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
    fps: 8,
    format: (barOptions, params) => {
      const size = 24;
      const filled = total ? Math.round(size * Math.min(1, params.value / total)) : 0;
      const drawn = total ? `[${'='.repeat(filled)}${'-'.repeat(size - filled)}] ` : '';
      return `${drawn}${line()}`.slice(0, (process.stderr.columns ?? barOptions.barsize ?? 120) - 1);
    },
  });
  bar.start(total ?? 0, start);
  // Where a process ends in the middle, the cursor is seen again all the same.
  const leave = (): void => bar.stop();
  process.once('exit', leave);
  return {
    update(value, extra) {
      done = value;
      if (extra) fields = extra;
      bar.update(value);
    },
    setTotal(value) {
      total = value;
      bar.setTotal(value);
    },
    note(text) {
      process.stderr.write(`\r\x1b[K${printable(text)}\n`);
    },
    stop(hasFailed) {
      if (stopped) return;
      stopped = true;
      process.off('exit', leave);
      bar.stop();
      if (saysEnd(hasFailed)) process.stderr.write(`${line()} | took ${formatDuration((performance.now() - begin) / 1000)}\n`);
    },
  };
}
