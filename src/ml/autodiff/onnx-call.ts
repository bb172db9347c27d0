/** What an operator answers, and may ask for, when it is turned into ONNX. */
import type { OnnxAttribute, OnnxNode } from '../onnx/index.ts';
import type { Dim, Shape } from './shape.ts';

/** The ONNX operator that computes a node. Its inputs are the node's, then `extraInputs`. */
export interface OnnxCall {
  readonly type: string;
  readonly domain?: OnnxNode['domain'];
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
  readonly extraInputs?: readonly string[];
}

/** What an operator may ask for while it is emitted; each answer is the name of an int64 vector. */
export interface Emitter {
  integers(values: readonly number[]): string;
  /** The dimensions of a shape, read from the graph's inputs at run time where they are symbols. */
  dims(shape: Shape): string;
  /** How many more entries `long` has than `short`, with `before` zeros in front and `after` behind. */
  paddedDifference(long: Dim, short: Dim, before: number, after: number): string;
}
