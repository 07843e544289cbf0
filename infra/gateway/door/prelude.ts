/** Takes a streamed answer apart: the prelude in JSON, eight NUL bytes, the body. */
import type { Readable } from 'node:stream';

/** The delimiter must come within so many bytes. */
const PRELUDE_LIMIT = 16 * 1024;
const DELIMITER = Buffer.alloc(8);

export interface Prelude {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>>;
  readonly cookies?: readonly string[];
}

export class BadPrelude extends Error {
  readonly code = 'BAD_PRELUDE';
}

function parsed(text: string): Prelude {
  try {
    const prelude = JSON.parse(text) as Prelude;
    if (Number.isInteger(prelude.statusCode) && prelude.statusCode >= 100 && prelude.statusCode <= 999) return prelude;
  } catch {
    // told below
  }
  throw new BadPrelude('the answer does not begin with a prelude');
}

/** Resolves when the prelude is there; what was read of the body is given back to the stream. */
export function readPrelude(body: Readable): Promise<Prelude> {
  return new Promise((resolve, reject) => {
    let held = Buffer.alloc(0);
    const done = (act: () => void): void => {
      body.off('data', onData);
      body.off('end', onEnd);
      body.off('close', onEnd);
      body.off('error', onEnd);
      body.pause();
      act();
    };
    const onEnd = (): void => done(() => reject(new BadPrelude('the answer ended within its prelude')));
    const onData = (chunk: Buffer): void => {
      held = Buffer.concat([held, chunk]);
      const at = held.indexOf(DELIMITER);
      if (at < 0 ? held.length > PRELUDE_LIMIT : at > PRELUDE_LIMIT) return done(() => reject(new BadPrelude('the delimiter did not come within 16 KB')));
      if (at < 0) return;
      done(() => {
        const rest = held.subarray(at + DELIMITER.length);
        if (rest.length > 0) body.unshift(rest);
        try {
          resolve(parsed(held.subarray(0, at).toString()));
        } catch (error) {
          reject(error as Error);
        }
      });
    };
    body.on('data', onData);
    body.once('end', onEnd);
    body.once('close', onEnd);
    body.once('error', onEnd);
  });
}
