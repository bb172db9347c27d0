/** Whether the schedule's cron pattern can be used, asked of the parser that BullMQ reads it with. */
import { CronExpressionParser } from 'cron-parser';
import { toError } from '../errors.ts';

/** What is wrong with a cron pattern, and what one looks like; undefined when it has a next tick. */
export function findCronFault(pattern: string): string | undefined {
  try {
    CronExpressionParser.parse(pattern, { tz: 'UTC' }).next();
    return undefined;
  } catch (error) {
    return `cannot be used (${toError(error).message}): five fields, as in '0 0 * * *'`;
  }
}
