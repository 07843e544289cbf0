/** URLs, regular expressions, named formats, JSON patch keys (apiserver `pkg/cel/library`). */
import { isDNS1035Label, isDNS1123Label, isDNS1123Subdomain, isLabelValue, isQualifiedName } from '../../names.ts';
import { CelEvaluationError } from '../api.ts';
import { parseTimestamp } from '../times.ts';
import { ArrayList, type ListValue, NativeMap, Opaque, Optional } from '../values.ts';
import { overload, type Overload } from './declare.ts';
import { pattern } from './text.ts';

const fail = (message: string): never => {
  throw new CelEvaluationError(message);
};

/** The parts of a URL as Go's `net/url` keeps them; JavaScript's own would change paths and hosts. */
class UrlValue extends Opaque {
  readonly typeName = 'kubernetes.URL';
  readonly text: string;
  readonly scheme: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  constructor(text: string, scheme: string, host: string, path: string, query: string) {
    super();
    this.text = text;
    this.scheme = scheme;
    this.host = host;
    this.path = path;
    this.query = query;
  }
  equals(other: Opaque): boolean {
    return other instanceof UrlValue && other.text === this.text;
  }
  override toJson(): string {
    return this.text;
  }
}

const URL_PARTS = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?:\/\/([^/?]*))?([^?]*)(?:\?(.*))?$/s;

