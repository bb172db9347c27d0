/**
 * Checks of the rows of a version before it is committed. All rows are looked at once, then what was found is
 * known: which rows go together in the split, and what the manifest says.
 */
import { francAll } from 'franc-min';
import type { Config } from '../../core/config/index.ts';
import { createFingerprintSet } from '../fingerprint-set.ts';
import type { CheckName, CheckResult } from '../checks/check-results.ts';
import { findLabelErrors } from '../checks/label-errors.ts';
import { createNearDuplicateFinder } from '../checks/near-duplicates.ts';
import { createOutOfFold } from '../checks/out-of-fold.ts';
import { findPersonalData } from '../checks/personal-data.ts';
import { hashSplitKey, normalise, NEAR_GROUP } from './content.ts';
import type { MergeCounts, MergedRow } from './merge-rows.ts';

export type CheckOptions = Config['data']['checks'];

/** A row that a check holds something against. */
export interface Finding {
  check: CheckName;
  /** Hash of its text, by which it is set aside. */
  content: string;
  id: string;
  title: string;
  label: number;
  detail: string;
}

export interface DatasetChecks {
  observe(row: MergedRow): void;
  settle(counts: MergeCounts): SettledChecks;
}

export interface SettledChecks {
  /** Whether rows were given a group. */
  hasGroups: boolean;
  /** The same rows in the same order: each with the group that it belongs to. */
  assign(rows: AsyncIterable<MergedRow>): AsyncIterable<MergedRow>;
  /** Once all rows were assigned. */
  results(): CheckResult[];
  findings(): Finding[];
}

const FINDINGS_KEPT = 500;
const EXAMPLES = 5;
/**
 * A model and the language of each row cost time: beyond so many rows, which lie in random order, they stop.
 */
const LABEL_ROWS = 50_000;
const LANGUAGE_ROWS = 5_000;
const MIN_LANGUAGE_CHARS = 40;
/** Below, a model of folds says nothing. */
const MIN_LABEL_ROWS = 50;
/** Spreads around the median, in logarithms of the length. */
const UNUSUAL_SPREADS = 5;
const MIN_LENGTH_ROWS = 50;

