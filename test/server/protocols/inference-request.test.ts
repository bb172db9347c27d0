import { describe, expect, it } from 'vitest';
import { encodeBytesTensor, splitBinaryBody } from '../../../src/server/protocols/binary-tensors.ts';
import { parseInferenceRequest, renderOutputs } from '../../../src/server/protocols/inference-request.ts';

const limits = { maxTextChars: 50, maxItems: 4 };
const none = Buffer.alloc(0);
const input = (over: object = {}) => ({
  name: 'text',
  datatype: 'BYTES',
  shape: [2],
  data: ['a', 'b'],
  ...over,
});

describe('an inference request', () => {
  it('is read flat, nested and with binary tensors alike', () => {
    const texts = ['lamp ☕', 'chair'];
    const tensor = encodeBytesTensor(texts);
    const flat = parseInferenceRequest({ inputs: [input({ data: texts })] }, none, limits);
    const nested = parseInferenceRequest(
      { inputs: [input({ shape: [2, 1], data: texts.map((t) => [t]) })] },
      none,
      limits,
    );
    const head = Buffer.from(
      JSON.stringify({
        inputs: [input({ data: undefined, parameters: { binary_data_size: tensor.length } })],
      }),
    );
    const { json, tensors } = splitBinaryBody(Buffer.concat([head, tensor]), String(head.length));
    const binary = parseInferenceRequest(json, tensors, limits);
    expect([flat.texts, nested.texts, binary.texts]).toEqual([texts, texts, texts]);
  });

  it('answers as JSON unless bytes are asked for, of one output or of all', () => {
    const outputsOf = (request: object) =>
      parseInferenceRequest({ inputs: [input()], ...request }, none, limits).outputs;
    expect(outputsOf({})).toEqual([
      { name: 'probability', isBinary: false },
      { name: 'label', isBinary: false },
    ]);
    expect(outputsOf({ parameters: { binary_data_output: true } }).every(({ isBinary }) => isBinary)).toBe(
      true,
    );
    expect(outputsOf({ outputs: [{ name: 'label', parameters: { binary_data: true } }] })).toEqual([
      { name: 'label', isBinary: true },
    ]);
  });

  it('reads a timeout in microseconds', () => {
    expect(
      parseInferenceRequest({ inputs: [input()], parameters: { timeout: 2500 } }, none, limits).timeoutMs,
    ).toBe(3);
  });

  it.each([
    [
      'a tensor that is cut',
      { inputs: [input({ data: undefined, parameters: { binary_data_size: 3 } })] },
      Buffer.from([9, 0, 0]),
    ],
    [
      'a tensor of another size',
      { inputs: [input({ data: undefined, parameters: { binary_data_size: 9 } })] },
      none,
    ],
    [
      'bytes that are not UTF-8',
      { inputs: [input({ shape: [1], data: undefined, parameters: { binary_data_size: 5 } })] },
      Buffer.from([1, 0, 0, 0, 255]),
    ],
    ['no data', { inputs: [input({ data: undefined })] }, none],
    ['too many texts', { inputs: [input({ shape: [5], data: Array(5).fill('a') })] }, none],
    ['a long text', { inputs: [input({ shape: [1], data: ['x'.repeat(51)] })] }, none],
  ])('is refused with %s', (_name, json, tensors) => {
    expect(() => parseInferenceRequest(json, tensors, limits)).toThrow(
      expect.objectContaining({ code: 'invalid-input' }),
    );
  });

  it('is refused when the header does not fit the body', () => {
    for (const length of ['-1', '99', 'x', '1.5']) {
      expect(() => splitBinaryBody(Buffer.from('{}'), length)).toThrow(/Inference-Header-Content-Length/);
    }
    expect(() => splitBinaryBody(Buffer.from('{}ab'), '3')).toThrow(/not valid/);
  });
});

describe('the outputs', () => {
  it('carry the size of those that follow as bytes', () => {
    const { json, tensors } = renderOutputs(
      [
        { name: 'probability', isBinary: true },
        { name: 'label', isBinary: false },
      ],
      [0.25, 0.75],
    );
    expect(json).toEqual([
      { name: 'probability', datatype: 'FP64', shape: [2], parameters: { binary_data_size: 16 } },
      { name: 'label', datatype: 'BYTES', shape: [2], data: ['LOW_QUALITY', 'HIGH_QUALITY'] },
    ]);
    expect(tensors[0]?.readDoubleLE(8)).toBe(0.75);
  });
});
