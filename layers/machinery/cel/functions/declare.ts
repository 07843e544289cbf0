/** How functions are declared: a name, and overloads as signatures in text, each with what it does. */
import { BOOL, BYTES, type CelType, DOUBLE, DURATION, DYN, INT, listOf, mapOf, NULL, opaque, optionalOf, parameter, STRING, TIMESTAMP, TYPE, UINT } from '../types.ts';

export interface Overload {
  readonly id: string;
  readonly fn: string;
  readonly member: boolean;
  /** The receiver first. */
  readonly args: readonly CelType[];
  readonly result: CelType;
  readonly parameters: readonly string[];
  // arguments were matched against the signature before
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly run: (...args: readonly any[]) => unknown;
}

const NAMED: Readonly<Record<string, CelType>> = {
  int: INT,
  uint: UINT,
  double: DOUBLE,
  string: STRING,
  bool: BOOL,
  bytes: BYTES,
  null: NULL,
  timestamp: TIMESTAMP,
  duration: DURATION,
  dyn: DYN,
  type: TYPE,
};

/** `list<map<string, A>>`; one capital letter is a parameter, a name with a dot a type with methods only. */
function readType(text: string): CelType {
  const generic = /^(list|map|optional)<(.*)>$/.exec(text);
  if (generic === null) return NAMED[text] ?? (/^[A-Z]$/.test(text) ? parameter(text) : opaque(text));
  const inner = splitTop(generic[2]!).map(readType);
  return generic[1] === 'list' ? listOf(inner[0]!) : generic[1] === 'map' ? mapOf(inner[0]!, inner[1]!) : optionalOf(inner[0]!);
}

function splitTop(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at <= text.length; at++) {
    if (text[at] === '<') depth++;
    else if (text[at] === '>') depth--;
    else if ((text[at] === ',' || at === text.length) && depth === 0) {
      const part = text.slice(from, at).trim();
      if (part !== '') parts.push(part);
      from = at + 1;
    }
  }
  return parts;
}

const NAME = String.raw`[@\w.$]+|[!_?:[\]<>=&|+\-*/%]+`;
const GLOBAL = new RegExp(`^(${NAME})\\(([^()]*)\\): (.+)$`);
const MEMBER = new RegExp(String.raw`^(.+)->(\w+|@\w+)\(([^()]*)\): (.+)$`);

/** `startsWith` of strings is `string->startsWith(string): bool`, a function `size(string): int`. */
export function overload(id: string, signature: string, run: Overload['run']): Overload {
  const member = MEMBER.exec(signature);
  const plain = member === null ? GLOBAL.exec(signature) : null;
  if (member === null && plain === null) throw new Error(`not a signature: ${signature}`);
  const [receiver, fn, args, result] = member === null ? ['', plain![1]!, plain![2]!, plain![3]!] : [member[1]!, member[2]!, member[3]!, member[4]!];
  const types = [...(receiver === '' ? [] : [receiver]), ...splitTop(args)].map(readType);
  const letters = new Set<string>();
  const collect = (type: CelType): void => {
    if (type.kind === 'parameter') letters.add(type.name);
    else if (type.kind === 'list') collect(type.element);
    else if (type.kind === 'map') {
      collect(type.key);
      collect(type.value);
    } else if (type.kind === 'opaque') type.parameters.forEach(collect);
  };
  types.forEach(collect);
  const resultType = readType(result);
  collect(resultType);
  return { id, fn, member: receiver !== '', args: types, result: resultType, parameters: [...letters], run };
}

export type FunctionTable = ReadonlyMap<string, readonly Overload[]>;

export function functionTable(overloads: readonly Overload[]): FunctionTable {
  const table = new Map<string, Overload[]>();
  for (const one of overloads) {
    const known = table.get(one.fn);
    if (known === undefined) table.set(one.fn, [one]);
    else known.push(one);
  }
  return table;
}
