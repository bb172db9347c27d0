/** `/learning`: what choices have earned, and what others would have. */
import { z } from '@hono/zod-openapi';
import type { Clock } from '../../core/clock.ts';
import { LEARNING_REWARDS, type Config } from '../../core/config/index.ts';
import { AppError } from '../../core/errors.ts';
import { sumEarned, summarizeRewards, type EarnedCounts, type RewardSummary } from '../../data/index.ts';
import type { Db } from '../../db/index.ts';
import { judgeRegisteredVersion, MAX_DRAWS, type VersionScorers } from '../../serving/index.ts';
import type { RegistryStore } from '../../tracking/index.ts';
import { createHangUpSignal, createRoutes, jsonAnswer, route, type Router } from '../http/index.ts';
import { keepSummaries } from '../learning-summaries.ts';
import type { PredictionStore } from '../predictions/index.ts';
import { versionNumber } from './models.ts';

const MAX_FIELD_CHARS = 100;
const name = z.string().min(1).max(MAX_FIELD_CHARS);
const logQuery = z.strictObject({
  field: name.optional().openapi({ description: 'One field alone: ad_copy, or x.text' }),
  channel: name.optional().openapi({ description: 'All fields of one channel' }),
  since: z.iso
    .datetime({ offset: true })
    .optional()
    .transform((time) => (time === undefined ? undefined : new Date(time)))
    .openapi({ type: 'string', format: 'date-time', description: 'Predictions from then on' }),
  reward: z
    .enum([...LEARNING_REWARDS, 'revenue'])
    .optional()
    .openapi({ description: 'Default: learning.reward of the configuration' }),
});

const figure = z.number();
const policyValue = z
  .object({
    ips: figure.openapi({ description: 'Inverse propensity score' }),
    snips: figure.openapi({ description: 'Self-normalised' }),
    dr: figure.openapi({ description: 'Doubly robust, the champion as the direct model' }),
    effective_size: figure.openapi({ description: 'Choices that the log is worth under this policy' }),
    choices: z.int(),
    interval: z.object({ low: figure, high: figure, confidence: figure }).openapi({
      description: 'Holds at every look, however often one looks',
    }),
  })
  .openapi('PolicyValue');
const bounded = z.object({ difference: figure, low: figure, high: figure });

const earned = z
  .object({
    texts: figure.openapi({ description: 'Texts that anything was told about' }),
    impressions: figure,
    clicks: figure,
    conversions: figure,
    accepted: figure,
    rejected: figure,
    edited: figure,
    rate: figure.nullable().openapi({ description: 'Clicks per impression; null without impressions' }),
  })
  .openapi('EarnedCounts');
const choiceValue = z.object({ value: figure, low: figure, high: figure, effective_size: figure });

