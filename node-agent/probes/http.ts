/** HTTP as probes and hooks send it: one fresh connection each, no certificate checks, a small answer. */
import type { IncomingMessage, RequestOptions } from 'node:http';
import type { Container, HttpGet } from '../pods/pod.ts';

const http = process.getBuiltinModule('node:http');

const MAX_BODY_BYTES = 10 * 1024;
const MAX_REDIRECTS = 10;
export const PROBE_AGENT = 'kube-probe/1.36';

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
  /** Redirected to another host, which is not followed. */
  readonly elsewhere: boolean;
}

/** A number, or the name of one of the container's ports. */
export function portOf(port: number | string, container: Container): number {
  const number = typeof port === 'number' ? port : /^\d+$/.test(port) ? Number(port) : container.ports?.find((one) => one.name === port)?.containerPort;
  if (number === undefined || number < 1 || number > 65535) throw new Error(`couldn't find port ${JSON.stringify(port)} in container ${container.name}`);
  return number;
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= MAX_BODY_BYTES) break;
  }
  return Buffer.concat(chunks).toString('utf8').slice(0, MAX_BODY_BYTES);
}

function once(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options: RequestOptions = {
      method: 'GET',
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port),
      path: `${url.pathname}${url.search}`,
      headers,
      agent: false,
      signal,
    };
    const request = url.protocol === 'https:' ? process.getBuiltinModule('node:https').request({ ...options, rejectUnauthorized: false }) : http.request(options);
    request.on('response', resolve);
    request.on('error', reject);
    request.end();
  });
}

export async function httpGet(action: HttpGet, container: Container, podIP: string, signal: AbortSignal): Promise<HttpAnswer> {
  const host = action.host === undefined || action.host === '' ? podIP : action.host;
  const port = portOf(action.port, container);
  const scheme = (action.scheme ?? 'HTTP').toLowerCase();
  const path = action.path === undefined || action.path === '' ? '/' : action.path.startsWith('/') ? action.path : `/${action.path}`;
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const headers: Record<string, string> = { 'User-Agent': PROBE_AGENT, Accept: '*/*', Connection: 'close', Host: authority };
  for (const { name, value } of action.httpHeaders ?? []) {
    for (const known of Object.keys(headers)) if (known.toLowerCase() === name.toLowerCase()) delete headers[known];
    // An empty value takes the header away, as for Accept and User-Agent.
    if (value !== '') headers[name] = value;
  }
  let url = new URL(`${scheme}://${authority}${path}`);
  for (let hop = 0; ; hop++) {
    const answer = await once(url, headers, signal);
    const status = answer.statusCode ?? 0;
    const location = answer.headers.location;
    if (status >= 300 && status < 400 && location !== undefined && hop < MAX_REDIRECTS) {
      answer.resume();
      const next = new URL(location, url);
      if (next.hostname !== url.hostname) return { status, body: '', elsewhere: true };
      url = next;
      continue;
    }
    const body = await textOf(answer);
    answer.destroy();
    return { status, body, elsewhere: false };
  }
}
