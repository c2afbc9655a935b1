// The state of the page is its address: the part, and everything that decides its numbers.

/** @typedef {{part: string, parameters: URLSearchParams}} State */

/** @returns {State} */
export function read() {
  const [part, parameters] = location.hash.slice(1).split("?");
  return { part: part ?? "", parameters: new URLSearchParams(parameters ?? "") };
}

/**
 * Changes the address without loading anything.
 * @param {string} part
 * @param {URLSearchParams} parameters
 */
export function write(part, parameters) {
  const text = parameters.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
  history.replaceState(null, "", `#${part}${text ? "?" + text : ""}`);
}

/**
 * Changes parameters of a part and of the address, and the part follows; null removes one.
 * @param {{name: string, parameters: URLSearchParams, follow: (parameters: URLSearchParams) => Promise<void>}} part
 * @param {Record<string, string | number | null>} changes
 */
export function change(part, changes) {
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) part.parameters.delete(name);
    else part.parameters.set(name, String(value));
  }
  write(part.name, part.parameters);
  part.follow(part.parameters).catch(() => { /* The message at the bottom says it. */ });
}

/**
 * The parameters without those that only the page uses.
 * @param {URLSearchParams} parameters
 * @param {string[]} own
 */
export function without(parameters, own) {
  const rest = new URLSearchParams(parameters);
  for (const name of own) rest.delete(name);
  return rest;
}
