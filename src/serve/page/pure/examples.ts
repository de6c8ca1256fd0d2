/** Texts and labels to begin with: the page shows at once what it does. */

import type { LabelInput } from '../../../text/described-labels.ts';

/** An example. */
export interface PageExample {
  name: string;
  text: string;
  labels: readonly LabelInput[];
}

/** The examples; the first is there when the page opens. */
export const EXAMPLES: readonly PageExample[] = [
  {
    name: 'a ticket',
    text: 'I was charged twice for one parcel. Please refund one of the payments today!',
    labels: ['billing', 'delivery', 'technical problem', 'praise', 'cancellation'],
  },
  {
    name: 'a review',
    text: 'The rooms were spotless and the staff could not have been kinder, but the music from the bar kept us awake until two.',
    labels: ['cleanliness', 'staff', 'noise', 'food', 'price', 'location'],
  },
  {
    name: 'a headline',
    text: 'Central bank holds interest rates as inflation falls to its lowest in three years',
    labels: ['economy', 'politics', 'sports', 'science', 'culture', 'weather'],
  },
  {
    name: 'a tree',
    text: 'After the update the app logs me out each time I open it, and the reset link never arrives.',
    labels: [
      { label: 'money', children: ['wrong charge', 'refund', { label: 'invoice', description: 'a bill, or a receipt for one' }] },
      { label: 'account', children: ['signing in', 'change of address', 'closing an account'] },
      { label: 'app', children: ['crashes', 'slow', 'wish for a feature'] },
    ],
  },
];
