/**
 * Whether the loop learns what people like: npm run bench:loop
 *
 * A simulated shop of seven tastes (bench/loop/tastes.ts) that copyloop is not told, for ad copy and for X.
 * The real copywriter proposes the texts, the real rows and the real head learn, the real policy draws; only
 * the people are made up. The way is the share of what lies between a random and the best text that the
 * best-scored texts of products make which nobody ever saw.
 *
 *   trials   one round of feedback and one training, as somebody who tries copyloop does it
 *   stream   products one after another, ten days each, with clicks that reports tell late and restate
 *   wrong    the stream's first products under a champion that learned the opposite and stays
 *   draw     what a choice costs the main thread, for an answer of two fields with eight texts each
 *
 * Beside the policies `best` and `explore`: `today`, one bit a text against the rate of all feedback;
 * Thompson sampling without a prior; test-then-commit; and, of trials, `told the truth`: what the head learns
 * of the same texts from their rates in place of clicks. Intervals hold 95 % of the means over draws.
 *
 * `-- --quick` (three minutes, nothing written) ends with exit code 1 below a floor; `-- --write` puts table
 * and plot into docs. Encoded texts are kept below var/bench-loop.
 */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { packageRoot } from '../src/core/paths.ts';
import { createRandom } from '../src/core/random.ts';
import { computePropensities, draw, priorOf, UNTRIED } from '../src/learning/index.ts';
import { startTimer } from './figures.ts';
import { learn } from './loop/learner.ts';
import { renderPlot, type Line } from './loop/plot.ts';
import { FIELDS, openShop, type Shop, type ShopProduct } from './loop/shop.ts';
import { POLICIES, runStream, type Policy, type StreamResult } from './loop/stream.ts';
import { TASTES, type Taste } from './loop/tastes.ts';
import { runTrial, TRIALS } from './loop/trials.ts';
import { readOptions } from './read-options.ts';

/** In a quick run: far below what is reached, and far above what a loop that learns nothing would. */
const QUICK_FLOOR = 0.4;
/** Of Thompson's clicks without a prior, under a wrong champion. */
const WRONG_FLOOR = 0.95;
/** CPU time of the choice for an answer. */
const MAX_DRAW_MS = 0.3;
const DRAWN_ANSWERS = 5000;

const values = readOptions(import.meta.url, {
  quick: { type: 'boolean', default: false },
  write: { type: 'boolean', default: false },
  draws: { type: 'string', default: '' },
  products: { type: 'string', default: '3000' },
  shop: { type: 'string', default: '1000' },
  parts: { type: 'string', default: 'trials,stream,wrong,draw' },
});
const { quick } = values;
const draws = Number(values.draws || (quick ? 1 : 20));
const marks = quick ? [300] : [100, 300, 1000, 3000].filter((mark) => mark <= Number(values.products));
const SHOWN = quick ? [300] : marks.filter((mark) => mark >= 300);
/** Products of the stream are met again and again: a shop has fewer than it has days. */
const known = quick ? 300 : Number(values.shop);
const size = { products: known, holdout: Math.ceil(known / 5), source: Math.ceil((4 * known) / 3) };
const tastes = Object.entries(TASTES);
const startedMs = performance.now();
const lines: string[] = [];

const shop = await openShop(size);
say(
  `${size.products} products with ${shop.states.length / shop.base.config.dim} texts, encoded after ${seconds()} s`,
);
const first = await learn(shop, [], 'fields');
const parts = new Set(values.parts.split(','));
if (parts.has('trials')) await runTrials();
const plots: Line[] = [];
if (parts.has('stream')) await runStreams();
if (parts.has('wrong')) await runWrong();
if (parts.has('draw')) measureDraw();
say(`\n${draws} draws, ${seconds()} s`);
if (values.write) await write(shop);

