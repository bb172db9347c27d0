import { isJsonObject } from '../json-object.ts';
import { maskValue } from './mask.ts';
import type { LoadedConfig } from './load.ts';

export interface ConfigLine {
  key: string;
  value: unknown;
  origin: string;
}

/**
 * Every setting with its value (secrets masked) and where it came from, in the order of config/default.yaml.
 */
export function listConfig({ config, origins }: LoadedConfig): ConfigLine[] {
  return [...flatten(config, '')].map(([key, value]) => ({
    key,
    value: maskValue(key, value),
    origin: nearestOrigin(key, origins),
  }));
}

function* flatten(value: unknown, prefix: string): Generator<[string, unknown]> {
  if (!isJsonObject(value) || Object.keys(value).length === 0) {
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
