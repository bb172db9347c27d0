import { publicAddress } from '../public-address.ts';
import { SECRET_KEYS, type Config } from './schema.ts';
import type { LoadedConfig } from './load.ts';

export interface ConfigLine {
  key: string;
  value: unknown;
  origin: string;
}

/** Every setting with its value (secrets masked) and where it came from, in the order of config/default.yaml. */
export function listConfig({ config, origins }: LoadedConfig): ConfigLine[] {
  return [...flatten(config, '')].map(([key, value]) => ({
    key,
    value: SECRET_KEYS.includes(key) && typeof value === 'string' ? maskSecret(value) : value,
    origin: nearestOrigin(key, origins),
  }));
}

/**
 * A password inside an address is masked alone, so that the host stays readable; any other secret wholly. In the query of a web address
 * every value may be one (`?sig=`); that of a database has settings too.
 */
export function maskSecret(value: string): string {
  if (!URL.canParse(value)) return '********';
  const url = new URL(value);
  if (/^https?:$/.test(url.protocol)) return publicAddress(value);
  if (url.password !== '') url.password = '********';
  for (const name of url.searchParams.keys())
    if (/pass|token|key|secret/i.test(name)) url.searchParams.set(name, '********');
  return url.href;
}

/** Settings that a run took over, as they are shown: the run needs what its addresses hold, those who look at it do not. */
export function withPublicAddresses<T extends Pick<Config, 'data' | 'model'>>(settings: T): T {
  const { data, model } = settings;
  const { url } = data.source;
  return {
    ...settings,
    data: { ...data, source: { ...data.source, url: url === null ? null : publicAddress(url) } },
    model: { ...model, hubUrl: publicAddress(model.hubUrl) },
  };
}

function* flatten(value: unknown, prefix: string): Generator<[string, unknown]> {
  const isTable = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isTable || Object.keys(value).length === 0) {
    yield [prefix, value];
    return;
  }
  for (const [name, child] of Object.entries(value))
    yield* flatten(child, prefix === '' ? name : `${prefix}.${name}`);
}

function nearestOrigin(key: string, origins: LoadedConfig['origins']): string {
  for (let k = key; ; k = k.slice(0, k.lastIndexOf('.'))) {
    const origin = origins.get(k);
    if (origin !== undefined) return origin;
    if (!k.includes('.')) return 'default';
  }
}
