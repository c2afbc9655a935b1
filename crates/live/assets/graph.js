// Part 1: a net as a computational graph, forward and backward, node by node.

import { ask, button, choice, format, html, keepFocus, numberInput, refill } from "./dom.js";
import { draw } from "./drawing.js";
import { showRule } from "./rule.js";
import { change, without } from "./state.js";
import { saveButtons } from "./save.js";

/** @typedef {import("./dom.js").Num} Num */
/**
 * @typedef {object} GraphNode
 * @property {string} name
 * @property {"input" | "parameter" | "operation"} kind
 * @property {string} text what stands in the node
 * @property {string | null} formula
 * @property {number[]} operands
 * @property {[number, number]} shape
 * @property {boolean} asNumbers whether it is written out, not shown as colours
 * @property {number} x
 * @property {number} y
 * @property {number} right
 * @property {number} width
 * @property {number} labelWidth
 * @property {Num[]} value
 * @property {Num[] | null} gradient
 */
/** @typedef {{to: number, operand: number, gradient: Num[], total: Num[]}} Sent */
/**
 * @typedef {object} Trace
 * @property {string} title
 * @property {string} source
 * @property {number} output
 * @property {number} width
 * @property {number} height
 * @property {{halfNode: number, line: number, column: number, cell: number, beside: number, apart: number}} sizes
 * @property {GraphNode[]} nodes
 * @property {{from: number, to: number, points: [number, number][]}[]} edges
 * @property {{node: number, sent: Sent[]}[]} backward
 * @property {Num[]} losses
 * @property {number} rate
 * @property {number} steps
 */
/**
 * What is known at a moment of the walk.
 * @typedef {object} Moment
 * @property {Set<number>} values nodes whose value is known
 * @property {Map<number, {total: Num[], arrived: number}>} gradients
 * @property {number | null} active the node that computes
 * @property {Sent[]} sent what it has just sent
 * @property {"start" | "forward" | "turn" | "backward"} phase
 */

/** @type {[string, string][]} */
const NETS = [
  ["scalar", "Scalar net"], ["general", "General net"], ["xor", "XOR net"], ["classifier", "Small classifier"],
  ["four-variables", "Function of four variables"], ["composition", "Composition with x(z)"], ["own", "Your own net"],
];
/** @type {[string, string][]} */
const ACTIVATIONS = [["sigmoid", "sigmoid"], ["tanh", "tanh"], ["relu", "ReLU"], ["elu", "ELU"]];
/** The first choices of the nets that have some. @type {Record<string, {f: string, units: number}>} */
const HIDDEN = { general: { f: "sigmoid", units: 3 }, xor: { f: "sigmoid", units: 2 }, classifier: { f: "relu", units: 4 } };
const OWN = "3:tanh,1:linear";
/** Parameters that the server does not need. */
const VIEW = ["at", "node", "row", "column", "by", "operand"];
const PLAY = 900;
/** The smallest and the largest scale of the drawing, whose smallest text has 12 pixels. */
const SCALES = [0.93, 1.3];
/** From this width of the window on the page may be shown by a projector, and the drawing is larger. */
const PROJECTOR = 1800;
const LARGE_SCALES = [1.45, 2];

export class Graph {
  name = "graph";
  title = "Graph";

  constructor() {
    /** @type {URLSearchParams} */
    this.parameters = new URLSearchParams();
    /** @type {Trace | null} */
    this.trace = null;
    /** The question that the trace answers. */
    this.asked = "";
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.playing = undefined;
  }

  /** @param {HTMLElement} place */
  open(place) {
    this.asked = "";
    this.options = html("div", { class: "bar" });
    this.walk = html("div", { class: "bar walk", role: "group", "aria-label": "Walk through the graph" });
    this.said = html("p", { class: "said", "aria-live": "polite" });
    this.picture = html("div", {
      class: "picture", tabindex: 0, role: "region", "aria-label": "Computational graph; arrow keys step",
      keydown: (/** @type {KeyboardEvent} */ event) => this.key(event),
    });
    this.panel = html("section", { class: "panel", "aria-label": "Rule" });
    this.training = html("div", { class: "bar" });
    place.append(html("h2", { class: "hidden" }, "Graph"), this.options, this.walk, this.said,
      html("div", { class: "split" }, html("div", {}, this.picture, this.training), this.panel));
  }

  close() {
    this.stop();
  }

