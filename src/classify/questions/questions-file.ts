/** Questions in a file: YAML or JSON, an object of names and questions as `GliZNet.decide` takes it. */
import { readFileSync } from 'node:fs';
import { DataError, errorMessage } from '../../base/errors.ts';
import { parseYaml } from '../../base/yaml.ts';
import { type AskedQuestion, askedQuestions } from './questions.ts';

/** Reads and checks a file of questions. @throws DataError where it cannot be read, UsageError naming file, question and field */
export function readQuestionsFile(path: string): Map<string, AskedQuestion> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new DataError(`cannot read ${path}: ${errorMessage(error)}`);
  }
  return askedQuestions(parseYaml(text, path), path);
}
