/** The bench's table, in Markdown: as wide as it must be, line by line as rows come in. */
import type { Outcome, Row } from './row.ts';

export interface Result {
  readonly row: Row;
  /** One for each cluster. */
  readonly outcomes: readonly Outcome[];
}

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** The first two lines. */
export const report = (names: readonly string[]): string =>
  `${line(['row', 'kube-apiserver + etcd', 'goal', ...names])}\n${line(Array.from({ length: names.length + 3 }, () => '---'))}`;

export const printed = ({ row, outcomes }: Result): string =>
  line([row.title, row.kubernetes, row.goal, ...outcomes.map(({ text, failed }) => (failed === 0 || text.startsWith('failed') ? text : `${text}, ${failed} failed`))]);
