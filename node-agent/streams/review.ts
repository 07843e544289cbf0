/**
 * Who may use the kubelet API, by the cluster's word: a bearer token is shown to the TokenReview API, and what its owner wants to the
 * SubjectAccessReview API (kubernetes.io "Kubelet authentication/authorization", webhook mode). Answers are remembered for kubelet's own times.
 */
import type { IncomingMessage } from 'node:http';
import { createHash } from 'node:crypto';
import type { Clock } from '#machinery/clock.ts';
import type { KubeObject } from '#machinery/object.ts';
import type { Access, Caller } from './port.ts';

/** Kubelet's defaults: cacheTTL, cacheAuthorizedTTL, cacheUnauthorizedTTL. Milliseconds. */
const TOKEN_MS = 2 * 60_000;
const ALLOWED_MS = 5 * 60_000;
const REFUSED_MS = 30_000;
/** Answers kept. */
const REMEMBERED = 500;

export interface Reviewer {
  /** Undefined for a request without a token, or with one that is nobody's. */
  authenticate(request: IncomingMessage): Promise<Caller | undefined>;
  authorize(caller: Caller, access: Access): Promise<boolean>;
}

export interface ReviewerOptions {
  readonly nodeName: string;
  readonly clock: Clock;
  /** POSTs a review and answers it as the API server filled it in. */
  create(path: string, object: KubeObject): Promise<KubeObject>;
}

interface Remembered<T> {
  readonly answer: T;
  readonly until: number;
}

interface TokenStatus {
  readonly authenticated?: boolean;
  readonly user?: { readonly username?: string; readonly uid?: string; readonly groups?: readonly string[] };
}

export function createReviewer({ nodeName, clock, create }: ReviewerOptions): Reviewer {
  const callers = new Map<string, Remembered<Caller | undefined>>();
  const verdicts = new Map<string, Remembered<boolean>>();

  async function remembered<T>(all: Map<string, Remembered<T>>, key: string, ask: () => Promise<T>, livesMs: (answer: T) => number): Promise<T> {
    const known = all.get(key);
    if (known !== undefined && known.until > clock.now()) return known.answer;
    const answer = await ask();
    if (all.size >= REMEMBERED) all.clear();
    all.set(key, { answer, until: clock.now() + livesMs(answer) });
    return answer;
  }

  return {
    async authenticate(request) {
      const token = /^bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
      if (token === undefined) return undefined;
      return remembered(
        callers,
        createHash('sha256').update(token).digest('base64'),
        async () => {
          const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', metadata: {}, spec: { token } };
          const { authenticated, user } = ((await create('/apis/authentication.k8s.io/v1/tokenreviews', review))['status'] ?? {}) as TokenStatus;
          return authenticated === true && user?.username ? { name: user.username, groups: user.groups ?? [] } : undefined;
        },
        (caller) => (caller === undefined ? REFUSED_MS : TOKEN_MS),
      );
    },
    authorize: (caller, access) =>
      remembered(
        verdicts,
        JSON.stringify([caller, access.verb, access.subresource]),
        async () => {
          const resourceAttributes = { verb: access.verb, version: 'v1', resource: 'nodes', subresource: access.subresource, name: nodeName };
          const spec = { user: caller.name, groups: caller.groups, resourceAttributes };
          const answer = await create('/apis/authorization.k8s.io/v1/subjectaccessreviews', {
            apiVersion: 'authorization.k8s.io/v1',
            kind: 'SubjectAccessReview',
            metadata: {},
            spec,
          });
          return (answer['status'] as { readonly allowed?: boolean } | undefined)?.allowed === true;
        },
        (allowed) => (allowed ? ALLOWED_MS : REFUSED_MS),
      ),
  };
}
