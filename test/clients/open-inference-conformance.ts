/**
 * What the Open Inference Protocol's text asks of a server with one BYTES input, asked of any server:
 * npm run conformance:v2 -- http://127.0.0.1:8080 copy-quality
 *
 * https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md, and
 * Triton's binary tensors where the server announces them. Prints a line a rule; ends with exit code 1 when
 * one is broken.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

export interface Verdict {
  rule: string;
  /** undefined where the rule is kept. */
  fault: string | undefined;
}

const DATATYPES = [
  'BOOL',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'FP16',
  'FP32',
  'FP64',
  'BYTES',
] as const;
const metadataTensor = z.strictObject({
  name: z.string().min(1),
  datatype: z.enum(DATATYPES),
  shape: z.array(z.int().min(-1)),
});
const serverMetadata = z.strictObject({
  name: z.string().min(1),
  version: z.string().min(1),
  extensions: z.array(z.string()),
});
const modelMetadata = z.strictObject({
  name: z.string().min(1),
  versions: z.array(z.string()).optional(),
  platform: z.string().min(1),
  inputs: z.array(metadataTensor).min(1),
  outputs: z.array(metadataTensor).min(1),
});
const parameters = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional();
const responseTensor = z.strictObject({
  name: z.string(),
  shape: z.array(z.int().min(0)),
  datatype: z.enum(DATATYPES),
  parameters,
  data: z.array(z.unknown()).optional(),
});
const inferenceResponse = z.strictObject({
  model_name: z.string(),
  model_version: z.string().optional(),
  id: z.string().optional(),
  parameters,
  outputs: z.array(responseTensor),
});
const errorBody = z.strictObject({ error: z.string().min(1) });

type InferenceResponse = z.infer<typeof inferenceResponse>;
type Rule = [string, () => Promise<void>];

const TEXTS = ['a lovely bright lamp', 'broken ☕ – nobody answered'];

