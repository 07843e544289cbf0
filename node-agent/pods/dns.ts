/** resolv.conf and hosts of a pod. */
import type { Pod } from './pod.ts';

export interface DnsSettings {
  readonly clusterDNS: readonly string[];
  readonly clusterDomain: string;
  /** The host's own resolv.conf. */
  readonly hostResolvConf: string;
}

interface Resolver {
  readonly nameservers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

/** As libc reads them: at most three servers count, the search list may be long. */
const MAX_NAMESERVERS = 3;
const MAX_SEARCHES = 32;

export function parseResolvConf(text: string): Resolver {
  const nameservers: string[] = [];
  let searches: string[] = [];
  let options: string[] = [];
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line.trim().split(/\s+/);
    if (keyword === 'nameserver' && values[0] !== undefined) nameservers.push(values[0]);
    else if (keyword === 'search' || keyword === 'domain') searches = values.filter((value) => value !== '.');
    else if (keyword === 'options') options = values;
  }
  return { nameservers, searches, options };
}

function base(pod: Pod, settings: DnsSettings): Resolver {
  const host = parseResolvConf(settings.hostResolvConf);
  const policy = pod.spec.dnsPolicy ?? 'ClusterFirst';
  if (policy === 'None') return { nameservers: [], searches: [], options: [] };
  const clusterFirst = policy === 'ClusterFirstWithHostNet' || (policy === 'ClusterFirst' && pod.spec.hostNetwork !== true);
  if (!clusterFirst || settings.clusterDNS.length === 0) return host;
  const domain = settings.clusterDomain;
  return {
    nameservers: settings.clusterDNS,
    searches: [`${pod.metadata.namespace}.svc.${domain}`, `svc.${domain}`, domain, ...host.searches],
    options: ['ndots:5'],
  };
}

export function resolvConf(pod: Pod, settings: DnsSettings): string {
  const from = base(pod, settings);
  const config = pod.spec.dnsConfig;
  const unique = (values: readonly string[]): string[] => [...new Set(values)];
  const nameservers = unique([...from.nameservers, ...(config?.nameservers ?? [])]).slice(0, MAX_NAMESERVERS);
  const searches = unique([...from.searches, ...(config?.searches ?? [])]).slice(0, MAX_SEARCHES);
  // An option given again replaces the one of the same name.
  const options = new Map(from.options.map((option) => [option.split(':')[0]!, option]));
  for (const { name, value } of config?.options ?? []) options.set(name, value === undefined || value === '' ? name : `${name}:${value}`);
  return [
    ...(searches.length > 0 ? [`search ${searches.join(' ')}`] : []),
    ...nameservers.map((server) => `nameserver ${server}`),
    ...(options.size > 0 ? [`options ${[...options.values()].join(' ')}`] : []),
    '',
  ].join('\n');
}

const HOSTNAME_LENGTH = 63;

export function hostnameOf(pod: Pod, clusterDomain: string): { readonly hostname: string; readonly fqdn?: string } {
  if (pod.spec.hostnameOverride !== undefined && pod.spec.hostnameOverride !== '') return { hostname: pod.spec.hostnameOverride };
  const hostname = (pod.spec.hostname === undefined || pod.spec.hostname === '' ? pod.metadata.name : pod.spec.hostname).slice(0, HOSTNAME_LENGTH).replace(/[-.]+$/, '');
  if (pod.spec.subdomain === undefined || pod.spec.subdomain === '') return { hostname };
  return { hostname, fqdn: `${hostname}.${pod.spec.subdomain}.${pod.metadata.namespace}.svc.${clusterDomain}` };
}

const aliases = (pod: Pod): string => {
  const entries = pod.spec.hostAliases ?? [];
  return entries.length === 0 ? '' : `\n# Entries added by HostAliases.\n${entries.map(({ ip, hostnames }) => `${ip}\t${(hostnames ?? []).join('\t')}\n`).join('')}`;
};

export function hostsFile(pod: Pod, ips: readonly string[], clusterDomain: string, hostFile: string): string {
  if (pod.spec.hostNetwork === true) return `# Kubernetes-managed hosts file (host network).\n${hostFile}${aliases(pod)}`;
  const { hostname, fqdn } = hostnameOf(pod, clusterDomain);
  const own = ips.map((ip) => `${ip}\t${fqdn === undefined ? '' : `${fqdn}\t`}${hostname}\n`).join('');
  return `# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
${own}${aliases(pod)}`;
}
