/**
 * Where requests may go whose address came from outside. Whoever may send copyloop a URL must not be able to
 * reach, through copyloop, what only its machine can reach: server-side request forgery (CWE-918). The check
 * stands where the connection is made, so it holds for redirects as well, and the address that was checked is
 * the one connected to: a name that changes between two look-ups (DNS rebinding) gains nothing. URLs that the
 * operator wrote into the configuration go without a policy.
 */
import { lookup as lookUp, type LookupAddress } from 'node:dns';
import { lookup as lookUpAsync } from 'node:dns/promises';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { Agent, buildConnector, fetch, type RequestInit, type Response } from 'undici';
import { AppError, toError } from './errors.ts';

export interface DestinationPolicy {
  /** Hosts, as `host` or `host:port`, that may be reached whatever their address is. */
  readonly allowHosts: readonly string[];
}

/** From IANA's registries of special-purpose addresses (RFC 6890 and its updates). */
const REFUSED_IPV4: readonly (readonly [string, number, string])[] = [
  ['127.0.0.0', 8, 'loopback'],
  ['0.0.0.0', 8, 'unspecified'],
  ['10.0.0.0', 8, 'private'],
  ['172.16.0.0', 12, 'private'],
  ['192.168.0.0', 16, 'private'],
  ['100.64.0.0', 10, 'private (carrier-grade NAT)'],
  ['169.254.0.0', 16, 'link-local'],
  ['192.0.0.0', 24, 'reserved'],
  ['192.0.2.0', 24, 'documentation'],
  ['192.88.99.0', 24, 'reserved'],
  ['198.18.0.0', 15, 'benchmarking'],
  ['198.51.100.0', 24, 'documentation'],
  ['203.0.113.0', 24, 'documentation'],
  ['224.0.0.0', 4, 'multicast'],
  ['240.0.0.0', 4, 'reserved'],
];
/**
 * Global unicast is 2000::/3; of that, what carries an IPv4 address inside it or belongs to nobody's network.
 */
const REFUSED_IPV6: readonly (readonly [string, number, string])[] = [
  ['::1', 128, 'loopback'],
  ['fc00::', 7, 'private'],
  ['fe80::', 10, 'link-local'],
  ['ff00::', 8, 'multicast'],
  ['2001::', 23, 'reserved'],
  ['2001:db8::', 32, 'documentation'],
  ['2002::', 16, 'tunnel (6to4)'],
  ['3fff::', 20, 'documentation'],
];
const refused = [
  ...REFUSED_IPV4.map((range) => ({ ...describeRange(range, 'ipv4'), family: 4 })),
  ...REFUSED_IPV6.map((range) => ({ ...describeRange(range, 'ipv6'), family: 6 })),
];
const globalUnicast = new BlockList();
globalUnicast.addSubnet('2000::', 3, 'ipv6');

/** Why an IP address may not be reached on an outsider's word, in a word; undefined for a public address. */
export function refuseAddress(address: string): string | undefined {
  const [bare = ''] = address.split('%', 1);
  const version = isIP(bare);
  if (version === 0) return 'no IP';
  const mapped = version === 6 ? mappedIpv4(bare) : undefined;
  if (mapped !== undefined) return refuseAddress(mapped);
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const hit = refused.find((range) => range.family === version && range.list.check(bare, family));
  if (hit !== undefined) return hit.kind;
  return version === 4 || globalUnicast.check(bare, 'ipv6') ? undefined : 'reserved';
}

/**
 * Looks a URL over before anything is connected, for an early answer to whoever sent it. The request itself
 * must still be made by `fetchWithin`: what a name resolves to may change in between.
 * @throws AppError `invalid-input` for another scheme than http(s) and an unknown name, `forbidden` for a
 *   refused address, `unavailable` while names cannot be looked up
 */
export async function checkDestination(url: string | URL, policy: DestinationPolicy): Promise<void> {
  const { protocol, host, hostname } = new URL(url);
  requireHttp(protocol);
  if (isAllowed(policy, host, hostname)) return;
  const bare = stripBrackets(hostname);
  const addresses = isIP(bare) === 0 ? await resolve(bare) : [{ address: bare }];
  for (const { address } of addresses) requirePublic(hostname, address);
}

