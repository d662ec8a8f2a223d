// The token with which requests are tried. Kept in this page's memory only: it is gone
// with the page.

interface Credentials {
  use: (token: string) => void;
  forget: () => void;
}

export function connectTokenForm(credentials: Credentials): void {
  const form = element('token-form', HTMLFormElement);
  const input = element('token', HTMLInputElement);
  const forget = element('forget', HTMLButtonElement);
  const status = element('status', HTMLElement);

  const use = (token: string, of: string) => {
    input.value = token;
    forget.hidden = token === '';
    if (token === '') credentials.forget();
    else credentials.use(token);
    status.textContent = of;
  };

  form.addEventListener('submit', (event) => {
    event.preventDefault();
  });
  input.addEventListener('change', () => {
    const token = input.value.trim();
    use(token, token === '' ? '' : whose(token));
  });
  forget.addEventListener('click', () => {
    use('', 'The token is forgotten.');
    input.focus();
  });
  void offerDevTokens((token) => {
    use(token, whose(token));
  }, status);
}

/** In development the relay gives tokens for the asking. */
async function offerDevTokens(use: (token: string) => void, status: HTMLElement): Promise<void> {
  const info: unknown = await fetch('/v1/info')
    .then((reply) => reply.json())
    .catch(() => null);
  if (!isRecord(info) || info['dev'] !== true) return;
  const form = element('dev-form', HTMLFormElement);
  const user = element('user', HTMLInputElement);
  const scope = element('scope', HTMLSelectElement);
  form.hidden = false;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    askForToken(user.value.trim(), scope.value).then(use, (error: unknown) => {
      status.textContent = error instanceof Error ? error.message : String(error);
    });
  });
}

async function askForToken(user: string, scope: string): Promise<string> {
  const reply = await fetch('/dev/token', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user, scope }),
  });
  const body: unknown = await reply.json();
  if (isRecord(body) && typeof body['token'] === 'string') return body['token'];
  const error = isRecord(body) && isRecord(body['error']) ? body['error']['message'] : undefined;
  throw new Error(typeof error === 'string' ? error : `no token (status ${reply.status})`);
}

/** What a token says of itself; the relay checks it. */
function whose(token: string): string {
  try {
    const payload = token.split('.')[1]?.replace(/-/g, '+').replace(/_/g, '/') ?? '';
    const claims: unknown = JSON.parse(atob(payload));
    if (isRecord(claims) && typeof claims['scope'] === 'string') {
      return `Requests carry a token of scope ${claims['scope']}, of ${String(claims['sub'])}.`;
    }
  } catch {
    // Said below.
  }
  return 'This does not look like a token; requests carry it all the same.';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function element<T extends HTMLElement>(id: string, type: abstract new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`#${id} is missing`);
  return found;
}
