// Softmax with cross-entropy: the gradient with respect to the logits is Yp - Y.

import { ask, button, finite, format, html, slider, svg } from "./dom.js";
import { Plot, widthIn } from "./plot.js";
import { saveButtons } from "./save.js";
import { write } from "./state.js";

/** @typedef {import("./dom.js").Num} Num */
/**
 * @typedef {object} Answer
 * @property {number[]} logits
 * @property {number[]} target
 * @property {number} class
 * @property {Num[]} probabilities
 * @property {Num} loss
 * @property {Num[]} gradientOfProbabilities
 * @property {Num[][]} jacobian
 * @property {Num[]} fused
 * @property {Num[]} composed
 * @property {Num[]} autodiff
 */

/** What the figure shows of each class: its style and its name. */
const BARS = [["first", "probability yp"], ["third", "target y"], ["second", "δz = yp − y"]];

export class Softmax {
  name = "softmax";
  title = "Softmax";

  constructor() {
    this.parameters = new URLSearchParams();
    this.shown = "";
    /** @type {Answer | null} */
    this.answer = null;
  }

  /** @param {HTMLElement} place */
  open(place) {
    this.shown = "";
    this.controls = html("div", { class: "logits" });
    this.figure = html("div", { class: "figure" });
    this.result = html("div", {});
    place.append(html("h2", {}, "Softmax with cross-entropy"),
      html("p", {}, "Move the logits and choose the true class. The gradient of the loss with respect to the logits is probability minus target, whatever the logits are."),
      html("div", { class: "learning" }, this.controls, html("div", { class: "column" }, this.figure)), this.result);
  }

  close() {}

  /** Draws again for the width that the page has now. */
  repaint() {
    if (this.answer) this.showFigure(this.answer);
  }

  /** @param {URLSearchParams} parameters */
  async follow(parameters) {
    this.parameters = parameters;
    /** @type {Answer | null} */
    const answer = await ask("/api/softmax", parameters);
    if (!answer) return;
    this.answer = answer;
    this.showControls(answer);
    this.showFigure(answer);
    this.showResult(answer);
  }

  /**
   * @param {number[]} logits
   * @param {number} target
   */
  change(logits, target) {
    this.parameters = new URLSearchParams({ logits: logits.join(","), class: String(target) });
    write(this.name, this.parameters);
    this.follow(this.parameters).catch(() => { /* The message at the bottom says it. */ });
  }

  /** @param {Answer} answer */
  showControls(answer) {
    const key = `${answer.logits.length} ${answer.class}`;
    if (this.shown === key) return;
    this.shown = key;
    const logits = [...answer.logits];
    let target = answer.class;
    const rows = logits.map((logit, k) => html("div", { class: "logit" },
      slider(`z${k + 1}`, logit, { min: -10, max: 10, step: 0.1 }, (value) => { logits[k] = Number(value.toFixed(1)); this.change(logits, target); }),
      html("label", {}, html("input", { type: "radio", name: "class", checked: k === target, change: () => { target = k; this.change(logits, target); } }), " true class")));
    this.controls?.replaceChildren(...rows, html("div", { class: "bar" },
      button("Add a class", () => this.change([...logits, 0], target), { disabled: logits.length >= 8 }),
      button("Remove the last class", () => this.change(logits.slice(0, -1), Math.min(target, logits.length - 2)), { disabled: logits.length <= 2 }),
      ...saveButtons(() => this.figure?.querySelector("svg"), "softmax")));
  }

  /**
   * Three bars for each class: probability, target, and the difference, which is the gradient.
   * @param {Answer} answer
   */
  showFigure(answer) {
    const count = answer.logits.length;
    const width = widthIn(this.figure, 640);
    const plot = new Plot({ x: [0.5, count + 0.5], y: [-1.1, 1.3], width, height: 300, label: "Probability, target and gradient of each class", ticks: [count, 5] });
    const thick = Math.min(46, (0.8 * (plot.toX(2) - plot.toX(1))) / BARS.length);
    plot.line([[0.5, 0], [count + 0.5, 0]], "zero");
    [answer.probabilities, answer.target, answer.fused].forEach((values, nth) => values.forEach((value, k) => {
      const [zero, end] = [plot.toY(0), plot.toY(finite(value))];
      const x = plot.toX(k + 1) + (nth - BARS.length / 2) * thick;
      plot.content.append(svg("rect", { class: `dot ${BARS[nth][0]}`, x: x + 1, y: Math.min(zero, end), width: thick - 2, height: Math.abs(end - zero) }));
    }));
    // The names are in the picture, so that it can stand alone.
    let x = plot.toX(0.5) + 10;
    for (const [kind, name] of BARS) {
      plot.content.append(svg("rect", { class: `dot ${kind}`, x, y: 20, width: 14, height: 9 }), svg("text", { class: "axis", x: x + 19, y: 29 }, name));
      x += 26 + 6.1 * name.length;
    }
    this.figure?.replaceChildren(plot.svg, html("p", { class: "muted" }, `The classes 1 to ${count} from left to right; class ${answer.class + 1} is the true one.`));
  }

  /** @param {Answer} answer */
  showResult(answer) {
    const classes = answer.logits.map((_, k) => `class ${k + 1}`);
    const cell = (/** @type {Num} */ value, /** @type {string} */ kind) => {
      const size = Math.min(1, Math.abs(finite(value)));
      return html("td", {}, html("meter", { class: kind, min: 0, max: 1, value: size, "aria-hidden": "true" }), " ", format(value));
    };
    const row = (/** @type {string} */ name, /** @type {Num[]} */ list, kind = "") =>
      html("tr", {}, html("th", { scope: "row" }, name), ...list.map((value) => (kind ? cell(value, kind) : html("td", {}, format(value)))));
    const apart = (/** @type {Num[]} */ list) => Math.max(...list.map((value, k) => Math.abs(finite(value) - finite(answer.fused[k]))));
    const p = answer.probabilities;
    const k = answer.class;
    this.result?.replaceChildren(
      html("div", { class: "wide", tabindex: 0, role: "group", "aria-label": "Numbers of each class" }, html("table", { class: "softmax" },
        html("tr", {}, html("td"), ...classes.map((name, i) => html("th", { scope: "col" }, i === k ? `${name} (true)` : name))),
        row("logit z", answer.logits), row("probability yp = softmax(z)", p, "probability"), row("target y", answer.target),
        row("δz = yp − y", answer.fused, "gradient"))),
      html("p", { id: "loss-text" }, `Loss: −ln ${format(p[k])} = ${format(answer.loss, 6)}.`),
      html("h3", {}, "The same, in two steps"),
      html("p", {}, "Cross-entropy passes −y/yp back to the probabilities; softmax passes it on through its Jacobian matrix, ∂yp_k/∂z_i = yp_k (1 if i = k, else 0, minus yp_i)."),
      html("div", { class: "wide", tabindex: 0, role: "group", "aria-label": "Two steps" }, html("table", {},
        html("tr", {}, html("td"), ...classes.map((name) => html("th", { scope: "col" }, name))),
        row("δyp = −y/yp", answer.gradientOfProbabilities),
        ...answer.jacobian.map((list, i) => row(`∂yp${i + 1}/∂z`, list)),
        row("δz by the two rules", answer.composed), row("δz by Burn's autodiff", answer.autodiff), row("δz by the fused rule", answer.fused))),
      html("p", { class: "muted" }, `Largest difference from the fused rule: ${format(apart(answer.composed))} for the two rules, ${format(apart(answer.autodiff))} for autodiff.`));
  }
}
