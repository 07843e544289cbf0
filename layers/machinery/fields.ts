/** Field selectors (apimachinery `fields`): `=`, `==` and `!=` joined by commas, with `\` before a literal comma, equals or backslash. */
import { badRequest } from './status.ts';

export interface FieldRequirement {
  readonly field: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

export type FieldSelector = readonly FieldRequirement[];

/** Parts between commas that no backslash guards. */
function terms(text: string): string[] {
  const found: string[] = [];
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === ',') {
      found.push(text.slice(from, at));
      from = at + 1;
    }
  }
  found.push(text.slice(from));
  return found.filter((term) => term !== '');
}

function unescape(text: string): string {
  if (!/[\\,=]/.test(text)) return text;
  let plain = '';
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (char === '\\') {
      const next = text[++at];
      if (next !== '\\' && next !== ',' && next !== '=') throw badRequest(`invalid field selector: invalid escape sequence in ${JSON.stringify(text)}`);
      plain += next;
    } else if (char === ',' || char === '=') throw badRequest(`invalid field selector: unescaped character in ${JSON.stringify(text)}`);
    else plain += char;
  }
  return plain;
}

/** @throws ApiError 400 */
export function parseFieldSelector(text: string): FieldSelector {
  return terms(text).map((term) => {
    for (let at = 0; at < term.length; at++) {
      if (term[at] === '\\') at++;
      else {
        const operator = term.startsWith('!=', at) ? '!=' : term.startsWith('==', at) ? '==' : term[at] === '=' ? '=' : undefined;
        if (operator !== undefined) return { field: term.slice(0, at).trim(), operator: operator === '!=' ? '!=' : '=', value: unescape(term.slice(at + operator.length)) };
      }
    }
    throw badRequest(`invalid selector: '${term}'; can't understand '${term}'`);
  });
}

/** `value` reads a field of the object at hand; a field that is not there is empty. */
export function fieldsMatch(selector: FieldSelector, value: (field: string) => string): boolean {
  for (const requirement of selector) if ((value(requirement.field) === requirement.value) !== (requirement.operator === '=')) return false;
  return true;
}
