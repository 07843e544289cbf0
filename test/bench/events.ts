/** The events of a watch out of what arrives on its connection. */

interface WatchEvent {
  readonly type: string;
  readonly object: {
    readonly metadata: { readonly name: string };
    readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  };
}

/** To be fed with the pieces of a chunked answer; `event` gets each line of it. */
export function eventReader(event: (event: WatchEvent) => void): (bytes: Buffer) => void {
  let raw = '';
  let text = '';
  return (bytes) => {
    raw += bytes.toString();
    for (let end = raw.indexOf('\r\n'); end >= 0; end = raw.indexOf('\r\n')) {
      // lengths are bytes, and what is measured here is ASCII
      const length = Number.parseInt(raw.slice(0, end), 16);
      if (raw.length < end + 2 + length + 2) break;
      text += raw.slice(end + 2, end + 2 + length);
      raw = raw.slice(end + 2 + length + 2);
    }
    const lines = text.split('\n');
    text = lines.pop()!;
    for (const line of lines) event(JSON.parse(line) as WatchEvent);
  };
}
