/** Secrets of the configuration as they may be shown. */
import { publicAddress } from '../public-address.ts';
import { isJsonObject } from '../json-object.ts';
import { SECRET_KEYS, type Config } from './schema.ts';

const MASK = '********';
const ADDRESS_KEY = /(?:url|uri|endpoint)$/iu;

/**
 * The value of a key as a listing or an error may show it: a secret masked, and an object that holds one too.
 */
export function maskValue(key: string, value: unknown): unknown {
  if (value === null || value === undefined) return value;
  if (SECRET_KEYS.includes(key))
    return typeof value === 'string' && ADDRESS_KEY.test(key) ? maskSecret(value) : MASK;
  return SECRET_KEYS.some((secret) => secret.startsWith(`${key}.`)) ? MASK : value;
}

/**
 * A password inside an address is masked alone, so that the host stays readable; any other secret wholly. In
 * the query of a web address every value may be one (`?sig=`); that of a database has settings too.
 */
export function maskSecret(value: string): string {
  if (!URL.canParse(value)) return MASK;
  const url = new URL(value);
  if (/^https?:$/.test(url.protocol)) return publicAddress(value);
  if (url.password !== '') url.password = MASK;
  for (const name of url.searchParams.keys())
    if (/pass|token|key|secret/i.test(name)) url.searchParams.set(name, MASK);
  return url.href;
}

/**
 * Settings that a run took over, as they are shown: the run needs what its addresses hold, those who look at
 * it do not.
 */
export function withPublicAddresses<T extends Pick<Config, 'data' | 'model'>>(settings: T): T {
  const { data, model } = settings;
  const source = Object.fromEntries(
    Object.entries(data.source).map(([key, value]) => [key, maskValue(`data.source.${key}`, value)]),
  ) as Config['data']['source'];
  return {
    ...settings,
    data: { ...data, source },
    model: { ...model, hubUrl: publicAddress(model.hubUrl) },
  };
}

/** An address in running text; what a sentence ends with is not part of it. */
const ADDRESS = /\b[a-z][a-z0-9+.-]*:\/\/[^\s"'<>]*[^\s"'<>.,;:)\]]/giu;
const BEARER = /\b(Bearer|Basic)\s+[\w.~+/=-]{8,}/giu;
/** A shorter value stands in many words that are no secret. */
const SHORTEST_SECRET = 6;

/**
 * Masks what running text must not show: the secrets of the configuration wherever they stand, and what
 * addresses and headers carry.
 */
export function createSecretMask(config: Config): (text: string) => string {
  const secrets = SECRET_KEYS.flatMap((key) => {
    const value = key
      .split('.')
      .reduce<unknown>((at, name) => (isJsonObject(at) ? at[name] : undefined), config);
    return typeof value === 'string' && value.length >= SHORTEST_SECRET && !URL.canParse(value)
      ? [value]
      : [];
  });
  return (text) => {
    let masked = text.replaceAll(ADDRESS, (address) => maskSecret(address));
    masked = masked.replaceAll(BEARER, (_, scheme: string) => `${scheme} ${MASK}`);
    for (const secret of secrets) masked = masked.replaceAll(secret, MASK);
    return masked;
  };
}
