/** What of a model's answer says something about a label. */

import { DataError } from '../../src/base/errors.ts';
import { descriptionFault, plainText, spellingKey, wordingFault } from '../../src/generate/descriptions/check.ts';
import { instructions } from '../../src/generate/descriptions/prompt.ts';
import { labelInputs, labelNodes, labelSet, nestedLabels } from '../../src/text/described-labels.ts';

const prompted = instructions(3);

it.each<[string, string | undefined]>([
  ['Invoices, charges and ways to pay', undefined],
  ['发票、扣款和付款方式', undefined],
  ['Bills', "repeats the label's name"],
  ['This label is about bills and related topics.', "repeats the label's name"],
  ['Text that mentions the bill', "repeats the label's name"],
  ['...', 'placeholder'],
  ['', 'placeholder'],
  ['string', 'placeholder'],
  ["I'm sorry, but I cannot describe that", 'refusal'],
  ['One plain sentence of at most 20 words', 'echo of the prompt'],
  [`${'words '.repeat(34)}.`, 'longer than 200 characters'],
  ['Services that are down', 'the same as of another label'],
])('description %j', (description, fault) => {
  const taken = new Set([spellingKey('The service that is down'), spellingKey('Services that are down.')]);
  expect(descriptionFault(plainText(description), { name: 'bill', instructions: prompted, taken })).toBe(fault);
});

it.each<[string, string | undefined]>([
  ['charges and fees', undefined],
  ['请求退款', undefined],
  ['BILLS', 'there already'],
  ['the bill', 'there already'],
  ['outages', 'means another label'],
  ['health care', 'means another label'],
  ['label', 'placeholder'],
  ['wording 2', 'placeholder'],
  ['<wording>', 'placeholder'],
  ['example', 'placeholder'],
  ['!?', 'no label, or too long for one'],
  ['what people ask about when they were charged twice', 'no label, or too long for one'],
  ['one to five words', 'echo of the prompt'],
])('wording %j', (wording, fault) => {
  const label = { others: ['outage', 'healthcare'], instructions: prompted, taken: new Set([spellingKey('bill')]) };
  expect(wordingFault(plainText(wording), label)).toBe(fault);
});

it('takes quotes and doubled blanks off', () => {
  expect(['"a  sentence."', ' “so”\n', "the user's own"].map(plainText)).toEqual(['a sentence.', 'so', "the user's own"]);
});

it('labels come out of a set as they went in', () => {
  const given = [
    { label: 'sport', examples: ['a', 'b'], children: [{ label: 'other', description: 'more of it' }, 'ball'] },
    { label: 'politics', description: 'states', children: [{ label: 'other', examples: ['c'] }] },
    'weather',
  ];
  expect(nestedLabels(labelNodes(labelSet(given, 'given', DataError)))).toEqual(given);
  expect(labelInputs(given, 'given', DataError)).toEqual(given);
});
