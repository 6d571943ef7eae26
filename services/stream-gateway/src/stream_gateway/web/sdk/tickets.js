/**
 * Stream tickets: an EventSource can send no header, so the right to a stream goes into its address,
 * for one minute and one set of channels.
 */

import { path, request } from './request.js';

/**
 * The `ticket` of `watch`, for somebody with a token.
 *
 * @param {object} options
 * @param {string} options.gateway
 * @param {string|null|(() => string|null)} options.token  bearer token; null: nobody is signed in
 * @param {typeof fetch} [options.fetch]
 * @returns {(channels: string[]) => Promise<string|null>}
 */
export function streamTickets({ gateway, token, fetch }) {
  return async (channels) => {
    const bearer = typeof token === 'function' ? token() : token;
    if (!bearer) return null;
    const answer = await request(`${gateway}/v1/stream-tickets`, {
      method: 'POST',
      body: { channels },
      token: bearer,
      fetch,
    });
    return answer.ticket;
  };
}

export const channelName = ({ club, venue, date, slotId }) =>
  `availability:${club}:${venue}:${date}:${slotId}`;

export const ownChannelName = (club, customerId) => `customer:${club}:${customerId}`;

/** The stream of channels by their names. */
export function namedStream(gateway, channels) {
  return `${gateway}/v1/stream?${channels.map((name) => path`channel=${name}`).join('&')}`;
}

const ID = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Which customer a token's subject is, as the server names them.
 * @param {string} subject
 * @returns {Promise<string|null>} null where the browser cannot tell: a page that came over plain HTTP
 *   from another machine has no `crypto.subtle`
 */
export async function customerIdOf(subject) {
  if (ID.test(subject)) return subject;
  if (!globalThis.crypto?.subtle) return null;
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(subject));
  const text = btoa(String.fromCharCode(...new Uint8Array(digest)));
  return `c_${text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')}`;
}
