/** What stands around every object in protobuf: `k8s\0`, then apimachinery's runtime.Unknown. */
import { type Input, MalformedMessage } from './input.ts';

export const MAGIC: Uint8Array = Uint8Array.of(0x6b, 0x38, 0x73, 0x00);

export const hasMagic = ({ bytes, at, end }: Input): boolean => end - at >= 4 && bytes.readUInt32BE(at) === 0x6b387300;

export interface Envelope {
  readonly apiVersion: string;
  readonly kind: string;
  /** Where in the input the object's own message is. */
  readonly start: number;
  readonly end: number;
  readonly contentEncoding: string;
  readonly contentType: string;
}

/** Takes the envelope apart that reaches from where the input stands to its end. */
export function readEnvelope(input: Input): Envelope {
  if (!hasMagic(input)) throw new MalformedMessage('the object does not begin with the four bytes "k8s\\0"');
  input.at += MAGIC.length;
  let [apiVersion, kind, contentEncoding, contentType] = ['', '', '', ''];
  let [start, end] = [input.at, input.at];
  while (input.at < input.end) {
    const tag = input.varint32();
    if (tag === 0x0a) {
      const outer = input.enter();
      while (input.at < input.end) {
        const inner = input.varint32();
        if (inner === 0x0a) apiVersion = input.text();
        else if (inner === 0x12) kind = input.text();
        else input.skip(inner & 7);
      }
      input.leave(outer);
    } else if (tag === 0x12) {
      const length = input.length();
      start = input.at;
      end = input.at += length;
    } else if (tag === 0x1a) contentEncoding = input.text();
    else if (tag === 0x22) contentType = input.text();
    else input.skip(tag & 7);
  }
  return { apiVersion, kind, start, end, contentEncoding, contentType };
}
