/** What an operator decides about an installation, by CDK context (`-c nodes=2`). Everything has a default. */
import type { Node } from 'constructs';

export interface Settings {
  /** Name of the stack, and first part of the names of everything in it. */
  readonly name: string;
  /** The cluster that URLs without a cluster mean. */
  readonly defaultCluster: string;
  /** Nodes of the group now, and at most. */
  readonly nodes: number;
  readonly maxNodes: number;
  readonly instanceType: string;
  /** Whether state is thrown away with the stack. */
  readonly removeState: boolean;
  /** An emulator without response streaming, public image parameters and reserved concurrency. */
  readonly local: boolean;
  /** Set where an account's limit of concurrency is worth dividing (1,000 and more). */
  readonly reserveConcurrency: boolean;
  /** An image by id, for places without the public parameters. */
  readonly image: string | undefined;
  /** ARNs of roles and users that may create and delete clusters, and are administrators of those they create. */
  readonly administrators: readonly string[];
}

const NAME = /^[a-z][a-z0-9-]{0,23}$/;

export class BadSetting extends Error {
  readonly code = 'BAD_SETTING';
}

function whole(node: Node, name: string, fallback: number): number {
  const value = node.tryGetContext(name) as unknown;
  if (value === undefined) return fallback;
  const number = Number(value);
  if (!Number.isInteger(number) || number < 0 || number > 450) throw new BadSetting(`-c ${name}=... takes a number from 0 to 450, not ${JSON.stringify(value)}`);
  return number;
}

export function settingsOf(node: Node): Settings {
  const text = (name: string): string | undefined => {
    const value = node.tryGetContext(name) as unknown;
    return value === undefined ? undefined : String(value);
  };
  const name = text('name') ?? 'paperplane';
  if (!NAME.test(name)) throw new BadSetting(`-c name=... takes up to 24 lower case letters, digits and hyphens, not ${JSON.stringify(name)}`);
  const nodes = whole(node, 'nodes', 0);
  const administrators = (text('administrators') ?? '').split(',').filter((arn) => arn !== '');
  for (const arn of administrators)
    if (!/^arn:aws[a-z-]*:iam::\d{12}:(?:role|user)\/[\w+=,.@/-]+$/.test(arn))
      throw new BadSetting(`-c administrators=... takes ARNs of roles and users, not ${JSON.stringify(arn)}`);
  return {
    name,
    defaultCluster: text('cluster') ?? 'default',
    nodes,
    maxNodes: whole(node, 'maxNodes', Math.max(10, nodes)),
    instanceType: text('instanceType') ?? 't4g.small',
    removeState: text('removeState') === 'true',
    local: text('local') === 'true',
    reserveConcurrency: text('reserveConcurrency') === 'true',
    image: text('image'),
    administrators,
  };
}
