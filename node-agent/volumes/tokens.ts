/** Service account tokens for pods: asked for once, kept while they are fresh, renewed before they expire. */
import type { Clock } from '#machinery/clock.ts';
import type { ClusterSource } from '../api/source.ts';
import type { Pod } from '../pods/pod.ts';

/** As the kubelet: after four fifths of its life, or a day. */
const RENEW_SHARE = 0.8;
const RENEW_MS = 24 * 3_600_000;

interface Token {
  readonly text: string;
  readonly renewAt: number;
  readonly expiresAt: number;
}

export interface TokenKeeper {
  get(pod: Pod, audience: string | undefined, expirationSeconds: number): Promise<string>;
  /** Milliseconds since the epoch when one of the pod's tokens is due; Infinity: it has none. */
  dueAt(podUid: string): number;
  forget(podUid: string): void;
}

export function createTokenKeeper(cluster: Pick<ClusterSource, 'token'>, clock: Clock): TokenKeeper {
  const tokens = new Map<string, Map<string, Token>>();
  return {
    async get(pod, audience, expirationSeconds) {
      const { uid, namespace, name } = pod.metadata;
      const own = tokens.get(uid) ?? new Map<string, Token>();
      tokens.set(uid, own);
      const key = `${audience ?? ''} ${expirationSeconds}`;
      const known = own.get(key);
      if (known !== undefined && clock.now() < known.renewAt) return known.text;
      try {
        const asked = clock.now();
        const answer = await cluster.token(namespace, pod.spec.serviceAccountName ?? 'default', {
          audiences: audience === undefined ? [] : [audience],
          expirationSeconds,
          pod: { name, uid },
        });
        const expiresAt = Date.parse(answer.expirationTimestamp);
        own.set(key, { text: answer.token, expiresAt, renewAt: Math.min(asked + RENEW_MS, asked + (expiresAt - asked) * RENEW_SHARE) });
        return answer.token;
      } catch (error) {
        // The old one is good for a while yet.
        if (known !== undefined && clock.now() < known.expiresAt) return known.text;
        throw error;
      }
    },
    dueAt: (podUid) => Math.min(Infinity, ...[...(tokens.get(podUid)?.values() ?? [])].map(({ renewAt }) => renewAt)),
    forget: (podUid) => void tokens.delete(podUid),
  };
}
