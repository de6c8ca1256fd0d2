import { callGlz } from '../call-glz.ts';

describe('glz help', () => {
  it.each(['predict', 'eval', 'export', 'setup-gpu'])('of %s is what its --help says', async (command) => {
    const [help, flag] = [await callGlz(['help', command]), await callGlz([command, '--help'])];
    expect([help.code, flag.code]).toEqual([0, 0]);
    expect(help.stdout).toBe(flag.stdout);
    expect(help.stdout).toMatch(/Examples:|--quiet|--folder/);
  });

  it('without a command lists them, and refuses one that is none', async () => {
    const { code, stdout } = await callGlz(['help']);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/predict .*\n.*eval /)]);
    expect((await callGlz(['help', 'nonsense'])).code).toBe(2);
  });
});
