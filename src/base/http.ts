/**
 * `fetch` that goes through the proxy that the environment names: HTTPS_PROXY, HTTP_PROXY and NO_PROXY, in capitals or not. Node's own goes through none
 * unless it is told to (NODE_USE_ENV_PROXY, in newer ones); what does is undici's, which does not come with glz.
 */
import type * as Undici from 'undici';
import { UsageError } from './errors.ts';
import { optionalPackage, requirePackages } from './optional-package.ts';

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

/** Whether NO_PROXY names a host, or it is this machine: `host`, `host:port`, `.domain` and `*.domain` for all below, `*`. As undici has it. */
function isDirect({ protocol, host, port }: URL): boolean {
  const name = host.replace(/:\d*$/, '').toLowerCase();
  const entries = [process.env.no_proxy ?? process.env.NO_PROXY, LOOPBACK]
    .join(',')
    .toLowerCase()
    .split(/[,\s]+/)
    .filter(Boolean);
  return entries.some((entry) => {
    const [, only = entry, at] = /^(.+[^:]):(\d+)$/.exec(entry) ?? [];
    if (at !== undefined && at !== (port || (protocol === 'https:' ? '443' : '80'))) return false;
    return /^[.*]/.test(only) ? name.endsWith(only.replace(/^\*/, '')) : name === only;
  });
}

/** The proxy on the way to an address, and the variable that names it. HTTP_PROXY stands for both where it is alone. @throws UsageError as {@link proxyOf} */
function proxyTo(url: URL): { name: string; address: string } | undefined {
  const [http, https] = [proxyOf('HTTP_PROXY'), proxyOf('HTTPS_PROXY')];
  const [name, address] = url.protocol === 'https:' && https ? ['HTTPS_PROXY', https] : ['HTTP_PROXY', http];
  return address === undefined || isDirect(url) ? undefined : { name, address };
}

/** What Node's own `fetch` sends requests by: for those who need other time limits, which it has no option for. */
function nodeDispatcher(): Undici.Dispatcher | undefined {
  new Headers(); // loads it
  return (globalThis as Record<symbol, unknown>)[Symbol.for('undici.globalDispatcher.1')] as Undici.Dispatcher | undefined;
}

/** Whether Node's own `fetch` was told to go through the proxies of the environment. */
const goesByItself = (): boolean => nodeDispatcher()?.constructor.name === 'EnvHttpProxyAgent';

const useOf = (name: string): string => `the proxy of ${name}`;

/**
 * Checks that a request can go out, before one does.
 * @throws UsageError where a variable names no proxy; DataError where one is needed and nothing is there that goes through it
 */
export function checkProxy(address: string): void {
  const proxy = proxyTo(new URL(address));
  if (proxy && !goesByItself()) requirePackages(['undici'], useOf(proxy.name));
}

/** Node's own `fetch` with other time limits. */
function directFetch(input: string | URL | Request, init: RequestInit | undefined, limits: HttpLimits): Promise<Response> {
  const own = Object.keys(limits).length > 0 ? nodeDispatcher() : undefined;
  if (!own) return fetch(input, init);
  const dispatch: Undici.Dispatcher['dispatch'] = (options, handler) => own.dispatch({ ...options, ...limits }, handler);
  return fetch(input, { ...init, dispatcher: { dispatch } } as RequestInit);
}

/** A `fetch`. It throws, when it is used, as {@link checkProxy}. */
export function createFetch(limits: HttpLimits = {}): typeof fetch {
  const agents = new Map<string, Undici.ProxyAgent>();
  return async (input: string | URL | Request, init?: RequestInit) => {
    const proxy = proxyTo(new URL(input instanceof Request ? input.url : input));
    if (!proxy || goesByItself()) return directFetch(input, init, limits);
    const { ProxyAgent, fetch: proxiedFetch } = optionalPackage<typeof Undici>('undici', useOf(proxy.name));
    const agent = agents.get(proxy.address) ?? new ProxyAgent({ ...limits, uri: proxy.address });
    agents.set(proxy.address, agent);
    return (await proxiedFetch(input as string, { ...(init as object), dispatcher: agent })) as unknown as Response;
  };
}