export function createDatasetChecks(options: CheckOptions): DatasetChecks {
  const isOn = (check: CheckName): boolean => options[check].severity !== 'off';
  const near = isOn('nearDuplicates')
    ? createNearDuplicateFinder(options.nearDuplicates.threshold)
    : undefined;
  const outOfFold = isOn('labelErrors') ? createOutOfFold() : undefined;
  const labels: number[] = [];
  const lengths: number[] = [];
  const languages: string[] = [];
  const descriptions = createFingerprintSet();
  const repeated = createFingerprintSet();
  let rows = 0;

  return {
    observe: ({ row, content, isKnown }) => {
      const text = `${row.title}\n${row.description}`;
      const key = hashSplitKey(row, content);
      near?.add(text, key, isKnown || (row.group ?? '') !== '');
      if (rows < LABEL_ROWS) outOfFold?.add(text, row.label, key.readUInt32BE(0));
      labels.push(row.label);
      lengths.push(Math.log1p(text.length));
      if (isOn('language') && rows < LANGUAGE_ROWS) languages.push(tellLanguage(text));
      if (row.description !== '' && !descriptions.add(normalise(row.description)))
        repeated.add(normalise(row.description));
      rows += 1;
    },
    settle: (counts) => {
      const groups = near?.find();
      const wrong = outOfFold === undefined || rows < MIN_LABEL_ROWS ? undefined : rankErrors();
      const language = options.language.expected ?? commonest(languages.filter((code) => code !== ''));
      const isUnusual = rows < MIN_LENGTH_ROWS ? () => false : createLengthRule(lengths);
      const found: Record<CheckName, number> = {
        nearDuplicates: 0,
        conflictingLabels: counts.relabelled,
        labelErrors: 0,
        language: 0,
        alike: 0,
        lengths: 0,
        personalData: 0,
      };
      const kept: Finding[] = [];
      const keptOf = new Map<CheckName, number>();

      const note = (check: CheckName, { row, content }: MergedRow, detail: string): void => {
        if (!isOn(check)) return;
        found[check] += 1;
        const count = keptOf.get(check) ?? 0;
        if (count >= FINDINGS_KEPT) return;
        keptOf.set(check, count + 1);
        const { id, title, label } = row;
        kept.push({ check, content: content.toString('hex'), id, title: title.slice(0, 200), label, detail });
      };
      const look = (at: number, merged: MergedRow): void => {
        const { row } = merged;
        const anchor = groups?.anchorOf(at) ?? at;
        if (anchor !== at) {
          note('nearDuplicates', merged, 'says nearly what another row says');
          if (labels[anchor] !== row.label)
            note(
              'conflictingLabels',
              merged,
              `has the label ${row.label}, and a row that says nearly the same has not`,
            );
        }
        const probability = wrong?.get(at);
        if (probability !== undefined)
          note(
            'labelErrors',
            merged,
            `has the label ${row.label}, which rows like it have with a probability of ${probability.toFixed(2)}`,
          );
        const spoken = languages[at] ?? '';
        if (spoken !== '' && language !== undefined && spoken !== language)
          note('language', merged, `looks like ${spoken}, not ${language}`);
        if (row.description !== '' && repeated.has(normalise(row.description)))
          note('alike', merged, 'has the description of another row');
        if (isUnusual(lengths[at] ?? 0))
          note('lengths', merged, `has ${row.title.length + row.description.length} characters`);
        const personal = isOn('personalData') ? findPersonalData(`${row.title}\n${row.description}`) : [];
        if (personal.length > 0)
          note('personalData', merged, `holds ${[...new Set(personal.map(({ kind }) => kind))].join(', ')}`);
      };

      const checked: Record<CheckName, number> = {
        nearDuplicates: rows,
        conflictingLabels: rows + counts.duplicates,
        labelErrors: wrong === undefined ? 0 : Math.min(rows, LABEL_ROWS),
        language: languages.filter((code) => code !== '').length,
        alike: rows,
        lengths: rows,
        personalData: rows,
      };
      return {
        hasGroups: (groups?.count ?? 0) > 0,
        assign: async function* assign(merged) {
          let at = 0;
          for await (const each of merged) {
            look(at, each);
            const key = groups?.keyOf(at);
            yield key === undefined ? each : { ...each, row: { ...each.row, group: `${NEAR_GROUP}${key}` } };
            at += 1;
          }
        },
        findings: () => kept,
        results: () =>
          (Object.keys(found) as CheckName[]).filter(isOn).map((name) => {
            const { severity, mostly } = options[name];
            const all = checked[name];
            const passing = all === 0 ? 1 : 1 - found[name] / all;
            return {
              name,
              severity: severity === 'off' ? 'note' : severity,
              mostly,
              rows: all,
              found: found[name],
              passed: passing >= mostly,
              examples: kept.filter(({ check }) => check === name).slice(0, EXAMPLES),
            };
          }),
      };

      function rankErrors(): Map<number, number> {
        const probabilities = outOfFold?.predict() ?? new Float64Array();
        const given = labels.slice(0, probabilities.length);
        return new Map(
          findLabelErrors(given, probabilities).map((row) => {
            const one = probabilities[row] as number;
            return [row, given[row] === 1 ? one : 1 - one];
          }),
        );
      }
    },
  };
}

/** ISO 639-3; '' where the text is short, or two languages are as likely. */
function tellLanguage(text: string): string {
  if (text.length < MIN_LANGUAGE_CHARS) return '';
  const [first, second] = francAll(text.slice(0, 2000));
  if (first === undefined || first[0] === 'und') return '';
  return second !== undefined && first[1] - second[1] < 0.05 ? '' : first[0];
}

function commonest(codes: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const code of codes) counts.set(code, (counts.get(code) ?? 0) + 1);
  return [...counts].toSorted((a, b) => b[1] - a[1])[0]?.[0];
}

/** Far from the median, in median absolute deviations; a spread of nothing says nothing. */
function createLengthRule(lengths: readonly number[]): (length: number) => boolean {
  const median = medianOf(lengths);
  const spread = 1.4826 * medianOf(lengths.map((length) => Math.abs(length - median)));
  return (length) => spread > 0.05 && Math.abs(length - median) > UNUSUAL_SPREADS * spread;
}

function medianOf(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
