/** What a simulated container does of its command: a few words of the shell, so that jobs end and crash loops can be seen without a process. */
import type { Behaviour } from './runtime.ts';

const SHELLS = new Set(['sh', '/bin/sh', 'bash', '/bin/bash']);
const fileName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

const unknown = (said: readonly string[], initializes: boolean): Behaviour => ({ ...(initializes ? { exitAfterMs: 0, exitCode: 0 } : {}), log: said.join('') });

/**
 * `true`, `false`, `exit N`, `sleep SECONDS` and `echo WORDS`, also after one another in `sh -c`; whatever else is said runs until it is stopped, or in an
 * init container, which must end for its pod to go on, ends at once.
 */
export function behaviourOf(command: readonly string[], initializes = false): Behaviour {
  const [first = '', second = '', script = ''] = command;
  const statements =
    SHELLS.has(first) && second === '-c'
      ? script
          .split(/;|&&|\n/)
          .map((statement) => statement.trim().split(/\s+/))
          .filter(([word]) => word !== '')
      : [command];
  let exitAfterMs = 0;
  let exitCode = 0;
  const said: string[] = [];
  for (const [word = '', ...words] of statements) {
    switch (fileName(word)) {
      case 'true':
        exitCode = 0;
        break;
      case 'false':
        exitCode = 1;
        break;
      case 'echo':
        said.push(`${words.join(' ')}\n`);
        exitCode = 0;
        break;
      case 'sleep': {
        const seconds = Number(words[0]);
        if (!Number.isFinite(seconds)) return unknown(said, initializes);
        exitAfterMs += seconds * 1000;
        exitCode = 0;
        break;
      }
      case 'exit':
        return { exitAfterMs, exitCode: Number(words[0] ?? exitCode) & 0xff, log: said.join('') };
      default:
        return unknown(said, initializes);
    }
  }
  return { exitAfterMs, exitCode, log: said.join('') };
}
