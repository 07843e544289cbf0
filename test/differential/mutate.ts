/** From one valid object many that differ from it in one field each, made along the schema of its kind and an object that has every field. */
import type { TypeSchema } from '#machinery/schema.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Fields = Readonly<Record<string, Json>>;

export interface Mutation {
  /** `spec.replicas = -1`. */
  readonly what: string;
  readonly object: Fields;
}

const LONG = 'a'.repeat(300);
const isFields = (value: Json | undefined): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Values of a type that are worth a try, most of them wrong. */
function odd({ type, format }: TypeSchema): readonly Json[] {
  switch (type) {
    case 'string':
      return ['', 'Bad_Value!', 'a', 'example.com/a', LONG];
    case 'integer':
      return [-1, 0, 1, 70_000, ...(format === 'int64' ? [] : [2 ** 31 - 1])];
    case 'number':
      return [-1.5, 0];
    case 'boolean':
      return [true, false];
    case 'quantity':
      return ['-1', '1', '1500m', '5Gi', '0', 'x'];
    case 'intOrString':
      return [-1, 0, 80, 70_000, '50%', '101%', 'http', 'Bad_Name!', ''];
    case 'time':
    case 'microTime':
      return ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00.5Z', 'x'];
    case 'bytes':
      return ['', 'AAAA', '%'];
    case 'map':
      return [{}, { '': '' }, { 'Bad Key!': 'Bad Value!' }];
    case 'array':
      return [[]];
    case 'object':
      return [{}];
    case 'fieldsV1':
    case 'any':
      return [{}, 'x', 1];
  }
}

/** Fields that the whole of an object's beginning says; mutating them asks about the wire, which has cases of its own. */
const SKIPPED = new Set([
  'apiVersion',
  'kind',
  'managedFields',
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'deletionTimestamp',
  'generation',
  'selfLink',
  'deletionGracePeriodSeconds',
]);
/** Of a field that lists what it may be, so many are tried. */
const ENUM_TRIES = 5;
/** Absent subtrees are tried field by field down to here. */
const DEPTH = 3;

type Put = (value: Json | undefined) => Fields;

/** @param full the same place in an object that has every field */
function walk(schema: TypeSchema, value: Json | undefined, full: Json | undefined, path: string, put: Put, depth: number, found: Mutation[]): void {
  const add = (what: string, next: Json | undefined): void => void found.push({ what: `${path} ${what}`, object: put(next) });
  if (value !== undefined) add('left out', undefined);
  // the Pod's own cases are enough
  if (path.endsWith('template.spec')) return;
  if (schema.type === 'object' && schema.fields !== undefined) {
    const here: Fields = isFields(value) ? value : {};
    const all: Fields = isFields(full) ? full : {};
    if (value === undefined) {
      add('= {}', {});
      if (full !== undefined) add('= everything', full);
      if (depth <= 0) return;
    }
    for (const [name, field] of schema.fields) {
      const choices = (field.enum ?? []).slice(0, ENUM_TRIES);
      if (SKIPPED.has(name)) continue;
      const putField: Put = (next) => {
        const { [name]: _, ...rest } = here;
        return put(next === undefined ? rest : { ...rest, [name]: next });
      };
      walk(field.type, here[name], all[name], path === '' ? name : `${path}.${name}`, putField, value === undefined ? depth - 1 : depth, found);
      for (const text of choices) found.push({ what: `${path}.${name} = ${text}`, object: putField(text) });
    }
    return;
  }
  if (schema.type === 'array') {
    add('= []', []);
    const items = Array.isArray(value) ? (value as readonly Json[]) : [];
    const [first] = items;
    if (first !== undefined) {
      add('doubled', [...items, first]);
      walk(
        schema.items!,
        first,
        Array.isArray(full) ? (full as readonly Json[])[0] : undefined,
        `${path}[0]`,
        (next) => put(next === undefined ? items.slice(1) : [next, ...items.slice(1)]),
        depth,
        found,
      );
      return;
    }
    const all = Array.isArray(full) ? (full as readonly Json[]) : [];
    if (all.length > 0) add('= everything', all);
    if (depth > 0) walk(schema.items!, undefined, all[0], `${path}[0]`, (next) => put(next === undefined ? [] : [next]), depth - 1, found);
    return;
  }
  for (const next of odd(schema)) if (JSON.stringify(next) !== JSON.stringify(value)) add(`= ${JSON.stringify(next).slice(0, 40)}`, next);
  if (full !== undefined && schema.type === 'map') add('= everything', full);
}

/** The object itself comes first. */
export function mutations(schema: TypeSchema, seed: Fields, full: Json | undefined): Mutation[] {
  const found: Mutation[] = [{ what: 'as it is', object: seed }];
  walk(schema, seed, full, '', (next) => next as Fields, DEPTH, found);
  // a kind without a body is the wire's business
  return found.filter(({ object }) => object !== undefined && isFields(object['metadata']));
}
