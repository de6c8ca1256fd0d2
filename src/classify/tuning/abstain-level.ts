/** The level of abstention. Imports nothing: browsers know it too. */

/** Below this fit no label is given unless a caller says otherwise: nine of ten right answers are kept (docs/abstain.md). */
export const ABSTAIN_BELOW = 0.4;
