/** Elements without a framework: text is always text, so nothing that a server sends becomes markup. */

const SVG = 'http://www.w3.org/2000/svg';

/**
 * @param {string} tag  with an optional class list: `p.muted.small`
 * @param {object} [props]  `on…` are listeners, `data-…`, `aria-…` and unknown names are attributes
 */
export function h(tag, props = {}, ...children) {
  const [name, ...classes] = tag.split('.');
  const element = document.createElement(name);
  if (classes.length > 0) element.className = classes.join(' ');
  for (const [key, value] of Object.entries(props)) set(element, key, value);
  element.append(...present(children));
  return element;
}

/** The same for SVG; all properties are attributes. */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...present(children));
  return element;
}

export function fill(element, ...children) {
  element.replaceChildren(...present(children));
  return element;
}

function set(element, key, value) {
  if (value === null || value === undefined) return;
  if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
  else if (!key.includes('-') && key in element) element[key] = value;
  else element.setAttribute(key, value);
}

function present(children) {
  return children
    .flat()
    .filter((child) => child !== null && child !== undefined && child !== false);
}
