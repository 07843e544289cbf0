/** Reads client-node's generated clients: every path of the API with its operations. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Operation {
  /** `createNamespacedPod` */
  readonly id: string;
  readonly path: string;
  readonly method: 'get' | 'put' | 'post' | 'delete' | 'patch' | 'head' | 'options';
  /** `create a Pod` */
  readonly description: string;
  readonly query: readonly { readonly name: string; readonly type: string; readonly description: string }[];
  /** Class names of client-node: `V1Pod`, `string`. */
  readonly body?: string;
  readonly responses: ReadonlyMap<number, string>;
}

export function readClients(folder: string): Operation[] {
  const operations: Operation[] = [];
  for (const file of readdirSync(folder).sort()) {
    if (!/V\d\w*Api\.js$/.test(file)) continue;
    const text = readFileSync(join(folder, file), 'utf8');
    const [requests, answers] = split(text, 'ResponseProcessor {');
    const responses = new Map<string, ReadonlyMap<number, string>>();
    for (const part of answers.split(/^ {4}async /m).slice(1)) responses.set(/^(\w+?)(?:WithHttpInfo)?\(/.exec(part)![1]!, responsesOf(part));
    for (const [, comment, id, code] of requests.matchAll(/\/\*\*((?:[^*]|\*(?!\/))*)\*\/\s+async (\w+)\([^)]*\) \{([\s\S]*?)\n {4}\}/g)) {
      operations.push({ id: id!, responses: responses.get(id!) ?? new Map(), ...requestOf(comment!, code!) });
    }
  }
  return operations;
}

function split(text: string, at: string): [string, string] {
  const index = text.indexOf(at);
  return [text.slice(0, index), text.slice(index)];
}

function responsesOf(code: string): Map<number, string> {
  const found = new Map<number, string>();
  for (const [, status, body] of code.matchAll(/isCodeInRange\("(\d+)"[^{]*\{([\s\S]*?)\n {8}\}/g)) {
    found.set(Number(status), /deserialize\([\s\S]*?, "([^"]+)", ""\)/.exec(body!)?.[1] ?? '');
  }
  return found;
}

function requestOf(comment: string, code: string): Omit<Operation, 'id' | 'responses'> {
  const [description, ...params] = comment.split(/\n\s*\* @param /).map((part) => plain(part));
  const documented = new Map(params.map((param) => [param.split(' ', 1)[0]!, param.slice(param.indexOf(' ') + 1)]));
  const target = /localVarPath = '([^']+)'/.exec(code);
  const method = /HttpMethod\.(\w+)/.exec(code);
  if (target === null || method === null) throw new Error(`an operation without a path: ${description ?? ''}`);
  const body = /serialize\(body, "([^"]+)"/.exec(code);
  return {
    path: target[1]!,
    method: method[1]!.toLowerCase() as Operation['method'],
    description: description!,
    query: [...code.matchAll(/setQueryParam\("(\w+)", ObjectSerializer\.serialize\((\w+), "([^"]+)"/g)].map(([, name, argument, type]) => ({
      name: name!,
      type: type!,
      description: documented.get(argument!) ?? '',
    })),
    ...(body === null ? {} : { body: body[1]! }),
  };
}

const ENTITIES: Readonly<Record<string, string>> = { '&#39;': "'", '&quot;': '"', '&lt;': '<', '&gt;': '>', '&#x3D;': '=', '&#x60;': '`', '&amp;': '&' };

function plain(text: string): string {
  return text
    .replace(/\n?\s*\*\s*$/, '')
    .replace(/\n\s*\* ?/g, '\n')
    .replace(/\\?(&(?:#\w+|\w+);)/g, (all, entity: string) => ENTITIES[entity] ?? all)
    .replaceAll('\\"', '"')
    .trim();
}
