/* What copyloop answers, generated from its /openapi.json. After a change of a route:
   npx vitest run --project integration test/integration/client.test.ts -u */

export type Creative = {
  title: string;
  description: string;
  social_media_caption: string;
  hashtags: string[];
  ad_copy: string;
  confidence_score: number;
  generated_at: string;
};

export type Authorship = {
  writer: string;
  model: string | null;
  fingerprint: string | null;
  prompt: string | null;
  examples: string[];
  seed: number;
  parameters: { [key: string]: unknown };
  prompt_tokens: number;
  cached_tokens: number;
  completion_tokens: number;
  is_counted: boolean;
  cost: number | null;
  currency: string | null;
};

export type Claim = { text: string; start: number; end: number; words: string; source: string };

export type PredictRequest = {
  title: string;
  description: string;
  id?: string | number | undefined;
  category?: string | undefined;
  price?: unknown;
  currency?: string | undefined;
  attributes?: { [key: string]: string } | undefined;
  rating?: unknown;
  timestamp?: unknown;
  channels?: string[] | undefined;
  tone?: 'friendly' | 'professional' | 'playful' | 'elegant' | 'direct' | undefined;
  audience?: string | undefined;
  keywords?: string[] | undefined;
  count?: number | undefined;
  seed?: number | undefined;
  brand?: string | undefined;
  language?: 'auto' | 'en' | 'de' | 'fr' | 'es' | 'it' | 'nl' | undefined;
  writer?: 'templates' | 'transformers' | 'openai' | 'llama' | 'module' | undefined;
  together?: boolean | undefined;
  banned_words?: string[] | undefined;
  channel_writers?:
    { [key: string]: 'templates' | 'transformers' | 'openai' | 'llama' | 'module' } | undefined;
  link?: string | undefined;
  claims?: boolean | undefined;
  policy?: 'best' | 'explore' | undefined;
  version?: number | undefined;
  explain?: boolean | undefined;
};

export type BatchPredictRequest = {
  items: PredictRequest[];
  channels?: string[] | undefined;
  tone?: 'friendly' | 'professional' | 'playful' | 'elegant' | 'direct' | undefined;
  audience?: string | undefined;
  keywords?: string[] | undefined;
  count?: number | undefined;
  seed?: number | undefined;
  brand?: string | undefined;
  language?: 'auto' | 'en' | 'de' | 'fr' | 'es' | 'it' | 'nl' | undefined;
  writer?: 'templates' | 'transformers' | 'openai' | 'llama' | 'module' | undefined;
  together?: boolean | undefined;
  banned_words?: string[] | undefined;
  channel_writers?:
    { [key: string]: 'templates' | 'transformers' | 'openai' | 'llama' | 'module' } | undefined;
  link?: string | undefined;
  claims?: boolean | undefined;
  policy?: 'best' | 'explore' | undefined;
  version?: number | undefined;
  explain?: boolean | undefined;
};

export type ServedModel = {
  alias: 'champion' | 'challenger';
  name: string;
  version: number;
  precision: string;
  exported: {
    precision: string;
    validation_accuracy: { fp32: number; int8: number };
    precision_tolerance: number;
  } | null;
  loaded_at: string;
  load_ms: number;
};

export type SignedInKey = { id: string; name: string; role: 'reader' | 'writer' | 'admin' } | null;

export type AuditEntry = {
  number: number;
  at: string;
  actor: string;
  action: string;
  object: string;
  outcome: 'done' | 'refused' | 'failed';
  details: { [key: string]: unknown };
  request_id: string | null;
  previous_hash: string;
  hash: string;
};

export type BrandSummary = {
  name: string;
  version: number;
  title: string | null;
  created_at: string;
  created_by: string;
};

export type Brand = {
  name: string;
  version: number;
  title: string | null;
  created_at: string;
  created_by: string;
  profile: { [key: string]: unknown };
};

export type BrandProfile = {
  title?: string | undefined;
  aliases?: string[] | undefined;
  voice?: string | undefined;
  do?: string[] | undefined;
  dont?: string[] | undefined;
  vocabulary?: { avoid: string; say?: string | undefined }[] | undefined;
  person?:
    { brand?: 'we' | 'name' | 'any' | undefined; reader?: 'you' | 'nobody' | 'any' | undefined } | undefined;
  readingLevel?: { maxSentenceWords?: number | undefined; maxLix?: number | undefined } | undefined;
  maxEmoji?: number | undefined;
  capitals?:
    { words?: boolean | undefined; headlines?: 'title' | 'sentence' | 'any' | undefined } | undefined;
  punctuation?: { maxExclamationMarks?: number | undefined; banned?: string[] | undefined } | undefined;
  bannedPhrases?: string[] | undefined;
  requiredPhrases?: (string | { text: string; fields?: string[] | undefined })[] | undefined;
  disclaimers?: (string | { text: string; fields?: string[] | undefined })[] | undefined;
  examples?: { field: string; text: string }[] | undefined;
  channels?:
    | {
        [key: string]: {
          vocabulary?: { avoid: string; say?: string | undefined }[] | undefined;
          person?:
            | { brand?: 'we' | 'name' | 'any' | undefined; reader?: 'you' | 'nobody' | 'any' | undefined }
            | undefined;
          readingLevel?: { maxSentenceWords?: number | undefined; maxLix?: number | undefined } | undefined;
          maxEmoji?: number | undefined;
          capitals?:
            { words?: boolean | undefined; headlines?: 'title' | 'sentence' | 'any' | undefined } | undefined;
          punctuation?:
            { maxExclamationMarks?: number | undefined; banned?: string[] | undefined } | undefined;
          bannedPhrases?: string[] | undefined;
          requiredPhrases?: (string | { text: string; fields?: string[] | undefined })[] | undefined;
          disclaimers?: (string | { text: string; fields?: string[] | undefined })[] | undefined;
          voice?: string | undefined;
        };
      }
    | undefined;
};

