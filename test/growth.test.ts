/**
 * Every entrance that takes text from outside, in one list: twice the text takes about twice the time,
 * however it is made. Careless patterns froze a server for half a minute. What is asked over HTTP (each text
 * of each operation, filters, headers, multipart) is in integration/server-growth.test.ts and
 * tracking-floods.test.ts.
 */
import path from 'node:path';
import { Readable } from 'node:stream';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseArtifactFolder, parseArtifactKey } from '../src/core/artifact-store.ts';
import { classifierText } from '../src/core/classifier-text.ts';
import { isTooDeep } from '../src/core/json-depth.ts';
import { toPlainText } from '../src/core/markup.ts';
import { packageRoot } from '../src/core/paths.ts';
import { findUnprintable } from '../src/core/plain-text.ts';
import { createBrief } from '../src/copy/brief/index.ts';
import { smsParts, toGsm7 } from '../src/copy/channels/sms.ts';
import { xWeightedLength } from '../src/copy/channels/x-length.ts';
import { createClaimSource, findUnsupportedClaim } from '../src/copy/check/claims.ts';
import { listEvidence } from '../src/copy/check/evidence.ts';
import { findClaims } from '../src/copy/check/find-claims.ts';
import { withoutInstructions } from '../src/copy/check/instructions.ts';
import { splitPhrases } from '../src/copy/explain/phrases.ts';
import { detectLanguage } from '../src/copy/languages/index.ts';
import { parseAnswer } from '../src/copy/writers/answer.ts';
import { tidyProposal } from '../src/copy/writers/prompt.ts';
import { maskPersonalData } from '../src/data/checks/personal-data.ts';
import { hashWords } from '../src/data/checks/words.ts';
import { openTable } from '../src/data/format/open-table.ts';
import { openRecords } from '../src/data/reading/read-records.ts';
import { readListText } from '../src/data/reading/rich-text.ts';
import { createNumberEvidence } from '../src/data/values/numbers.ts';
import { createTimeEvidence } from '../src/data/values/times.ts';
import { openTokenizer, type TextTokenizer } from '../src/ml/index.ts';
import { parseRecipe } from '../src/ml/recipes.ts';
import { checkLocation, checkSource } from '../src/server/mlflow/locations.ts';
import { requiredFloat, requiredInt } from '../src/server/mlflow/wire.ts';
import { artifactKeyOf, type TrackingStore } from '../src/tracking/index.ts';
import { checkAlias, checkExperimentName, checkKey, checkModelName } from '../src/tracking/limits.ts';
import { parseFilter, parseOrder } from '../src/tracking/search/parse.ts';
import { isSteep } from './growth.ts';

const nothing = {} as TrackingStore;
const sourceOf = (source: string) => ({ source, runId: undefined, modelId: undefined });

/**
 * Parsers of a line. The longest filter is of 100,000 characters; others read more than any request brings.
 */
