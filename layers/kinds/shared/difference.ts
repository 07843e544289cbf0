/** What changed, in the lines that messages about immutable specs end with: `-` before, `+` after, with the paths above. */
import { semanticEqual } from '#machinery/json.ts';

/** Messages are for people: more lines than this help nobody. */
const LINES = 40;

function walk(old: unknown, now: unknown, path: string, lines: string[]): void {
  if (semanticEqual(old, now) || lines.length > LINES) return;
  const bothObjects = typeof old === 'object' && typeof now === 'object' && old !== null && now !== null && Array.isArray(old) === Array.isArray(now);
  if (!bothObjects) {
    if (old !== undefined) lines.push(`- \t${path}: ${JSON.stringify(old)},`);
    if (now !== undefined) lines.push(`+ \t${path}: ${JSON.stringify(now)},`);
    return;
  }
  const [left, right] = [old as Record<string, unknown>, now as Record<string, unknown>];
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)]))
    walk(left[key], right[key], Array.isArray(old) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`, lines);
}

export function difference(old: unknown, now: unknown): string {
  const lines: string[] = [];
  walk(old, now, '', lines);
  return `  {\n${lines.slice(0, LINES).join('\n')}\n  }\n`;
}
