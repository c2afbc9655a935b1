// Universal approximation: a net with one hidden layer as a sum of bumps, whose heights one drags.

import { Demo } from "./demo.js";
import { button, choice, finite, format, html, slider, svg } from "./dom.js";
import { Plot, widthIn } from "./plot.js";
import { saveButtons } from "./save.js";

/** @typedef {import("./dom.js").Num} Num */
/**
 * @typedef {object} Answer
 * @property {string} formula
 * @property {number[]} x
 * @property {Num[]} target
 * @property {Num[]} net
 * @property {{left: number, right: number, height: number, curve: Num[]}[]} bumps
 * @property {number} steepness
 * @property {{max: Num, rms: Num, mean: Num}} errors
 * @property {{w1: Num[], b1: Num[], w2: Num[], b2: Num[]}} weights
 */

/** @extends {Demo<Answer>} */
export class Bumps extends Demo {
  constructor() {
    super("bumps", "Approximation", "Universal approximation");
  }

  /** @param {Answer} answer */
  show(answer) {
    this.showControls(answer);
    if (this.said) this.said.textContent = `${answer.formula}. Each bump is a pair of hidden units. Drag a bump's top, or choose it and use the arrow keys.`;
    this.showFigure(answer);
    this.showResult(answer);
  }

  /** @param {Answer} answer */
  showControls(answer) {
    if (this.shown !== null) return;
    this.shown = "";
    const again = () => { this.shown = null; };
    this.controls?.replaceChildren(
      choice("Target", this.parameters.get("target") ?? "nielsen",
        [["nielsen", "Nielsen's"], ["sine-mix", "two sines"], ["step", "a step"], ["bump", "a bump"], ["magnitude", "|x|"]],
        (target) => { again(); this.change({ target, height: null }); }),
      slider("Bumps", answer.bumps.length, { min: 1, max: 64, step: 1 }, (bumps) => this.change({ bumps, height: null })),
      slider("Steepness", answer.steepness, { min: 1, max: 500, step: 0.01, log: true }, (steepness) => this.change({ steepness })),
      button("Heights of the construction", () => this.change({ height: null })),
      button("All heights to 0", () => {
        this.parameters.delete("height");
        answer.bumps.forEach((_, i) => this.parameters.append("height", `${i},0`));
        this.change({ bumps: answer.bumps.length });
      }),
      ...saveButtons(() => this.figure?.querySelector("svg"), "bumps"));
  }

  /**
   * @param {number} bump
   * @param {number} height
   */
  raise(bump, height) {
    const kept = this.parameters.getAll("height").filter((text) => !text.startsWith(`${bump},`));
    this.parameters.delete("height");
    const within = Number(Math.max(-10, Math.min(10, height)).toFixed(3));
    for (const text of [...kept, `${bump},${within}`]) this.parameters.append("height", text);
    this.change({});
  }

  /** @param {Answer} answer */
  showFigure(answer) {
    const { x, bumps } = answer;
    const values = [...answer.target, ...answer.net].map(finite);
    const [low, high] = [Math.min(-0.2, ...values), Math.max(1, ...values)];
    const room = 0.08 * (high - low);
    const range = this.dragging?.y ?? /** @type {[number, number]} */ ([low - room, high + room]);
    const width = widthIn(this.figure, 720);
    const plot = new Plot({ x: [x[0], x[x.length - 1]], y: range, width, height: Math.round(0.58 * width), label: "Target, net and bumps", handles: true });
    const points = (/** @type {Num[]} */ list) => list.map((value, i) => /** @type {[number, number]} */ ([x[i], finite(value)]));
    for (const bump of bumps) plot.line(points(bump.curve), "bump");
    plot.line(points(answer.target), "target");
    plot.line(points(answer.net), "first");
    bumps.forEach((bump, i) => {
      const middle = (bump.left + bump.right) / 2;
      const handle = svg("circle", {
        class: "handle", cx: plot.toX(middle), cy: plot.toY(bump.height), r: bumps.length > 24 ? 5 : 8, tabindex: 0, role: "slider",
        "aria-label": `Height of bump ${i + 1}`, "aria-valuemin": -10, "aria-valuemax": 10, "aria-valuenow": bump.height, "aria-orientation": "vertical",
        keydown: (/** @type {KeyboardEvent} */ event) => {
          const by = { ArrowUp: 0.05, ArrowDown: -0.05, PageUp: 0.25, PageDown: -0.25 }[event.key];
          if (by === undefined) return;
          event.preventDefault();
          this.raise(i, bump.height + by);
        },
        pointerdown: (/** @type {PointerEvent} */ event) => this.drag(plot, event, (event) => this.raise(i, plot.pointOf(event)[1])),
      });
      plot.svg.append(handle);
    });
    this.replace(plot);
  }

  /** @param {Answer} answer */
  showResult(answer) {
    const { errors, weights } = answer;
    const rows = answer.bumps.slice(0, 12).map((bump, i) => html("tr", {}, html("th", { scope: "row" }, String(i + 1)),
      ...[weights.w1[2 * i], weights.b1[2 * i], weights.w2[2 * i], weights.b1[2 * i + 1], weights.w2[2 * i + 1]].map((value) => html("td", {}, format(value)))));
    this.result?.replaceChildren(html("h2", {}, `${2 * answer.bumps.length} hidden units`),
      html("p", { id: "errors" }, `Error: ${format(errors.rms)} root mean square, ${format(errors.max)} largest.`),
      html("p", {}, "y = σ(x·w1 + b1)·w2 + b2. A bump is the difference of two steps: the first unit rises at its left edge, the second takes it back at its right edge."),
      html("div", { class: "wide", tabindex: 0, role: "group", "aria-label": "Weights" }, html("table", {},
        html("tr", {}, ...["bump", "w1", "b1, left", "w2", "b1, right", "w2"].map((text) => html("th", { scope: "col" }, text))), ...rows)),
      html("p", { class: "muted" }, answer.bumps.length > 12 ? `and ${answer.bumps.length - 12} more` : ""));
  }
}
