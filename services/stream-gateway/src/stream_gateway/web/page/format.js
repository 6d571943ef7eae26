/** Money, times and lists in the reader's own language; times in the zone of the venue. */

const formats = new Map();

function once(key, make) {
  if (!formats.has(key)) formats.set(key, make());
  return formats.get(key);
}

/** @param {number} minor  in the currency's minor unit */
export function money(minor, currency) {
  const format = once(
    `money ${currency}`,
    () => new Intl.NumberFormat(undefined, { style: 'currency', currency }),
  );
  const digits = format.resolvedOptions().maximumFractionDigits;
  const text = format.format(minor / 10 ** digits);
  return minor % 10 ** digits === 0 ? text.replace(/[.,]0+(?=\D*$)/, '') : text;
}

export function clock(when, timeZone) {
  return once(
    `clock ${timeZone}`,
    () => new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', timeZone }),
  ).format(new Date(when));
}

/** A service date, which is a day of the calendar and no moment: `Fri 20 Nov`. */
export function day(date, style = { weekday: 'short', day: 'numeric', month: 'short' }) {
  return once(
    `day ${Object.keys(style)}`,
    () => new Intl.DateTimeFormat(undefined, { ...style, timeZone: 'UTC' }),
  ).format(new Date(`${date}T00:00:00Z`));
}

/** The calendar day at a venue, `YYYY-MM-DD`. */
export function dateAt(ms, timeZone) {
  return once(
    `date ${timeZone}`,
    () =>
      new Intl.DateTimeFormat('en-CA', {
        year: 'numeric',
        month: '2-digit',
        day: '2-digit',
        timeZone,
      }),
  ).format(new Date(ms));
}

/** Minutes since midnight at a venue. */
export function minuteAt(ms, timeZone) {
  const format = once(
    `minute ${timeZone}`,
    () =>
      new Intl.DateTimeFormat('en-GB', {
        hour: '2-digit',
        minute: '2-digit',
        hourCycle: 'h23',
        timeZone,
      }),
  );
  const [hours, minutes] = format.format(new Date(ms)).split(':').map(Number);
  return hours * 60 + minutes;
}

/** `4:07`; an hour or more: `1:04:07`. */
export function duration(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const two = (number) => String(number).padStart(2, '0');
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(seconds % 60)}`
    : `${minutes}:${two(seconds % 60)}`;
}

/** `A, B and C`; from `most` on `A, B and 5 more`. */
export function list(words, most = 4) {
  const shown =
    words.length > most ? [...words.slice(0, most - 1), `${words.length - most + 1} more`] : words;
  return once('list', () => new Intl.ListFormat('en-GB', { type: 'conjunction' })).format(shown);
}

export function number(value) {
  return once('number', () => new Intl.NumberFormat()).format(value);
}

export function count(value, one, many = `${one}s`) {
  return `${number(value)} ${value === 1 ? one : many}`;
}
