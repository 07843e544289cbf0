/**
 * Group commit: whoever waits when the disk is free goes into one transaction. One batch is under way at a time, so preconditions are
 * judged against what is durable plus the batch itself, and a batch that fails takes nothing with it but its own commits.
 */
import type { Clock } from '#machinery/clock.ts';
import { StoreConflict, StoreUnavailable } from '../errors.ts';
import type { Actor, ObjectKey, StoredObject, Write } from '../port.ts';
import type { Appender } from './appender.ts';
import { slotKey } from './keys.ts';
import type { LogReader } from './log-reader.ts';
import { CREATED, hasBody, LoggedChange, REMOVED, ROW_OVERHEAD, UPDATED, type Batch, type Head, type Row } from './records.ts';
import type { Resource } from './resource.ts';

/** A batch ends here, so that the first of it need not wait long for the last: about 10 ms of writing. */
const BATCH_COMMITS = 256;
const BATCH_BYTES = 4 << 20;

export interface Waiting {
  readonly writes: readonly Write[];
  readonly resources: readonly Resource[];
  readonly actor: Actor;
  readonly resolve: (rvs: readonly number[]) => void;
  readonly reject: (error: unknown) => void;
}

interface Accepted {
  readonly waiting: Waiting;
  readonly rvs: readonly number[];
}

interface Refused {
  readonly waiting: Waiting;
  readonly error: StoreConflict;
}

/** A batch as it is put together: states that are not durable yet, seen by the batch's later commits and by nobody else. */
class Draft {
  readonly rows: Row[] = [];
  readonly bodies: Uint8Array[] = [];
  readonly changes: { readonly resource: Resource; readonly change: LoggedChange }[] = [];
  readonly accepted: Accepted[] = [];
  /** Conflicts with a state of this batch: told only once that state is durable. */
  readonly refused: Refused[] = [];
  readonly states = new Map<Resource, Map<string, Head | undefined>>();
  readonly last = new Map<Resource, { readonly rv: number; readonly volume: number }>();
  bytes = 0;
}

interface Staged {
  readonly resource: Resource;
  readonly change: LoggedChange;
  readonly expires: number | null;
  readonly before: Head | undefined;
}

export class GroupCommit {
  readonly #appender: Appender;
  readonly #reader: LogReader;
  readonly #clock: Clock;
  /** Takes in and tells of changes that have become durable, in order. */
  readonly #durable: (changes: Draft['changes']) => void;
  #waiting: Waiting[] = [];
  #busy = false;
  #idle: (() => void)[] = [];

  constructor(appender: Appender, reader: LogReader, clock: Clock, durable: (changes: Draft['changes']) => void) {
    this.#appender = appender;
    this.#reader = reader;
    this.#clock = clock;
    this.#durable = durable;
  }

