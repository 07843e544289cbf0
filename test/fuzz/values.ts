/** Objects of a kind that are nearly right: made from its schema, with wrong types, odd values and unknown fields here and there. */
import type { FieldSchema, TypeSchema } from '#machinery/schema.ts';
import type { Chance } from './random.ts';

/** So likely is a value of another type than the schema's. */
const WRONG_TYPE = 0.01;
const UNKNOWN_FIELD = 0.01;
/** Fields that are not required appear less and less often the deeper they lie, so that objects end. */
const OPTIONAL_FIELD = 0.2;
const MAX_DEPTH = 7;

const STRINGS = ['', 'a', 'web', 'Web_1', 'example.com/x', '10.0.0.1', '::1', '1Gi', '-1', '50%', 'a'.repeat(70), 'é\u0000\ud83d\ude00', '../..', 'TCP', 'Always', 'None', '*'];
const INTEGERS = [0, 1, -1, 3, 80, 65536, 2 ** 31, -(2 ** 31), 2 ** 53, 1e21];
const QUANTITIES = ['1', '100m', '1Gi', '1.5', '-1', '1e3', '1ZiB', '', '0.0000000001'];
const TIMES = ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00.123456Z', 'yesterday', '0001-01-01T00:00:00Z', '9999-12-31T23:59:59Z', '2026-13-40T00:00:00Z'];
const ODD: readonly unknown[] = [null, true, 7, 1.5, 'text', [], {}, [null], { a: null }, [[[]]]];

export function value(type: TypeSchema, random: Chance, depth = 0): unknown {
  if (random.yes(WRONG_TYPE)) return random.one(ODD);
  switch (type.type) {
    case 'object':
      return object(type, random, depth);
    case 'map':
      return Object.fromEntries(Array.from({ length: random.int(3) }, () => [random.one(STRINGS), value(type.items!, random, depth + 1)]));
    case 'array':
      return Array.from({ length: depth > MAX_DEPTH ? 0 : random.int(3) }, () => value(type.items!, random, depth + 1));
    case 'string':
      return random.one(STRINGS);
    case 'integer':
      return random.one(INTEGERS);
    case 'number':
      return random.one([0, 1.5, -2, 1e300]);
    case 'boolean':
      return random.yes(0.5);
    case 'bytes':
      return random.one(['', 'aGVsbG8=', 'not base64!', 'YQ']);
    case 'quantity':
      return random.one([...QUANTITIES, 5]);
    case 'intOrString':
      return random.one([80, 0, -1, 'http', '25%', '', 70000]);
    case 'time':
    case 'microTime':
      return random.one(TIMES);
    case 'fieldsV1':
    case 'any':
      return random.one(ODD);
  }
}

function present(field: FieldSchema, random: Chance, depth: number): boolean {
  if (depth > MAX_DEPTH) return false;
  return random.yes(field.required ? 0.95 : OPTIONAL_FIELD / (depth + 1));
}

function object(type: TypeSchema, random: Chance, depth: number): Record<string, unknown> {
  const made: Record<string, unknown> = {};
  for (const [name, field] of type.fields ?? [])
    if (present(field, random, depth)) made[name] = field.enum !== undefined && random.yes(0.8) ? random.one(field.enum) : value(field.type, random, depth + 1);
  if (random.yes(UNKNOWN_FIELD)) made[random.one(['unknown', '__proto__', 'constructor', 'Spec', ''])] = random.one(ODD);
  return made;
}
