import { describe, expect, it } from 'vitest';
import { parseArguments } from '../../src/cli/command.ts';
import { predictCommand } from '../../src/cli/commands/predict.ts';
import { parseCopyOptions } from '../../src/cli/copy-options.ts';
import { parseMap } from '../../src/cli/run-request.ts';
import { loadConfig } from '../../src/core/config/index.ts';
import { resolvePredictOptions } from '../../src/queues/index.ts';

const { config } = loadConfig({ env: {} });

function resolve(...argv: string[]) {
  const { options } = parseArguments(predictCommand, [
    '--file',
    'a.csv',
    '--out',
    'b.jsonl',
    '--channel',
    'x',
    ...argv,
  ]);
  return resolvePredictOptions(config, {
    ...parseCopyOptions(options),
    map: parseMap(options.map),
    format: 'jsonl',
  });
}

describe('copyloop predict --file', () => {
  it('takes every wish that a prediction job knows', () => {
    expect(
      resolve(
        '--audience',
        'busy parents',
        '--keyword',
        'desk lamp',
        '--keyword',
        'LED',
        '--banned-word',
        'cheap',
        '--tone',
        'direct',
        '--count',
        '3',
        '--seed',
        '7',
        '--map',
        'title=Name',
      ),
    ).toMatchObject({
      channels: ['x'],
      audience: 'busy parents',
      keywords: ['desk lamp', 'LED'],
      bannedWords: ['cheap'],
      tone: 'direct',
      count: 3,
      seed: 7,
      map: { title: 'Name' },
    });
  });

  it.each([
    [['--audience', 'a'.repeat(201)], 'audience'],
    [['--tone', 'loud'], 'tone'],
    [['--keyword', ''], 'keywords'],
    [['--count', '65'], 'count'],
  ])('refuses %j', (argv, field) => {
    expect(() => resolve(...argv)).toThrow(field);
  });
});
