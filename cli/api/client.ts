/** A small client of the Kubernetes API for the command line: JSON, one deadline per call, the server's Status as an error. */
import { ApiError, type Status } from '#machinery/status.ts';
import type { KubeObject } from '#machinery/object.ts';
import { Agent, request } from 'undici';
import type { Connection } from './kubeconfig.ts';

const CALL_LIMIT_MS = 60_000;
const CONNECT_LIMIT_MS = 10_000;

export interface ApiClient {
  readonly namespace: string;
  get<T extends KubeObject>(path: string): Promise<T>;
  /** The items, across all pages. */
  list<T extends KubeObject>(path: string, query?: Readonly<Record<string, string>>): Promise<T[]>;
  post<T extends KubeObject>(path: string, body: unknown): Promise<T>;
  put<T extends KubeObject>(path: string, body: unknown): Promise<T>;
  patch<T extends KubeObject>(path: string, contentType: string, body: unknown): Promise<T>;
  delete(path: string, body?: unknown): Promise<void>;
  close(): Promise<void>;
}

export function apiClient(connection: Connection): ApiClient {
  const agent = new Agent({
    connect: {
      timeout: CONNECT_LIMIT_MS,
      rejectUnauthorized: !connection.insecure,
      ...(connection.ca === undefined ? {} : { ca: connection.ca }),
      ...(connection.cert === undefined ? {} : { cert: connection.cert }),
      ...(connection.key === undefined ? {} : { key: connection.key }),
      ...(connection.serverName === undefined ? {} : { servername: connection.serverName }),
    },
    headersTimeout: CALL_LIMIT_MS,
    bodyTimeout: CALL_LIMIT_MS,
  });
  async function call(method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown, contentType = 'application/json'): Promise<unknown> {
    const answer = await request(`${connection.server}${path}`, {
      method,
      dispatcher: agent,
      headers: {
        accept: 'application/json',
        'user-agent': 'paperplane',
        ...(body === undefined ? {} : { 'content-type': contentType }),
        ...(connection.token === undefined ? {} : { authorization: `Bearer ${connection.token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      parsed = undefined;
    }
    if (answer.statusCode < 300) return parsed;
    const status = parsed as Status | undefined;
    throw new ApiError(
      status?.kind === 'Status'
        ? status
        : {
            kind: 'Status',
            apiVersion: 'v1',
            metadata: {},
            status: 'Failure',
            message: `the server answered ${answer.statusCode}: ${text.slice(0, 200)}`,
            reason: 'Unknown',
            code: answer.statusCode,
          },
    );
  }
  return {
    namespace: connection.namespace,
    get: async <T extends KubeObject>(path: string) => (await call('GET', path)) as T,
    async list<T extends KubeObject>(path: string, query: Readonly<Record<string, string>> = {}) {
      const items: T[] = [];
      let token = '';
      do {
        const parameters = new URLSearchParams({ ...query, limit: '500', ...(token === '' ? {} : { continue: token }) });
        const page = (await call('GET', `${path}?${parameters.toString()}`)) as { items: T[]; metadata: { continue?: string } };
        items.push(...page.items);
        token = page.metadata.continue ?? '';
      } while (token !== '');
      return items;
    },
    post: async <T extends KubeObject>(path: string, body: unknown) => (await call('POST', path, body)) as T,
    put: async <T extends KubeObject>(path: string, body: unknown) => (await call('PUT', path, body)) as T,
    patch: async <T extends KubeObject>(path: string, contentType: string, body: unknown) => (await call('PATCH', path, body, contentType)) as T,
    async delete(path, body) {
      await call('DELETE', path, body);
    },
    close: () => agent.close(),
  };
}
