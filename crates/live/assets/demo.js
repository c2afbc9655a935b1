// What demonstrations share in which one drags something in a plot.

import { ask, html, keepFocus } from "./dom.js";
import { change } from "./state.js";

/** @typedef {import("./plot.js").Plot} Plot */

/**
 * Controls, a sentence, figures, and a panel with the result. The server is asked at every change.
 * @template Answer
 */
export class Demo {
  /**
   * @param {string} name
   * @param {string} title
   * @param {string} heading
   */
  constructor(name, title, heading) {
    this.name = name;
    this.title = title;
    this.heading = heading;
    this.parameters = new URLSearchParams();
    /** The choices whose controls are shown. @type {string | null} */
    this.shown = null;
    /** The plot in which something is dragged. @type {Plot | undefined} */
    this.dragging = undefined;
  }

  /** @param {HTMLElement} place */
  open(place) {
    this.shown = null;
    this.controls = html("div", { class: "bar" });
    this.said = html("p", { class: "said" });
    this.figure = html("div", { class: "figure" });
    this.more = html("div", { class: "figure" });
    this.result = html("section", { class: "panel", "aria-label": "Result" });
    place.append(html("h2", { class: "hidden" }, this.heading), this.controls, this.said,
      html("div", { class: "split" }, html("div", {}, this.figure, this.more), this.result));
  }

  close() {}

  /** Draws again for the width that the page has now. */
  repaint() {
    this.follow(this.parameters).catch(() => { /* The message at the bottom says it. */ });
  }

  /** @param {URLSearchParams} parameters */
  async follow(parameters) {
    this.parameters = parameters;
    /** @type {Answer | null} */
    const answer = await ask(`/api/${this.name}`, parameters);
    if (answer) this.show(answer);
  }

  /**
   * Shows what the server has answered.
   * @param {Answer} _answer
   */
  show(_answer) {}

  /** @param {Record<string, string | number | null>} changes */
  change(changes) {
    change(this, changes);
  }

  /**
   * Follows the pointer from its press until it is let go.
   * @param {Plot} plot
   * @param {PointerEvent} press
   * @param {(event: PointerEvent) => void} moved
   */
  drag(plot, press, moved) {
    press.preventDefault();
    this.dragging = plot;
    const end = () => {
      for (const name of ["pointerup", "pointercancel"]) window.removeEventListener(name, end);
      window.removeEventListener("pointermove", moved);
      this.dragging = undefined;
    };
    for (const name of ["pointerup", "pointercancel"]) window.addEventListener(name, end);
    window.addEventListener("pointermove", moved);
  }

  /**
   * Puts a plot in the place of the last one. While something is dragged, the plane under the pointer stays: it still has
   * the box that the pointer's place refers to.
   * @param {Plot} plot
   */
  replace(plot) {
    const figure = this.figure;
    if (!figure) return;
    keepFocus(figure, () => {
      if (this.dragging) this.dragging.svg.replaceChildren(...plot.svg.childNodes);
      else figure.replaceChildren(plot.svg);
    });
  }
}
