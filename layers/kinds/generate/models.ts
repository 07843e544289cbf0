/** Reads kubernetes-models: descriptions, enums and which fields are required, by mangled OpenAPI name. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ModelProperty {
  readonly description: string | undefined;
  readonly required: boolean;
  /** Of the value, or of the items where it is a list. */
  readonly enum: readonly string[] | undefined;
}

export interface Model {
  readonly description: string | undefined;
  readonly properties: ReadonlyMap<string, ModelProperty>;
}

/** `io.k8s.api.core.v1.Pod` as these packages spell it: `IoK8sApiCoreV1Pod`. */
export const mangled = (name: string): string =>
  name
    .split(/[.-]/)
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');

export function readModels(folders: readonly string[]): Map<string, Model> {
  const models = new Map<string, Model>();
  for (const folder of folders) {
    for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.d.ts') || file.startsWith('_schemas')) continue;
      const text = readFileSync(join(folder, file), 'utf8');
      const alias = /export type \{ I(\w+) as II(\w+)/.exec(text);
      if (alias === null) continue;
      models.set(`I${alias[2]!}`, parse(text, alias[1]!));
    }
  }
  return models;
}

const DOC = String.raw`(?:/\*\*((?:[^*]|\*(?!/))*)\*/\s*)?`;

function parse(text: string, name: string): Model {
  const head = new RegExp(String.raw`${DOC}export (?:interface|declare class|type) I?${name}\b`, 'g');
  const described = [...text.matchAll(head)].map((match) => match[1]).filter((comment) => comment !== undefined);
  const start = new RegExp(String.raw`export interface I${name}\b[^{]*\{\n`).exec(text);
  const properties = new Map<string, ModelProperty>();
  if (start !== null) {
    const body = text.slice(start.index + start[0].length, text.indexOf('\n}', start.index + start[0].length - 1) + 1);
    for (const [, comment, property, optional, type] of body.matchAll(new RegExp(String.raw`^ {4}${DOC}"([^"]+)"(\?)?: ([^\n]*)`, 'gm'))) {
      const literals = /^(?:Array<)?((?:"[^"]*"(?: \| )?)+)(?:>)?;$/.exec(type!);
      properties.set(property!, {
        description: comment === undefined ? undefined : plain(comment),
        required: optional === undefined,
        enum: literals === null ? undefined : [...literals[1]!.matchAll(/"([^"]*)"/g)].map((match) => match[1]!),
      });
    }
  }
  return { description: described[0] === undefined ? undefined : plain(described[0]), properties };
}

/** A doc comment's text: the stars and the indentation before them are the comment's, the rest is the description's. */
function plain(comment: string): string {
  return comment
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''))
    .join('\n')
    .replaceAll('*\\/', '*/')
    .replaceAll('\\*', '*')
    .replace(/\n@deprecated\s*$/, '')
    .trim();
}
