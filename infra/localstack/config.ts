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
  readonly agents: readonly { readonly name: string; readonly role: 'node' | 'simulated'; readonly tokenFile: string }[];
  readonly nasty: boolean;
}

/** Who is who in the emulator's account, for the STS that checks signatures. */
export const ACCOUNT = '000000000000';
export const ADMIN_ARN = `arn:aws:iam::${ACCOUNT}:role/local-admin`;
export const NODE_ROLE = 'paperplane-node';
export const SIMULATED_ROLE = 'paperplane-simulated';
