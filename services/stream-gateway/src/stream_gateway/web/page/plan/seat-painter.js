/**
 * Paints seats and tables on a canvas, all of one look in one path: a fill for each of ten thousand
 * seats would take ten times as long as a few fills of thousands.
 */

const BLUNT_PX = 7;
const NUMBERED_PX = 21;
const LABELLED_PX = 8;
const FULL_TURN = 2 * Math.PI;

export class SeatPainter {
  #venue;
  #board;
  #colours = {};
  #seen = new Map();
  #rows;
  smallest;

  constructor(venue, board) {
    this.#venue = venue;
    this.#board = board;
    this.smallest = Math.min(...venue.places.map((place) => Math.min(place.w, place.h)));
    this.#rows = rowLabels(venue.places);
  }

  readColours(element) {
    const style = getComputedStyle(element);
    for (const name of ['floor', 'ink', 'muted', 'taken', 'accent', 'table']) {
      this.#colours[name] = style.getPropertyValue(`--${name}`).trim();
    }
    this.#colours.accentInk = style.getPropertyValue('--accent-ink').trim();
  }

  /** Whether a place looks other than when it was last asked about. */
  changed(place) {
    const { look } = this.#board.look(place.id);
    const before = this.#seen.get(place.id);
    this.#seen.set(place.id, look);
    return before !== undefined && before !== look && place.seats.length === 0;
  }

  /**
   * @param {Iterable<object>} places  those that may show
   * @param {number[]|null} box  left, top, right, bottom in the world: paint nothing outside
   */
  paint(context, { x, y, k }, ratio, places, box = null) {
    context.save();
    context.setTransform(k * ratio, 0, 0, k * ratio, -x * k * ratio, -y * k * ratio);
    if (box) {
      context.beginPath();
      context.rect(box[0], box[1], box[2] - box[0], box[3] - box[1]);
      context.clip();
    }
    context.fillStyle = this.#colours.floor;
    context.fillRect(
      ...(box ? [box[0], box[1], box[2] - box[0], box[3] - box[1]] : view(context, x, y, k, ratio)),
    );
    const groups = this.#grouped(places);
    for (const [key, group] of groups) this.#paintGroup(context, k, ratio, key, group);
    if (this.smallest * k >= NUMBERED_PX) this.#number(context, groups);
    if (this.smallest * k >= LABELLED_PX) this.#label(context, k, box);
    context.restore();
  }

