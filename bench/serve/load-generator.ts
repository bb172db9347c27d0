/**
 * A load generator in a process of its own: keep-alive connections on plain sockets, each sending its next
 * request when its answer is there. It parses no more of an answer than status and length, so that it takes
 * little of the cores it shares with the server.
 *
 *     stdin: one JSON line {url, connections, warmUpMs, durationMs, bodies[]}
 *     stdout: one JSON line LoadResult
 */
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

export interface LoadOrder {
  /** Of the route that is posted to. */
  url: string;
  connections: number;
  warmUpMs: number;
  durationMs: number;
  /** JSON bodies, sent round and round. */
  bodies: string[];
  /** Which of them is sent first; 0 by default. */
  first?: number;
  /** All connections together; without it each sends as soon as it is answered. */
  requestsPerSecond?: number;
  /** What each body scores by each model version; answers that say otherwise are counted as wrong. */
  expected?: Record<string, number[]>;
}

export interface LoadResult {
  /** Answers with status 200 within the measured time. */
  answers: number;
  /** Other answers and broken connections, by status (0 for the latter). */
  failures: Record<string, number>;
  /** Answers with status 200 whose score is not that of the version they name. */
  wrong: number;
  elapsedMs: number;
  /** Requests sent, those of the warm-up too. */
  sent: number;
  /** Of answers with status 200, in order. */
  latenciesMs: number[];
}

/**
 * Node closes a connection after five idle seconds: one that may be closed at this moment is not used again.
 */
const MAX_IDLE_MS = 4000;

const HEAD_END = Buffer.from('\r\n\r\n');
/**
 * int8 scales activations by the range of the whole batch, so a score moves a little with its company: by
 * 0.03 at most in 200 texts.
 */
const TOLERANCE = 0.06;

const order = JSON.parse(await text(process.stdin)) as LoadOrder;
process.stdout.write(`${JSON.stringify(await runLoad(order))}\n`);

async function runLoad(order: LoadOrder): Promise<LoadResult> {
  const { hostname, port, pathname, host } = new URL(order.url);
  const requests = order.bodies.map((body) =>
    Buffer.from(
      `POST ${pathname} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    ),
  );
  const startMs = performance.now() + order.warmUpMs;
  const endMs = startMs + order.durationMs;
  const result: LoadResult = {
    answers: 0,
    failures: {},
    wrong: 0,
    elapsedMs: order.durationMs,
    sent: 0,
    latenciesMs: [],
  };
  const first = order.first ?? 0;

  const note = (status: number, sentMs: number): void => {
    const nowMs = performance.now();
    if (nowMs < startMs || nowMs > endMs) return;
    if (status === 200) {
      result.answers += 1;
      result.latenciesMs.push(Math.round((nowMs - sentMs) * 1000) / 1000);
    } else result.failures[status] = (result.failures[status] ?? 0) + 1;
  };

  const intervalMs =
    order.requestsPerSecond === undefined ? 0 : (1000 * order.connections) / order.requestsPerSecond;
  const converse = async (connection: number): Promise<void> => {
    let socket: Socket | undefined;
    let usedMs = 0;
    let turnMs = performance.now() + (connection / order.connections) * intervalMs;
    while (performance.now() < endMs) {
      if (intervalMs > 0) {
        await sleep(Math.max(0, turnMs - performance.now()));
        turnMs = Math.max(turnMs + intervalMs, performance.now());
      }
      if (socket !== undefined && performance.now() - usedMs > MAX_IDLE_MS) {
        socket.destroy();
        socket = undefined;
      }
      socket ??= await open(hostname, Number(port));
      const which = (first + result.sent) % requests.length;
      const request = requests[which] as Buffer;
      result.sent += 1;
      const sentMs = performance.now();
      const answer = await ask(socket, request);
      usedMs = performance.now();
      note(answer.status, sentMs);
      if (
        order.expected !== undefined &&
        answer.status === 200 &&
        !isRight(answer.body, which, order.expected)
      )
        result.wrong += 1;
      if (answer.closes) {
        socket.destroy();
        socket = undefined;
      }
    }
    socket?.destroy();
  };
  await Promise.all(Array.from({ length: order.connections }, (_, connection) => converse(connection)));
  return result;
}

function isRight(body: Buffer, which: number, expected: Record<string, number[]>): boolean {
  const { model, data } = JSON.parse(body.toString()) as {
    model: { version: number };
    data: { confidence_score: number };
  };
  const score = expected[String(model.version)]?.[which];
  return score !== undefined && Math.abs(score - data.confidence_score) <= TOLERANCE;
}

function open(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

interface Answer {
  /** 0 when the connection broke. */
  status: number;
  closes: boolean;
  body: Buffer;
}

function ask(socket: Socket, request: Buffer): Promise<Answer> {
  return new Promise((resolve) => {
    let seen: Buffer = Buffer.alloc(0);
    const finish = (answer: Answer): void => {
      socket.off('data', onData);
      socket.off('close', onClose);
      socket.off('error', onClose);
      resolve(answer);
    };
    const onClose = (): void => finish({ status: 0, closes: true, body: Buffer.alloc(0) });
    const onData = (chunk: Buffer): void => {
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
      const headEnd = seen.indexOf(HEAD_END);
      if (headEnd < 0) return;
      const head = seen.toString('latin1', 0, headEnd);
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1]);
      const begin = headEnd + HEAD_END.length;
      if (seen.length < begin + length) return;
      finish({
        status: Number(head.slice(9, 12)),
        closes: /\r\nconnection: *close/i.test(head),
        body: seen.subarray(begin, begin + length),
      });
    };
    // Closed since its last answer: nothing more would ever be heard of it.
    if (socket.destroyed) return resolve({ status: 0, closes: true, body: Buffer.alloc(0) });
    socket.on('data', onData);
    socket.on('close', onClose);
    socket.on('error', onClose);
    socket.write(request);
  });
}
