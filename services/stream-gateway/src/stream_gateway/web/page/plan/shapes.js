/** Outlines of furniture as SVG, around (0, 0) and not yet turned. */

import { svg } from '../dom.js';

const MOST_CHAIRS = 16;

/** The surface that carries the state. @returns {SVGElement} with class `body` */
export function body(place) {
  const { w, h } = place;
  if (place.shape === 'round' || place.shape === 'circle' || place.shape === 'ellipse') {
    return svg('ellipse', { class: 'body', rx: w / 2, ry: h / 2 });
  }
  const radius = place.shape === 'seat' ? Math.min(w, h) * 0.3 : Math.min(w, h, 120) * 0.12;
  return svg('rect', { class: 'body', x: -w / 2, y: -h / 2, width: w, height: h, rx: radius });
}

/** What stands around: chairs of a table, the bench of a booth. Decoration, without a state. */
export function surroundings(place) {
  if (place.shape === 'booth') return [bench(place)];
  if (place.kind !== 'table' || place.seats.length > 0) return [];
  const chairs = Math.min(place.section.partyMax ?? 0, MOST_CHAIRS);
  return place.shape === 'round' || place.shape === 'circle'
    ? ring(place, chairs)
    : sides(place, chairs);
}

/** Three sides of a booth; the open one is below. */
function bench({ w, h }) {
  const [out, thick] = [14, 20];
  const [x, y] = [w / 2 + out, h / 2 + out];
  const round = Math.min(w, h) * 0.25;
  return svg('path', {
    class: 'bench',
    'stroke-width': thick,
    d: `M${-x} ${y} V${-y + round} Q${-x} ${-y} ${-x + round} ${-y} H${x - round} Q${x} ${-y} ${x} ${-y + round} V${y}`,
  });
}

function ring({ w }, chairs) {
  const radius = w / 2 + 16;
  return Array.from({ length: chairs }, (_, index) => {
    const angle = (360 * index) / chairs - 90;
    return chair(0, -radius, `rotate(${angle + 90})`);
  });
}

/** Chairs along the longer sides first, as people sit. */
function sides({ w, h }, chairs) {
  const wide = w >= h;
  const [long, short] = wide ? [w, h] : [h, w];
  const ends = chairs >= 6 ? 2 : 0;
  const perSide = Math.ceil((chairs - ends) / 2);
  const all = [];
  for (const side of [-1, 1]) {
    const here = side === -1 ? perSide : chairs - ends - perSide;
    for (let index = 0; index < here; index += 1) {
      const along = long * ((index + 0.5) / here - 0.5);
      const off = side * (short / 2 + 16);
      all.push(wide ? chair(along, off, '', side) : chair(off, along, '', side, true));
    }
    if (ends > 0)
      all.push(
        wide
          ? chair(side * (long / 2 + 16), 0, '', side, true)
          : chair(0, side * (long / 2 + 16), '', side),
      );
  }
  return all;
}

function chair(x, y, transform, _side = -1, turned = false) {
  const [w, h] = turned ? [14, 36] : [36, 14];
  return svg('rect', {
    class: 'chair',
    x: x - w / 2,
    y: y - h / 2,
    width: w,
    height: h,
    rx: 7,
    transform: transform || null,
  });
}