  /** Draws again for the width that the page has now. */
  repaint() {
    if (this.trace) this.showMoment();
  }

  /** @param {URLSearchParams} parameters */
  async follow(parameters) {
    this.parameters = parameters;
    const question = without(parameters, VIEW);
    if (question.toString() !== this.asked || !this.trace) {
      const trace = await ask("/api/graph", question);
      if (!trace) return;
      this.trace = trace;
      this.asked = question.toString();
      this.showOptions();
    }
    this.showMoment();
    await this.showPanel();
  }

  /**
   * Changes parameters; null removes one.
   * @param {Record<string, string | number | null>} changes
   */
  change(changes) {
    change(this, changes);
  }

  // What is chosen.

  showOptions() {
    const get = (/** @type {string} */ name, /** @type {string} */ other) => this.parameters.get(name) ?? other;
    const net = get("net", "scalar");
    const fresh = { edit: null, steps: null, at: null, node: null, row: null, column: null, by: null, operand: null };
    const controls = [choice("Net", net, NETS, (value) => {
      this.parameters = new URLSearchParams({ net: value, seed: get("seed", "1") });
      this.change({});
    })];
    const hidden = HIDDEN[net];
    if (hidden) {
      controls.push(
        choice("f", get("f", hidden.f), ACTIVATIONS, (f) => this.change({ f, ...fresh })),
        numberInput("Hidden units", Number(get("units", String(hidden.units))), { min: 1, max: 16, step: 1 }, (units) => this.change({ units, ...fresh })));
    }
    if (net === "own") {
      controls.push(
        numberInput("Inputs", Number(get("inputs", "2")), { min: 1, max: 16, step: 1 }, (inputs) => this.change({ inputs, ...fresh })),
        numberInput("Rows", Number(get("rows", "4")), { min: 1, max: 16, step: 1 }, (rows) => this.change({ rows, ...fresh })),
        choice("Loss", get("loss", "squares"), [["squares", "half squared error"], ["cross-entropy", "softmax, cross-entropy"]],
          (loss) => this.change({ loss, ...fresh })));
    }
    if (net !== "four-variables" && net !== "composition") {
      controls.push(numberInput("Seed", Number(get("seed", "1")), { min: 0, max: 4294967295, step: 1 }, (seed) => this.change({ seed, ...fresh })));
    }
    this.options?.replaceChildren(...controls, ...(net === "own" ? [this.layers(get("layers", OWN), fresh)] : []));
  }

  /**
   * The layers of one's own net.
   * @param {string} text
   * @param {Record<string, null>} fresh
   */
  layers(text, fresh) {
    const layers = text.split(",").map((layer) => {
      const [units, f] = layer.split(":");
      return { units: Number(units), f: f ?? "linear" };
    });
    const changed = () => this.change({ layers: layers.map(({ units, f }) => `${units}:${f}`).join(","), ...fresh });
    const rows = layers.map((layer, i) => html("fieldset", {},
      html("legend", {}, `Layer ${i + 1}`),
      numberInput("Units", layer.units, { min: 1, max: 16, step: 1 }, (units) => { layer.units = units; changed(); }),
      choice("f", layer.f, [["linear", "linear"], ...ACTIVATIONS], (f) => { layer.f = f; changed(); }),
      layers.length > 1 && button("Remove", () => { layers.splice(i, 1); changed(); }, { "aria-label": `Remove layer ${i + 1}` })));
    const add = button("Add a layer", () => { layers.splice(layers.length - 1, 0, { units: 3, f: "tanh" }); changed(); },
      { disabled: layers.length >= 6 });
    return html("div", { class: "bar layers" }, ...rows, add);
  }

  // Where the walk is.

  /** Operations that the forward pass computes, in order. */
  operations() {
    const nodes = this.trace?.nodes ?? [];
    return nodes.flatMap((node, i) => (node.kind === "operation" ? [i] : []));
  }

  /** The last place of the walk: all values, the turn, all gradients. */
  end() {
    return this.operations().length + 1 + (this.trace?.backward.length ?? 0);
  }

  at() {
    const text = this.parameters.get("at");
    const end = this.end();
    return text === null ? end : Math.min(end, Math.max(0, Math.trunc(Number(text)) || 0));
  }

