import { describe, expect, it } from 'vitest';
import { requireJobSuccess } from '../../src/cli/follow-job.ts';
import { describeStop } from '../../src/cli/predict-file.ts';

describe('a command that stops following its prediction job', () => {
  it('says that the job runs on where workers run, and how it is cancelled', () => {
    const told = describeStop('j1', true);
    expect(told).toContain('job j1 runs on');
    expect(told).toContain('POST /jobs/j1/cancel');
    expect(told).toContain('--resume');
  });

  it('says that what is done is kept where it did the work itself', () => {
    const told = describeStop('j1', false);
    expect(told).toContain('what is done is kept');
    expect(told).not.toContain('cancel');
  });

  it('says of a job that somebody paused how it goes on', () => {
    const paused = { id: 'j1', status: 'paused', error: null } as const;
    expect(() => requireJobSuccess(paused)).toThrow(/j1 was paused: .*--resume/);
  });
});
