import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { WRITER_NAMES, type Config } from '../../core/config/index.ts';
import { AppError } from '../../core/errors.ts';
import { DEFAULT_COUNT } from '../../copy/index.ts';
import { openCatalogue, type Product } from '../../data/index.ts';
import { openBudgetedCopywriter, openVersionScorers } from '../../serving/index.ts';
import { CHAMPION } from '../../tracking/index.ts';
import { COMMON_OPTIONS, defineCommand, parseNumber, parseWhole, type OptionValues } from '../command.ts';
import { findBreaches, tryWriter, type ComparedWriter, type ScoreTexts } from '../compare-writers.ts';
import { COPY_OPTIONS, parseCopyOptions } from '../copy-options.ts';
import { renderJson, renderTable } from '../render.ts';
import { describeWriter, renderComparison } from '../render-comparison.ts';
import { MAPPING_OPTIONS, parseMap } from '../run-request.ts';
import { readConfig, withServices, type Services } from '../services.ts';

const { writer: _, together: __, ...WISHES } = COPY_OPTIONS;
const LIMITS = {
  'max-refused': {
    type: 'string',
    value: 'SHARE',
    about: 'of what a writer proposes, at most so much refused',
  },
  'min-own': { type: 'string', value: 'SHARE', about: "of its texts, at least so many the writer's own" },
  'min-diversity': { type: 'string', value: 'SHARE', about: 'different pairs of words among all pairs' },
  'min-score': { type: 'string', value: 'SCORE', about: "the champion's, of the best texts on average" },
  'max-cost': { type: 'string', value: 'AMOUNT', about: 'of all products' },
  'max-seconds': { type: 'string', value: 'N', about: 'of all products' },
} as const;

export const compareWritersCommand = defineCommand({
  name: 'compare-writers',
  more: 'Ends with exit code 8 where a writer does not keep a limit.',
  usage: '--file FILE --writers A,B [--brand NAME] [--out FILE] [limits]',
  positionals: [],
  options: {
    ...COMMON_OPTIONS,
    file: { type: 'string', value: 'FILE', about: 'the products: any catalogue that predict takes' },
    map: MAPPING_OPTIONS.map,
    writers: { type: 'string', value: 'A,B', about: `of ${WRITER_NAMES.join(', ')}` },
    out: { type: 'string', value: 'FILE', about: 'the page (default: writers.html)' },
    products: { type: 'string', value: 'N', about: 'only the first N (default: 20)' },
    ...WISHES,
    ...LIMITS,
    json: { type: 'boolean', about: 'the summary as JSON' },
  },
  examples: [
    'copyloop compare-writers --file products.csv --writers openai,templates --brand acme --max-refused 0.2',
  ],
  run: async ({ options, terminal, signal }) => {
    const { config } = readConfig(options);
    const writers = parseWriters(options.writers);
    const { file, out = 'writers.html' } = options;
    if (file === undefined) throw new AppError('invalid-input', 'copyloop compare-writers needs --file FILE');
    const wishes = parseCopyOptions(options);
    const limits = readLimits(options);
    const most = parseWhole('products', options.products, { min: 1, max: 10_000 }) ?? 20;
    const products = await readProducts(config, file, { map: parseMap(options.map), most, signal });
    await withServices(config, { role: 'cli' }, async (services) => {
      const compared: ComparedWriter[] = [];
      const request = { ...wishes, count: wishes.count ?? DEFAULT_COUNT };
      await withChampion(services, async (score) => {
        if (score === undefined) terminal.note('there is no champion: texts have no scores');
        for (const name of writers) {
          const { db } = services.database;
          const alone = { ...config, copy: { ...config.copy, writer: name, together: false } };
          const copywriter = openBudgetedCopywriter({ config: alone, db, log: services.log });
          try {
            compared.push(await tryWriter(name, copywriter, products, { request, score, signal }));
          } finally {
            await copywriter.close();
          }
        }
      });
      const summaries = compared.map(({ summary }) => summary);
      const breaches = findBreaches(summaries, limits);
      const title = `${writers.join(', ')} on ${products.length} products of ${path.basename(file)}${wishes.brand === undefined ? '' : `, for ${wishes.brand}`}`;
      await writeFile(out, renderComparison(products, compared, { title, breaches }));
      terminal.print(
        options.json === true
          ? renderJson({ writers: summaries, breaches })
          : renderTable(
              ['WRITER', 'OWN', 'REFUSED', 'DIVERSITY', 'SCORE', 'SECONDS', 'TOKENS', 'COST'],
              summaries.map(describeWriter),
            ),
      );
      terminal.note(`the texts are in ${out}`);
      if (breaches.length > 0) throw new AppError('bad-data', breaches.join('; '));
    });
  },
});

function parseWriters(text: string | undefined): Config['copy']['writers'] {
  const names = (text ?? '').split(',').filter((name) => name !== '');
  const known = names.map((name) => WRITER_NAMES.find((each) => each === name.trim()));
  if (names.length > 0 && !known.includes(undefined)) return known.filter((name) => name !== undefined);
  throw new AppError(
    'invalid-input',
    `--writers is "${text ?? ''}": names of ${WRITER_NAMES.join(', ')} are needed, separated by commas`,
  );
}

function readLimits(options: OptionValues<typeof LIMITS>) {
  return {
    maxRefused: parseNumber('max-refused', options['max-refused']),
    minOwn: parseNumber('min-own', options['min-own']),
    minDiversity: parseNumber('min-diversity', options['min-diversity']),
    minScore: parseNumber('min-score', options['min-score']),
    maxCost: parseNumber('max-cost', options['max-cost']),
    maxSeconds: parseNumber('max-seconds', options['max-seconds']),
  };
}

/** @throws AppError `bad-data` where the file holds no product */
async function readProducts(
  config: Config,
  file: string,
  { map, most, signal }: { map: ReturnType<typeof parseMap>; most: number; signal: AbortSignal },
): Promise<Product[]> {
  const rows = await openCatalogue(
    { kind: 'artifact', key: file, name: path.basename(file), format: null },
    {
      store: { get: (key) => Promise.resolve(createReadStream(key)) },
      map: map ?? config.data.map,
      limits: { ...config.data.source, destinations: config.outbound },
      signal,
    },
  );
  const products: Product[] = [];
  for await (const row of rows) {
    if ('product' in row) products.push(row.product);
    if (products.length >= most) break;
  }
  if (products.length === 0) throw new AppError('bad-data', `${file} holds no product that can be used`);
  return products;
}

async function withChampion(
  { config, artifacts, tracking, log, resources }: Services,
  body: (score: ScoreTexts | undefined) => Promise<void>,
): Promise<void> {
  const champion = await tracking.registry.findAlias(config.model.name, CHAMPION);
  if (champion === undefined) return await body(undefined);
  const scorers = resources.add(
    'version scorers',
    openVersionScorers({ registry: tracking.registry, artifacts, config, log }),
  );
  await scorers.withVersion({ name: champion.name, version: champion.version }, body);
}
