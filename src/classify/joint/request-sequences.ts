/** The joint sequences of requests: long texts in windows, label sets in groups, of many labels those on the text's shortlist. */
import { buildJointSequence, type JointLayout, type JointSequence, labelTokens, textRoom } from '../../text/joint-sequence.ts';
import { fitTogether, groupLabels } from '../../text/label-groups.ts';
import { textWindows } from '../../text/text-windows.ts';
import type { Tokenizer } from '../../text/tokenizer/tokenizer.ts';
import type { ScoreRequest } from '../classifier.ts';
import type { ScoredWindow } from '../merged-results.ts';
import type { Shortlist } from '../shortlist.ts';
import type { ReadyLabels } from './prepared-labels.ts';
import { LABELS_OF_AN_EXAMPLE, type LongRequest, type Shortlister } from './shortlister.ts';

/** What sequences are made with. */
export interface SequenceMaker {
  tokenizer: Tokenizer;
  layout: JointLayout;
  /** Labels do not read each other. */
  isOneWay: boolean;
  readyLabels: ReadyLabels;
  shortlister: Shortlister | undefined;
}

/** How requests are read. */
export interface ReadingOptions {
  maxLabelsPerGroup: number | undefined;
  shortlist: number | undefined;
  windows: number;
  signal: AbortSignal | undefined;
}

/** A sequence to be scored. */
export interface Work extends ScoredWindow {
  sequence: JointSequence;
  /** Label numbers of the sequence's labels. */
  group: readonly number[];
}

/** What requests come to. */
export interface RequestSequences {
  work: Work[];
  /** Shortlists, by request. */
  listed: Map<number, Shortlist>;
  /** Of each request, whether the model reads nothing of its text. */
  unreadable: boolean[];
}

/** The sequences of a text with a group of labels: one for each of its windows. */
function* windowsOf(
  layout: JointLayout,
  text: Int32Array,
  labelIds: readonly Int32Array[],
  most: number,
): Generator<Pick<Work, 'sequence' | 'windows' | 'cutTokens'>> {
  const taken = labelTokens(
    labelIds.map(({ length }) => length),
    layout,
  );
  const parts = textWindows(text.length, textRoom(layout, taken), most);
  const cutTokens = text.length - parts[parts.length - 1].end;
  for (const { start, end } of parts)
    yield { windows: parts.length, cutTokens, sequence: buildJointSequence(layout, text.subarray(start, end), labelIds) };
}

/** Makes the sequences of requests. @throws DataError for a label without tokens or longer than the layout's limit */
export async function requestSequences(
  { tokenizer, layout, isOneWay, readyLabels, shortlister }: SequenceMaker,
  requests: readonly ScoreRequest[],
  { maxLabelsPerGroup, shortlist, windows, signal }: ReadingOptions,
): Promise<RequestSequences> {
  const textIds = await tokenizer.encodeBatch(
    requests.map(({ text }) => text),
    { atLeast: windows * layout.capacity + 1 },
  );
  const work: Work[] = [];
  const addGroup = (request: number, group: readonly number[], ids: readonly Int32Array[]): void => {
    const labelIds = group.map((label) => ids[label]);
    for (const window of windowsOf(layout, textIds[request], labelIds, windows)) work.push({ request, group, ...window });
  };
  const long: LongRequest[] = [];
  for (const [request, { labels }] of requests.entries()) {
    const ready = await readyLabels(labels);
    const textLength = textIds[request].length;
    // Labels that read each other are best read together, the nearest first; others need it only to be told that there are many.
    const isMany = isOneWay ? labels.length > LABELS_OF_AN_EXAMPLE : !fitTogether(ready.lengths, textLength, layout, { maxLabelsPerGroup });
    if (shortlister && (isMany || (shortlist && labels.length > shortlist)))
      long.push({ request, textIds: textIds[request], labels: ready });
    else for (const group of ready.groupsFor(textLength, maxLabelsPerGroup)) addGroup(request, group, ready.ids);
  }
  const listed = (await shortlister?.choose(long, shortlist, signal)) ?? new Map<number, Shortlist>();
  for (const [request, { labels: list }] of listed) {
    const { ids, lengths } = await readyLabels(requests[request].labels);
    const own = list.map((label) => lengths[label]);
    for (const group of groupLabels(own, textIds[request].length, layout, { maxLabelsPerGroup, inOrder: true })) {
      const numbers = group.map((at) => list[at]).sort((a, b) => a - b);
      addGroup(request, numbers, ids);
    }
  }
  return { work, listed, unreadable: textIds.map((ids, at) => requests[at].text.trim() === '' || !tokenizer.isReadable(ids)) };
}
