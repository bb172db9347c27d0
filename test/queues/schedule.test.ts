import { expect, it } from 'vitest';
import { slotOf } from '../../src/queues/index.ts';

it('reads the scheduled time out of the id of a tick', () => {
  expect(slotOf('repeat:daily:1764028800000')).toEqual(new Date('2025-11-25T00:00:00Z'));
});

it.each(['', 'daily', '12', 'repeat:daily', 'repeat:daily:soon'])(
  'sees no scheduled time in the id %j',
  (id) => {
    expect(slotOf(id)).toBeUndefined();
  },
);
