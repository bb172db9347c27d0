/**
 * An ONNX model as plain data and its serialisation. Field numbers are those of onnx.proto
 * (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
 */
import { AppError } from '../../core/errors.ts';
import {
  bytesField,
  floatField,
  integerField,
  joinMessage,
  message,
  messageField,
  stringField,
  type Message,
} from './protobuf.ts';

/** TensorProto.DataType of each element type we use. */
const DATA_TYPES = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9 } as const;
export type OnnxDataType = keyof typeof DATA_TYPES;

/** The Microsoft operators of ONNX Runtime: Gelu, FusedMatMul and their like. */
const MICROSOFT = 'com.microsoft';

/** Float attributes are told from integers by being wrapped: 1 and 1.0 are one number in JavaScript. */
export type OnnxAttribute = number | readonly number[] | string | { readonly float: number };

export interface OnnxNode {
  readonly name: string;
  readonly type: string;
  readonly domain?: typeof MICROSOFT;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
}

/** A weight or constant stored in the model; `bytes` are its elements, row by row, little endian. */
export interface OnnxInitializer {
  readonly name: string;
  readonly dtype: OnnxDataType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/**
 * Name, element type and shape of an input or output; a dimension given as a string is known at run time
 * only.
 */
export interface OnnxValueInfo {
  readonly name: string;
  readonly dtype: OnnxDataType;
  readonly shape: readonly (number | string)[];
  /** A list of such tensors, not one. */
  readonly isSequence?: boolean;
}

export interface OnnxGraph {
  readonly name: string;
  readonly inputs: readonly OnnxValueInfo[];
  readonly outputs: readonly OnnxValueInfo[];
  readonly initializers: readonly OnnxInitializer[];
  readonly nodes: readonly OnnxNode[];
}

/** IR 8 is the oldest that opset 18 allows, so that every ONNX Runtime since 1.14 reads the file. */
const IR_VERSION = 8;
const OPSETS = [
  { domain: '', version: 18 },
  { domain: MICROSOFT, version: 1 },
] as const;

/** A protobuf message holds less than 2 GiB; ONNX Runtime refuses more. */
const MAX_BYTES = 2 ** 31 - 1;

/** The bytes of a `.onnx` file. Throws `unsupported` for a model beyond protobuf's 2 GiB. */
export function encodeModel(graph: OnnxGraph): Uint8Array {
  const model = message(
    integerField(1, IR_VERSION),
    stringField(2, 'copyloop'),
    messageField(7, encodeGraph(graph)),
    ...OPSETS.map(({ domain, version }) =>
      messageField(8, message(stringField(1, domain), integerField(2, version))),
    ),
  );
  if (model.byteLength > MAX_BYTES) {
    throw new AppError(
      'unsupported',
      `the ONNX model "${graph.name}" would take ${model.byteLength} bytes; one file holds at most ${MAX_BYTES}: use a smaller encoder`,
    );
  }
  return joinMessage(model);
}

/** The elements of a typed array as they stand in memory, without a copy. */
export function bytesOf(elements: ArrayBufferView): Uint8Array {
  return new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength);
}

function encodeGraph(graph: OnnxGraph): Message {
  return message(
    ...graph.nodes.map((node) => messageField(1, encodeNode(node))),
    stringField(2, graph.name),
    ...graph.initializers.map((tensor) => messageField(5, encodeTensor(tensor))),
    ...graph.inputs.map((value) => messageField(11, encodeValueInfo(value))),
    ...graph.outputs.map((value) => messageField(12, encodeValueInfo(value))),
  );
}

function encodeNode(node: OnnxNode): Message {
  return message(
    ...node.inputs.map((name) => stringField(1, name)),
    ...node.outputs.map((name) => stringField(2, name)),
    stringField(3, node.name),
    stringField(4, node.type),
    ...Object.entries(node.attributes ?? {}).map(([name, value]) =>
      messageField(5, encodeAttribute(name, value)),
    ),
    ...(node.domain === undefined ? [] : [stringField(7, node.domain)]),
  );
}

function encodeAttribute(name: string, value: OnnxAttribute): Message {
  const named = stringField(1, name);
  if (typeof value === 'number') return message(named, integerField(3, value), integerField(20, 2));
  if (typeof value === 'string') return message(named, stringField(4, value), integerField(20, 3));
  if ('float' in value) return message(named, floatField(2, value.float), integerField(20, 1));
  return message(named, ...value.map((item) => integerField(8, item)), integerField(20, 7));
}

function encodeTensor({ name, dtype, shape, bytes }: OnnxInitializer): Message {
  return message(
    ...shape.map((dim) => integerField(1, dim)),
    integerField(2, DATA_TYPES[dtype]),
    stringField(8, name),
    bytesField(9, bytes),
  );
}

function encodeValueInfo({ name, dtype, shape, isSequence = false }: OnnxValueInfo): Message {
  const dims = shape.map((dim) =>
    messageField(1, typeof dim === 'number' ? integerField(1, dim) : stringField(2, dim)),
  );
  const tensorType = message(integerField(1, DATA_TYPES[dtype]), messageField(2, message(...dims)));
  const tensor = message(messageField(1, tensorType));
  const type = isSequence ? message(messageField(4, message(messageField(1, tensor)))) : tensor;
  return message(stringField(1, name), messageField(2, type));
}
