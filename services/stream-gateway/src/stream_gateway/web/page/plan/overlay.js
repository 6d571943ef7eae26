/**
 * What lies over the seats and comes and goes: the selection, what is pending, the keyboard's
 * cursor, the place under the pointer, and a short flash where something changed.
 */

import { h } from '../dom.js';

const FLASH_MS = 700;
/** More at once would be fireworks. */
const MOST_FLASHES = 60;
const FULL_TURN = 2 * Math.PI;

export class Overlay {
  canvas = h('canvas', { 'aria-hidden': 'true' });
  cursor = null;
  #board;
  #camera;
  #venue;
  #colours = {};
  #flashes = [];
  #still = matchMedia('(prefers-reduced-motion: reduce)');

  constructor(board, camera, venue) {
    this.#board = board;
    this.#camera = camera;
    this.#venue = venue;
  }

  readColours(element) {
    const style = getComputedStyle(element);
    for (const name of ['accent', 'ink', 'floor']) {
      this.#colours[name] = style.getPropertyValue(`--${name}`).trim();
    }
  }

  flash(place) {
    if (this.#still.matches || this.#flashes.length >= MOST_FLASHES) return;
    this.#flashes.push({ place, since: performance.now() });
  }

  /** @returns {boolean} whether it moves by itself and wants the next frame too */
  paint(ratio) {
    const context = this.canvas.getContext('2d');
    const { x, y, k } = this.#camera;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.setTransform(k * ratio, 0, 0, k * ratio, -x * k * ratio, -y * k * ratio);
    for (const id of this.#board.selection) this.#chosen(context, this.#venue.byId.get(id));
    const pending = this.#pending(context);
    if (this.cursor) this.#ring(context, this.cursor, this.#colours.ink, 3, 5);
    const flashing = this.#flash(context);
    return flashing || (pending && !this.#still.matches);
  }

  #chosen(context, place) {
    if (!place) return;
    context.fillStyle = this.#colours.accent;
    for (const each of [place, ...place.seats]) {
      context.beginPath();
      context.arc(each.x, each.y, each.w * 0.52, 0, FULL_TURN);
      context.fill();
    }
    for (const each of [place, ...place.seats]) this.#tick(context, each);
    this.#ring(context, place, this.#colours.ink, 1.5, 0.5);
  }

  #tick(context, { x, y, w }) {
    const unit = w * 0.16;
    context.strokeStyle = this.#colours.floor;
    context.lineWidth = w * 0.1;
    context.lineCap = 'round';
    context.beginPath();
    context.moveTo(x - 1.4 * unit, y);
    context.lineTo(x - 0.3 * unit, y + 1.1 * unit);
    context.lineTo(x + 1.5 * unit, y - 1.1 * unit);
    context.stroke();
  }

  #pending(context) {
    const pending = this.#board.pending();
    const turn = this.#still.matches ? 0 : performance.now() / 60;
    for (const id of pending) {
      const place = this.#venue.byId.get(id);
      if (!place) continue;
      const dash = place.w / 4;
      context.setLineDash([dash, dash]);
      context.lineDashOffset = (-turn * dash) / 6;
      this.#ring(context, place, this.#colours.accent, 3, 2);
      context.setLineDash([]);
    }
    return pending.length > 0;
  }

  #ring(context, { x, y, w, h: height }, colour, px, gapPx) {
    context.strokeStyle = colour;
    context.lineWidth = px / this.#camera.k;
    context.beginPath();
    context.arc(x, y, Math.max(w, height) / 2 + (gapPx + px / 2) / this.#camera.k, 0, FULL_TURN);
    context.stroke();
  }

  #flash(context) {
    const now = performance.now();
    this.#flashes = this.#flashes.filter(({ since }) => now - since < FLASH_MS);
    for (const { place, since } of this.#flashes) {
      const passed = (now - since) / FLASH_MS;
      context.globalAlpha = 1 - passed;
      this.#ring(context, place, this.#colours.ink, 2, 2 + 14 * passed);
    }
    context.globalAlpha = 1;
    return this.#flashes.length > 0;
  }
}
