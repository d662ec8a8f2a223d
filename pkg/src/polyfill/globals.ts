/**
 * Put in the place of globals when the entry points for hosts that may lack them are bundled.
 * Nothing global is changed: what else runs in the app sees what it saw before.
 */
import { SmallAbortController } from './abort.js';
import { smallAtob, smallBtoa } from './base64.js';
import { SmallTextDecoder, SmallTextEncoder } from './text.js';

const encoder = typeof TextEncoder === 'function' ? TextEncoder : SmallTextEncoder;
const decoder = typeof TextDecoder === 'function' ? TextDecoder : SmallTextDecoder;
const aborter = typeof AbortController === 'function' ? AbortController : SmallAbortController;
const decode = typeof atob === 'function' ? atob : smallAtob;
const encode = typeof btoa === 'function' ? btoa : smallBtoa;

export {
  aborter as AbortController,
  decode as atob,
  encode as btoa,
  decoder as TextDecoder,
  encoder as TextEncoder,
};
