/**
 * Outputs that stay where they were written.
 *
 * onnxruntime-node hands every output back in an array of its own, also one that lies in the caller's memory
 * already: 52 MB to allocate and copy after every training step of our encoder. It does so output by output
 * when all of them have been computed, and it refuses a list of tensors. So a graph whose first output is a
 * list ends with that refusal, everything else written and nothing copied.
 */
import { toError } from '../../core/errors.ts';
import type { OnnxGraph } from './model.ts';

export const MARKER = 'end of outputs';

/** The graph, with a list in front of its outputs: for `runInto` of its session. */
export function returningNothing(graph: OnnxGraph): OnnxGraph {
  return {
    ...graph,
    nodes: [...graph.nodes, { name: MARKER, type: 'SequenceEmpty', inputs: [], outputs: [MARKER] }],
    outputs: [{ name: MARKER, dtype: 'float32', shape: [], isSequence: true }, ...graph.outputs],
  };
}

/** Whether a run was ended by the marker, and so has written its outputs. */
export function endedAtMarker(thrown: unknown): boolean {
  return toError(thrown).message.startsWith('Non tensor type is temporarily not supported');
}
