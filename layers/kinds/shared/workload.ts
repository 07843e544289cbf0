/** What controllers of pods have in common: selector and template agree, rollouts are counted in pods or percents. */
import type { LabelSelector, PodTemplateSpec } from '#kinds/generated/types.ts';
import type { KubeObject } from '#machinery/object.ts';
import { forbidden, invalid, notSupported, required } from '#machinery/field-error.ts';
import { formatLabelSelector, selectorFromLabelSelector } from '#machinery/labels.ts';
import { isDNS1123Label } from '#machinery/names.ts';
import type { StoredSubresource } from '../kind.ts';
import { checkPodTemplate } from '../core/pod/validate.ts';
import { specWarnings } from '../core/pod/warnings.ts';
import { type Errors, NOT_NEGATIVE } from './check.ts';
import { checkLabelSelector, isEmptySelector, selects } from './selector.ts';

/** A selector that must be there and choose something; `what` completes the text. */
export function checkWorkloadSelector(errors: Errors, field: string, selector: LabelSelector | undefined, what: string): void {
  if (selector === undefined || selector === null) {
    errors.push(required(field));
    return;
  }
  checkLabelSelector(errors, field, selector);
  if (isEmptySelector(selector)) errors.push(invalid(field, selector, `empty selector is invalid for ${what}`));
}

export function checkSelects(errors: Errors, field: string, selector: LabelSelector | undefined, template: PodTemplateSpec | undefined): void {
  if (selector === undefined || selector === null || isEmptySelector(selector)) return;
  const wrong: Errors = [];
  checkLabelSelector(wrong, '', selector);
  if (wrong.length > 0) {
    errors.push(invalid(field.replace(/template$/, 'selector'), selector, 'invalid label selector'));
    return;
  }
  const labels = template?.metadata?.labels ?? {};
  if (!selects(selector, labels)) errors.push(invalid(`${field}.metadata.labels`, labels, '`selector` does not match template `labels`'));
}

/** Pods that are kept running for ever. */
export function checkRestarting(errors: Errors, field: string, template: PodTemplateSpec | undefined, kind: string): void {
  const policy = template?.spec?.restartPolicy ?? '';
  if (policy !== 'Always') errors.push(notSupported(`${field}.spec.restartPolicy`, policy, ['Always']));
  if (template?.spec?.activeDeadlineSeconds !== undefined) errors.push(forbidden(`${field}.spec.activeDeadlineSeconds`, `activeDeadlineSeconds in ${kind} is not Supported`));
}

export function checkTemplateOf(errors: Errors, field: string, selector: LabelSelector | undefined, template: PodTemplateSpec | undefined, kind: string): void {
  checkSelects(errors, field, selector, template);
  checkPodTemplate(errors, field, template);
  checkRestarting(errors, field, template, kind);
}

const PERCENT = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";
const isPercent = (value: number | string): value is string => typeof value === 'string' && /^[0-9]+%$/.test(value);

export function checkCountOrPercent(errors: Errors, field: string, value: number | string | undefined): void {
  if (value === undefined) return;
  if (typeof value === 'string') {
    if (!isPercent(value)) errors.push(invalid(field, value, PERCENT));
  } else if (value < 0) errors.push(invalid(field, value, NOT_NEGATIVE));
}

export function checkAtMostAll(errors: Errors, field: string, value: number | string | undefined): void {
  if (value !== undefined && isPercent(value) && Number(value.slice(0, -1)) > 100) errors.push(invalid(field, value, 'must not be greater than 100%'));
}

/** Zero, whether as a number or as `0%`. */
export const isNone = (value: number | string | undefined): boolean => value === undefined || (typeof value === 'string' ? Number.parseInt(value, 10) === 0 : value === 0);

export const selectorOf = (object: KubeObject): string => formatLabelSelector(selectorFromLabelSelector((object['spec'] as { selector?: LabelSelector } | undefined)?.selector));

/** About the template, where the spec is new. */
export const templateWarnings = (object: KubeObject, old: KubeObject | undefined): string[] => {
  if (old !== undefined && old.metadata.generation === object.metadata.generation) return [];
  const template = (object['spec'] as { template?: PodTemplateSpec } | undefined)?.template;
  return template?.spec === undefined ? [] : specWarnings('spec.template.spec', template.spec, template.metadata);
};

/** The same for kinds whose name becomes part of their pods' names. */
export function namedTemplateWarnings(object: KubeObject, old: KubeObject | undefined): string[] {
  const wrong = old === undefined ? isDNS1123Label(object.metadata.name ?? '') : [];
  // a list as Go prints it
  const about = `metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [${wrong.join(' ')}]`;
  return [...(wrong.length === 0 ? [] : [about]), ...templateWarnings(object, old)];
}

/** A strategy as it is printed where its type is not known: by the names of Go's fields. */
export const strategyText = (
  strategy: { readonly type?: string; readonly rollingUpdate?: object } | undefined,
  unset: Readonly<Record<string, unknown>>,
): { readonly Type: string; readonly RollingUpdate: object | null } => ({
  Type: strategy?.type ?? '',
  RollingUpdate: strategy?.rollingUpdate === undefined ? null : goText(strategy.rollingUpdate, unset),
});

/** `unset`: what fields that are not set are in Go. */
export const goText = (value: object, unset: Readonly<Record<string, unknown>>): object =>
  Object.fromEntries(Object.entries(unset).map(([name, zero]) => [`${name.charAt(0).toUpperCase()}${name.slice(1)}`, (value as Record<string, unknown>)[name] ?? zero]));

export function keepSpec(now: KubeObject, old: KubeObject): void {
  if (old['spec'] === undefined) delete now['spec'];
  else now['spec'] = old['spec'];
}

export function keepLabels(now: KubeObject, old: KubeObject): void {
  if (old.metadata.labels === undefined) delete now.metadata.labels;
  else now.metadata.labels = old.metadata.labels;
}

/** A status door that leaves the spec alone. */
export function statusDoor<T extends KubeObject>(validateUpdate?: StoredSubresource<T>['validateUpdate'], labelsToo = false): Omit<StoredSubresource<T>, 'name' | 'verbs'> {
  return {
    prepareForUpdate(now, old) {
      keepSpec(now, old);
      if (labelsToo) keepLabels(now, old);
    },
    ...(validateUpdate === undefined ? {} : { validateUpdate }),
    resetFields: labelsToo ? [['spec'], ['metadata', 'labels']] : [['spec']],
  };
}

/** A status door that leaves metadata alone too, as apimachinery's `ResetObjectMetaForStatus` does. */
export function statusOnlyDoor<T extends KubeObject>(validateUpdate?: StoredSubresource<T>['validateUpdate']): Omit<StoredSubresource<T>, 'name' | 'verbs'> {
  return {
    prepareForUpdate(now, old) {
      keepSpec(now, old);
      for (const name of ['labels', 'annotations', 'finalizers', 'ownerReferences'] as const) {
        if (old.metadata[name] === undefined) delete now.metadata[name];
        else Object.assign(now.metadata, { [name]: old.metadata[name] });
      }
    },
    ...(validateUpdate === undefined ? {} : { validateUpdate }),
    resetFields: [['metadata'], ['spec']],
  };
}
