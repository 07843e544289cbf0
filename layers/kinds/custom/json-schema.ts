/**
 * The schema of a custom resource (`JSONSchemaProps`) made ready for the walks over objects: maps instead of bags, patterns compiled, and for
 * every node what its subtree holds, so that a walk passes by what it need not look at.
 */
import { RE2JS } from 're2js';
import type { JSONSchemaProps, ValidationRule } from '../generated/types.ts';

export type JsonSchema = JSONSchemaProps;

export interface SchemaNode {
  readonly source: JsonSchema;
  /** Empty where only int-or-string or preserve-unknown-fields says what may stand here. */
  readonly type: string;
  readonly nullable: boolean;
  readonly intOrString: boolean;
  readonly preserveUnknown: boolean;
  readonly embedded: boolean;
  readonly properties: ReadonlyMap<string, SchemaNode> | undefined;
  /** `true`: any value; `false`: none. */
  readonly additional: SchemaNode | boolean | undefined;
  readonly items: SchemaNode | undefined;
  readonly listType: string;
  readonly listMapKeys: readonly string[];
  readonly atomicMap: boolean;
  readonly default: unknown;
  /** Of the supported formats, without dashes; empty for others. */
  readonly format: string;
  readonly pattern: Pattern | undefined;
  readonly enum: readonly unknown[] | undefined;
  readonly required: readonly string[];
  readonly allOf: readonly SchemaNode[];
  readonly anyOf: readonly SchemaNode[];
  readonly oneOf: readonly SchemaNode[];
  readonly not: SchemaNode | undefined;
  readonly rules: readonly ValidationRule[];
  /** What is found here or below. */
  readonly holds: Holds;
}

interface Holds {
  readonly defaults: boolean;
  readonly embedded: boolean;
  /** List types `set` and `map`. */
  readonly lists: boolean;
  readonly rules: boolean;
}

export interface Pattern {
  readonly text: string;
  /** Absent for a text that is no regular expression: nothing matches it. */
  matches(value: string): boolean;
  readonly error?: string;
}

const patterns = new Map<string, Pattern>();
/** Schemas of all custom resources of a cluster share them. */
const PATTERNS_KEPT = 4_096;

/** Go's regular expressions (RE2): linear time whatever a user writes. */
export function patternOf(text: string): Pattern {
  let pattern = patterns.get(text);
  if (pattern === undefined) {
    try {
      const compiled = RE2JS.compile(text);
      pattern = { text, matches: (value) => compiled.matcher(value).find() };
    } catch (error) {
      pattern = { text, matches: () => false, error: (error as Error).message };
    }
    if (patterns.size >= PATTERNS_KEPT) patterns.clear();
    patterns.set(text, pattern);
  }
  return pattern;
}

const STRING_FORMATS: ReadonlySet<string> = new Set(
  'bsonobjectid uri email hostname ipv4 ipv6 cidr mac uuid uuid3 uuid4 uuid5 isbn isbn10 isbn13 creditcard ssn hexcolor rgbcolor byte password date duration datetime k8sshortname k8slongname'.split(
    ' ',
  ),
);

/** Formats that are not known are no rule (apiextensions `StripUnsupportedFormats`). */
export function knownFormat(type: string, format: string): string {
  const plain = format.replaceAll('-', '');
  switch (type) {
    case '':
    case 'string':
      return STRING_FORMATS.has(plain) ? plain : '';
    case 'integer':
      return format === 'int32' || format === 'int64' ? format : '';
    case 'number':
      return format === 'float' || format === 'double' ? format : '';
    default:
      return '';
  }
}

/** The one schema of the items; a list of schemas is refused by validation and means nothing here. */
export const itemsOf = ({ items }: JsonSchema): JsonSchema | undefined => (items === undefined || Array.isArray(items) ? undefined : items);

const NONE: readonly never[] = [];

export function compileSchema(source: JsonSchema): SchemaNode {
  const type = source.type ?? '';
  const intOrString = source['x-kubernetes-int-or-string'] === true;
  const children: SchemaNode[] = [];
  const child = (schema: JsonSchema): SchemaNode => {
    const node = compileSchema(schema);
    children.push(node);
    return node;
  };
  const { properties: props, additionalProperties: more } = source;
  const items = itemsOf(source);
  const properties = props === undefined ? undefined : new Map(Object.entries(props).map(([name, schema]) => [name, child(schema)]));
  const additional = typeof more === 'object' && more !== null ? child(more) : more;
  const item = items === undefined ? undefined : child(items);
  const rules = source['x-kubernetes-validations'] ?? NONE;
  const listType = source['x-kubernetes-list-type'] ?? '';
  const embedded = source['x-kubernetes-embedded-resource'] === true;
  return {
    source,
    type,
    nullable: source.nullable === true,
    intOrString,
    preserveUnknown: source['x-kubernetes-preserve-unknown-fields'] === true,
    embedded,
    properties,
    additional,
    items: item,
    listType,
    listMapKeys: source['x-kubernetes-list-map-keys'] ?? NONE,
    atomicMap: source['x-kubernetes-map-type'] === 'atomic',
    default: source.default ?? undefined,
    // an int-or-string has two types, and formats are for one
    format: source.format === undefined ? '' : knownFormat(intOrString ? '' : type, source.format),
    pattern: source.pattern === undefined || source.pattern === '' ? undefined : patternOf(source.pattern),
    enum: source.enum === undefined || source.enum.length === 0 ? undefined : source.enum,
    required: source.required ?? NONE,
    allOf: (source.allOf ?? NONE).map(compileSchema),
    anyOf: (source.anyOf ?? NONE).map(compileSchema),
    oneOf: (source.oneOf ?? NONE).map(compileSchema),
    not: source.not === undefined ? undefined : compileSchema(source.not),
    rules,
    holds: {
      defaults: (source.default ?? undefined) !== undefined || children.some(({ holds }) => holds.defaults),
      embedded: embedded || children.some(({ holds }) => holds.embedded),
      lists: listType === 'set' || listType === 'map' || children.some(({ holds }) => holds.lists),
      rules: rules.length > 0 || children.some(({ holds }) => holds.rules),
    },
  };
}
