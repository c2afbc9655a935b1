// The pictures of a net that learns: surfaces, net, curves, gradients, histograms, confusion matrix.

import { finite, format, html, svg } from "./dom.js";
import { Plot } from "./plot.js";

/** @typedef {import("./dom.js").Num} Num */
/** @typedef {{loss: Num, accuracy: Num}} Judged */
/** @typedef {{weights: Num[], biases: Num[]}} Layer */
/**
 * A moment of the training.
 * @typedef {object} Frame
 * @property {number} step
 * @property {number} epoch
 * @property {number[]} sizes units of the input and of every layer
 * @property {Judged} training
 * @property {Judged} test
 * @property {string} surface bytes in base64
 * @property {string[][]} units for each hidden layer, the surface of each unit
 * @property {Layer[]} layers
 * @property {Layer[]} gradients
 * @property {Num[]} norms
 * @property {{low: Num, high: Num, counts: number[]}[]} histograms
 * @property {number[][] | null} confusion
 * @property {string[]} warnings
 */
/**
 * Points of the plane: coordinates, and a class or a number.
 * @typedef {object} Points
 * @property {number[]} x
 * @property {number[]} targets
 * @property {boolean} areNumbers
 * @property {number} training how many of them train; they come first
 */

/** The plane that is shown: from minus this to this. */
export const EDGE = 1.3;
/** Colours of classes on a light and on a dark page. */
const CLASSES = { light: [[9, 105, 218], [188, 76, 0], [26, 127, 55], [130, 80, 223], [207, 34, 46]], dark: [[88, 166, 255], [240, 136, 62], [63, 185, 80], [188, 140, 255], [255, 123, 114]] };
const PAGE = { light: [255, 255, 255], dark: [13, 17, 23] };
/** Shapes of points, so that classes differ without colours. */
const SHAPES = ["M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0", "M-3.6 -3.6h7.2v7.2h-7.2z", "M0 -4.8l4.4 8h-8.8z", "M0 -5l5 5l-5 5l-5 -5z", "M-1.4 -4.4h2.8v3h3v2.8h-3v3h-2.8v-3h-3v-2.8h3z"];

/** Whether the page is dark now. @returns {"light" | "dark"} */
export function theme() {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === "light" || chosen === "dark") return chosen;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

/** @param {number} k */
export function colour(k) {
  return `rgb(${CLASSES[theme()][k].join(" ")})`;
}

/** @param {string} text */
function bytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/**
 * Draws bytes as a square picture of one pixel each, which the page enlarges.
 * @param {HTMLCanvasElement} canvas
 * @param {string} text
 * @param {boolean} areClasses
 */
export function paint(canvas, text, areClasses) {
  const values = bytes(text);
  const side = Math.round(Math.sqrt(values.length));
  canvas.width = side;
  canvas.height = side;
  const context = canvas.getContext("2d");
  if (!context) return;
  const picture = context.createImageData(side, side);
  const colours = CLASSES[theme()];
  const page = PAGE[theme()];
  values.forEach((value, i) => {
    // A class and its probability, or a number from minus one to one.
    const ink = areClasses ? colours[Math.floor(value / 40)] : colours[value < 127 ? 1 : 0];
    const share = areClasses ? 0.15 + 0.6 * ((value % 40) / 39) : 0.85 * Math.abs((value - 127) / 127);
    for (let channel = 0; channel < 3; channel++) picture.data[4 * i + channel] = page[channel] + share * (ink[channel] - page[channel]);
    picture.data[4 * i + 3] = 255;
  });
  context.putImageData(picture, 0, 0);
}

/**
 * The points as shapes; those that test are hollow.
 * @param {Points} points
 */
export function dots({ x, targets, areNumbers, training }) {
  const group = svg("g", {});
  targets.forEach((target, i) => {
    const at = [x[2 * i], -x[2 * i + 1]].map((value) => 100 + (value / EDGE) * 100);
    const kind = areNumbers ? (target < 0 ? 1 : 0) : target;
    const ink = colour(kind);
    const size = areNumbers ? 0.25 + 0.3 * Math.abs(target) : 0.42;
    group.append(svg("path", {
      d: SHAPES[areNumbers ? 0 : kind], transform: `translate(${at[0].toFixed(1)} ${at[1].toFixed(1)}) scale(${size})`,
      fill: i < training ? ink : "none", stroke: i < training ? "var(--page)" : ink, "stroke-width": 1.6,
    }));
  });
  return group;
}

const COLUMN = 118;
const UNIT = 46;
const GAP = 10;

/** The net with the surface of each unit; its canvases stay from frame to frame. */
export class NetPicture {
  /** @param {(text: string) => void} say shows a text about what the pointer is on */
  constructor(say) {
    this.say = say;
    this.place = html("div", { class: "net" });
    this.shape = "";
    /** @type {HTMLCanvasElement[][]} */
    this.canvases = [];
    /** @type {SVGLineElement[][]} for each layer, its edges as its weights are stored */
    this.edges = [];
  }

