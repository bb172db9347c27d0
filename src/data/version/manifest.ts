/** manifest.json: everything there is to know about a dataset version without opening its files. */
import { z } from 'zod';
import { checkResultSchema } from '../checks/check-results.ts';
import { ORIGINS } from './dataset-row.ts';
import { SPLITS } from './content.ts';
import { driftSchema } from './drift.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const splitSummarySchema = z.strictObject({
  /** Key of training_data.csv in the artifact store. */
  key: z.string(),
  sha256,
  sizeBytes: z.int(),
  rows: z.int(),
  positives: z.int(),
});

export const manifestSchema = z.strictObject({
  format: z.literal(1),
  version: z.int(),
  runId: z.string(),
  parentVersion: z.int().nullable(),
  createdAt: z.iso.datetime(),
  /** sha256 over all rows in the order of their content hash: equal digests are equal data. */
  digest: sha256,
  /** Hash of what it was made of; absent where that is not all that its rows depend on. */
  inputs: sha256.optional(),
  columns: z.array(z.strictObject({ name: z.string(), type: z.string() })),
  splits: z.record(z.enum(SPLITS), splitSummarySchema),
  splitRule: z.strictObject({ holdoutFraction: z.number(), validationFraction: z.number() }),
  rows: z.int(),
  labelBalance: z.strictObject({
    positives: z.int(),
    negatives: z.int(),
    /** Accuracy of always answering the more frequent label. */
    majorityAccuracy: z.number(),
  }),
  origins: z.record(z.enum(ORIGINS), z.int()),
  source: z.strictObject({
    name: z.string(),
    accepted: z.int(),
    /** Rows of the source that broke the schema. */
    refused: z.int(),
    /** Key of the refused rows with their reasons; '' when there are none. */
    refusedKey: z.string(),
    rawSha256: sha256,
    /** Of the refused rows those that nobody has rated. */
    unrated: z.int().optional(),
    /** Variants, images, totals, the same product once more. */
    ignored: z.int().optional(),
    /** The export that the source was recognised as. */
    recognised: z.string().optional(),
  }),
  feedback: z.strictObject({
    accepted: z.int(),
    /** What is no record, or teaches nothing. */
    refused: z.int(),
    /** Rows whose target lies between 0 and 1, by their counts. */
    open: z.int().default(0),
    /** Sum of the weights of the accepted rows; versions before it was counted say 0. */
    weight: z.number().default(0),
    /** Clicks per impression of each field's texts, against which its counts were read. */
    usualRates: z
      .record(
        z.string(),
        z.strictObject({
          mean: z.number(),
          /** Impressions that the mean is worth beside a text's own. */
          strength: z.number(),
          texts: z.int(),
          impressions: z.number(),
          clicks: z.number(),
        }),
      )
      .default({}),
  }),
  /** Rows taken over from the parent, before duplicates were dropped. */
  inherited: z.int(),
  duplicates: z.int(),
  relabelled: z.int(),
  /** Rows that people have set aside, which are not among the rows. */
  setAside: z.int().default(0),
  /** Texts in which personal data was masked. */
  masked: z.int().default(0),
  checks: z.array(checkResultSchema).default([]),
  /** Key of the rows that checks hold something against; '' where there are none. */
  findingsKey: z.string().default(''),
  /** null without a parent. */
  drift: driftSchema.nullable(),
  /** What the best classifier reaches, known only where every row is synthetic. */
  bayes: z
    .strictObject({
      accuracy: z.number(),
      majorityAccuracy: z.number(),
      positiveShare: z.number(),
      threshold: z.number(),
    })
    .nullable(),
});
export type DatasetManifest = z.infer<typeof manifestSchema>;
