/**
 * A value against its schema, in the words of kube-openapi's validator, with ratcheting: what was wrong before an update and did not change is
 * no reason to refuse it (apiextensions `apiserver/validation`, kube-openapi `validation/validate`).
 */
import { type FieldError, invalid, notSupported, required, tooLong, tooMany, typeInvalid } from '#machinery/field-error.ts';
import { deepEqual } from '#machinery/json.ts';
import { FORMATS } from './formats.ts';
import type { SchemaNode } from './json-schema.ts';

/** What an update replaces: `none` where there is nothing to compare with. */
export type Correlated = { readonly old: unknown } | undefined;

interface Findings {
  readonly errors: FieldError[];
  /** How many checks were passed through: of several alternatives that fail, the one that came furthest is told. */
  matches: number;
}

type Bag = Record<string, unknown>;
const isBag = (value: unknown): value is Bag => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Errors of a combination of schemas have no place of their own upstream. */
export const NO_PLACE = '<nil>';

/** `base`: stands before the path in fields, not in texts (`status` where only that is looked at). */
export function validateValue(value: unknown, node: SchemaNode, correlated: Correlated = undefined, base = ''): FieldError[] {
  return new Check(base, true).ratcheted(value, node, '', correlated).errors;
}

/** A default, of which an int-or-string without a type demands no type either. */
export const validateDefault = (value: unknown, node: SchemaNode, base: string): FieldError[] => new Check(base, false).ratcheted(value, node, '', undefined).errors;

function jsonType(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'boolean':
      return 'boolean';
    case 'bigint':
      return 'integer';
    case 'number':
      return Number.isInteger(value) ? 'integer' : 'number';
    default:
      return value === null ? 'null' : Array.isArray(value) ? 'array' : 'object';
  }
}

const formatOf = (value: unknown): string => (typeof value === 'bigint' ? 'int64' : typeof value === 'number' ? (Number.isInteger(value) ? 'int64' : 'double') : '');

/** Go turns a number into the type of the enum's before it compares: 1.5 is among the integers 1 and 2. */
function isOneOf(value: unknown, one: unknown): boolean {
  if (typeof value === 'bigint' || typeof one === 'bigint') return typeof value !== 'string' && typeof one !== 'string' && String(value) === String(one);
  if (typeof value === 'number' && typeof one === 'number') return (Number.isInteger(one) ? Math.trunc(value) : value) === one;
  return deepEqual(value, one);
}

class Check {
  private readonly base: string;
  private readonly typesIntOrString: boolean;
  constructor(base: string, typesIntOrString: boolean) {
    this.base = base;
    this.typesIntOrString = typesIntOrString;
  }

  private field(path: string): string {
    const own = path.startsWith('.') ? path.slice(1) : path;
    if (own === '') return this.base === '' ? NO_PLACE : this.base;
    return this.base === '' ? own : `${this.base}.${own}`;
  }

  ratcheted(value: unknown, node: SchemaNode, path: string, correlated: Correlated): Findings {
    const found = this.check(value, node, path, correlated);
    if (found.errors.length > 0 && correlated !== undefined && isUnchanged(value, correlated.old, node)) found.errors.length = 0;
    return found;
  }

  private check(value: unknown, node: SchemaNode, path: string, correlated: Correlated): Findings {
    const found: Findings = { errors: [], matches: 0 };
    if (value === null) {
      if (this.type(found, value, node, path)) found.matches++;
      this.enum(found, value, node, path);
      return found;
    }
    if (node.type !== '' || (node.intOrString && this.typesIntOrString) || node.format !== '') {
      if (this.type(found, value, node, path)) found.matches++;
      found.matches++;
    }
    this.combinations(found, value, node, path, correlated);
    found.matches += 2;
    if (typeof value === 'string') this.text(found, value, node, path);
    else if (typeof value === 'number' || typeof value === 'bigint') {
      this.number(found, value, node, path);
      found.matches += 2;
    } else if (Array.isArray(value)) {
      this.list(found, value, node, path, correlated);
      found.matches += 2;
    }
    this.enum(found, value, node, path);
    found.matches++;
    if (isBag(value)) {
      this.object(found, value, node, path, correlated);
      found.matches++;
    }
    found.matches++;
    return found;
  }

  private mistyped(found: Findings, path: string, wanted: string, given: string): false {
    found.errors.push(typeInvalid(this.field(path), given, `${path} in body must be of type ${wanted}: ${JSON.stringify(given)}`));
    return false;
  }

