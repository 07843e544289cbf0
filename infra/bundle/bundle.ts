/**
 * A function's code as it is deployed: one minified ES module made by esbuild, in a folder as Lambda unpacks it. `function/index.mjs` holds the code, and
 * `generated/` beside it what the code reads from disk when it is asked for (OpenAPI documents).
 */
import { build, type Metafile, type Plugin } from 'esbuild';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';

const ROOT = join(import.meta.dirname, '..', '..');
/** Parts of CommonJS that some packages still ask for. */
const BANNER = "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";
const DOCUMENTS = ['openapi.json', 'openapi.bin'] as const;

/** Large JSON, packed: a fifth of the size, read in a millisecond, where as a program it took the compiler several times that. */
const packedJson: Plugin = {
  name: 'packed-json',
  setup(setup) {
    setup.onLoad({ filter: /generated\/.*\.json$/ }, ({ path }) => {
      const packed = deflateRawSync(JSON.stringify(JSON.parse(readFileSync(path, 'utf8'))), { level: 9 }).toString('base64');
      return { contents: `import { inflateRawSync } from 'node:zlib'; export default JSON.parse(inflateRawSync(Buffer.from('${packed}', 'base64')).toString());`, loader: 'js' };
    });
  },
};

/**
 * An ES import of `http` evaluates all of its exports, the lazy ones too, and so loads fetch and WebSocket: 20 ms of every cold start for nothing.
 * Taken as a whole it does not.
 */
const lazyHttp: Plugin = {
  name: 'lazy-http',
  setup(setup) {
    setup.onResolve({ filter: /^(?:node:)?http$/ }, () => ({ path: 'http', namespace: 'lazy' }));
    setup.onLoad({ filter: /.*/, namespace: 'lazy' }, ({ path }) => ({ contents: `module.exports = process.getBuiltinModule('node:${path}');`, loader: 'js' }));
  },
};

export const HANDLER = 'function/index.handler';

export interface Bundle {
  /** What becomes the function's zip file. */
  readonly directory: string;
  /** Of the code alone. */
  readonly bytes: number;
  readonly inputs: Metafile['inputs'];
}

export interface BundleOptions {
  /** Relative to the root of the repository. */
  readonly entry: string;
  readonly directory: string;
  /** Whether it serves the API and so needs the OpenAPI documents. */
  readonly documents?: boolean;
  /** Functions get their credentials from Lambda; others look where every AWS tool looks. */
  readonly isFunction?: boolean;
}

export async function bundle({ entry, directory, documents = false, isFunction = true }: BundleOptions): Promise<Bundle> {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(join(directory, 'function'), { recursive: true });
  const file = join(directory, 'function', 'index.mjs');
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile: file,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    minify: true,
    // class names travel in errors
    keepNames: false,
    legalComments: 'none',
    banner: { js: BANNER },
    plugins: [packedJson, lazyHttp],
    ...(isFunction ? { alias: { '@aws-sdk/credential-provider-node': join(import.meta.dirname, 'environment-credentials.ts') } } : {}),
    metafile: true,
    logLevel: 'error',
  });
  if (documents) {
    for (const name of DOCUMENTS) {
      const from = join(ROOT, 'layers', 'kinds', 'generated', name);
      if (existsSync(from)) cpSync(from, join(directory, 'generated', name));
    }
  }
  return { directory, bytes: statSync(file).size, inputs: metafile.inputs };
}
