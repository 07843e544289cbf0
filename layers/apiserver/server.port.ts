/** What a running API server is composed of, besides what verbs need (context.ts). */
import type { Kind } from '#kinds/kind.ts';
import type { TypeSchema } from '#machinery/schema.ts';
import type { Random } from '#machinery/clock.ts';
import type { Authenticator } from './authn/port.ts';
import type { Authorizer } from './authz/port.ts';
import type { ServerParts } from './context.ts';
import type { Auditor } from './audit/auditor.ts';
import type { Metrics } from './metrics/registry.ts';
import type { NodeDialer } from './streams/port.ts';
import type { VirtualHandler } from './virtual/port.ts';

export interface Services extends ServerParts {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly virtuals: readonly VirtualHandler[];
  /** The parts that a call of this kind works with: custom resources see the store through their definition. */
  partsFor(kind: Kind): ServerParts;
  /** The type of a body that no resource of the registry has (evictions, bindings, token requests). */
  bodySchema(type: { readonly group: string; readonly version: string; readonly kind: string }): TypeSchema;
  /** Absent where no node can be reached: streaming subresources answer 503. */
  readonly dialer: NodeDialer | undefined;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly audit: Auditor | undefined;
  /** Unexpected errors, with the id that the client was told. */
  readonly log: (message: string, error: unknown) => void;
}
