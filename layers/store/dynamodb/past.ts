/** States that were replaced: in the log, and for a while after their change has left it beside it. */
import { StoreExpired } from '../errors.ts';
import type { Change } from '../port.ts';
import { unpacked } from './body.ts';
import type { Reader } from './reader.ts';
import { LoggedChange } from './records.ts';
import type { ResourceLog } from './resource-log.ts';

export class Past {
  readonly #reader: Reader;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /** The state that was written at `rv`. @throws StoreExpired */
  async body(log: ResourceLog, rv: number): Promise<Uint8Array> {
    const body = log.bodyAt(rv) ?? (await this.#logged(log, rv))?.body ?? (await this.#kept(log, rv));
    if (body === undefined) throw new StoreExpired(rv, log.frontier);
    return body;
  }

  /** The state that a change replaced. @throws StoreExpired */
  async before(log: ResourceLog, change: Change): Promise<Uint8Array> {
    const previous = change instanceof LoggedChange ? change.previous : (await this.#logged(log, change.rv))?.previous;
    if (previous === undefined) throw new StoreExpired(change.rv, log.frontier);
    return this.body(log, previous);
  }

  async #logged(log: ResourceLog, rv: number): Promise<LoggedChange | undefined> {
    return (await this.#reader.slotsAt(log.partitions, log.resource, [rv]))[0]?.change;
  }

  async #kept(log: ResourceLog, rv: number): Promise<Uint8Array | undefined> {
    const item = await this.#reader.item(log.partitions.kept(rv));
    const body = item && (await this.#reader.bodyOf(item));
    return body && unpacked(body);
  }
}