const LINES: [string, (text: string) => unknown][] = [
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

const LINE_TEXTS: [string, (size: number) => string][] = [
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

describe.each(LINES)('%s', (_, read) => {
  it.each(LINE_TEXTS)('takes no more than its share of time for %s', async (__, textOf) => {
    for (const size of [10_000, 100_000])
      expect(await isSteep((count) => read(textOf(count)), size, 'processor')).toBe(false);
  });
});

let tokenizer: TextTokenizer;
beforeAll(async () => {
  tokenizer = await openTokenizer(path.join(packageRoot, 'assets/encoder'));
});

/** Readers of what products, people and language models say, of which 10,000 characters are taken. */
const PROSE: [string, (text: string) => unknown][] = [
  ['a text for the classifier', (text) => classifierText({ title: 'Lamp', description: text })],
  ['the tokenizer', (text) => tokenizer.encode(text, 128)],
  ['the tokenizer to the last token', (text) => tokenizer.encode(text, text.length)],
  ['a recipe', (text) => parseRecipe({ [text]: text, trainer: text }, text)],
  ['plain text', (text) => findUnprintable(text)],
  ['a description for copy', (text) => createBrief({ title: 'Lamp', description: text })],
  ['a title for copy', (text) => createBrief({ title: text, description: 'A lamp.' })],
  ['instructions', (text) => withoutInstructions(text)],
  ['the claims of a text', (text) => findUnsupportedClaim(text, createClaimSource([text]))],
  ['the claims of a text laid open', (text) => findClaims(text, [text])],
  ['the evidence of a text', (text) => listEvidence(text, { description: text })],
  ['phrases', (text) => splitPhrases(text, 48)],
  ['a language', (text) => detectLanguage(text)],
  ['the length of a post', (text) => xWeightedLength(text)],
  ['the parts of an SMS', (text) => smsParts(toGsm7(text))],
  ["a language model's answer", (text) => parseAnswer(text, [])],
  ["an object in a language model's answer", (text) => parseAnswer(`{"x": ${text}`, [])],
  ["a language model's proposal", (text) => tidyProposal(text)],
  ['personal data', (text) => maskPersonalData(text)],
  ['words for near duplicates', (text) => hashWords(text)],
];

const PROSE_TEXTS: ((size: number) => string)[] = [
  ...['1', '/', ' ', '\n', ',', '"', "'", '[', '{', '<', '&', 'a', '\u0301', '\u4e2d'].map(
    (one) => (size: number) => `x${one.repeat(size)}x`,
  ),
  ...['1.', 'a.', 'a@', 'a-', 'aB', 'e\u0301', '\u{1f469}\u200d', '{"x":', '<b ', '<!--', '&amp'].map(
    (one) => (size: number) => one.repeat(size / one.length),
  ),
  ...['and ', '3 kg ', '#a ', 'Aaa ', 'a: ', 'http://a.', '+1 (2) ', '<think>', '```json\n'].map(
    (one) => (size: number) => one.repeat(size / one.length),
  ),
  (size) => Array.from({ length: size / 6 }, (_, at) => `w${at.toString(36)}`).join(' '),
];

describe.each(PROSE)('%s', (_, read) => {
  it('takes no more than its share of time, whatever stands there', async () => {
    for (const [at, textOf] of PROSE_TEXTS.entries())
      expect(await isSteep((count) => read(textOf(count)), 10_000, 'processor', 2), String(at)).toBe(false);
  });
});

const openText = async (text: string) =>
  await openTable(Readable.from(cut(Buffer.from(text))) as AsyncIterable<Uint8Array>, {
    name: 'a',
    named: [],
  });

async function readAll(text: string): Promise<void> {
  for await (const row of (await openText(text)).read()) void row;
}

function* cut(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 1 << 16) yield bytes.subarray(at, at + (1 << 16));
}

const readCell = (cell: string): void => {
  createNumberEvidence().read(cell);
  createTimeEvidence().read(cell);
};

/** Files, each of a size where constant costs are small. */
const FILES: [string, number, (size: number) => unknown][] = [
  ['columns of a header', 400_000, (n) => readAll(`${'c,'.repeat(n)}c\n1\n`)],
  ['digits of a cell', 4_000_000, (n) => readCell('1'.repeat(n))],
  ['quotes of a list in a cell', 1_000_000, (n) => readListText(`['${'"\\\''.repeat(n)}]`)],
  ['separators of a cell', 4_000_000, (n) => readCell('1,'.repeat(n))],
  ['rows without a delimiter', 100_000, (n) => readAll('title\n'.repeat(n))],
  ['rows of quotes', 60_000, (n) => readAll(`a,b\n${'"x""",y\n'.repeat(n)}`)],
  ['a quote that is never closed', 3_000_000, (n) => readAll(`a,b\n"${'x'.repeat(n)}`)],
  ['lines of CR alone', 100_000, (n) => readAll('a,b\r'.repeat(n))],
  ['elements of a JSON list', 50_000, (n) => readAll(`[${'{"a":1},'.repeat(n)}{}]`)],
  [
    'fields of a record that hold records',
    20_000,
    async (n) => {
      const fields = Array.from({ length: n }, (_, at) => `"k${at}":{"a":1}`).join(',');
      await openRecords(await openText(`[{"title":"Lamp",${fields}}]`), {
        map: {},
        label: null,
        uses: ['title'],
      });
    },
  ],
  ['levels of JSON', 2_000_000, (n) => readAll(`[{"a":${'['.repeat(n)}${']'.repeat(n)}}]`)],
  [
    'items of a feed',
    15_000,
    (n) => readAll(`<rss><channel>${'<item><title>x</title></item>\n'.repeat(n)}</channel></rss>`),
  ],
  ['levels of a feed', 100_000, (n) => readAll(`<rss>${'<item>'.repeat(n)}`)],
  [
    'elements of one name in an item of a feed',
    30_000,
    (n) => readAll(`<rss><channel><item><title>x</title>${'<p/>'.repeat(n)}</item></channel></rss>`),
  ],
  ['tags of a description', 8000, (n) => toPlainText('<b>x</b> &amp; '.repeat(n))],
  ['levels of a description', 16_000, (n) => toPlainText('<div>'.repeat(n))],
];

it.each(FILES)('%s are read in linear time', async (_, size, read) => {
  // Refusing is an answer too; it must come in time.
  expect(await isSteep(read, size, 'processor', 2)).toBe(false);
});
