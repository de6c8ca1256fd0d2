/**
 * One training step (forward, backward, AdamW on every parameter, fp32) against PyTorch: the same machine, the same run, the two
 * systems alternating, so that whatever else the machine does meets both. Encoders of MiniLM-L6's and deberta-v3-small's size.
 * Run: npm run bench -- train-step [--python path/to/python with torch and transformers] [--fused] [--threads 2]
 *      [--encoders minilm,deberta] [--shapes 16x64,8x256] [--rounds 5] [--steps 3] [--profile]
 * Without --python only glz is timed. --fused: PyTorch's fused AdamW kernel instead of its default. --profile: glz's time by operation.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { ARTICLE_LOSS } from '../src/model/loss.ts';
import { createTrainingEngine, type TrainingEngine } from '../src/train/engine/training-session.ts';
import { LOAD_NAMES, type LoadName, type TrainingLoad, trainingLoad } from './training-load.ts';

const { values } = parseArgs({
  options: {
    threads: { type: 'string', default: '2' },
    python: { type: 'string' },
    fused: { type: 'boolean', default: false },
    encoders: { type: 'string', default: LOAD_NAMES.join(',') },
    shapes: { type: 'string', default: '16x64,8x256' },
    rounds: { type: 'string', default: '5' },
    steps: { type: 'string', default: '3' },
    profile: { type: 'boolean', default: false },
  },
});
const threads = Number(values.threads);
const rounds = Number(values.rounds);
const stepsPerRound = Number(values.steps);

/** Times of some steps in ms: forward and backward, AdamW, and CPU time of both. */
interface StepTimes {
  pass: number[];
  update: number[];
  cpu: number[];
}
interface System {
  steps(count: number): Promise<StepTimes>;
  end(): Promise<void>;
}

const median = (list: number[]): number => [...list].sort((a, b) => a - b)[list.length >> 1];

function timeSteps(engine: TrainingEngine, load: TrainingLoad, batch: number, length: number): System {
  let step = 0;
  return {
    async steps(count) {
      const times: StepTimes = { pass: [], update: [], cpu: [] };
      for (let i = 0; i < count; i++) {
        step++;
        const example = load.batch(step, batch, length);
        const cpu = process.cpuUsage();
        const start = performance.now();
        await engine.accumulate(example, 1);
        const middle = performance.now();
        await engine.apply({ learningRate: 1e-5, betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0.01, gradientScale: 1, step });
        const end = performance.now();
        const used = process.cpuUsage(cpu);
        times.pass.push(middle - start);
        times.update.push(end - middle);
        times.cpu.push((used.user + used.system) / 1000);
      }
      return times;
    },
    end: () => engine.dispose(),
  };
}

async function startPyTorch(python: string, encoder: LoadName, batch: number, length: number): Promise<System> {
  const child: ChildProcessWithoutNullStreams = spawn(
    python,
    ['bench/train_step.py', encoder, ...[threads, batch, length, values.fused ? 1 : 0].map(String)],
    {
      stdio: ['pipe', 'pipe', 'inherit'] as unknown as ['pipe', 'pipe', 'pipe'],
    },
  );
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error('bench/train_step.py ended');
    return JSON.parse(value) as StepTimes;
  };
  await answer();
  return {
    steps(count) {
      child.stdin.write(`${count}\n`);
      return answer();
    },
    end() {
      child.stdin.end();
      return new Promise((resolve) => {
        child.on('close', () => resolve());
      });
    },
  };
}

async function compare(encoder: LoadName, batch: number, length: number): Promise<void> {
  const load = trainingLoad(encoder);
  const engine = await createTrainingEngine({ ...load, loss: ARTICLE_LOSS, session: { threads } });
  const systems = new Map<string, System>([['glz', timeSteps(engine, load, batch, length)]]);
  if (values.python) systems.set('PyTorch', await startPyTorch(values.python, encoder, batch, length));
  const all = new Map([...systems.keys()].map((name) => [name, { pass: [], update: [], cpu: [] } as StepTimes]));
  const ratios: number[] = [];
  const step = ({ pass, update }: StepTimes) => median(pass.map((ms, i) => ms + update[i]));
  for (const system of systems.values()) await system.steps(2);
  for (let round = 0; round < rounds; round++) {
    const found: number[] = [];
    for (const [name, system] of systems) {
      const times = await system.steps(stepsPerRound);
      for (const field of ['pass', 'update', 'cpu'] as const) all.get(name)![field].push(...times[field]);
      found.push(step(times));
    }
    ratios.push(found[0] / found.at(-1)!);
  }
  for (const system of systems.values()) await system.end();
  for (const [name, times] of all)
    console.log(
      `${encoder} ${batch} x ${length} | ${name} | ${[median(times.pass), median(times.update), step(times), median(times.cpu)].map((ms) => ms.toFixed(0)).join(' | ')}`,
    );
  if (!values.python) return;
  const [ours, theirs] = [all.get('glz')!, all.get('PyTorch')!];
  console.log(
    `${encoder} ${batch} x ${length} | glz / PyTorch | step ${(step(ours) / step(theirs)).toFixed(2)} (rounds ${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}) | CPU time ${(median(ours.cpu) / median(theirs.cpu)).toFixed(2)}`,
  );
}

async function profile(encoder: LoadName, batch: number, length: number): Promise<void> {
  const load = trainingLoad(encoder);
  const engine = await createTrainingEngine({ ...load, loss: ARTICLE_LOSS, session: { threads, profile: '.cache/train-step' } });
  const system = timeSteps(engine, load, batch, length);
  const { pass } = await system.steps(rounds * stepsPerRound);
  await system.end();
  const file = readdirSync('.cache').find((name) => name.startsWith('train-step_'))!;
  const events = JSON.parse(readFileSync(`.cache/${file}`, 'utf8')) as {
    cat: string;
    name: string;
    dur: number;
    args?: { op_name?: string };
  }[];
  rmSync(`.cache/${file}`);
  // Each operation's median over the steps, so that a step that something else disturbed does not count.
  const byOp = new Map<string, number[]>();
  let run = -1;
  for (const { cat, name, dur, args } of events.filter(({ name }) => name === 'model_run' || name.endsWith('_kernel_time'))) {
    if (cat === 'Node') {
      const op = args?.op_name ?? name;
      const times = byOp.get(op) ?? byOp.set(op, []).get(op)!;
      times[run + 1] = (times[run + 1] ?? 0) + dur / 1000;
    } else run++;
  }
  console.log(`${encoder} ${batch} x ${length}: operation | ms a step, of ${median(pass).toFixed(0)}`);
  const sorted = [...byOp].map(([op, times]) => [op, median(times.filter((ms) => ms !== undefined))] as const).sort((a, b) => b[1] - a[1]);
  for (const [op, time] of sorted.slice(0, 16)) console.log(`${op} | ${time.toFixed(1)}`);
}

const shapes = values.shapes.split(',').map((shape) => shape.split('x').map(Number) as [number, number]);
console.log(`${threads} threads; medians of ${rounds * stepsPerRound} steps in ${rounds} rounds, ms`);
console.log('encoder, tokens | system | forward + backward | AdamW | step | CPU time of a step');
for (const encoder of values.encoders.split(',') as LoadName[]) for (const shape of shapes) await compare(encoder, ...shape);
if (values.profile)
  for (const encoder of values.encoders.split(',') as LoadName[]) for (const shape of shapes) await profile(encoder, ...shape);
