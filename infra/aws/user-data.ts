/**
 * What an instance runs at its first start: Docker from the distribution, Node.js from the npm registry (checked against the hash of this
 * repository's lock file), the agent from the stack's assets, and a unit that keeps it running.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface UserDataOptions {
  readonly region: string;
  readonly cluster: string;
  /** The agents' door: the function URL. */
  readonly server: string;
  /** `s3://bucket/key` of the agent's code, a zip file. */
  readonly agent: string;
  readonly arch: 'arm64' | 'x64';
  readonly clusterCIDR: string;
  readonly serviceCIDR: string;
  readonly clusterDNS: string;
}

interface NodePackage {
  readonly version: string;
  /** SRI, `sha512-BASE64`. */
  readonly integrity: string;
}

/** The pinned Node.js, as the lock file has it. */
export function nodePackage(arch: 'arm64' | 'x64'): NodePackage {
  const lock = JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'package-lock.json'), 'utf8')) as { readonly packages: Readonly<Record<string, NodePackage>> };
  return lock.packages[`node_modules/node-linux-${arch}`]!;
}

/** Lines of a shell script. Values come from the stack alone, never from a user of a cluster. */
export function userDataLines(options: UserDataOptions): readonly string[] {
  const { version, integrity } = nodePackage(options.arch);
  const name = `node-linux-${options.arch}`;
  const config = {
    clusterName: options.cluster,
    server: options.server,
    caFile: '/etc/pki/tls/certs/ca-bundle.crt',
    stateDir: '/var/lib/paperplane',
    runtime: 'docker',
    clusterDNS: options.clusterDNS,
    clusterDomain: 'cluster.local',
    clusterCIDR: options.clusterCIDR,
    serviceCIDR: options.serviceCIDR,
    // nobody is known by a certificate: callers show tokens, and the cluster says what they may
    kubelet: { certFile: '/etc/paperplane/kubelet.crt', keyFile: '/etc/paperplane/kubelet.key' },
    // where its queue and its items are the door says
    aws: { region: options.region },
  };
  return [
    'set -euo pipefail',
    'dnf install -y docker nftables conntrack-tools unzip',
    'systemctl enable --now docker',
    'install -d -m 0755 /opt/paperplane /etc/paperplane /var/lib/paperplane',
    `curl -fsSL --retry 5 -o /tmp/node.tgz https://registry.npmjs.org/${name}/-/${name}-${version}.tgz`,
    `test "$(openssl dgst -sha512 -binary /tmp/node.tgz | openssl base64 -A)" = "${integrity.slice('sha512-'.length)}"`,
    'tar -xzf /tmp/node.tgz -C /opt/paperplane --strip-components=1 package/bin/node',
    `aws s3 cp --region ${options.region} ${options.agent} /tmp/agent.zip`,
    'unzip -oq /tmp/agent.zip -d /opt/paperplane/agent',
    'rm -f /tmp/node.tgz /tmp/agent.zip',
    'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj "/CN=$(hostname)" -keyout /etc/paperplane/kubelet.key -out /etc/paperplane/kubelet.crt',
    'chmod 0600 /etc/paperplane/kubelet.key',
    // pods' packets carry pods' addresses
    'imds=$(curl -fsS --retry 5 -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 60" http://169.254.169.254/latest/api/token)',
    'instance=$(curl -fsS --retry 5 -H "X-aws-ec2-metadata-token: $imds" http://169.254.169.254/latest/meta-data/instance-id)',
    `aws ec2 modify-instance-attribute --region ${options.region} --instance-id "$instance" --no-source-dest-check`,
    // the instance's own facts come from IMDSv2 when the agent starts
    `printf '%s' '${JSON.stringify(config)}' > /etc/paperplane/agent.json`,
    "cat > /etc/systemd/system/paperplane-agent.service <<'UNIT'",
    '[Unit]',
    'Description=Paperplane node agent',
    'After=docker.service network-online.target',
    'Requires=docker.service',
    'Wants=network-online.target',
    '[Service]',
    'ExecStart=/opt/paperplane/bin/node /opt/paperplane/agent/function/index.mjs --aws-config /etc/paperplane/agent.json',
    'Restart=always',
    'RestartSec=2',
    // containers outlive the agent
    'KillMode=process',
    '[Install]',
    'WantedBy=multi-user.target',
    'UNIT',
    'systemctl daemon-reload',
    'systemctl enable --now paperplane-agent',
  ];
}
