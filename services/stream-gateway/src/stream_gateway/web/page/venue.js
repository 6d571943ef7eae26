/**
 * A venue as the page needs it: sections as places with a label, a colour, a price and their seats.
 *
 * @typedef {object} Place
 * @property {string} id
 * @property {string} name
 * @property {string} label   short enough to stand in the drawing
 * @property {string} kind    section, table, seat or pool
 * @property {Place|null} parent  a seat's table
 * @property {Place[]} seats  a table's seats
 * @property {number} x  middle, in the venue's own units; `arrange` may move it
 * @property {number} y
 * @property {number} w
 * @property {number} h
 * @property {number} rotation  degrees
 */

import { count, list } from './format.js';

const COLOURS = ['#2a9d8f', '#457b9d', '#9b5de5', '#c8553d', '#588157', '#bc6c25'];
const UNIT = 100;

/** @param {object} venue  the definition  @param {object} layout  geometry, where it is newer */
export function describe(venue, layout = venue) {
  const categories = new Map(
    layout.categories.map((category, index) => [category.categoryId, painted(category, index)]),
  );
  const places = layout.sections.map((section) => placeOf(section, categories));
  const byId = new Map(places.map((place) => [place.id, place]));
  for (const place of places) {
    place.parent = byId.get(place.section.parentId) ?? null;
    place.parent?.seats.push(place);
  }
  const [{ x, y }] = layout.sections;
  if (layout.sections.every((section) => section.x === x && section.y === y)) inRows(places);
  return {
    clubId: venue.clubId,
    venueId: venue.venueId,
    name: venue.name || venue.venueId,
    timezone: venue.timezone,
    currency: venue.currency,
    policy: venue.policy,
    slots: new Map(venue.slots.map((slot) => [slot.slotId, slot])),
    canvas: { w: layout.canvasW, h: layout.canvasH },
    layoutVersion: layout.layoutVersion,
    categories,
    places,
    byId,
  };
}

/**
 * What one unit costs on a night, in minor units. The server's quote is what counts; this is the
 * same rule (exception, slot, section, category; a table its own price, else its seats') to show
 * prices before anybody asks for one.
 */
export function priceOf(venue, place, date, slotId) {
  const slot = venue.slots.get(slotId);
  const exception = slot?.exceptions.find((each) => each.date === date);
  const named = [exception?.prices ?? {}, slot?.prices ?? {}];
  const own = place.section.price ?? null;
  if (place.seats.length > 0 && own === null && !named.some((prices) => place.id in prices)) {
    const prices = place.seats.map((seat) => amount(named, seat));
    if (prices.some((price) => price !== null))
      return prices.reduce((sum, price) => sum + (price ?? 0), 0);
  }
  return amount(named, place) ?? 0;
}

/** A category's price on a night, for the legend. */
export function categoryPrice(venue, category, date, slotId) {
  const slot = venue.slots.get(slotId);
  const exception = slot?.exceptions.find((each) => each.date === date);
  const id = category.categoryId;
  return exception?.prices?.[id] ?? slot?.prices?.[id] ?? category.price;
}

/** `takes 2 to 4`, or '' where a place says nothing of its size. */
export function party(place) {
  const [low, high] = [place.section.partyMin ?? 1, place.section.partyMax ?? null];
  if (place.section.partyMin == null && high === null) return '';
  if (high === null) return `takes ${low} or more`;
  return low === high ? `takes ${low}` : `takes ${low} to ${high}`;
}

/** `3 tables`, `2 seats and 1 table`. */
export function countByKind(places) {
  const counts = new Map();
  for (const { kind } of places) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const words = { pool: 'service' };
  return list([...counts].map(([kind, number]) => count(number, words[kind] ?? kind)));
}

/** Features to read; what only says where a section is drawn is left out. */
export function features(place) {
  return place.section.features.filter((name) => !name.includes(':'));
}

function amount(named, place) {
  for (const prices of named) {
    const price = prices[place.id] ?? prices[place.section.categoryId];
    if (price !== undefined) return price;
  }
  return place.section.price ?? place.category?.price ?? null;
}

function painted(category, index) {
  const colour = CSS.supports('color', category.color)
    ? category.color
    : COLOURS[index % COLOURS.length];
  return { ...category, colour, name: category.name || category.categoryId };
}

function placeOf(section, categories) {
  const category = categories.get(section.categoryId) ?? null;
  const name = section.name || section.sectionId;
  const w = section.width || (section.kind === 'seat' ? 40 : UNIT);
  const h = section.height || w;
  return {
    id: section.sectionId,
    name,
    label: section.kind === 'seat' ? String(section.seatNumber ?? '') : shortened(name),
    kind: section.kind,
    section,
    category,
    colour: category?.colour ?? COLOURS[0],
    parent: null,
    seats: [],
    x: section.x + w / 2,
    y: section.y + h / 2,
    w,
    h,
    rotation: section.rotation,
    shape: section.shape ?? (section.kind === 'seat' ? 'seat' : 'rectangle'),
  };
}

/** `Table 12` → `12`; a name without a number stays. */
function shortened(name) {
  return /(\d+)\s*$/.exec(name)?.[1] ?? name;
}

/** Sections without coordinates stand in rows. */
function inRows(places) {
  const columns = Math.ceil(Math.sqrt(places.length * 1.6));
  const pitch = Math.max(...places.map((place) => Math.max(place.w, place.h))) * 1.4;
  places.forEach((place, index) => {
    place.x = pitch * (0.5 + (index % columns));
    place.y = pitch * (0.5 + Math.floor(index / columns));
  });
}
