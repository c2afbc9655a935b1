// Elements, numbers and requests.

/** @typedef {number | "nan" | "inf" | "-inf"} Num A number as the server sends it. */
/** @typedef {Record<string, string | number | boolean | null | undefined | ((event: any) => void)>} Attributes */
/** @typedef {Node | string | null | false | undefined} Child */

const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {Element} element
 * @param {Attributes} attributes
 * @param {Child[]} children
 */
function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  for (const child of children) if (child) element.append(child);
}

/**
 * An HTML element; a function among its attributes listens to the event of that name.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Attributes} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function html(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  fill(element, attributes, children);
  return element;
}

/**
 * An SVG element.
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {Attributes} [attributes]
 * @param {...Child} children
 * @returns {SVGElementTagNameMap[K]}
 */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  fill(element, attributes, children);
  return element;
}

/**
 * A formula that this page's server wrote.
 * @param {string} text MathML
 * @returns {Node}
 */
export function formula(text) {
  const template = document.createElement("template");
  template.innerHTML = text;
  return template.content;
}

/**
 * A number in little space: four significant digits.
 * @param {Num | null | undefined} value
 * @param {number} [digits]
 */
export function format(value, digits = 4) {
  if (value === null || value === undefined) return "";
  if (value === "nan") return "NaN";
  if (value === "inf") return "∞";
  if (value === "-inf") return "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text = size >= 1e5 || size < 1e-3 ? value.toExponential(digits > 4 ? 3 : 1) : String(Number(value.toPrecision(digits)));
  return text.replaceAll("-", "−");
}

/**
 * Numbers of a matrix, all with the decimals that the largest needs for three significant digits.
 * @param {Num[]} values
 * @returns {string[]}
 */
export function aligned(values) {
  const numbers = values.map(finite);
  const largest = numbers.reduce((most, value) => (Math.abs(value) > most && value !== Infinity ? Math.abs(value) : most), 0);
  const whole = numbers.every((value) => Number.isInteger(value));
  const power = largest === 0 ? 0 : Math.floor(Math.log10(largest));
  return values.map((value, i) => {
    if (typeof value !== "number") return format(value);
    if (whole && power < 6) return String(numbers[i]).replace("-", "−");
    if (power < -3 || power > 5) return value === 0 ? "0" : value.toExponential(1).replaceAll("-", "−");
    const text = value.toFixed(Math.max(0, 2 - power));
    return (/[1-9]/.test(text) ? text : text.replace("-", "")).replace("-", "−");
  });
}

/** @param {Num | null | undefined} value */
export function finite(value) {
  return typeof value === "number" ? value : NaN;
}

/** Requests under way, the last one for each purpose. @type {Map<string, AbortController>} */
const underWay = new Map();

/**
 * Asks the server; a newer question for the same purpose cancels an older one.
 * @param {string} path
 * @param {URLSearchParams} parameters
 * @returns {Promise<any>} the answer; null if a newer question was asked
 */
export async function ask(path, parameters) {
  underWay.get(path)?.abort();
  const controller = new AbortController();
  underWay.set(path, controller);
  try {
    const response = await fetch(`${path}?${parameters}`, { signal: controller.signal });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error);
    show("");
    return answer;
  } catch (error) {
    if (controller.signal.aborted) return null;
    const text = error instanceof TypeError ? "the server does not answer; start `trainer live` again" : error instanceof Error ? error.message : String(error);
    show(text);
    throw error;
  }
}

/**
 * Shows a message at the bottom of the page, or removes it.
 * @param {string} text
 */
export function show(text) {
  const message = /** @type {HTMLElement} */ (document.getElementById("message"));
  message.textContent = text;
  message.hidden = text === "";
}

/**
 * Settings that can be folded away, as they are on a narrow page at first.
 * @param {HTMLElement} content
 */
export function settings(content) {
  return html("details", { class: "settings", open: innerWidth > 500 }, html("summary", {}, "Settings"), content);
}

/**
 * A labelled choice.
 * @param {string} label
 * @param {string} value
 * @param {[string, string][]} options values and texts
 * @param {(value: string) => void} changed
 */
export function choice(label, value, options, changed) {
  const select = html("select", { change: () => changed(select.value) },
    ...options.map(([name, text]) => html("option", { value: name, selected: name === value }, text)));
  return html("label", {}, label, " ", select);
}

/**
 * A labelled number.
 * @param {string} label
 * @param {number} value
 * @param {{min: number, max: number, step?: number | "any"}} range
 * @param {(value: number) => void} changed
 */
export function numberInput(label, value, range, changed) {
  const input = html("input", {
    type: "number", value, min: range.min, max: range.max, step: range.step ?? "any",
    change: () => {
      const number = input.valueAsNumber;
      if (number >= range.min && number <= range.max) changed(number);
      else input.value = String(value);
    },
  });
  return html("label", {}, label, " ", input);
}

/**
 * A labelled slider whose positions may be spaced evenly by factor, with its value.
 * @param {string} label
 * @param {number} value
 * @param {{min: number, max: number, step?: number, log?: boolean, late?: boolean}} range
 * @param {(value: number) => void} changed called while it is dragged, or if it is to be late, after that
 */
export function slider(label, value, range, changed) {
  const to = (/** @type {number} */ x) => (range.log ? Math.log10(x) : x);
  const from = (/** @type {number} */ x) => (range.log ? Number((10 ** x).toPrecision(3)) : x);
  const shown = html("output", {}, format(value));
  const now = () => Math.min(range.max, Math.max(range.min, from(input.valueAsNumber)));
  const input = html("input", {
    type: "range", min: to(range.min), max: to(range.max), step: range.step ?? 0.01, value: to(value),
    "aria-valuetext": format(value),
    input: () => {
      shown.textContent = format(now());
      input.setAttribute("aria-valuetext", format(now()));
      if (!range.late) changed(now());
    },
    change: () => { if (range.late) changed(now()); },
  });
  return html("label", { class: "slider" }, label, " ", input, " ", shown);
}

/**
 * @param {string} text
 * @param {() => void} clicked
 * @param {Attributes} [attributes]
 */
export function button(text, clicked, attributes = {}) {
  return html("button", { type: "button", click: clicked, ...attributes }, text);
}

/**
 * Draws a place again. What has the focus there keeps it, by its place among what can have it: the answer to a key comes
 * late, and who steps by keys must not have to begin again at the top of the page.
 * @param {Element} place
 * @param {() => void} draw
 */
export function keepFocus(place, draw) {
  const all = () => [.../** @type {NodeListOf<HTMLElement | SVGElement>} */ (place.querySelectorAll("button, input, select, textarea, summary, a[href], [tabindex]"))];
  const focus = all().findIndex((element) => element === document.activeElement);
  draw();
  if (focus >= 0) all()[focus]?.focus({ preventScroll: true });
}

/**
 * Replaces the controls of a place; what has the focus keeps it.
 * @param {Element | undefined} place
 * @param {...Child} children
 */
export function refill(place, ...children) {
  if (!place) return;
  keepFocus(place, () => {
    place.replaceChildren();
    fill(place, {}, children);
  });
}
