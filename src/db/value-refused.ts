/**
 * SQLSTATE classes of statements that fail for the values they bring, and fail again however often they are tried: data exceptions, broken
 * constraints, limits of the program (nesting, size); PostgreSQL documentation, appendix A.
 */
const REFUSED_CLASSES: readonly string[] = ['22', '23', '54'];

/** Whether PostgreSQL refused what a statement holds, so that trying it again is of no use. */
export function isValueRefused(error: unknown): boolean {
  return REFUSED_CLASSES.includes(sqlState(error).slice(0, 2));
}

function sqlState(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
