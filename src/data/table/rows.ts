/** What a table is made of. */
export interface TableColumn {
  name: string;
  kind: 'text' | 'integer' | 'number' | 'texts';
}

export type TableCell = string | number | readonly string[] | null;
/** Cells by the names of their columns. */
export type TableRow = Readonly<Record<string, TableCell>>;

export async function* inGroups<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let group: T[] = [];
  for await (const item of items) {
    group.push(item);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}
