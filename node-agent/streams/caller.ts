/** Who may use the kubelet API, by client certificate; by token it is review.ts (kubernetes.io "Kubelet authentication/authorization"). */
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Access, Caller } from './port.ts';

const MASTERS = 'system:masters';
/** The names kubeadm and this project give the API server's certificate for calls to nodes. */
const API_SERVER_NAMES = new Set(['kube-apiserver-kubelet-client', 'kube-apiserver']);
const VERBS: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };

const list = (value: string | string[] | undefined): readonly string[] => (value === undefined ? [] : typeof value === 'string' ? [value] : value);

/** Undefined without a certificate of the cluster's authority. */
export function callerOf(request: IncomingMessage): Caller | undefined {
  const socket = request.socket as TLSSocket;
  if (!socket.authorized) return undefined;
  const { subject } = socket.getPeerCertificate();
  const name = list(subject?.CN)[0];
  return name === undefined ? undefined : { name, groups: list(subject.O) };
}

export function accessOf(method: string, path: string): Access {
  const [, first = '', second = ''] = path.split('/');
  const special: Readonly<Record<string, string>> = { stats: 'stats', metrics: 'metrics', logs: 'log', healthz: 'healthz', pods: 'pods', runningpods: 'pods', configz: 'configz' };
  return { verb: VERBS[method] ?? 'get', path, subresource: first === 'metrics' && second !== '' ? 'metrics' : (special[first] ?? 'proxy') };
}

export const apiServerOnly = (caller: Caller): boolean => caller.groups.includes(MASTERS) || API_SERVER_NAMES.has(caller.name);
