/** The pages in Chromium, on the same machine: how soon one sees something, and what an open page costs. */
import { readFile, readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Browser, CDPSession } from 'playwright-core';
import { MINUTE_MS, SECOND_MS } from '../../src/core/clock.ts';
import { openBrowser, PAGES } from '../../test/browser/browser.ts';
import { medianOf } from '../figures.ts';
import type { Installation } from './installation.ts';

const PAINT_MS = 1000;
const TURNS = 5;
const IDLE_SECONDS = 60;
/** Of one core. */
const IDLE_SHARE = 0.02;
const EVENT_MS = 250;
/** Before it is looked at first: lists have filled, and what is compiled is compiled. */
const WARM_SHARE = 0.2;
/** A node or two of a list that changes is no leak, and the heap is counted between two collections. */
const ROOM = { nodes: 1.02, heap: 1.1 };

const show = (isMissed: boolean, text: string): void =>
  console.log(`${isMissed ? 'MISSED ' : '       '}${text}`);

/** @returns whether each page's first content is painted in time, the slowest of its turns */
export async function measurePaint({ url }: Installation): Promise<boolean> {
  return await inBrowser(async (browser) => {
    let isOver = false;
    for (const [place, heading] of PAGES) {
      const paints: number[] = [];
      for (let turn = 0; turn < TURNS; turn += 1) {
        // Each in a context of its own, so that nothing is cached.
        const page = await browser.newPage();
        await page.goto(`${url}/${place}`);
        await page.getByRole('heading', { level: 1, name: heading }).waitFor();
        paints.push(
          await page.evaluate<number>(
            `new Promise((tell) => new PerformanceObserver((list) => {
               for (const { name, startTime } of list.getEntries()) if (name === 'first-contentful-paint') tell(startTime);
             }).observe({ type: 'paint', buffered: true }))`,
          ),
        );
        await page.close();
      }
      const slowest = Math.max(...paints);
      isOver ||= slowest > PAINT_MS;
      const median = medianOf(paints);
      show(
        slowest > PAINT_MS,
        `first paint of ${(place.replace('#/', '') || 'home').padEnd(16)} median ${median.toFixed(0).padStart(5)} ms, slowest ${slowest.toFixed(0).padStart(5)} ms`,
      );
    }
    return !isOver;
  });
}

/**
 * @returns whether DOM nodes and the heap of open pages stay as they are while a run works and texts come and
 *   go
 */
export async function measureLive({ url, db }: Installation, minutes: number): Promise<boolean> {
  return await inBrowser(async (browser) => {
    await sql`UPDATE pipeline_runs SET status = 'active', finished_at = NULL WHERE id = 'run-1'`.execute(db);
    await sql`UPDATE stage_states SET status = 'running', finished_at = NULL, started_at = now()
      WHERE run_id = 'run-1' AND stage = 'train-model'`.execute(db);
    const watched: { place: string; session: CDPSession }[] = [];
    for (const place of ['', '#/runs', '#/run/run-1', '#/review', '#/datasets']) {
      const page = await browser.newPage();
      await page.goto(`${url}/${place}`);
      watched.push({ place, session: await page.context().newCDPSession(page) });
    }
    let [events, isEnded] = [0, false];
    const happening = (async () => {
      for (; !isEnded; events += 1) {
        await sql`UPDATE stage_states SET progress = ${JSON.stringify({
          fraction: (events % 100) / 100,
          message: `step ${events} of many, loss ${(1 / (events + 1)).toFixed(4)}`,
        })}::jsonb WHERE run_id = 'run-1' AND stage = 'train-model'`.execute(db);
        await sql`UPDATE texts SET state = ${events % 2 === 0 ? 'approved' : 'in_review'}, changed_at = now()
          WHERE prediction_id = ${'1'.padStart(32, '0')}`.execute(db);
        await sleep(EVENT_MS);
      }
    })();
    const look = async () => await Promise.all(watched.map(async ({ session }) => await countOf(session)));
    const wholeMs = minutes * MINUTE_MS;
    await sleep(wholeMs * WARM_SHARE);
    const before = await look();
    await sleep(wholeMs * (1 - WARM_SHARE));
    const after = await look();
    isEnded = true;
    await happening;
    let isOver = false;
    for (const [at, { place }] of watched.entries()) {
      const [{ nodes: n0, heap: h0 }, { nodes, heap }] = [before[at] ?? NOTHING, after[at] ?? NOTHING];
      const hasGrown = nodes > n0 * ROOM.nodes || heap > h0 * ROOM.heap;
      isOver ||= hasGrown;
      show(
        hasGrown,
        `${minutes} min of events on ${(place || 'home').padEnd(12)} ${n0} to ${nodes} nodes, ${(h0 / 1e6).toFixed(2)} to ${(heap / 1e6).toFixed(2)} MB of heap`,
      );
    }
    console.log(`        ${events} events told of`);
    await sql`UPDATE pipeline_runs SET status = 'succeeded', finished_at = now() WHERE id = 'run-1'`.execute(
      db,
    );
    return !isOver;
  });
}

const NOTHING = { nodes: 0, heap: 0 };

async function countOf(session: CDPSession): Promise<typeof NOTHING> {
  await session.send('HeapProfiler.collectGarbage');
  const { nodes } = await session.send('Memory.getDOMCounters');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  return { nodes, heap: usedSize };
}

/** @returns whether Home, open while nothing happens, costs the server and Chromium next to nothing */
export async function measureIdle({ url }: Installation): Promise<boolean> {
  return await inBrowser(async (browser) => {
    const page = await browser.newPage();
    await page.goto(`${url}/`);
    await page.getByRole('list', { name: 'The loop' }).waitFor();
    await sleep(10 * SECOND_MS);
    const before = await readProcessorSeconds();
    await sleep(IDLE_SECONDS * SECOND_MS);
    const after = await readProcessorSeconds();
    const share = { server: 0, chromium: 0, database: 0 };
    for (const [pid, { kind, seconds }] of after)
      share[kind] += (seconds - (before.get(pid)?.seconds ?? 0)) / IDLE_SECONDS;
    const sum = share.server + share.chromium + share.database;
    const told = Object.entries(share).map(([of, part]) => `${of} ${(100 * part).toFixed(2)} %`);
    show(sum > IDLE_SHARE, `idle with Home open: ${(100 * sum).toFixed(2)} % of a core (${told.join(', ')})`);
    return sum <= IDLE_SHARE;
  });
}

const TICKS_A_SECOND = 100;

/** Of this process, which serves, and of all that it started, by process id. */
async function readProcessorSeconds() {
  const found = new Map<
    number,
    { kind: 'server' | 'chromium' | 'database'; parent: number; seconds: number }
  >();
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    const [, name = '', rest = ''] = /^\d+ \((.*)\) (.*)/s.exec(stat) ?? [];
    const [, parent = 0, ...values] = rest.split(' ').map(Number);
    const kind = /chrom/.test(name) ? 'chromium' : /postgres/.test(name) ? 'database' : 'server';
    found.set(Number(pid), {
      kind,
      parent,
      seconds: ((values[9] ?? 0) + (values[10] ?? 0)) / TICKS_A_SECOND,
    });
  }
  const isOurs = (pid: number): boolean => {
    const parent = found.get(pid)?.parent;
    return pid === process.pid || (parent !== undefined && isOurs(parent));
  };
  return new Map([...found].filter(([pid]) => isOurs(pid)));
}

async function inBrowser(work: (browser: Browser) => Promise<boolean>): Promise<boolean> {
  const browser = await openBrowser();
  try {
    return await work(browser);
  } finally {
    await browser.close();
  }
}
