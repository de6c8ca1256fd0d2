import { runGlz } from '../run-glz.ts';

describe('glz help', () => {
  it.each(['predict', 'eval', 'export', 'setup-gpu'])('of %s is what its --help says', async (command) => {
    const [help, flag] = [await runGlz(['help', command]), await runGlz([command, '--help'])];
    expect([help.code, flag.code]).toEqual([0, 0]);
    expect(help.stdout).toBe(flag.stdout);
    expect(help.stdout).toMatch(/Examples:|--quiet|--folder/);
  });

  it('without a command lists them, and refuses one that is none', async () => {
    const { code, stdout } = await runGlz(['help']);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/predict .*\n.*eval /)]);
    expect((await runGlz(['help', 'nonsense'])).code).toBe(2);
  });
});