  /** @returns {Moment} */
  moment() {
    const trace = /** @type {Trace} */ (this.trace);
    const operations = this.operations();
    const at = this.at();
    const forward = Math.min(at, operations.length);
    const values = new Set(operations.slice(0, forward));
    trace.nodes.forEach((node, i) => { if (node.kind !== "operation") values.add(i); });
    /** @type {Moment["gradients"]} */
    const gradients = new Map();
    if (at <= operations.length) {
      return { values, gradients, active: at === 0 ? null : operations[at - 1], sent: [], phase: at === 0 ? "start" : "forward" };
    }
    gradients.set(trace.output, { total: [1], arrived: 1 });
    const back = at - operations.length - 1;
    for (const step of trace.backward.slice(0, back)) {
      for (const sent of step.sent) {
        const before = gradients.get(sent.to)?.arrived ?? 0;
        gradients.set(sent.to, { total: sent.total, arrived: before + 1 });
      }
    }
    if (back === 0) return { values, gradients, active: trace.output, sent: [], phase: "turn" };
    const last = trace.backward[back - 1];
    return { values, gradients, active: last.node, sent: last.sent, phase: "backward" };
  }

  /** @param {number} at */
  go(at) {
    const end = this.end();
    const to = Math.min(end, Math.max(0, at));
    this.change({ at: to === end ? null : to });
  }

  stop() {
    clearInterval(this.playing);
    this.playing = undefined;
  }

