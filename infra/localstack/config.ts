import type { AgentsDoorConfig } from './agents-door.ts';

/** What `npm run localstack` tells the gateway's program. */
export interface PlaceConfig {
  /** Of the emulator. */
  readonly endpoint: string;
  /** Of the table and its stream, where they are not the emulator's: DynamoDB Local. The table is made there. */
  readonly tableEndpoint?: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** The stack's name, and the cluster's. */
  readonly stack: string;
  readonly cluster: string;
  readonly podCIDR: string;
  readonly serviceCIDR: string;
  readonly listen: readonly string[];
  readonly port: number;
  readonly apiAddress: string;
  readonly serving: { readonly certFile: string; readonly keyFile: string };
  readonly caFile: string;
  /** How the API function and the gateway node show themselves to agents. */
  readonly kubeletClient: { readonly certFile: string; readonly keyFile: string };
  /** Where the deployed code is unpacked. */
  readonly codeFolder: string;
  /** Nodes sign their requests; the agent of many simulated nodes shows a token from a file. */
  readonly agents: readonly ({ readonly name: string; readonly role: 'node' } | { readonly name: string; readonly role: 'simulated'; readonly tokenFile: string })[];
  /** Absent without nodes. */
  readonly agentsDoor?: AgentsDoorConfig;
  readonly nasty: boolean;
  /** A file that gets a line for every call of AWS; absent: nothing is counted. */
  readonly ledger?: string;
}

/** Who is who in the emulator's account, for the STS that checks signatures. */
export const ACCOUNT = '000000000000';
export const ADMIN_ARN = `arn:aws:iam::${ACCOUNT}:role/local-admin`;
export const NODE_ROLE = 'paperplane-node';
/** IAM's own name of that role: sessions are known by it. */
export const NODE_ROLE_ID = 'AROALOCALNODE';
export const SIMULATED_ROLE = 'paperplane-simulated';

/** The key of an agent, known to this place alone. */
export const agentKey = (name: string): string => `ASIALOCAL${name.replaceAll(/[^a-z0-9]/gi, '').toUpperCase()}`;
