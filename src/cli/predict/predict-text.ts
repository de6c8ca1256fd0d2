import { UsageError } from '../../base/errors.ts';
import { loadClassifier } from '../../classify/load-classifier.ts';
import type { Answers } from '../../classify/questions/questions.ts';
import { checkLabels, rankLabels, scoringOptions } from '../../classify/records/predict-records.ts';
import { JSONL } from '../../data/output-formats/jsonl.ts';
import { LABEL_LINES } from '../../data/output-formats/label-lines.ts';
import { membersOf } from '../../data/record-members.ts';
import { lookAt, noTexts, scriptNote } from '../script-notes.ts';
import { noteLine, printText } from '../terminal.ts';
import { askerOf, labellingOf, noteOf, type PredictFlags } from './predict-flags.ts';

/** Answers for a reader at a terminal: one a line, what is answered and how surely. */
function answerLines(answers: Answers): string {
  const width = Math.max(...Object.keys(answers).map((name) => name.length));
  return Object.entries(answers)
    .map(([name, answer]) => {
      const said = 'level' in answer ? `${answer.level} (${answer.value.toFixed(2)})` : String(answer.answer);
      return `${name.padEnd(width)}  ${said}  confidence ${answer.confidence.toFixed(3)}`;
    })
    .join('\n');
}

/** Labels one text, or answers questions about it. @param given labels of the flags */
export async function predictText(text: string, given: string[] | undefined, called: PredictFlags): Promise<void> {
  const loaded = await loadClassifier(called.checkpoint, { precision: called.precision, threads: called.threads, note: noteOf(called) });
  try {
    const { classifier, flags, labels: chosen, tuned } = await labellingOf(loaded, called, given);
    const asker = await askerOf(classifier, flags);
    if (asker) {
      const [{ answers }] = await asker.answer([text], scoringOptions(flags));
      if (process.stdout.isTTY && !flags.json) printText(answerLines(answers));
      else await JSONL.open(async (piece) => void process.stdout.write(piece)).write(membersOf({ text, answers }));
      return;
    }
    const labels = chosen ?? classifier.labels;
    if (!labels)
      throw new UsageError(
        '--text needs labels: --labels a,b,c or --labels-file FILE (or --questions FILE); the checkpoint was not trained on labels of its own',
      );
    await checkLabels(classifier, labels);
    const [{ logits, cutTokens, unreadable, fit }] = await classifier.logits([{ text, labels }], scoringOptions(flags));
    const ranked = rankLabels(labels, logits, classifier.options.calibration, flags, { fit, tuned });
    if (cutTokens > 0) noteLine(`note: the text is longer than the model reads; its last ${cutTokens} or more tokens were left out`);
    const format = process.stdout.isTTY && !flags.json ? LABEL_LINES : JSONL;
    if (unreadable) process.stderr.write('note: the model can read nothing of the text (empty, or characters that it does not know)\n');
    const [texts, candidates] = [noTexts(), noTexts()];
    lookAt(classifier, texts, text);
    for (const label of labels) lookAt(classifier, candidates, label);
    const foreign = scriptNote(texts, candidates);
    if (foreign !== undefined && !flags.quiet) noteLine(foreign);
    if (ranked.labels.length === 0 && ranked.fit !== undefined && !flags.quiet)
      noteLine(`note: no label is likely to fit (${ranked.fit.toFixed(3)})`);
    const { labels: names, scores, ...said } = ranked;
    await format.open(async (piece) => void process.stdout.write(piece)).write(membersOf({ text, ...said, labels: names, scores }));
  } finally {
    await loaded.dispose();
  }
}
