import { expect, it } from 'vitest';
import { AppError, ERROR_CODES, errorTraits, toAppError, toError } from '../../src/core/errors.ts';

it('gives every code a status, an MLflow name and an exit code that is not success', () => {
  for (const code of ERROR_CODES) {
    const traits = errorTraits(code);
    expect(traits.httpStatus).toBeGreaterThanOrEqual(400);
    expect(traits.exitCode).toBeGreaterThan(0);
    expect(traits.mlflow).toMatch(/^[A-Z_]+$/);
  }
});

it('keeps an AppError as it is and wraps anything else with its cause', () => {
  const known = new AppError('conflict', 'taken');
  expect(toAppError(known)).toBe(known);
  const wrapped = toAppError(new TypeError('odd'));
  expect(wrapped.code).toBe('internal');
  expect(wrapped.cause).toBeInstanceOf(TypeError);
  expect(toError('text').message).toContain('text');
});
