import { SeqlineError } from './error.js';

/** Where a relay listens, unless the app's URL has a path of its own. */
const SOCKET_PATH = '/v1/socket';

const SOCKET_PROTOCOLS: Record<string, string> = {
  'http:': 'ws:',
  'https:': 'wss:',
  'ws:': 'ws:',
  'wss:': 'wss:',
};

/**
 * The WebSocket URL of a relay.
 * @throws {SeqlineError} `url_invalid`
 */
export function socketUrl(given: string | URL): string {
  const text = String(given);
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw invalid(text, 'is not an absolute URL');
  }
  const protocol = SOCKET_PROTOCOLS[url.protocol];
  if (protocol === undefined) throw invalid(text, `has the protocol ${url.protocol}`);
  if (url.username || url.password) throw invalid(text, 'has a user or a password; use `token`');
  if (url.hash) throw invalid(text, 'has a fragment (#)');
  if (protocol === 'ws:' && isSecurePage() && !isLoopback(url.hostname)) {
    throw invalid(text, 'is not encrypted, and a page loaded over https may not open it');
  }
  url.protocol = protocol;
  if (url.pathname === '/') url.pathname = SOCKET_PATH;
  return url.href;
}

function invalid(text: string, what: string): SeqlineError {
  return new SeqlineError({
    code: 'url_invalid',
    message: `"${text}" ${what}. Give the relay's URL, for example https://chat.example.com`,
    retryable: false,
  });
}

const isSecurePage = () =>
  typeof location === 'object' && (location as Location | null)?.protocol === 'https:';

const isLoopback = (host: string) => /^(localhost|.*\.localhost|127\..*|\[::1\])$/.test(host);
