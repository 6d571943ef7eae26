/**
 * The floor plan: chooses the drawing, keeps the camera, shows what is under the pointer.
 *
 * SVG where it is small enough to be a set of buttons, canvas beyond; see canvas-plan.js for what
 * was measured.
 */

import { fill, h } from '../dom.js';
import { arrange } from '../arrange.js';
import { Camera } from './camera.js';
import { CanvasPlan } from './canvas-plan.js';
import { SvgPlan } from './svg-plan.js';

/** Beyond so many places they are drawn on canvas, and no buttons. */
export const MOST_BUTTONS = 300;
const CLOSEST_PX = 110;
const SHOWN_PX = 30;

export class Plan {
  #host;
  #venue;
  #words;
  #drawing;
  #camera;
  #tip = h('div.tip', { hidden: true, 'aria-hidden': 'true' });
  #drawn = null;
  /** Zoom, to be put where it covers nothing. */
  buttons;
  #watching;

  /**
   * @param {HTMLElement} host
   * @param {{venue: object, board: object, words: object, announce: (text: string) => void,
   *   pick: (id: string) => void}} night
   */
  constructor(host, { venue, board, words, announce, pick }) {
    this.#host = host;
    this.#venue = venue;
    this.#words = words;
    const stage = h('div.stage');
    this.#camera = new Camera(stage, () => this.#moved());
    const Drawing = venue.places.length > MOST_BUTTONS ? CanvasPlan : SvgPlan;
    this.#drawing = new Drawing({ venue, board, camera: this.#camera, words, announce, pick });
    stage.append(this.#drawing.element);
    stage.addEventListener('pointermove', (event) => this.#hover(event));
    stage.addEventListener('pointerleave', () => this.#hideTip());
    fill(host, stage, this.#tip);
    this.buttons = this.#buttons();
    this.#watching = new ResizeObserver(() => this.#resize());
    this.#watching.observe(stage);
    this.#resize();
  }

  /** @param {Iterable<string>|null} ids  null: all */
  paint(ids) {
    this.#drawing.paint(ids);
  }

  focus(id) {
    this.#drawing.focus(id);
  }

  /** Goes where these places are, close enough to see them. */
  show(ids) {
    const places = ids.map((id) => this.#venue.byId.get(id)).filter(Boolean);
    if (places.length === 0) return;
    const middle = (axis) => places.reduce((sum, place) => sum + place[axis], 0) / places.length;
    const [x, y] = [middle('x'), middle('y')];
    const spread = Math.max(
      ...places.map((place) => Math.hypot(place.x - x, place.y - y) + place.w),
    );
    const fits = Math.min(this.#camera.width, this.#camera.height) / (spread * 3);
    this.#camera.approach(
      { x, y },
      Math.max(this.#camera.k, Math.min(fits, SHOWN_PX / places[0].w)),
    );
  }

  remove() {
    this.#watching.disconnect();
    fill(this.#host);
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.#host;
    if (width === 0 || height === 0) return;
    const arrangement = arrange(this.#venue, width / height);
    if (arrangement.shape !== this.#drawn) {
      this.#drawn = arrangement.shape;
      const { bounds } = arrangement;
      if (arrangement.fixed) this.#host.style.setProperty('--proportion', bounds.w / bounds.h);
      else this.#host.style.removeProperty('--proportion');
      Object.assign(this.#camera, { width, height });
      const smallest = Math.min(...this.#venue.places.map((place) => Math.min(place.w, place.h)));
      this.#camera.frame(bounds, CLOSEST_PX / smallest);
      this.#drawing.draw(arrangement);
      this.#drawing.paint(null);
    }
    this.#camera.resize(width, height);
  }

  #moved() {
    this.#hideTip();
    // The camera may move before there is a drawing: it is framed first.
    this.#drawing?.move();
  }

  #hover(event) {
    const place =
      event.pointerType === 'mouse' && event.buttons === 0 ? this.#drawing.placeAt(event) : null;
    this.#host.classList.toggle('pointing', place !== null);
    if (!place) return this.#hideTip();
    const box = this.#host.getBoundingClientRect();
    const [name, ...rest] = this.#words.label(place).split(', ');
    fill(
      this.#tip,
      h('strong', {}, name),
      rest.map((word) => h('span', {}, word)),
    );
    this.#tip.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = this.#tip;
    const x = Math.min(event.clientX - box.left + 14, box.width - width - 8);
    const below = event.clientY - box.top + 18;
    const y = below + height > box.height ? event.clientY - box.top - height - 12 : below;
    this.#tip.style.transform = `translate(${Math.max(8, x)}px, ${y}px)`;
    return undefined;
  }

  #hideTip() {
    this.#tip.hidden = true;
  }

  #buttons() {
    const button = (label, sign, onclick) =>
      h('button', { type: 'button', 'aria-label': label, title: label, onclick }, sign);
    return h(
      'div.zoom',
      {},
      button('Zoom in', '+', () => this.#camera.zoom(1.6)),
      button('Zoom out', '−', () => this.#camera.zoom(1 / 1.6)),
      button('Show all', '⤢', () => this.#camera.fit()),
    );
  }
}
