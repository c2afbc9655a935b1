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
 */

/** @type {Part[]} */
const PARTS = [new Graph(), new Playground(), new Digits(), new Descent(), new Bumps(), new Softmax()];

const main = /** @type {HTMLElement} */ (document.getElementById("main"));
const links = PARTS.map((part) => html("a", { href: `#${part.name}` }, part.title));
document.getElementById("parts")?.append(...links);

/** @type {Part | null} */
let open = null;

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
  part.follow(parameters).catch(() => { /* The message at the bottom says it. */ });
}

const theme = /** @type {HTMLSelectElement} */ (document.getElementById("theme"));
theme.value = localStorage.getItem("theme") ?? "";
const apply = () => {
  document.documentElement.dataset.theme = theme.value;
  localStorage.setItem("theme", theme.value);
};
theme.addEventListener("change", apply);
apply();

window.addEventListener("hashchange", follow);
follow();
ask("/api/about", new URLSearchParams()).then((about) => {
  const place = document.getElementById("backend");
  if (place) place.textContent = `${about.backend}, ${about.dtype}`;
}, () => { /* As above. */ });
