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

/**
 * The value of a setting that is in force: that of its last change, or the address's.
 * @param {URLSearchParams} parameters
 * @param {string} name
 */
export function inForce(parameters, name) {
  const changes = parameters.getAll("change").map((text) => text.split(","));
  return changes.filter((change) => change[1] === name).pop()?.[2] ?? parameters.get(name);
}

/**
 * Changes a setting from a step on.
 * @param {URLSearchParams} parameters
 * @param {number} step
 * @param {string} name
 * @param {string | number} value
 */
export function changeFrom(parameters, step, name, value) {
  const start = `${step},${name},`;
  const kept = parameters.getAll("change").filter((change) => !change.startsWith(start));
  parameters.delete("change");
  for (const change of [...kept, start + value]) parameters.append("change", change);
}

/**
 * Forgets when settings changed, and keeps what is in force, for a training from its beginning.
 * @param {URLSearchParams} parameters
 */
export function settle(parameters) {
  for (const name of new Set(parameters.getAll("change").map((text) => text.split(",")[1]))) {
    const value = inForce(parameters, name);
    if (value !== null) parameters.set(name, value);
  }
  parameters.delete("change");
  parameters.delete("steps");
}
