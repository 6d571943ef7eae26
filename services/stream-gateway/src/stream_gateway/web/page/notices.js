/** One message at a time, seen and heard; and words for the ear alone. */

import { fill, h } from './dom.js';

const PASSING_MS = 8_000;

export class Notices {
  #host;
  #ear;
  #timer = null;

  /** @param {HTMLElement} host  @param {HTMLElement} ear  an aria-live region out of sight */
  constructor(host, ear) {
    this.#host = host;
    this.#ear = ear;
  }

  /** Only for those who listen. */
  announce(text) {
    // The same words again are no change, and nothing would be said.
    this.#ear.textContent = this.#ear.textContent === text ? `${text}\u00a0` : text;
  }

  /**
   * @param {'bad'|'good'|'plain'} mood  bad news stay until they are put away
   * @param {{title: string, text?: string, choices?: {text: string, choose: () => void}[]}} notice
   */
  show(mood, { title, text = '', choices = [] }) {
    clearTimeout(this.#timer);
    const away = () => this.clear();
    fill(
      this.#host,
      h(
        'div.notice',
        { 'data-mood': mood, role: mood === 'bad' ? 'alert' : 'status' },
        h('div', {}, h('strong', {}, title), text ? h('p', {}, text) : null),
        h('button.icon', { type: 'button', 'aria-label': 'Put away', onclick: away }, '×'),
        choices.length > 0
          ? h(
              'div.choices',
              {},
              choices.map(({ text: words, choose }) =>
                h('button.chip', { type: 'button', onclick: () => (away(), choose()) }, words),
              ),
            )
          : null,
      ),
    );
    if (mood !== 'bad') this.#timer = setTimeout(away, PASSING_MS);
  }

  clear() {
    clearTimeout(this.#timer);
    fill(this.#host);
  }
}
