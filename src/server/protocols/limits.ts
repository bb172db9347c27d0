/** What a scoring call may ask for, whichever protocol it comes in. */
export interface CallLimits {
  maxTextChars: number;
  /** Texts of one call. */
  maxItems: number;
  /** Deadline of a call of one text. */
  timeoutMs: number;
  batchTimeoutMs: number;
}
