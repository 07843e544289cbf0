/** What a start says while it works: one changing line on a terminal, plain lines elsewhere. */
import pc from 'picocolors';

export interface Progress {
  step(text: string): void;
  /** Seconds since the start. */
  elapsed(): number;
  /** Clears the changing line, so that what follows stands alone. */
  end(): void;
}

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const;
const FRAME_MS = 80;

export function progress(out: NodeJS.WriteStream, began: number): Progress {
  const elapsed = (): number => (Date.now() - began) / 1000;
  if (!out.isTTY) {
    return { step: (text) => void out.write(`${elapsed().toFixed(1).padStart(5)} s  ${text}\n`), elapsed, end: () => {} };
  }
  let text = '';
  let frame = 0;
  const draw = (): void => void out.write(`\r\x1b[2K${pc.cyan(SPINNER[frame++ % SPINNER.length]!)} ${text} ${pc.dim(`${elapsed().toFixed(1)} s`)}`);
  const timer = setInterval(draw, FRAME_MS);
  timer.unref();
  return {
    step(next) {
      text = next;
      draw();
    },
    elapsed,
    end() {
      clearInterval(timer);
      out.write('\r\x1b[2K');
    },
  };
}
