/** What the process itself takes, under the names that every Prometheus client uses. */
import type { Metrics } from './registry.ts';

export function processMetrics(metrics: Metrics): void {
  const cpu = metrics.counter('process_cpu_seconds_total', 'Total user and system CPU time spent in seconds.');
  const memory = metrics.gauge('process_resident_memory_bytes', 'Resident memory size in bytes.');
  const started = metrics.gauge('process_start_time_seconds', 'Start time of the process since unix epoch in seconds.');
  started.set(Math.round(performance.timeOrigin) / 1000);
  let told = 0;
  metrics.collect(() => {
    const { user, system } = process.cpuUsage();
    const seconds = (user + system) / 1e6;
    cpu.add(seconds - told);
    told = seconds;
    memory.set(process.memoryUsage.rss());
  });
}
