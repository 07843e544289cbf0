/** How keys are ordered and named inside the engine. */

/**
 * Order by UTF-8 bytes, which is what the port promises and what SQLite's BINARY collation does.
 * JavaScript's `<` compares UTF-16 units and differs where a surrogate (above U+FFFF) meets U+E000 to U+FFFF.
 */
export function compareUtf8(left: string, right: string): number {
  const shorter = Math.min(left.length, right.length);
  for (let index = 0; index < shorter; index++) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a !== b) return rank(a) - rank(b);
  }
  return left.length - right.length;
}

/** The place of a UTF-16 unit in UTF-8 order: surrogates go behind the rest of the basic plane. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}

/** One string for a key within a resource; NUL stands in no namespace. */
export const slotKey = (namespace: string, name: string): string => `${namespace}\0${name}`;