export type WriterUsage = {
  day: string;
  writer: string;
  model: string;
  brand: string | null;
  job_id: string | null;
  requests: number;
  uncounted: number;
  prompt_tokens: number;
  cached_tokens: number;
  completion_tokens: number;
  cost: number | null;
  currency: string | null;
};

export type DatasetFinding = {
  check:
    | 'nearDuplicates'
    | 'conflictingLabels'
    | 'labelErrors'
    | 'language'
    | 'alike'
    | 'lengths'
    | 'personalData';
  content: string;
  id: string;
  title: string;
  label: number;
  detail: string;
};

export type DatasetDiff = {
  same: number;
  rows: { added: number; removed: number; relabelled: number; moved: number; changed: number };
  examples: {
    change: 'added' | 'removed' | 'relabelled' | 'moved' | 'changed';
    content: string;
    id: string;
    title: string;
    split: 'train' | 'validation' | 'holdout';
    label: number;
    before: { split: 'train' | 'validation' | 'holdout'; label: number } | null;
  }[];
  distribution: {
    verdict: 'none' | 'moderate' | 'large';
    features: {
      feature: string;
      psi: number;
      noise: number;
      verdict: 'none' | 'moderate' | 'large';
      before: number | null;
      now: number | null;
    }[];
  };
};

export type RowAside = {
  content: string;
  title: string;
  label: number;
  reason: string;
  dataset_version: number;
  set_aside_at: string;
};

export type DatasetSummary = {
  version: number;
  parent_version: number | null;
  run_id: string;
  digest: string;
  rows: number;
  positive_share: number | null;
  refused: number;
  from_feedback: number;
  drift: 'none' | 'moderate' | 'large' | null;
  created_at: string;
};

export type DatasetRow = {
  content: string;
  id: string;
  title: string;
  description: string;
  label: number;
  weight: number;
};

export type ProductRecord = {
  id: string;
  title: string;
  category: string;
  description: string;
  price: number;
  rating: number;
  timestamp: string;
};

export type RunRequest = {
  source?:
    | {
        kind?: 'synthetic' | 'file' | 'http' | 's3' | 'postgres' | undefined;
        count?: number | undefined;
        seed?: number | undefined;
        path?: string | null | undefined;
        encoding?: string | null | undefined;
        sheet?: string | null | undefined;
        url?: string | null | undefined;
        credentialsFile?: string | null | undefined;
        uri?: string | null | undefined;
        databaseUrlFile?: string | null | undefined;
        query?: string | null | undefined;
      }
    | undefined;
  map?:
    | {
        id?: string | undefined;
        title?: string | undefined;
        category?: string | undefined;
        description?: string | undefined;
        price?: string | undefined;
        rating?: string | undefined;
        timestamp?: string | undefined;
        brand?: string | undefined;
        currency?: string | undefined;
        language?: string | undefined;
        tags?: string | undefined;
        attributes?: string | undefined;
        group?: string | undefined;
        auto?: string | undefined;
      }
    | undefined;
  label?: { threshold?: number | undefined; column?: string | null | undefined } | undefined;
  joinParent?: boolean | undefined;
  remember?: boolean | undefined;
  recipes?: string[] | undefined;
  candidates?:
    | {
        name: string;
        recipe: string;
        seed?: number | undefined;
        settings?: { [key: string]: number | string | boolean | null } | undefined;
      }[]
    | undefined;
};

export type ListedRun = RunSummary & {
  recipes: string[];
  stages: { stage: string; status: string }[];
  dataset_version: number | null;
  decision: string | null;
  model_version: number | null;
};

export type StoredError = ({ code: string; message: string } & { [key: string]: unknown }) | null;

export type RunSummary = {
  id: string;
  number: number;
  trigger: string;
  status: string;
  replay_of: string | null;
  created_at: string;
  finished_at: string | null;
  error: StoredError;
};