async function runTrials(): Promise<void> {
  const ways = [
    { rule: 'one bit', policy: 'best', name: 'today' },
    { rule: 'fields', policy: 'best', name: '`best`' },
    { rule: 'truth', policy: 'explore', name: 'told the truth' },
    { rule: 'fields', policy: 'explore', name: '`explore`' },
  ] as const;
  const compared = quick ? ways.slice(-1) : ways;
  say(
    `\n| one round of feedback | ${compared.map(({ name }) => name).join(' | ')} | by taste, \`explore\` |`,
  );
  say(`|---|${'---|'.repeat(compared.length + 1)}`);
  for (const trial of TRIALS.filter(({ products }) => products <= size.products)) {
    const cells: string[] = [];
    let byTaste: string[] = [];
    for (const { rule, policy } of compared) {
      const results: number[][] = [];
      for (const [, taste] of tastes) {
        const of: number[] = [];
        // There is no chance in the truth but that of which texts were shown.
        const seeds = rule === 'truth' ? 1 : Math.max(1, Math.ceil(draws / 4));
        for (let seed = 1; seed <= seeds; seed += 1)
          of.push(await runTrial(trial, { shop, taste, rule, policy, seed, first }));
        results.push(of);
      }
      const means = results.map(mean);
      cells.push(mean(means).toFixed(2));
      byTaste = means.map((way, i) => `${tastes[i]?.[0]} ${way.toFixed(2)}`);
      if (quick && trial.impressions !== null && mean(means) < QUICK_FLOOR)
        fail(`${trial.name}: ${mean(means).toFixed(2)} of the way, ${QUICK_FLOOR} is the floor`);
    }
    say(`| ${trial.name} (${trial.promised} promised) | ${cells.join(' | ')} | ${byTaste.join(', ')} |`);
  }
}

async function runStreams(): Promise<void> {
  const results = new Map<Policy, StreamResult[]>();
  const policies = quick ? (['explore', 'thompson'] as const) : POLICIES;
  for (const policy of policies) {
    const of: StreamResult[] = [];
    for (let seed = 1; seed <= Math.max(draws, quick ? 4 : 1); seed += 1)
      of.push(await runStream({ shop, taste: tasteOf(seed), policy, seed, first, marks }));
    results.set(policy, of);
  }
  say(`\n| policy | ${SHOWN.map((mark) => `way after ${mark} products | clicks`).join(' | ')} |`);
  say(`|---|${'---|---|'.repeat(SHOWN.length)}`);
  for (const [policy, of] of results) {
    const cells = SHOWN.map((mark) => {
      const at = of.map(({ after }) => after.find(({ products }) => products === mark));
      const ways = at.map((point) => point?.way ?? Number.NaN);
      return `${Number.isNaN(ways[0]) ? '' : interval(ways, 2)} | ${interval(
        at.map((point) => (point?.clicks ?? 0) / 1000),
        1,
      )}k`;
    });
    say(`| ${policy} | ${cells.join(' | ')} |`);
    const points = marks.map((mark) => {
      const ways = of.map(({ after }) => after.find(({ products }) => products === mark)?.way ?? Number.NaN);
      return { x: mark, y: mean(ways), error: errorOf(ways) };
    });
    if (!Number.isNaN(points[0]?.y)) plots.push({ name: policy, points });
  }
  const explored = clicksOf(results.get('explore'));
  for (const [policy, of] of results) {
    if (policy === 'explore') continue;
    const gains = clicksOf(of).map((clicks, i) => (explored[i] ?? 0) / clicks - 1);
    say(
      `explore collects ${interval(
        gains.map((gain) => 100 * gain),
        1,
      )} % more clicks than ${policy}, draw by draw`,
    );
  }
}

