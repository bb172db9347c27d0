/** What several benches tell their figures by. */

/** The middle one, of an even number the upper of both; NaN of none. */
export function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Counts processor seconds of this process from now on, all threads. */
export function startTimer(): () => number {
  const startedAt = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(startedAt);
    return (user + system) / 1e6;
  };
}
