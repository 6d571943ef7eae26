/**
 * Where the page is: `?club=&venue=&date=&slotId=`, so that every night has a link. And who looks:
 * `#token=…`, which browsers send to no server, kept for this tab alone and taken out of the bar.
 */

const DEFAULTS = { club: 'backroom', venue: 'leeds' };
const TOKEN = 'holdfast.token';

/** @returns {{club: string, venue: string, date: string|null, slotId: string|null}} */
export function readAddress(search = location.search) {
  const query = new URLSearchParams(search);
  const club = query.get('club');
  const venue = query.get('venue');
  const place =
    club && venue
      ? { club, venue }
      : { ...DEFAULTS, ...(club && { club }), ...(venue && { venue }) };
  return { ...place, date: query.get('date'), slotId: query.get('slotId') };
}

export function linkTo({ club, venue, date, slotId }) {
  const query = new URLSearchParams({
    club,
    venue,
    ...(date && { date }),
    ...(slotId && { slotId }),
  });
  return `${location.pathname}?${query}`;
}

/** The token of this tab, from the fragment if it brings a new one. */
export function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given) {
    keepToken(given);
    history.replaceState(history.state, '', location.pathname + location.search);
  }
  return sessionStorage.getItem(TOKEN);
}

export function keepToken(token) {
  if (token) sessionStorage.setItem(TOKEN, token);
  else sessionStorage.removeItem(TOKEN);
}

/**
 * What the token says of its bearer, unverified: to greet by, never to trust.
 * @returns {{sub: string, role: string, name: string|null, club: string|null, exp: number}|null}
 */
export function bearer(token) {
  try {
    const payload = token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/');
    const bytes = Uint8Array.from(atob(payload), (char) => char.charCodeAt(0));
    const {
      sub,
      role,
      name = null,
      club = null,
      exp,
    } = JSON.parse(new TextDecoder().decode(bytes));
    return typeof sub === 'string' ? { sub, role, name, club, exp } : null;
  } catch {
    return null;
  }
}
