/** The loops over parameters and moments: the values of the model's own AdamW, whatever is updated together. */
import { setBackend, tensor1d } from '@tensorflow/tfjs-core';
import '../../eager-tfjs.ts';
import { adamwUpdate } from '../../../src/model/adamw.ts';
import { adamwRows, allocateOptimizerMemory, markTouchedRows, type OptimizerMemory } from '../../../src/train/engine/optimizer-memory.ts';
import { random as seeded } from '../../random.ts';
import { freshState } from '../../random-model.ts';

const STEP = { learningRate: 1e-3, betas: [0.9, 0.999] as [number, number], epsilon: 1e-8, weightDecay: 0.01, gradientScale: 0.7 };

function filled(shape: number[], seed: number): OptimizerMemory {
  const random = seeded(seed);
  const memory = allocateOptimizerMemory({ before: [3], table: shape }).get('table')!;
  for (const array of [memory.parameter, memory.gradient]) for (let i = 0; i < array.length; i++) array[i] = random() - 0.5;
  return memory;
}

describe('optimizer memory', () => {
  it.each([1, 3, 4, 7, 64, 1001])('makes AdamW steps on %i elements as the model defines them', (length) => {
    setBackend('cpu');
    const memory = filled([length], length);
    let state = freshState(tensor1d(memory.parameter.slice()));
    for (let step = 1; step <= 3; step++) {
      state = adamwUpdate(state, tensor1d(memory.gradient.slice()), { ...STEP, step });
      memory.adamw({ ...STEP, step });
    }
    for (const [array, expected] of [
      [memory.parameter, state.parameter],
      [memory.firstMoment, state.firstMoment],
      [memory.secondMoment, state.secondMoment],
    ] as const) {
      const values = expected.dataSync();
      for (let i = 0; i < length; i++) expect(Math.abs(array[i] - values[i])).toBeLessThanOrEqual(3e-7 * (1 + Math.abs(values[i])));
    }
  });

  it('gives the same bits however the elements are divided', () => {
    const whole = filled([53], 1);
    const parts = filled([53], 1);
    for (let step = 1; step <= 2; step++) {
      whole.adamw({ ...STEP, step });
      for (const [start, end] of [
        [0, 1],
        [1, 7],
        [7, 8],
        [8, 49],
        [49, 53],
      ])
        parts.adamw({ ...STEP, step }, start, end);
    }
    for (const name of ['parameter', 'firstMoment', 'secondMoment'] as const) expect([...parts[name]]).toEqual([...whole[name]]);
  });

  it('only decays rows that never had a gradient, to the same bits', () => {
    const every = filled([10, 5], 2);
    const touched = Uint8Array.from([0, 0, 1, 0, 1, 1, 0, 0, 0, 1]);
    for (let i = 0; i < every.gradient.length; i++) if (!touched[Math.floor(i / 5)]) every.gradient[i] = 0;
    const few = filled([10, 5], 2);
    few.gradient.set(every.gradient);
    for (let step = 1; step <= 3; step++) {
      every.adamw({ ...STEP, step });
      adamwRows(few, touched, { ...STEP, step });
    }
    expect([...few.parameter]).toEqual([...every.parameter]);
    expect([...few.secondMoment]).toEqual([...every.secondMoment]);
    const found = new Uint8Array(10);
    markTouchedRows(few, found);
    expect(found).toEqual(touched);
  });

  it('sums the squares of any part of the gradient', () => {
    const { gradient, gradientSquares } = filled([103], 3);
    for (const [start, end] of [
      [0, 103],
      [5, 6],
      [3, 90],
      [40, 40],
    ]) {
      const expected = gradient.subarray(start, end).reduce((sum, value) => sum + value * value, 0);
      expect(gradientSquares(start, end)).toBeCloseTo(expected, 12);
    }
  });

  it('leaves its neighbours alone', () => {
    const all = allocateOptimizerMemory({ a: [5], b: [2, 3], c: [1] });
    for (const { parameter, gradient } of all.values()) for (const array of [parameter, gradient]) array.fill(1);
    all.get('b')!.adamw({ ...STEP, step: 1 });
    all.get('b')!.decay(0.5);
    for (const name of ['a', 'c']) {
      const { parameter, gradient, firstMoment, secondMoment } = all.get(name)!;
      for (const array of [parameter, gradient]) expect(array.every((value) => value === 1)).toBe(true);
      for (const array of [firstMoment, secondMoment]) expect(array.every((value) => value === 0)).toBe(true);
    }
  });

  it('refuses a parameter that no memory can hold', () => {
    expect(() => allocateOptimizerMemory({ table: [300_000, 1024] })).toThrow('parameter table [300000,1024] is too large');
  });
});
