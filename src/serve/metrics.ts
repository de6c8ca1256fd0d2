/** What the server counts, for Prometheus. Nothing global: two servers in one process do not mix. */
import { counter, EXPOSITION_TYPE, exposition, gauge, histogram } from './exposition.ts';

/** What is read when somebody asks. */
export interface Gauges {
  waiting(): number;
  labelHits(): number;
  labelMisses(): number;
  labelBytes(): number;
}

/** The server's figures. */
export interface ServerMetrics {
  /** A request that was answered. */
  answered(path: string, status: number, seconds: number): void;
  /** A batch of so many texts. */
  batch(texts: number): void;
  readonly contentType: string;
  /** All figures as text. */
  text(): string;
}

/** Makes the figures. */
export function createMetrics(gauges: Gauges): ServerMetrics {
  const requests = counter('glz_requests_total', 'Requests answered');
  const seconds = histogram(
    'glz_request_seconds',
    'Time from a request to its answer',
    [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30],
  );
  const batches = histogram('glz_batch_texts', 'Texts of a batch', [1, 2, 4, 8, 16, 32, 64, 128, 256]);
  const figures = [
    requests,
    seconds,
    batches,
    gauge('glz_queue_texts', 'Texts that wait', gauges.waiting),
    gauge('glz_label_cache_hits', 'Label sets that were ready', gauges.labelHits),
    gauge('glz_label_cache_misses', 'Label sets that were read', gauges.labelMisses),
    gauge('glz_label_cache_bytes', 'Memory of the label sets that are kept, about', gauges.labelBytes),
    gauge('glz_resident_bytes', 'Memory of the process', () => process.memoryUsage.rss()),
  ];
  return {
    answered(path, status, took) {
      requests.add({ path, status: String(status) });
      seconds.observe(took, { path });
    },
    batch: (texts) => batches.observe(texts),
    contentType: EXPOSITION_TYPE,
    text: () => exposition(figures),
  };
}
