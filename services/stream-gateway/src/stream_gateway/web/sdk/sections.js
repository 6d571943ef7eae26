/**
 * The sections of a channel, as a Map from section id to `{sectionId, state, capacity, heldUntil}`
 * in layout order. Changed in place: copying ten thousand entries for each event would be the
 * slowest thing on the page.
 *
 * @typedef {{sectionId: string, state: string, capacity: {total: number, available: number},
 *   heldUntil: string|null}} Section
 */

/** @param {Map<string, Section>} sections */
export function replaceAll(sections, snapshot) {
  sections.clear();
  for (const section of snapshot.sections) sections.set(section.sectionId, section);
}

/** @returns {string[]} the ids that were listed */
export function mergeListed(sections, snapshot) {
  for (const section of snapshot.sections) sections.set(section.sectionId, section);
  return snapshot.sections.map((section) => section.sectionId);
}

/** @returns {string[]} the id of the section that changed */
export function applyEvent(sections, { sectionId, newState, capacity, heldUntil }) {
  sections.set(sectionId, { sectionId, state: newState, capacity, heldUntil });
  return [sectionId];
}
