/** Docker's event stream as RuntimeEvents, for ever: it reconnects by itself, and says `gap` each time events may have been lost. */
import type { ContainerRuntime, RuntimeEvent } from '../port.ts';
import type { DockerClient } from './client.ts';
import { DEADLINE } from './deadlines.ts';

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;

const TYPES: Readonly<Record<string, RuntimeEvent['type']>> = { create: 'created', start: 'started', die: 'exited', destroy: 'removed' };

interface DockerEvent {
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
}

export function toEvent(line: string): RuntimeEvent | undefined {
  const event = JSON.parse(line) as DockerEvent;
  const type = TYPES[event.Action];
  if (type === undefined) return undefined;
  const { exitCode, ...labels } = event.Actor.Attributes;
  return { type, containerId: event.Actor.ID, labels, ...(exitCode === undefined ? {} : { exitCode: Number(exitCode) }) };
}

async function once(client: DockerClient, filters: string, listener: Parameters<ContainerRuntime['events']>[1], signal: AbortSignal, connected: () => void): Promise<void> {
  const answer = await client.open({ method: 'GET', path: '/events', query: { filters }, deadline: DEADLINE.list, signal });
  connected();
  let rest = '';
  answer.setEncoding('utf8');
  for await (const piece of answer as AsyncIterable<string>) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const event = line.trim() === '' ? undefined : toEvent(line);
      if (event !== undefined) listener.event(event);
    }
  }
}

export function followEvents(
  client: DockerClient,
  labels: Readonly<Record<string, string>>,
  listener: Parameters<ContainerRuntime['events']>[1],
  signal: AbortSignal,
  random: () => number,
): void {
  const filters = JSON.stringify({ type: ['container'], event: Object.keys(TYPES), label: Object.entries(labels).map(([name, value]) => `${name}=${value}`) });
  let failures = 0;
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        await once(client, filters, listener, signal, () => {
          failures = 0;
          listener.gap();
        });
      } catch {
        // What went wrong shows in the health of the runtime; here it only matters that the stream is opened anew.
      }
      if (signal.aborted) return;
      const ceiling = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures++);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(done, ceiling * (0.5 + random() / 2));
        function done(): void {
          clearTimeout(timer);
          signal.removeEventListener('abort', done);
          resolve();
        }
        signal.addEventListener('abort', done, { once: true });
      });
    }
  };
  void run();
}
