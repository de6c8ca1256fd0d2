/** The text that Prometheus reads is, byte for byte, what its own client for Node writes of the same figures. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { counter, EXPOSITION_TYPE, exposition, gauge, histogram } from '../../src/serve/exposition.ts';
import { random } from '../random.ts';

const BOUNDS = [0.002, 0.5, 1, 30];
const PATHS = ['/classify', 'a "path" with\\ and \n', '/v1'];

it('writes what prom-client writes', async () => {
  const registry = new Registry();
  const registers = [registry];
  const theirs = {
    requests: new Counter({ name: 'requests_total', help: 'Requests\\ of\nall', labelNames: ['path', 'status'], registers }),
    seconds: new Histogram({ name: 'seconds', help: 'Time', labelNames: ['path'], buckets: BOUNDS, registers }),
    batches: new Histogram({ name: 'batches', help: 'Texts', buckets: [1, 2], registers }),
    waiting: new Gauge({ name: 'waiting', help: 'Texts that wait', registers }),
  };
  const ours = {
    requests: counter('requests_total', 'Requests\\ of\nall'),
    seconds: histogram('seconds', 'Time', BOUNDS),
    batches: histogram('batches', 'Texts', [1, 2]),
    waiting: gauge('waiting', 'Texts that wait', () => 2.5),
  };
  theirs.waiting.set(2.5);
  const next = random(5);
  for (let i = 0; i < 300; i++) {
    const [path, status] = [PATHS[i % 3], next() < 0.5 ? '200' : '429'];
    const took = [0.002, 0.5, 31, 0, next()][i % 5];
    theirs.requests.inc({ path, status });
    ours.requests.add({ path, status });
    theirs.seconds.observe({ path }, took);
    ours.seconds.observe(took, { path });
    theirs.batches.observe(i % 4);
    ours.batches.observe(i % 4);
  }
  expect(exposition(Object.values(ours))).toBe(await registry.metrics());
  expect(EXPOSITION_TYPE).toBe(registry.contentType);
});
