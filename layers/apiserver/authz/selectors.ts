/** The selectors of a request as authorizers see them: what cannot be read of one does not narrow the request. */
import { type FieldRequirement, type FieldSelector, parseFieldSelector } from '#machinery/fields.ts';
import { type LabelRequirement, parseLabelSelector } from '#machinery/labels.ts';
import { isLabelValue, isQualifiedName } from '#machinery/names.ts';

export interface Selectors {
  readonly fieldSelector?: FieldSelector;
  readonly labelSelector?: readonly LabelRequirement[];
}

function tried<T>(read: () => readonly T[]): readonly T[] | undefined {
  try {
    const found = read();
    return found.length === 0 ? undefined : found;
  } catch {
    return undefined;
  }
}

const selectors = (fieldSelector: FieldSelector | undefined, labelSelector: readonly LabelRequirement[] | undefined): Selectors => ({
  ...(fieldSelector === undefined ? {} : { fieldSelector }),
  ...(labelSelector === undefined ? {} : { labelSelector }),
});

export const parsedSelectors = (field: string, label: string): Selectors =>
  selectors(
    tried(() => parseFieldSelector(field)),
    tried(() => parseLabelSelector(label).requirements),
  );

/** Those of a list, a watch or a deletion of many. */
export function selectorsOfQuery(query: string): Selectors {
  if (!query.includes('Selector=')) return {};
  const given = new URLSearchParams(query);
  return parsedSelectors(given.get('fieldSelector') ?? '', given.get('labelSelector') ?? '');
}

interface Requirement {
  readonly key?: string;
  readonly operator?: string;
  readonly values?: readonly string[];
}

/** A selector of `resourceAttributes`. */
export interface SelectorAttributes {
  readonly rawSelector?: string;
  readonly requirements?: readonly Requirement[];
}

function fieldRequirement({ key = '', operator, values = [] }: Requirement): FieldRequirement | undefined {
  if (values.length !== 1 || (operator !== 'In' && operator !== 'NotIn')) return undefined;
  return { field: key, operator: operator === 'In' ? '=' : '!=', value: values[0]! };
}

function labelRequirement({ key = '', operator, values = [] }: Requirement): LabelRequirement | undefined {
  const listed = operator === 'In' || operator === 'NotIn';
  if (!listed && operator !== 'Exists' && operator !== 'DoesNotExist') return undefined;
  if (listed === (values.length === 0) || isQualifiedName(key).length > 0 || values.some((value) => isLabelValue(value).length > 0)) return undefined;
  return { key, operator, values };
}

export interface ReviewedSelectors extends Selectors {
  /** Which of them is not honoured in full. */
  readonly errors: readonly string[];
}

/** @param field its path in the review, without the selector's name */
export function selectorsOfReview(given: { readonly fieldSelector?: SelectorAttributes; readonly labelSelector?: SelectorAttributes }, field: string): ReviewedSelectors {
  const errors: string[] = [];
  function read<T>(
    name: 'fieldSelector' | 'labelSelector',
    raw: (text: string) => readonly T[] | undefined,
    one: (requirement: Requirement) => T | undefined,
  ): readonly T[] | undefined {
    const { rawSelector = '', requirements = [] } = given[name] ?? {};
    if (requirements.length === 0) {
      if (rawSelector === '') return undefined;
      const found = tried(() => raw(rawSelector) ?? []);
      if (found === undefined) errors.push(`${field}.${name} ignored due to parse error`);
      return found;
    }
    const found = requirements.map(one).filter((requirement) => requirement !== undefined);
    if (found.length < requirements.length) errors.push(`${field}.${name} ${found.length === 0 ? '' : 'partially '}ignored due to parse error`);
    return found.length === 0 ? undefined : found;
  }
  const fieldSelector = read('fieldSelector', parseFieldSelector, fieldRequirement);
  const labelSelector = read('labelSelector', (text) => parseLabelSelector(text).requirements, labelRequirement);
  return { ...selectors(fieldSelector, labelSelector), errors };
}
