/**
 * Questions to the command-api. All but `hold` and `me` are public where the venue is.
 */

import { path, request } from './request.js';

/**
 * @param {{commandApi: string, club: string, venue: string,
 *   token?: string|null|(() => string|null), fetch?: typeof fetch}} options
 */
export function queries({ commandApi, club, venue, token = null, fetch }) {
  const clubUrl = commandApi + path`/v1/clubs/${club}`;
  const venueUrl = clubUrl + path`/venues/${venue}`;
  const get = (url) =>
    request(url, { token: typeof token === 'function' ? token() : token, fetch });
  return {
    /** The definition: slots, sections, categories, policy. */
    venue: () => get(venueUrl),
    /** Geometry of one version; it never changes, so browsers may keep it. */
    layout: (layoutVersion) => get(venueUrl + path`/layouts/${layoutVersion}`),
    /** Free counts by date and slot. */
    calendar: (from, days) => get(venueUrl + path`/calendar?from=${from}&days=${days}`),
    hold: (holdId) => get(venueUrl + path`/holds/${holdId}`),
    /** What the bearer of the token has here: `{customerId, holds, bookings, waitlist}`. */
    me: () => get(`${clubUrl}/me`),
  };
}
