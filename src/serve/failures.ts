/** What a request can be answered with instead of a result, in the three dialects that the server speaks. */
import { DataError, errorMessage, UsageError } from '../base/errors.ts';
import { printable } from '../base/printable.ts';
import { WorkerGoneError } from './protocol.ts';
import { QueueFullError } from './text-queue.ts';

/** How errors are written: glz's own and OpenAI's `{error: {message}}`, System One's `{detail}`. */
export type Dialect = 'openai' | 'systemone';

/** What is wrong with one field of a body. */
export interface FieldFault {
  /** Path from the body on. */
  path: readonly (string | number)[];
  message: string;
}

/** A request that is answered with an error. */
export class RequestError extends Error {
  constructor(
    readonly status: 400 | 401 | 403 | 404 | 405 | 413 | 415 | 422 | 500 | 503,
    message: string,
    readonly faults: readonly FieldFault[] = [],
  ) {
    super(message);
  }
}

/** The server is given up on by a client, or a request took too long. */
export class TimedOutError extends Error {}

/** Seconds after which a client may try again. */
const RETRY_AFTER = '1';

/** Characters of a message at most: it may quote what a client sent. */
const LONGEST = 400;

const KINDS: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  500: 'server_error',
  503: 'server_error',
};

/** What an error is to a client. What is not the request's fault is told in general words: the log has the rest. */
export function asRequestError(error: unknown): RequestError {
  if (error instanceof RequestError) return error;
  if (error instanceof QueueFullError) return new RequestError(503, 'the server is busy: too many texts wait');
  if (error instanceof WorkerGoneError) return new RequestError(503, 'the server is about to end: its model failed');
  if (error instanceof TimedOutError) return new RequestError(503, 'the request took too long');
  if (error instanceof UsageError || error instanceof DataError) return new RequestError(422, errorMessage(error));
  return new RequestError(500, 'the server failed to answer; its log says why');
}

/** An error as a response of a dialect. */
export function errorResponse(error: RequestError, dialect: Dialect): { status: number; headers: Record<string, string>; body: object } {
  const message = printable(error.message).slice(0, LONGEST);
  const headers: Record<string, string> = error.status === 503 ? { 'retry-after': RETRY_AFTER } : {};
  if (error.status === 401) headers['www-authenticate'] = 'Bearer';
  if (dialect === 'openai') {
    const [fault] = error.faults;
    const type = KINDS[error.status] ?? 'invalid_request_error';
    return { status: error.status, headers, body: { error: { message, type, param: fault ? fault.path.join('.') : null, code: null } } };
  }
  if (error.status !== 422) return { status: error.status, headers, body: { detail: message } };
  const faults = error.faults.length > 0 ? error.faults : [{ path: [], message }];
  return {
    ...{ status: 422, headers },
    body: {
      detail: faults.map(({ path, message: msg }) => ({
        loc: ['body', ...path],
        msg: printable(msg).slice(0, LONGEST),
        type: 'value_error',
      })),
    },
  };
}
