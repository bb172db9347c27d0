/**
 * Times as files write them. Whether `03/04/2026` is March or April is decided by the column; without a zone
 * a time counts as UTC.
 */

const MAX_TIME_CHARS = 64;

export interface TimeEvidence {
  observe(text: string): void;
  /** ISO 8601 in UTC; null: there is none. @returns what is wrong, in words */
  read(text: string): { iso: string } | { fault: string } | null;
}

/** Zones as exports abbreviate them, in hours; CST and IST as where most of them come from. */
const ZONES: Readonly<Record<string, number>> = Object.fromEntries(
  (
    'hst -10, akst -9, akdt -8, pst -8, pdt -7, mst -7, mdt -6, cst -6, cdt -5, est -5, edt -4, brt -3, wet 0, west 1, bst 1, ' +
    'cet 1, met 1, cest 2, mest 2, eet 2, eest 3, msk 3, ist 5.5, sgt 8, awst 8, jst 9, kst 9, aest 10, aedt 11, nzst 12, nzdt 13'
  )
    .split(', ')
    .map((zone) => zone.split(' '))
    .map(([name = '', hours]) => [name, Number(hours)]),
);
const ZONE = String.raw`\s{0,3}(Z|(?:UTC|GMT)?[+-]\d{2}:?\d{2}|UTC|GMT|${Object.keys(ZONES).join('|')})?`;
const CLOCK = String.raw`(\d{1,2}):(\d{2})(?::(\d{2}))?\s{0,3}(am|pm)?`;
const timePattern = (date: string, clock = String.raw`(?:,? (?:at )?|,? |T)${CLOCK}`): RegExp =>
  new RegExp(`^${date}(?:${clock})?${ZONE}$`, 'iu');

const ISO = timePattern(
  String.raw`(\d{4})-(\d{1,2})-(\d{1,2})`,
  String.raw`[T ](\d{1,2}):(\d{2})(?::(\d{2})([.,]\d{1,9})?)?`,
);
/** What programs write, of a day that every month has. */
const OURS = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/u;
const PARTED = timePattern(String.raw`(\d{1,4})([./-])(\d{1,2})\2(\d{2,4})`);
const COUNT = /^\d{1,14}(?:\.\d{1,9})?$/u;
/** `20261130`; as seconds it would lie in August 1970. */
const COMPACT = /^((?:19|20)\d{2})(0[1-9]|1[0-2])([0-2]\d|3[01])$/u;
/**
 * `Jun 11, 2026, 11:08 AM`, `18 August 2026`, `14. März 2026`, `Jun-11-26 11:08:22 PDT`, `Mon, 02 Nov 2026
 * 10:00:00 GMT`.
 */
const NAMED = timePattern(
  String.raw`(?:\p{L}{2,10}\.?,? )?(?:(\p{L}{3,10})\.?[ -](\d{1,2})(?:st|nd|rd|th)?|(\d{1,2})(?:st|nd|rd|th|er|º)?\.?[ /-](?:de )?(\p{L}{3,10})\.?)(?:,? (?:de |del )?|[/-])(\d{4}|\d{2})`,
);
/** `Fri Aug 25 13:55:02 -0700 2017`, as C, Ruby and Java write a time. */
const CTIME = /^\p{L}{3} (\p{L}{3}) {1,2}(\d{1,2}) (\d{2}:\d{2}:\d{2}) (?:([+-]\d{4}|[A-Z]{1,4}) )?(\d{4})$/u;
const MONTHS = new Map(
  ['en', 'de', 'fr', 'es', 'it', 'nl', 'pt'].flatMap((language) =>
    Array.from({ length: 12 }, (_, month) => month).flatMap((month) =>
      (['long', 'short'] as const).map((width): [string, number] => [
        new Intl.DateTimeFormat(language, { month: width, timeZone: 'UTC' })
          .format(Date.UTC(2026, month, 15))
          .replace('.', '')
          .toLowerCase(),
        month + 1,
      ]),
    ),
  ),
);

const EXPECTED = 'must be a time: ISO 8601, or seconds or milliseconds since 1970';

/** @param prior what the rest of the file says, for a column that does not tell */
export function createTimeEvidence(prior: () => 'day' | undefined = () => undefined): TimeEvidence {
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
      // Most times are in this form, also those that were read before: they are not taken apart.
      if (OURS.test(raw)) return { iso: raw };
      // `(Central European Time)`, as programs add to what says it already.
      const text = raw
        .trim()
        .replace(/ \([\p{L} ]{1,40}\)$/u, '')
        .replace(CTIME, '$1 $2 $5 $3 $4')
        .trim();
      if (text === '') return null;
      const ms = readMs(text, dayFirst > 0 === monthFirst > 0 ? prior() : dayFirst > 0 ? 'day' : 'month');
      if (ms === 'doubtful') return { fault: 'may be of two months: write times as 2026-03-04' };
      // Years beyond 9999 are numbers in the wrong unit.
      if (ms === undefined || Number.isNaN(ms) || Math.abs(ms) >= 253_402_300_800_000)
        return { fault: EXPECTED };
      return { iso: new Date(ms).toISOString() };
    },
  };
}

function readMs(text: string, first: 'day' | 'month' | undefined): number | 'doubtful' | undefined {
  const compact = COMPACT.exec(text);
  if (compact !== null)
    return toMs(
      [compact[1], compact[2], compact[3]],
      [undefined, undefined, undefined],
      undefined,
      undefined,
    );
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
  const month = findMonth((monthA ?? monthB ?? '').toLowerCase());
  const whole = year?.length === 2 ? `20${year}` : year;
  return month === undefined
    ? undefined
    : toMs([whole, String(month), dayA ?? dayB], [hour, minute, second], half, zone);
}

/** In full, or cut short to at least three letters. */
function findMonth(name: string): number | undefined {
  return (
    MONTHS.get(name) ?? [...MONTHS].find(([full]) => full.startsWith(name) || name.startsWith(full))?.[1]
  );
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
  const ms = fraction === undefined ? 0 : Math.floor(Number(`0.${fraction.slice(1)}`) * 1000);
  return Date.UTC(y, m - 1, d, h, Number(minute ?? 0), Number(second ?? 0), ms) - offsetMs(zone);
}

function offsetMs(zone: Part): number {
  const match = zone === undefined ? null : /^(?:UTC|GMT)?([+-])(\d{2}):?(\d{2})$/iu.exec(zone);
  if (match === null) return (ZONES[zone?.toLowerCase() ?? ''] ?? 0) * 3_600_000;
  return (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3])) * 60_000;
}