/**
 * `fetch` for a URL from outside: follows redirects only to where it could have gone itself.
 * @param policy undefined for an address that the operator configured: any host
 * @throws AppError as `checkDestination`; whatever else `fetch` throws
 */
export async function fetchWithin(
  url: string | URL,
  policy: DestinationPolicy | undefined,
  init: RequestInit = {},
): Promise<Response> {
  if (policy === undefined) return await fetch(url, init);
  requireHttp(new URL(url).protocol);
  try {
    return await fetch(url, { ...init, dispatcher: agentOf(policy) });
  } catch (thrown) {
    const { cause } = toError(thrown);
    throw cause instanceof AppError ? cause : thrown;
  }
}

const agents = new WeakMap<DestinationPolicy, Agent>();

function agentOf(policy: DestinationPolicy): Agent {
  const known = agents.get(policy);
  if (known !== undefined) return known;
  const anywhere = buildConnector({});
  const publicOnly = buildConnector({ lookup: lookUpPublic });
  const agent = new Agent({
    connect: (options, callback) => {
      const { hostname, port, protocol } = options;
      const bare = stripBrackets(hostname);
      const standardPort = protocol === 'https:' ? '443' : '80';
      const host = port === '' || port === standardPort ? hostname : `${hostname}:${port}`;
      if (isAllowed(policy, host, hostname)) return anywhere(options, callback);
      // An address is connected to as it stands: no look-up is asked.
      if (isIP(bare) !== 0) {
        try {
          requirePublic(hostname, bare);
        } catch (thrown) {
          return callback(toError(thrown), null);
        }
      }
      return publicOnly(options, callback);
    },
  });
  agents.set(policy, agent);
  return agent;
}

/** `dns.lookup` that fails when any address of the name is refused. */
const lookUpPublic: LookupFunction = (hostname, options, callback) => {
  lookUp(hostname, { ...options, all: true }, (error, addresses) => {
    try {
      if (error !== null) throw error;
      for (const { address } of addresses) requirePublic(hostname, address);
      const [first] = addresses;
      if (options.all === true || first === undefined) callback(null, addresses);
      else callback(null, first.address, first.family);
    } catch (thrown) {
      callback(toError(thrown), []);
    }
  });
};

function requireHttp(protocol: string): void {
  if (protocol === 'http:' || protocol === 'https:') return;
  throw new AppError(
    'invalid-input',
    `the address has the scheme ${protocol}, only http: and https: are read`,
  );
}

/** The address itself is not told: names of a private network are nothing for whoever sent the URL. */
function requirePublic(hostname: string, address: string): void {
  const kind = refuseAddress(address);
  if (kind === undefined) return;
  throw new AppError(
    'forbidden',
    `${hostname} has a ${kind} address, and a URL that comes in over HTTP may name public hosts only: the operator can allow it by outbound.allowHosts in the configuration`,
    { details: { host: hostname, addressKind: kind } },
  );
}

async function resolve(hostname: string): Promise<LookupAddress[]> {
  try {
    return await lookUpAsync(hostname, { all: true });
  } catch (cause) {
    // Only a name server that does not answer is worth another try: any other name is one that was misspelt.
    const isPassing = (cause as NodeJS.ErrnoException).code === 'EAI_AGAIN';
    throw new AppError(
      isPassing ? 'unavailable' : 'invalid-input',
      `the host ${hostname} cannot be resolved: ${toError(cause).message}`,
      { cause },
    );
  }
}

function isAllowed(policy: DestinationPolicy, host: string, hostname: string): boolean {
  return policy.allowHosts.some((entry) => {
    const allowed = entry.toLowerCase();
    return allowed === host.toLowerCase() || allowed === hostname.toLowerCase();
  });
}

function stripBrackets(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/u, '$1');
}

/** `::ffff:10.0.0.1`, however it is written, is reached as 10.0.0.1. */
function mappedIpv4(address: string): string | undefined {
  const groups = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/u.exec(
    stripBrackets(new URL(`http://[${address}]`).hostname),
  );
  if (groups === null) return undefined;
  const [high, low] = [Number.parseInt(groups[1] ?? '', 16), Number.parseInt(groups[2] ?? '', 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

function describeRange(
  [network, prefix, kind]: readonly [string, number, string],
  family: 'ipv4' | 'ipv6',
): { list: BlockList; kind: string } {
  const list = new BlockList();
  list.addSubnet(network, prefix, family);
  return { list, kind };
}
