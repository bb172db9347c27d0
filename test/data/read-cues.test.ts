import { describe, expect, it } from 'vitest';
import { readCues } from '../../fixtures/read-cues.ts';
import { drawRecords } from '../../src/data/index.ts';

describe('readCues', () => {
  it('finds in every description the very cues that it was drawn from', () => {
    for (const { record, truth } of drawRecords({ count: 1000, seed: 17 })) {
      expect(readCues(record.description, record.description), record.description).toEqual({
        count: truth.cues.length,
        praising: truth.cues.filter(Boolean).length,
      });
    }
  });

  it("counts no word of the writer's own", () => {
    const source = 'The zip is superb. The lining misses the mark.';
    expect(readCues('A superb zip, and a lovely find.', source)).toEqual({ count: 1, praising: 1 });
    expect(readCues('Meet the jacket. The lining misses the mark.', source)).toEqual({
      count: 1,
      praising: 0,
    });
    expect(readCues('A lovely find.', source)).toEqual({ count: 0, praising: 0 });
  });
});
