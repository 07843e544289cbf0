/** Label selectors (apimachinery `labels`): parsed once into a predicate that lists and watches call per object. */
import { badRequest } from './status.ts';
import { isLabelValue, isQualifiedName } from './names.ts';

export type Labels = Readonly<Record<string, string>>;

export interface LabelRequirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt';
  readonly values: readonly string[];
}

export interface LabelSelector {
  readonly requirements: readonly LabelRequirement[];
  /** Matches nothing at all: what an absent selector of a workload means. */
  readonly nothing?: boolean;
}

/** The `LabelSelector` type of meta/v1, as objects carry it. */
export interface LabelSelectorObject {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[];
}

export const EVERYTHING: LabelSelector = { requirements: [] };
export const NOTHING: LabelSelector = { requirements: [], nothing: true };

type Token = { readonly text: string; readonly type: 'word' | 'open' | 'close' | 'comma' | 'operator' };
const OPERATORS = ['==', '!=', '=', '!', '<', '>'] as const;
const TOKEN = /\s*(==|!=|=|!|<|>|\(|\)|,|[^\s=!<>(),]+)/gy;

function tokens(text: string): Token[] {
  const found: Token[] = [];
  TOKEN.lastIndex = 0;
  let at = 0;
  for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) {
    at = TOKEN.lastIndex;
    const word = match[1]!;
    found.push({
      text: word,
      type: word === '(' ? 'open' : word === ')' ? 'close' : word === ',' ? 'comma' : (OPERATORS as readonly string[]).includes(word) ? 'operator' : 'word',
    });
  }
  if (text.slice(at).trim() !== '') throw badRequest(`unable to parse requirement: found '${text.slice(at).trim()}'`);
  return found;
}

function check(requirement: LabelRequirement): LabelRequirement {
  const wrong = (why: string): never => {
    throw badRequest(`unable to parse requirement: ${why}`);
  };
  const keyErrors = isQualifiedName(requirement.key);
  if (keyErrors.length > 0) wrong(`<nil>: Invalid value: ${JSON.stringify(requirement.key)}: ${keyErrors.join('; ')}`);
  if (requirement.operator === 'Gt' || requirement.operator === 'Lt') {
    if (!/^[+-]?\d+$/.test(requirement.values[0] ?? ''))
      wrong(`values[0][${requirement.key}]: Invalid value: ${JSON.stringify(requirement.values[0] ?? '')}: for 'Gt', 'Lt' operators, the value must be an integer`);
    return requirement;
  }
  for (const [index, value] of requirement.values.entries()) {
    const errors = isLabelValue(value);
    if (errors.length > 0) wrong(`values[${index}][${requirement.key}]: Invalid value: ${JSON.stringify(value)}: ${errors.join('; ')}`);
  }
  return requirement;
}

/** @throws ApiError 400, worded as Kubernetes does */
export function parseLabelSelector(text: string): LabelSelector {
  const list = tokens(text);
  const requirements: LabelRequirement[] = [];
  let at = 0;
  const peek = (): Token | undefined => list[at];
  const fail = (wanted: string): never => {
    throw badRequest(`unable to parse requirement: found '${peek()?.text ?? ''}', expected: ${wanted}`);
  };
  const word = (): string => {
    const token = peek();
    if (token?.type !== 'word') return fail('identifier');
    at++;
    return token.text;
  };
  const values = (): string[] => {
    if (peek()?.type !== 'open') fail("'('");
    at++;
    const found: string[] = [];
    for (;;) {
      const token = peek();
      if (token?.type === 'word') {
        found.push(token.text);
        at++;
      } else if (token?.type === 'comma' || token?.type === 'close') found.push('');
      else fail("',', ')' or identifier");
      if (peek()?.type === 'close') break;
      if (peek()?.type !== 'comma') fail("',' or ')'");
      at++;
    }
    at++;
    return [...new Set(found)].toSorted();
  };
  while (at < list.length) {
    if (peek()?.text === '!') {
      at++;
      requirements.push(check({ key: word(), operator: 'DoesNotExist', values: [] }));
    } else {
      const key = word();
      const next = peek();
      if (next === undefined || next.type === 'comma') requirements.push(check({ key, operator: 'Exists', values: [] }));
      else if (next.type === 'word' && (next.text === 'in' || next.text === 'notin')) {
        at++;
        requirements.push(check({ key, operator: next.text === 'in' ? 'In' : 'NotIn', values: values() }));
      } else if (next.type === 'operator' && next.text !== '!') {
        at++;
        const value = peek()?.type === 'word' ? word() : '';
        const operator = next.text === '!=' ? 'NotIn' : next.text === '>' ? 'Gt' : next.text === '<' ? 'Lt' : 'In';
        requirements.push(check({ key, operator, values: [value] }));
      } else fail("in, notin, =, ==, !=, gt, lt, or ','");
    }
    if (at === list.length) break;
    if (peek()?.type !== 'comma') fail("',' or 'end of string'");
    at++;
    if (at === list.length) fail("identifier after ','");
  }
  return { requirements };
}

export function requirementMatches({ key, operator, values }: LabelRequirement, labels: Labels): boolean {
  const has = Object.hasOwn(labels, key);
  switch (operator) {
    case 'In':
      return has && values.includes(labels[key]!);
    case 'NotIn':
      return !has || !values.includes(labels[key]!);
    case 'Exists':
      return has;
    case 'DoesNotExist':
      return !has;
    case 'Gt':
    case 'Lt': {
      if (!has || !/^[+-]?\d+$/.test(labels[key]!)) return false;
      const [own, bound] = [BigInt(labels[key]!), BigInt(values[0]!)];
      return operator === 'Gt' ? own > bound : own < bound;
    }
  }
}

export function matches(selector: LabelSelector, labels: Labels | undefined): boolean {
  if (selector.nothing === true) return false;
  for (const requirement of selector.requirements) if (!requirementMatches(requirement, labels ?? {})) return false;
  return true;
}

/** A selector of an object: absent selects nothing, empty selects everything. */
export function selectorFromLabelSelector(object: LabelSelectorObject | undefined): LabelSelector {
  if (object === undefined) return NOTHING;
  const requirements: LabelRequirement[] = Object.entries(object.matchLabels ?? {}).map(([key, value]) => ({ key, operator: 'In', values: [value] }));
  for (const { key, operator, values } of object.matchExpressions ?? []) requirements.push({ key, operator: operator as LabelRequirement['operator'], values: values ?? [] });
  return { requirements };
}

/** A plain map, as services and replication controllers have it; an empty one selects everything here: callers know what theirs means. */
export const selectorFromMap = (map: Labels | undefined): LabelSelector => ({
  requirements: Object.entries(map ?? {}).map(([key, value]) => ({ key, operator: 'In', values: [value] })),
});

/** The text form, sorted by key as Kubernetes prints it. */
export function formatLabelSelector(selector: LabelSelector): string {
  return selector.requirements
    .toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ key, operator, values }) => {
      switch (operator) {
        case 'In':
          return values.length === 1 ? `${key}=${values[0]}` : `${key} in (${values.toSorted().join(',')})`;
        case 'NotIn':
          return values.length === 1 ? `${key}!=${values[0]}` : `${key} notin (${values.toSorted().join(',')})`;
        case 'Exists':
          return key;
        case 'DoesNotExist':
          return `!${key}`;
        case 'Gt':
          return `${key}>${values[0]}`;
        case 'Lt':
          return `${key}<${values[0]}`;
      }
    })
    .join(',');
}
