/** What the server counts, for Prometheus. A registry of its own: nothing global, and two servers in one process do not mix. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What is read when somebody asks. */
export interface Gauges {
  waiting(): number;
  labelHits(): number;
  labelMisses(): number;
  labelBytes(): number;
}

/** The server's figures. */
export interface Metrics {
  /** A request that was answered. */
  answered(path: string, status: number, seconds: number): void;
  /** A batch of so many texts. */
  batch(texts: number): void;
  readonly contentType: string;
  /** All figures as text. */
  text(): Promise<string>;
}

/** Makes the figures. */
export function createMetrics(gauges: Gauges): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({ name: 'glz_requests_total', help: 'Requests answered', labelNames: ['path', 'status'], registers });
  const seconds = new Histogram({
    name: 'glz_request_seconds',
    help: 'Time from a request to its answer',
    labelNames: ['path'],
    buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30],
    registers,
  });
  const batches = new Histogram({
    name: 'glz_batch_texts',
    help: 'Texts of a batch',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    registers,
  });
  const live = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  };
  live('glz_queue_texts', 'Texts that wait', gauges.waiting);
  live('glz_label_cache_hits', 'Label sets that were ready', gauges.labelHits);
  live('glz_label_cache_misses', 'Label sets that were read', gauges.labelMisses);
  live('glz_label_cache_bytes', 'Memory of the label sets that are kept, about', gauges.labelBytes);
  live('glz_resident_bytes', 'Memory of the process', () => process.memoryUsage.rss());
  return {
    answered(path, status, took) {
      requests.inc({ path, status: String(status) });
      seconds.observe({ path }, took);
    },
    batch: (texts) => batches.observe(texts),
    contentType: registry.contentType,
    text: () => registry.metrics(),
  };
}
