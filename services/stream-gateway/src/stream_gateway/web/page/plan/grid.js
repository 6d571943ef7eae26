/** Which places lie in a rectangle, without asking ten thousand: a grid of cells over the floor. */

export class Grid {
  #cells = new Map();
  #size;
  #reach;

  /** @param {{x: number, y: number, w: number, h: number}[]} places  `x`, `y` in the middle */
  constructor(places) {
    this.#reach = Math.max(...places.map((place) => Math.hypot(place.w, place.h) / 2));
    const area = places.reduce((sum, place) => sum + place.w * place.h, 0);
    this.#size = Math.max(1, Math.sqrt(area / places.length) * 4);
    for (const place of places) {
      const key = this.#key(Math.floor(place.x / this.#size), Math.floor(place.y / this.#size));
      if (!this.#cells.has(key)) this.#cells.set(key, []);
      this.#cells.get(key).push(place);
    }
  }

  /** Those that may touch the rectangle. */
  *within(left, top, right, bottom) {
    const cell = (value) => Math.floor(value / this.#size);
    for (let row = cell(top - this.#reach); row <= cell(bottom + this.#reach); row += 1) {
      for (
        let column = cell(left - this.#reach);
        column <= cell(right + this.#reach);
        column += 1
      ) {
        for (const place of this.#cells.get(this.#key(column, row)) ?? []) {
          const half = Math.hypot(place.w, place.h) / 2;
          if (place.x + half < left || place.x - half > right) continue;
          if (place.y + half < top || place.y - half > bottom) continue;
          yield place;
        }
      }
    }
  }

  /** The place under a point, the smallest where several are; within `slack` around it. */
  at({ x, y }, slack = 0) {
    let found = null;
    for (const place of this.within(x - slack, y - slack, x + slack, y + slack)) {
      if (!covers(place, x, y, slack)) continue;
      if (found === null || place.w * place.h < found.w * found.h) found = place;
    }
    return found;
  }

  #key(column, row) {
    return column * 65_536 + row;
  }
}

function covers(place, x, y, slack) {
  const angle = (-place.rotation * Math.PI) / 180;
  const [dx, dy] = [x - place.x, y - place.y];
  const across = dx * Math.cos(angle) - dy * Math.sin(angle);
  const along = dx * Math.sin(angle) + dy * Math.cos(angle);
  return Math.abs(across) <= place.w / 2 + slack && Math.abs(along) <= place.h / 2 + slack;
}
