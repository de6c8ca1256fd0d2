/** Asks anew while somebody types: after a short rest, no longer than a moment after the first change, and only the last question counts. */

/** How {@link createLatest} asks. */
export interface LatestSettings<Result> {
  /** Asks; told by the signal that nobody waits any longer. */
  ask(signal: AbortSignal): Promise<Result>;
  onResult(result: Result): void;
  onError(error: unknown): void;
  onBusy?(isBusy: boolean): void;
  /** Milliseconds without a change after which it asks. */
  rest?: number;
  /** Milliseconds after the first change after which it asks all the same. */
  longest?: number;
}

/** Asks again, now or after a rest. */
export interface Latest {
  changed(): void;
  now(): void;
  /** Forgets what is under way. */
  stop(): void;
}

/** Makes one. A question that is under way is cancelled by the next. */
export function createLatest<Result>(settings: LatestSettings<Result>): Latest {
  const { ask, onResult, onError, onBusy = () => {}, rest = 120, longest = 400 } = settings;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let firstChange: number | undefined;
  let running: AbortController | undefined;

  function stop(): void {
    clearTimeout(timer);
    firstChange = undefined;
    running?.abort();
    if (running) onBusy(false);
    running = undefined;
  }

  function now(): void {
    stop();
    const mine = new AbortController();
    running = mine;
    onBusy(true);
    ask(mine.signal)
      .then(
        (result) => running === mine && onResult(result),
        (error: unknown) => running === mine && onError(error),
      )
      .finally(() => {
        if (running !== mine) return;
        running = undefined;
        onBusy(false);
      });
  }

  return {
    stop,
    now,
    changed() {
      firstChange ??= performance.now();
      clearTimeout(timer);
      timer = setTimeout(now, Math.max(0, Math.min(rest, firstChange + longest - performance.now())));
    },
  };
}
