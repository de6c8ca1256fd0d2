import { littleMemory } from '../../src/runtime/little-memory.ts';

const MINI = 22.6e6;

describe('littleMemory', () => {
  it('says what a step takes and what is free where that may not suffice', async () => {
    expect(await littleMemory('glz-mini', 'fp32', 'run', async () => MINI, 193e6)).toBe(
      '193 MB of memory are free, and to run glz-mini takes some 153 MB in fp32, 243 MB where thousands of labels are read: the system may end this process',
    );
    expect(await littleMemory('glz-mini', 'int8', 'prepare', async () => MINI, 193e6)).toBe(
      '193 MB of memory are free, and to prepare glz-mini takes some 479 MB, once: the system may end this process',
    );
  });

  it('says nothing where there is enough', async () => {
    expect(await littleMemory('glz-mini', 'fp32', 'run', async () => MINI, 250e6)).toBeUndefined();
    expect(await littleMemory('glz-mini', 'int8', 'prepare', async () => MINI, 480e6)).toBeUndefined();
  });

  it('does not look at the weights where there is plenty', async () => {
    const looked = async () => {
      throw new Error('looked');
    };
    expect(await littleMemory('glz-mini', 'fp32', 'run', looked, 2e9)).toBeUndefined();
    await expect(littleMemory('glz-mini', 'fp32', 'run', looked, 9e8)).rejects.toThrow('looked');
  });
});
