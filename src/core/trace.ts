/**
 * Traces by OpenTelemetry: one from the HTTP request through queue, stage, child process and database. Off,
 * unless a standard OTEL_* variable says where to send them; the SDK is loaded only then, and what stands
 * here costs a comparison.
 */
import {
  context,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Span,
} from '@opentelemetry/api';
import type { TraceSettings } from './config/tracing.ts';
import { toError } from './errors.ts';
import { readPackageVersion } from './paths.ts';

export { SpanKind, type Attributes, type Span };

const NAME = 'copyloop';

let isOn = false;

export function isTracing(): boolean {
  return isOn;
}

export interface Tracing {
  /** Sends what has not been sent yet. */
  close(): Promise<void>;
}

/** Sends the spans of this process from now on, where the settings say so. One of them a process. */
export async function openTracing(settings: TraceSettings, role: string): Promise<Tracing> {
  if (settings.exporter === 'none') return { close: async () => {} };
  const [{ NodeTracerProvider, BatchSpanProcessor, ConsoleSpanExporter }, { resourceFromAttributes }] =
    await Promise.all([import('@opentelemetry/sdk-trace-node'), import('@opentelemetry/resources')]);
  const exporter =
    settings.exporter === 'console'
      ? new ConsoleSpanExporter()
      : settings.protocol === 'http/json'
        ? new (await import('@opentelemetry/exporter-trace-otlp-http')).OTLPTraceExporter()
        : new (await import('@opentelemetry/exporter-trace-otlp-proto')).OTLPTraceExporter();
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({
      'service.name': settings.serviceName,
      'service.version': readPackageVersion(),
      'copyloop.role': role,
      'process.pid': process.pid,
      ...settings.resource,
    }),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  provider.register();
  isOn = true;
  return {
    close: async () => {
      isOn = false;
      // Who receives them may be away; nothing waits for that.
      await provider.shutdown().catch((thrown: unknown) => toError(thrown));
    },
  };
}

export interface SpanOptions {
  kind?: SpanKind;
  attributes?: Attributes;
  /** W3C `traceparent` and `tracestate`, where the trace began elsewhere. */
  from?: Readonly<Record<string, string | undefined>>;
}

/** Runs the work in a span below the one that is current; without tracing it only runs it. */
export async function inSpan<T>(
  name: string,
  { kind, attributes, from }: SpanOptions,
  work: (span: Span | undefined) => Promise<T>,
): Promise<T> {
  if (!isOn) return await work(undefined);
  const parent = from === undefined ? context.active() : propagation.extract(context.active(), from);
  const span = trace
    .getTracer(NAME)
    .startSpan(name, { ...(kind !== undefined && { kind }), ...(attributes && { attributes }) }, parent);
  try {
    return await context.with(trace.setSpan(parent, span), () => work(span));
  } catch (thrown) {
    failSpan(span, thrown);
    throw thrown;
  } finally {
    span.end();
  }
}

/**
 * A span that the caller ends; undefined without tracing, and where nothing is traced that it could be part
 * of.
 */
export function startChildSpan(name: string, kind: SpanKind, attributes: Attributes): Span | undefined {
  if (!isOn || trace.getSpan(context.active()) === undefined) return undefined;
  return trace.getTracer(NAME).startSpan(name, { kind, attributes });
}

/** For what is done for many at once, and is no part of whoever happened to be the first. */
export function outsideTraces<T>(work: () => T): T {
  return isOn ? context.with(ROOT_CONTEXT, work) : work();
}

export function failSpan(span: Span, thrown: unknown): void {
  const { message, name } = toError(thrown);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
  span.setAttribute('error.type', name);
}

/** `traceparent` and `tracestate` of the current span, for whoever is called; none without tracing. */
export function traceHeaders(of: Context = context.active()): Record<string, string> {
  const headers: Record<string, string> = {};
  if (isOn) propagation.inject(of, headers);
  return headers;
}

/** For the access log. */
export function currentTraceId(): string | undefined {
  return isOn ? trace.getSpanContext(context.active())?.traceId : undefined;
}
