import type { ClientOptions } from 'seqline';

import { isFresh, logInByName, type Login } from '@seqline/shared/session/login.ts';

/**
 * Gives the client its tokens. In development mode a new one is fetched when the old one
 * expired or was refused; a pasted one is all there is.
 */
export class TokenSource {
  private readonly renewed: (login: Login) => void;
  private login: Login;
  private isRefused = false;

  constructor(login: Login, renewed: (login: Login) => void) {
    this.login = login;
    this.renewed = renewed;
  }

  get option(): ClientOptions['token'] {
    if (!this.login.isDev) return this.login.token;
    return (reason) => this.tokenFor(reason === 'expired');
  }

  /**
   * The relay does not know the token, as after a restart with another secret.
   * @returns whether trying again with another one makes sense
   */
  refuse(): boolean {
    if (!this.login.isDev || this.isRefused) return false;
    this.isRefused = true;
    return true;
  }

  accept(): void {
    this.isRefused = false;
  }

  private async tokenFor(mustBeNew: boolean): Promise<string> {
    if (mustBeNew || this.isRefused || !isFresh(this.login, Date.now())) {
      this.login = await logInByName(this.login.user);
      this.renewed(this.login);
    }
    return this.login.token;
  }
}
