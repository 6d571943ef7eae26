/**
 * Puts the floors of a venue where the screen has room: beside each other, or one above the other on
 * a phone held upright. A section says its floor with a feature `floor:{name}`.
 */

const MARGIN = 55;
const HEADROOM = 50;
const GAP = 40;

/**
 * Moves places (their `x`, `y`) and says what to frame.
 * @param {{places: object[]}} venue
 * @param {number} proportion  of the room: width by height
 * @returns {{frames: {label: string, x: number, y: number, w: number, h: number}[],
 *   bounds: {x: number, y: number, w: number, h: number}, shape: string, fixed: boolean}}
 *   `shape` names the arrangement: the same one, the same places; `fixed`: there is no other
 */
export function arrange(venue, proportion) {
  const floors = new Map();
  for (const place of venue.places) {
    place.home ??= { x: place.x, y: place.y };
    Object.assign(place, place.home);
    const name = floorOf(place);
    if (!floors.has(name)) floors.set(name, []);
    floors.get(name).push(place);
  }
  if (floors.size < 2) {
    const columns = venue.places.every(({ kind }) => kind === 'pool')
      ? inColumns(venue.places, proportion)
      : 0;
    const bounds = grown(around(venue.places), MARGIN, 0);
    return {
      frames: [{ label: '', ...bounds }],
      bounds,
      shape: `one ${columns}`,
      fixed: columns === 0,
    };
  }
  const frames = [...floors].map(([name, places]) => ({
    label: `${name[0].toUpperCase()}${name.slice(1)} floor`,
    places,
    ...grown(around(places), MARGIN, HEADROOM),
  }));
  const upright =
    scale(line(frames, 'h', 'w'), proportion) > scale(line(frames, 'w', 'h'), proportion);
  const [along, across] = upright ? ['h', 'w'] : ['w', 'h'];
  inLine(frames, along, across);
  return {
    frames,
    bounds: { x: 0, y: 0, ...line(frames, along, across) },
    shape: `line ${along}`,
    fixed: false,
  };
}

/** Pools are services, no furniture: they stand where there is room. @returns how many abreast */
function inColumns(places, proportion) {
  const [w, h] = ['w', 'h'].map((side) => Math.max(...places.map((place) => place[side])) + GAP);
  let [columns, best] = [1, 0];
  for (let count = 1; count <= places.length; count += 1) {
    const size = scale(
      { w: count * w + 2 * MARGIN, h: Math.ceil(places.length / count) * h + 2 * MARGIN },
      proportion,
    );
    if (size > best) [columns, best] = [count, size];
  }
  places.forEach((place, index) => {
    place.x = w * (index % columns);
    place.y = h * Math.floor(index / columns);
  });
  return columns;
}

function floorOf(place) {
  const own = place.section.features.find((name) => name.startsWith('floor:'));
  return own?.slice(6) || (place.parent ? floorOf(place.parent) : 'other');
}

/** How large frames are in a line, along one side. */
function line(frames, along, across) {
  const length = frames.reduce((sum, frame) => sum + frame[along], GAP * (frames.length - 1));
  return { [along]: length, [across]: Math.max(...frames.map((frame) => frame[across])) };
}

function scale({ w, h }, proportion) {
  return Math.min(proportion / w, 1 / h);
}

function inLine(frames, along, across) {
  const [start, aside] = along === 'w' ? ['x', 'y'] : ['y', 'x'];
  const breadth = line(frames, along, across)[across];
  let at = 0;
  for (const frame of frames) {
    const place = { [start]: at, [aside]: (breadth - frame[across]) / 2 };
    move(frame, place.x - frame.x, place.y - frame.y);
    Object.assign(frame, { [aside]: 0, [across]: breadth });
    at += frame[along] + GAP;
  }
}

function move(frame, dx, dy) {
  for (const place of frame.places) {
    place.x += dx;
    place.y += dy;
  }
  frame.x += dx;
  frame.y += dy;
}

function around(places) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y, w, h, rotation } of places) {
    const turned = Math.abs(Math.sin((rotation * Math.PI) / 180));
    const halfW = (w + (h - w) * turned) / 2;
    const halfH = (h + (w - h) * turned) / 2;
    left = Math.min(left, x - halfW);
    right = Math.max(right, x + halfW);
    top = Math.min(top, y - halfH);
    bottom = Math.max(bottom, y + halfH);
  }
  return { x: left, y: top, w: right - left, h: bottom - top };
}

function grown(box, margin, headroom) {
  return {
    x: box.x - margin,
    y: box.y - margin - headroom,
    w: box.w + 2 * margin,
    h: box.h + 2 * margin + headroom,
  };
}
