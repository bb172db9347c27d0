/**
 * The binary tensor extension of the Open Inference Protocol, which Triton's clients use unless told
 * otherwise: the JSON is followed by the tensors' bytes, and the header Inference-Header-Content-Length says
 * where the one ends and the others begin.
 * https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
 */
import { AppError } from '../../core/errors.ts';
import { checkJsonDepth } from '../../core/json-depth.ts';

export const JSON_LENGTH_HEADER = 'Inference-Header-Content-Length';

const LENGTH_BYTES = 4;

/** Splits a body. @throws AppError `invalid-input` when the header does not fit the body */
export function splitBinaryBody(body: Buffer, jsonLength: string): { json: unknown; tensors: Buffer } {
  const end = Number(jsonLength);
  if (!Number.isInteger(end) || end < 0 || end > body.length) {
    throw new AppError(
      'invalid-input',
      `${JSON_LENGTH_HEADER} is ${jsonLength.slice(0, 20)} and the body has ${body.length} bytes`,
    );
  }
  const text = body.toString('utf8', 0, end);
  checkJsonDepth(text, 'the JSON before the tensors');
  try {
    return { json: JSON.parse(text), tensors: body.subarray(end) };
  } catch (cause) {
    throw new AppError('invalid-input', 'the JSON before the tensors is not valid', { cause });
  }
}

/**
 * Elements of a BYTES tensor: each is its length in four bytes, little endian, then its UTF-8. @throws
 * AppError `invalid-input`
 */
export function decodeBytesTensor(tensor: Buffer): string[] {
  const texts: string[] = [];
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for (let at = 0; at < tensor.length;) {
    const begin = at + LENGTH_BYTES;
    const end = begin <= tensor.length ? begin + tensor.readUInt32LE(at) : Infinity;
    if (end > tensor.length)
      throw new AppError('invalid-input', `the BYTES tensor ends inside element ${texts.length}`);
    try {
      texts.push(decoder.decode(tensor.subarray(begin, end)));
    } catch (cause) {
      throw new AppError('invalid-input', `element ${texts.length} of the BYTES tensor is not UTF-8`, {
        cause,
      });
    }
    at = end;
  }
  return texts;
}

export function encodeBytesTensor(texts: readonly string[]): Buffer {
  return Buffer.concat(
    texts.flatMap((text) => {
      const bytes = Buffer.from(text);
      const length = Buffer.alloc(LENGTH_BYTES);
      length.writeUInt32LE(bytes.length);
      return [length, bytes];
    }),
  );
}

export function encodeFloat64Tensor(numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(numbers.length * Float64Array.BYTES_PER_ELEMENT);
  numbers.forEach((number, index) => bytes.writeDoubleLE(number, index * Float64Array.BYTES_PER_ELEMENT));
  return bytes;
}
