// How much a visitor downloads before the client runs.
import { readFile } from 'node:fs/promises';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

/** For wasm and glue together. */
export const gzip_bytes_max = 64 * 1024;

/**
 * @param {Record<string, string>} files a name and a path for each
 * @returns {Promise<Record<string, { raw_bytes: number, gzip_bytes: number, brotli_bytes: number }>>}
 *   one entry for each file, and `total`
 */
export async function measure(files) {
  const sizes = {};
  const total = { raw_bytes: 0, gzip_bytes: 0, brotli_bytes: 0 };
  for (const [name, path] of Object.entries(files)) {
    const content = await readFile(path);
    sizes[name] = {
      raw_bytes: content.length,
      gzip_bytes: gzipSync(content, { level: 9 }).length,
      brotli_bytes: brotliCompressSync(content, {
        params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY },
      }).length,
    };
    for (const unit of Object.keys(total)) total[unit] += sizes[name][unit];
  }
  return { ...sizes, total };
}

/** The lines of a small table. */
export function formatSizes(sizes) {
  const kilobytes = (bytes) => `${(bytes / 1024).toFixed(1)} KB`.padStart(10);
  const row = (name, cells) => `${name.padEnd(8)}${cells.join('')}`;
  return [
    row(
      '',
      ['raw', 'gzip', 'brotli'].map((title) => title.padStart(10)),
    ),
    ...Object.entries(sizes).map(([name, { raw_bytes, gzip_bytes, brotli_bytes }]) =>
      row(name, [raw_bytes, gzip_bytes, brotli_bytes].map(kilobytes)),
    ),
    row('budget', [''.padStart(10), kilobytes(gzip_bytes_max)]),
  ];
}
