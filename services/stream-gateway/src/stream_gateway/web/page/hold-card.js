/** A hold of ours: what it is, how long it lasts, and what to do with it. */

import { fill, h, svg } from './dom.js';
import { clock, duration, money } from './format.js';

const RADIUS = 20;
const ROUND = 2 * Math.PI * RADIUS;
const SOON_MS = 60_000;
const AGAIN_MS = 1_000;

export class HoldCard {
  element = h('article.card.hold');
  #hold;
  #venue;
  #clock;
  #actions;
  #left = h('time.left', { 'aria-hidden': 'true' });
  #arc = svg('circle', { class: 'arc', r: RADIUS, cx: 24, cy: 24, transform: 'rotate(-90 24 24)' });
  #form;
  #items = h('ul.items');
  #sums = h('p.sums');
  #until = h('p.muted.small');
  #warned = false;
  #asked = 0;

  /**
   * @param {{confirm: Function, extend: Function, release: Function, expired: Function,
   *   announce: (text: string) => void}} actions
   */
  constructor({ hold, venue, clock: time, actions }) {
    this.#venue = venue;
    this.#clock = time;
    this.#actions = actions;
    this.#form = this.#confirmForm(hold);
    this.element.dataset.holdId = hold.holdId;
    fill(
      this.element,
      h(
        'header.card-head',
        {},
        h('div', {}, h('h3', {}, 'Held for you'), this.#until),
        h('div.timer', { role: 'timer', 'aria-label': 'Time left' }, this.#ring(), this.#left),
      ),
      this.#items,
      this.#sums,
      this.#form,
      h(
        'div.row',
        {},
        this.#button('Extend', () => actions.extend(this.#hold)),
        this.#button('Release', () => actions.release(this.#hold)),
      ),
    );
    this.update(hold);
  }

  /** @param {object} hold  the same one, newer */
  update(hold) {
    if (hold === this.#hold) return;
    this.#hold = hold;
    this.#warned = false;
    this.#until.textContent = `until ${clock(hold.expiresAt, this.#venue.timezone)}`;
    fill(
      this.#items,
      hold.items.map((item) =>
        h(
          'li',
          {},
          h('span', {}, this.#name(item)),
          item.amount > 0 ? h('span', {}, money(item.amount, hold.currency)) : null,
        ),
      ),
    );
    const deposit =
      hold.depositAmount > 0 ? `Deposit ${money(hold.depositAmount, hold.currency)} · ` : '';
    const total =
      hold.totalAmount > 0
        ? h('strong', {}, `Total ${money(hold.totalAmount, hold.currency)}`)
        : null;
    fill(this.#sums, deposit, total);
    this.#sums.hidden = hold.totalAmount === 0 && hold.depositAmount === 0;
    this.tick();
  }

  /** Called a few times a second. */
  tick() {
    const left = Date.parse(this.#hold.expiresAt) - this.#clock.now();
    const whole = this.#venue.policy.holdTtlSeconds * 1000;
    this.#left.textContent = duration(left);
    this.#arc.setAttribute(
      'stroke-dasharray',
      `${Math.max(0, Math.min(1, left / whole)) * ROUND} ${ROUND}`,
    );
    this.element.classList.toggle('soon', left < SOON_MS);
    if (left <= 0) this.#over();
    else if (left < SOON_MS && !this.#warned) {
      this.#warned = true;
      this.#actions.announce(`Your hold ends in ${duration(left)}.`);
    }
  }

  /** The server ends holds, not we: it is asked now and then until it has. */
  #over() {
    const now = this.#clock.now();
    if (now - this.#asked < AGAIN_MS) return;
    this.#asked = now;
    this.#actions.expired();
  }

  busy(busy) {
    this.element.setAttribute('aria-busy', busy);
    for (const control of this.element.querySelectorAll('button')) control.disabled = busy;
  }

  #name(item) {
    const name = this.#venue.byId.get(item.sectionId)?.name ?? item.sectionId;
    return item.quantity > 1 ? `${item.quantity} × ${name}` : name;
  }

  #button(text, onclick) {
    return h('button.quiet', { type: 'button', onclick }, text);
  }

  #ring() {
    return svg(
      'svg',
      { viewBox: '0 0 48 48', 'aria-hidden': 'true' },
      svg('circle', { class: 'track', r: RADIUS, cx: 24, cy: 24 }),
      this.#arc,
    );
  }

  #confirmForm(hold) {
    const field = (label, name, type, autocomplete, required) =>
      h(
        'label.field',
        {},
        label,
        h('input', { name, type, autocomplete, required, maxLength: name === 'name' ? 200 : 320 }),
      );
    const word = this.#venue.policy.requiresApproval ? 'Request booking' : 'Confirm booking';
    return h(
      'form.confirm',
      {
        onsubmit: (event) => {
          event.preventDefault();
          const { name, email } = Object.fromEntries(new FormData(event.target));
          this.#actions.confirm(this.#hold, { name: name.trim(), email: email.trim() || null });
        },
      },
      field('Name', 'name', 'text', 'name', true),
      field('E-mail', 'email', 'email', 'email', true),
      hold.depositAmount > 0
        ? h(
            'p.muted.small',
            {},
            `A deposit of ${money(hold.depositAmount, hold.currency)} is due. The booking is made when the payment arrives; this page takes none.`,
          )
        : null,
      h('button.primary', { type: 'submit' }, word),
    );
  }
}