export function createLearningRoutes(deps: {
  db: Db;
  config: Pick<Config, 'model' | 'learning'>;
  registry: Pick<RegistryStore, 'getVersion' | 'findAlias'>;
  scorers: VersionScorers;
  predictions: Pick<PredictionStore, 'flush'>;
  clock: Clock;
}): Router {
  const { db, config, registry, scorers, predictions } = deps;
  const summarize = keepSummaries(async (filter) => {
    await predictions.flush();
    return await summarizeRewards(db, filter);
  }, deps.clock);
  // Two models in memory and thousands of scores each: one at a time.
  let isJudging = false;

  return createRoutes('learning', [
    route('GET /learning/summary', {
      summary:
        'What texts have earned by field, channel and version, and the best choice beside a random one',
      query: logQuery.extend({
        reward: z.enum(LEARNING_REWARDS).optional(),
        fresh: z
          .enum(['true', 'false'])
          .optional()
          .openapi({ description: 'Whether also a large log is counted now, however long that takes' }),
      }),
      answer: jsonAnswer('the summary', {
        reward: z.string(),
        counted_at: z.iso.datetime().openapi({ description: 'Of a large log, up to an hour ago' }),
        total: earned,
        fields: z.array(earned.extend({ field: z.string(), channel: z.string().nullable() })),
        channels: z.array(earned.extend({ channel: z.string() })),
        versions: z.array(earned.extend({ version: z.int() })),
        policies: z.array(
          z.object({
            policy: z.enum(['best', 'explore', 'holdback']),
            texts: figure,
            earned: figure,
            trials: figure,
            rate: figure.nullable(),
          }),
        ),
        choices: z
          .object({ draws: figure, random: choiceValue.nullable(), best: choiceValue.nullable() })
          .openapi({
            description:
              "From drawn texts: what a random choice and the model's best would have earned; null below 100 draws",
          }),
      }),
      handle: async ({ query: { reward = config.learning.reward, fresh, ...filter } }) => {
        const asked = { modelName: config.model.name, reward, ...filter };
        const summary = await summarize(asked, fresh === 'true');
        return { reward, counted_at: summary.countedAt.toISOString(), ...renderSummary(summary) };
      },
    }),
    route('GET /learning/value', {
      summary:
        'What a version would have earned by its own choice, from texts that were drawn with propensities',
      query: logQuery.extend({
        version: versionNumber,
        limit: z.coerce.number<string>().int().min(1).max(MAX_DRAWS).optional().openapi({
          description: 'Newest draws that are scored; default 2000',
        }),
      }),
      answer: jsonAnswer('the value, or why the log cannot say', {
        version: z.int(),
        champion: z.int(),
        reward: z.string(),
        log: z.object({ drawn: z.int(), held_back: z.int(), certain: z.int() }),
        because: z.string().nullable().openapi({ description: 'Not enough evidence, and why' }),
        value: z
          .object({
            currency: z.string().nullable(),
            version: policyValue,
            champion: policyValue,
            drawn: figure.openapi({ description: 'What the drawn texts earned' }),
            gain: bounded.openapi({ description: 'Of the version over the champion, doubly robust' }),
          })
          .nullable(),
      }),
      refusals: {
        400: 'a filter that cannot be used',
        404: 'no such version',
        409: 'there is no champion',
        422: 'a version whose files cannot be used',
        501: 'a version of an architecture that is not supported',
        429: 'another value is being computed: Retry-After says when to come again',
      },
      handle: async ({ query: { version, limit, reward = config.learning.reward, ...filter }, c }) => {
        if (isJudging)
          throw new AppError(
            'too-busy',
            'the value of a version is being computed: ask again when it is done',
            {
              details: { retryAfterSeconds: 10 },
            },
          );
        isJudging = true;
        try {
          await predictions.flush();
          const { champion, log, because, value } = await judgeRegisteredVersion(
            { db, registry, scorers },
            { modelName: config.model.name, reward, ...filter },
            { version, limit, signal: createHangUpSignal(c) },
          );
          return {
            version,
            champion,
            reward,
            log: { drawn: log.drawn, held_back: log.heldBack, certain: log.certain },
            because,
            value: value && {
              ...value,
              version: renderValue(value.version),
              champion: renderValue(value.champion),
            },
          };
        } finally {
          isJudging = false;
        }
      },
    }),
  ]);
}

function renderValue<T extends { effectiveSize: number }>({ effectiveSize, ...alike }: T) {
  return { ...alike, effective_size: effectiveSize };
}

function renderSummary({ byField, byVersion, byPolicy, choices, draws }: RewardSummary) {
  const fields = byField.map(({ field, ...told }) => ({
    field,
    channel: field.includes('.') ? (field.split('.')[0] ?? null) : null,
    ...withRate(told),
  }));
  const channels = [...new Set(fields.flatMap(({ channel }) => (channel === null ? [] : [channel])))];
  const choiceOf = (which: 'random' | 'best') => (choices === null ? null : renderValue(choices[which]));
  return {
    total: withRate(sumEarned(byField)),
    fields,
    channels: channels.map((channel) => ({
      channel,
      ...withRate(sumEarned(fields.filter((one) => one.channel === channel))),
    })),
    versions: byVersion.map(({ version, ...told }) => ({ version, ...withRate(told) })),
    policies: byPolicy.map((told) => ({ ...told, rate: told.trials > 0 ? told.earned / told.trials : null })),
    choices: { draws, random: choiceOf('random'), best: choiceOf('best') },
  };
}

function withRate(told: EarnedCounts) {
  return { ...told, rate: told.impressions > 0 ? told.clicks / told.impressions : null };
}
