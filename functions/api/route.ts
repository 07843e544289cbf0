/** Which cluster a path means: `/clusters/NAME/api/v1/...`, or the installation's default one where nothing is said. */

export interface Route {
  readonly cluster: string;
  /** Without the part that names the cluster; percent-encoding kept. */
  readonly path: string;
}

const PREFIX = /^\/clusters\/([^/]+)(\/.*)?$/;

export function routeOf(path: string, defaultCluster: string): Route {
  const match = PREFIX.exec(path);
  return match === null ? { cluster: defaultCluster, path } : { cluster: match[1]!, path: match[2] ?? '/' };
}