export type Run = RunSummary & {
  options: { [key: string]: unknown };
  configured: { [key: string]: unknown };
  stages: RunStage[];
};

export type RunStage = {
  stage: string;
  candidate: string | null;
  status: string;
  progress: { fraction: number; message: string } | null;
  result?: unknown;
  error: StoredError;
  started_at: string | null;
  finished_at: string | null;
  adopted_from: string | null;
  skipped: string | null;
  attempts: {
    attempt: number;
    worker: string;
    outcome: string;
    started_at: string;
    finished_at: string | null;
    error: StoredError;
  }[];
};

export type LogLine = { line: number; at: string; level: string; message: string };

export type Schedule = {
  cron: string;
  time_zone: string;
  enabled: boolean;
  paused: boolean;
  changed_by: string | null;
  changed_at: string | null;
  next: string[];
  last: { slot: string; outcome: 'started' | 'skipped'; run_id: string | null; reason: string | null }[];
};

export type JobSummary = {
  id: string;
  number: number;
  status: 'active' | 'succeeded' | 'failed' | 'cancelled' | 'paused';
  source: string;
  format: 'csv' | 'jsonl' | 'parquet' | 'same';
  options: { [key: string]: unknown };
  model: { name: string; version: number };
  rows: { total: number | null; done: number; refused: number };
  shards: { total: number | null; done: number; running: number };
  created_at: string;
  finished_at: string | null;
  error: StoredError;
};

export type Job = JobSummary & {
  rows_per_second: number | null;
  seconds_left: number | null;
  stages: JobStage[];
};

export type JobStage = {
  stage: string;
  status: string;
  shards: { total: number; done: number } | null;
  error: StoredError;
  started_at: string | null;
  finished_at: string | null;
};

export type CatalogueInspection = {
  format: string;
  is_recognised: boolean;
  columns: string[];
  mapping: { [key: string]: string[] };
  accepted: number;
  refused: number;
  preview: { line: number; product: CatalogueCells }[];
  refused_rows: { line: number; field: string; value: string; reason: string; cells: CatalogueCells }[];
};

export type CatalogueCells = { id: string; title: string; category: string; description: string };

export type Model = {
  name: string;
  description: string | null;
  aliases: { [key: string]: number };
  latest_version: number | null;
};

export type ModelVersion = {
  name: string;
  version: number;
  description: string | null;
  aliases: string[];
  approval: 'pending' | 'approved' | 'rejected' | 'superseded' | null;
  gate_report: string | null;
  status: string;
  source: string;
  tracking_run_id: string | null;
  pipeline_run_id: string | null;
  tags: { [key: string]: string };
  created_at: string;
};

export type VersionComparison = {
  accuracy: number | null;
  gain: number | null;
  earlier: { version: number; accuracy: number | null; gain: number | null }[];
};

export type AliasMove = {
  alias: string;
  kind: 'set' | 'delete' | 'rollback';
  from_version: number | null;
  to_version: number | null;
  moved_at: string;
  moved_by: string;
  reason: string;
  pipeline_run_id: string | null;
};

export type Reason = { reason: string };

export type Traffic = { champion: number; challenger?: number | undefined; shadow?: boolean | undefined };

export type Feedback = {
  id: number;
  text_id: string;
  prediction_id: string;
  outcome: 'accepted' | 'edited' | 'rejected' | 'better' | 'worse' | null;
  edited_text: string | null;
  impressions: number | null;
  clicks: number | null;
  conversions: number | null;
  revenue: number | null;
  currency: string | null;
  rating: number | null;
  source: string | null;
  day: string | null;
  created_at: string;
  dataset_version: number | null;
};

export type FeedbackRequest = {
  text_id?: string | undefined;
  prediction_id?: string | undefined;
  outcome?: 'accepted' | 'edited' | 'rejected' | undefined;
  edited_text?: string | undefined;
  clicks?: number | undefined;
  impressions?: number | undefined;
  conversions?: number | undefined;
  revenue?: number | undefined;
  currency?: string | undefined;
  day?: string | undefined;
  source?: string | undefined;
  restated?: boolean | undefined;
  rating?: number | undefined;
  idempotency_key?: string | undefined;
};

export type PredictionSummary = {
  id: string;
  created_at: string;
  title: string;
  confidence_score: number;
  model: { name: string; version: number };
  writer: string;
  ad_copy: string;
};

export type StoredPrediction = {
  id: string;
  created_at: string;
  title: string;
  description: string;
  request: { [key: string]: unknown };
  response: { [key: string]: unknown };
  confidence_score: number;
  model: { name: string; version: number };
  writer: string;
  request_id: string;
};

export type Text = {
  number: number;
  text_id: string;
  prediction_id: string;
  field: string;
  state: 'draft' | 'in_review' | 'approved' | 'rejected' | 'published';
  text: string;
  original: string;
  edited: boolean;
  score: number | null;
  assignee: string | null;
  changed_by: string | null;
  changed_at: string | null;
  product: { title: string; description: string };
};

