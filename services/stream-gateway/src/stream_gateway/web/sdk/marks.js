/**
 * Own changes that are under way. A mark says "asked for", never "done": it lies over the true state
 * of a section and goes when the stream has shown the outcome, or when there will be none.
 */

export class Marks {
  #bySection = new Map();
  #settling = new Map();
  #changed;

  /** @param {(sectionIds: string[]) => void} changed  called whenever marks come or go */
  constructor(changed) {
    this.#changed = changed;
  }

  has(sectionId) {
    return this.#bySection.has(sectionId);
  }

  /** All sections that something is under way for. */
  ids() {
    return [...this.#bySection.keys()];
  }

  /**
   * @param {Iterable<string>} sectionIds
   * @returns {object} the mark, to be given to `settle` or `drop`
   */
  add(sectionIds) {
    const mark = { sectionIds: [...sectionIds] };
    for (const id of mark.sectionIds) this.#count(id, +1);
    this.#changed(mark.sectionIds);
    return mark;
  }

  /** It succeeded at `version`: the mark goes once the stream is there. */
  settle(mark, version, reached) {
    if (reached !== null && reached >= version) this.drop(mark);
    else this.#settling.set(mark, version);
  }

  /** It failed, or its outcome is known otherwise. */
  drop(mark) {
    if (mark.sectionIds.length === 0) return;
    this.#settling.delete(mark);
    const gone = mark.sectionIds;
    mark.sectionIds = [];
    for (const id of gone) this.#count(id, -1);
    this.#changed(gone);
  }

  /** The stream shows `version` now. */
  reached(version) {
    for (const [mark, until] of this.#settling) if (version >= until) this.drop(mark);
  }

  #count(sectionId, by) {
    const count = (this.#bySection.get(sectionId) ?? 0) + by;
    if (count > 0) this.#bySection.set(sectionId, count);
    else this.#bySection.delete(sectionId);
  }
}
