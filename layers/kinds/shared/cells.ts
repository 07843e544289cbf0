/** How table cells are written (Kubernetes' `printers/internalversion`). */
import { age } from '#machinery/time.ts';
import type { Column } from '../kind.ts';

export const NONE = '<none>';
export const column = (name: string, description: string, type: Column['type'] = 'string', priority = 0): Column => ({
  name,
  type,
  description,
  ...(priority === 0 ? {} : { priority }),
});
export const AGE: Column = column('Age', 'How long ago the object was created.');
export const ageOf = (created: string | null | undefined, now: number): string => age(created, now);
export const orNone = (text: string): string => (text === '' ? NONE : text);
export const labelsText = (labels: Readonly<Record<string, string>> | undefined): string =>
  orNone(
    Object.entries(labels ?? {})
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
  );

interface Named {
  readonly name: string;
  readonly image?: string;
}

export const CONTAINER_COLUMNS: readonly Column[] = [
  column('Containers', 'Names of each container in the template.', 'string', 1),
  column('Images', 'Images referenced by each container in the template.', 'string', 1),
];
export const containerCells = (containers: readonly Named[] | undefined): readonly string[] => [
  (containers ?? []).map(({ name }) => name).join(','),
  (containers ?? []).map(({ image }) => image ?? '').join(','),
];