export type TextEvent = { kind: 'state' | 'comment' | 'assigned'; told: string; by: string; at: string };

export type TextDecision = {
  state: 'draft' | 'in_review' | 'approved' | 'rejected' | 'published';
  comment?: string | undefined;
  edited_text?: string | undefined;
  from?: 'draft' | 'in_review' | 'approved' | 'rejected' | 'published' | undefined;
};

export type Setting = { key: string; value?: unknown; origin: string };

export type Diagnosis = {
  name: string;
  status: 'ok' | 'warning' | 'failed';
  found: string;
  remedy: string | null;
};

export type WatchedWebhook = {
  id: string;
  name: string;
  status: string;
  url: string;
  deliveries: WebhookDelivery[];
};

export type WebhookDelivery = {
  id: string;
  event: string;
  status: string;
  attempts: number;
  last_error: string | null;
  created_at: string;
  ended_at: string | null;
};

export type TableSize = { name: string; bytes: number; rows: number };

export type TextReport = {
  score: number | null;
  used: number;
  unit: string;
  limits: { kind: string; max: number }[];
  finding: { refusal: string; reason: string } | null;
  claims: {
    start: number;
    end: number;
    kind: string;
    source: { in: 'title' | 'description'; start: number; end: number } | null;
  }[];
};

export type TextCheckRequest = {
  title: string;
  description: string;
  keywords?: string[] | undefined;
  audience?: string | undefined;
  banned_words?: string[] | undefined;
  brand?: string | undefined;
  language?: 'auto' | 'en' | 'de' | 'fr' | 'es' | 'it' | 'nl' | undefined;
  texts: { field: string; text: string }[];
  score?: boolean | undefined;
};

export type Key = {
  id: string;
  name: string;
  role: 'reader' | 'writer' | 'admin';
  created_at: string;
  revoked_at: string | null;
  expires_at: string | null;
  last_used_at: string | null;
  requests_per_minute: number | null;
};

export type EarnedCounts = {
  texts: number;
  impressions: number;
  clicks: number;
  conversions: number;
  accepted: number;
  rejected: number;
  edited: number;
  rate: number | null;
};

export type PolicyValue = {
  ips: number;
  snips: number;
  dr: number;
  effective_size: number;
  choices: number;
  interval: { low: number; high: number; confidence: number };
};

export type Canary = {
  id: number;
  version: number;
  champion: number;
  status:
    | 'waiting'
    | 'running'
    | 'settling'
    | 'promoted'
    | 'rolled-back'
    | 'out-of-budget'
    | 'stopped'
    | 'superseded';
  rules: {
    share: number;
    alpha: number;
    budget: number;
    minimum_events: number;
    max_days: number;
    reward: string;
  };
  evidence: {
    champion: { products: number; shown: number; rewards: number };
    challenger: { products: number; shown: number; rewards: number };
    difference: number;
    low: number;
    high: number;
    because: string | null;
    looked_at: string;
  } | null;
  reason: string;
  settled_by: string | null;
  pipeline_run_id: string | null;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
};

export type Receipt = {
  prediction:
    | {
        status: 'found';
        id: string;
        created_at: string;
        title: string;
        ad_copy: string;
        confidence_score: number;
        writer: string;
        brand: { name: string; version: number } | null;
        authors: Authorship[];
        request_id: string;
        served_as: string | null;
        response_sha256: string;
      }
    | MissingLink
    | null;
  model_version:
    | {
        status: 'found';
        name: string;
        version: number;
        registered_at: string;
        source: string;
        weights_sha256: string | null;
        aliases: { alias: string; since: string; moved_by: string; reason: string }[];
      }
    | MissingLink;
  tracking_run:
    | {
        status: 'found';
        run_id: string;
        run_status: string;
        is_deleted: boolean;
        started_at: string;
        ended_at: string | null;
        recipe: string | null;
        seed: number | null;
        source_commit: string | null;
        base_sha256: string | null;
        weights_sha256: string | null;
      }
    | MissingLink;
  dataset:
    | {
        status: 'found';
        version: number;
        digest: string;
        rows: number;
        created_at: string;
        pipeline_run: string;
        source: string;
        splits: { [key: string]: { rows: number; sha256: string } };
        parents: (
          | {
              status: 'found';
              version: number;
              digest: string;
              rows: number;
              created_at: string;
              pipeline_run: string;
            }
          | MissingLink
        )[];
      }
    | MissingLink;
  gate:
    | {
        status: 'found';
        decision: string;
        reasons: string[];
        held_out_rows: number;
        gain: number;
        challenger: { name: string; accuracy: number };
        baseline: { name: string; accuracy: number };
        report_key: string;
        report_sha256: string;
      }
    | MissingLink;
  pipeline_run:
    | {
        status: 'found';
        id: string;
        number: number;
        run_status: string;
        trigger: string;
        scheduled_for: string | null;
        replay_of: string | null;
        created_at: string;
        finished_at: string | null;
      }
    | MissingLink;
};

