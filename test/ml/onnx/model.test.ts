import { describe, expect, it } from 'vitest';
import {
  bytesOf,
  encodeModel,
  openOnnxSession,
  returningNothing,
  type OnnxGraph,
} from '../../../src/ml/onnx/index.ts';

/** y = LeakyRelu(x) + table[axis order swapped], with an attribute of every kind we write. */
const graph: OnnxGraph = {
  name: 'every-kind',
  inputs: [{ name: 'x', dtype: 'float32', shape: ['rows', 2] }],
  outputs: [{ name: 'y', dtype: 'float32', shape: ['rows', 2] }],
  initializers: [
    { name: 'table', dtype: 'float32', shape: [2, 1], bytes: bytesOf(Float32Array.from([10, 20])) },
  ],
  nodes: [
    {
      name: 'a',
      type: 'LeakyRelu',
      inputs: ['x'],
      outputs: ['leaky'],
      attributes: { alpha: { float: 0.5 } },
    },
    { name: 'b', type: 'Transpose', inputs: ['table'], outputs: ['row'], attributes: { perm: [1, 0] } },
    { name: 'c', type: 'Add', inputs: ['leaky', 'row'], outputs: ['sum'] },
    { name: 'd', type: 'Cast', inputs: ['sum'], outputs: ['y'], attributes: { to: 1 } },
  ],
};

describe('an ONNX model of ours', () => {
  it('runs in ONNX Runtime, for every number of rows', async () => {
    const session = await openOnnxSession(encodeModel(graph), { threads: 1 });
    expect([session.inputNames, session.outputNames]).toEqual([['x'], ['y']]);
    const { y } = await session.run({ x: { data: Float32Array.from([-2, 4, 0, -8]), shape: [2, 2] } });
    expect(y).toEqual({ data: Float32Array.from([9, 24, 10, 16]), shape: [2, 2] });
    await session.close();
  });

  it('writes its outputs where they are asked for and makes no array of its own', async () => {
    const session = await openOnnxSession(encodeModel(returningNothing(graph)), { threads: 1 });
    const rows = 100_000;
    const place = new Float32Array(rows * 2 + 4).fill(-1);
    const into = { y: { data: place.subarray(2, rows * 2 + 2), shape: [rows, 2] } };
    const feeds = { x: { data: new Float32Array(rows * 2), shape: [rows, 2] } };
    const before = process.memoryUsage().arrayBuffers;
    await session.runInto(feeds, into);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(place.byteLength / 2);
    expect([...place.subarray(0, 4), ...place.subarray(-4)]).toEqual([-1, -1, 10, 20, 10, 20, -1, -1]);
    await expect(session.runInto(feeds, {})).rejects.toThrow(/wants "y"/);
    await expect(session.runInto(feeds, { y: { data: place, shape: [rows + 2, 2] } })).rejects.toThrow(
      /shape/,
    );
    await session.close();
  });

  it('is refused with its reason when it is not sound, and says which input is missing', async () => {
    const unsound = { ...graph, nodes: graph.nodes.map((node) => ({ ...node, type: 'NoSuchOperator' })) };
    await expect(openOnnxSession(encodeModel(unsound))).rejects.toThrow(
      /ONNX Runtime refuses .*NoSuchOperator/s,
    );
    await expect(openOnnxSession('/no/such/model.onnx')).rejects.toThrow(/refuses \/no\/such\/model.onnx/);
    const session = await openOnnxSession(encodeModel(graph), { threads: 1 });
    await expect(session.run({})).rejects.toThrow(/wants "x"/);
    await session.close();
  });
});
