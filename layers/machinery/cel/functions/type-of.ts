import { BOOL, BYTES, type CelType, DOUBLE, DURATION, INT, NULL, opaque, STRING, TIMESTAMP, TYPE, UINT } from '../types.ts';
import { Duration, ListValue, MapValue, opaqueName, Timestamp, TypeValue, Uint } from '../values.ts';

export function typeOf(value: unknown): CelType {
  switch (typeof value) {
    case 'string':
      return STRING;
    case 'bigint':
      return INT;
    case 'number':
      return DOUBLE;
    case 'boolean':
      return BOOL;
    default:
  }
  if (value === null || value === undefined) return NULL;
  if (value instanceof ListValue || value instanceof MapValue) return value.type;
  if (value instanceof Uint) return UINT;
  if (value instanceof Timestamp) return TIMESTAMP;
  if (value instanceof Duration) return DURATION;
  if (value instanceof Uint8Array) return BYTES;
  if (value instanceof TypeValue) return TYPE;
  return opaque(opaqueName(value));
}
