/** Label selectors inside objects (apimachinery `meta/v1/validation`, `labels`). */
import type { LabelSelector } from '#kinds/generated/types.ts';
import { type FieldError, forbidden, invalid, required } from '#machinery/field-error.ts';
import { type LabelSelectorObject, formatLabelSelector, matches, selectorFromLabelSelector } from '#machinery/labels.ts';
import { labelErrors } from '#machinery/object-meta.ts';
import { isLabelValue, isQualifiedName } from '#machinery/names.ts';
import { checkText } from './check.ts';

/** A selector that is required but not there is stored as null. */
export function checkLabelSelector(errors: FieldError[], field: string, selector: LabelSelector | undefined | null, mayHaveBadValues = false): void {
  if (selector === undefined || selector === null) return;
  if (selector.matchLabels !== undefined) errors.push(...labelErrors(selector.matchLabels, `${field}.matchLabels`));
  const expressions = selector.matchExpressions ?? [];
  for (let index = 0; index < expressions.length; index++) {
    const { key, operator, values = [] } = expressions[index]!;
    const at = `${field}.matchExpressions[${index}]`;
    switch (operator) {
      case 'In':
      case 'NotIn':
        if (values.length === 0) errors.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
        break;
      case 'Exists':
      case 'DoesNotExist':
        if (values.length > 0) errors.push(forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
        break;
      default:
        errors.push(invalid(`${at}.operator`, operator ?? '', 'not a valid selector operator'));
    }
    checkText(errors, `${at}.key`, key ?? '', isQualifiedName(key ?? ''));
    if (!mayHaveBadValues) for (let value = 0; value < values.length; value++) checkText(errors, `${at}.values[${value}]`, values[value]!, isLabelValue(values[value]!));
  }
}

export const isEmptySelector = (selector: LabelSelector | undefined): boolean =>
  Object.keys(selector?.matchLabels ?? {}).length === 0 && (selector?.matchExpressions ?? []).length === 0;

/** Whether a selector can be applied at all; one that cannot is refused for that alone. */
export function isReadable(selector: LabelSelector | undefined): boolean {
  const errors: FieldError[] = [];
  checkLabelSelector(errors, '', selector);
  return errors.length === 0;
}

export const selects = (selector: LabelSelector | undefined, labels: Readonly<Record<string, string>> | undefined): boolean =>
  matches(selectorFromLabelSelector(selector as LabelSelectorObject | undefined), labels);

/** What tables show: `<none>` for a selector that is absent or empty. */
export function selectorText(selector: LabelSelector | undefined): string {
  if (selector === undefined) return '<none>';
  return formatLabelSelector(selectorFromLabelSelector(selector as LabelSelectorObject)) || '<none>';
}

/** A map as tables show it: `a=b,c=d`, sorted. */
export function mapText(map: Readonly<Record<string, string>> | undefined): string {
  const text = Object.keys(map ?? {})
    .toSorted()
    .map((key) => `${key}=${map![key]}`)
    .join(',');
  return text === '' ? '<none>' : text;
}
