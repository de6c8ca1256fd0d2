/**
 * `glz predict FILES --output FOLDER/`: a part of its own for each input, so that a further run leaves alone what is finished and goes on where one was
 * stopped or killed.
 */
import { someNames } from '../../base/printable.ts';
import { openPart } from '../../classify/shards/part-output.ts';
import { filePlace } from '../../classify/shards/part-place.ts';
import type { PartWork } from './label-target.ts';
import { labellingIdentity } from './labelling-identity.ts';
import { type Labelling, noteOf } from './predict-flags.ts';
import type { Target } from './targets.ts';

/** The outputs of a folder. */
export interface FolderRun {
  /** Begins the results of an input, or goes on with them; undefined where they are finished. @throws as openPart */
  open(target: Target): Promise<PartWork | undefined>;
  /** What was left alone, and what was done again and why. */
  notes(files: number): string[];
}

/** @param inputs all of them, of which --balance makes its shares */
export function folderRun(inputs: readonly string[], labelling: Labelling): FolderRun {
  const { flags } = labelling;
  const note = noteOf(flags);
  const identityOf = labellingIdentity(labelling);
  const finished: string[] = [];
  const again = new Map<string, string[]>();
  let all: string | undefined;
  return {
    async open({ inputs: own, output }) {
      const file = output!;
      const run = identityOf(own);
      if (flags.balance) {
        all ??= identityOf(inputs).input;
        run.input += `, balanced over ${all}`;
      }
      const places = own.map(() => null);
      const end = () => ({ inputs: places });
      const part = await openPart({ place: filePlace(file), run, end, note, replacesRuns: true, overwrites: flags.overwrite });
      if (!part) finished.push(file);
      else if (part.done > 0) note(`${file}: going on behind ${part.done} records that are done`);
      if (part?.difference !== undefined) again.set(part.difference, [...(again.get(part.difference) ?? []), file]);
      return part && { part, share: { shard: { index: 1, of: 1 } }, places };
    },
    notes: (files) => [
      ...[...again].map(([difference, names]) => `labelled again, since the ${difference} changed: ${someNames(names)}`),
      ...(finished.length > 0
        ? [
            `${finished.length} of ${files} files ${finished.length === 1 ? 'was' : 'were'} finished by an earlier run (${someNames(finished)}): left alone; --overwrite labels again`,
          ]
        : []),
    ],
  };
}
