/**
 * Every entrance of tracking that reads text from outside takes time in proportion to it: careless patterns
 * froze a server for half a minute.
 */
import { describe, expect, it } from 'vitest';
import { parseArtifactFolder, parseArtifactKey } from '../../src/core/artifact-store.ts';
import { isTooDeep } from '../../src/core/json-depth.ts';
import { checkLocation, checkSource } from '../../src/server/mlflow/locations.ts';
import { requiredFloat, requiredInt } from '../../src/server/mlflow/wire.ts';
import { artifactKeyOf, type TrackingStore } from '../../src/tracking/index.ts';
import { checkAlias, checkExperimentName, checkKey, checkModelName } from '../../src/tracking/limits.ts';
import { parseFilter, parseOrder } from '../../src/tracking/search/parse.ts';
import { isSteep } from '../growth.ts';

const nothing = {} as TrackingStore;
const sourceOf = (source: string) => ({ source, runId: undefined, modelId: undefined });

const ENTRANCES: [string, (text: string) => unknown][] = [
  ['a filter', (text) => parseFilter(text)],
  ['a value in a filter', (text) => parseFilter(`metrics.loss > ${text}`)],
  ['an order', (text) => parseOrder(text)],
  ['a double', (text) => requiredFloat.safeParse(text)],
  ['an integer', (text) => requiredInt.safeParse(text)],
  ['an artifact location', (text) => checkLocation(`mlflow-artifacts:${text}`)],
  ['an artifact location elsewhere', (text) => checkLocation(`s3://${text}`)],
  ['a source', async (text) => await checkSource(sourceOf(`mlflow-artifacts:/${text}`), nothing)],
  ['a source elsewhere', async (text) => await checkSource(sourceOf(`http://${text}`), nothing)],
  ['an artifact URI', (text) => artifactKeyOf(`mlflow-artifacts:/0/${text}`, text)],
  ['an artifact path', (text) => parseArtifactKey(text)],
  ['an artifact folder', (text) => parseArtifactFolder(`${text}/`)],
  ['a key', (text) => checkKey('metric', text)],
  ['the name of an experiment', (text) => checkExperimentName(text)],
  ['the name of a model', (text) => checkModelName(text)],
  ['an alias', (text) => checkAlias(text)],
  ['JSON', (text) => isTooDeep(`{"a": "${text}`)],
];

const TEXTS: [string, (size: number) => string][] = [
  ['digits and a letter', (size) => `${'1'.repeat(size)}x`],
  ['slashes and a letter', (size) => `${'/'.repeat(size)}x`],
  ['spaces and a letter', (size) => `a${' '.repeat(size)}x`],
  ['encoded percent signs', (size) => `%${'25'.repeat(size)}`],
  ['encoded letters', (size) => '%61'.repeat(size)],
  ['quotes', (size) => `'${"''".repeat(size)}`],
  ['backslashes', (size) => `${'\\'.repeat(size)}x`],
  ['dots', (size) => `${'../'.repeat(size)}x`],
  ['words', (size) => 'a = 1 AND '.repeat(size)],
  ['numbers with exponents', (size) => `${'1e1'.repeat(size)}.`],
];

describe.each(ENTRANCES)('%s', (_, read) => {
  it.each(TEXTS)('takes no more than its share of time for %s', async (__, textOf) => {
    // The longest that the parsers of filters read is 100,000; others are asked for more than any request
    // brings.
    for (const size of [10_000, 100_000])
      expect(await isSteep((count) => read(textOf(count)), size, 'processor')).toBe(false);
  });
});
