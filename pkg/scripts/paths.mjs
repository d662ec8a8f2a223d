import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const pkg = fileURLToPath(new URL('..', import.meta.url));

/** A path in what is published. */
export const inDist = (...parts) => join(pkg, 'dist', ...parts);
