/** `fetch` without time limits of its own: Node's gives up on an answer that begins after five minutes, which a slow model needs. */
import { Agent, fetch as undiciFetch } from 'undici';

const dispatcher = new Agent({ headersTimeout: 0, bodyTimeout: 0 });

/** `fetch` whose only time limit is the signal that it is given. */
export const patientFetch = ((input: string | URL, init?: RequestInit) =>
  undiciFetch(input, { ...(init as object), dispatcher })) as unknown as typeof fetch;
