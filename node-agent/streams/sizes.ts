/** Terminal sizes on their way to the runtime. Only the newest matters: one that was not taken yet is replaced. */
export type Size = { readonly width: number; readonly height: number };

export interface Sizes extends AsyncIterable<Size> {
  /** JSON objects `{"Width":80,"Height":24}`, one after the other; the rest of a cut one comes with the next call. */
  write(text: string): void;
  end(): void;
}

const OBJECT = /\{[^{}]*\}/g;
/** A size takes 30 characters; a peer that never closes its brace gets no more room. */
const MAX_REST = 1000;

export function terminalSizes(): Sizes {
  let newest: Size | undefined;
  let ended = false;
  let rest = '';
  let wake: (() => void) | undefined;
  return {
    write(text) {
      rest += text;
      let last = 0;
      for (const match of rest.matchAll(OBJECT)) {
        last = match.index + match[0].length;
        try {
          const { Width, Height } = JSON.parse(match[0]) as { Width?: unknown; Height?: unknown };
          if (typeof Width === 'number' && typeof Height === 'number' && Width > 0 && Height > 0) newest = { width: Math.trunc(Width), height: Math.trunc(Height) };
        } catch {
          // Not a size: ignored, as the kubelet does.
        }
      }
      rest = rest.slice(last).slice(-MAX_REST);
      wake?.();
    },
    end() {
      ended = true;
      wake?.();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const size = newest;
        newest = undefined;
        if (size !== undefined) yield size;
        else if (ended) return;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    },
  };
}
