/** Small checks that many kinds share; each adds what it finds to `errors`, worded as apimachinery's `util/validation` does. */
import { type FieldError, invalid, notSupported, required } from '#machinery/field-error.ts';
import { semanticEqual } from '#machinery/json.ts';

export type Errors = FieldError[];

export const NOT_NEGATIVE = 'must be greater than or equal to 0';
export const POSITIVE = 'must be greater than zero';
export const IMMUTABLE = 'field is immutable';

/** How Kubernetes prints the value of a field that is not set. */
export const orNull = (value: unknown): unknown => value ?? 'null';

/** One `Invalid` for each message of a name rule. */
export function checkText(errors: Errors, field: string, value: string, messages: readonly string[]): void {
  for (const message of messages) errors.push(invalid(field, value, message));
}

export function checkNotNegative(errors: Errors, field: string, value: number | undefined): void {
  if (value !== undefined && value < 0) errors.push(invalid(field, value, NOT_NEGATIVE));
}

/** Required and one of a set; an unset value is `Required`. */
export function checkOneOf(errors: Errors, field: string, value: string | undefined, supported: readonly string[], detail = ''): void {
  if (value === undefined || value === '') errors.push(required(field, detail));
  else if (!supported.includes(value)) errors.push(notSupported(field, value, supported));
}

/** One of a set where it is set at all. */
export function checkMaybeOneOf(errors: Errors, field: string, value: string | undefined, supported: readonly string[]): void {
  if (value !== undefined && !supported.includes(value)) errors.push(notSupported(field, value, supported));
}

export function checkRequired(errors: Errors, field: string, value: string | undefined, detail = ''): boolean {
  if (value !== undefined && value !== '') return true;
  errors.push(required(field, detail));
  return false;
}

export function checkImmutable(errors: Errors, field: string, now: unknown, old: unknown, message: string = IMMUTABLE): void {
  if (!semanticEqual(now, old)) errors.push(invalid(field, orNull(now), message));
}
