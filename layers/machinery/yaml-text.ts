/**
 * YAML bodies as Kubernetes reads them (sigs.k8s.io/yaml on go-yaml v2): plain scalars follow YAML 1.1 without its sexagesimals and
 * dates, keys become strings, only the first document counts.
 */
import { parseDocument, type ScalarTag, type TagId, type Tags } from 'yaml';
import { DecodeError } from './json-text.ts';

const TRUE = new Set(['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON']);
const FALSE = new Set(['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF']);
const NULL = /^(?:|~|null|Null|NULL)$/;
const BOOLEAN = /^(?:[yYnN]|yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/;
const INTEGER = /^[-+]?(?:0[bB][01_]+|0[xX][0-9a-fA-F_]+|0[oO]?[0-7_]+|0|[1-9][0-9_]*)$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?$/;

function integer(text: string): number | bigint {
  const plain = text.replaceAll('_', '');
  const negative = plain.startsWith('-');
  const digits = plain.replace(/^[-+]/, '');
  const size = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits.toLowerCase());
  const value = negative ? -size : size;
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}

const scalar = (tag: string, test: RegExp, resolve: (text: string) => unknown): ScalarTag => ({
  tag: `tag:yaml.org,2002:${tag}`,
  default: true,
  test,
  resolve,
  identify: () => false,
});
const TAGS: readonly ScalarTag[] = [
  scalar('null', NULL, () => null),
  scalar('bool', BOOLEAN, (text) => TRUE.has(text) && !FALSE.has(text)),
  scalar('int', INTEGER, integer),
  scalar('float', FLOAT, (text) => Number(text.replaceAll('_', ''))),
];

/** How often a document may be repeated through its aliases before it is taken for an attack. */
const ALIAS_LIMIT = 100;

/**
 * `problems` takes what strict decoding adds to its errors: repeated keys.
 * @throws DecodeError
 */
export function parseYaml(text: string, problems?: string[]): unknown {
  // further documents are not looked at
  const first = /^(?:---.*\n|[ \t]*(?:#.*)?\n)*/.exec(text)![0].length;
  const next = /^---(?:\s|$)/m.exec(text.slice(first));
  const document = parseDocument(next === null ? text : text.slice(0, first + next.index), {
    version: '1.1',
    schema: 'failsafe',
    customTags: (tags: Tags): (TagId | Tags[number])[] => [...tags, ...TAGS],
    merge: true,
    uniqueKeys: false,
    strict: false,
    logLevel: 'silent',
    keepSourceTokens: false,
  });
  const error = document.errors[0];
  if (error !== undefined) {
    const line = error.linePos?.[0].line;
    throw new DecodeError(
      `error converting YAML to JSON: yaml: ${line === undefined ? '' : `line ${line}: `}${error.message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, '')}`,
    );
  }
  if (problems !== undefined) problems.push(...repeatedKeys(document.contents, text));
  try {
    return plain(document.toJS({ mapAsMap: true, maxAliasCount: ALIAS_LIMIT }), 0);
  } catch (cause) {
    if (cause instanceof DecodeError) throw cause;
    throw new DecodeError(`error converting YAML to JSON: yaml: ${(cause as Error).message}`);
  }
}

const YAML_DEPTH = 1_000;

/** Maps with keys of any type to objects. */
function plain(value: unknown, depth: number): unknown {
  if (depth > YAML_DEPTH) throw new DecodeError('exceeded max depth');
  if (Array.isArray(value)) return value.map((item) => plain(item, depth + 1));
  if (!(value instanceof Map)) return value;
  const object: Record<string, unknown> = {};
  for (const [key, inner] of value as Map<unknown, unknown>) {
    if (typeof key === 'object') throw new DecodeError('error converting YAML to JSON: unsupported map key');
    Object.defineProperty(object, String(key), { value: plain(inner, depth + 1), enumerable: true, configurable: true, writable: true });
  }
  return object;
}

interface YamlNode {
  readonly items?: readonly unknown[];
  readonly key?: { readonly value?: unknown; readonly range?: readonly number[] };
  readonly value?: unknown;
}

function repeatedKeys(node: unknown, text: string): string[] {
  const found: string[] = [];
  const visit = (at: YamlNode | null | undefined): void => {
    if (at === null || at === undefined || at.items === undefined) return;
    const seen = new Set<unknown>();
    for (const item of at.items as readonly YamlNode[]) {
      if (item?.key === undefined) visit(item);
      else {
        const name = item.key?.value;
        if (seen.has(name)) found.push(`line ${text.slice(0, item.key?.range?.[0] ?? 0).split('\n').length}: key ${JSON.stringify(String(name))} already set in map`);
        seen.add(name);
        visit(item.value as YamlNode);
      }
    }
  };
  visit(node as YamlNode);
  return found.length === 0 ? [] : [`yaml: unmarshal errors:\n  ${found.join('\n  ')}`];
}
