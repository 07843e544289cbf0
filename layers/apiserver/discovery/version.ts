/** What `/version` says: a Kubernetes 1.36, and which build of it this is. */
import { arch, platform } from 'node:process';

export interface BuildInfo {
  readonly gitVersion: string;
  readonly gitCommit: string;
  readonly buildDate: string;
}

/** Newest Kubernetes release of the minor version that this server behaves like. */
export const KUBERNETES_VERSION = 'v1.36.3';

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

export function versionDocument(build: BuildInfo): Record<string, string> {
  const [major, minor] = build.gitVersion.slice(1).split('.');
  return {
    major: major!,
    minor: minor!,
    emulationMajor: major!,
    emulationMinor: minor!,
    minCompatibilityMajor: major!,
    minCompatibilityMinor: String(Number(minor) - 1),
    gitVersion: build.gitVersion,
    gitCommit: build.gitCommit,
    gitTreeState: 'clean',
    buildDate: build.buildDate,
    goVersion: 'none',
    compiler: `node${process.versions.node}`,
    platform: `${platform}/${ARCHITECTURES[arch] ?? arch}`,
  };
}
