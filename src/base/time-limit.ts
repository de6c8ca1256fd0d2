/** A time limit on work that takes an AbortSignal. */

/**
 * Runs `work` with a signal that fires when the caller's does, or after `milliseconds`, which begin again with each call of `alive`.
 * In place of `AbortSignal.any` and `AbortSignal.timeout`: Node 20 collects the signals that these are made of while work waits for them, and
 * then they never fire. Here the timer and the caller's signal hold the signal until the work is done.
 * @throws the reason of the caller's signal if it has fired before, and what `work` throws
 */
export async function withTimeLimit<T>(
  signal: AbortSignal | undefined,
  milliseconds: number,
  work: (signal: AbortSignal, alive: () => void) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const stop = () => controller.abort(signal?.reason);
  const timeUp = () => controller.abort(new DOMException(`no answer within ${milliseconds / 1000} seconds`, 'TimeoutError'));
  signal?.addEventListener('abort', stop, { once: true });
  const timer = setTimeout(timeUp, milliseconds);
  try {
    return await work(controller.signal, () => timer.refresh());
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
}