  /**
   * @param {Frame} frame
   * @param {string[]} f the activation of each hidden layer
   */
  show(frame, f) {
    if (this.shape !== frame.sizes.join()) this.build(frame.sizes);
    this.frame = frame;
    this.f = f;
    frame.units.forEach((layer, l) => layer.forEach((unit, u) => paint(this.canvases[l][u], unit, false)));
    frame.layers.forEach((layer, l) => {
      const largest = Math.max(1e-9, ...layer.weights.map((weight) => Math.abs(finite(weight)) || 0));
      layer.weights.forEach((weight, i) => {
        const edge = this.edges[l][i];
        edge.setAttribute("stroke-width", (0.4 + 4 * (Math.abs(finite(weight)) / largest)).toFixed(2));
        edge.setAttribute("class", finite(weight) < 0 ? "negative" : "positive");
      });
    });
  }

  /** @param {number[]} sizes */
  build(sizes) {
    this.shape = sizes.join();
    const most = Math.max(...sizes);
    const height = most * (UNIT + GAP) + 24;
    const width = sizes.length * COLUMN - (COLUMN - UNIT) + 16;
    const middle = (/** @type {number} */ l, /** @type {number} */ u) => 24 + (height - 24) / 2 + (u - (sizes[l] - 1) / 2) * (UNIT + GAP);
    const drawing = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Net of ${sizes.join(", ")} units` });
    this.edges = sizes.slice(1).map((count, l) => Array.from({ length: count * sizes[l] }, (_, i) => {
      const [from, to] = [Math.floor(i / count), i % count];
      const edge = svg("line", {
        x1: l * COLUMN + UNIT + 8, y1: middle(l, from), x2: (l + 1) * COLUMN + 8, y2: middle(l + 1, to),
        pointerenter: () => this.sayEdge(l, from, to),
      });
      drawing.append(edge);
      return edge;
    }));
    this.canvases = sizes.slice(1, -1).map(() => []);
    /** @type {HTMLElement[]} */
    const units = [];
    sizes.forEach((count, l) => {
      const name = l === 0 ? "input" : l === sizes.length - 1 ? "output" : `layer ${l}`;
      drawing.append(svg("text", { x: l * COLUMN + 8 + UNIT / 2, y: 13, "text-anchor": "middle" }, name));
      for (let u = 0; u < count; u++) {
        const hidden = l > 0 && l < sizes.length - 1;
        const label = l === 0 ? `x${u + 1}` : l === sizes.length - 1 ? (sizes[l] > 1 ? `p${u + 1}` : "y") : `z${l},${u + 1}`;
        const box = html("div", {
          class: "unit", tabindex: 0, role: "img", "aria-label": `${label}; its formula is below the net`,
          pointerenter: () => this.sayUnit(l, u, label), focus: () => this.sayUnit(l, u, label),
        });
        if (hidden) {
          const canvas = html("canvas", {});
          this.canvases[l - 1].push(canvas);
          box.append(canvas);
        } else box.append(html("span", {}, label));
        box.style.left = `${l * COLUMN + 8}px`;
        box.style.top = `${middle(l, u) - UNIT / 2}px`;
        units.push(box);
      }
    });
    this.place.replaceChildren(drawing, ...units);
    this.place.style.width = `${width}px`;
    this.place.style.height = `${height}px`;
  }

  /**
   * @param {number} l
   * @param {number} from
   * @param {number} to
   */
  sayEdge(l, from, to) {
    if (!this.frame) return;
    const at = from * this.frame.sizes[l + 1] + to;
    const [weight, gradient] = [this.frame.layers[l], this.frame.gradients[l]].map((layer) => format(layer.weights[at]));
    this.say(`w${l + 1} from unit ${from + 1} to unit ${to + 1}: ${weight}, gradient ${gradient}`);
  }

  /**
   * @param {number} l
   * @param {number} u
   * @param {string} label
   */
  sayUnit(l, u, label) {
    if (!this.frame || l === 0) return;
    const { weights, biases } = this.frame.layers[l - 1];
    const count = this.frame.sizes[l];
    const inputs = Array.from({ length: this.frame.sizes[l - 1] }, (_, i) => `${format(weights[i * count + u], 3)} ${l === 1 ? `x${i + 1}` : `z${l - 1},${i + 1}`}`);
    const sum = [...inputs, format(biases[u], 3)].join(" + ").replaceAll("+ −", "− ");
    const last = l === this.frame.sizes.length - 1;
    const f = last ? (count > 1 ? "softmax" : "") : this.f?.[l - 1];
    this.say(`${label} = ${f}(${sum})`);
  }
}

/**
 * The net and the surface beside it as one figure.
 * @param {NetPicture} net
 * @param {HTMLCanvasElement} surface
 * @param {SVGSVGElement} points over the surface
 */
export function composed(net, surface, points) {
  const drawing = /** @type {SVGSVGElement} */ (net.place.querySelector("svg"));
  const [width, height] = ["width", "height"].map((name) => Number(drawing.getAttribute(name)));
  const side = Math.max(300, height);
  const figure = svg("svg", { class: "net composed", width: width + 30 + side, height: side, viewBox: `0 0 ${width + 30 + side} ${side}` });
  figure.append(...[...drawing.children].map((child) => child.cloneNode(true)));
  for (const box of /** @type {NodeListOf<HTMLElement>} */ (net.place.querySelectorAll(".unit"))) {
    const [x, y] = [Number.parseFloat(box.style.left), Number.parseFloat(box.style.top)];
    figure.append(svg("rect", { class: "box", x, y, width: UNIT, height: UNIT, rx: 6 }));
    const canvas = box.querySelector("canvas");
    if (canvas) figure.append(svg("image", { href: canvas.toDataURL(), x, y, width: UNIT, height: UNIT }));
    else figure.append(svg("text", { x: x + UNIT / 2, y: y + UNIT / 2 + 4, "text-anchor": "middle" }, box.textContent));
  }
  figure.append(svg("image", { href: surface.toDataURL(), x: width + 30, y: 0, width: side, height: side }));
  const over = svg("g", { transform: `translate(${width + 30} 0) scale(${side / 200})` });
  over.append(...[...points.children].map((child) => child.cloneNode(true)));
  figure.append(over);
  return figure;
}

/**
 * Curves of training and test points over the steps, with values where the pointer is.
 * @param {{step: number, training: Judged, test: Judged}[]} history
 * @param {"loss" | "accuracy"} what
 */
export function curves(history, what) {
  const last = history[history.length - 1];
  const values = history.flatMap((moment) => [finite(moment.training[what]), finite(moment.test[what])]).filter(Number.isFinite);
  const high = what === "accuracy" ? 1 : Math.max(0.1, ...values);
  const low = what === "accuracy" ? Math.min(0.5, ...values) : 0;
  const plot = new Plot({ x: [0, Math.max(1, last.step)], y: [low, high], width: 420, height: 170, label: `${what} over the steps`, ticks: 4 });
  const points = (/** @type {"training" | "test"} */ of) => history
    .filter((moment) => Number.isFinite(finite(moment[of][what])))
    .map((moment) => /** @type {[number, number]} */ ([moment.step, finite(moment[of][what])]));
  plot.line(points("training"), "first");
  plot.line(points("test"), "second");
  const shown = html("figcaption", {}, caption(last, what));
  plot.svg.addEventListener("pointermove", (event) => {
    const [step] = plot.pointOf(event);
    const nearest = history.reduce((best, moment) => (Math.abs(moment.step - step) < Math.abs(best.step - step) ? moment : best));
    shown.textContent = caption(nearest, what);
  });
  plot.svg.addEventListener("pointerleave", () => { shown.textContent = caption(last, what); });
  return html("figure", {}, shown, history.length > 1 && plot.svg);
}

/**
 * @param {{step: number, training: Judged, test: Judged}} moment
 * @param {"loss" | "accuracy"} what
 */
function caption(moment, what) {
  const known = (/** @type {"training" | "test"} */ of) => (Number.isFinite(finite(moment[of][what])) ? [`${of} ${format(moment[of][what])}`] : []);
  return `${what} at step ${moment.step}: ${[...known("training"), ...known("test")].join(", ")}`;
}

/**
 * The gradient's root mean square of each layer, as bars of powers of ten.
 * @param {Num[]} norms
 */
export function gradients(norms) {
  const rows = norms.map((norm, l) => {
    const power = Math.log10(Math.max(1e-12, finite(norm)));
    const share = Math.min(1, Math.max(0, (power + 8) / 10));
    return html("tr", {}, html("th", { scope: "row" }, `layer ${l + 1}`),
      html("td", {}, html("meter", { min: 0, max: 1, value: share, "aria-hidden": "true" })), html("td", {}, format(norm)));
  });
  return html("table", {}, html("caption", {}, "Gradient, root mean square (bars: 10⁻⁸ to 10²)"), ...rows);
}

/** @param {Frame["histograms"]} histograms */
export function activations(histograms) {
  const figures = histograms.map(({ low, high, counts }, l) => {
    const most = Math.max(1, ...counts);
    const bars = counts.map((count, i) => svg("rect", { x: i * 7, y: 46 - (46 * count) / most, width: 6, height: (46 * count) / most }));
    return html("figure", { class: "histogram" }, svg("svg", { viewBox: "0 0 140 46", role: "img", "aria-label": `Activations of layer ${l + 1}` }, ...bars),
      html("figcaption", {}, `layer ${l + 1}: ${format(low, 2)} to ${format(high, 2)}`));
  });
  return html("div", { class: "histograms" }, ...figures);
}

/** @param {number[][]} confusion */
export function matrix(confusion) {
  const head = html("tr", {}, html("th", {}, "true \\ predicted"), ...confusion.map((_, k) => html("th", { scope: "col" }, String(k + 1))));
  return html("table", { class: "confusion" }, head, ...confusion.map((row, k) => html("tr", {}, html("th", { scope: "row" }, String(k + 1)), ...row.map((count) => html("td", {}, String(count))))));
}
