// The log-in is kept per window, so that two windows of one browser can be two users.
import type { Login } from './login.ts';

const KEY = 'seqline.login';

export function storedLogin(): Login | undefined {
  try {
    const text = sessionStorage.getItem(KEY);
    return text === null ? undefined : (JSON.parse(text) as Login);
  } catch {
    // Storage is forbidden or was tampered with: log in again.
    return undefined;
  }
}

export function storeLogin(login: Login | undefined): void {
  try {
    if (login) sessionStorage.setItem(KEY, JSON.stringify(login));
    else sessionStorage.removeItem(KEY);
  } catch {
    // Without storage, a reload asks to log in again.
  }
}
