import { expect, it } from 'vitest';
import { CHANNELS } from '../../src/console/pages/studio/channels.ts';
import { createCopywriter, loadChannels } from '../../src/copy/index.ts';

it('the studio offers every channel that copy can be written for', () => {
  const { channelNames } = createCopywriter({ channels: loadChannels() });
  expect(CHANNELS.map(([name]) => name)).toEqual(channelNames);
});
