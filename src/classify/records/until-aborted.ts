/** An asynchronous iteration that a signal ends, also while the next item is waited for. */

/** The items until the signal aborts. What is waited for then is left waiting: it may never come. */
export async function* untilAborted<T>(items: AsyncIterable<T>, signal: AbortSignal | undefined): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]();
  let wake = () => {};
  // One listener for all items: a race with one promise of the signal's would keep something of every item.
  const onAbort = () => wake();
  signal?.addEventListener('abort', onAbort);
  let isWaiting = false;
  try {
    while (!signal?.aborted) {
      isWaiting = true;
      const next = await new Promise<IteratorResult<T, unknown> | undefined>((resolve, reject) => {
        wake = () => resolve(undefined);
        iterator.next().then(resolve, reject);
      });
      if (!next) return;
      isWaiting = false;
      if (next.done) return;
      yield next.value;
    }
  } finally {
    signal?.removeEventListener('abort', onAbort);
    if (!isWaiting) await iterator.return?.();
  }
}
