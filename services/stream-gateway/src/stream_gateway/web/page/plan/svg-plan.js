/**
 * A small venue as SVG: every place is a button of its own, which keyboards reach and screen readers
 * name. Looks are attributes that the style sheet paints, so that the dark mode costs nothing.
 */

import { svg } from '../dom.js';
import { isArrow, nearest } from './nearest.js';
import { body, surroundings } from './shapes.js';

const WORDS = {
  held: 'held',
  unavailable: 'taken',
  mine: 'yours',
  booked: 'booked',
  absent: '',
  unknown: '',
};
/** What only staff are told of a place that is taken. */
const STATES = { pending_approval: 'to approve', confirmed: 'booked', blocked: 'blocked' };
const READABLE_PX = 9;

export class SvgPlan {
  #venue;
  #board;
  #words;
  #pick;
  #camera;
  #nodes = new Map();
  #looks = new Map();
  #world;
  element;

  /**
   * @param {{venue: object, board: object, camera: object, words: object,
   *   pick: (id: string) => void}} parts
   */
  constructor({ venue, board, camera, words, pick }) {
    this.element = svg('svg', {
      class: 'drawing',
      role: 'group',
      'aria-label': `Floor plan of ${venue.name}`,
    });
    this.#venue = venue;
    this.#board = board;
    this.#camera = camera;
    this.#words = words;
    this.#pick = pick;
    this.element.append(hatching());
    this.element.addEventListener('click', (event) => this.#choose(event));
    this.element.addEventListener('keydown', (event) => this.#key(event));
  }

  /** @param {{frames: object[]}} arrangement  the places have moved accordingly */
  draw({ frames }) {
    const focused = idOf(document.activeElement);
    this.#looks.clear();
    this.#world?.remove();
    this.#world = svg(
      'g',
      {},
      frames.map(floor),
      this.#venue.places.map((place) => this.#node(place)),
    );
    this.element.append(this.#world);
    this.move();
    if (focused) this.focus(focused);
  }

  move() {
    const { x, y, k } = this.#camera;
    this.#world?.setAttribute('transform', `scale(${k}) translate(${-x} ${-y})`);
    for (const { sub, size } of this.#nodes.values()) {
      sub.setAttribute('visibility', size * k >= READABLE_PX ? 'inherit' : 'hidden');
    }
  }

  /** @param {Iterable<string>|null} ids  null: all */
  paint(ids) {
    for (const id of ids ?? this.#nodes.keys()) if (this.#nodes.has(id)) this.#paint(id);
  }

  placeAt(event) {
    return this.#venue.byId.get(idOf(event.target)) ?? null;
  }

  focus(id) {
    this.#nodes.get(id)?.group.focus();
  }

  #node(place) {
    const turned = svg('g', { transform: place.rotation ? `rotate(${place.rotation})` : null });
    const shape = body(place);
    const veil = shape.cloneNode();
    veil.setAttribute('class', 'veil');
    const ring = shape.cloneNode();
    ring.setAttribute('class', 'ring');
    turned.append(...surroundings(place), shape, veil, ring);
    const { label, sub, size } = lettering(place);
    const group = svg(
      'g',
      {
        class: `place ${place.kind}`,
        'data-id': place.id,
        role: 'button',
        tabindex: 0,
        transform: `translate(${place.x} ${place.y})`,
      },
      turned,
      place.kind === 'pool' ? gauge(place) : null,
      label,
      sub,
    );
    group.style.setProperty('--hue', place.colour);
    group.addEventListener('animationend', () => group.classList.remove('changed'));
    this.#nodes.set(place.id, { group, sub, size });
    return group;
  }

  #paint(id) {
    const place = this.#venue.byId.get(id);
    const { group, sub } = this.#nodes.get(id);
    const seen = this.#board.look(id);
    const able = seen.selected || this.#board.canSelect(id);
    const before = this.#looks.get(id);
    this.#looks.set(id, seen.look + seen.free);
    if (before !== undefined && before !== seen.look + seen.free && !before.startsWith('unknown')) {
      group.classList.add('changed');
    }
    group.dataset.look = seen.look;
    group.dataset.pending = seen.pending;
    group.setAttribute('aria-pressed', seen.selected);
    group.setAttribute('aria-disabled', !able);
    group.setAttribute('aria-label', this.#words.label(place));
    const taken = seen.look === 'unavailable' ? STATES[seen.state] : undefined;
    sub.textContent =
      place.kind === 'pool' ? free(seen) : (taken ?? WORDS[seen.look] ?? this.#words.price(place));
    group.querySelector('.level')?.setAttribute('width', (place.w - 40) * (seen.free / seen.total));
  }

  #choose(event) {
    const id = idOf(event.target);
    if (id) this.#pick(id);
  }

  #key(event) {
    const place = this.#venue.byId.get(idOf(event.target));
    if (!place || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === 'Enter' || event.key === ' ') this.#pick(place.id);
    else if (isArrow(event.key)) {
      const next = nearest(this.#venue.places, place, event.key);
      if (next) {
        this.#camera.reveal(next);
        this.focus(next.id);
      }
    } else return;
    event.preventDefault();
  }
}

function idOf(target) {
  return target?.closest?.('.place')?.dataset.id ?? null;
}

function free({ look, free: left, total, own }) {
  if (look === 'unknown' || look === 'absent') return '';
  return `${left} of ${total} free${own > 0 ? ` · ${own} yours` : ''}`;
}

function floor({ label, x, y, w, h }) {
  return svg(
    'g',
    { class: 'floor', 'aria-hidden': 'true' },
    svg('rect', { x, y, width: w, height: h, rx: 28 }),
    label ? svg('text', { x: x + 40, y: y + 52, 'font-size': 30 }, label) : null,
  );
}

/** Sizes in the venue's units, so that letters grow with the drawing; as large as the place allows. */
function lettering(place) {
  const width = Math.min(place.w, place.rotation % 180 === 0 ? place.w : place.h);
  const height = Math.min(place.h, place.rotation % 180 === 0 ? place.h : place.w);
  const tall = height * (place.kind === 'pool' ? 0.16 : 0.36);
  const large = Math.min(tall, (width * 1.4) / Math.max(2, place.label.length), 46);
  const size = Math.min(height * 0.2, width * 0.24, 22);
  const text = (cls, y, fontSize, content = '') =>
    svg('text', { class: cls, y, 'font-size': fontSize, 'aria-hidden': 'true' }, content);
  return {
    label: text('label', place.kind === 'pool' ? -height * 0.2 : -size * 0.1, large, place.label),
    sub: text('sub', place.kind === 'pool' ? height * 0.08 : large * 0.5 + size * 0.55, size),
    size,
  };
}

function gauge({ w, h }) {
  const track = { x: -w / 2 + 20, y: h * 0.24, height: 12, rx: 6 };
  return svg(
    'g',
    { class: 'gauge', 'aria-hidden': 'true' },
    svg('rect', { ...track, width: w - 40 }),
    svg('rect', { ...track, class: 'level', width: 0 }),
  );
}

/** Stripes for what somebody holds: a state must show without its colour. */
function hatching() {
  return svg(
    'defs',
    {},
    svg(
      'pattern',
      {
        id: 'stripes',
        width: 12,
        height: 12,
        patternUnits: 'userSpaceOnUse',
        patternTransform: 'rotate(45)',
      },
      svg('rect', { class: 'stripe', width: 5, height: 12 }),
    ),
  );
}
