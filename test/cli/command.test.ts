import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import {
  COMMON_OPTIONS,
  defineCommand,
  parseArguments,
  parseNumber,
  parseWhole,
  renderHelp,
} from '../../src/cli/command.ts';
import { entryPoint } from '../../src/core/paths.ts';

const sample = defineCommand({
  name: 'sample',
  usage: '<file> [--count N] [--map FIELD=COLUMN]...',
  positionals: [{ name: 'file', required: true, about: 'what to read' }],
  options: {
    ...COMMON_OPTIONS,
    count: { type: 'string', value: 'N', about: 'how many' },
    map: { type: 'string', multiple: true, value: 'FIELD=COLUMN', about: 'column of a field' },
    wait: { type: 'boolean', about: 'wait for the end' },
  },
  run: async () => undefined,
});

describe('arguments', () => {
  it('are read by their specs', () => {
    const { options, positionals } = parseArguments(sample, [
      'a.csv',
      '--count',
      '5',
      '--map',
      'title=T',
      '--map',
      'rating=R',
      '--wait',
    ]);
    expect(positionals).toEqual(['a.csv']);
    expect(options).toMatchObject({ count: '5', map: ['title=T', 'rating=R'], wait: true });
  });

  it.each([
    [['a.csv', '--cuont', '5'], /Unknown option '--cuont': see "copyloop sample --help"/],
    [['a.csv', 'b.csv'], /does not take the argument "b\.csv"/],
    [[], /needs <file>: what to read/],
    [['a.csv', '--count'], /--count/],
  ])('%j are refused with the reason', (argv, message) => {
    expect(() => parseArguments(sample, argv)).toThrow(message);
  });

  it('may be incomplete when help is asked for', () => {
    expect(parseArguments(sample, ['--help']).help).toBe(true);
    expect(renderHelp(sample, 'a command for tests')).toContain('--map FIELD=COLUMN ...  column of a field');
  });
});

describe('numbers of options', () => {
  it('are read, and left out when not given', () => {
    expect(parseWhole('count', '12', { min: 1, max: 20 })).toBe(12);
    expect(parseWhole('count', undefined, { min: 1, max: 20 })).toBeUndefined();
    expect(parseNumber('label-threshold', '3.5')).toBe(3.5);
  });

  it.each(['', '1.5', 'x', '0', '21', '1e9'])(
    'are refused when "%s" is not a whole number within bounds',
    (text) => {
      expect(() => parseWhole('count', text, { min: 1, max: 20 })).toThrow(`--count is "${text}"`);
    },
  );
});

it('a command whose reader has gone ends as if it had been read', async () => {
  const { file, execArgv } = entryPoint(import.meta.url, '../../src/cli/main');
  const child = spawn(process.execPath, [...execArgv, file, '--help'], {
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = await once(child, 'close');
  expect([code, said]).toEqual([0, '']);
});
