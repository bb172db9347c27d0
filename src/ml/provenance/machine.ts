/** What of a machine decides which bits a training ends with: the kernels that the runtimes choose depend on it. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import { z } from 'zod';

export const machineSchema = z.object({
  /** `linux-x64`. */
  platform: z.string(),
  /** As the system calls it. */
  cpu: z.string(),
  /** Instruction sets that ONNX Runtime and XNNPACK ask for; empty where the system does not list them. */
  cpuFeatures: z.array(z.string()),
});
export type Machine = z.infer<typeof machineSchema>;

const FEATURES =
  /^(sse4_1|sse4_2|avx|avx2|fma|f16c|avx512(f|bw|cd|dq|vl|_vnni|_bf16|_fp16)|avx_vnni|amx_(tile|int8|bf16)|asimd|asimddp|asimdhp|sve|sve2|i8mm|bf16)$/;

export async function describeMachine(): Promise<Machine> {
  // Only Linux lists them; elsewhere the name of the processor must do.
  const info = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
  const flags = /^(?:flags|Features)\s*:(.*)$/m.exec(info)?.[1] ?? '';
  return {
    platform: `${process.platform}-${process.arch}`,
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    cpuFeatures: flags
      .split(' ')
      .filter((flag) => FEATURES.test(flag))
      .toSorted(),
  };
}

/** The version of an installed package, from its package.json. */
export async function packageVersion(name: string): Promise<string> {
  const file = createRequire(import.meta.url).resolve(`${name}/package.json`);
  return z.object({ version: z.string() }).parse(JSON.parse(await readFile(file, 'utf8'))).version;
}
