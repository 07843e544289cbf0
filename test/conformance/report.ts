/** What a run of the suite came to: its report read, its specs by area, as a table. */

export interface SpecResult {
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** Seconds. */
  readonly seconds: number;
  /** First line of the failure. */
  readonly why?: string;
}

/** The parts used of ginkgo's JSON report. */
export interface GinkgoSuite {
  readonly SpecReports: readonly {
    readonly LeafNodeType: string;
    readonly LeafNodeText: string;
    readonly ContainerHierarchyTexts: readonly string[] | null;
    readonly State: string;
    /** Nanoseconds. */
    readonly RunTime: number;
    readonly Failure?: { readonly Message: string };
  }[];
}

const NANOSECONDS = 1e9;
const MAX_REASON_LENGTH = 300;
const firstLine = (text: string): string => text.trim().split('\n')[0]!.slice(0, MAX_REASON_LENGTH);

/** The specs that ran; those that a filter left out are not in it, those that skipped themselves are. */
export function specResults(report: readonly GinkgoSuite[]): readonly SpecResult[] {
  return report
    .flatMap((suite) => suite.SpecReports)
    .filter((spec) => spec.LeafNodeType === 'It' && (spec.State !== 'skipped' || spec.Failure !== undefined))
    .map((spec): SpecResult => {
      const name = [...(spec.ContainerHierarchyTexts ?? []), spec.LeafNodeText].join(' ');
      const outcome = spec.State === 'passed' ? 'passed' : spec.State === 'skipped' || spec.State === 'pending' ? 'skipped' : 'failed';
      const seconds = Math.round((spec.RunTime / NANOSECONDS) * 10) / 10;
      return outcome === 'passed' ? { name, outcome, seconds } : { name, outcome, seconds, why: firstLine(spec.Failure?.Message ?? spec.State) };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Failures of the suite itself, before or after all specs: without them "0 failed" could mean that nothing ran. */
export function suiteFailures(report: readonly GinkgoSuite[]): readonly string[] {
  return report
    .flatMap((suite) => suite.SpecReports)
    .flatMap((spec) => (spec.LeafNodeType !== 'It' && spec.Failure !== undefined ? [`${spec.LeafNodeType}: ${firstLine(spec.Failure.Message)}`] : []));
}

/** `[sig-apps] Deployment should ...` is of the area `sig-apps`. */
const areaOf = (name: string): string => /^\[(sig-[^\]]+)\]/.exec(name)?.[1] ?? 'other';

/** A Markdown table of counts by area, then a line for each spec that failed with its first reason. */
export function summary(results: readonly SpecResult[]): string {
  const areas = [...new Set(results.map((spec) => areaOf(spec.name)))].sort();
  const count = (area: string | undefined, outcome: SpecResult['outcome']): number =>
    results.filter((spec) => spec.outcome === outcome && (area === undefined || areaOf(spec.name) === area)).length;
  const row = (title: string, area: string | undefined): string => `| ${title} | ${count(area, 'passed')} | ${count(area, 'failed')} | ${count(area, 'skipped')} |`;
  const failed = results.filter((spec) => spec.outcome === 'failed');
  return [
    '| area | passed | failed | skipped |',
    '|---|---|---|---|',
    ...areas.map((area) => row(area, area)),
    row('all', undefined),
    ...(failed.length === 0 ? [] : ['', '| failed | first reason |', '|---|---|', ...failed.map((spec) => `| ${spec.name} | ${(spec.why ?? '').replaceAll('|', '\\|')} |`)]),
  ].join('\n');
}
