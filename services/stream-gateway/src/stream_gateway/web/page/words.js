/** Problems in plain words. The code decides, never the server's `detail`. */

import { clock, list, money } from './format.js';

/**
 * @param {Error & {code: string, facts?: object}} problem
 * @param {{name: (id: string) => string, timezone: string, currency: string}} venue
 * @returns {{title: string, text: string}}
 */
export function explain(problem, venue) {
  const words = WORDS[problem.code];
  if (words) return words(problem.facts ?? {}, venue);
  const id = problem.requestId ? ` (request ${problem.requestId})` : '';
  return { title: 'That did not work', text: `${problem.message}${id}` };
}

/** Ids of sections in the way, as problems list them. */
export function inTheWay({ conflictingSections = [] }) {
  return conflictingSections.map((each) => each.sectionId ?? each);
}

const WORDS = {
  SECTION_NOT_AVAILABLE(facts, { name, timezone }) {
    const names = list(inTheWay(facts).map(name)) || 'it';
    if (facts.ownHoldId)
      return { title: 'You hold this already', text: `${names}: see your hold.` };
    const until = facts.heldUntil
      ? ` It is held until ${clock(facts.heldUntil, timezone)} at the latest and free again if it is not booked by then.`
      : '';
    return {
      title: `Someone took ${names} just before you`,
      text: `Nothing was held for you.${until}`,
    };
  },
  CAPACITY_EXCEEDED: ({ sectionId, available, requested }, { name }) => ({
    title: `Only ${available} left at ${name(sectionId)}`,
    text: `You asked for ${requested}. Nothing was held for you.`,
  }),
  CAPACITY_MISMATCH: ({ requested, min, max }) => ({
    title: `A party of ${requested} does not fit here`,
    text: max ? `These places take ${min} to ${max}.` : `These places take ${min} or more.`,
  }),
  MAX_TABLES_EXCEEDED: ({ max, current }) => ({
    title: `At most ${max} tables a night`,
    text: `You have ${current} already; holds count.`,
  }),
  TOO_MANY_SECTIONS: ({ max, requested }) => ({
    title: `At most ${max} at once`,
    text: `You chose ${requested}, the seats of tables included.`,
  }),
  HOLD_LIMIT_REACHED: ({ max }) => ({
    title: `At most ${max} holds at a time`,
    text: 'Confirm or release one of yours first.',
  }),
  HOLD_EXPIRED: () => ({
    title: 'Your hold has ended',
    text: 'Its time was over; hold again if it is still free.',
  }),
  HOLD_NOT_FOUND: () => ({ title: 'That hold is gone', text: 'It was released or has ended.' }),
  INVALID_TRANSITION: () => ({
    title: 'That has changed meanwhile',
    text: 'What you see now is how it is.',
  }),
  PAYMENT_REQUIRED: ({ depositAmount, currency }, venue) => ({
    title: 'The deposit comes first',
    text:
      `${depositAmount ? money(depositAmount, currency ?? venue.currency) : 'A deposit'} is due. ` +
      'The booking is made by itself when the payment arrives; until then your hold runs on.',
  }),
  UNAUTHENTICATED: () => ({
    title: 'Sign in again',
    text: 'Your token is missing, wrong or over.',
  }),
  ACTION_NOT_PERMITTED: () => ({ title: 'Not allowed', text: 'Your token may not do this here.' }),
  SLOT_CLOSED: () => ({ title: 'Closed', text: 'This night takes no more bookings.' }),
  SLOT_NOT_FOUND: () => ({
    title: 'No such night',
    text: 'This slot does not run on that date. Choose another one.',
  }),
  VENUE_NOT_FOUND: () => ({
    title: 'No such venue',
    text: 'Check the address, or choose one from the menu.',
  }),
  CLUB_NOT_FOUND: () => ({
    title: 'No such venue',
    text: 'Check the address, or choose one from the menu.',
  }),
  RATE_LIMITED: () => ({
    title: 'A little slower',
    text: 'Too many requests; try again in a moment.',
  }),
  UNAVAILABLE: () => ({
    title: 'Out of reach for a moment',
    text: 'The booking service does not take commands just now. Nothing was changed.',
  }),
  UNREACHABLE: () => ({
    title: 'No answer',
    text: 'The booking service could not be reached. If your hold went through, it shows up here.',
  }),
};
