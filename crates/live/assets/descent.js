// Gradient descent on contours, with momentum and a line search beside it.

import { Demo } from "./demo.js";
import { button, choice, finite, format, html, numberInput, slider, svg } from "./dom.js";
import { Plot, widthIn } from "./plot.js";
import { saveButtons } from "./save.js";

/** @typedef {import("./dom.js").Num} Num */
/** @typedef {import("./plot.js").Point} Point */
/**
 * @typedef {object} Path
 * @property {string} name
 * @property {Point[]} points
 * @property {Num[]} values
 * @property {Num[]} norms
 * @property {Num[]} steps
 * @property {string} outcome
 * @property {number} iterations
 * @property {number} turns
 * @property {{values: number, gradients: number}} evaluations
 */
/**
 * @typedef {object} Answer
 * @property {string} formula
 * @property {{x: Point, y: Point}} window
 * @property {Point} start
 * @property {number} step
 * @property {number} momentum
 * @property {number} iterations
 * @property {number | null} limit
 * @property {{point: Point, value: number} | null} minimum
 * @property {{level: number, paths: Point[][]}[]} contours
 * @property {Path[]} paths
 */

const KINDS = ["first", "second", "third"];

/** @extends {Demo<Answer>} */
export class Descent extends Demo {
  constructor() {
    super("descent", "Gradient descent", "Gradient descent");
  }

  /** @param {HTMLElement} place */
  open(place) {
    super.open(place);
    this.result?.setAttribute("aria-live", "polite");
  }

  /** @param {Answer} answer */
  show(answer) {
    this.showControls(answer);
    if (this.said) this.said.textContent = `${answer.formula}. Drag the start, or click where it shall be.`;
    this.showFigure(answer);
    this.showValues(answer);
    this.showResult(answer);
  }

  /** @param {Answer} answer */
  showControls(answer) {
    const kind = this.parameters.get("function") ?? "valley";
    if (this.shown === kind) return;
    this.shown = kind;
    const fresh = { step: null, x: null, y: null, condition: null };
    const controls = [
      choice("Function", kind, [["valley", "narrow valley"], ["bowl", "the lecture's cosine bowl"], ["rosenbrock", "Rosenbrock's banana"]],
        (value) => this.change({ function: value, ...fresh })),
      slider("Step length α", answer.step, { min: 1e-4, max: 1, step: 0.002, log: true }, (step) => this.change({ step })),
      slider("Momentum μ", answer.momentum, { min: 0, max: 0.99 }, (momentum) => this.change({ momentum })),
      numberInput("Iterations", answer.iterations, { min: 1, max: 1000, step: 1 }, (iterations) => this.change({ iterations })),
    ];
    if (kind === "valley") {
      const condition = Number(this.parameters.get("condition") ?? 20);
      controls.push(slider("Condition κ", condition, { min: 1, max: 200, step: 0.01, log: true }, (condition) => this.change({ condition })));
    }
    this.controls?.replaceChildren(...controls, button("Start again", () => { this.shown = null; this.parameters = new URLSearchParams({ function: kind }); this.change({}); }),
      ...saveButtons(() => this.figure?.querySelector("svg"), "descent"));
  }

