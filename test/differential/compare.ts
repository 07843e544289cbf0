/** What differs between two answers, as far as a client could notice. */
import type { Reply } from './side.ts';

/** `path: theirs | ours`, where theirs is Kubernetes' own. */
export interface Difference {
  readonly path: string;
  readonly theirs: unknown;
  readonly ours: unknown;
}

const UID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g;
const TIME = /\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g;
const ADDRESS = /\b10\.(9[6-9]|1[01]\d)\.\d+\.\d+\b/g;
/** Fields of which each server gives its own value; that there is one is compared. */
const OWN = new Set(['resourceVersion', 'uid', 'creationTimestamp', 'deletionTimestamp', 'time', 'selfLink', 'nodePort', 'continue', 'currentReplicas_']);

/** Names that servers make up, and places in the source that Go's errors name. */
const MADE_UP = /kube-api-access-[a-z0-9]{5}\b/g;
const IN_SOURCE = /in scheme \\?"[^"\\]*\\?"/g;

/** What Go shows of a value that is composed, and how it says what of it changed. */
const SHOWN = /Invalid value: (?:\{.*?\}|\[.*?\]|null|"map\[.*?\]"|"\{.*?\}"): (?=[a-z`])/gs;
const CHANGES = /\n+(?:@@|[ ]*\{\n[-+] \t|[ ]*(?:core|internal|&?[a-z]+)\.[A-Z]\w*\{|[ ]+strings\.Join).*?(?=, [a-z][\w.[\]]*: |\]?$)/gs;

const text = (value: string): string =>
  value
    .replaceAll(UID, 'UID')
    .replaceAll(TIME, 'TIME')
    .replaceAll(ADDRESS, 'ADDRESS')
    .replaceAll(MADE_UP, 'kube-api-access-X')
    .replaceAll(IN_SOURCE, 'in scheme S')
    .replaceAll(SHOWN, 'Invalid value: V: ')
    .replaceAll(CHANGES, ' CHANGES')
    .trimEnd();

export function masked(value: unknown, name = ''): unknown {
  // Kubernetes checks an updated object's metadata up to four times, and says each time what it found
  if (name === 'causes' && Array.isArray(value)) return [...new Map(value.map((item) => [JSON.stringify(item), masked(item)])).values()];
  if (Array.isArray(value)) return value.map((item) => masked(item));
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, masked(item, key)]));
  if (OWN.has(name) && (typeof value === 'string' || typeof value === 'number') && value !== '' && value !== 0) return `(${name})`;
  return typeof value === 'string' ? text(value) : value;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** `ignored` tells paths that need not agree. Order of keys does not count, that of items does. */
export function differences(theirs: unknown, ours: unknown, path = '', found: Difference[] = []): Difference[] {
  if (Array.isArray(theirs) && Array.isArray(ours)) {
    for (let at = 0; at < Math.max(theirs.length, ours.length); at++) differences(theirs[at], ours[at], `${path}[${at}]`, found);
  } else if (isObject(theirs) && isObject(ours)) {
    for (const key of new Set([...Object.keys(theirs), ...Object.keys(ours)])) differences(theirs[key], ours[key], path === '' ? key : `${path}.${key}`, found);
  } else if (!Object.is(theirs, ours)) found.push({ path, theirs, ours });
  return found;
}

/** Headers that clients act on. */
const HEADERS = ['content-type', 'warning', 'allow', 'location', 'retry-after', 'x-content-type-options', 'cache-control', 'vary', 'content-encoding'] as const;

function bodyOf({ bytes, headers }: Reply): unknown {
  const type = String(headers['content-type'] ?? '');
  if (!type.startsWith('application/json')) return type.includes('protobuf') ? `${bytes.length > 0 ? 'some' : 'no'} bytes` : text(bytes.toString());
  const said = bytes.toString();
  try {
    return masked(JSON.parse(said));
  } catch {
    return text(said);
  }
}

export function compareReplies(theirs: Reply, ours: Reply): Difference[] {
  const found: Difference[] = [];
  if (theirs.status !== ours.status) found.push({ path: 'HTTP status', theirs: theirs.status, ours: ours.status });
  for (const name of HEADERS) {
    const [a, b] = [theirs.headers[name], ours.headers[name]].map((value) => (value === undefined ? undefined : text(String(value))));
    if (a !== b) found.push({ path: `header ${name}`, theirs: a, ours: b });
  }
  return differences(bodyOf(theirs), bodyOf(ours), 'body', found);
}
