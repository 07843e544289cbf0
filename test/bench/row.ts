/** What a row of the bench is, and what it works on. */
import type { Target } from './http.ts';

/** One cluster under test. */
export interface Subject {
  readonly name: string;
  readonly target: Target;
  readonly namespace: string;
  /** Rows' counts are multiplied by this. */
  readonly size: number;
  /** Objects made so far by a row or as a fixture of a later one. */
  readonly made: Set<'configmaps' | 'pods' | 'many'>;
  /** Whether what the rows create is sent as protobuf. */
  readonly protobuf: boolean;
  /** There is only the API server: nobody makes accounts or removes what a namespace holds. */
  readonly alone: boolean;
}

export interface Row {
  readonly id: string;
  readonly title: string;
  /** kube-apiserver 1.36 with etcd on two shared cores of this kind of machine. */
  readonly kubernetes: string;
  readonly goal: string;
  run(subject: Subject): Promise<Outcome>;
}

export interface Outcome {
  readonly text: string;
  readonly failed: number;
}
