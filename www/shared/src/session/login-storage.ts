// The log-in is kept per window, so that two windows of one browser can be two users.
import type { Login } from './login.ts';

export function storedLogin(key: string): Login | undefined {
  try {
    const text = sessionStorage.getItem(key);
    return text === null ? undefined : (JSON.parse(text) as Login);
  } catch {
    // Storage is forbidden or was tampered with: log in again.
    return undefined;
  }
}

export function storeLogin(key: string, login: Login | undefined): void {
  try {
    if (login) sessionStorage.setItem(key, JSON.stringify(login));
    else sessionStorage.removeItem(key);
  } catch {
    // Without storage, a reload asks to log in again.
  }
}
