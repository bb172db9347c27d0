import { expect, it } from 'vitest';
import { isAudited } from '../../../src/server/keys/audit-changes.ts';

it.each([
  ['POST', '/runs', true],
  ['POST', '/runs/x/cancel', true],
  ['DELETE', '/predictions/abc', true],
  ['PUT', '/schedule', true],
  ['PUT', '/serving/traffic', true],
  ['POST', '/models/m/versions/3/approve', true],
  ['POST', '/feedback/batch', true],
  ['POST', '/session', true],
  ['DELETE', '/session', true],
  ['POST', '/queues/api/queues/train-model/pause', true],
  ['DELETE', '/api/2.0/mlflow/registered-models/delete', true],
  ['POST', '/ajax-api/2.0/mlflow/registered-models/alias', true],
  ['POST', '/a-route-that-nobody-has-thought-of', true],
  ['GET', '/runs', false],
  ['HEAD', '/runs', false],
  ['GET', '/api/2.0/mlflow/webhooks', false],
  ['GET', '/audit', false],
  ['GET', '/session', false],
  ['POST', '/predict', false],
  ['POST', '/v2/models/m/infer', false],
  ['POST', '/api/2.0/mlflow/runs/search', false],
  ['POST', '/api/2.0/mlflow/runs/log-batch', false],
  ['POST', '/feedback', false],
])('%s %s goes into the audit log: %s', (method, path, expected) => {
  expect(isAudited(method, path)).toBe(expected);
});
