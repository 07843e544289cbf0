/**
 * What the parts of the API server share: the engines it stands on, and one request on its way. Verbs take a `Call` and objects; what is HTTP
 * about a request stays in `http/` and `represent/`, so that the in-process client runs the same verbs without it.
 */
import type { Kind, KindRegistry } from '#kinds/kind.ts';
import type { Clock, Ids, Random } from '#machinery/clock.ts';
import type { Store } from '#store/port.ts';
import type { AdmissionPlugin } from './admission/port.ts';
import type { Authenticator, User } from './authn/port.ts';
import type { Authorizer } from './authz/port.ts';
import type { AuditSink } from './http/audit.ts';
import type { Metrics } from './metrics/registry.ts';
import type { NodeDialer } from './streams/port.ts';
import type { VirtualHandler } from './virtual/port.ts';

export interface Services {
  readonly store: Store;
  readonly kinds: KindRegistry;
  readonly plugins: readonly AdmissionPlugin[];
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly virtuals: readonly VirtualHandler[];
  /** Absent where no node can be reached: streaming subresources answer 503. */
  readonly dialer: NodeDialer | undefined;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly audit: AuditSink | undefined;
  /** Unexpected errors, with the id that the client was told. */
  readonly log: (message: string, error: unknown) => void;
}

/** One request as verbs see it. */
export interface Call {
  readonly services: Services;
  readonly kind: Kind;
  readonly user: User;
  readonly namespace: string;
  readonly name: string;
  /** Empty for the object itself. */
  readonly subresource: string;
  readonly requestId: string;
  /** Texts for `Warning` headers, each once. */
  readonly warnings: Set<string>;
}
