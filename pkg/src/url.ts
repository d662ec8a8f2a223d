import { SeqlineError } from './error.js';

/** Where a relay listens, unless the app's URL has a path of its own. */
const SOCKET_PATH = '/v1/socket';

/** Protocol, user, host, port, path, query, fragment. Mini-programs have no `URL` to ask. */
const URL_PARTS =
  /^([a-z][a-z\d+.-]*:)\/\/(?:([^/?#]*)@)?(\[[\da-f:.]+\]|[^/?#:[\]\s<>^|%\\]+)(:\d{0,5})?(\/[^?#]*)?(\?[^#]*)?(#.*)?$/i;

/** What has to be escaped, which mini-programs leave to the app. */
const UNSAFE = /(?:[^!-~\ud800-\udfff]|[\ud800-\udbff][\udc00-\udfff])+/g;

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
  const text = String(given).trim();
  const parts = URL_PARTS.exec(text);
  if (!parts) throw invalid(text, 'is not an absolute URL');
  const [, scheme = '', user, host = '', port = '', path = '', query = '', fragment] = parts;
  const protocol = SOCKET_PROTOCOLS[scheme.toLowerCase()];
  if (protocol === undefined) throw invalid(text, `has the protocol ${scheme}`);
  if (Number(port.slice(1)) > 65_535) throw invalid(text, 'has a port beyond 65535');
  if (user !== undefined) throw invalid(text, 'has a user or a password; use `token`');
  if (fragment !== undefined) throw invalid(text, 'has a fragment (#)');
  if (protocol === 'ws:' && isSecurePage() && !isLoopback(host)) {
    throw invalid(text, 'is not encrypted, and a page loaded over https may not open it');
  }
  const place = path === '' || path === '/' ? SOCKET_PATH : path;
  const rest = (place + query).replace(UNSAFE, encodeURIComponent);
  return `${protocol}//${host.toLowerCase()}${port === ':' ? '' : port}${rest}`;
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

const isLoopback = (host: string) => /^(localhost|.*\.localhost|127\..*|\[::1\])$/i.test(host);