/** A champion that learned the opposite of the taste from 300 verdicts, and is never trained again. */
async function runWrong(): Promise<void> {
  const shares: number[] = [];
  for (let seed = 1; seed <= Math.max(draws, quick ? 4 : 1); seed += 1) {
    const taste = tasteOf(seed);
    const wrong = await learn(
      shop,
      shop.products
        .slice(0, 300)
        .flatMap(({ texts }) =>
          Object.values(texts).flatMap(([text]) =>
            text === undefined
              ? []
              : [{ text, verdict: taste(text) > 0.5 ? ('rejected' as const) : ('accepted' as const) }],
          ),
        ),
      'fields',
    );
    const stream = { shop, taste, seed, first: wrong, marks: [300], isFrozen: true };
    const [explored] = clicksOf([await runStream({ ...stream, policy: 'explore' })]);
    const [without] = clicksOf([await runStream({ ...stream, policy: 'thompson' })]);
    shares.push((explored ?? 0) / (without ?? 1));
  }
  say(
    `\nwith a champion that learned the opposite, explore collects ${interval(
      shares.map((share) => 100 * share),
      1,
    )} % of the clicks of Thompson without a prior`,
  );
  // Four draws would be too few to say so.
  if (!quick && mean(shares) < WRONG_FLOOR)
    fail(`under a wrong champion explore loses more than ${100 - 100 * WRONG_FLOOR} %`);
}

function measureDraw(): void {
  const random = createRandom(1);
  const answer = ({ texts }: Shop['products'][number]): void => {
    for (const field of FIELDS) {
      const arms = texts[field].map(({ row }) => {
        const impressions = random.chance(0.5) ? 0 : 400;
        return { clicks: impressions / 20, impressions, prior: priorOf(first(row), UNTRIED) };
      });
      draw(computePropensities(arms, 0.01), random);
    }
  };
  for (const product of shop.products) answer(product);
  const spentSeconds = startTimer();
  for (let i = 0; i < DRAWN_ANSWERS; i += 1) answer(shop.products[i % shop.products.length] as ShopProduct);
  const spentMs = (1000 * spentSeconds()) / DRAWN_ANSWERS;
  say(
    `\na choice costs ${spentMs.toFixed(3)} ms of the main thread, for an answer of two fields with eight texts each`,
  );
  if (!quick && spentMs > MAX_DRAW_MS) fail(`a choice costs more than ${MAX_DRAW_MS} ms`);
}

async function write({ products }: Shop): Promise<void> {
  const plot = path.join(packageRoot, 'docs', 'pictures', 'loop-learning.svg');
  await writeFile(plot, renderPlot(plots, `Share of the way after so many products, ${draws} draws, 95 %`));
  const page = path.join(packageRoot, 'docs', 'learning.md');
  const text = await readFile(page, 'utf8');
  const [begin, end] = ['<!-- bench:loop -->', '<!-- /bench:loop -->'];
  const [before = '', rest = ''] = text.split(begin);
  const [, behind = ''] = rest.split(end);
  const picture = '![The way made after so many products](pictures/loop-learning.svg)';
  await writeFile(page, `${before}${begin}\n${picture}\n\n${lines.join('\n').trim()}\n${end}${behind}`);
  console.log(`written: ${plot} and ${page}, of ${products.length} products`);
}

function tasteOf(seed: number): Taste {
  const [, taste] = tastes[seed % tastes.length] ?? [];
  if (taste === undefined) throw new Error('there are no tastes');
  return taste;
}

function clicksOf(results: readonly StreamResult[] | undefined): number[] {
  return (results ?? []).map(({ after }) => after.at(-1)?.clicks ?? 0);
}

function mean(list: readonly number[]): number {
  return list.reduce((sum, value) => sum + value, 0) / list.length;
}

/** Half of the 95 % interval of the mean. */
function errorOf(list: readonly number[]): number {
  if (list.length < 2) return 0;
  const middle = mean(list);
  const variance = list.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (list.length - 1);
  return 1.96 * Math.sqrt(variance / list.length);
}

function interval(list: readonly number[], digits: number): string {
  return `${mean(list).toFixed(digits)} ± ${errorOf(list).toFixed(digits)}`;
}

function say(line: string): void {
  lines.push(line);
  console.log(line);
}

function fail(reason: string): void {
  console.log(`MISSED  ${reason}`);
  process.exitCode = 1;
}

function seconds(): string {
  return ((performance.now() - startedMs) / 1000).toFixed(0);
}
