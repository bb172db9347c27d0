import type { ColumnType, Generated, JSONColumnType } from 'kysely';

export const FEEDBACK_OUTCOMES = ['accepted', 'edited', 'rejected'] as const;
/** Of two texts beside each other; each is told of one of them. */
const PAIR_OUTCOMES = ['better', 'worse'] as const;
export const STORED_OUTCOMES = [...FEEDBACK_OUTCOMES, ...PAIR_OUTCOMES] as const;
export type FeedbackOutcome = (typeof STORED_OUTCOMES)[number];

export const KEY_ROLES = ['reader', 'writer', 'admin'] as const;
/** Each may what the one before it may. */
export type KeyRole = (typeof KEY_ROLES)[number];

export const CANARY_STATUSES = [
  'waiting',
  'running',
  'settling',
  'promoted',
  'rolled-back',
  'out-of-budget',
  'stopped',
  'superseded',
] as const;
export type CanaryStatus = (typeof CANARY_STATUSES)[number];
export type CanaryOutcome = 'promoted' | 'rolled-back' | 'out-of-budget' | 'stopped';

export interface ServingTables {
  api_keys: ApiKeysTable;
  console_sessions: ConsoleSessionsTable;
  predictions: PredictionsTable;
  erased_predictions: ErasedPredictionsTable;
  feedback: FeedbackTable;
  erased_feedback: ErasedFeedbackTable;
  revenue_currencies: RevenueCurrenciesTable;
  writer_spending: WriterSpendingTable;
  serving_traffic: ServingTrafficTable;
  canaries: CanariesTable;
}

type Timestamp = ColumnType<Date, Date | string | undefined, Date | string>;

/** Tokens themselves are in a cookie and never stored. */
export interface ConsoleSessionsTable {
  token_sha256: Buffer;
  /** null for people whom an identity provider knows; then the three that follow are set. */
  key_id: string | null;
  subject: string | null;
  name: string | null;
  role: KeyRole | null;
  created_at: Timestamp;
  expires_at: Timestamp;
}

/** Keys themselves are shown once and never stored. */
export interface ApiKeysTable {
  id: string;
  name: string;
  role: KeyRole;
  /** sha256 of the key, 32 bytes. */
  key_sha256: Buffer;
  created_at: Timestamp;
  revoked_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
  /** null: never. */
  expires_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
  /** To the minute. */
  last_used_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
  /** null: `server.requestsPerMinute`. */
  requests_per_minute: number | null;
  /** The key that was made in its place. */
  replaced_by: ColumnType<string | null, string | null | undefined, string>;
}

/** What was asked, what was answered and by which model: the ground that feedback stands on. */
export interface PredictionsTable {
  /** 32 hexadecimal characters. */
  id: string;
  created_at: Timestamp;
  title: string;
  description: string;
  /** Options of the request beside title and description. */
  request: JSONColumnType<Record<string, unknown>>;
  /** The body that was answered. */
  response: JSONColumnType<Record<string, unknown>>;
  /** The text that feedback is about: what was offered as ad copy. */
  copy_text: string;
  confidence_score: number;
  model_name: string;
  model_version: number;
  writer: string;
  request_id: string;
}

/** That a prediction was erased: nothing of what was asked or answered. */
export interface ErasedPredictionsTable {
  id: string;
  predicted_at: Timestamp;
  erased_at: Timestamp;
  model_name: string;
  model_version: number;
}

export interface FeedbackTable {
  id: Generated<number>;
  prediction_id: string;
  /** Which of the prediction's texts it is about: the field, and the place among the field's texts. */
  field: Generated<string>;
  place: Generated<number>;
  /** The caller's, or '' for the one feedback that a text takes without a key. */
  idempotency_key: Generated<string>;
  /** null where only a rating or counts were told. */
  outcome: FeedbackOutcome | null;
  edited_text: string | null;
  clicks: number | null;
  impressions: number | null;
  rating: number | null;
  /** Of rows that are counts of one text, source and day; null in all others. */
  source: string | null;
  day: ColumnType<Date | null, string | null | undefined, string | null>;
  conversions: number | null;
  revenue: number | null;
  currency: string | null;
  created_at: Timestamp;
  /** Number of the dataset version that took it in; null while none has. */
  dataset_version: number | null;
}

/** What the revenue of a field is counted in. */
export interface RevenueCurrenciesTable {
  field: string;
  currency: string;
}

/** Ids of feedback that was erased by request. */
export interface ErasedFeedbackTable {
  feedback_id: number;
  erased_at: Timestamp;
}

/** Tokens of paid writers by UTC day, shared by all servers. */
export interface WriterSpendingTable {
  day: ColumnType<Date, string, never>;
  tokens: number;
}

/** One row: how requests are divided between champion and challenger. */
export interface ServingTrafficTable {
  only_row: Generated<boolean>;
  /** Percent; champion and challenger make 100. */
  champion: number;
  challenger: number;
  /** The challenger scores a copy of every request and its answer is only measured. */
  shadow: boolean;
  updated_at: Timestamp;
}

/** A version that won the gate and takes, or waits to take, a share of the traffic. */
export interface CanariesTable {
  id: Generated<number>;
  model_name: string;
  version: number;
  /** The version that the gate compared it with. */
  champion: number;
  status: Generated<CanaryStatus>;
  outcome: CanaryOutcome | null;
  /** As configured when it was begun. */
  rules: JSONColumnType<Record<string, unknown>>;
  /** As last looked at. */
  evidence: ColumnType<Record<string, unknown> | null, string | null, string | null>;
  /** Why the gate let it in; after its end why it ended. */
  reason: string;
  settled_by: string | null;
  pipeline_run_id: string | null;
  created_at: Timestamp;
  started_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
  ended_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
}
