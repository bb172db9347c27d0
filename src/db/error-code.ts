/** The code that an error carries, PostgreSQL's SQLSTATE or a socket's; empty where there is none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
