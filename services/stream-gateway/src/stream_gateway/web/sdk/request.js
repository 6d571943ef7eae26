/**
 * One exchange with a Holdfast service: JSON out, JSON back, problems as errors.
 */

const TIMEOUT_MS = 10_000;

/** The server said no (RFC 9457). Switch on `code`; `facts` has the members that go with it. */
export class Problem extends Error {
  /** @param {{code?: string, title?: string, detail?: string, requestId?: string}} body */
  constructor(status, body, retryAfterMs = null) {
    super(body.detail || body.title || `HTTP ${status}`);
    this.name = 'Problem';
    this.status = status;
    this.code = body.code ?? (status === 503 ? 'UNAVAILABLE' : 'INTERNAL');
    this.facts = body;
    this.requestId = body.requestId ?? null;
    this.retryAfterMs = retryAfterMs;
  }
}

/** No answer came. Whether a command took effect is not known. */
export class Unreachable extends Error {
  constructor(cause) {
    super('the server could not be reached', { cause });
    this.name = 'Unreachable';
    this.code = 'UNREACHABLE';
  }
}

/**
 * @param {string} url
 * @param {{method?: string, body?: object, token?: string|null, key?: string, fetch?: typeof fetch}} options
 * @returns {Promise<any>} the body; null where there is none
 * @throws {Problem|Unreachable}
 */
export async function request(
  url,
  { method = 'GET', body, token, key, fetch = globalThis.fetch } = {},
) {
  const headers = { accept: 'application/json' };
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (token) headers.authorization = `Bearer ${token}`;
  if (key) headers['idempotency-key'] = key;
  let response, text;
  try {
    response = await fetch(url, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    text = await response.text();
  } catch (error) {
    throw new Unreachable(error);
  }
  const value = parsed(text);
  if (response.ok) return value;
  throw new Problem(
    response.status,
    value ?? {},
    milliseconds(response.headers.get('retry-after')),
  );
}

/** `${path}` with every value encoded. */
export function path(strings, ...values) {
  return String.raw({ raw: strings }, ...values.map((value) => encodeURIComponent(value)));
}

function parsed(text) {
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    return null; // a proxy's page; the status says what there is to say
  }
}

function milliseconds(retryAfter) {
  const seconds = Number(retryAfter);
  return retryAfter !== null && Number.isFinite(seconds) ? seconds * 1000 : null;
}
