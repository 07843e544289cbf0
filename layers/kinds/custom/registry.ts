/**
 * Built-in kinds and those that CustomResourceDefinitions bring. What is known at a moment is one immutable snapshot: whoever holds it sees
 * nothing change under its feet.
 */
import type { CustomResourceDefinition } from '../generated/types.ts';
import type { Kind, KindRegistry, VirtualResource } from '../kind.ts';
import { type CustomKinds, customKinds } from './kind.ts';

/** Where definitions come from. */
export interface DefinitionSource {
  /** All definitions as they are now, or `undefined` when none changed since the last call. */
  changes(): Promise<readonly CustomResourceDefinition[] | undefined>;
}

interface Snapshot {
  readonly kinds: readonly Kind[];
  readonly byResource: ReadonlyMap<string, Kind>;
  readonly byKind: ReadonlyMap<string, Kind>;
  readonly byStorage: ReadonlyMap<string, Kind>;
}

/** A definition's kinds are made anew when one of these differs, not with every change of its status. */
function identity(definition: CustomResourceDefinition): string {
  const { metadata, status } = definition;
  const conditions = (status?.conditions ?? []).filter(({ status: value }) => value === 'True').map(({ type }) => type);
  return JSON.stringify([metadata.uid, metadata.generation, status?.acceptedNames, conditions]);
}

const allOf = ({ served, stored }: CustomKinds): readonly Kind[] => (stored === undefined || served.includes(stored) ? served : [...served, stored]);

export class DynamicRegistry implements KindRegistry {
  readonly #builtIn: KindRegistry;
  readonly #source: DefinitionSource;
  readonly #made = new Map<string, { readonly identity: string; readonly kinds: CustomKinds }>();
  #definitions: readonly CustomResourceDefinition[] = [];
  readonly #listeners = new Set<(gone: readonly Kind[]) => void>();
  #snapshot: Snapshot = { kinds: [], byResource: new Map(), byKind: new Map(), byStorage: new Map() };
  #all: readonly Kind[];
  #refreshing: Promise<void> | undefined;
  #again: Promise<void> | undefined;

  constructor(builtIn: KindRegistry, source: DefinitionSource) {
    this.#builtIn = builtIn;
    this.#source = source;
    this.#all = builtIn.kinds();
  }

  /** After it the registry knows every definition that was written before the call. */
  refresh(): Promise<void> {
    if (this.#refreshing === undefined) return (this.#refreshing = this.#take().finally(() => (this.#refreshing = undefined)));
    // the one that runs may have read before the caller's write: those who come meanwhile share the next
    return (this.#again ??= this.#refreshing
      .catch(() => undefined)
      .then(() => {
        this.#again = undefined;
        return this.refresh();
      }));
  }

  /** Called with the kinds that are no more, or are others now. */
  onChange(listener: (gone: readonly Kind[]) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async #take(): Promise<void> {
    const definitions = await this.#source.changes();
    if (definitions === undefined) return;
    this.#definitions = definitions;
    const gone: Kind[] = [];
    const names = new Set(definitions.map(({ metadata }) => metadata.name!));
    let changed = false;
    for (const [name, { kinds }] of this.#made) {
      if (names.has(name)) continue;
      this.#made.delete(name);
      gone.push(...allOf(kinds));
      changed = true;
    }
    for (const definition of definitions) {
      const name = definition.metadata.name!;
      const id = identity(definition);
      const known = this.#made.get(name);
      if (known?.identity === id) continue;
      this.#made.set(name, { identity: id, kinds: customKinds(definition) });
      if (known !== undefined) gone.push(...allOf(known.kinds));
      changed = true;
    }
    if (!changed) return;
    this.#snapshot = this.#build();
    this.#all = [...this.#builtIn.kinds(), ...this.#snapshot.kinds];
    for (const listener of this.#listeners) listener(gone);
  }

  #build(): Snapshot {
    const kinds: Kind[] = [];
    const byResource = new Map<string, Kind>();
    const byKind = new Map<string, Kind>();
    const byStorage = new Map<string, Kind>();
    for (const name of [...this.#made.keys()].sort()) {
      const { served, stored } = this.#made.get(name)!.kinds;
      // what is built in cannot be taken over
      if (stored === undefined || this.#builtIn.byStorage(stored.storage) !== undefined) continue;
      byStorage.set(stored.storage, stored);
      for (const kind of served) {
        kinds.push(kind);
        byResource.set(`${kind.group}/${kind.version}/${kind.plural}`, kind);
        byKind.set(`${kind.group}/${kind.version}/${kind.kind}`, kind);
      }
    }
    return { kinds, byResource, byKind, byStorage };
  }

  byResource(group: string, version: string, plural: string): Kind | undefined {
    return this.#builtIn.byResource(group, version, plural) ?? this.#snapshot.byResource.get(`${group}/${version}/${plural}`);
  }
  byKind(group: string, version: string, kind: string): Kind | undefined {
    return this.#builtIn.byKind(group, version, kind) ?? this.#snapshot.byKind.get(`${group}/${version}/${kind}`);
  }
  byStorage(storage: string): Kind | undefined {
    return this.#builtIn.byStorage(storage) ?? this.#snapshot.byStorage.get(storage);
  }
  definitions(): readonly CustomResourceDefinition[] {
    return this.#definitions;
  }
  virtual(group: string, version: string, plural: string): VirtualResource | undefined {
    return this.#builtIn.virtual(group, version, plural);
  }
  kinds(): readonly Kind[] {
    return this.#all;
  }
  virtuals(): readonly VirtualResource[] {
    return this.#builtIn.virtuals();
  }
  schema(name: string): ReturnType<KindRegistry['schema']> {
    return this.#builtIn.schema(name);
  }
}
