/** Where a custom resource keeps what `/scale` shows. */
import { type FieldError, invalid } from '#machinery/field-error.ts';
import type { KubeObject } from '#machinery/object.ts';
import type { CustomResourceSubresourceScale } from '../generated/types.ts';
import type { Kind } from '../kind.ts';

const INT32_MAX = 2_147_483_647;

const pathOf = (text: string): readonly string[] => text.replace(/^\./, '').split('.');

function valueAt(object: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined), object);
}

const goType = (value: unknown): string =>
  typeof value === 'string'
    ? 'string'
    : typeof value === 'boolean'
      ? 'bool'
      : typeof value === 'number'
        ? 'float64'
        : value === null
          ? '<nil>'
          : Array.isArray(value)
            ? '[]interface {}'
            : 'map[string]interface {}';

function checkReplicas(errors: FieldError[], object: KubeObject, field: string): void {
  const path = pathOf(field);
  const value = valueAt(object, path);
  if (value === undefined) return;
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    if (typeof value === 'bigint') errors.push(invalid(field, String(value), `should be less than or equal to ${INT32_MAX}`));
    else
      errors.push(
        invalid(
          field,
          0,
          `.${path.join('.')} accessor error: ${typeof value === 'object' ? JSON.stringify(value) : String(value)} is of the type ${goType(value)}, expected int64`,
        ),
      );
  } else if (value < 0) errors.push(invalid(field, value, 'should be a non-negative integer'));
  else if (value > INT32_MAX) errors.push(invalid(field, value, `should be less than or equal to ${INT32_MAX}`));
}

export function scaleErrors(scale: CustomResourceSubresourceScale | undefined, object: KubeObject, which: 'all' | 'status'): FieldError[] {
  const errors: FieldError[] = [];
  if (scale === undefined) return errors;
  if (which === 'all') checkReplicas(errors, object, scale.specReplicasPath);
  checkReplicas(errors, object, scale.statusReplicasPath);
  return errors;
}

export function scaleOf({ specReplicasPath, statusReplicasPath, labelSelectorPath }: CustomResourceSubresourceScale): NonNullable<Kind['scale']> {
  const selector = labelSelectorPath === undefined || labelSelectorPath === '' ? undefined : pathOf(labelSelectorPath);
  return {
    specReplicas: pathOf(specReplicasPath),
    statusReplicas: pathOf(statusReplicasPath),
    selector(object) {
      const value = selector === undefined ? undefined : valueAt(object, selector);
      return typeof value === 'string' ? value : '';
    },
  };
}
