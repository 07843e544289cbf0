/** The hash that AWS' signers ask for, by Node's own. */
import { createHash, createHmac } from 'node:crypto';

export class Sha256 {
  readonly #parts: Uint8Array[] = [];
  readonly #secret: Uint8Array | string | undefined;
  /** With a secret it is an HMAC. */
  constructor(secret?: unknown) {
    this.#secret = secret as Uint8Array | string | undefined;
  }
  update(data: unknown): void {
    this.#parts.push(typeof data === 'string' ? Buffer.from(data) : data instanceof Uint8Array ? data : new Uint8Array(data as ArrayBuffer));
  }
  digest(): Promise<Uint8Array> {
    const hash = this.#secret === undefined ? createHash('sha256') : createHmac('sha256', this.#secret);
    for (const part of this.#parts) hash.update(part);
    return Promise.resolve(hash.digest());
  }
  reset(): void {
    this.#parts.length = 0;
  }
}
