import { forgetLogin, keepLogin, keptLogin, type Login } from './login';
import { Session } from './session';

const LOGIN_PAGE = '/pages/login/login';

let current: Session | undefined;

/** Whether somebody is logged in. */
export const isLoggedIn = (): boolean => current !== undefined || keptLogin() !== undefined;

export function startSession(login: Login): void {
  keepLogin(login);
  current = new Session(login);
  current.connect();
}

/**
 * The session that every page shows. Any page may be the first one: a mini-program that is
 * restored, and an H5 page that is reloaded, begin where they were left.
 * @throws if nobody is logged in, on the way to the log-in page
 */
export function useSession(): Session {
  if (current) return current;
  const login = keptLogin();
  if (!login) {
    void uni.reLaunch({ url: LOGIN_PAGE });
    throw new Error('Nobody is logged in.');
  }
  current = new Session(login);
  current.connect();
  return current;
}

export async function endSession(): Promise<void> {
  const ended = current;
  current = undefined;
  forgetLogin();
  await uni.reLaunch({ url: LOGIN_PAGE });
  await ended?.close();
}
