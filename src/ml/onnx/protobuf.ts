/**
 * Writes protobuf's wire format (https://protobuf.dev/programming-guides/encoding): as much of it as an
 * ONNX model needs. A message is a list of byte chunks, joined once at the very end, so that hundreds of
 * megabytes of weights are copied a single time however deeply they are nested.
 */
export interface Message {
  readonly chunks: readonly Uint8Array[];
  readonly byteLength: number;
}

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;

export function message(...fields: readonly Message[]): Message {
  return {
    chunks: fields.flatMap((field) => field.chunks),
    byteLength: fields.reduce((sum, field) => sum + field.byteLength, 0),
  };
}

/** A signed integer field: int32, int64, bool and enum alike. */
export function integerField(number: number, value: number | bigint): Message {
  return fromBytes([...varint((number << 3) | VARINT), ...varint(value)]);
}

export function floatField(number: number, value: number): Message {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return fromBytes([...varint((number << 3) | FIXED_32), ...bytes]);
}

export function stringField(number: number, text: string): Message {
  return bytesField(number, new TextEncoder().encode(text));
}

/** The bytes are not copied here: they must stay as they are until `joinMessage`. */
export function bytesField(number: number, bytes: Uint8Array): Message {
  return messageField(number, { chunks: [bytes], byteLength: bytes.byteLength });
}

export function messageField(number: number, content: Message): Message {
  const header = fromBytes([...varint((number << 3) | LENGTH_DELIMITED), ...varint(content.byteLength)]);
  return message(header, content);
}

export function joinMessage({ chunks, byteLength }: Message): Uint8Array {
  const joined = new Uint8Array(byteLength);
  let offset = 0;
  for (const chunk of chunks) {
    joined.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return joined;
}

/** Base 128, least significant group first; a negative number is its 64-bit two's complement. */
function varint(value: number | bigint): number[] {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return bytes;
}

function fromBytes(bytes: readonly number[]): Message {
  return { chunks: [Uint8Array.from(bytes)], byteLength: bytes.length };
}
