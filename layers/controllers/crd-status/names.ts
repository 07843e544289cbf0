/** Which of its names a definition may have: one that another of its group has is taken (apiextensions `status/naming_controller.go`). */
import type { Condition } from '#kinds/custom/conditions.ts';
import type { CustomResourceDefinition, CustomResourceDefinitionNames } from '#kinds/generated/types.ts';
import { semanticEqual } from '#machinery/json.ts';

export interface Naming {
  readonly names: CustomResourceDefinitionNames;
  readonly condition: Condition;
}

/** `others`: all definitions of the group but this one. */
export function nameDefinition({ spec, status }: CustomResourceDefinition, others: readonly CustomResourceDefinition[]): Naming {
  const resources = new Set<string>();
  const kinds = new Set<string>();
  for (const { status: other } of others) {
    const names = other?.acceptedNames;
    if (names === undefined) continue;
    for (const name of [names.plural, names.singular, ...(names.shortNames ?? [])]) if (name) resources.add(name);
    for (const name of [names.kind, names.listKind]) if (name) kinds.add(name);
  }
  const wanted = spec.names;
  const had: CustomResourceDefinitionNames = status?.acceptedNames ?? { plural: '', kind: '' };
  const names: CustomResourceDefinitionNames = { ...had };
  let conflict: { readonly reason: string; readonly message: string } | undefined;
  const taken = (name: string): string => `${JSON.stringify(name)} is already in use`;
  const one = (field: 'plural' | 'singular' | 'kind' | 'listKind', used: ReadonlySet<string>, reason: string): void => {
    const name = wanted[field] ?? '';
    if (name !== (had[field] ?? '') && used.has(name)) conflict = { reason, message: taken(name) };
    else if (name !== '') names[field] = name;
  };
  one('plural', resources, 'PluralConflict');
  one('singular', resources, 'SingularConflict');
  if (!semanticEqual(wanted.shortNames, had.shortNames)) {
    const lost = (wanted.shortNames ?? []).filter((name) => !(had.shortNames ?? []).includes(name) && resources.has(name)).map(taken);
    if (lost.length > 0) conflict = { reason: 'ShortNamesConflict', message: lost.length === 1 ? lost[0]! : `[${lost.join(', ')}]` };
    else if (wanted.shortNames === undefined) delete names.shortNames;
    else names.shortNames = wanted.shortNames;
  }
  one('kind', kinds, 'KindConflict');
  one('listKind', kinds, 'ListKindConflict');
  if (wanted.categories === undefined) delete names.categories;
  else names.categories = wanted.categories;
  return {
    names,
    condition:
      conflict === undefined
        ? { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' }
        : { type: 'NamesAccepted', status: 'False', ...conflict },
  };
}