  private type(found: Findings, value: unknown, node: SchemaNode, path: string): boolean {
    const types = node.intOrString && this.typesIntOrString ? ['integer', 'string'] : node.type === '' ? [] : [node.type];
    const given = jsonType(value);
    if (value === null) return types.length === 0 || node.nullable ? true : this.mistyped(found, path, types.join(','), given);
    const isNumber = given === 'integer' || given === 'number';
    const fits = types.includes(given) || (given === 'integer' && types.includes('number'));
    const format = node.format === '' ? '' : (node.source.format ?? '');
    if (format !== '' && given !== 'string' && given !== 'array' && !fits && !(isNumber && formatOf(value) === format)) return this.mistyped(found, path, format, formatOf(value));
    // a text or list under a format is the format's affair
    if (format !== '' && !types.includes('number') && !types.includes('integer') && (given === 'string' || given === 'array')) return true;
    if (types.length > 0 && !fits) return this.mistyped(found, path, types.join(','), given);
    return true;
  }

  private enum(found: Findings, value: unknown, node: SchemaNode, path: string): void {
    if (node.enum === undefined || (value !== null && node.enum.some((one) => isOneOf(value, one)))) return;
    found.errors.push(
      notSupported(
        this.field(path),
        value ?? '',
        node.enum.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))),
      ),
    );
  }

  private text(found: Findings, value: string, node: SchemaNode, path: string): void {
    const { maxLength, minLength } = node.source;
    const fail = (message: string): void => void found.errors.push(invalid(this.field(path), value, message));
    if (maxLength !== undefined && value.length > maxLength && [...value].length > maxLength) found.errors.push(tooLong(this.field(path), maxLength));
    else if (minLength !== undefined && [...value].length < minLength) fail(`${path} in body should be at least ${minLength} chars long`);
    else if (node.pattern !== undefined && !node.pattern.matches(value)) fail(`${path} in body should match '${node.pattern.text}'`);
    found.matches++;
    const format = FORMATS.get(node.format);
    if (format === undefined) return;
    found.matches++;
    if (!format(value)) found.errors.push(typeInvalid(this.field(path), value, `${path} in body must be of type ${node.source.format!}: ${JSON.stringify(value)}`));
  }

  private number(found: Findings, value: number | bigint, node: SchemaNode, path: string): void {
    const { maximum, exclusiveMaximum, minimum, exclusiveMinimum, multipleOf } = node.source;
    const fail = (message: string): void => void found.errors.push(invalid(this.field(path), value, message));
    if (multipleOf !== undefined) {
      if (multipleOf <= 0) fail(`factor MultipleOf declared for ${path} must be positive: ${multipleOf}`);
      else if (!Number.isInteger(Number((Number(value) / multipleOf).toPrecision(15)))) fail(`${path} in body should be a multiple of ${multipleOf}`);
    }
    if (maximum !== undefined && (exclusiveMaximum === true ? value >= maximum : value > maximum))
      fail(`${path} in body should be less than ${exclusiveMaximum === true ? '' : 'or equal to '}${maximum}`);
    if (minimum !== undefined && (exclusiveMinimum === true ? value <= minimum : value < minimum))
      fail(`${path} in body should be greater than ${exclusiveMinimum === true ? '' : 'or equal to '}${minimum}`);
  }

  private list(found: Findings, value: readonly unknown[], node: SchemaNode, path: string, correlated: Correlated): void {
    const { maxItems, minItems, uniqueItems } = node.source;
    const { items } = node;
    if (items !== undefined) {
      const older = oldItems(node, correlated);
      for (let at = 0; at < value.length; at++) this.merge(found, this.ratcheted(value[at], items, `${path}[${at}]`, older?.(value[at])));
    }
    if (minItems !== undefined && value.length < minItems) found.errors.push(invalid(this.field(path), value.length, `${path} in body should have at least ${minItems} items`));
    if (maxItems !== undefined && value.length > maxItems) found.errors.push(tooMany(this.field(path), value.length, maxItems));
    if (uniqueItems === true && value.some((item, at) => value.findIndex((other) => deepEqual(item, other)) !== at))
      found.errors.push(invalid(this.field(path), '', `${path} in body shouldn't contain duplicates`));
  }

  private object(found: Findings, value: Bag, node: SchemaNode, path: string, correlated: Correlated): void {
    const { maxProperties, minProperties } = node.source;
    const { properties, additional } = node;
    const old = correlated !== undefined && isBag(correlated.old) ? correlated.old : undefined;
    const oldOf = (key: string): Correlated => (old !== undefined && Object.hasOwn(old, key) ? { old: old[key] } : undefined);
    if (minProperties !== undefined || maxProperties !== undefined) {
      const count = Object.keys(value).length;
      if (minProperties !== undefined && count < minProperties)
        found.errors.push(invalid(this.field(path), count, `${path} in body should have at least ${minProperties} properties`));
      if (maxProperties !== undefined && count > maxProperties) found.errors.push(tooMany(this.field(path), count, maxProperties));
    }
    if (additional === false) {
      for (const key in value) if (properties?.has(key) !== true) found.errors.push(invalid(this.field(path), key, `${path}.${key} in body is a forbidden property`));
    } else if (typeof additional === 'object') {
      for (const key in value) if (properties?.has(key) !== true) this.merge(found, this.ratcheted(value[key], additional, `${path}.${key}`, oldOf(key)));
    }
    for (const [name, property] of properties ?? []) {
      if (!Object.hasOwn(value, name) || value[name] === undefined) continue;
      const isType = path === '' && (name === 'kind' || name === 'apiVersion');
      this.merge(found, this.ratcheted(value[name], property, path === '' ? name : `${path}.${name}`, isType ? undefined : oldOf(name)));
    }
    for (const name of node.required) if (!Object.hasOwn(value, name) || value[name] === undefined) found.errors.push(required(this.field(`${path}.${name}`)));
  }

  private merge(into: Findings, one: Findings): void {
    // what two alternatives say alike is told once
    for (const error of one.errors)
      if (!into.errors.some((told) => told.field === error.field && told.type === error.type && told.detail === error.detail)) into.errors.push(error);
    into.matches += one.matches;
  }

  private composite(found: Findings, message: string): void {
    found.errors.push(invalid(this.base === '' ? NO_PLACE : this.base, '', message));
  }

  private combinations(found: Findings, value: unknown, node: SchemaNode, path: string, correlated: Correlated): void {
    const { anyOf, oneOf, allOf, not } = node;
    const name = JSON.stringify(path);
    if (anyOf.length > 0) {
      let best: Findings | undefined;
      let passed = false;
      for (const one of anyOf) {
        const result = this.check(value, one, path, correlated);
        if (result.errors.length === 0) {
          best = result;
          passed = true;
          break;
        }
        if (best === undefined || result.matches > best.matches) best = result;
      }
      if (!passed) this.composite(found, `${name} must validate at least one schema (anyOf)`);
      this.merge(found, best!);
    }
    if (oneOf.length > 0) {
      let best: Findings | undefined;
      let first: Findings | undefined;
      let passed = 0;
      for (const one of oneOf) {
        const result = this.check(value, one, path, correlated);
        if (result.errors.length === 0) {
          passed++;
          first ??= result;
        } else if (passed === 0 && (best === undefined || result.matches > best.matches)) best = result;
      }
      if (passed === 1) this.merge(found, first!);
      else {
        this.composite(found, `${name} must validate one and only one schema (oneOf). ${passed === 0 ? 'Found none valid' : `Found ${passed} valid alternatives`}`);
        if (passed === 0) this.merge(found, best!);
      }
    }
    if (allOf.length > 0) {
      let passed = 0;
      for (const one of allOf) {
        const result = this.check(value, one, path, correlated);
        if (result.errors.length === 0) passed++;
        this.merge(found, result);
      }
      if (passed !== allOf.length) this.composite(found, `${name} must validate all the schemas (allOf)${passed === 0 ? '. None validated' : ''}`);
    }
    if (not !== undefined && this.check(value, not, path, undefined).errors.length === 0) this.composite(found, `${name} must not validate the schema (not)`);
  }
}

