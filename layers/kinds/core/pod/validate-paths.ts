/** Paths inside volumes and containers. */
import { invalid } from '#machinery/field-error.ts';
import type { Errors } from '../../shared/check.ts';

export const hasBacksteps = (path: string): boolean => path.includes('..') && path.split('/').includes('..');

export function checkNoBacksteps(errors: Errors, field: string, path: string): void {
  if (hasBacksteps(path)) errors.push(invalid(field, path, "must not contain '..'"));
}

/** Relative, and never up. */
export function checkDescendingPath(errors: Errors, field: string, path: string): void {
  if (path.startsWith('/')) errors.push(invalid(field, path, 'must be a relative path'));
  checkNoBacksteps(errors, field, path);
}

/** As above, and no name that the atomic writer of volumes keeps for itself (`..data`). */
export function checkLocalPath(errors: Errors, field: string, path: string): void {
  checkDescendingPath(errors, field, path);
  if (path.startsWith('..') && !path.startsWith('../')) errors.push(invalid(field, path, "must not start with '..'"));
}

const FILE_MODE = 'must be a number between 0 and 0777 (octal), both inclusive';

export function checkMode(errors: Errors, field: string, mode: number | undefined): void {
  if (mode !== undefined && (mode > 0o777 || mode < 0)) errors.push(invalid(field, mode, FILE_MODE));
}
