/**
 * A function's code as it is deployed: one minified ES module made by esbuild, in a folder as Lambda unpacks it. `function/index.mjs` holds the code, and
 * `generated/` beside it what the code reads from disk when it is asked for (OpenAPI documents).
 */
import { build, type Metafile } from 'esbuild';
import { cpSync, existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');
/** Parts of CommonJS that some packages still ask for. */
const BANNER = "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";
const DOCUMENTS = ['openapi.json', 'openapi.bin'] as const;

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
}

export async function bundle({ entry, directory, documents = false }: BundleOptions): Promise<Bundle> {
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
