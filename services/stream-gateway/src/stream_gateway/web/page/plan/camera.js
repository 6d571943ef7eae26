/**
 * Where one looks: pan and zoom by mouse, wheel, touch and keys, the same for both drawings.
 *
 *   screen = (world - {x, y}) * k
 *
 * One finger pans only while zoomed in; before that it scrolls the page, or a phone's reader would be
 * caught in the drawing. A drag is no click: the click that ends one is swallowed.
 */

const CLICK_SLOP = 6;
const EDGE = 0.98;
const GLIDE_MS = 200;

export class Camera {
  x = 0;
  y = 0;
  k = 1;
  width = 1;
  height = 1;
  #host;
  #moved;
  #bounds = { x: 0, y: 0, w: 1, h: 1 };
  #closest = 1;
  #pointers = new Map();
  #dragging = false;
  #swallow = false;
  #glide = 0;

  /** @param {HTMLElement} host  @param {() => void} moved */
  constructor(host, moved) {
    this.#host = host;
    this.#moved = moved;
    host.addEventListener('pointerdown', (event) => this.#down(event));
    host.addEventListener('pointermove', (event) => this.#move(event));
    for (const type of ['pointerup', 'pointercancel']) {
      host.addEventListener(type, (event) => this.#up(event));
    }
    host.addEventListener('click', (event) => this.#click(event), { capture: true });
    host.addEventListener('wheel', (event) => this.#wheel(event), { passive: false });
  }

  /** @param {number} closest  the largest scale */
  frame(bounds, closest) {
    this.#bounds = bounds;
    this.#closest = closest;
    this.fit();
  }

  get fitted() {
    const { w, h } = this.#bounds;
    return Math.min(this.width / w, this.height / h) * EDGE;
  }

  get zoomed() {
    return this.k > this.fitted * 1.02;
  }

  resize(width, height) {
    if (width === this.width && height === this.height) return;
    const followsFit = !this.zoomed;
    Object.assign(this, { width, height });
    if (followsFit) this.fit();
    else this.#settle();
  }

  fit() {
    cancelAnimationFrame(this.#glide);
    const { x, y, w, h } = this.#bounds;
    this.k = this.fitted;
    this.x = x + w / 2 - this.width / this.k / 2;
    this.y = y + h / 2 - this.height / this.k / 2;
    this.#settle();
  }

  toWorld(screenX, screenY) {
    return { x: this.x + screenX / this.k, y: this.y + screenY / this.k };
  }

  toScreen(x, y) {
    return { x: (x - this.x) * this.k, y: (y - this.y) * this.k };
  }

  /** By buttons and keys: about the middle, unless told otherwise. */
  zoom(factor, at = { x: this.width / 2, y: this.height / 2 }) {
    const k = this.#scale(this.k * factor);
    const world = this.toWorld(at.x, at.y);
    this.#glideTo(world.x - at.x / k, world.y - at.y / k, k);
  }

  /** Brings a point to the middle at a scale. */
  approach(world, k) {
    const scale = this.#scale(k);
    this.#glideTo(world.x - this.width / scale / 2, world.y - this.height / scale / 2, scale);
  }

  /** Moves as little as needed to have a point in view. */
  reveal(world, margin = 48) {
    const { x, y } = this.toScreen(world.x, world.y);
    const dx = Math.min(0, x - margin) + Math.max(0, x - this.width + margin);
    const dy = Math.min(0, y - margin) + Math.max(0, y - this.height + margin);
    if (dx !== 0 || dy !== 0) this.#glideTo(this.x + dx / this.k, this.y + dy / this.k, this.k);
  }

  #scale(k) {
    return Math.max(this.fitted, Math.min(k, Math.max(this.#closest, this.fitted)));
  }

  #glideTo(x, y, k) {
    cancelAnimationFrame(this.#glide);
    const from = { x: this.x, y: this.y, k: this.k };
    const started = performance.now();
    const length = matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : GLIDE_MS;
    const step = () => {
      const passed = length === 0 ? 1 : Math.min(1, (performance.now() - started) / length);
      const eased = 1 - (1 - passed) ** 3;
      // Scales multiply, so the way between two of them is a power.
      this.k = from.k * (k / from.k) ** eased;
      const share = k === from.k ? eased : (1 / this.k - 1 / from.k) / (1 / k - 1 / from.k);
      this.x = from.x + (x - from.x) * share;
      this.y = from.y + (y - from.y) * share;
      this.#settle();
      if (passed < 1) this.#glide = requestAnimationFrame(step);
    };
    step();
  }

  #settle() {
    const { x, y, w, h } = this.#bounds;
    const [viewW, viewH] = [this.width / this.k, this.height / this.k];
    this.x = viewW >= w ? x + (w - viewW) / 2 : Math.max(x, Math.min(this.x, x + w - viewW));
    this.y = viewH >= h ? y + (h - viewH) / 2 : Math.max(y, Math.min(this.y, y + h - viewH));
    this.#host.classList.toggle('zoomed', this.zoomed);
    this.#moved();
  }

  #down(event) {
    if (event.button !== 0) return;
    this.#swallow = false;
    cancelAnimationFrame(this.#glide);
    this.#pointers.set(event.pointerId, {
      x: event.clientX,
      y: event.clientY,
      from: [event.clientX, event.clientY],
    });
  }

  #move(event) {
    const pointer = this.#pointers.get(event.pointerId);
    if (!pointer) return;
    const [dx, dy] = [event.clientX - pointer.x, event.clientY - pointer.y];
    if (!this.#dragging) {
      const [fromX, fromY] = pointer.from;
      if (Math.hypot(event.clientX - fromX, event.clientY - fromY) < CLICK_SLOP) return;
      this.#dragging = true;
      for (const id of this.#pointers.keys()) this.#host.setPointerCapture(id);
      this.#host.classList.add('dragging');
    }
    const before = this.#grip();
    Object.assign(pointer, { x: event.clientX, y: event.clientY });
    const after = this.#grip();
    if (this.#pointers.size > 1) this.#pinch(before, after);
    else {
      this.x -= dx / this.k;
      this.y -= dy / this.k;
    }
    this.#settle();
  }

  #pinch(before, after) {
    const world = this.toWorld(before.x, before.y);
    this.k = this.#scale((this.k * after.span) / Math.max(1, before.span));
    this.x = world.x - after.x / this.k;
    this.y = world.y - after.y / this.k;
  }

  /** The middle between the pointers, on the host, and how far they are apart. */
  #grip() {
    const all = [...this.#pointers.values()];
    const box = this.#host.getBoundingClientRect();
    const [x, y] = ['x', 'y'].map(
      (axis) => all.reduce((sum, each) => sum + each[axis], 0) / all.length,
    );
    const span = all.length > 1 ? Math.hypot(all[0].x - all[1].x, all[0].y - all[1].y) : 1;
    return { x: x - box.left, y: y - box.top, span };
  }

  #up(event) {
    if (!this.#pointers.delete(event.pointerId) || this.#pointers.size > 0) return;
    this.#swallow = this.#dragging && event.type === 'pointerup';
    this.#dragging = false;
    this.#host.classList.remove('dragging');
  }

  #click(event) {
    if (!this.#swallow || event.detail === 0) return;
    this.#swallow = false;
    event.stopPropagation();
    event.preventDefault();
  }

  #wheel(event) {
    event.preventDefault();
    cancelAnimationFrame(this.#glide);
    const box = this.#host.getBoundingClientRect();
    const at = { x: event.clientX - box.left, y: event.clientY - box.top };
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 20 : 1;
    const world = this.toWorld(at.x, at.y);
    this.k = this.#scale(this.k * Math.exp((-event.deltaY * lines) / (event.ctrlKey ? 150 : 500)));
    this.x = world.x - at.x / this.k;
    this.y = world.y - at.y / this.k;
    this.#settle();
  }
}
