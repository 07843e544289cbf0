import { REGISTRATION_STRUCTS } from './exceptions.ts';
import { definitions, PACKAGES, type Definition, type Swagger } from './facts.ts';
import { goStructs, type GoStruct } from './go-structs.ts';
import { readModels } from './models.ts';
import { findSources, type Sources } from './sources.ts';
import { readClients } from './clients.ts';
import { openapiFiles } from './openapi-file.ts';
import { resources } from './resources.ts';
import { schemaFile } from './schema-file.ts';
import { typesFile } from './types-file.ts';

function structsOf(programs: readonly Buffer[]): Map<string, GoStruct> {
  const wanted = new Set([...PACKAGES.map(({ path }) => path), 'k8s.io/apimachinery/pkg/runtime']);
  const structs = new Map<string, GoStruct>();
  for (const program of programs) {
    for (const [name, struct] of goStructs(program, (path) => wanted.has(path))) if (!structs.has(name)) structs.set(name, struct);
  }
  for (const struct of REGISTRATION_STRUCTS) structs.set(struct.name, struct);
  return structs;
}

export function facts(sources: Sources, older = sources.swagger122() as Swagger): Map<string, Definition> {
  return definitions(structsOf(sources.programs()), readModels(sources.models), older);
}

/** The generated files by name. The same packages give the same bytes. */
export function generate(): Map<string, string | Uint8Array> {
  const sources = findSources();
  const older = sources.swagger122() as Swagger;
  const all = facts(sources, older);
  const operations = readClients(sources.clients);
  const table = resources(operations, all);
  return new Map<string, string | Uint8Array>([
    ['types.ts', typesFile(all)],
    ['schema.json', schemaFile(all)],
    ['resources.json', `[\n${table.map((resource) => JSON.stringify(resource)).join(',\n')}\n]\n`],
    ...openapiFiles(table, all, operations, older),
  ]);
}
