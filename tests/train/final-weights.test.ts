import { finalWeights } from '../../src/train/final-weights.ts';

const weights = (encoder: number[], head: number[]) =>
  new Map([
    ['encoder.a', { shape: [encoder.length], data: Float32Array.from(encoder) }],
    ['similarity.bias', { shape: [head.length], data: Float32Array.from(head) }],
  ]);
const values = (of: ReadonlyMap<string, { data: Float32Array }>) => [...of.values()].map(({ data }) => [...data]);

describe('finalWeights', () => {
  const last = weights([4, 8], [2]);
  const start = weights([0, 4], [100]);
  const sums = new Map([
    ['encoder.a', Float32Array.of(6, 18)],
    ['similarity.bias', Float32Array.of(9)],
  ]);

  it('are those of the last step, or the mean of the snapshots', () => {
    expect(values(finalWeights(last, undefined, [], start, 0))).toEqual([[4, 8], [2]]);
    expect(values(finalWeights(last, { sums, count: 3 }, [], start, 0))).toEqual([[2, 6], [3]]);
  });

  it("are the mean of this run's and other runs', each counting once", () => {
    const others = [weights([1, 2], [5]), weights([1, 5], [8])];
    expect(values(finalWeights(last, undefined, others, start, 0))).toEqual([[2, 5], [5]]);
    expect(values(finalWeights(last, { sums, count: 3 }, others.slice(0, 1), start, 0))).toEqual([[1.5, 4], [4]]);
    expect(values(finalWeights(last, undefined, others, start, 0.5))).toEqual([[1, 4.5], [5]]);
    expect([...others[0].get('encoder.a')!.data]).toEqual([1, 2]);
  });

  it("keep a share of the encoder's start weights, none of the head's", () => {
    expect(values(finalWeights(last, undefined, [], start, 0.25))).toEqual([[3, 7], [2]]);
    expect(values(finalWeights(last, { sums, count: 3 }, [], start, 1))).toEqual([[0, 4], [3]]);
    expect([...last.get('encoder.a')!.data]).toEqual([4, 8]);
  });
});
