import { z } from '@hono/zod-openapi';
import { describe, expect, it } from 'vitest';
import { renderAs } from '../../../src/server/http/index.ts';

const at = new Date('2026-11-30T12:00:00Z');
const jobSchema = z.object({
  id: z.string(),
  started_at: z.iso.datetime(),
  finished_at: z.iso.datetime().nullable(),
  last_error: z.looseObject({ code: z.string() }).nullable(),
  stages: z.array(z.object({ stage_name: z.string(), ended_at: z.iso.datetime().optional() })),
  options: z.looseObject({}),
  rows: z.record(z.string(), z.int()),
});
const job = {
  id: 'a',
  startedAt: at,
  finishedAt: null,
  lastError: { code: 'internal', exitCode: 1 },
  stages: [{ stageName: 'split', endedAt: at, attempts: 3 }, { stageName: 'join' }],
  options: { maxRows: 3 },
  rows: { keptRows: 2 },
  password: 'secret',
};

describe('an answer by its schema', () => {
  it('spells members as the schema does, tells times in ISO 8601, and leaves out what the schema does not name', () => {
    expect(JSON.parse(JSON.stringify(renderAs(jobSchema, job)))).toEqual({
      id: 'a',
      started_at: '2026-11-30T12:00:00.000Z',
      finished_at: null,
      last_error: { code: 'internal', exitCode: 1 },
      stages: [{ stage_name: 'split', ended_at: '2026-11-30T12:00:00.000Z' }, { stage_name: 'join' }],
      options: { maxRows: 3 },
      rows: { keptRows: 2 },
    });
  });

  it('asks the compiler for each member that the schema names', () => {
    const { startedAt: _, ...without } = job;
    // @ts-expect-error startedAt is missing
    expect(renderAs(jobSchema, without).started_at).toBeUndefined();
  });
});
