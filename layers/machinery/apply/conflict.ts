import { type ApiError, applyConflict, type StatusCause } from '../status.ts';
import { type FieldSet, paths } from './field-set.ts';
import { identifier, type Manager } from './managers.ts';

function describe({ manager, operation, apiVersion, subresource }: Manager): string {
  const name = subresource === '' ? JSON.stringify(manager) : `${JSON.stringify(manager)} with subresource ${JSON.stringify(subresource)}`;
  return operation === 'Update' ? `${name} using ${apiVersion}` : name;
}

/** 409 with a cause per field, worded as Kubernetes does: kubectl prints these lines. */
export function conflictError(conflicts: readonly { readonly manager: Manager; readonly set: FieldSet }[]): ApiError {
  const causes: StatusCause[] = [];
  const lines: string[] = [];
  for (const { manager, set } of conflicts.toSorted((a, b) => (identifier(a.manager) < identifier(b.manager) ? -1 : 1))) {
    const name = describe(manager);
    lines.push(`conflicts with ${name}:`);
    for (const path of paths(set)) {
      causes.push({ reason: 'FieldManagerConflict', message: `conflict with ${name}`, field: path });
      lines.push(`- ${path}`);
    }
  }
  const only = causes.length === 1 ? causes[0]! : undefined;
  return applyConflict(
    only === undefined ? `Apply failed with ${causes.length} conflicts: ${lines.join('\n')}` : `Apply failed with 1 conflict: ${only.message}: ${only.field}`,
    causes,
  );
}
