/** What load balancers ask, without a key and under whatever name they know the server by. */
const PROBES = new Set(['/health', '/ready', '/ping', '/v2/health/live', '/v2/health/ready']);

export function isProbe(path: string): boolean {
  return PROBES.has(path);
}
