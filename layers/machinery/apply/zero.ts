/** The object that Go makes of nothing: what a created one is compared with. */
import type { TypeSchema } from '../schema.ts';

const zeros = new WeakMap<TypeSchema, Record<string, unknown>>();

/** Structs by value and zeros that are always written, and null where Go writes that. Not to be changed. */
export function zeroObject(type: TypeSchema): Record<string, unknown> {
  let zero = zeros.get(type);
  if (zero === undefined) {
    zero = {};
    zeros.set(type, zero);
    for (const { name, type: inner, pointer, always } of type.fields?.values() ?? []) if (always === true) zero[name] = pointer === true ? null : zeroOf(inner);
  }
  return zero;
}

function zeroOf(type: TypeSchema): unknown {
  switch (type.type) {
    case 'object':
      return zeroObject(type);
    case 'string':
      return '';
    case 'integer':
    case 'number':
    case 'intOrString':
      return 0;
    case 'boolean':
      return false;
    case 'quantity':
      return '0';
    case 'array':
    case 'map':
    case 'bytes':
    case 'time':
    case 'microTime':
    case 'fieldsV1':
    case 'any':
      return null;
  }
}
