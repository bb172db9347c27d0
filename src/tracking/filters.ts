/** Texts as parts of a filter in MLflow's language, where a quote in a text is doubled. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

export function nameIs(name: string): string {
  return `name = ${quoteText(name)}`;
}
