/** Whether and how traces are sent, by the variables that OpenTelemetry defines for every program. */
import { AppError } from '../errors.ts';
import { nonEmpty, type Environment } from './environment.ts';

export interface TraceSettings {
  exporter: 'otlp' | 'console' | 'none';
  protocol: 'http/protobuf' | 'http/json';
  serviceName: string;
  /** Of OTEL_RESOURCE_ATTRIBUTES. */
  resource: Readonly<Record<string, string>>;
}

const EXPORTERS = ['otlp', 'console', 'none'] as const;
const PROTOCOLS = ['http/protobuf', 'http/json'] as const;

/**
 * Off unless an endpoint or an exporter is named. Endpoint, headers, sampler and limits are read by the SDK
 * itself.
 * @throws AppError `invalid-config` for a protocol or an exporter that there is not
 */
export function readTraceSettings(env: Environment = process.env): TraceSettings {
  const read = (name: string): string | undefined => nonEmpty(env[name])?.trim();
  const hasEndpoint = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'].some(
    (name) => read(name) !== undefined,
  );
  const isDisabled = read('OTEL_SDK_DISABLED')?.toLowerCase() === 'true';
  const named = read('OTEL_TRACES_EXPORTER') ?? (hasEndpoint ? 'otlp' : 'none');
  const resource = readPairs(read('OTEL_RESOURCE_ATTRIBUTES') ?? '');
  return {
    exporter: isDisabled ? 'none' : oneOf('OTEL_TRACES_EXPORTER', EXPORTERS, named),
    protocol: oneOf(
      'OTEL_EXPORTER_OTLP_PROTOCOL',
      PROTOCOLS,
      read('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL') ?? read('OTEL_EXPORTER_OTLP_PROTOCOL') ?? 'http/protobuf',
    ),
    serviceName: read('OTEL_SERVICE_NAME') ?? resource['service.name'] ?? 'copyloop',
    resource,
  };
}

function oneOf<T extends string>(name: string, known: readonly T[], value: string): T {
  const found = known.find((one) => one === value);
  if (found === undefined)
    throw new AppError('invalid-config', `${name} is "${value}": one of ${known.join(', ')} is needed`);
  return found;
}

function readPairs(text: string): Record<string, string> {
  const pairs: Record<string, string> = {};
  for (const pair of text.split(',')) {
    const [key = '', ...value] = pair.split('=');
    if (key.trim() === '' || value.length === 0) continue;
    try {
      pairs[key.trim()] = decodeURIComponent(value.join('=').trim());
    } catch {
      pairs[key.trim()] = value.join('=').trim();
    }
  }
  return pairs;
}
