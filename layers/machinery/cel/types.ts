/**
 * Types of CEL expressions as Kubernetes has them (cel-go `common/types`, apiserver `pkg/cel`): what a checker knows of a value before there
 * is one. Objects are made of schemas; they carry limits too, by which the cost of an expression is estimated.
 */

export type CelType =
  | { readonly kind: 'int' | 'uint' | 'double' | 'bool' | 'bytes' | 'null' | 'timestamp' | 'duration' | 'dyn' | 'error'; readonly maxElements?: number }
  | { readonly kind: 'string'; readonly maxElements?: number }
  /** `type(x)`, of the type that it names where that is known. */
  | { readonly kind: 'type'; readonly of?: CelType; readonly maxElements?: number }
  | { readonly kind: 'list'; readonly element: CelType; readonly maxElements?: number; readonly listType?: 'atomic' | 'set' | 'map'; readonly mapKeys?: readonly string[] }
  | { readonly kind: 'map'; readonly key: CelType; readonly value: CelType; readonly maxElements?: number }
  | CelObjectType
  /** A value with methods only, such as `kubernetes.Quantity`; `optional_type` has one parameter. */
  | { readonly kind: 'opaque'; readonly name: string; readonly parameters: readonly CelType[]; readonly maxElements?: number }
  /** A type parameter in a declaration. */
  | { readonly kind: 'parameter'; readonly name: string; readonly maxElements?: number };

export interface CelObjectType {
  readonly kind: 'object';
  readonly name: string;
  /** By the name in an expression, which is the JSON name escaped. */
  readonly fields: ReadonlyMap<string, CelField>;
  /** `Object{...}` may be written in an expression (mutating policies). */
  readonly constructible?: true;
  readonly maxElements?: number;
}

export interface CelField {
  /** The name in JSON. */
  readonly name: string;
  readonly type: CelType;
  readonly required: boolean;
  readonly default?: unknown;
}

/** Words that name no variable. */
export const RESERVED_WORDS: ReadonlySet<string> = new Set(
  'as break const continue else false for function if import in let loop package namespace null return true var void while'.split(' '),
);

/** The field that an expression means; reserved words are escaped in a type, and may be written as they are (apiserver `recognizeKeywordAsFieldName`). */
export const fieldOf = (type: CelObjectType, name: string): CelField | undefined =>
  type.fields.get(name) ?? (RESERVED_WORDS.has(name) ? type.fields.get(`__${name}__`) : undefined);

const plain = <K extends 'int' | 'uint' | 'double' | 'string' | 'bool' | 'bytes' | 'null' | 'timestamp' | 'duration' | 'dyn' | 'error'>(kind: K): CelType => ({ kind }) as CelType;

export const INT = plain('int');
export const UINT = plain('uint');
export const DOUBLE = plain('double');
export const STRING = plain('string');
export const BOOL = plain('bool');
export const BYTES = plain('bytes');
export const NULL = plain('null');
export const TIMESTAMP = plain('timestamp');
export const DURATION = plain('duration');
export const DYN = plain('dyn');
export const ERROR = plain('error');
export const TYPE: CelType = { kind: 'type' };
export const listOf = (element: CelType): CelType => ({ kind: 'list', element });
export const mapOf = (key: CelType, value: CelType): CelType => ({ kind: 'map', key, value });
export const opaque = (name: string, ...parameters: readonly CelType[]): CelType => ({ kind: 'opaque', name, parameters });
export const parameter = (name: string): CelType => ({ kind: 'parameter', name });
export const OPTIONAL = 'optional_type';
export const optionalOf = (type: CelType): CelType => opaque(OPTIONAL, type);

export function objectType(name: string, fields: Readonly<Record<string, CelType>>, constructible = false): CelObjectType {
  return {
    kind: 'object',
    name,
    fields: new Map(Object.entries(fields).map(([field, type]) => [field, { name: field, type, required: false }])),
    ...(constructible ? { constructible: true } : {}),
  };
}

/** As cel-go writes types in its errors: `list(string)`. */
export function formatType(type: CelType): string {
  switch (type.kind) {
    case 'null':
      return 'null';
    case 'timestamp':
      return 'google.protobuf.Timestamp';
    case 'duration':
      return 'google.protobuf.Duration';
    case 'error':
      return '!error!';
    case 'list':
      return `list(${formatType(type.element)})`;
    case 'map':
      return `map(${formatType(type.key)}, ${formatType(type.value)})`;
    case 'object':
      return type.name;
    case 'opaque':
      return type.parameters.length === 0 ? type.name : `${type.name}(${type.parameters.map(formatType).join(', ')})`;
    case 'parameter':
      return type.name;
    case 'type':
      return type.of === undefined ? 'type' : `type(${formatType(type.of)})`;
    case 'int':
    case 'uint':
    case 'double':
    case 'string':
    case 'bool':
    case 'bytes':
    case 'dyn':
      return type.kind;
  }
}
