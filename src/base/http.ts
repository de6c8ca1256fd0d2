/** `fetch` that goes through the proxy that the environment names: HTTPS_PROXY, HTTP_PROXY and NO_PROXY, in capitals or not. */
import { Agent, type Dispatcher, EnvHttpProxyAgent, fetch as undiciFetch } from 'undici';
import { UsageError } from './errors.ts';

/** Hosts that are this machine: no proxy leads to them. */
const LOOPBACK = 'localhost,127.0.0.1,[::1],::1';

/** Time limits of a connection, milliseconds; 0 is none. */
export interface HttpLimits {
  headersTimeout?: number;
  bodyTimeout?: number;
}

/** The proxy of a variable, in small letters before capitals, as curl has it. @throws UsageError where it is no address */
function proxyOf(name: string): string | undefined {
  const value = process.env[name.toLowerCase()] || process.env[name];
  if (!value) return undefined;
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  // Not quoted: it may hold a password.
  if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol))
    throw new UsageError(`${name} is no address of a proxy: it should be like http://proxy.example:3128`);
  return address;
}

function createDispatcher(limits: HttpLimits): Dispatcher {
  const [httpProxy, httpsProxy] = [proxyOf('HTTP_PROXY'), proxyOf('HTTPS_PROXY')];
  if (!httpProxy && !httpsProxy) return new Agent(limits);
  const noProxy = [process.env.no_proxy ?? process.env.NO_PROXY, LOOPBACK].filter(Boolean).join(',');
  // It warns on stderr that it may change; its version is fixed here.
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    // Empty where there is none: left out, it would read the variables itself, and take the one of http for https.
    return new EnvHttpProxyAgent({ ...limits, httpProxy: httpProxy ?? '', httpsProxy: httpsProxy ?? '', noProxy });
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** A `fetch` of its own connections. @throws UsageError, when it is first used, where a variable names no proxy */
export function createFetch(limits: HttpLimits = {}): typeof fetch {
  let dispatcher: Dispatcher | undefined;
  return (async (input: string | URL, init?: RequestInit) => {
    dispatcher ??= createDispatcher(limits);
    return undiciFetch(input, { ...(init as object), dispatcher });
  }) as unknown as typeof fetch;
}
