import { hasColours, lookOf, PLAIN } from '../../../src/base/terminal/look.ts';

const terminal = { isTTY: true, columns: 90 };

it.each([
  ['a terminal', terminal, {}, true],
  ['a pipe', {}, {}, false],
  ['a terminal with NO_COLOR', terminal, { NO_COLOR: '1' }, false],
  ['a terminal with an empty NO_COLOR', terminal, { NO_COLOR: '' }, true],
  ['a terminal that is dumb', terminal, { TERM: 'dumb' }, false],
  ['a pipe with FORCE_COLOR', {}, { FORCE_COLOR: '1' }, true],
  ['a pipe with an empty FORCE_COLOR', {}, { FORCE_COLOR: '' }, true],
  ['a pipe with FORCE_COLOR and NO_COLOR', {}, { FORCE_COLOR: '1', NO_COLOR: '1' }, true],
  ['a terminal with FORCE_COLOR=0', terminal, { FORCE_COLOR: '0' }, false],
  ['a terminal with FORCE_COLOR=false', terminal, { FORCE_COLOR: 'false' }, false],
])('%s: colours %#', (_, stream, env, expected) => {
  expect(hasColours(stream, env)).toBe(expected);
  expect(lookOf(stream, env).paint('x', 'good')).toBe(expected ? '\u001b[32mx\u001b[39m' : 'x');
});

it('a terminal has its width, all else any; what has no tone is left as it is', () => {
  expect([lookOf(terminal, {}).width, lookOf({}, { FORCE_COLOR: '1' }).width, PLAIN.width]).toEqual([90, Infinity, Infinity]);
  expect([lookOf(terminal, {}).paint('x', undefined), lookOf(terminal, {}).paint('', 'poor'), PLAIN.paint('x', 'poor')]).toEqual([
    'x',
    '',
    'x',
  ]);
});
