/** Who looks: a token, kept for this tab alone. It says who one is; the server decides what one may. */

import { guestSession } from '../sdk/holdfast.js';
import { bearer, keepToken, takeToken } from './address.js';

export class Session {
  #token = takeToken();
  #button;
  #dialog;
  #config;
  #changed;

  /**
   * @param {{button: HTMLButtonElement, dialog: HTMLDialogElement}} elements
   * @param {() => void} changed
   */
  constructor({ button, dialog }, config, changed) {
    this.#button = button;
    this.#dialog = dialog;
    this.#config = config;
    this.#changed = changed;
    button.addEventListener('click', () => this.ask());
    dialog.querySelector('form').addEventListener('submit', () => this.#submitted());
    dialog.querySelector('[data-part=out]').addEventListener('click', () => this.#out());
    dialog.querySelector('[data-part=close]').addEventListener('click', () => dialog.close());
    // A link with a token, opened over a page that is there already.
    addEventListener('hashchange', () => this.#become(takeToken()));
    this.#show();
  }

  get token() {
    return this.#token;
  }

  /** `none`, or the role the token claims. */
  get role() {
    return this.#bearer?.role ?? 'none';
  }

  /** Whom the token claims to be of; null for nobody. */
  get subject() {
    return this.#bearer?.sub ?? null;
  }

  get #bearer() {
    return this.#token ? bearer(this.#token) : null;
  }

  ask() {
    const input = this.#dialog.querySelector('textarea');
    input.value = '';
    input.setCustomValidity('');
    this.#dialog.querySelector('[data-part=out]').hidden = this.role === 'none';
    this.#dialog.querySelector('[data-part=who]').textContent =
      this.#words() ?? 'Nobody is signed in on this tab.';
    this.#dialog.showModal();
  }

  /** @throws what the server says */
  async asGuest(club) {
    const { token } = await guestSession({ commandApi: this.#config.commandApi, club });
    keepToken(token);
    this.#token = token;
    this.#show();
  }

  /** The server takes this token no longer. */
  expired() {
    keepToken(null);
    this.#token = null;
    this.#show();
  }

  #submitted() {
    const token = this.#dialog
      .querySelector('textarea')
      .value.trim()
      .replace(/^Bearer\s+/i, '');
    if (token) this.#become(token);
  }

  #out() {
    this.#dialog.close();
    this.#become(null);
  }

  #become(token) {
    keepToken(token);
    this.#token = token;
    this.#show();
    this.#changed();
  }

  #words() {
    const who = this.#bearer;
    return who && `${who.name ?? who.sub} (${who.role}${who.club ? ` at ${who.club}` : ''})`;
  }

  #show() {
    const who = this.#bearer;
    this.#button.textContent = who ? (who.name ?? who.sub) : 'Sign in';
    this.#button.title = this.#words() ?? 'Nobody is signed in on this tab';
    this.#button.dataset.role = this.role;
  }
}
