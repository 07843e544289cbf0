/** Counters, gauges and histograms in the Prometheus text format: what `/metrics` answers. A series is one object that the hot path keeps and bumps. */
export interface Counter {
  add(amount?: number): void;
}

export interface Gauge {
  set(value: number): void;
  add(amount: number): void;
}

export interface Histogram {
  observe(value: number): void;
}

export type LabelValues = Readonly<Record<string, string>>;

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly series: Map<string, { text(): string }>;
}

/** Seconds, as kube-apiserver's request durations. */
const LATENCY_BUCKETS = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60] as const;

const escapeLabel = (value: string): string => value.replace(/[\\"\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`));
const labelText = (labels: LabelValues): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeLabel(value)}"`)
    .join(',');
const braces = (labels: string): string => (labels === '' ? '' : `{${labels}}`);

class Value implements Counter, Gauge {
  #value = 0;
  readonly #head: string;
  constructor(head: string) {
    this.#head = head;
  }
  add(amount = 1): void {
    this.#value += amount;
  }
  set(value: number): void {
    this.#value = value;
  }
  text(): string {
    return `${this.#head} ${this.#value}\n`;
  }
}

class Buckets implements Histogram {
  readonly #counts: Float64Array;
  #sum = 0;
  readonly #name: string;
  readonly #labels: string;
  readonly #bounds: readonly number[];
  constructor(name: string, labels: string, bounds: readonly number[]) {
    this.#name = name;
    this.#labels = labels;
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }
  observe(value: number): void {
    let at = 0;
    while (at < this.#bounds.length && value > this.#bounds[at]!) at++;
    this.#counts[at]!++;
    this.#sum += value;
  }
  text(): string {
    const prefix = this.#labels === '' ? '' : `${this.#labels},`;
    let total = 0;
    let text = '';
    for (let at = 0; at <= this.#bounds.length; at++) {
      total += this.#counts[at]!;
      text += `${this.#name}_bucket{${prefix}le="${this.#bounds[at] ?? '+Inf'}"} ${total}\n`;
    }
    return `${text}${this.#name}_sum${braces(this.#labels)} ${this.#sum}\n${this.#name}_count${braces(this.#labels)} ${total}\n`;
  }
}

export class Metrics {
  readonly #families = new Map<string, Family>();
  readonly #beforeText: (() => void)[] = [];

  /** Runs before each `text()`: for gauges that are cheaper read than kept. */
  collect(callback: () => void): void {
    this.#beforeText.push(callback);
  }

  #series<T extends { text(): string }>(type: Family['type'], name: string, help: string, labels: LabelValues, make: (labels: string) => T): T {
    let family = this.#families.get(name);
    if (family === undefined) this.#families.set(name, (family = { name, help, type, series: new Map() }));
    const key = labelText(labels);
    let series = family.series.get(key) as T | undefined;
    if (series === undefined) family.series.set(key, (series = make(key)));
    return series;
  }

  counter(name: string, help: string, labels: LabelValues = {}): Counter {
    return this.#series('counter', name, help, labels, (text) => new Value(`${name}${braces(text)}`));
  }

  gauge(name: string, help: string, labels: LabelValues = {}): Gauge {
    return this.#series('gauge', name, help, labels, (text) => new Value(`${name}${braces(text)}`));
  }

  histogram(name: string, help: string, labels: LabelValues = {}, bounds: readonly number[] = LATENCY_BUCKETS): Histogram {
    return this.#series('histogram', name, help, labels, (text) => new Buckets(name, text, bounds));
  }

  text(): string {
    for (const callback of this.#beforeText) callback();
    let text = '';
    for (const { name, help, type, series } of this.#families.values()) {
      text += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
      for (const one of series.values()) text += one.text();
    }
    return text;
  }
}
