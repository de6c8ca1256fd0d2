/** Exports of Label Studio, in the forms of its documentation. */
import { labelledExample, textOf } from '../../src/data/examples.ts';

const annotation = (choices: string[], more: object = {}, control = 'sentiment') => ({
  id: 1,
  was_cancelled: false,
  result: [{ id: 'a', type: 'choices', from_name: control, to_name: 'text', value: { choices } }],
  ...more,
});
const task = (annotations: object[], data: object = { text: 'late again', author: 'x' }) => ({ id: 7, data, annotations, predictions: [] });
const read = (fields: object, options = {}) => labelledExample(fields as Record<string, unknown>, 'e.json, line 1', options);

describe('tasks of Label Studio', () => {
  it('have their text in data, and the choices of their annotators for labels', () => {
    expect(read(task([annotation(['bad'])]))).toEqual({ text: 'late again', labels: ['bad'], notLabels: [] });
    expect(read(task([annotation(['a']), annotation(['b', 'a']), annotation(['b'])])).labels).toEqual(['a', 'b']);
    expect(read(task([annotation(['bad']), annotation(['good'], { was_cancelled: true })])).labels).toEqual(['bad']);
    // Asked, and nothing chosen.
    expect(read(task([annotation([])])).labels).toEqual([]);
    expect(textOf(task([], { review: 'only one' }), 'x')).toBe('only one');
    expect(textOf(task([], { a: 'one', b: 'two' }), 'x', 'data.b')).toBe('two');
    expect(textOf(task([], { a: 'one', b: 'two' }), 'x', 'b')).toBe('two');
    const both = { ...annotation(['bad']), result: [...annotation(['bad']).result, ...annotation(['x'], {}, 'topic').result] };
    expect(read(task([both]), { labelField: 'topic' }).labels).toEqual(['x']);
    expect(() => read(task([both]))).toThrow('e.json, line 1: choices of sentiment and topic; name the one of labels with --label-field');
    expect(() => read(task([both]), { labelField: 'none' })).toThrow('no choices of "none" (it has sentiment, topic)');
  });

  it.each([
    [task([]), 'e.json, line 1: a task without annotations'],
    [task([annotation(['a'], { was_cancelled: true })]), 'a task without annotations'],
    [task([annotation(['a']), annotation(['b'])]), 'its 2 annotators disagree (a, b); no label has more than half of them'],
    [task([annotation(['a'])], { a: 'one', b: 'two' }), 'no field "text"'],
  ])('that say nothing are named %#', (fields, message) => {
    expect(() => read(fields)).toThrow(message);
  });

  it('in the short forms, JSON and CSV, have several choices in an object', () => {
    expect(read({ text: 'a', sentiment: { choices: ['x', 'y'] }, id: 1 }, { labelField: 'sentiment' }).labels).toEqual(['x', 'y']);
    expect(read({ text: 'a', sentiment: '{"choices": ["x", "y"]}' }, { labelField: 'sentiment' }).labels).toEqual(['x', 'y']);
    expect(read({ text: 'a', sentiment: 'x' }, { labelField: 'sentiment' }).labels).toEqual(['x']);
  });
});