export type MissingLink = {
  status: 'missing';
  cause: 'erased' | 'not-sampled' | 'deleted' | 'not-recorded' | 'unknown';
  message: string;
};

export interface Api {
  'DELETE /jobs/{id}': { path: { id: string }; answer: { status: 'success'; job_id: string } };
  'DELETE /keys/{id}': { path: { id: string } };
  'DELETE /predictions/{id}': { path: { id: string } };
  'DELETE /rows-aside/{content}': { path: { content: string }; answer: { status: 'success' } };
  'DELETE /session': {
    answer: { status: 'success'; needed: boolean; sign_on: string | null; key: SignedInKey };
  };
  'DELETE /tracking/runs/{run_id}': {
    path: { run_id: string };
    answer: { status: 'success'; deleted: number };
  };
  'GET /admin/config': { answer: { status: 'success'; settings: Setting[] } };
  'GET /admin/doctor': { answer: { status: 'success'; checks: Diagnosis[] } };
  'GET /admin/storage': { answer: { status: 'success'; bytes: number; tables: TableSize[] } };
  'GET /admin/webhooks': { answer: { status: 'success'; webhooks: WatchedWebhook[] } };
  'GET /audit': {
    query: {
      limit?: number | undefined;
      before?: number | undefined;
      actor?: string | undefined;
      action?: string | undefined;
      object?: string | undefined;
      outcome?: 'done' | 'refused' | 'failed' | undefined;
      since?: string | undefined;
      until?: string | undefined;
    };
    answer: { status: 'success'; entries: AuditEntry[] };
  };
  'GET /brands': { answer: { status: 'success'; brands: BrandSummary[] } };
  'GET /brands/{name}': { path: { name: string }; answer: { status: 'success'; brand: Brand } };
  'GET /brands/{name}/versions': {
    path: { name: string };
    answer: { status: 'success'; versions: BrandSummary[] };
  };
  'GET /brands/{name}/versions/{version}': {
    path: { name: string; version: number };
    answer: { status: 'success'; brand: Brand };
  };
  'GET /datasets': {
    query: { limit?: number | undefined; before?: number | undefined };
    answer: { status: 'success'; datasets: DatasetSummary[] };
  };
  'GET /datasets/{version}': {
    path: { version: number };
    answer: { status: 'success'; dataset: DatasetSummary & { manifest: { [key: string]: unknown } } };
  };
  'GET /datasets/{version}/diff/{other}': {
    path: { version: number; other: number };
    answer: { status: 'success'; diff: DatasetDiff };
  };
  'GET /datasets/{version}/findings': {
    path: { version: number };
    query: {
      check?:
        | 'nearDuplicates'
        | 'conflictingLabels'
        | 'labelErrors'
        | 'language'
        | 'alike'
        | 'lengths'
        | 'personalData'
        | undefined;
      limit?: number | undefined;
    };
    answer: { status: 'success'; findings: DatasetFinding[] };
  };
  'GET /datasets/{version}/rows': {
    path: { version: number };
    query: {
      split?: 'train' | 'validation' | 'holdout' | undefined;
      search?: string | undefined;
      limit?: number | undefined;
      skip?: number | null | undefined;
    };
    answer: { status: 'success'; rows: DatasetRow[]; next: number | null };
  };
  'GET /events': { query: { topics?: string | undefined } };
  'GET /feedback': {
    query: {
      prediction_id?: string | undefined;
      outcome?: 'accepted' | 'edited' | 'rejected' | 'better' | 'worse' | undefined;
      limit?: number | undefined;
      before?: number | undefined;
    };
    answer: { status: 'success'; feedback: Feedback[] };
  };
  'GET /generate_data': {
    query: { count?: number | undefined; seed?: number | null | undefined };
    answer: { status: 'success'; count: number; seed: number; timestamp: string; data: ProductRecord[] };
  };
  'GET /health': { answer: { status: 'healthy'; uptime_seconds: number } };
  'GET /info': {
    answer: {
      status: 'success';
      service: 'copyloop';
      version: string;
      node: string;
      models: ServedModel[];
      load_failures: { alias: 'champion' | 'challenger'; name: string; version: number; error: string }[];
      traffic: { champion: number; challenger?: number | undefined; shadow?: boolean | undefined };
      database: { reachable: boolean; error: string | null };
      writer: string;
      sessions: number;
      threads_per_session: number;
      limits: {
        max_length: number;
        max_batch_tokens: number;
        max_queue_tokens: number;
        max_batch_items: number;
        max_title_chars: number;
        max_description_chars: number;
        request_timeout_ms: number;
      };
    };
  };
  'GET /jobs': {
    query: {
      limit?: number | undefined;
      before?: number | undefined;
      status?: 'active' | 'succeeded' | 'failed' | 'cancelled' | 'paused' | undefined;
    };
    answer: { status: 'success'; jobs: JobSummary[] };
  };
  'GET /jobs/{id}': { path: { id: string }; answer: { status: 'success'; job: Job } };
  'GET /jobs/{id}/inspection': {
    path: { id: string };
    answer: { status: 'success'; inspection: CatalogueInspection };
  };
  'GET /jobs/{id}/output': { path: { id: string } };
  'GET /jobs/{id}/refused': { path: { id: string } };
  'GET /keys': { answer: { status: 'success'; keys: Key[] } };
  'GET /learning/canary': { answer: { status: 'success'; canaries: Canary[]; active: Canary | null } };
  'GET /learning/summary': {
    query: {
      field?: string | undefined;
      channel?: string | undefined;
      since?: string | undefined;
      reward?: 'clicks' | 'conversions' | 'verdicts' | undefined;
      fresh?: 'true' | 'false' | undefined;
    };
    answer: {
      status: 'success';
      reward: string;
      counted_at: string;
      total: EarnedCounts;
      fields: (EarnedCounts & { field: string; channel: string | null })[];
      channels: (EarnedCounts & { channel: string })[];
      versions: (EarnedCounts & { version: number })[];
      policies: {
        policy: 'best' | 'explore' | 'holdback';
        texts: number;
        earned: number;
        trials: number;
        rate: number | null;
      }[];
      choices: {
        draws: number;
        random: { value: number; low: number; high: number; effective_size: number } | null;
        best: { value: number; low: number; high: number; effective_size: number } | null;
      };
    };
  };
  'GET /learning/value': {
    query: {
      field?: string | undefined;
      channel?: string | undefined;
      since?: string | undefined;
      reward?: 'clicks' | 'conversions' | 'verdicts' | 'revenue' | undefined;
      version: number;
      limit?: number | undefined;
    };
    answer: {
      status: 'success';
      version: number;
      champion: number;
      reward: string;
      log: { drawn: number; held_back: number; certain: number };
      because: string | null;
      value: {
        currency: string | null;
        version: PolicyValue;
        champion: PolicyValue;
        drawn: number;
        gain: { difference: number; low: number; high: number };
      } | null;
    };
  };
  'GET /loop': {
    answer: { status: 'success'; predictions: number; feedback: number; feedback_waiting: number };
  };
  'GET /metrics': { query: { names?: string | undefined } };
  'GET /models': { answer: { status: 'success'; models: Model[] } };
  'GET /models/{name}/aliases/{alias}/history': {
    path: { name: string; alias: string };
    answer: { status: 'success'; history: AliasMove[] };
  };
  'GET /models/{name}/versions': {
    path: { name: string };
    answer: { status: 'success'; versions: ModelVersion[] };
  };
  'GET /models/{name}/versions/{version}': {
    path: { name: string; version: number };
    answer: { status: 'success'; version: ModelVersion; comparison: VersionComparison };
  };
  'GET /models/{name}/versions/{version}/gate': {
    path: { name: string; version: number };
    answer: { status: 'success'; gate: { [key: string]: unknown } };
  };
  'GET /models/{name}/versions/{version}/gate.html': { path: { name: string; version: number } };
  'GET /models/{name}/versions/{version}/receipt': {
    path: { name: string; version: number };
    answer: { status: 'success'; receipt: Receipt };
  };
  'GET /predictions': {
    query: {
      limit?: number | undefined;
      from?: string | undefined;
      to?: string | undefined;
      before?: string | undefined;
    };
    answer: { status: 'success'; predictions: PredictionSummary[]; next: string | null };
  };
  'GET /predictions/{id}': {
    path: { id: string };
    answer: { status: 'success'; prediction: StoredPrediction };
  };
  'GET /predictions/{id}/receipt': { path: { id: string }; answer: { status: 'success'; receipt: Receipt } };
  'GET /ready': {
    query: { deep?: '0' | '1' | undefined };
    answer: { status: 'ready'; model: { name: string; version: number } };
  };
  'GET /reviewers': { answer: { status: 'success'; reviewers: string[] } };
  'GET /rows-aside': {
    query: { limit?: number | undefined };
    answer: { status: 'success'; rows: RowAside[] };
  };
  'GET /runs': {
    query: {
      limit?: number | undefined;
      before?: number | undefined;
      status?: 'active' | 'succeeded' | 'failed' | 'cancelled' | undefined;
      trigger?: 'schedule' | 'manual' | 'feedback' | 'drift' | 'replay' | undefined;
      from?: string | undefined;
      to?: string | undefined;
      recipe?: string | undefined;
      dataset?: number | undefined;
    };
    answer: { status: 'success'; runs: ListedRun[]; count: number; median_seconds: number | null };
  };
  'GET /runs/{id}': { path: { id: string }; answer: { status: 'success'; run: Run } };
  'GET /runs/{id}/gate.html': { path: { id: string } };
  'GET /runs/{id}/log': {
    path: { id: string };
    query: {
      stage?: string | undefined;
      candidate?: string | undefined;
      attempt?: number | undefined;
      after?: number | null | undefined;
    };
    answer: {
      status: 'success';
      stage: string;
      candidate: string | null;
      attempt: number;
      outcome: string;
      lines: LogLine[];
    };
  };
  'GET /schedule': {
    query: { cron?: string | undefined; timeZone?: string | undefined };
    answer: {
      status: 'success';
      schedule: Schedule;
      preview: { cron: string; time_zone: string; next: string[] } | null;
    };
  };
  'GET /serving/traffic': { answer: { status: 'success'; traffic: Traffic } };
  'GET /session': {
    answer: { status: 'success'; needed: boolean; sign_on: string | null; key: SignedInKey };
  };
  'GET /session/oidc': {};
  'GET /session/oidc/callback': {};
  'GET /texts': {
    query: {
      state?: 'draft' | 'in_review' | 'approved' | 'rejected' | 'published' | undefined;
      assignee?: string | undefined;
      field?: string | undefined;
      min_score?: number | null | undefined;
      max_score?: number | null | undefined;
      limit?: number | undefined;
      before?: number | undefined;
    };
    answer: { status: 'success'; texts: Text[]; count: number };
  };
  'GET /texts/{text_id}': {
    path: { text_id: string };
    answer: { status: 'success'; text: Text; history: TextEvent[] };
  };
  'GET /writers/usage': {
    query: {
      brand?: string | undefined;
      job?: string | undefined;
      since?: string | undefined;
      limit?: number | undefined;
    };
    answer: { status: 'success'; usage: WriterUsage[] };
  };
  'POST /admin/webhooks/{id}/retry': { path: { id: string }; answer: { status: 'success'; retried: number } };
  'POST /batch_predict': {
    body: BatchPredictRequest;
    answer: {
      status: 'success';
      count: number;
      data: (Creative & {
        prediction_id: string;
        model: { name: string; version: number; alias: string };
        writer: string;
        fallback: string | null;
        authors?: Authorship[] | undefined;
        ai_generated?: { digital_source_type: 'trainedAlgorithmicMedia'; fields: string[] } | undefined;
        claims?: { [key: string]: { text: string; claims: Claim[] }[] } | undefined;
        notes?: string[] | undefined;
        brand?: { name: string; version: number } | undefined;
        channels: { [key: string]: { [key: string]: string | string[] } };
        alternatives: {
          [key: string]: {
            text: string;
            score: number | null;
            text_id: string;
            writer?: string | undefined;
            propensity?: number | undefined;
          }[];
        };
        text_ids: { [key: string]: string | string[] };
        policy?: 'explore' | 'holdback' | undefined;
        links?: { [key: string]: string | string[] } | undefined;
        explanation?:
          | { score: number; phrases: { text: string; start: number; end: number; effect: number }[] }
          | undefined;
        id?: string | number | undefined;
      })[];
      request_id: string;
    };
  };
  'POST /datasets/{version}/aside': {
    path: { version: number };
    body: { rows: string[]; reason: string };
    answer: { status: 'success'; rows: number };
  };
  'POST /feedback': {
    body: FeedbackRequest;
    answer: { status: 'success'; feedback_id: number; is_new: boolean };
  };
  'POST /feedback/batch': {
    query: { source?: string | undefined; restated?: 'true' | 'false' | undefined };
    answer: {
      status: 'success';
      rows: number;
      new: number;
      replaced: number;
      unchanged: number;
      refused: number;
      refused_rows: { line: number; field: string; value: string; reason: string }[];
    };
  };
  'POST /jobs/inspect': {
    query: { map?: string[] | undefined };
    answer: { status: 'success'; inspection: CatalogueInspection };
  };
  'POST /jobs/predict': {
    query: {
      url?: string | undefined;
      out_format?: 'csv' | 'jsonl' | 'parquet' | 'same' | undefined;
      format?: 'csv' | 'jsonl' | 'parquet' | 'same' | undefined;
      preview?: number | null | undefined;
      catalogue?: string | undefined;
      only_changed?: boolean | undefined;
      map?: string[] | undefined;
      channels?: string | undefined;
      tone?: 'friendly' | 'professional' | 'playful' | 'elegant' | 'direct' | undefined;
      audience?: string | undefined;
      keywords?: string | undefined;
      banned_words?: string | undefined;
      writer?: 'templates' | 'transformers' | 'openai' | 'llama' | 'module' | undefined;
      together?: string | undefined;
      brand?: string | undefined;
      brand_by_record?: string | undefined;
      text_ids?: string | undefined;
      count?: number | null | undefined;
      seed?: number | null | undefined;
      policy?: 'best' | 'explore' | undefined;
      language?: 'auto' | 'en' | 'de' | 'fr' | 'es' | 'it' | 'nl' | undefined;
    };
    answer: { status: 'success'; job_id: string };
  };
  'POST /jobs/{id}/cancel': { path: { id: string }; answer: { status: 'success'; job_id: string } };
  'POST /jobs/{id}/pause': { path: { id: string }; answer: { status: 'success'; job_id: string } };
  'POST /jobs/{id}/resume': { path: { id: string }; answer: { status: 'success'; job_id: string } };
  'POST /keys': {
    body: {
      name: string;
      role?: 'reader' | 'writer' | 'admin' | undefined;
      expires_at?: string | undefined;
      requests_per_minute?: number | undefined;
    };
    answer: { status: 'success'; id: string; key: string };
  };
  'POST /keys/{id}/rotate': {
    path: { id: string };
    body: { grace_seconds?: number | undefined; expires_at?: string | undefined };
    answer: { status: 'success'; id: string; key: string; old_expires_at: string };
  };
  'POST /learning/canary/settle': {
    answer: { status: 'success'; canaries: Canary[]; active: Canary | null };
  };
  'POST /learning/canary/stop': {
    body: Reason;
    answer: { status: 'success'; canaries: Canary[]; active: Canary | null };
  };
  'POST /models/{name}/aliases/{alias}/rollback': {
    path: { name: string; alias: string };
    body: Reason;
    answer: { status: 'success'; version: ModelVersion };
  };
  'POST /models/{name}/versions/{version}/approve': {
    path: { name: string; version: number };
    body: Reason;
    answer: { status: 'success'; version: ModelVersion };
  };
  'POST /models/{name}/versions/{version}/reject': {
    path: { name: string; version: number };
    body: Reason;
    answer: { status: 'success'; version: ModelVersion };
  };
  'POST /predict': {
    body: PredictRequest;
    answer: {
      status: 'success';
      data: Creative;
      prediction_id: string;
      model: { name: string; version: number; alias: string };
      writer: string;
      fallback: string | null;
      authors?: Authorship[] | undefined;
      ai_generated?: { digital_source_type: 'trainedAlgorithmicMedia'; fields: string[] } | undefined;
      claims?: { [key: string]: { text: string; claims: Claim[] }[] } | undefined;
      notes?: string[] | undefined;
      brand?: { name: string; version: number } | undefined;
      channels: { [key: string]: { [key: string]: string | string[] } };
      alternatives: {
        [key: string]: {
          text: string;
          score: number | null;
          text_id: string;
          writer?: string | undefined;
          propensity?: number | undefined;
        }[];
      };
      text_ids: { [key: string]: string | string[] };
      policy?: 'explore' | 'holdback' | undefined;
      links?: { [key: string]: string | string[] } | undefined;
      explanation?:
        | { score: number; phrases: { text: string; start: number; end: number; effect: number }[] }
        | undefined;
      request_id: string;
    };
  };
  'POST /runs': { body: RunRequest | undefined; answer: { status: 'success'; run_id: string } };
  'POST /runs/{id}/cancel': { path: { id: string }; answer: { status: 'success'; run_id: string } };
  'POST /runs/{id}/replay': {
    path: { id: string };
    body:
      | {
          from?:
            'generate-data' | 'version-data' | 'train-model' | 'register-model' | 'summarize-run' | undefined;
          options?: RunRequest | undefined;
        }
      | undefined;
    answer: { status: 'success'; run_id: string };
  };
  'POST /session': {
    body: { key: string };
    answer: { status: 'success'; needed: boolean; sign_on: string | null; key: SignedInKey };
  };
  'POST /texts/check': { body: TextCheckRequest; answer: { status: 'success'; texts: TextReport[] } };
  'POST /texts/pairs': {
    body: { better: string; worse: string };
    answer: { status: 'success'; is_new: boolean };
  };
  'POST /texts/state': {
    body: {
      state: 'draft' | 'in_review' | 'approved' | 'rejected' | 'published';
      comment?: string | undefined;
      text_ids: string[];
    };
    answer: {
      status: 'success';
      moved: number;
      refused: { text_id: string; code: string; message: string }[];
    };
  };
  'POST /texts/{text_id}/assignee': {
    path: { text_id: string };
    body: { assignee: string | null };
    answer: { status: 'success'; text: Text };
  };
  'POST /texts/{text_id}/comments': {
    path: { text_id: string };
    body: { comment: string };
    answer: { status: 'success'; text: Text };
  };
  'POST /texts/{text_id}/state': {
    path: { text_id: string };
    body: TextDecision;
    answer: { status: 'success'; text: Text };
  };
  'POST /tracking/retention': {
    body: { days: number; experiment?: string | undefined };
    answer: { status: 'success'; deleted: number };
  };
  'PUT /brands/{name}': {
    path: { name: string };
    body: BrandProfile;
    answer: { status: 'success'; brand: Brand; is_new: boolean };
  };
  'PUT /schedule': { body: { paused: boolean }; answer: { status: 'success'; schedule: Schedule } };
  'PUT /serving/traffic': { body: Traffic; answer: { status: 'success'; traffic: Traffic } };
}
