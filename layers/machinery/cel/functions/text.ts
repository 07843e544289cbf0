/** Strings by characters (code points), and regular expressions of RE2, which take linear time. */
import { RE2JS } from 're2js';
import { CelEvaluationError } from '../api.ts';

const SURROGATES = /[\uD800-\uDFFF]/;

export const characters = (text: string): readonly string[] => (SURROGATES.test(text) ? Array.from(text) : text.split(''));
export const length = (text: string): number => (SURROGATES.test(text) ? Array.from(text).length : text.length);

/** Patterns are few and used often. */
const PATTERNS = 500;
const compiled = new Map<string, RE2JS>();

/** @throws CelEvaluationError in Go's words */
export function pattern(source: string): RE2JS {
  let found = compiled.get(source);
  if (found === undefined) {
    try {
      found = RE2JS.compile(source);
    } catch (error) {
      throw new CelEvaluationError(regexError(error, source));
    }
    if (compiled.size >= PATTERNS) compiled.clear();
    compiled.set(source, found);
  }
  return found;
}

/** re2js says `error parsing regexp: missing closing ): `(a``, as Go does. */
function regexError(error: unknown, source: string): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.startsWith('error parsing regexp') ? text : `error parsing regexp: ${text}: \`${source}\``;
}
