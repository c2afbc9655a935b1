// The runs on disk: a list from which one is opened.

import { ask, button, html } from "./dom.js";

/**
 * @typedef {object} Run
 * @property {string} name
 * @property {string} net what an address calls its net
 * @property {string | null} started in UTC
 * @property {number | null} accuracy
 * @property {"test" | "validation" | null} of the images that the accuracy is of
 * @property {string | null} problem why it cannot be opened
 */
/** @typedef {{folder: string, runs?: Run[], more?: number, problem?: string}} List */

export class RunList {
  /** @param {(net: string) => void} open */
  constructor(open) {
    this.openRun = open;
    this.chosen = "";
    this.table = html("div", { class: "runs", tabindex: 0, role: "group", "aria-label": "Runs" });
    this.said = html("p", { class: "muted", role: "status" });
    this.title = html("summary", {}, "Open a run");
    this.place = html("details", { class: "settings", toggle: () => this.look() }, this.title, this.said, this.table,
      html("div", { class: "bar" }, button("Look again", () => this.look())));
  }

  /** Asks for the list, if it can be seen. */
  look() {
    if (!this.place.open) return;
    ask("/api/runs", new URLSearchParams()).then((list) => { if (list) this.show(list); }, () => { /* The message at the bottom says it. */ });
  }

  /** @param {string} net the net that is open */
  choose(net) {
    this.chosen = net;
    for (const open of this.table.querySelectorAll("button")) open.setAttribute("aria-pressed", String(open.dataset.net === net));
  }

  /** @param {List} list */
  show(list) {
    const { folder, runs = [], more = 0 } = list;
    const count = `${runs.length} ${runs.length === 1 ? "run" : "runs"} in the folder ${folder}, the latest first`;
    this.said.textContent = list.problem ?? (more > 0 ? `${count}; ${more} earlier ones are left out` : count);
    const focus = this.table.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement).dataset.net : undefined;
    const head = html("tr", {}, ...["Run", "Accuracy", "Started (UTC)"].map((text) => html("th", { scope: "col" }, text)));
    this.table.replaceChildren(...(runs.length === 0 ? [] : [html("table", {}, html("thead", {}, head), html("tbody", {}, ...runs.map((run) => this.row(run))))]));
    this.choose(this.chosen);
    if (focus) [...this.table.querySelectorAll("button")].find((open) => open.dataset.net === focus)?.focus();
  }

  /** @param {Run} run */
  row(run) {
    const name = run.problem === null ? button(run.name, () => this.openRun(run.net), { class: "plain", "data-net": run.net }) : run.name;
    const accuracy = run.accuracy === null ? "" : `${(100 * run.accuracy).toFixed(2)} % ${run.of}`;
    return html("tr", {}, html("th", { scope: "row" }, name, run.problem !== null && html("p", { class: "problem" }, run.problem)),
      html("td", {}, accuracy), html("td", {}, run.started ?? ""));
  }
}
