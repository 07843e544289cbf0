/** What the verbs share: the parts a server is composed of, and what is known of the request at hand. */
import type { Kind, KindContext, KindRegistry } from '#kinds/kind.ts';
import type { Clock, Ids } from '#machinery/clock.ts';
import type { Store } from '#store/port.ts';
import type { AdmissionPlugin } from './admission/port.ts';
import type { User } from './authn/port.ts';

export interface ServerParts {
  readonly store: Store;
  readonly registry: KindRegistry;
  readonly admission: readonly AdmissionPlugin[];
  readonly clock: Clock;
  readonly ids: Ids;
}

/** One call of a verb, by whatever door it came. */
export interface Call {
  readonly parts: ServerParts;
  readonly kind: Kind;
  readonly user: User;
  readonly namespace: string;
  readonly name: string;
  /** Empty for the object itself. */
  readonly subresource: string;
  /** Collected for the `Warning` header. */
  readonly warnings: string[];
  readonly requestId: string;
}

export const kindContext = ({ parts, user }: Call): KindContext => ({ clock: parts.clock, ids: parts.ids, user });
export const refOf = (kind: Kind): { group: string; resource: string } => ({ group: kind.group, resource: kind.plural });
export const timestamp = (milliseconds: number): string => `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
