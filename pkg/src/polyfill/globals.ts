/**
 * Put in the place of globals when the entry points for hosts that may lack them are bundled.
 * Nothing global is changed: what else runs in the app sees what it saw before.
 */
import { smallAtob, smallBtoa } from './base64.js';
import { SmallTextDecoder, SmallTextEncoder } from './text.js';

const encoder = typeof TextEncoder === 'function' ? TextEncoder : SmallTextEncoder;
const decoder = typeof TextDecoder === 'function' ? TextDecoder : SmallTextDecoder;
const decode = typeof atob === 'function' ? atob : smallAtob;
const encode = typeof btoa === 'function' ? btoa : smallBtoa;

export { decode as atob, encode as btoa, decoder as TextDecoder, encoder as TextEncoder };
