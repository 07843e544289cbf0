/** Limit ranges. */
import type { LimitRange, LimitRangeItem } from '#kinds/generated/types.ts';
import { type FieldError, duplicate, forbidden, invalid, required } from '#machinery/field-error.ts';
import { compare, milliValue } from '#machinery/quantity.ts';
import { behaviour } from '../behaviour.ts';
import type { Errors } from '../shared/check.ts';
import { checkResourceName, isExtended, isHugePages, isNative, quantityOf } from './pod/validate-resources.ts';
import { checkLimitTypeName } from './resource-quota.ts';

type Amounts = Readonly<Record<string, string>>;
const below = (a: string | undefined, b: string | undefined): boolean => a !== undefined && b !== undefined && compare(quantityOf(a), quantityOf(b)) < 0;

function checkName(errors: Errors, field: string, type: string, name: string): void {
  checkResourceName(errors, field, name);
  if (type !== 'Pod' && type !== 'Container') return;
  if (!name.includes('/')) {
    if (!['cpu', 'memory', 'ephemeral-storage'].includes(name) && !name.startsWith('hugepages-')) errors.push(invalid(field, name, 'must be a standard resource for containers'));
  } else if (!isNative(name) && !isExtended(name)) errors.push(invalid(field, name, "doesn't follow extended resource name standard"));
}

function checkAmounts(errors: Errors, field: string, name: string, item: LimitRangeItem): void {
  const [min, max, limit, request, ratio] = [item.min?.[name], item.max?.[name], item.default?.[name], item.defaultRequest?.[name], item.maxLimitRequestRatio?.[name]];
  const isPod = item.type === 'Pod';
  const own = isPod ? undefined : limit;
  const asked = isPod ? undefined : request;
  if (below(max, min)) errors.push(invalid(`${field}.min[${name}]`, min, `min value ${min} is greater than max value ${max}`));
  if (below(asked, min)) errors.push(invalid(`${field}.defaultRequest[${name}]`, asked, `min value ${min} is greater than default request value ${asked}`));
  if (below(max, asked)) errors.push(invalid(`${field}.defaultRequest[${name}]`, asked, `default request value ${asked} is greater than max value ${max}`));
  if (below(own, asked)) errors.push(invalid(`${field}.defaultRequest[${name}]`, asked, `default request value ${asked} is greater than default limit value ${own}`));
  if (below(own, min)) errors.push(invalid(`${field}.default[${name}]`, min, `min value ${min} is greater than default value ${own}`));
  if (below(max, own)) errors.push(invalid(`${field}.default[${name}]`, max, `default value ${own} is greater than max value ${max}`));
  if (ratio !== undefined) {
    if (below(ratio, '1')) errors.push(invalid(`${field}.maxLimitRequestRatio[${name}]`, ratio, `ratio ${ratio} is less than 1`));
    if (min !== undefined && max !== undefined) {
      const widest = Number(milliValue(quantityOf(max))) / Number(milliValue(quantityOf(min)));
      if (Number(milliValue(quantityOf(ratio))) / 1000 > widest)
        errors.push(invalid(`${field}.maxLimitRequestRatio[${name}]`, ratio, `ratio ${ratio} is greater than max/min = ${widest.toFixed(6)}`));
    }
  }
  if ((!isNative(name) || isHugePages(name)) && own !== undefined && asked !== undefined && compare(quantityOf(own), quantityOf(asked)) !== 0)
    errors.push(invalid(`${field}.defaultRequest[${name}]`, asked, `default value ${own} must equal to defaultRequest value ${asked} in ${name}`));
}

function validate({ spec }: LimitRange): FieldError[] {
  const errors: FieldError[] = [];
  const types = new Set<string>();
  (spec?.limits ?? []).forEach((item, index) => {
    const field = `spec.limits[${index}]`;
    checkLimitTypeName(errors, `${field}.type`, item.type ?? '');
    if (types.has(item.type)) errors.push(duplicate(`${field}.type`, item.type));
    types.add(item.type);
    const names = new Set<string>();
    const collect = (part: 'max' | 'min' | 'default' | 'defaultRequest' | 'maxLimitRequestRatio'): void => {
      for (const name of Object.keys((item[part] ?? {}) as Amounts)) {
        checkName(errors, `${field}.${part}[${name}]`, item.type, name);
        names.add(name);
      }
    };
    collect('max');
    collect('min');
    if (item.type === 'Pod') {
      for (const part of ['default', 'defaultRequest'] as const)
        if (Object.keys(item[part] ?? {}).length > 0) errors.push(forbidden(`${field}.${part}`, "may not be specified when `type` is 'Pod'"));
    } else {
      collect('default');
      collect('defaultRequest');
    }
    if (item.type === 'PersistentVolumeClaim' && item.min?.['storage'] === undefined && item.max?.['storage'] === undefined)
      errors.push(required(`${field}.limits`, 'either minimum or maximum storage value is required, but neither was provided'));
    collect('maxLimitRequestRatio');
    for (const name of names) checkAmounts(errors, field, name, item);
  });
  return errors;
}

export const limitRange = behaviour<LimitRange>({
  createOnUpdate: true,
  defaults({ spec }) {
    for (const item of spec?.limits ?? []) {
      if (item.type !== 'Container') continue;
      // a cap is also what containers get that name none; what they ask for follows from that
      if (item.max !== undefined) item.default = { ...item.max, ...item.default };
      const request: Record<string, string> = { ...item.min, ...item.default };
      if (Object.keys(request).length > 0 || item.defaultRequest !== undefined) item.defaultRequest = { ...request, ...item.defaultRequest };
    }
  },
  validate,
});
