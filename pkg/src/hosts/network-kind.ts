import type { NetworkKind } from './types.js';

/** From the names that browsers and mini-programs have: `wifi`, `WIFI`, `4g`, `cellular` … */
export function networkKind(name = ''): NetworkKind {
  const kind = name.toLowerCase();
  if (kind === 'wifi' || kind === 'ethernet') return kind;
  return /^([2-9]g|cellular|wwan)$/.test(kind) ? 'cellular' : 'unknown';
}
