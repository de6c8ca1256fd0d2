/** `glz predict --text`: one text labelled, or questions about it answered; as JSON, or for a reader at a terminal. */
import { UsageError } from '../../base/errors.ts';
import { shownText } from '../../base/printable.ts';
import { hasColours, lookOf } from '../../base/terminal/look.ts';
import { explain, explainedLabels } from '../../classify/explain/explain.ts';
import { scoringOfSets } from '../../classify/levels.ts';
import type { Answers } from '../../classify/questions/questions.ts';
import { rankSet } from '../../classify/rank-labels.ts';
import { foundMembers } from '../../classify/records/labelled-record.ts';
import { scoringOptions } from '../../classify/records/predict-records.ts';
import { checkLabels } from '../../classify/records/prepared-record.ts';
import { rankAll } from '../../classify/records/ranked-record.ts';
import { JSONL } from '../../data/output-formats/jsonl.ts';
import { labelLines } from '../../data/output-formats/label-lines.ts';
import type { OutputFormat } from '../../data/output-formats/output-format.ts';
import { allScores } from '../../data/output-formats/score-columns.ts';
import { membersOf, type RecordMember } from '../../data/record-members.ts';
import { type LabelSet, labelNames } from '../../text/label-texts.ts';
import { noteLine, printText } from '../terminal/terminal.ts';
import { explainedText } from './explained-text.ts';
import { askerOf, labellingOf, type PredictFlags } from './predict-flags.ts';
import { formatOfResults, openResults } from './results.ts';
import { countScript, labelsLookedAt, noTexts, scriptNote } from './script-notes.ts';

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

/** Writes JSON to stdout. */
async function print(piece: string | Uint8Array): Promise<void> {
  process.stdout.write(process.stdout.isTTY ? shownText(piece.toString()) : piece);
}

/** Writes a result as that of a file is written. @param wide labels that have a column each */
async function writeResult(found: RecordMember[], format: OutputFormat, flags: PredictFlags, wide?: readonly string[]): Promise<void> {
  const { output } = openResults(flags.output, format);
  try {
    const formOfInput = () => ({ delimiter: flags.delimiter });
    const writer = format.open(output.write, { isMultiLabel: flags.multiLabel, formOfInput, ...(wide ? { wide } : {}) });
    await writer.begin?.(found);
    await writer.write(found);
    await writer.end();
    await output.finish();
  } catch (error) {
    output.discard?.();
    throw error;
  }
}

/** The format of a file, where the flags name one or a format; undefined for what is shown. @throws as formatOfResults */
function namedFormat(flags: PredictFlags): OutputFormat | undefined {
  const isNamed = flags.output !== undefined || flags.outputFormat !== undefined || flags.wide === true;
  return isNamed ? formatOfResults(flags.output, flags) : undefined;
}

/** Labels one text, or answers questions about it. @param given labels of the flags */
export async function predictText(text: string, given: LabelSet | undefined, called: PredictFlags): Promise<void> {
  const named = namedFormat(called);
  const { classifier, flags, labels: chosen, tuned } = await labellingOf(called, given);
  try {
    const asker = await askerOf(classifier, flags);
    if (asker) {
      const [{ answers }] = await asker.answer([text], scoringOptions(flags));
      if (named) await writeResult(membersOf({ text, answers }), named, flags);
      else if (process.stdout.isTTY && !flags.json) printText(answerLines(answers));
      else await JSONL.open(print).write(membersOf({ text, answers }));
      return;
    }
    const set = chosen ?? (classifier.labels && { labels: classifier.labels });
    if (!set)
      throw new UsageError(
        '--text needs labels: --labels a,b,c or --labels-file FILE (or --questions FILE); the checkpoint was not trained on labels of its own',
      );
    const { labels } = set;
    await checkLabels(classifier, set, flags.labelsFile);
    const scoring = scoringOfSets([set], scoringOptions(flags));
    const [{ logits, cutTokens, unreadable, unknownScript, fit: anyFit }] = await classifier.logits([{ text, labels }], scoring);
    const ranked = rankSet(set, logits, classifier.options.calibration, flags, { fit: anyFit, tuned });
    if (cutTokens > 0) noteLine(`note: the text is longer than the model reads; its last ${cutTokens} or more tokens were left out`);
    const isShown = process.stdout.isTTY && !flags.json && !named;
    const format = isShown ? labelLines(lookOf(process.stdout)) : JSONL;
    if (unreadable) process.stderr.write('note: the model can read nothing of the text (empty, or characters that it does not know)\n');
    const texts = noTexts();
    countScript(texts, unknownScript);
    const foreign = scriptNote(texts, labelsLookedAt(classifier, labels));
    if (foreign !== undefined && !flags.quiet) noteLine(foreign);
    const requests = [{ text, labels, logits, ...explainedLabels(set, ranked, flags) }];
    const explanations = flags.explain ? (await explain(classifier, requests, scoringOptions(flags)))[0] : undefined;
    if (ranked.fit !== undefined && ranked.labels.length === 0 && !flags.quiet)
      noteLine(`note: no label is likely to fit (${ranked.fit.toFixed(3)})`);
    const found = [...membersOf({ text }), ...foundMembers({ ...ranked, ...(explanations ? { explanations } : {}) })];
    if (named && flags.wide) {
      const all = rankAll(set, logits, classifier.options.calibration, { multiLabel: flags.multiLabel, tuned });
      return await writeResult([...found, ...allScores(all.labels, all.scores)], named, flags, labelNames(labels));
    }
    if (named) return await writeResult(found, named, flags);
    await format.open(isShown ? async (piece) => void process.stdout.write(piece) : print).write(found);
    if (!explanations?.length || !isShown) return;
    // Labels in levels do not all compete.
    const shown = { hasColours: hasColours(process.stdout, process.env), isChoice: !flags.multiLabel && !ranked.path };
    process.stdout.write(`\n${explainedText(text, explanations, shown)}`);
  } finally {
    await classifier.dispose();
  }
}
