/** The clusters of one installation: each is one item, so that a new one costs a write and no resources. */

/** An AWS identity and who it is in the cluster. */
export interface AccessEntry {
  /** Of a role or user, without path differences mended: `arn:aws:iam::111122223333:role/admin`. */
  readonly arn: string;
  readonly username: string;
  readonly groups: readonly string[];
}

export interface ClusterRecord {
  /** Unique in the installation; part of URLs and of the signed header of tokens. */
  readonly name: string;
  /**
   * The first part of its keys: the name, a dot and chance, so that a cluster made anew under a name sees nothing of the one before. Names
   * hold no dot.
   */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** PEM (PKCS #8): signs the tokens of the cluster's service accounts. */
  readonly serviceAccountKey: string;
  readonly serviceCIDR: string;
  readonly podCIDR: string;
  readonly access: readonly AccessEntry[];
  /** Where nodes and pods reach the API server by an address, where that is not the installation's. */
  readonly api?: { readonly address: string; readonly port: number };
}

export class ClusterExists extends Error {
  readonly code = 'CLUSTER_EXISTS';
  constructor(name: string) {
    super(`cluster ${JSON.stringify(name)} exists already`);
  }
}

/** The cluster was written by a newer version than this code. */
export class NewerFormat extends Error {
  readonly code = 'NEWER_FORMAT';
  constructor(name: string, found: number, known: number) {
    super(`cluster ${JSON.stringify(name)} is kept in format ${found}, and this code knows ${known}: deploy the functions anew`);
  }
}

export interface Clusters {
  get(name: string): Promise<ClusterRecord | undefined>;
  list(): Promise<readonly ClusterRecord[]>;
  /** @throws ClusterExists */
  create(record: ClusterRecord): Promise<void>;
  /** Nobody finds it any more; its items are removed later. False where there was none. */
  remove(name: string): Promise<boolean>;
  /** The ids of deleted clusters that may still have items. */
  deleted(): Promise<readonly string[]>;
  /** Nothing is left of that one. */
  forget(id: string): Promise<void>;
}
