import { describe, expect, it } from 'vitest';
import {
  experiment,
  loggedModel,
  metric,
  modelVersion,
  registeredModel,
  run,
} from '../../src/mlflow/messages.ts';
import { renderDouble } from '../../src/mlflow/double.ts';

/** As it travels: undefined is left out. */
const travel = (message: unknown): unknown => JSON.parse(JSON.stringify(message));

const aRun = {
  runId: 'r1',
  experimentId: '1',
  name: 'calm-otter-1',
  userId: 'ann',
  status: 'FINISHED' as const,
  startTimeMs: 5,
  endTimeMs: 7,
  artifactUri: 'mlflow-artifacts:/1/r1/artifacts',
  lifecycleStage: 'active' as const,
  metrics: [{ key: 'loss', value: Number.NaN, timestampMs: 6, step: 2 }],
  params: { depth: '3' },
  tags: { kind: '' },
  datasetInputs: [
    {
      tags: { 'mlflow.data.context': 'training' },
      dataset: { name: 'd', digest: 'x', sourceType: 's', source: 'u' },
    },
  ],
  modelInputs: ['m-1'],
  modelOutputs: [{ modelId: 'm-2', step: 4 }],
};

const aVersion = {
  name: 'm',
  version: 3,
  creationTimeMs: 1,
  lastUpdateTimeMs: 2,
  userId: null,
  modelStage: 'None',
  description: 'good',
  source: 'runs:/r1/model',
  runId: 'r1',
  status: 'READY' as const,
  statusMessage: null,
  tags: { a: 'b' },
  runLink: null,
  aliases: ['champion'],
  modelId: null,
};

const aModel = {
  modelId: 'm-1',
  experimentId: '1',
  name: 'm',
  artifactUri: 'mlflow-artifacts:/1/models/m-1/artifacts',
  creationTimeMs: 1,
  lastUpdateTimeMs: 2,
  status: 'LOGGED_MODEL_READY',
  statusMessage: null,
  modelType: '',
  sourceRunId: 'r1',
  params: {},
  tags: {},
  metrics: [{ key: 'f1', value: 0.5, timestampMs: 1, step: 0, runId: 'r1', modelId: 'm-1' }],
  registrations: [{ name: 'm', version: 3 }],
};

describe("a message of MLflow's", () => {
  it('is read as what was rendered, for every kind', () => {
    const { tags: _tags, ...rest } = aVersion;
    const anExperiment = {
      experimentId: '1',
      name: 'e',
      artifactLocation: 'mlflow-artifacts:/1',
      lifecycleStage: 'deleted' as const,
      lastUpdateTimeMs: 2,
      creationTimeMs: 1,
      tags: {},
    };
    const aRegistered = {
      name: 'm',
      creationTimeMs: 1,
      lastUpdateTimeMs: 2,
      description: null,
      latestVersions: [{ ...rest, tags: {} }],
      tags: { t: '1' },
      aliases: [{ alias: 'champion', version: 3 }],
    };
    expect(experiment.schema.parse(travel(experiment.render(anExperiment)))).toEqual(anExperiment);
    expect(run.schema.parse(travel(run.render(aRun)))).toEqual(aRun);
    expect(modelVersion.schema.parse(travel(modelVersion.render(aVersion)))).toEqual(aVersion);
    expect(registeredModel.schema.parse(travel(registeredModel.render(aRegistered)))).toEqual(aRegistered);
    expect(loggedModel.schema.parse(travel(loggedModel.render(aModel)))).toEqual(aModel);
  });

  it('leaves out what is unset: empty lists, empty tags, no end', () => {
    const bare = {
      ...aRun,
      endTimeMs: null,
      metrics: [],
      params: {},
      tags: {},
      datasetInputs: [],
      modelInputs: [],
    };
    const { info, data, inputs, outputs } = travel(run.render({ ...bare, modelOutputs: [] })) as ReturnType<
      typeof run.render
    >;
    expect(info).not.toHaveProperty('end_time');
    expect([data, inputs, outputs]).toEqual([{}, {}, undefined]);
  });

  it('is read from other writers of the protocol: int64 as text, versions as numbers, unset fields missing', () => {
    expect(metric.schema.parse({ key: 'a', value: 1, timestamp: '1700000000000' })).toEqual({
      key: 'a',
      value: 1,
      timestampMs: 1_700_000_000_000,
      step: 0,
    });
    expect(modelVersion.schema.parse({ name: 'm', version: 3 })).toMatchObject({
      version: 3,
      modelStage: 'None',
      status: 'READY',
      description: null,
      aliases: [],
    });
    expect(run.schema.parse({ info: run.render(aRun).info })).toMatchObject({
      metrics: [],
      modelOutputs: [],
    });
  });

  it('carries the doubles that JSON does not know', () => {
    const sent = [Number.NaN, Infinity, -Infinity, -0.5].map(renderDouble);
    expect(sent).toEqual(['NaN', 'Infinity', '-Infinity', -0.5]);
    const read = (value: unknown): number => metric.schema.parse({ key: 'a', timestamp: 1, value }).value;
    expect(sent.map(read)).toEqual([Number.NaN, Infinity, -Infinity, -0.5]);
    expect(read(-Number.MAX_VALUE)).toBe(-Infinity);
  });
});
