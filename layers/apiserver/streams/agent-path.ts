/** Where the node's agent serves a pod's streams: the kubelet's paths and parameter names. */
import { typeInvalid, invalid, forbidden, type FieldError } from '#machinery/field-error.ts';
import { invalidObject } from '#machinery/status.ts';
import { flag, type Query } from '../routing/query.ts';

const segments = (...parts: readonly string[]): string => parts.map(encodeURIComponent).join('/');

export const execPath = (verb: 'exec' | 'attach', namespace: string, pod: string, container: string, query: Query): string => {
  const out = new URLSearchParams();
  // the kubelet's names for the streams are older than the API's
  for (const [name, theirs] of [
    ['stdin', 'input'],
    ['stdout', 'output'],
    ['stderr', 'error'],
    ['tty', 'tty'],
  ] as const)
    if (flag(query, name)) out.set(theirs, '1');
  for (const word of query.getAll('command')) out.append('command', word);
  return `/${verb}/${segments(namespace, pod, container)}?${out}`;
};

export function portForwardPath(namespace: string, pod: string, query: Query): string {
  const out = new URLSearchParams();
  for (const ports of query.getAll('ports')) for (const port of ports.split(',')) out.append('port', port);
  const text = out.toString();
  return `/portForward/${segments(namespace, pod)}${text === '' ? '' : `?${text}`}`;
}

/** @throws ApiError 422 */
export function logsPath(namespace: string, pod: string, container: string, query: Query): string {
  const out = new URLSearchParams();
  const errors: FieldError[] = [];
  const number = (name: string, least: number): void => {
    const text = query.get(name);
    if (text === null || text === '') return;
    if (!/^-?\d+$/.test(text)) errors.push(typeInvalid(name, text, `strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`));
    else if (Number(text) < least) errors.push(invalid(name, Number(text), `must be greater than ${least === 0 ? 'or equal to 0' : '0'}`));
    else out.set(name, text);
  };
  number('tailLines', 0);
  number('limitBytes', 1);
  number('sinceSeconds', 1);
  const since = query.get('sinceTime');
  if (since) {
    if (query.get('sinceSeconds')) errors.push(forbidden('', 'at most one of `sinceTime` or `sinceSeconds` may be specified'));
    else out.set('sinceTime', since);
  }
  const stream = query.get('stream');
  if (stream) {
    if (!['All', 'Stdout', 'Stderr'].includes(stream)) errors.push(invalid('stream', stream, 'must be one of All, Stdout, Stderr'));
    else out.set('stream', stream);
    if (stream !== 'All' && query.get('tailLines')) errors.push(forbidden('', '`tailLines` and specific `stream` are mutually exclusive for now'));
  }
  for (const name of ['follow', 'previous', 'timestamps']) if (flag(query, name)) out.set(name, 'true');
  if (errors.length > 0) throw invalidObject('', 'PodLogOptions', pod, errors);
  const text = out.toString();
  return `/containerLogs/${segments(namespace, pod, container)}${text === '' ? '' : `?${text}`}`;
}