  /** @param {Answer} answer */
  showFigure(answer) {
    const { window: { x, y } } = answer;
    const width = widthIn(this.figure, 640);
    const shape = Math.min(1, Math.max(0.5, (y[1] - y[0]) / (x[1] - x[0])));
    const plot = new Plot({ x, y, width, height: 40 + (width - 60) * shape, label: "Contours and the three ways down", handles: true });
    answer.contours.forEach((line, i) => {
      for (const path of line.paths) plot.line(path, `contour level${Math.floor((i / answer.contours.length) * 4)}`);
    });
    if (answer.minimum) plot.content.append(svg("path", { class: "minimum", d: `M${plot.toX(answer.minimum.point[0])} ${plot.toY(answer.minimum.point[1])}m-5 -5l10 10m0 -10l-10 10` }));
    answer.paths.forEach((path, i) => {
      plot.line(path.points, KINDS[i]);
      for (const [px, py] of path.points.slice(0, 200)) {
        const [cx, cy] = [plot.toX(px), plot.toY(py)];
        if (Math.abs(cx) < 2000 && Math.abs(cy) < 2000) plot.content.append(svg("circle", { class: `dot ${KINDS[i]}`, cx, cy, r: 2.6 }));
      }
    });
    const start = svg("circle", {
      class: "handle", cx: plot.toX(answer.start[0]), cy: plot.toY(answer.start[1]), r: 8, tabindex: 0, role: "application",
      "aria-label": `Start at ${format(answer.start[0])}, ${format(answer.start[1])}; arrow keys move it`,
      keydown: (/** @type {KeyboardEvent} */ event) => {
        const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
        if (!by) return;
        event.preventDefault();
        this.moveTo([answer.start[0] + (by[0] * (x[1] - x[0])) / 50, answer.start[1] + (by[1] * (y[1] - y[0])) / 50]);
      },
    });
    plot.svg.append(start);
    const follow = (/** @type {PointerEvent} */ event) => this.moveTo(plot.pointOf(event));
    plot.svg.addEventListener("pointerdown", (event) => {
      this.drag(plot, event, follow);
      follow(event);
    });
    this.replace(plot);
  }

  /** @param {Point} point */
  moveTo([x, y]) {
    const within = (/** @type {number} */ value) => Number(Math.max(-100, Math.min(100, value)).toPrecision(4));
    this.change({ x: within(x), y: within(y) });
  }

  /** @param {Answer} answer */
  showValues(answer) {
    const lowest = answer.minimum?.value ?? 0;
    const above = answer.paths.map((path) => path.values.map((value) => Math.log10(Math.max(1e-12, finite(value) - lowest))));
    const all = above.flat().filter(Number.isFinite);
    const longest = Math.max(1, ...above.map((list) => list.length - 1));
    const plot = new Plot({ x: [0, longest], y: [Math.min(-3, Math.max(-12, ...[Math.min(...all)])), Math.min(12, Math.max(...all) + 0.5)], width: widthIn(this.more, 640), height: 190, label: "Distance of the value from the minimum, as a power of ten, by iteration", ticks: 4 });
    above.forEach((list, i) => plot.line(list.map((value, k) => [k, value]), KINDS[i]));
    this.more?.replaceChildren(html("p", { class: "muted" }, "log₁₀ of f minus its minimum, by iteration"), plot.svg);
  }

  /** @param {Answer} answer */
  showResult(answer) {
    const [plain] = answer.paths;
    const rows = answer.paths.map((path, i) => {
      const last = path.values.length - 1;
      return html("tr", {}, html("th", { scope: "row" }, html("span", { class: `key ${KINDS[i]}` }), path.name),
        html("td", {}, path.outcome), html("td", {}, String(path.iterations)), html("td", {}, format(path.values[last])),
        html("td", {}, format(path.norms[last])), html("td", {}, String(path.evaluations.values + path.evaluations.gradients)));
    });
    const limit = answer.limit;
    const word = plain.outcome === "diverged" ? "It diverges." : plain.turns > 4 ? `It zig-zags: ${plain.turns} turns.` : "It goes down without turning back.";
    this.result?.replaceChildren(html("h2", {}, `α = ${format(answer.step)}`),
      html("p", { id: "verdict" }, `Gradient descent: ${plain.outcome} after ${plain.iterations} iterations. ${word}`),
      limit !== null && html("p", {}, `Near the minimum it converges for α below 2 over the largest curvature: ${format(limit)}. Above half of that, ${format(limit / 2)}, it jumps from one side of the valley to the other.`) || "",
      html("div", { class: "wide", tabindex: 0, role: "group", "aria-label": "Comparison" }, html("table", {},
        html("tr", {}, html("td"), ...["outcome", "iterations", "f", "‖∇f‖", "evaluations"].map((text) => html("th", { scope: "col" }, text))), ...rows)),
      html("p", { class: "muted" }, "The line search chooses its own step in each iteration; α does not change it."));
  }
}