/** Whether a value is what it was, as far as its schema can tell: where it knows nothing of a key it cannot. */
export function isUnchanged(value: unknown, old: unknown, node: SchemaNode): boolean {
  if (Array.isArray(value)) {
    if (!Array.isArray(old) || old.length !== value.length) return false;
    if (node.listType !== 'map' || node.items === undefined) return deepEqual(value, old);
    const { items } = node;
    const before = oldItems(node, { old })!;
    return value.every((item) => {
      const was = before(item);
      return was !== undefined && isUnchanged(item, was.old, items);
    });
  }
  if (!isBag(value)) return deepEqual(value, old);
  if (!isBag(old)) return false;
  const keys = Object.keys(value);
  return (
    keys.length === Object.keys(old).length &&
    keys.every((key) => {
      const child = node.properties?.get(key) ?? (typeof node.additional === 'object' ? node.additional : undefined);
      return child !== undefined && Object.hasOwn(old, key) && isUnchanged(value[key], old[key], child);
    })
  );
}

/** Finds what an item was before: lists of type map know their items by keys, others cannot. */
export function oldItems(node: SchemaNode, correlated: Correlated): ((item: unknown) => Correlated) | undefined {
  if (node.listType !== 'map' || correlated === undefined || !Array.isArray(correlated.old)) return undefined;
  const keyOf = (item: unknown): string | undefined => {
    if (!isBag(item) || node.listMapKeys.some((key) => item[key] === undefined || typeof item[key] === 'object')) return undefined;
    return JSON.stringify(
      node.listMapKeys.map((key) => item[key]),
      (_, key: unknown) => (typeof key === 'bigint' ? String(key) : key),
    );
  };
  const byKey = new Map<string, unknown>();
  for (const item of correlated.old as unknown[]) {
    const key = keyOf(item);
    if (key !== undefined && !byKey.has(key)) byKey.set(key, item);
  }
  return (item) => {
    const key = keyOf(item);
    return key !== undefined && byKey.has(key) ? { old: byKey.get(key) } : undefined;
  };
}
