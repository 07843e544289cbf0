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
  /** Collected for the audit record. */
  readonly annotations?: Record<string, string>;
  readonly requestId: string;
}

export const kindContext = ({ parts, user }: Call): KindContext => ({ clock: parts.clock, ids: parts.ids, user });
export const refOf = (kind: Kind): { group: string; resource: string } => ({ group: kind.group, resource: kind.plural });

let second = Number.NaN;
let secondText = '';
/** RFC 3339. The last second is kept: every write asks several times for the same one. */
export function timestamp(milliseconds: number): string {
  const asked = Math.floor(milliseconds / 1000);
  if (asked !== second) {
    secondText = `${new Date(asked * 1000).toISOString().slice(0, 19)}Z`;
    second = asked;
  }
  return secondText;
}
