/**
 * The fields of a record, said once: the check of a row, the columns of a dataset version, its manifest and
 * what can be mapped follow from this table. They stand here because the configuration, which imports nothing
 * above it, names them in `data.map`.
 */
export interface FieldRule {
  kind: 'text' | 'number' | 'time' | 'texts' | 'pairs';
  /** Of a text. */
  maxChars: number;
  /**
   * Added after dataset versions were first written: absent where it is empty, so that those read on and keep
   * their digests.
   */
  isLater?: true;
}

export const RECORD_FIELDS = {
  id: { kind: 'text', maxChars: 200 },
  title: { kind: 'text', maxChars: 1000 },
  category: { kind: 'text', maxChars: 200 },
  description: { kind: 'text', maxChars: 10_000 },
  price: { kind: 'number', maxChars: 64 },
  rating: { kind: 'number', maxChars: 64 },
  timestamp: { kind: 'time', maxChars: 64 },
  brand: { kind: 'text', maxChars: 200, isLater: true },
  currency: { kind: 'text', maxChars: 3, isLater: true },
  language: { kind: 'text', maxChars: 35, isLater: true },
  tags: { kind: 'texts', maxChars: 2000, isLater: true },
  attributes: { kind: 'pairs', maxChars: 10_000, isLater: true },
  group: { kind: 'text', maxChars: 200, isLater: true },
} as const satisfies Record<string, FieldRule>;

export type RecordField = keyof typeof RECORD_FIELDS;

/** Record fields that a source column can be mapped to. */
export const MAPPABLE_FIELDS = Object.keys(RECORD_FIELDS) as [RecordField, ...RecordField[]];
