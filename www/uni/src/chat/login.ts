/** Who is logged in, and at which relay. */
export interface Login {
  /** The relay's address. */
  relay: string;
  user: string;
  /** The app that the token is for: a relay serves several. */
  app: string;
  token: string;
}

const KEY = 'login';

/**
 * Logs in by name alone, at a relay in development mode. In an app of your own, your server
 * knows the user and gives the token.
 * @throws {Error} with a sentence for people, as the relay or the host says it
 */
export async function logIn(relay: string, user: string): Promise<Login> {
  const answer = await post(`${relay}/dev/token`, { user });
  const { token, app } = answer as Partial<Login>;
  if (token === undefined || app === undefined) throw new Error(`${relay} is not a relay`);
  return { relay, user, app, token };
}

/** The log-in of last time; none after a log-out. */
export function keptLogin(): Login | undefined {
  const kept: unknown = uni.getStorageSync(KEY);
  return typeof kept === 'object' && kept !== null ? (kept as Login) : undefined;
}

export function keepLogin(login: Login): void {
  uni.setStorageSync(KEY, login);
}

export function forgetLogin(): void {
  uni.removeStorageSync(KEY);
}

/** The address as typed, made complete: `chat.example.com` is `https://chat.example.com`. */
export function relayAddress(typed: string): string {
  const address = typed.trim().replace(/\/+$/, '');
  return /^https?:\/\//.test(address) ? address : `https://${address}`;
}

function post(url: string, data: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    uni.request({
      url,
      method: 'POST',
      data,
      timeout: 10_000,
      header: { 'content-type': 'application/json' },
      success: ({ statusCode, data: answer }) => {
        if (statusCode === 200) resolve(answer);
        else reject(new Error(refusal(answer) ?? `${url}: ${statusCode}`));
      },
      fail: ({ errMsg }: { errMsg?: string }) => {
        reject(new Error(errMsg ?? url));
      },
    });
  });
}

/** What the relay says of why it refused. */
function refusal(answer: unknown): string | undefined {
  return (answer as { error?: { message?: string } } | null)?.error?.message;
}
