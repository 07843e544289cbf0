/** Filter criteria of event source mappings: the part of EventBridge's patterns that ours use. */
type Pattern = { readonly [key: string]: Pattern | readonly Condition[] };
type Condition = string | number | boolean | null | { readonly exists: boolean } | { readonly prefix: string } | { readonly 'anything-but': readonly unknown[] };

function meets(condition: Condition, value: unknown): boolean {
  if (typeof condition !== 'object' || condition === null) return value === condition;
  if ('exists' in condition) return (value !== undefined) === condition.exists;
  if ('prefix' in condition) return typeof value === 'string' && value.startsWith(condition.prefix);
  return value !== undefined && !condition['anything-but'].includes(value);
}

/** Whether a record matches a pattern: each key of the pattern by one of its conditions. */
export function matches(pattern: Pattern, record: unknown): boolean {
  return Object.entries(pattern).every(([key, wanted]) => {
    const value = (record as Record<string, unknown> | undefined)?.[key];
    return Array.isArray(wanted) ? (wanted as Condition[]).some((condition) => meets(condition, value)) : matches(wanted as Pattern, value);
  });
}

/** A record passes one of the filters, or there are none. */
export const passes = (filters: readonly string[], record: unknown): boolean => filters.length === 0 || filters.some((filter) => matches(JSON.parse(filter) as Pattern, record));
