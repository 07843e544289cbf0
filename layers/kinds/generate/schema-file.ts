/** Writes the definitions in the short form that layers/kinds/schema.ts reads; its grammar is explained there. */
import { openapiName, PACKAGES, SPECIAL, type Definition, type Property, type TypeRef } from './facts.ts';

const SCALARS = { string: 's', boolean: 'b', bytes: 'x', any: '*' } as const;
const FORMATS = { int32: 'i', int64: 'l', double: 'd', float: 'f' } as const;

const packagePrefix = (name: string): string => name.slice(0, name.lastIndexOf('.'));

function typeText(type: TypeRef, owner: string): string {
  switch (type.kind) {
    case 'integer':
    case 'number':
      return FORMATS[type.format];
    case 'array':
      return `${type.wrapped === true ? '[w]' : '[]'}${typeText(type.items, owner)}`;
    case 'map':
      return `{}${typeText(type.items, owner)}`;
    case 'ref':
      // In the same package the last part is enough.
      return `@${packagePrefix(type.name) === packagePrefix(owner) ? type.name.slice(type.name.lastIndexOf('.') + 1) : type.name.replace(/^io\.k8s\./, '')}`;
    case 'string':
    case 'boolean':
    case 'bytes':
    case 'any':
      return SCALARS[type.kind];
  }
}

function fieldText(property: Property, owner: string): string {
  const parts = [property.name, String(property.proto ?? 0), typeText(property.type, owner)];
  if (property.required) parts.push('required');
  if (property.pointer) parts.push('pointer');
  if (property.always) parts.push('always');
  if (property.protoIn !== undefined) parts.push(`in=${property.protoIn.join('.')}`);
  // Absent means atomic, so only the others are worth a word.
  if (property.type.kind === 'array' && property.listType !== undefined && property.listType !== 'atomic') parts.push(`list=${property.listType}`);
  if (property.listMapKeys !== undefined) parts.push(`keys=${property.listMapKeys.join(',')}`);
  if (property.mapType !== undefined) parts.push(`map=${property.mapType}`);
  if (property.patchStrategy !== undefined) parts.push(`patch=${property.patchStrategy.join(',')}`);
  if (property.patchMergeKey !== undefined) parts.push(`merge=${property.patchMergeKey}`);
  if (property.default !== undefined) parts.push(`default=${JSON.stringify(property.default)}`);
  if (property.enum !== undefined) parts.push(`enum=${property.enum.join('|')}`);
  return parts.join(' ');
}

export function schemaFile(definitions: ReadonlyMap<string, Definition>): string {
  const types: Record<string, Record<string, readonly string[]>> = {};
  const packages = new Set([...PACKAGES.map(({ path }) => openapiName(path)), ...[...definitions.keys()].map(packagePrefix)]);
  for (const prefix of packages) {
    const own: Record<string, readonly string[]> = (types[prefix.replace(/^io\.k8s\./, '')] = {});
    for (const definition of definitions.values()) {
      if (packagePrefix(definition.name) !== prefix) continue;
      const head = SPECIAL[definition.name] ?? (definition.isKind ? 'kind' : definition.mapType === 'atomic' ? 'atomic' : 'object');
      own[definition.name.slice(prefix.length + 1)] = [head, ...definition.properties.map((property) => fieldText(property, definition.name))];
    }
  }
  const versions = PACKAGES.filter(({ version }) => version !== '').map(({ path, group, version }) => ({ group, version, package: openapiName(path).replace(/^io\.k8s\./, '') }));
  const lines = Object.entries(types).map(
    ([name, own]) =>
      `${JSON.stringify(name)}:{\n${Object.entries(own)
        .map(([type, fields]) => `${JSON.stringify(type)}:${JSON.stringify(fields)}`)
        .join(',\n')}\n}`,
  );
  return `{"versions":[\n${versions.map((version) => JSON.stringify(version)).join(',\n')}\n],\n"types":{\n${lines.join(',\n')}\n}}\n`;
}