  play() {
    if (this.playing !== undefined) {
      this.stop();
      this.showMoment();
      return;
    }
    if (this.at() === this.end()) this.go(0);
    this.playing = setInterval(() => {
      if (this.at() + 1 >= this.end()) this.stop();
      this.go(this.at() + 1);
    }, PLAY);
    this.showMoment();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.target !== this.picture) return;
    const by = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity }[event.key];
    if (by === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    this.stop();
    this.go(this.at() + by);
  }

  showMoment() {
    const trace = this.trace;
    if (!trace) return;
    const at = this.at();
    const turn = this.operations().length;
    const walk = (/** @type {number} */ to) => () => { this.stop(); this.go(to); };
    refill(this.walk,
      button("Start", walk(0), { disabled: at === 0 }),
      button("← Back", walk(at - 1), { disabled: at === 0 }),
      button("Step →", walk(at + 1), { disabled: at === this.end() }),
      button("Forward pass", walk(turn), { disabled: at === turn }),
      button("Backward pass", walk(this.end()), { disabled: at === this.end() }),
      button(this.playing === undefined ? "Play" : "Pause", () => this.play()),
      html("progress", { max: this.end(), value: at, "aria-label": "Place in the walk" }),
      html("span", { class: "muted" }, `${at} of ${this.end()}`));
    if (this.said) this.said.textContent = this.sentence();
    const selected = trace.nodes.findIndex((node) => node.name === this.parameters.get("node"));
    const drawn = draw(trace, this.moment(), {
      selected,
      use: this.parameters.has("by") ? [Number(this.parameters.get("by")), Number(this.parameters.get("operand"))] : null,
      choose: (node, element, use) => this.choose(node, element, use),
      edit: (node, index, value) => this.edit(node, index, value),
    });
    const picture = this.picture;
    if (picture) keepFocus(picture, () => picture.replaceChildren(drawn));
    this.fit(drawn);
    this.showTraining();
  }

  /**
   * Scales the drawing to its place, within what one can read, and brings the active node into view.
   * @param {SVGSVGElement} drawn
   */
  fit(drawn) {
    const picture = this.picture;
    const trace = this.trace;
    if (!picture || !trace) return;
    const natural = drawn.viewBox.baseVal;
    const [smallest, largest] = innerWidth < PROJECTOR ? SCALES : LARGE_SCALES;
    const scale = Math.min(largest, Math.max(smallest, (picture.clientWidth - 2) / natural.width));
    drawn.setAttribute("width", String(natural.width * scale));
    drawn.setAttribute("height", String(natural.height * scale));
    const { active } = this.moment();
    if (active === null) return;
    const node = trace.nodes[active];
    const [left, right] = [node.x * scale, (node.right + 20) * scale];
    if (left < picture.scrollLeft) picture.scrollLeft = left - 20;
    else if (right > picture.scrollLeft + picture.clientWidth) picture.scrollLeft = right - picture.clientWidth;
  }

  /** What happens at this moment. */
  sentence() {
    const trace = /** @type {Trace} */ (this.trace);
    const { phase, active, sent } = this.moment();
    const written = (/** @type {Num[]} */ numbers) => (numbers.length === 1 ? ` = ${format(numbers[0])}` : "");
    if (phase === "start" || active === null) return "Inputs and parameters are given. Step forward to compute the first value.";
    const node = trace.nodes[active];
    if (phase === "forward") return `Forward: ${node.name} = ${node.formula}${written(node.value)}.`;
    if (phase === "turn") return `The forward pass ends with ${node.name}${written(node.value)}. The backward pass begins: δ${node.name} = 1.`;
    const parts = sent.map(({ to, gradient, total }) => {
      const name = trace.nodes[to].name;
      const before = gradient.some((value, i) => value !== total[i]);
      return before && gradient.length === 1
        ? `${name} gets ${format(gradient[0])} more, δ${name} = ${format(total[0])}`
        : before ? `${name} gets more, which is added up` : `δ${name}${written(total)}`;
    });
    return `Backward: ${node.name} = ${node.formula} passes back ${parts.join("; ")}.`;
  }

  // Training.

  showTraining() {
    const trace = /** @type {Trace} */ (this.trace);
    const steps = trace.steps;
    const loss = trace.losses[trace.losses.length - 1];
    const name = trace.nodes[trace.output].name;
    const train = (/** @type {number} */ to) => () => this.change({ steps: to === 0 ? null : to });
    refill(this.training,
      button("Undo a training step", train(steps - 1), { disabled: steps === 0 }),
      button("Train a step", train(steps + 1), { disabled: steps >= 2000 }),
      button("10 steps", train(Math.min(2000, steps + 10)), { disabled: steps >= 2000 }),
      button("100 steps", train(Math.min(2000, steps + 100)), { disabled: steps >= 2000 }),
      numberInput("Rate", trace.rate, { min: 0, max: 100 }, (rate) => this.change({ rate })),
      html("span", {}, `step ${steps}, ${name} `, html("strong", { id: "loss" }, format(loss, 6))),
      button("Start again", () => this.change({ steps: null, edit: null, at: null }), { disabled: steps === 0 && !this.parameters.has("edit") }),
      ...saveButtons(() => this.picture?.querySelector("svg"), this.parameters.get("net") ?? "scalar"));
  }

  // What is looked at.

  /**
   * @param {number} node
   * @param {[number, number] | null} element
   * @param {[number, number] | null} use the node that uses it, and which operand it is there
   */
  choose(node, element, use) {
    const trace = /** @type {Trace} */ (this.trace);
    const [row, column] = element ?? [0, 0];
    this.change({ node: trace.nodes[node].name, row: row || null, column: column || null, by: use ? use[0] : null, operand: use ? use[1] : null });
  }

  /**
   * Changes a number of a leaf before the next training step.
   * @param {number} node
   * @param {number} index
   * @param {number} value
   */
  edit(node, index, value) {
    const trace = /** @type {Trace} */ (this.trace);
    const { name, shape } = trace.nodes[node];
    const place = `${trace.steps},${name},${Math.floor(index / shape[1])},${index % shape[1]},`;
    const edits = this.parameters.getAll("edit").filter((edit) => !edit.startsWith(place));
    this.parameters.delete("edit");
    for (const edit of [...edits, place + value]) this.parameters.append("edit", edit);
    this.change({});
  }

  async showPanel() {
    const trace = /** @type {Trace} */ (this.trace);
    const name = this.parameters.get("node");
    const node = trace.nodes.findIndex((node) => node.name === name);
    if (!this.panel) return;
    if (node < 0) {
      this.panel.replaceChildren(html("h2", {}, `${trace.title} (${trace.source})`),
        html("p", {}, "Values are above the arrows, gradients below. Choose a node or an arrow to see its rule with this moment's numbers, and its gradient by three witnesses. Choose a number of an input or a parameter to change it."));
      return;
    }
    const question = without(this.parameters, ["at", "by", "operand"]);
    const rule = await ask("/api/rule", question);
    if (!rule || this.parameters.get("node") !== name) return;
    /** @type {[number, number] | null} */
    const use = this.parameters.has("by") ? [Number(this.parameters.get("by")), Number(this.parameters.get("operand"))] : null;
    showRule(this.panel, trace, node, rule, {
      use,
      choose: (node, element, use) => this.choose(node, element, use),
      edit: (index, value) => this.edit(node, index, value),
    });
  }
}
