/**
 * Times as files write them. Whether `03/04/2026` is March or April is decided by the column; without a zone
 * a time counts as UTC.
 */

export const MAX_TIME_CHARS = 64;

export interface TimeEvidence {
  observe(text: string): void;
  /** ISO 8601 in UTC; null: there is none. @returns what is wrong, in words */
  read(text: string): { iso: string } | { fault: string } | null;
}

const ISO =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?)?\s{0,3}(Z|UTC|GMT|[+-]\d{2}:?\d{2})?$/iu;
const OURS = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/u;
const PARTED =
  /^(\d{1,4})([./-])(\d{1,2})\2(\d{2,4})(?:,?[ T](\d{1,2}):(\d{2})(?::(\d{2}))?\s{0,3}(am|pm)?)?\s{0,3}(Z|UTC|GMT|[+-]\d{2}:?\d{2})?$/iu;
const COUNT = /^\d{1,14}(?:\.\d{1,9})?$/u;
/** `Jun 11, 2026, 11:08 AM`, `18 August 2026`, `Mon, 02 Nov 2026 10:00:00 GMT`. */
const NAMED =
  /^(?:[A-Za-z]{3,9},? )?(?:([A-Za-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?|(\d{1,2})(?:st|nd|rd|th)?\.? ([A-Za-z]{3,9})\.?),? (\d{4})(?:,? (?:at )?(\d{1,2}):(\d{2})(?::(\d{2}))?\s{0,3}(am|pm)?)?\s{0,3}(Z|UTC|GMT|[+-]\d{2}:?\d{2})?$/iu;
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

const EXPECTED = 'must be a time: ISO 8601, or seconds or milliseconds since 1970';

export function createTimeEvidence(): TimeEvidence {
  let dayFirst = 0;
  let monthFirst = 0;
  return {
    observe: (raw) => {
      const match = raw.length > MAX_TIME_CHARS ? null : PARTED.exec(raw.trim());
      if (match === null || (match[1] ?? '').length > 2 || match[2] === '.') return;
      if (Number(match[1]) > 12) dayFirst += 1;
      if (Number(match[3]) > 12) monthFirst += 1;
    },
    read: (raw) => {
      if (raw.length > MAX_TIME_CHARS) return { fault: EXPECTED };
      // What programs write, and what was read before, is not taken apart.
      if (OURS.test(raw) && isTime(raw)) return { iso: raw };
      const text = raw.trim();
      if (text === '') return null;
      const ms = readMs(text, dayFirst > 0 === monthFirst > 0 ? undefined : dayFirst > 0 ? 'day' : 'month');
      if (ms === 'doubtful') return { fault: 'may be of two months: write times as 2026-03-04' };
      // Years beyond 9999 are numbers in the wrong unit.
      if (ms === undefined || Number.isNaN(ms) || Math.abs(ms) >= 253_402_300_800_000)
        return { fault: EXPECTED };
      return { iso: new Date(ms).toISOString() };
    },
  };
}

/** Whether the calendar has it: there is no 30th of February. */
function isTime(text: string): boolean {
  const time = new Date(text);
  return !Number.isNaN(time.getTime()) && time.toISOString() === text;
}

function readMs(text: string, first: 'day' | 'month' | undefined): number | 'doubtful' | undefined {
  if (COUNT.test(text)) {
    const count = Number(text);
    return count > 1e11 ? count : count * 1000;
  }
  const iso = ISO.exec(text);
  if (iso !== null) {
    const [, year, month, day, hour, minute, second, fraction, zone] = iso;
    return toMs([year, month, day], [hour, minute, second], undefined, zone, fraction);
  }
  const parted = PARTED.exec(text);
  if (parted !== null) {
    const [, a = '', mark, b = '', c = '', hour, minute, second, half, zone] = parted;
    const time = [hour, minute, second] as const;
    if (a.length === 4) return toMs([a, b, c], time, half, zone);
    if (a.length > 2 || c.length === 3) return undefined;
    const year = c.length === 2 ? `20${c}` : c;
    const order = mark === '.' ? 'day' : Number(a) > 12 ? 'day' : Number(b) > 12 ? 'month' : first;
    if (order === undefined) return a === b ? toMs([year, a, b], time, half, zone) : 'doubtful';
    return order === 'day' ? toMs([year, b, a], time, half, zone) : toMs([year, a, b], time, half, zone);
  }
  const named = NAMED.exec(text);
  if (named === null) return undefined;
  const [, monthA, dayA, dayB, monthB, year, hour, minute, second, half, zone] = named;
  const month = MONTHS.indexOf((monthA ?? monthB ?? '').slice(0, 3).toLowerCase()) + 1;
  return month === 0
    ? undefined
    : toMs([year, String(month), dayA ?? dayB], [hour, minute, second], half, zone);
}

type Part = string | undefined;

function toMs(
  [year, month, day]: readonly [Part, Part, Part],
  [hour, minute, second]: readonly [Part, Part, Part],
  half: Part,
  zone: Part,
  fraction?: Part,
): number | undefined {
  const [y, m, d] = [Number(year), Number(month), Number(day)];
  if (m < 1 || m > 12 || d < 1 || d > new Date(Date.UTC(y, m, 0)).getUTCDate()) return undefined;
  const isPm = half?.toLowerCase() === 'pm';
  let h = Number(hour ?? 0);
  if (half !== undefined) h = (h % 12) + (isPm ? 12 : 0);
  if (h > 24 || Number(minute ?? 0) > 59 || Number(second ?? 0) > 60) return undefined;
  const ms = fraction === undefined ? 0 : Math.floor(Number(`0${fraction}`) * 1000);
  return Date.UTC(y, m - 1, d, h, Number(minute ?? 0), Number(second ?? 0), ms) - offsetMs(zone);
}

function offsetMs(zone: Part): number {
  const match = zone === undefined ? null : /^([+-])(\d{2}):?(\d{2})$/u.exec(zone);
  if (match === null) return 0;
  return (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3])) * 60_000;
}