/** Go's `url.ParseRequestURI`: absolute, or a rooted path. */
function readUrl(text: string): UrlValue | string {
  const wrong = (why: string): string => `parse ${JSON.stringify(text)}: ${why}`;
  if (text === '') return wrong('empty url');
  // oxlint-disable-next-line no-control-regex
  if (/[\x00-\x1F\x7F]/.test(text)) return wrong('net/url: invalid control character in URL');
  const match = URL_PARTS.exec(text);
  if (match === null) return wrong('invalid URI for request');
  const [, scheme = '', authority, path = '', query = ''] = match;
  if (scheme === '' && !text.startsWith('/')) return wrong('invalid URI for request');
  if (scheme !== '' && authority === undefined && !path.startsWith('/')) return wrong('invalid URI for request');
  const host = (authority ?? '').replace(/^[^@]*@/, '');
  const escape = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(path + host);
  if (escape !== null) return wrong(`invalid URL escape ${JSON.stringify(escape[0])}`);
  if (/[ "<>]/.test(host)) return wrong(`invalid character ${JSON.stringify(/[ "<>]/.exec(host)![0])} in host name`);
  const port = /^(?:\[[^\]]*\]|[^:[\]]*)(:.*)?$/.exec(host);
  if (port === null) return wrong(host.startsWith('[') ? "missing ']' in host" : `invalid port ${JSON.stringify(host.slice(host.indexOf(':')))} after host`);
  if (port[1] !== undefined && !/^:\d*$/.test(port[1])) return wrong(`invalid port ${JSON.stringify(port[1])} after host`);
  return new UrlValue(text, scheme.toLowerCase(), host, path, query);
}

function urlOf(text: string): UrlValue {
  const read = readUrl(text);
  return typeof read === 'string' ? fail(`URL parse error during conversion from string: ${read}`) : read;
}

function queryOf({ query }: UrlValue): NativeMap {
  const map = new NativeMap();
  const params = new URLSearchParams(query);
  for (const key of new Set(params.keys())) map.set(key, new ArrayList(params.getAll(key)));
  return map;
}

const urls: readonly Overload[] = [
  overload('string_to_url', 'url(string): kubernetes.URL', urlOf),
  overload('is_url_string', 'isURL(string): bool', (text: string) => typeof readUrl(text) !== 'string'),
  overload('url_get_scheme', 'kubernetes.URL->getScheme(): string', (url: UrlValue) => url.scheme),
  overload('url_get_host', 'kubernetes.URL->getHost(): string', (url: UrlValue) => url.host),
  overload('url_get_hostname', 'kubernetes.URL->getHostname(): string', (url: UrlValue) => url.host.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1')),
  overload('url_get_port', 'kubernetes.URL->getPort(): string', (url: UrlValue) => /:(\d*)$/.exec(url.host)?.[1] ?? ''),
  overload('url_get_escaped_path', 'kubernetes.URL->getEscapedPath(): string', (url: UrlValue) =>
    url.path.replaceAll(/[^\w%!$&'()*+,\-./:;=@~]/gu, (one) => encodeURIComponent(one)),
  ),
  overload('url_get_query', 'kubernetes.URL->getQuery(): map<string, list<string>>', queryOf),
];

const illegal = <T>(run: () => T): T => {
  try {
    return run();
  } catch (error) {
    if (error instanceof CelEvaluationError) return fail(`Illegal regex: ${error.message}`);
    throw error;
  }
};

function findAll(text: string, expression: string, limit = -1n): ListValue {
  const matcher = illegal(() => pattern(expression)).matcher(text);
  const found: string[] = [];
  const most = limit < 0n ? Infinity : Number(limit);
  while (found.length < most && matcher.find()) found.push(matcher.group() ?? '');
  return new ArrayList(found);
}

const regexes: readonly Overload[] = [
  overload('string_find_string', 'string->find(string): string', (text: string, expression: string) => {
    const matcher = illegal(() => pattern(expression)).matcher(text);
    return matcher.find() ? (matcher.group() ?? '') : '';
  }),
  overload('string_find_all_string', 'string->findAll(string): list<string>', findAll),
  overload('string_find_all_string_int', 'string->findAll(string, int): list<string>', findAll),
];

class Format extends Opaque {
  readonly typeName = 'kubernetes.NamedFormat';
  readonly name: string;
  readonly regexSize: number;
  readonly validate: (text: string) => readonly string[];
  constructor(name: string, regexSize: number, validate: (text: string) => readonly string[]) {
    super();
    this.name = name;
    this.regexSize = regexSize;
    this.validate = validate;
  }
  equals(other: Opaque): boolean {
    return other instanceof Format && other.name === this.name;
  }
}

/** A prefix may end in a dash, to which something is added. */
const prefix =
  (rule: (text: string) => readonly string[]) =>
  (text: string): readonly string[] =>
    rule(text.replace(/-$/, 'a'));
const or =
  (pattern_: RegExp, message: string) =>
  (text: string): readonly string[] =>
    pattern_.test(text) ? [] : [message];
const isDate = (text: string): boolean => /^\d{4}-\d\d-\d\d$/.test(text) && parseTimestamp(`${text}T00:00:00Z`) !== undefined;

const FORMATS: ReadonlyMap<string, Format> = new Map([
  ['dns1123Label', new Format('DNS1123Label', 30, isDNS1123Label)],
  ['dns1123Subdomain', new Format('DNS1123Subdomain', 60, isDNS1123Subdomain)],
  ['dns1035Label', new Format('DNS1035Label', 30, isDNS1035Label)],
  ['qualifiedName', new Format('QualifiedName', 60, isQualifiedName)],
  ['dns1123LabelPrefix', new Format('DNS1123LabelPrefix', 30, prefix(isDNS1123Label))],
  ['dns1123SubdomainPrefix', new Format('DNS1123SubdomainPrefix', 60, prefix(isDNS1123Subdomain))],
  ['dns1035LabelPrefix', new Format('DNS1035LabelPrefix', 30, prefix(isDNS1035Label))],
  ['labelValue', new Format('LabelValue', 40, isLabelValue)],
  [
    'uri',
    new Format('URI', 1103, (text) => {
      const read = readUrl(text);
      return typeof read === 'string' ? [read] : [];
    }),
  ],
  ['uuid', new Format('uuid', 41, or(/^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i, 'does not match the UUID format'))],
  ['byte', new Format('byte', 84, or(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/, 'invalid base64'))],
  ['date', new Format('date', 95, (text) => (isDate(text) ? [] : ['invalid date']))],
  ['datetime', new Format('datetime', 95, (text) => (parseTimestamp(text.replace(' ', 'T')) === undefined ? ['invalid datetime'] : []))],
]);

export const formatRegexSize = (value: unknown): number | undefined => (value instanceof Format ? value.regexSize : undefined);

const formats: readonly Overload[] = [
  ...[...FORMATS].map(([name, format]) => overload(`format.${name}`, `format.${name}(): kubernetes.NamedFormat`, () => format)),
  overload('format-named', 'format.named(string): optional<kubernetes.NamedFormat>', (name: string) => {
    const found = FORMATS.get(name);
    return found === undefined ? Optional.NONE : Optional.of(found);
  }),
  overload('format-validate', 'kubernetes.NamedFormat->validate(string): optional<list<string>>', (format: Format, text: string) => {
    const wrong = format.validate(text);
    return wrong.length === 0 ? Optional.NONE : Optional.of(new ArrayList(wrong));
  }),
];

const patches: readonly Overload[] = [
  overload('string_jsonpatch_escapeKey_string', 'jsonpatch.escapeKey(string): string', (key: string) => key.replaceAll('~', '~0').replaceAll('/', '~1')),
];

export const FORMATS_AND_URLS: readonly Overload[] = [...urls, ...regexes, ...formats, ...patches];
