/** The clients that a service remembers: read from the kernel, since they are learnt there. */
import type { Run } from '../run.ts';
import type { RuleState } from './changes.ts';
import { TABLE } from './rules.ts';

export interface Remembered {
  readonly client: string;
  /** As Destination.key. */
  readonly destination: string;
  /** As Destination.endpoints. */
  readonly endpoint: string;
  readonly timeoutSeconds: number;
  readonly expiresSeconds: number;
}

type Concat = { readonly concat: readonly (string | number)[] };
type Row = readonly [Concat | { readonly elem: { readonly val: Concat; readonly timeout?: number; readonly expires?: number } }, Concat];

/** Empty where the table is missing or another release's. */
export async function rememberedClients(run: Run): Promise<readonly Remembered[]> {
  const text = await run('nft', ['-j', 'list', 'map', 'ip', TABLE, 'affinity']).catch(() => '');
  if (text === '') return [];
  const parsed = JSON.parse(text) as { readonly nftables: readonly { readonly map?: { readonly elem?: readonly Row[] } }[] };
  return parsed.nftables
    .flatMap((entry) => entry.map?.elem ?? [])
    .flatMap(([key, value]) => {
      if (!('elem' in key)) return [];
      const { val, timeout = 0, expires = timeout } = key.elem;
      const [client, ...destination] = val.concat;
      return [{ client: String(client), destination: destination.join(' . '), endpoint: value.concat.join(' . '), timeoutSeconds: timeout, expiresSeconds: expires }];
    });
}

/** Whether the client may stay with its endpoint. */
function holds({ client: _client, destination, endpoint, timeoutSeconds }: Remembered, state: RuleState): boolean {
  const placed = state.current.get(destination)?.placed;
  if (placed === undefined || placed.affinitySeconds !== timeoutSeconds) return false;
  return placed.endpoints.includes(endpoint) || placed.outside?.includes(endpoint) === true;
}

const keyOf = ({ client, destination }: Remembered): string => `${client} . ${destination}`;

/** Forgets clients of endpoints that are gone. Added first: one that expires meanwhile could not be deleted, and would fail the whole. */
export function forgetText(list: readonly Remembered[], state: RuleState, among: ReadonlySet<string>): string {
  const gone = list.filter((entry) => among.has(entry.destination) && !holds(entry, state)).map((entry) => `${keyOf(entry)} : ${entry.endpoint}`);
  if (gone.length === 0) return '';
  const set = `element ip ${TABLE} affinity { ${gone.join(', ')} }\n`;
  return `add ${set}delete ${set}`;
}

/** Takes the clients over into a new table. */
export function recallText(list: readonly Remembered[], state: RuleState): string {
  const kept = list
    .filter((entry) => entry.expiresSeconds > 0 && holds(entry, state))
    .map((entry) => `${keyOf(entry)} timeout ${entry.timeoutSeconds}s expires ${entry.expiresSeconds}s : ${entry.endpoint}`);
  return kept.length === 0 ? '' : `add element ip ${TABLE} affinity { ${kept.join(', ')} }\n`;
}
