/**
 * Datagram flows that the kernel remembers. A flow goes on to the endpoint it began with, whatever the rules say now, as long as the client
 * keeps sending: one whose endpoint is gone must be forgotten.
 */
import { CommandError, type Run } from '../run.ts';
import type { RuleState } from './changes.ts';

const FLOW = /^udp\s.*?\bdst=(\S+) sport=\d+ dport=(\d+).*?\bsrc=(\S+) dst=\S+ sport=(\d+)/;

/** `stale`: keys of destinations that changed. `missing` is called where the conntrack program is not installed. */
export async function forgetFlows(run: Run, stale: ReadonlySet<string>, state: RuleState, missing: () => void): Promise<void> {
  if (stale.size === 0) return;
  let text: string;
  try {
    text = await run('conntrack', ['-L', '-p', 'udp', '-o', 'extended']);
  } catch (error) {
    if (error instanceof CommandError && error.code === 'COMMAND_MISSING') missing();
    return;
  }
  const gone = new Map<string, readonly string[]>();
  for (const line of text.split('\n')) {
    const match = FLOW.exec(line.replace(/^ipv4\s+\d+\s+/, ''));
    if (match === null) continue;
    const [, address, port, peer, peerPort] = match as unknown as [string, string, string, string, string];
    const key = `${address} . udp . ${port}`;
    if (!stale.has(key)) continue;
    const placed = state.current.get(key)?.placed;
    const endpoint = `${peer} . ${peerPort}`;
    if (placed?.endpoints.includes(endpoint) === true || placed?.outside?.includes(endpoint) === true) continue;
    gone.set(`${key} ${peer}`, ['-D', '-p', 'udp', '--orig-dst', address, '--orig-port-dst', port, '--reply-src', peer]);
  }
  // Ends with 1 when the flow has gone by itself.
  for (const args of gone.values()) await run('conntrack', args).catch(() => '');
}
