// How much a visitor downloads before the client runs, and what else there is to download.
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

/**
 * @typedef {object} Size
 * @property {number} raw_bytes
 * @property {number} gzip_bytes
 * @property {number} brotli_bytes
 *
 * @typedef {object} Row
 * @property {string} name
 * @property {Size} size
 * @property {number} [gzip_bytes_max] a budget, if it has one
 *
 * @typedef {object} Table
 * @property {string} title
 * @property {Row[]} rows
 */

/** What must not be exceeded, gzipped. */
export const budgets = {
  /** Wasm and glue together: everything that is compiled. */
  compiled: 64 * 1024,
  /** TypeScript of what a browser needs, without what is loaded when it is needed. */
  facade: 12 * 1024,
  /** `seqline/asm` as a whole. */
  asm: 110 * 1024,
};

/**
 * @param {string | Uint8Array} content
 * @returns {Size}
 */
export function sizeOf(content) {
  const bytes = Buffer.from(content);
  const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
  return {
    raw_bytes: bytes.length,
    gzip_bytes: gzipSync(bytes, { level: 9 }).length,
    brotli_bytes: brotliCompressSync(bytes, { params }).length,
  };
}

/** @param {Size[]} sizes @returns {Size} of files that are compressed each on its own */
export function sum(sizes) {
  const total = { raw_bytes: 0, gzip_bytes: 0, brotli_bytes: 0 };
  for (const size of sizes) for (const unit of Object.keys(total)) total[unit] += size[unit];
  return total;
}

/** @param {Table[]} tables @returns {Row[]} those over their budget */
export const excesses = (tables) =>
  tables
    .flatMap(({ rows }) => rows)
    .filter(({ size, gzip_bytes_max = Infinity }) => size.gzip_bytes > gzip_bytes_max);

/** @param {Table[]} tables @returns {string[]} lines to show */
export function formatSizes(tables) {
  const kilobytes = (bytes) => (bytes === undefined ? '' : `${(bytes / 1024).toFixed(1)} KB`);
  const rows = tables.flatMap(({ title, rows }) => [
    [title, 'raw', 'gzip', 'brotli', 'budget'],
    ...rows.map(({ name, size, gzip_bytes_max }) => [
      `  ${name}`,
      ...[size.raw_bytes, size.gzip_bytes, size.brotli_bytes, gzip_bytes_max].map(kilobytes),
    ]),
  ]);
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, ...cells]) =>
    `${name.padEnd(width)}${cells.map((cell) => cell.padStart(10)).join('')}`.trimEnd(),
  );
}
