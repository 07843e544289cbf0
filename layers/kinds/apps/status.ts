/** Counts in the status of apps: none negative, none above what it is a part of. */
import { invalid } from '#machinery/field-error.ts';
import { type Errors, checkNotNegative } from '../shared/check.ts';

type Counts = object | undefined;
const at = (status: Counts, name: string): number => ((status as Readonly<Record<string, number | undefined>> | undefined)?.[name] ?? 0) as number;

export function checkCounts(errors: Errors, status: Counts, names: readonly string[]): void {
  for (const name of names) checkNotNegative(errors, `status.${name}`, at(status, name));
}

export function checkWithin(errors: Errors, status: Counts, parts: readonly string[], whole: string, detail: string): void {
  for (const part of parts) if (at(status, part) > at(status, whole)) errors.push(invalid(`status.${part}`, at(status, part), detail));
}

/** Collisions are counted up, never down. */
export function checkCollisions(errors: Errors, now: { readonly collisionCount?: number } | undefined, old: { readonly collisionCount?: number } | undefined): void {
  const [count, before] = [now?.collisionCount, old?.collisionCount];
  checkNotNegative(errors, 'status.collisionCount', count);
  if (before !== undefined && (count === undefined || count < before)) errors.push(invalid('status.collisionCount', count ?? 0, 'cannot be decremented'));
}
