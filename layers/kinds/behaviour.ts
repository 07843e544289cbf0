/** What a kind's own file says; facts (names, verbs, schema) come from the generated table. */
import type { KubeObject } from '#machinery/object.ts';
import type { Kind, StoredSubresource } from './kind.ts';

type Facts = 'group' | 'version' | 'kind' | 'listKind' | 'plural' | 'singular' | 'shortNames' | 'categories' | 'namespaced' | 'verbs' | 'storage' | 'schema' | 'stored' | 'fields';

export type Behaviour<T extends KubeObject = KubeObject> = Partial<Omit<Kind<T>, Facts | 'hasGeneration' | 'nameRule'>> & {
  readonly hasGeneration?: boolean;
  /** Nodes register with the status they have. */
  readonly keepsStatusOnCreate?: boolean;
  readonly nameRule?: Kind['nameRule'];
  readonly fields?: Kind<T>['fields'];
  /** Subresources with rules of their own, by name; `status` has a generic form where the table names one. */
  readonly stored?: Readonly<Record<string, Omit<StoredSubresource<T>, 'name' | 'verbs'>>>;
};

/** Lets one table hold the behaviours of all kinds. */
export const behaviour = <T extends KubeObject>(own: Behaviour<T>): Behaviour => own as unknown as Behaviour;
