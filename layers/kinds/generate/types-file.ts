/** Writes TypeScript interfaces for the definitions. */
import { PACKAGES, SPECIAL, type Definition, type TypeRef } from './facts.ts';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.';
/** Written once, in machinery/object.ts. */
const IN_MACHINERY: ReadonlySet<string> = new Set(['ObjectMeta', 'OwnerReference', 'ManagedFieldsEntry'].map((name) => META + name));

const SPECIAL_TEXT: Readonly<Record<string, string>> = {
  quantity: 'string',
  intOrString: 'string | number',
  time: 'string',
  microTime: 'string',
  duration: 'string',
  fieldsV1: 'JsonObject',
};
const UNIONS: Readonly<Record<string, string>> = {
  JSON: 'unknown',
  RawExtension: 'unknown',
  JSONSchemaPropsOrBool: 'JSONSchemaProps | boolean',
  JSONSchemaPropsOrArray: 'JSONSchemaProps | JSONSchemaProps[]',
  JSONSchemaPropsOrStringArray: 'JSONSchemaProps | string[]',
};

const last = (name: string): string => name.slice(name.lastIndexOf('.') + 1);

/**
 * The interface's name for each definition: the API's own. Where several groups have it, it is the core group's, and the
 * others are called as client libraries do (`EventsV1Event`); where versions of one group have it, it is the newest one's.
 */
export function typeNames(definitions: ReadonlyMap<string, Definition>): Map<string, string> {
  const sharing = new Map<string, string[]>();
  for (const name of definitions.keys()) sharing.set(last(name), [...(sharing.get(last(name)) ?? []), name]);
  const names = new Map<string, string>();
  const groupOf = (name: string): string => name.split('.').at(-3)!;
  for (const [short, owners] of sharing) {
    const oneGroup = new Set(owners.map(groupOf)).size === 1;
    const winner = oneGroup ? [...owners].sort().at(-1) : owners.find((owner) => owner.startsWith('io.k8s.api.core.v1.') || owner.startsWith(META));
    for (const owner of owners) {
      const [group, version] = owner
        .split('.')
        .slice(-3, -1)
        .map((part) => part.charAt(0).toUpperCase() + part.slice(1)) as [string, string];
      names.set(owner, owner === winner ? short : group + version + short);
    }
  }
  return names;
}

export function typesFile(definitions: ReadonlyMap<string, Definition>): string {
  const names = typeNames(definitions);
  const text = (type: TypeRef): string => {
    switch (type.kind) {
      case 'string':
      case 'bytes':
        return 'string';
      case 'boolean':
        return 'boolean';
      case 'integer':
      case 'number':
        return 'number';
      case 'any':
        return 'unknown';
      case 'array': {
        const items = text(type.items);
        return items.includes('|') ? `(${items})[]` : `${items}[]`;
      }
      case 'map':
        return `Record<string, ${text(type.items)}>`;
      case 'ref':
        return SPECIAL_TEXT[SPECIAL[type.name] ?? ''] ?? UNIONS[last(type.name)] ?? names.get(type.name) ?? unknownType(type.name);
    }
  };
  const lines = [
    '// Made by `npm run generate`: do not edit.',
    "import type { JsonObject, KubeObject, ManagedFieldsEntry, ObjectMeta, OwnerReference } from '#machinery/object.ts';",
    'export type { ManagedFieldsEntry, ObjectMeta, OwnerReference };',
  ];
  for (const { path } of PACKAGES) {
    const prefix = `${path.replace(/^k8s\.io\//, 'io.k8s.').replaceAll('/', '.')}.`;
    for (const definition of definitions.values()) {
      if (!definition.name.startsWith(prefix) || definition.name in SPECIAL || IN_MACHINERY.has(definition.name)) continue;
      lines.push('', ...interfaceOf(definition, names.get(definition.name)!, text));
    }
  }
  return `${lines.join('\n')}\n`;
}

function interfaceOf({ name, isKind, properties }: Definition, short: string, text: (type: TypeRef) => string): string[] {
  const isObject = isKind && properties.some(({ name: property, type }) => property === 'metadata' && type.kind === 'ref' && type.name === `${META}ObjectMeta`);
  const lines = [`/** ${name.replace(/^io\.k8s\./, '')} */`, `export interface ${short}${isObject ? ' extends KubeObject' : ''} {`];
  for (const property of properties) {
    if (isObject && ['apiVersion', 'kind', 'metadata'].includes(property.name)) continue;
    const key = /^[A-Za-z_$][\w$]*$/.test(property.name) ? property.name : `'${property.name}'`;
    const nullable = property.pointer && property.always && !property.required ? ' | null' : '';
    lines.push(
      `  ${key}${property.required || (isKind && (property.name === 'items' || property.name === 'kind' || property.name === 'apiVersion')) ? '' : '?'}: ${text(property.type)}${nullable};`,
    );
  }
  return [...lines, '}'];
}

function unknownType(name: string): never {
  throw new Error(`no definition of ${name}`);
}
