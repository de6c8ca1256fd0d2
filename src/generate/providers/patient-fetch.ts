/** `fetch` without time limits of its own: Node's gives up on an answer that begins after five minutes, which a slow model needs. */
import { createFetch } from '../../base/http.ts';

/** `fetch` whose only time limit is the signal that it is given. */
export const patientFetch = createFetch({ headersTimeout: 0, bodyTimeout: 0 });
