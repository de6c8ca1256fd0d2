/** Mixed traffic with label sets that nobody asked for before, large and small, and clients that go away; and the server's memory meanwhile. */

/** Traffic to a server. */
export interface ChangingTraffic {
  /** Goes on for so many minutes; tells the memory in lines. */
  run(minutes: number, print: (line: string) => void): Promise<void>;
}

const headers = { 'content-type': 'application/json' };
/** Clients at once. */
const CLIENTS = 8;
/** Every so many requests one with a set of so many labels. */
const LARGE_EVERY = 200;
const LARGE = 1500;

/** Makes it. `known` labels are part of every set. */
export function createChangingTraffic(url: string, texts: readonly string[], known: readonly string[]): ChangingTraffic {
  let labels = 0;
  let requests = 0;
  let failed = 0;
  let given = 0;
  const post = (body: object, signal?: AbortSignal) =>
    fetch(`${url}/classify`, { method: 'POST', headers, body: JSON.stringify(body), signal });
  const fresh = (count: number): string[] => Array.from({ length: count }, () => `label ${labels++}`);

  async function client(end: number): Promise<void> {
    while (Date.now() < end) {
      const own = fresh(requests++ % LARGE_EVERY === LARGE_EVERY - 1 ? LARGE : 5);
      const at = requests % 100;
      const response = await post({
        texts: texts.slice(at, at + 3),
        labels: [...known.slice(0, 3), ...own],
        ...(at % 10 === 0 ? { abstain: true } : {}),
      });
      if (!response.ok) failed++;
      await response.arrayBuffer();
    }
  }

  /** Goes away in the middle: of nobody else may an answer be lost. */
  async function quitter(end: number): Promise<void> {
    while (Date.now() < end) {
      await post({ texts: texts.slice(0, 20), labels: known }, AbortSignal.timeout(1 + (given % 60))).catch(() => given++);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  async function memory(): Promise<string> {
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const megabytes = (name: string): string => (Number(new RegExp(`^${name} (\\d+)`, 'm').exec(metrics)![1]) / 1e6).toFixed(0);
    return `${megabytes('glz_resident_bytes')} MB, ${megabytes('glz_label_cache_bytes')} MB of them label sets by its own count`;
  }

  return {
    async run(minutes, print) {
      const [began, end] = [Date.now(), Date.now() + 60_000 * minutes];
      const step = Math.max(5000, Math.min(60_000, (60_000 * minutes) / 12));
      const tell = async (): Promise<void> =>
        print(
          `memory        ${((Date.now() - began) / 60_000).toFixed(1)} min: ${await memory()}; ${requests} requests, ${labels} new labels, ${failed} failed, ${given} went away`,
        );
      const clients = Promise.all([...Array.from({ length: CLIENTS }, () => client(end)), quitter(end)]);
      while (Date.now() < end) {
        await tell();
        await new Promise((resolve) => setTimeout(resolve, Math.min(step, Math.max(100, end - Date.now()))));
      }
      await clients;
      await tell();
    },
  };
}
