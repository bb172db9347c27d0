import { describe, expect, it } from 'vitest';
import { nextTickMs } from '../../src/queues/next-tick.ts';

const ticks = (pattern: string, timeZone: string, after: string, count: number): string[] => {
  const found: string[] = [];
  for (let ms = Date.parse(after); found.length < count;) {
    ms = nextTickMs(pattern, timeZone, ms);
    found.push(new Date(ms).toISOString().replace(':00.000Z', 'Z'));
  }
  return found;
};

describe('the next tick of a schedule', () => {
  // Clocks go forward at midnight there: 00:00 does not exist on that day.
  it.each([
    ['Africa/Cairo', '2026-04-23T12:00Z', ['2026-04-23T22:00Z', '2026-04-24T21:00Z', '2026-04-25T21:00Z']],
    [
      'America/Santiago',
      '2026-09-05T12:00Z',
      ['2026-09-06T04:00Z', '2026-09-07T03:00Z', '2026-09-08T03:00Z'],
    ],
    ['America/Havana', '2026-03-07T12:00Z', ['2026-03-08T05:00Z', '2026-03-09T04:00Z', '2026-03-10T04:00Z']],
    ['Asia/Beirut', '2026-03-28T12:00Z', ['2026-03-28T22:00Z', '2026-03-29T21:00Z', '2026-03-30T21:00Z']],
  ])('in %s comes at the first moment after a midnight that is skipped', (timeZone, after, expected) => {
    expect(ticks('0 0 * * *', timeZone, after, 3)).toEqual(expected);
  });

  it('comes once, at 03:00, for a half past two that is skipped', () => {
    expect(ticks('30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00Z', 2)).toEqual([
      '2026-03-29T01:00Z',
      '2026-03-30T00:30Z',
    ]);
  });

  it('comes once, the first time, for a half past two that the clock shows twice', () => {
    expect(ticks('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00Z', 2)).toEqual([
      '2026-10-25T00:30Z',
      '2026-10-26T01:30Z',
    ]);
  });

  it('of every hour follows the hours as they pass, through both changes', () => {
    expect(ticks('15 * * * *', 'Europe/Berlin', '2026-03-29T00:00Z', 3)).toEqual([
      '2026-03-29T00:15Z',
      '2026-03-29T01:15Z',
      '2026-03-29T02:15Z',
    ]);
    expect(ticks('15 * * * *', 'Europe/Berlin', '2026-10-25T00:00Z', 3)).toEqual([
      '2026-10-25T00:15Z',
      '2026-10-25T01:15Z',
      '2026-10-25T02:15Z',
    ]);
  });

  it.each(['UTC', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'Pacific/Apia'])(
    'comes once on each day of a year in %s',
    (timeZone) => {
      const found = ticks('0 0 * * *', timeZone, '2026-01-01T12:00Z', 365);
      const day = new Intl.DateTimeFormat('en-CA', { timeZone });
      expect(new Set(found.map((tick) => day.format(new Date(tick)))).size).toBe(365);
    },
  );
});
