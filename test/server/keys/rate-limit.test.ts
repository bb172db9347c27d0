import { describe, expect, it } from 'vitest';
import { createQuotas } from '../../../src/server/keys/rate-limit.ts';

describe('the quota of a key', () => {
  it('counts down to nothing, refuses, and is whole again a minute after its first request', () => {
    let nowMs = 1_000_000;
    const count = createQuotas({ nowMs: () => nowMs });
    const limit = 3;
    expect(count('a', limit)).toEqual({ limit, remaining: 2, resetSeconds: 60, isExceeded: false });
    nowMs += 20_000;
    expect(count('a', limit)).toEqual({ limit, remaining: 1, resetSeconds: 40, isExceeded: false });
    expect(count('a', limit)).toMatchObject({ remaining: 0, isExceeded: false });
    expect(count('a', limit)).toMatchObject({ remaining: 0, isExceeded: true });
    expect(count('b', limit)).toMatchObject({ remaining: 2, isExceeded: false });
    nowMs += 39_999;
    expect(count('a', limit)).toMatchObject({ isExceeded: true, resetSeconds: 1 });
    nowMs += 1;
    expect(count('a', limit)).toEqual({ limit, remaining: 2, resetSeconds: 60, isExceeded: false });
  });

  it('begins anew when the clock was set back', () => {
    let nowMs = 10_000_000;
    const count = createQuotas({ nowMs: () => nowMs });
    count('a', 1);
    nowMs -= 3_600_000;
    expect(count('a', 1)).toEqual({ limit: 1, remaining: 0, resetSeconds: 60, isExceeded: false });
  });
});
