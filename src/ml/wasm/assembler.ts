/**
 * A small WebAssembly assembler (https://webassembly.github.io/spec/core/binary): enough for loops over
 * vectors of four floats. Instructions are functions of their operands' code, so a kernel reads like the
 * formula it computes and still assembles to the stack machine's order.
 */
export type Code = readonly number[];

/**
 * The part of the WebAssembly JavaScript API in use here; TypeScript knows it in its browser library only.
 */
interface WebAssemblyApi {
  Memory: new (limits: { initial: number; maximum: number }) => WasmMemory;
  compile(bytes: Uint8Array): Promise<unknown>;
  instantiate(module: unknown, imports: unknown): Promise<{ exports: unknown }>;
}
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}
const api = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;

export const WASM_PAGE_BYTES = 65_536;

export function createWasmMemory(pages: number): WasmMemory {
  return new api.Memory({ initial: pages, maximum: pages });
}

/** The functions, at work on a memory; T says their types. */
export async function instantiateFunctions<T>(
  functions: readonly WasmFunction[],
  memory: WasmMemory,
): Promise<T> {
  const module = await api.compile(assembleModule(functions));
  const instance = await api.instantiate(module, { host: { memory } });
  return instance.exports as T;
}

export type WasmType = 'i32' | 'f32' | 'f64' | 'v128';

const TYPE_CODES: Record<WasmType, number> = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b };
const BLOCK_WITHOUT_RESULT = 0x40;
const MAGIC_AND_VERSION = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/** A local variable or parameter of a function. */
export interface Local {
  readonly get: Code;
  set(value: Code): Code;
}

interface WasmFunction {
  readonly name: string;
  readonly parameters: readonly WasmType[];
  readonly locals: readonly WasmType[];
  readonly result: WasmType | null;
  readonly body: Code;
}

/** Parameters first, then locals; `body` gets them by name. */
export function defineFunction<P extends string, L extends string>(
  name: string,
  parameters: Readonly<Record<P, WasmType>>,
  locals: Readonly<Record<L, WasmType>>,
  body: (variables: Record<P | L, Local>) => readonly Code[],
  result: WasmType | null = null,
): WasmFunction {
  const names = [...Object.keys(parameters), ...Object.keys(locals)];
  const variables = Object.fromEntries(names.map((variable, index) => [variable, local(index)]));
  return {
    name,
    parameters: Object.values<WasmType>(parameters),
    locals: Object.values<WasmType>(locals),
    result,
    body: body(variables as Record<P | L, Local>).flat(),
  };
}

function local(index: number): Local {
  return { get: [0x20, ...unsigned(index)], set: (value) => [...value, 0x21, ...unsigned(index)] };
}

const simd = (opcode: number): Code => [0xfd, ...unsigned(opcode)];
const binary =
  (...opcode: number[]) =>
  (a: Code, b: Code): Code => [...a, ...b, ...opcode];
const unary =
  (...opcode: number[]) =>
  (a: Code): Code => [...a, ...opcode];

export const i32 = {
  const: (value: number): Code => [0x41, ...signed(value | 0)],
  add: binary(0x6a),
  lessThan: binary(0x49),
};

export const f64 = { add: binary(0xa0) };

export const v128 = {
  load: (address: Code): Code => [...address, ...simd(0x00), 4, 0],
  store: (address: Code, value: Code): Code => [...address, ...value, ...simd(0x0b), 4, 0],
  const: (words: readonly [number, number, number, number]): Code => [
    ...simd(0x0c),
    ...new Uint8Array(Uint32Array.from(words).buffer),
  ],
  and: binary(...simd(0x4e)),
  xor: binary(...simd(0x51)),
  /** Lanes 2 and 3 moved to lanes 0 and 1. */
  highHalf: (a: Code): Code => [
    ...a,
    ...a,
    ...simd(0x0d),
    ...Array.from({ length: 16 }, (_, byte) => (byte < 8 ? byte + 8 : byte)),
  ],
};

export const i32x4 = {
  splat: unary(...simd(0x11)),
  add: binary(...simd(0xae)),
  multiply: binary(...simd(0xb5)),
  shiftRight: (a: Code, bits: number): Code => [...a, ...i32.const(bits), ...simd(0xad)],
  /** All bits set where a >= b, unsigned. */
  notLessThan: binary(...simd(0x40)),
};

export const f32x4 = {
  splat: unary(...simd(0x13)),
  add: binary(...simd(0xe4)),
  subtract: binary(...simd(0xe5)),
  multiply: binary(...simd(0xe6)),
  divide: binary(...simd(0xe7)),
  sqrt: unary(...simd(0xe3)),
};

export const f64x2 = {
  add: binary(...simd(0xf0)),
  multiply: binary(...simd(0xf2)),
  /** Lanes 0 and 1 of four floats, as doubles. */
  fromLowFloats: unary(...simd(0x5f)),
  lane: (a: Code, index: 0 | 1): Code => [...a, ...simd(0x21), index],
};

/** Repeats the body for as long as the condition that follows it holds. */
export function doWhile(body: readonly Code[], condition: Code): Code {
  return [0x03, BLOCK_WITHOUT_RESULT, ...body.flat(), ...condition, 0x0d, 0, 0x0b];
}

/** Bytes of a module that exports the functions and imports its memory as `host.memory`. */
function assembleModule(functions: readonly WasmFunction[]): Uint8Array {
  const types = functions.map(({ parameters, result }) => [
    0x60,
    ...vector(parameters.map((type) => [TYPE_CODES[type]])),
    ...vector(result === null ? [] : [[TYPE_CODES[result]]]),
  ]);
  const memoryOfAtLeastOnePage = [0x02, 0x00, ...unsigned(1)];
  const bodies = functions.map(({ locals, body }) => {
    const code = [...vector(locals.map((type) => [1, TYPE_CODES[type]])), ...body, 0x0b];
    return [...unsigned(code.length), ...code];
  });
  return Uint8Array.from([
    ...MAGIC_AND_VERSION,
    ...section(1, types),
    ...section(2, [[...text('host'), ...text('memory'), ...memoryOfAtLeastOnePage]]),
    ...section(
      3,
      functions.map((_, index) => unsigned(index)),
    ),
    ...section(
      7,
      functions.map(({ name }, index) => [...text(name), 0x00, ...unsigned(index)]),
    ),
    ...section(10, bodies),
  ]);
}

function section(id: number, entries: readonly Code[]): Code {
  const content = vector(entries);
  return [id, ...unsigned(content.length), ...content];
}

function vector(entries: readonly Code[]): Code {
  return [...unsigned(entries.length), ...entries.flat()];
}

function text(value: string): Code {
  return vector([...new TextEncoder().encode(value)].map((byte) => [byte]));
}

/** LEB128. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return [...bytes, rest];
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest < -64 || rest > 63) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>= 7;
  }
  return [...bytes, rest & 0x7f];
}
