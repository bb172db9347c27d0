/**
 * Which texts a language model is shown for a field: the brand's own examples first, then what people took.
 */
import type { Brand } from '../brand/index.ts';
import type { Example } from '../writers/index.ts';

/** Where texts are found that people accepted or wrote. */
export interface ExampleSource {
  /** By field, the nearest to the product first; a field without any may be missing. Never throws. */
  find(of: {
    brand: string;
    fields: readonly string[];
    title: string;
    description: string;
    count: number;
  }): Promise<Readonly<Record<string, readonly Example[]>>>;
}

export async function showExamples(
  brand: Brand,
  product: { title: string; description: string },
  fields: readonly string[],
  { source, count }: { source: ExampleSource | undefined; count: number },
): Promise<Record<string, readonly Example[]>> {
  const found = (await source?.find({ brand: brand.name, fields, ...product, count })) ?? {};
  return Object.fromEntries(
    fields.map((field) => {
      const [channel = ''] = field.split('.');
      const own = brand.profile.examples.flatMap((example, at): Example[] =>
        example.field === field || example.field === channel
          ? [{ id: `${brand.name}@${brand.version} #${at + 1}`, text: example.text }]
          : [],
      );
      return [field, [...own, ...(found[field] ?? [])].slice(0, count)];
    }),
  );
}
