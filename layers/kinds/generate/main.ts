/** `npm run generate`: writes layers/kinds/generated/ from the packages of Kubernetes 1.36. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from './generate.ts';

const target = join(import.meta.dirname, '..', 'generated');
mkdirSync(target, { recursive: true });
for (const [file, content] of generate()) writeFileSync(join(target, file), content);
