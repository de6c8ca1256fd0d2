/** What an export shows its files with: in `example.json` and in the code of its README. */

/** The example's text. */
export const EXAMPLE_TEXT = 'The parcel never came, and nobody answers the phone.';
/** Labels of which the first is its. */
export const EXAMPLE_LABELS = ['delivery', 'billing', 'praise'];
