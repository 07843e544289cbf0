/** The paths of printer columns and selectable fields: client-go's JSONPath as far as it selects values. */
import { canonicalStringify, deepEqual } from '#machinery/json.ts';

type Step =
  | { readonly type: 'field'; readonly name: string }
  | { readonly type: 'every' }
  | { readonly type: 'descend' }
  | { readonly type: 'slice'; readonly from: number | undefined; readonly to: number | undefined; readonly by: number }
  | { readonly type: 'index'; readonly at: number }
  | { readonly type: 'union'; readonly steps: readonly Step[] }
  | { readonly type: 'filter'; readonly left: Operand; readonly operator: string; readonly right: Operand | undefined };

type Operand = { readonly path: readonly Step[] } | { readonly value: unknown };

export class JsonPathError extends Error {
  readonly code = 'JSON_PATH';
}

export interface JsonPath {
  /** All values the path leads to, in the order of the object. */
  find(object: unknown): readonly unknown[];
}

/** @throws JsonPathError */
export function parseJsonPath(text: string): JsonPath {
  const steps = parseSteps(text);
  return { find: (object) => walk([object], steps) };
}

const OPERATOR = /(==|!=|<=|>=|<|>)/;

function parseSteps(text: string): Step[] {
  const steps: Step[] = [];
  let at = 0;
  while (at < text.length) {
    if (text[at] === '.') {
      if (text[at + 1] === '.') {
        steps.push({ type: 'descend' });
        at++;
      }
      at++;
      if (at < text.length && text[at] === '[') continue;
      const [name, next] = fieldName(text, at);
      at = next;
      if (name === '*') steps.push({ type: 'every' });
      else if (name !== '') steps.push({ type: 'field', name });
    } else if (text[at] === '[') {
      const end = closing(text, at);
      steps.push(bracket(text.slice(at + 1, end)));
      at = end + 1;
    } else if (text[at] === '$' || text[at] === '@') at++;
    else {
      const [name, next] = fieldName(text, at);
      if (next === at) throw new JsonPathError(`unrecognized character in action: ${JSON.stringify(text[at])}`);
      steps.push({ type: 'field', name });
      at = next;
    }
  }
  return steps;
}

function fieldName(text: string, from: number): [string, number] {
  let name = '';
  let at = from;
  for (; at < text.length && text[at] !== '.' && text[at] !== '['; at++) {
    if (text[at] === '\\' && at + 1 < text.length) at++;
    name += text[at];
  }
  return [name, at];
}

/** The bracket that closes the one at `from`; quotes and nesting are minded. */
function closing(text: string, from: number): number {
  let depth = 0;
  let quote = '';
  for (let at = from; at < text.length; at++) {
    const char = text[at]!;
    if (quote !== '') {
      if (char === '\\') at++;
      else if (char === quote) quote = '';
    } else if (char === '"' || char === "'") quote = char;
    else if (char === '[') depth++;
    else if (char === ']' && --depth === 0) return at;
  }
  throw new JsonPathError('unterminated array');
}

function bracket(text: string): Step {
  const inner = text.trim();
  const filter = /^\?\((.*)\)$/s.exec(inner);
  if (filter !== null) return filterStep(filter[1]!);
  if (inner === '*') return { type: 'every' };
  const parts = inner.match(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^,]+/g)?.map((part) => part.trim()) ?? [];
  if (parts.length === 0) throw new JsonPathError(`invalid array index ${inner}`);
  const steps = parts.map((part): Step => {
    if (/^(['"]).*\1$/s.test(part)) return { type: 'field', name: part.slice(1, -1).replaceAll(/\\(.)/gs, '$1') };
    if (/^-?\d+$/.test(part)) return { type: 'index', at: Number(part) };
    const slice = /^(-?\d*):(-?\d*)(?::(\d*))?$/.exec(part);
    if (slice === null) throw new JsonPathError(`invalid array index ${part}`);
    const number = (digits: string | undefined): number | undefined => (digits === undefined || digits === '' ? undefined : Number(digits));
    return { type: 'slice', from: number(slice[1]), to: number(slice[2]), by: number(slice[3]) ?? 1 };
  });
  return steps.length === 1 ? steps[0]! : { type: 'union', steps };
}

function filterStep(text: string): Step {
  const found = OPERATOR.exec(text.replaceAll(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/g, (quoted) => '_'.repeat(quoted.length)));
  if (found === null) return { type: 'filter', left: operand(text), operator: 'exists', right: undefined };
  return { type: 'filter', left: operand(text.slice(0, found.index)), operator: found[1]!, right: operand(text.slice(found.index + found[1]!.length)) };
}

function operand(text: string): Operand {
  const plain = text.trim();
  if (/^(['"]).*\1$/s.test(plain)) return { value: plain.slice(1, -1).replaceAll(/\\(.)/gs, '$1') };
  if (/^-?\d+(?:\.\d+)?$/.test(plain)) return { value: Number(plain) };
  if (plain === 'true' || plain === 'false') return { value: plain === 'true' };
  return { path: parseSteps(plain) };
}

const valuesOf = (value: unknown): readonly unknown[] => (typeof value === 'object' && value !== null ? Object.values(value) : []);

function step(value: unknown, one: Step): readonly unknown[] {
  switch (one.type) {
    case 'field':
      return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, one.name) ? [(value as Record<string, unknown>)[one.name]] : [];
    case 'every':
      return valuesOf(value);
    case 'descend':
      return [value, ...valuesOf(value).flatMap((inner) => step(inner, one))];
    case 'index': {
      if (!Array.isArray(value)) return [];
      const at = one.at < 0 ? value.length + one.at : one.at;
      return at >= 0 && at < value.length ? [value[at]] : [];
    }
    case 'slice':
      return Array.isArray(value) ? value.slice(one.from ?? 0, one.to).filter((_, at) => one.by > 0 && at % one.by === 0) : [];
    case 'union':
      return one.steps.flatMap((inner) => step(value, inner));
    case 'filter':
      return (Array.isArray(value) ? (value as unknown[]) : []).filter((item) => holds(item, one));
  }
}

function holds(item: unknown, { left, operator, right }: Extract<Step, { type: 'filter' }>): boolean {
  const take = (one: Operand): readonly unknown[] => ('value' in one ? [one.value] : walk([item], one.path));
  const [a] = take(left);
  if (operator === 'exists') return a !== undefined;
  const [b] = take(right!);
  if (a === undefined || b === undefined) return false;
  switch (operator) {
    case '==':
      return deepEqual(a, b);
    case '!=':
      return !deepEqual(a, b);
    case '<':
      return (a as number) < (b as number);
    case '<=':
      return (a as number) <= (b as number);
    case '>':
      return (a as number) > (b as number);
    default:
      return (a as number) >= (b as number);
  }
}

function walk(values: readonly unknown[], steps: readonly Step[]): readonly unknown[] {
  let now = values;
  for (const one of steps) now = now.flatMap((value) => step(value, one));
  return now;
}

/** A found value as text: composite ones as JSON with sorted keys, as Go's encoder has them. */
export const textOf = (value: unknown): string => (typeof value === 'object' && value !== null ? canonicalStringify(value) : String(value));
