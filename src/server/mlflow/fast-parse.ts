/**
 * Reads the requests that a training sends for each of its steps: a thousand metrics cost the schema more
 * than writing them. What is not formed as clients form it is left to the schema (`undefined`), which also
 * finds the words for faults; a test holds both against each other.
 */
type Input = Readonly<Record<string, unknown>>;

export interface PlainMetric {
  key: string;
  value: number;
  timestamp: number;
  step: number | undefined;
  model_id: string | undefined;
  dataset_name: string | undefined;
  dataset_digest: string | undefined;
}

interface Pair {
  key: string;
  value: string;
}

export function readPlainMetric(input: Input): ({ run_id: string } & PlainMetric) | undefined {
  const { run_id } = input;
  const metric = readMetric(input);
  return isRequired(run_id) && metric !== undefined ? { run_id, ...metric } : undefined;
}

export function readPlainBatch<M>(toMetric: (metric: PlainMetric) => M) {
  return ({
    run_id,
    ...given
  }: Input): { run_id: string; metrics: M[]; params: Pair[]; tags: Pair[] } | undefined => {
    const metrics = readList(given['metrics'], (item) => {
      const metric = readMetric(item);
      return metric && toMetric(metric);
    });
    const params = readList(given['params'], readPair);
    const tags = readList(given['tags'], readPair);
    if (!isRequired(run_id) || metrics === undefined || params === undefined || tags === undefined)
      return undefined;
    return { run_id, metrics, params, tags };
  };
}

export function readPlainRun(input: Input) {
  const { experiment_id, user_id, run_name, start_time } = input;
  const tags = readList(input['tags'], readPair);
  if (!isRequired(experiment_id) || !isOptional(user_id) || !isOptional(run_name)) return undefined;
  if (!(start_time === undefined || isInteger(start_time)) || tags === undefined) return undefined;
  return { experiment_id, user_id, run_name, start_time, tags };
}

function readMetric(input: Input): PlainMetric | undefined {
  const { key, value, timestamp, step, model_id, dataset_name, dataset_digest } = input;
  if (!isRequired(key) || typeof value !== 'number' || !isInteger(timestamp)) return undefined;
  if (!(step === undefined || isInteger(step))) return undefined;
  if (!isOptional(model_id) || !isOptional(dataset_name) || !isOptional(dataset_digest)) return undefined;
  return { key, value, timestamp, step, model_id, dataset_name, dataset_digest };
}

function readPair({ key, value }: Input): Pair | undefined {
  return isRequired(key) && typeof value === 'string' ? { key, value } : undefined;
}

function readList<T>(list: unknown, read: (item: Input) => T | undefined): T[] | undefined {
  if (list === undefined) return [];
  if (!Array.isArray(list)) return undefined;
  const items: T[] = [];
  for (const item of list as unknown[]) {
    const found = typeof item === 'object' && item !== null ? read(item as Input) : undefined;
    if (found === undefined) return undefined;
    items.push(found);
  }
  return items;
}

function isRequired(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isOptional(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