  /** By form and colour; tables below their seats, ours on top. */
  #grouped(places) {
    const groups = new Map();
    for (const place of places) {
      const { look } = this.#board.look(place.id);
      this.#seen.set(place.id, look);
      const form = place.kind === 'seat' ? look : `table ${look}`;
      const key = `${form}|${place.colour}`;
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(place);
    }
    const order = (key) =>
      key.startsWith('table') ? 0 : key.startsWith('mine') || key.startsWith('booked') ? 2 : 1;
    return [...groups].sort(([a], [b]) => order(a) - order(b));
  }

  #paintGroup(context, k, ratio, key, places) {
    const [form, colour] = key.split('|');
    const size = this.smallest * k * ratio;
    if (form.startsWith('table')) return this.#tables(context, k, form.slice(6), colour, places);
    if (form === 'mine' || form === 'booked') return this.#ours(context, k, places);
    context.globalAlpha = 1;
    if (form === 'available') {
      context.fillStyle = colour;
      outline(context, places, size, 1);
      context.fill();
    } else if (form === 'held' && size >= BLUNT_PX + 2) {
      context.strokeStyle = colour;
      context.lineWidth = places[0].w * 0.14;
      outline(context, places, size, 0.8);
      context.stroke();
    } else {
      context.fillStyle = form === 'held' ? colour : this.#colours.taken;
      context.globalAlpha = form === 'held' ? 0.35 : form === 'unavailable' ? 1 : 0.4;
      outline(context, places, size, form === 'unavailable' ? 0.62 : 1);
      context.fill();
    }
    context.globalAlpha = 1;
    return undefined;
  }

  #ours(context, k, places) {
    context.fillStyle = this.#colours.accent;
    context.strokeStyle = this.#colours.ink;
    context.lineWidth = Math.min(2 / k, places[0].w * 0.12);
    outline(context, places, BLUNT_PX, 1.05);
    context.fill();
    context.stroke();
  }

  #tables(context, k, look, colour, places) {
    context.fillStyle =
      look === 'mine' || look === 'booked' ? this.#colours.accent : this.#colours.table;
    context.strokeStyle = look === 'available' ? colour : this.#colours.taken;
    context.lineWidth = Math.max(4, 1.5 / k);
    outline(context, places, BLUNT_PX, 0.94);
    context.fill();
    context.stroke();
    context.fillStyle =
      look === 'mine' || look === 'booked' ? this.#colours.floor : this.#colours.ink;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    for (const { label, x, y, w } of places) {
      if (w * k < 16) continue;
      context.font = `600 ${w * 0.4}px system-ui, sans-serif`;
      context.fillText(label, x, y);
    }
  }

  #number(context, groups) {
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.font = `600 ${this.smallest * 0.42}px system-ui, sans-serif`;
    for (const [key, places] of groups) {
      const form = key.split('|')[0];
      if (!['available', 'held', 'mine', 'booked'].includes(form)) continue;
      context.fillStyle = this.#inkOf(context, ...key.split('|'));
      for (const { label, x, y } of places) context.fillText(form === 'booked' ? '✓' : label, x, y);
    }
  }

  #inkOf(context, form, colour) {
    if (form === 'available') return inkOn(context, colour);
    return form === 'held' ? this.#colours.muted : this.#colours.accentInk;
  }

  #label(context, k, box) {
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.fillStyle = this.#colours.muted;
    context.font = `600 ${Math.min(this.smallest * 0.6, 13 / k)}px system-ui, sans-serif`;
    const reach = this.smallest;
    for (const { text, x, y } of this.#rows) {
      if (box && (x < box[0] - reach || x > box[2] + reach)) continue;
      if (box && (y < box[1] - reach || y > box[3] + reach)) continue;
      context.fillText(text, x, y);
    }
  }
}

/** Circles; squares where a circle would be too few pixels to be told from one. */
function outline(context, places, size, share) {
  context.beginPath();
  for (const { x, y, w, h } of places) {
    if (size < BLUNT_PX)
      context.rect(x - (w * share) / 2, y - (h * share) / 2, w * share, h * share);
    else {
      const radius = (Math.min(w, h) * share) / 2;
      context.moveTo(x + radius, y);
      context.arc(x, y, radius, 0, FULL_TURN);
    }
  }
}

/** Black or white, whichever reads better (WCAG 2 relative luminance). */
function inkOn(context, colour) {
  context.fillStyle = colour;
  // Canvas answers `#rrggbb` for every opaque colour.
  const channels = [1, 3, 5].map((at) => parseInt(context.fillStyle.slice(at, at + 2), 16) / 255);
  const [red, green, blue] = channels.map((value) =>
    value <= 0.04 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.3 ? '#14161d' : '#ffffff';
}

function view(context, x, y, k, ratio) {
  return [x, y, context.canvas.width / (k * ratio), context.canvas.height / (k * ratio)];
}

/** The name of each row, where the seat before its first would be. */
function rowLabels(places) {
  const rows = new Map();
  for (const place of places) {
    const row = place.section.rowLabel;
    if (!row || place.parent || place.kind !== 'seat') continue;
    if (!rows.has(row)) rows.set(row, []);
    rows.get(row).push(place);
  }
  return [...rows]
    .filter(([, seats]) => seats.length > 1)
    .map(([text, seats]) => {
      const [first, second] = seats.sort((a, b) => a.section.seatNumber - b.section.seatNumber);
      return { text, x: 2 * first.x - second.x, y: 2 * first.y - second.y };
    });
}
