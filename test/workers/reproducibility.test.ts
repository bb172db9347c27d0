import { describe, expect, it } from 'vitest';
import type { Provenance } from '../../src/ml/index.ts';
import { judgeReproducibility, listChangedConditions } from '../../src/workers/versions/reproducibility.ts';

const hash = (letter: string): string => letter.repeat(64);
const RECORD: Provenance = {
  format: 1,
  dataset: { version: 1, digest: hash('d') },
  files: { train: hash('1'), validation: hash('2') },
  recipe: {} as Provenance['recipe'],
  seed: 1,
  base: { name: 'assets/encoder', sha256: hash('b') },
  code: { version: '0.1.0', commit: 'c'.repeat(40), isChanged: false, buildSha256: hash('e') },
  runtime: { backend: 'onnxruntime-node', node: '20.19.0', onnxruntime: '1.30.0', tfjs: '4.22.0' },
  machine: { platform: 'linux-x64', cpu: 'Xeon', cpuFeatures: ['avx2', 'fma'] },
  threads: 2,
  weightsSha256: hash('a'),
};
const { code, runtime, machine } = RECORD;
const changedWith = (change: Partial<Provenance>): string[] =>
  listChangedConditions(RECORD, { ...RECORD, ...change }).map(({ condition }) => condition);

describe('the conditions of a rebuilding', () => {
  it.each([
    ['nothing', {}, []],
    ['the node version', { runtime: { ...runtime, node: '24.0.0' } }, ['node']],
    ['the runtime', { runtime: { ...runtime, onnxruntime: '1.31.0' } }, ['onnxruntime']],
    ['the processor', { machine: { ...machine, cpu: 'EPYC' } }, ['cpu']],
    ['its instruction sets', { machine: { ...machine, cpuFeatures: ['avx2', 'avx512f', 'fma'] } }, ['cpu']],
    ['the platform', { machine: { ...machine, platform: 'linux-arm64' } }, ['platform']],
    ['the threads', { threads: 4 }, ['threads']],
    [
      'the commit and the build',
      { code: { ...code, commit: 'f'.repeat(40), buildSha256: hash('f') } },
      ['code'],
    ],
    ['the build of the same commit', { code: { ...code, buildSha256: hash('f') } }, []],
    [
      'the build of a changed checkout',
      { code: { ...code, isChanged: true, buildSha256: hash('f') } },
      ['code'],
    ],
    ['the commit of the same modules', { code: { ...code, commit: 'f'.repeat(40) } }, []],
    ['what a recipe without TensorFlow.js never asks', { runtime: { ...runtime, tfjs: '5.0.0' } }, []],
  ])('tell when %s differs', (_what, change, conditions) => {
    expect(changedWith(change)).toEqual(conditions);
  });

  it('include the version of TensorFlow.js where it trained', () => {
    const record = { ...RECORD, runtime: { ...runtime, backend: 'tfjs-wasm' } };
    const here = { ...record, runtime: { ...record.runtime, tfjs: '5.0.0' } };
    expect(listChangedConditions(record, here)).toEqual([
      { condition: 'tfjs', recorded: '4.22.0', here: '5.0.0' },
    ]);
  });
});

describe('the verdict', () => {
  const changed = [{ condition: 'cpu', recorded: 'a', here: 'b' }] as const;
  it.each([
    [true, [], null, 'equal', 'weights'],
    [true, changed, null, 'equal', 'weights'],
    [false, [], 1e-9, 'different', 'weights'],
    [false, changed, 1e-4, 'within-tolerance', 'scores'],
    [false, changed, 1.1e-4, 'different', 'scores'],
    [false, changed, Number.NaN, 'different', 'scores'],
  ] as const)(
    'on equal hashes: %s, changed conditions %j and a difference of %s is %s by %s',
    (isSameHash, list, largestScoreDifference, verdict, applied) => {
      expect(judgeReproducibility({ isSameHash, changed: list, largestScoreDifference })).toEqual({
        verdict,
        applied,
      });
    },
  );
});
