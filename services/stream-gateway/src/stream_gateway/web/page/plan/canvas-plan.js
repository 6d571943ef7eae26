/**
 * A large venue on canvas. Measured in Chromium without a GPU, 10,000 seats, processor slowed four
 * times to be like a phone: to change one seat takes SVG 83 ms a frame, and to pan 100 ms; here it
 * takes 17 ms and 17 to 50 ms. Two layers: below the seats, drawn again only where they changed;
 * above what comes and goes (pointer, selection, pending, flashes), redrawn as a whole.
 *
 * Looks differ in form, not only in colour: available full, held hollow, taken a small dot, ours
 * larger with a rim.
 */

import { h } from '../dom.js';
import { Grid } from './grid.js';
import { isArrow, nearest } from './nearest.js';
import { Overlay } from './overlay.js';
import { SeatPainter } from './seat-painter.js';

/** Beyond so many changes at once a whole redraw is cheaper. */
const MANY = 300;
/** Seats smaller than this cannot be meant: a click goes closer instead. */
const PICKABLE_PX = { mouse: 8, pen: 12, touch: 18 };
const CLOSER_PX = 26;
const REACH_PX = 400;

export class CanvasPlan {
  #venue;
  #board;
  #camera;
  #words;
  #announce;
  #pick;
  #grid;
  #painter;
  #overlay;
  #dirty = new Set();
  #all = true;
  #frame = 0;
  #cursor = null;
  #base = h('canvas', { 'aria-hidden': 'true' });
  element;

  /**
   * @param {{venue: object, board: object, camera: object, words: object,
   *   announce: (text: string) => void, pick: (id: string) => void}} parts
   */
  constructor({ venue, board, camera, words, announce, pick }) {
    this.#venue = venue;
    this.#board = board;
    this.#camera = camera;
    this.#words = words;
    this.#announce = announce;
    this.#pick = pick;
    this.#overlay = new Overlay(board, camera, venue);
    this.element = h(
      'div.drawing.seats',
      {
        tabindex: 0,
        role: 'application',
        'aria-roledescription': 'seat plan',
        'aria-label': `Seats of ${venue.name}. Arrow keys go from seat to seat, Enter selects, plus and minus zoom.`,
      },
      this.#base,
      this.#overlay.canvas,
    );
    this.element.addEventListener('click', (event) => this.#choose(event));
    this.element.addEventListener('keydown', (event) => this.#key(event));
    this.element.addEventListener('blur', () => this.#point(null));
    for (const query of ['(prefers-color-scheme: dark)', '(prefers-contrast: more)']) {
      matchMedia(query).addEventListener('change', () => this.#recolour());
    }
  }

  draw() {
    this.#grid = new Grid(this.#venue.places);
    this.#painter = new SeatPainter(this.#venue, this.#board);
    this.#recolour();
  }

  move() {
    this.#all = true;
    this.#schedule();
  }

  /** @param {Iterable<string>|null} ids  null: all */
  paint(ids) {
    if (ids === null) this.#all = true;
    else {
      for (const id of ids) {
        this.#dirty.add(id);
        const place = this.#venue.byId.get(id);
        if (place && this.#painter?.changed(place)) this.#overlay.flash(place);
      }
    }
    this.#schedule();
  }

  placeAt(event) {
    const at = this.#at(event);
    const small = this.#seatPx() < PICKABLE_PX[event.pointerType || 'mouse'];
    return small ? null : this.#grid.at(at, 3 / this.#camera.k);
  }

  focus() {
    this.element.focus();
  }

  #at(event) {
    const box = this.element.getBoundingClientRect();
    return this.#camera.toWorld(event.clientX - box.left, event.clientY - box.top);
  }

  #seatPx() {
    return this.#painter.smallest * this.#camera.k;
  }

  #choose(event) {
    const place = this.placeAt(event);
    if (place) this.#pick(place.id);
    else if (this.#seatPx() < PICKABLE_PX[event.pointerType || 'mouse']) {
      this.#camera.approach(this.#at(event), CLOSER_PX / this.#painter.smallest);
    }
  }

  #key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (isArrow(event.key)) this.#step(event.key);
    else if (event.key === '+' || event.key === '=') this.#camera.zoom(1.6);
    else if (event.key === '-') this.#camera.zoom(1 / 1.6);
    else if ((event.key === 'Enter' || event.key === ' ') && this.#cursor) {
      this.#pick(this.#cursor.id);
      this.#announce(this.#words.label(this.#cursor));
    } else return;
    event.preventDefault();
  }

  #step(key) {
    const { x, y } =
      this.#cursor ?? this.#camera.toWorld(this.#camera.width / 2, this.#camera.height / 2);
    const reach = Math.max(REACH_PX / this.#camera.k, this.#painter.smallest * 6);
    const near = this.#grid.within(x - reach, y - reach, x + reach, y + reach);
    const next = nearest(near, { x, y }, key);
    if (!next) return;
    this.#point(next);
    if (this.#seatPx() < PICKABLE_PX.mouse)
      this.#camera.approach(next, CLOSER_PX / this.#painter.smallest);
    else this.#camera.reveal(next);
    this.#announce(this.#words.label(next));
  }

  #point(place) {
    this.#cursor = place;
    this.#overlay.cursor = place;
    this.#schedule();
  }

  #recolour() {
    this.#painter.readColours(this.element);
    this.#overlay.readColours(this.element);
    this.move();
  }

  #schedule() {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#render());
  }

  #render() {
    this.#frame = 0;
    if (!this.#painter || !this.element.isConnected) return;
    const ratio = Math.min(devicePixelRatio || 1, 3);
    const { width, height } = this.#camera;
    if (fitted(this.#base, width, height, ratio)) this.#all = true;
    fitted(this.#overlay.canvas, width, height, ratio);
    const context = this.#base.getContext('2d');
    if (this.#all || this.#dirty.size > MANY) {
      const view = this.#camera.toWorld(width, height);
      this.#painter.paint(
        context,
        this.#camera,
        ratio,
        this.#grid.within(this.#camera.x, this.#camera.y, view.x, view.y),
      );
    } else {
      for (const id of this.#dirty) this.#repaint(context, ratio, this.#venue.byId.get(id));
    }
    this.#all = false;
    this.#dirty.clear();
    if (this.#overlay.paint(ratio)) this.#schedule();
  }

  #repaint(context, ratio, place) {
    if (!place) return;
    const half = Math.hypot(place.w, place.h) / 2 + 3 / this.#camera.k;
    const box = [place.x - half, place.y - half, place.x + half, place.y + half];
    this.#painter.paint(context, this.#camera, ratio, this.#grid.within(...box), box);
  }
}

/** Gives a canvas as many pixels as it covers. @returns whether that changed (and wiped) it */
function fitted(canvas, width, height, ratio) {
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width === w && canvas.height === h) return false;
  Object.assign(canvas, { width: w, height: h });
  return true;
}
