import type { Logger } from '../src/core/log.ts';
export async function measureStart(_log: Logger): Promise<void> {}