  submit(waiting: Waiting): void {
    this.#waiting.push(waiting);
    if (this.#busy) return;
    this.#busy = true;
    // at once: who comes while this batch is on its way makes the next one
    queueMicrotask(() => void this.#work());
  }

  /** Resolves when nothing is under way. */
  async drained(): Promise<void> {
    if (this.#busy) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) await this.#batch();
    this.#busy = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #batch(): Promise<void> {
    const draft = new Draft();
    let taken = 0;
    while (taken < this.#waiting.length && taken < BATCH_COMMITS && draft.bytes < BATCH_BYTES) this.#judge(this.#waiting[taken++]!, draft);
    this.#waiting = this.#waiting.slice(taken);
    if (draft.rows.length === 0) return;
    try {
      await this.#appender.append(packed(draft));
    } catch (error) {
      for (const { waiting } of [...draft.accepted, ...draft.refused]) waiting.reject(error);
      return;
    }
    for (const [resource, { volume }] of draft.last) {
      resource.persisted = true;
      resource.volume = volume;
    }
    this.#durable(draft.changes);
    for (const { waiting, rvs } of draft.accepted) waiting.resolve(rvs);
    for (const { waiting, error } of draft.refused) waiting.reject(error);
  }

  /** Adds a commit to the draft with all its writes, or with none. */
  #judge(waiting: Waiting, draft: Draft): void {
    const staged: Staged[] = [];
    try {
      for (const [index, write] of waiting.writes.entries()) {
        const resource = waiting.resources[index]!;
        const own = staged.findLast((earlier) => earlier.resource === resource && sameKey(earlier.change.key, write.key));
        const known = draft.states.get(resource);
        const slot = slotKey(write.key.namespace, write.key.name);
        const pending = known?.has(slot) === true;
        const others = pending ? known.get(slot) : resource.table!.get(write.key.namespace, write.key.name)?.head;
        const current = own === undefined ? others : ownState(own);
        if (!holds(write, current)) {
          // a state of this very commit will never be: what others see is the state before
          const error = new StoreConflict(write.key, others && this.#whole(resource, others));
          if (pending) draft.refused.push({ waiting, error });
          else waiting.reject(error);
          return;
        }
        const newest = staged.findLast((earlier) => earlier.resource === resource)?.change.rv ?? draft.last.get(resource)?.rv ?? resource.frontier;
        staged.push(stage(resource, write, current, newest + 1));
      }
    } catch (error) {
      // a body() that threw: the caller's own fault, and nobody else's
      waiting.reject(error);
      return;
    }
    const now = this.#clock.now();
    for (const one of staged) this.#add(one, waiting.actor, now, draft);
    draft.accepted.push({ waiting, rvs: staged.map(({ change }) => change.rv) });
  }

  #add({ resource, change, expires, before }: Staged, actor: Actor, now: number, draft: Draft): void {
    const { namespace, name } = change.key;
    const volume = (draft.last.get(resource)?.volume ?? resource.volume) + change.body.byteLength + ROW_OVERHEAD;
    resource.time = Math.max(resource.time, now);
    draft.last.set(resource, { rv: change.rv, volume });
    let states = draft.states.get(resource);
    if (states === undefined) draft.states.set(resource, (states = new Map()));
    states.set(slotKey(namespace, name), change.type === 'removed' ? undefined : change.after);
    draft.changes.push({ resource, change });
    draft.bodies.push(change.body);
    draft.bytes += change.body.byteLength;
    draft.rows.push([
      resource.id,
      change.rv,
      change.type === 'removed' ? REMOVED : change.type === 'created' ? CREATED : UPDATED,
      namespace,
      name,
      change.uid,
      JSON.stringify(change.after.labels),
      JSON.stringify(change.after.fields),
      before?.rv ?? null,
      resource.time,
      volume,
      actor.user,
      actor.requestId ?? null,
      expires,
      change.body.byteLength,
    ]);
  }

  #whole(resource: Resource, head: Head): StoredObject | undefined {
    if (hasBody(head)) return head;
    const body = this.#reader.body(resource.id, head.rv);
    if (body === undefined) throw new StoreUnavailable(`the log has no body for ${resource.name} at ${head.rv}`);
    return { ...head, body };
  }
}

const sameKey = (left: ObjectKey, right: ObjectKey): boolean => left.name === right.name && left.namespace === right.namespace;
const ownState = (staged: Staged): Head | undefined => (staged.change.type === 'removed' ? undefined : staged.change.after);
const holds = (write: Write, current: Head | undefined): boolean => ('absent' in write.if ? current === undefined : current?.rv === write.if.rv);

function stage(resource: Resource, write: Write, before: Head | undefined, rv: number): Staged {
  const body = retained(write.body(rv));
  const { key } = write;
  if (write.type === 'remove') {
    const after = { key, rv, uid: before!.uid, labels: before!.labels, fields: before!.fields, body };
    return { resource, before, expires: null, change: new LoggedChange('removed', after, before) };
  }
  const after = { key, rv, uid: write.uid, labels: write.labels, fields: write.fields, body };
  return { resource, before, expires: write.expiresAt ?? null, change: new LoggedChange(before === undefined ? 'created' : 'updated', after, before) };
}

/** A body in a larger buffer (Buffer's pool, 8 KiB) would hold the whole of it for as long as the object lives. */
const retained = (body: Uint8Array): Uint8Array => (body.buffer.byteLength > body.byteLength ? new Uint8Array(body) : body);

function packed(draft: Draft): Batch {
  const bodies = new Uint8Array(draft.bytes);
  let offset = 0;
  for (const body of draft.bodies) {
    bodies.set(body, offset);
    offset += body.byteLength;
  }
  const newResources = [...draft.last.keys()].filter((resource) => !resource.persisted).map((resource) => [resource.id, resource.name] as const);
  return { newResources, rows: draft.rows, bodies: bodies.buffer };
}
