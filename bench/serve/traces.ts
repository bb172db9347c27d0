/**
 * What OpenTelemetry costs: every request traced and sent to a collector that throws it away, against none.
 * Rates say so on a machine that does nothing else; CPU time of an answer says it on a busy one too.
 */
import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chooseThreadCounts } from '../../src/serving/index.ts';
import { medianOf } from '../figures.ts';
import { openOurServer, runLoad, type RunningServer } from './processes.ts';

/** Until V8 has compiled what serves. */
const WARM_UP_MS = 15_000;
/** Of `/proc/<pid>/stat`, on every Linux that Node runs on. */
const MS_PER_TICK = 10;

interface Subject {
  name: string;
  server: RunningServer;
  rates: number[];
  /** CPU time of an answer, all threads of the server together. */
  cpuMs: number[];
}

export async function compareTraces(
  modelDirectory: string,
  products: readonly object[],
  { rounds, durationMs }: { rounds: number; durationMs: number },
): Promise<void> {
  const { sessions, threadsPerSession } = chooseThreadCounts({ threads: 0, threadsPerSession: 0 });
  const layout = { modelDirectory, precision: 'int8', sessions, threadsPerSession } as const;
  const bodies = products.map((product) => JSON.stringify({ ...product, count: 1 }));
  const folder = await mkdtemp(path.join(tmpdir(), 'copyloop-bench-traces-'));
  await chmod(folder, 0o755);
  let batches = 0;
  const collector = createServer((request, response) => {
    batches += 1;
    request.resume().once('end', () => response.writeHead(200).end());
  });
  await new Promise<void>((resolve) => {
    collector.listen(0, '127.0.0.1', resolve);
  });
  const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  const settings = { off: {}, on: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } };
  const servers: Subject[] = [];
  try {
    for (const [name, env] of Object.entries(settings)) {
      const server = await openOurServer({ ...layout, varDir: path.join(folder, name) }, env);
      servers.push({ name, server, rates: [], cpuMs: [] });
    }
    let first = 0;
    // The first round is not counted: V8 compiles what serves.
    for (let round = 0; round <= rounds; round += 1) {
      for (const { server, rates, cpuMs } of round % 2 === 0 ? servers : servers.toReversed()) {
        const forMs = round === 0 ? WARM_UP_MS : durationMs;
        const url = `${server.url}/predict`;
        const startedMs = readCpuMs(server.pid);
        const load = await runLoad({ url, connections: 64, warmUpMs: 0, durationMs: forMs, bodies, first });
        first += load.sent;
        if (round === 0) continue;
        rates.push(load.answers / (load.elapsedMs / 1000));
        cpuMs.push((readCpuMs(server.pid) - startedMs) / load.answers);
      }
    }
  } finally {
    for (const { server } of servers) await server.close();
    collector.closeAllConnections();
    collector.close();
    await rm(folder, { recursive: true, force: true });
  }
  for (const { name, rates, cpuMs } of servers)
    console.log(
      `traces ${name.padEnd(4)}${medianOf(rates).toFixed(1).padStart(8)} answers/s${medianOf(cpuMs).toFixed(2).padStart(8)} ms of CPU an answer`,
    );
  const [off, on] = servers;
  const compare = (what: 'rates' | 'cpuMs'): string => {
    const ratios = (on?.[what] ?? []).map((value, round) => value / (off?.[what][round] ?? Number.NaN));
    const sorted = ratios.toSorted((a, b) => a - b);
    return `${medianOf(ratios).toFixed(3)} (${sorted[0]?.toFixed(3)} to ${sorted.at(-1)?.toFixed(3)})`;
  };
  console.log(
    `on over off, median of ${rounds} rounds (lowest to highest): rate ${compare('rates')}, CPU ${compare('cpuMs')}; ${batches} batches sent`,
  );
}

/** User and system time of a process; NaN without /proc. */
function readCpuMs(pid: number | undefined): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
  } catch {
    return Number.NaN;
  }
}
