import { expect, test } from 'vitest';
import { startOptions, stopOptions, UsageError } from './options.ts';

const env = { HOME: '/home/me', INIT_CWD: '/here' };

test("nothing given: the default cluster in the user's data folder", () => {
  expect(startOptions([], env)).toEqual({
    name: 'paperplane',
    dataDir: '/home/me/.local/share/paperplane/paperplane',
    detach: false,
    nodes: undefined,
    simulatedNodes: undefined,
    port: undefined,
    kubeconfig: undefined,
  });
});

test('all given; paths are relative to where the user stands', () => {
  expect(startOptions(['--detach', '--nodes', '3', '--simulated-nodes=7', '--name', 'two', '--data-dir', 'd', '--port', '7443', '--kubeconfig', 'k'], env)).toEqual({
    name: 'two',
    dataDir: '/here/d',
    detach: true,
    nodes: 3,
    simulatedNodes: 7,
    port: 7443,
    kubeconfig: '/here/k',
  });
  expect(stopOptions(['--name', 'two', '--purge'], env)).toEqual({ name: 'two', dataDir: '/home/me/.local/share/paperplane/two', purge: true });
});

test.each([
  [['--nodes', 'many'], '--nodes takes a number'],
  [['--nodes', '-1'], '--nodes'],
  [['--name', 'A B'], '--name takes'],
  [['--port', '70000'], '--port takes a number'],
  [['--nope'], 'Usage: npm start'],
  [['extra'], 'Usage: npm start'],
])('%j is refused: %s', (args, message) => {
  expect(() => startOptions(args, env)).toThrow(UsageError);
  expect(() => startOptions(args, env)).toThrow(message);
});
