import { expect, test } from 'vitest';
import { behaviourOf } from './commands.ts';

test.each([
  [['/bin/true'], { exitAfterMs: 0, exitCode: 0 }],
  [['false'], { exitAfterMs: 0, exitCode: 1 }],
  [['sleep', '2'], { exitAfterMs: 2000, exitCode: 0 }],
  [['sh', '-c', 'echo hello; sleep 1 && exit 3'], { exitAfterMs: 1000, exitCode: 3, log: 'hello\n' }],
  [['/bin/sh', '-c', 'sleep 0.5\nfalse'], { exitAfterMs: 500, exitCode: 1 }],
])('%j ends by itself', (command, expected) => {
  expect(behaviourOf(command)).toMatchObject(expected);
});

test.each([[[]], [['nginx', '-g', 'daemon off;']], [['sh', '-c', 'sleep 1; ./server']], [['sleep', 'infinity']]])('%j runs until it is stopped', (command) => {
  expect(behaviourOf(command).exitAfterMs).toBeUndefined();
});

test('an init container ends at once whatever it is told to run', () => {
  expect(behaviourOf(['/core', 'init'], true)).toEqual({ exitAfterMs: 0, exitCode: 0, log: '' });
  expect(behaviourOf(['sh', '-c', 'exit 2'], true)).toMatchObject({ exitCode: 2 });
});
