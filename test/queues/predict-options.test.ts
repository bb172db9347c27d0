import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/core/config/index.ts';
import { resolvePredictOptions } from '../../src/queues/index.ts';
import { predictOptionsSchema } from '../../src/queues/job-options.ts';

const { config } = loadConfig({ env: {} });

describe('the options of a prediction job', () => {
  it('come from the configuration where nothing is asked for', () => {
    const options = resolvePredictOptions(config, {});
    expect([options.format, options.count, options.channels, options.shardRows]).toEqual([
      'jsonl',
      config.copy.candidates,
      [],
      config.jobs.shardRows,
    ]);
    expect(options.columns.map(({ name }) => name)).not.toContain('generated_at');
  });

  it('add a column for every field of a channel, list fields as lists', () => {
    const { columns } = resolvePredictOptions(config, { channels: ['x', 'google_rsa', 'x'] });
    const added = columns.filter(({ name }) => name.includes('.'));
    expect(added[0]).toEqual({ name: 'x.text', kind: 'text' });
    expect(added).toContainEqual({ name: 'google_rsa.headlines', kind: 'texts' });
    expect(new Set(added.map(({ name }) => name)).size).toBe(added.length);
  });

  it('are read from the rows of jobs that an earlier version stored', () => {
    const wishes = {
      tone: 'playful',
      audience: 'busy parents',
      keywords: ['gift'],
      bannedWords: ['cheap'],
      seed: 7,
    };
    const columns = [{ name: 'line', kind: 'integer' }];
    const rest = { channels: ['x'], count: 3, map: { title: 'Name' }, format: 'csv', columns };
    const stored = { ...wishes, language: 'en', ...rest, shardRows: 1000, shardsInFlight: 64 };
    // What came later has a value that changes nothing.
    const later = { brandByRecord: false, brandVersions: [], policy: 'best', textIds: false };
    expect(predictOptionsSchema.parse(stored)).toEqual({ ...stored, ...later });
    const bare = {
      channels: [],
      count: 8,
      map: {},
      format: 'jsonl',
      columns,
      shardRows: 1,
      shardsInFlight: 1,
    };
    expect(predictOptionsSchema.parse(bare)).toEqual({ ...bare, ...later });
  });

  it.each([
    [{ channels: ['myspace'] }, /channels names "myspace"; known channels are x, /],
    [{ count: 0 }, /count/],
    [{ format: 'xlsx' }, /format/],
    [{ map: { titel: 'Title' } }, /map/],
    [{ sead: 1 }, /sead/],
  ])('refuse %j by name', (request, message) => {
    expect(() => resolvePredictOptions(config, request)).toThrow(message);
  });
});
