/**
 * Docker sets the FORWARD policy of the namespace it runs in to DROP; another table cannot lift that, so traffic that is not Docker's needs
 * an accepting rule in the very chain. The `iptables` in PATH is the one Docker uses (legacy or nft).
 */
import { CommandError, type Run } from '../run.ts';

const LOCK_WAIT = ['-w', '5'];

/** Interface names, a trailing `+` stands for any ending. Does nothing where the policy accepts anyway, or there is no iptables. */
export async function acceptForwarding(run: Run, interfaces: string, comment: string): Promise<void> {
  let rules: string;
  try {
    rules = await run('iptables', [...LOCK_WAIT, '-S', 'FORWARD']);
  } catch (error) {
    if (error instanceof CommandError && error.code !== 'COMMAND_TIMEOUT') return;
    throw error;
  }
  if (!rules.includes('-P FORWARD DROP')) return;
  for (const direction of ['-i', '-o']) {
    const rule = [direction, interfaces, '-m', 'comment', '--comment', comment, '-j', 'ACCEPT'];
    const there = await run('iptables', [...LOCK_WAIT, '-C', 'FORWARD', ...rule]).then(
      () => true,
      () => false,
    );
    if (!there) await run('iptables', [...LOCK_WAIT, '-I', 'FORWARD', '1', ...rule]);
  }
}

export async function withdrawForwarding(run: Run, interfaces: string, comment: string): Promise<void> {
  for (const direction of ['-i', '-o']) {
    const rule = [direction, interfaces, '-m', 'comment', '--comment', comment, '-j', 'ACCEPT'];
    // Repeated, should two starts at once have added it twice.
    for (let left = 4; left > 0; left--) {
      const removed = await run('iptables', [...LOCK_WAIT, '-D', 'FORWARD', ...rule]).then(
        () => true,
        () => false,
      );
      if (!removed) break;
    }
  }
}