export async function checkOpenInference(baseUrl: string, model: string): Promise<Verdict[]> {
  const url = baseUrl.replace(/\/$/, '');
  const get = (route: string): Promise<Response> => fetch(`${url}${route}`);
  const post = (route: string, body: string | Uint8Array<ArrayBuffer>, headers = {}): Promise<Response> =>
    fetch(`${url}${route}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    });
  const modelRoute = `/v2/models/${model}`;
  const { extensions } = serverMetadata.parse(await (await get('/v2')).json());
  const metadata = modelMetadata.parse(await (await get(modelRoute)).json());
  const [version] = metadata.versions ?? [];
  const [input] = metadata.inputs;
  assert.ok(input !== undefined && input.datatype === 'BYTES', 'the first input takes text as BYTES');
  const tensor = (data: unknown, shape: number[]) => ({ name: input.name, datatype: 'BYTES', shape, data });
  const infer = async (body: object, route = modelRoute): Promise<InferenceResponse> => {
    const response = await post(`${route}/infer`, JSON.stringify(body));
    const text = await response.text();
    assert.equal(response.status, 200, text);
    return inferenceResponse.parse(JSON.parse(text));
  };
  const isWhole = (answer: InferenceResponse, rows: number): void => {
    assert.equal(answer.model_name, model);
    for (const output of answer.outputs) {
      const described = metadata.outputs.find(({ name }) => name === output.name);
      assert.ok(described, `the metadata does not describe the output ${output.name}`);
      assert.equal(output.datatype, described.datatype);
      assert.equal(output.shape.length, described.shape.length);
      assert.equal(output.shape[0], rows);
      assert.equal(
        output.data?.flat(Infinity).length,
        output.shape.reduce((size, side) => size * side, 1),
      );
    }
  };
  const refuses = async (response: Promise<Response>): Promise<void> => {
    const { status, headers, ok } = await response;
    assert.ok(!ok && status >= 400 && status < 500, `status ${status}`);
    assert.match(headers.get('content-type') ?? '', /^application\/json/);
    errorBody.parse(await (await response).json());
  };
  const flat = { inputs: [tensor(TEXTS, [2])] };

  const rules: Rule[] = [
    ...['/v2/health/live', '/v2/health/ready', `${modelRoute}/ready`].map((route): Rule => [
      `GET ${route} answers by status alone`,
      async () => {
        const response = await get(route);
        assert.equal(response.status, 200);
        assert.equal(await response.text(), '');
      },
    ]),
    [
      'a model that is not there is not ready',
      async () => assert.ok((await get('/v2/models/no-such-model/ready')).status >= 400),
    ],
    ['a model that is not there has no metadata', () => refuses(get('/v2/models/no-such-model'))],
    [
      'a model that is not there infers nothing',
      () => refuses(post('/v2/models/no-such-model/infer', JSON.stringify(flat))),
    ],
    ['the metadata names the model asked for', async () => assert.equal(metadata.name, model)],
    ['flat data is scored, all outputs in the shapes described', async () => isWhole(await infer(flat), 2)],
    [
      'nested data is scored as flat data is',
      async () => {
        const nested = await infer({
          inputs: [
            tensor(
              TEXTS.map((text) => [text]),
              [2, 1],
            ),
          ],
        });
        isWhole(nested, 2);
        assert.deepEqual(nested.outputs, (await infer(flat)).outputs);
      },
    ],
    [
      'one element is a tensor as well',
      async () => isWhole(await infer({ inputs: [tensor(TEXTS.slice(0, 1), [1])] }), 1),
    ],
    [
      'the id comes back, and none where none was given',
      async () => {
        assert.equal((await infer({ ...flat, id: 'request-7' })).id, 'request-7');
        assert.ok(!(await infer(flat)).id);
      },
    ],
    [
      'the outputs asked for come alone and in that order',
      async () => {
        const names = metadata.outputs.map(({ name }) => name).toReversed();
        const all = await infer({ ...flat, outputs: names.map((name) => ({ name })) });
        assert.deepEqual(
          all.outputs.map(({ name }) => name),
          names,
        );
        const [first = ''] = names;
        const one = await infer({ ...flat, outputs: [{ name: first }] });
        assert.deepEqual(
          one.outputs.map(({ name }) => name),
          [first],
        );
      },
    ],
    [
      'parameters of any kind are taken',
      async () => {
        const extra = { text: 'a', number: 1, truth: true };
        isWhole(await infer({ ...flat, parameters: extra }), 2);
      },
    ],
    ...(version === undefined ? [] : versionRules(version)),
    ...(
      [
        ['malformed JSON', '{'],
        ['no inputs', '{}'],
        ['an empty list of inputs', JSON.stringify({ inputs: [] })],
        [
          'an input of another name',
          JSON.stringify({ inputs: [{ ...tensor(TEXTS, [2]), name: 'no-such-input' }] }),
        ],
        ['another datatype', JSON.stringify({ inputs: [{ ...tensor([1, 2], [2]), datatype: 'INT32' }] })],
        ['an unknown datatype', JSON.stringify({ inputs: [{ ...tensor(TEXTS, [2]), datatype: 'TEXT' }] })],
        ['more data than the shape says', JSON.stringify({ inputs: [tensor(TEXTS, [1])] })],
        ['less data than the shape says', JSON.stringify({ inputs: [tensor(TEXTS, [3])] })],
        ['an output that is not there', JSON.stringify({ ...flat, outputs: [{ name: 'no-such-output' }] })],
      ] as const
    ).map(([what, body]): Rule => [
      `${what} is refused with {"error"}`,
      () => refuses(post(`${modelRoute}/infer`, body)),
    ]),
    ...(extensions.includes('binary_tensor_data') ? binaryRules() : []),
  ];

  function versionRules(known: string): Rule[] {
    const route = `${modelRoute}/versions/${known}`;
    return [
      ['a version is ready', async () => assert.equal((await get(`${route}/ready`)).status, 200)],
      [
        'a version has metadata',
        async () => assert.equal(modelMetadata.parse(await (await get(route)).json()).name, model),
      ],
      [
        'a version in the address is the one that answers',
        async () => {
          const answer = await infer(flat, route);
          isWhole(answer, 2);
          assert.equal(answer.model_version, known);
        },
      ],
      [
        'a version that is not there is refused',
        async () => {
          await refuses(get(`${modelRoute}/versions/987654`));
          await refuses(post(`${modelRoute}/versions/987654/infer`, JSON.stringify(flat)));
          assert.ok((await get(`${modelRoute}/versions/987654/ready`)).status >= 400);
        },
      ],
    ];
  }

  function binaryRules(): Rule[] {
    const header = 'Inference-Header-Content-Length';
    const bytes = Buffer.concat(
      TEXTS.flatMap((text) => {
        const utf8 = Buffer.from(text);
        const length = Buffer.alloc(4);
        length.writeUInt32LE(utf8.length);
        return [length, utf8];
      }),
    );
    const send = (jsonLength?: number): Promise<Response> => {
      const { data: _, ...described } = tensor([], [2]);
      const head = Buffer.from(
        JSON.stringify({
          parameters: { binary_data_output: true },
          inputs: [{ ...described, parameters: { binary_data_size: bytes.length } }],
        }),
      );
      return post(`${modelRoute}/infer`, new Uint8Array(Buffer.concat([head, bytes])), {
        'content-type': 'application/octet-stream',
        [header]: String(jsonLength ?? head.length),
      });
    };
    return [
      [
        'binary tensors are taken and given as their sizes say',
        async () => {
          const response = await send();
          const body = Buffer.from(await response.arrayBuffer());
          const end = Number(response.headers.get(header));
          const answer = inferenceResponse.parse(JSON.parse(body.toString('utf8', 0, end)));
          const sizes = answer.outputs.map((output) => Number(output.parameters?.['binary_data_size']));
          assert.equal(end + sizes.reduce((sum, size) => sum + size, 0), body.length);
          const expected = await infer(flat);
          let at = end;
          for (const [index, output] of answer.outputs.entries()) {
            assert.equal(output.data, undefined);
            if (output.datatype === 'FP64')
              assert.deepEqual(
                output.shape.map(() => body.readDoubleLE(at)),
                (expected.outputs[index]?.data ?? []).slice(0, 1),
              );
            at += sizes[index] ?? 0;
          }
        },
      ],
      ['a length that lies is refused', () => refuses(send(1_000_000))],
    ];
  }

  const verdicts: Verdict[] = [];
  for (const [rule, check] of rules) {
    const fault = await check().then(
      () => undefined,
      (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown)),
    );
    verdicts.push({ rule, fault });
  }
  return verdicts;
}

if (process.argv[1] !== undefined && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [address = 'http://127.0.0.1:8080', model = 'copy-quality'] = process.argv.slice(2);
  const verdicts = await checkOpenInference(address, model);
  for (const { rule, fault } of verdicts)
    console.log(fault === undefined ? `ok     ${rule}` : `BROKEN ${rule}: ${fault}`);
  process.exitCode = verdicts.some(({ fault }) => fault !== undefined) ? 1 : 0;
}
