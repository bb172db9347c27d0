/**
 * Where the files of a version lie, resolved when it is made: a copy of `models:/name/1` must not hang on
 * what becomes of that version.
 * Versions from before are resolved as far as what they name is still there.
 */
import type { Migration } from '../migration.ts';

export const versionFilesMigration: Migration = {
  name: '021-version-files',
  sql: `
ALTER TABLE model_versions ADD COLUMN files_uri text;
UPDATE model_versions AS v SET files_uri = l.artifact_uri FROM logged_models AS l WHERE v.source = 'models:/' || l.model_id;
UPDATE model_versions AS v SET files_uri = r.artifact_uri || substr(v.source, length('runs:/' || r.run_id) + 1)
  FROM tracking_runs AS r WHERE v.source LIKE 'runs:/%' AND split_part(v.source, '/', 2) = r.run_id;
UPDATE model_versions AS v SET files_uri = coalesce(o.files_uri, o.source)
  FROM model_versions AS o WHERE v.source = 'models:/' || o.name || '/' || o.version;
`,
};
