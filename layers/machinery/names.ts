/**
 * How names and labels may look (apimachinery `util/validation`): each function gives the messages of Kubernetes, none for a good name.
 */

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const LABEL_RE = new RegExp(`^${LABEL}$`);
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const SUBDOMAIN_RE = new RegExp(`^${SUBDOMAIN}$`);
const LABEL_1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const LABEL_1035_RE = new RegExp(`^${LABEL_1035}$`);
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const QUALIFIED_RE = new RegExp(`^${QUALIFIED}$`);
const LABEL_VALUE = `(${QUALIFIED})?`;
const C_IDENTIFIER = '[A-Za-z_][A-Za-z0-9_]*';
const CONFIG_KEY = '[-._a-zA-Z0-9]+';
const HTTP_HEADER = '[-A-Za-z0-9]+';
const PORT_NAME = '[-a-z0-9]+';

export const maxLength = (limit: number): string => `must be no more than ${limit} characters`;
const bytes = (limit: number): string => `must be no more than ${limit} bytes`;
const EMPTY = 'must be non-empty';

function shape(text: string, pattern: string, ...examples: string[]): string {
  return examples.length === 0
    ? `${text} (regex used for validation is '${pattern}')`
    : `${text} (e.g. ${examples.map((example) => `'${example}'`).join(',  or ')}, regex used for validation is '${pattern}')`;
}

export function isDNS1123Label(value: string): string[] {
  return [
    ...(value.length > 63 ? [maxLength(63)] : []),
    ...(LABEL_RE.test(value)
      ? []
      : SUBDOMAIN_RE.test(value)
        ? ['must not contain dots']
        : [
            shape(
              "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
              LABEL,
              'my-name',
              '123-abc',
            ),
          ]),
  ];
}

export function isDNS1123Subdomain(value: string): string[] {
  return [
    ...(value.length > 253 ? [maxLength(253)] : []),
    ...(SUBDOMAIN_RE.test(value)
      ? []
      : [
          shape(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
            SUBDOMAIN,
            'example.com',
          ),
        ]),
  ];
}

export function isDNS1035Label(value: string): string[] {
  return [
    ...(value.length > 63 ? [maxLength(63)] : []),
    ...(LABEL_1035_RE.test(value)
      ? []
      : [
          shape(
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
            LABEL_1035,
            'my-name',
            'abc-123',
          ),
        ]),
  ];
}

export function isWildcardDNS1123Subdomain(value: string): string[] {
  const pattern = `\\*\\.${SUBDOMAIN}`;
  return new RegExp(`^${pattern}$`).test(value) && value.length <= 253
    ? []
    : [
        shape(
          "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
          pattern,
          '*.example.com',
        ),
      ];
}

export function isPathSegmentName(value: string): string[] {
  if (value === '.' || value === '..') return [`may not be '${value}'`];
  return [...(value.includes('/') ? ["may not contain '/'"] : []), ...(value.includes('%') ? ["may not contain '%'"] : [])];
}

export function isQualifiedName(value: string): string[] {
  const parts = value.split('/');
  const errors: string[] = [];
  let name = value;
  if (parts.length === 2) {
    name = parts[1]!;
    if (parts[0] === '') errors.push(`prefix part ${EMPTY}`);
    else errors.push(...isDNS1123Subdomain(parts[0]!).map((message) => `prefix part ${message}`));
  } else if (parts.length > 2) {
    return [
      `a qualified name ${shape("must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character", QUALIFIED, 'MyName', 'my.name', '123-abc')} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  if (name === '') errors.push(`name part ${EMPTY}`);
  else if (name.length > 63) errors.push(`name part ${bytes(63)}`);
  if (!QUALIFIED_RE.test(name))
    errors.push(
      `name part ${shape("must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character", QUALIFIED, 'MyName', 'my.name', '123-abc')}`,
    );
  return errors;
}

export function isLabelValue(value: string): string[] {
  return [
    ...(value.length > 63 ? [maxLength(63)] : []),
    ...(value === '' || QUALIFIED_RE.test(value)
      ? []
      : [
          shape(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
            LABEL_VALUE,
            'MyValue',
            'my_value',
            '12345',
          ),
        ]),
  ];
}

export const isCIdentifier = (value: string): string[] =>
  new RegExp(`^${C_IDENTIFIER}$`).test(value)
    ? []
    : [
        shape(
          "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
          C_IDENTIFIER,
          'my_name',
          'MY_NAME',
          'MyName',
        ),
      ];

/** Since 1.34 any printable ASCII but `=`. */
export const isEnvVarName = (value: string): string[] =>
  /^[ -<>-~]+$/.test(value) ? [] : [shape("a valid environment variable name must consist only of printable ASCII characters other than '='", '^[ -<>-~]+$')];

export function isConfigMapKey(value: string): string[] {
  return [
    ...(value.length > 253 ? [maxLength(253)] : []),
    ...(new RegExp(`^${CONFIG_KEY}$`).test(value)
      ? []
      : [shape("a valid config key must consist of alphanumeric characters, '-', '_' or '.'", CONFIG_KEY, 'key.name', 'KEY_NAME', 'key-name')]),
    ...(value === '.' ? ["must not be '.'"] : value === '..' ? ["must not be '..'"] : value.startsWith('..') ? ["must not start with '..'"] : []),
  ];
}

export const isHTTPHeaderName = (value: string): string[] =>
  new RegExp(`^${HTTP_HEADER}$`).test(value) ? [] : [shape("a valid HTTP header must consist of alphanumeric characters or '-'", HTTP_HEADER, 'X-Header-Name')];

export function isPortName(value: string): string[] {
  return [
    ...(value.length > 15 ? [maxLength(15)] : []),
    ...(new RegExp(`^${PORT_NAME}$`).test(value) ? [] : ['must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)']),
    ...(/[a-z]/.test(value) ? [] : ['must contain at least one letter (a-z)']),
    ...(value.includes('--') ? ['must not contain consecutive hyphens'] : []),
    ...(value.startsWith('-') || value.endsWith('-') ? ['must not begin or end with a hyphen'] : []),
  ];
}

export const isPortNumber = (value: number): string[] => (value >= 1 && value <= 65535 ? [] : ['must be between 1 and 65535, inclusive']);
