/** What a soak reads of the server while it runs, and whether its memory stayed flat. */

export async function readMetric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
  return Number(line?.split(' ')[1] ?? 0);
}

export function readMemory(url: string): Promise<number> {
  return readMetric(url, 'copyloop_process_resident_memory_bytes');
}

/**
 * V8 alone moves its heap by some tens of MiB between two collections; at 100 swaps this still finds a leak
 * of 1 MiB each.
 */
const MAX_GROWTH = 1.05;
const MIB = 2 ** 20;

/** What is missed, in words; nothing where memory is flat. */
export function checkMemory(name: string, readings: readonly number[]): string[] {
  const third = Math.floor(readings.length / 3);
  if (third < 2) return [`${name}: ${readings.length} readings of memory are too few to judge by`];
  const middle = median(readings.slice(third, 2 * third));
  const last = median(readings.slice(2 * third));
  const told = `${(middle / MIB).toFixed(0)} MiB in the middle third, ${(last / MIB).toFixed(0)} MiB in the last (${((last / middle - 1) * 100).toFixed(1)} %, at most 5)`;
  console.log(`${name.padEnd(9)} memory ${told}`);
  return last > middle * MAX_GROWTH ? [`${name}: memory grew: ${told}`] : [];
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
