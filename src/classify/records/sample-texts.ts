/** Some texts of a file of records, without holding all of them. */

import { DataError } from '../../base/errors.ts';
import { randomInteger, randomStream } from '../../base/random.ts';
import { textOf } from '../../data/examples.ts';
import type { SourceRecord } from '../../data/read-records.ts';

/** So many texts drawn at random from all records, the same ones every time (reservoir sampling). Records without a text are passed over. */
export async function sampleTexts(records: AsyncIterable<SourceRecord>, count: number, textField?: string): Promise<string[]> {
  const random = randomStream(count);
  const texts: string[] = [];
  let seen = 0;
  for await (const { fields } of records) {
    let text: string;
    try {
      text = textOf(fields, '', textField);
    } catch (error) {
      if (error instanceof DataError) continue; // labelling the records names it
      throw error;
    }
    seen++;
    if (texts.length < count) texts.push(text);
    else {
      const place = randomInteger(random, seen);
      if (place < count) texts[place] = text;
    }
  }
  return texts;
}
