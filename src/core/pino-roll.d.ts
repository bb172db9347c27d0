/** What is used of pino-roll, which brings no types. */
declare module 'pino-roll' {
  import type { SonicBoom, SonicBoomOpts } from 'sonic-boom';

  export default function roll(
    options: SonicBoomOpts & {
      /** Path of the files without date, number and extension. */
      file: string;
      size: string;
      frequency: 'daily' | 'hourly';
      dateFormat: string;
      extension: string;
      /** How many files are kept beside the current one. */
      limit: { count: number; removeOtherLogFiles: boolean };
    },
  ): Promise<SonicBoom>;
}
