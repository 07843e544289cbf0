/**
 * The shape in which a Go server stores an object: fields that `omitempty` hides are dropped when they are empty, fields that Go always
 * writes are filled with their zero (`resources: {}`, `status: {}`, `lastProbeTime: null`). Clients and server-side apply see these.
 */
import type { FieldSchema, TypeSchema } from '#machinery/schema.ts';

type Bag = Record<string, unknown>;

interface Plan {
  /** How each field is treated; fields that need nothing are absent. */
  readonly fields: Map<string, FieldPlan>;
  /** Fields that are written although nobody set them. */
  readonly fill: readonly FieldSchema[];
}

interface FieldPlan {
  readonly dropEmpty: boolean;
  /** Protobuf cannot leave it out, so that its bodies say null. */
  readonly dropNull: boolean;
  /** For objects, items of lists, values of maps. */
  readonly inner: TypeSchema | undefined;
  readonly each: 'self' | 'items' | 'values';
}

const plans = new WeakMap<TypeSchema, Plan>();

function zero(type: TypeSchema, field: FieldSchema): unknown {
  if (field.pointer === true) return null;
  switch (type.type) {
    case 'object':
      return {};
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
    case 'any':
    case 'fieldsV1':
      return null;
  }
}

function innerOf(type: TypeSchema): { inner: TypeSchema | undefined; each: FieldPlan['each'] } {
  const item = type.items;
  if (type.type === 'object') return { inner: type, each: 'self' };
  if (type.type === 'array' && item?.type === 'object') return { inner: item, each: 'items' };
  if (type.type === 'map' && item?.type === 'object') return { inner: item, each: 'values' };
  return { inner: undefined, each: 'self' };
}

function planOf(type: TypeSchema): Plan {
  let plan = plans.get(type);
  if (plan !== undefined) return plan;
  const fields = new Map<string, FieldPlan>();
  const fill: FieldSchema[] = [];
  plan = { fields, fill };
  plans.set(type, plan);
  for (const field of type.fields?.values() ?? []) {
    // a selector or list that must be there and is not is validation's affair
    const dropNull = field.required && (field.pointer === true || field.type.type === 'array');
    if (field.always === true && !dropNull) fill.push(field);
    const { inner, each } = innerOf(field.type);
    const dropEmpty = field.pointer !== true && field.always !== true && field.type.type !== 'object' && field.type.type !== 'any';
    if (dropEmpty || dropNull || inner !== undefined) fields.set(field.name, { dropEmpty, dropNull, inner, each });
  }
  return plan;
}

const isEmpty = (value: unknown): boolean => {
  if (typeof value === 'object' && value !== null) {
    if (Array.isArray(value)) return value.length === 0;
    for (const _ in value) return false;
    return true;
  }
  return value === '' || value === 0 || value === false || value === null;
};

/** In place; parts that are already in shape are not written to. */
export function shape(object: Bag, type: TypeSchema): void {
  const plan = planOf(type);
  for (const key in object) {
    const field = plan.fields.get(key);
    if (field === undefined) continue;
    const value = object[key];
    if ((field.dropEmpty && isEmpty(value)) || (field.dropNull && value === null)) {
      delete object[key];
      continue;
    }
    if (field.inner === undefined || typeof value !== 'object' || value === null) continue;
    if (field.each === 'self') shape(value as Bag, field.inner);
    else if (field.each === 'items') {
      const list = value as readonly unknown[];
      for (let at = 0; at < list.length; at++) shape(list[at] as Bag, field.inner);
    } else for (const name in value) shape((value as Bag)[name] as Bag, field.inner);
  }
  for (const field of plan.fill) {
    const { name } = field;
    if (object[name] !== undefined) continue;
    const value = zero(field.type, field);
    object[name] = value;
    if (field.type.type === 'object' && value !== null) shape(value as Bag, field.type);
  }
}
