import { type FilterPlugin, refusal } from '../plugin.ts';

const TAKEN = refusal('NodePorts', "node(s) didn't have free ports for the requested pod ports", true);

export const nodePorts: FilterPlugin = {
  name: 'NodePorts',
  begin: ({ pod: { ports } }) => (ports.length === 0 ? undefined : (node) => (ports.some((port) => node.clashes(port)) ? TAKEN : undefined)),
};
