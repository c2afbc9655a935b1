// The parts of the page, one of them open.

import { ask, html } from "./dom.js";
import { read } from "./state.js";
import { Graph } from "./graph.js";
import { Playground } from "./playground.js";
import { Digits } from "./digits.js";
import { Descent } from "./descent.js";
import { Bumps } from "./bumps.js";
import { Softmax } from "./softmax.js";

/**
 * A part of the page. It fills its place when it is opened, and follows the address.
 * @typedef {object} Part
 * @property {string} name
 * @property {string} title
 * @property {(place: HTMLElement) => void} open
 * @property {(parameters: URLSearchParams) => Promise<void>} follow
 * @property {() => void} close
 * @property {() => void} [repaint] draws again what style rules do not reach, for other colours or another width
 */

/** @type {Part[]} */
const PARTS = [new Graph(), new Playground(), new Digits(), new Descent(), new Bumps(), new Softmax()];

const main = /** @type {HTMLElement} */ (document.getElementById("main"));
const links = PARTS.map((part) => html("a", { href: `#${part.name}` }, part.title));
document.getElementById("parts")?.append(...links);

/** @type {Part | null} */
let open = null;
/** Lessons, and the addresses of what shows the same here. @type {[string, string][]} */
let counterparts = [];

function follow() {
  const { part: name, parameters } = read();
  // The link that skips to the content is no part.
  if (name === "main") return;
  const part = PARTS.find((part) => part.name === name) ?? PARTS[0];
  if (part !== open) {
    open?.close();
    open = part;
    main.replaceChildren();
    part.open(main);
    document.title = `${part.title} · Backpropagation, live`;
    for (const [i, link] of links.entries()) {
      if (PARTS[i] === part) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }
  showLesson();
  part.follow(parameters).catch(() => { /* The message at the bottom says it. */ });
}

/** Names the lesson that shows the same on paper. */
function showLesson() {
  const { part, parameters } = read();
  const name = part || PARTS[0].name;
  const net = parameters.get("net") ?? "scalar";
  const lessons = counterparts.filter(([, address]) => address === name || address.startsWith(`${name}?`));
  const lesson = name === "graph" ? lessons.find(([, address]) => address === `graph?net=${net}`) : lessons[0];
  const place = /** @type {HTMLElement} */ (document.getElementById("lesson"));
  place.replaceChildren(...(lesson ? ["The same, step by step on a page: ", html("code", {}, `trainer lesson ${lesson[0]}`)] : []));
}

const theme = /** @type {HTMLSelectElement} */ (document.getElementById("theme"));
theme.value = localStorage.getItem("theme") ?? "";
const apply = () => {
  document.documentElement.dataset.theme = theme.value;
  localStorage.setItem("theme", theme.value);
  open?.repaint?.();
};
theme.addEventListener("change", apply);
apply();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => open?.repaint?.());

let waiting = 0;
window.addEventListener("resize", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => open?.repaint?.(), 150);
});
window.addEventListener("hashchange", follow);
follow();
ask("/api/about", new URLSearchParams()).then((about) => {
  const place = document.getElementById("backend");
  if (place) place.textContent = `${about.backend}, ${about.dtype}`;
  counterparts = about?.counterparts ?? [];
  showLesson();
}, () => { /* As above. */ });
