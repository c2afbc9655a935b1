// The graph as SVG: nodes, arrows, values above them, gradients below.

import { aligned, finite, format, html, svg } from "./dom.js";

/** @typedef {import("./dom.js").Num} Num */
/** @typedef {import("./graph.js").Trace} Trace */
/** @typedef {import("./graph.js").GraphNode} GraphNode */
/** @typedef {import("./graph.js").Moment} Moment */
/**
 * What a reader can do with the drawing.
 * @typedef {object} Actions
 * @property {number} selected the chosen node, or -1
 * @property {[number, number] | null} use the chosen arrow: the node that uses it, and as which operand
 * @property {(node: number, element: [number, number] | null, use: [number, number] | null) => void} choose
 * @property {(node: number, index: number, value: number) => void} edit
 */

const MARGIN = 14;
const HEAD = 7;
/** Levels of colour on each side of zero. */
const LEVELS = 4;

/**
 * @param {Trace} trace
 * @param {Moment} moment
 * @param {Actions} actions
 */
export function draw(trace, moment, actions) {
  const picture = svg("g", { transform: `translate(${MARGIN} ${MARGIN})` });
  for (const edge of edges(trace)) picture.append(drawEdge(trace, moment, actions, edge));
  trace.nodes.forEach((_, i) => picture.append(drawNode(trace, moment, actions, i)));
  const width = trace.width + 2 * MARGIN;
  const height = trace.height + 2 * MARGIN;
  return svg("svg", { class: "graph", width, height, viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": trace.title }, picture);
}

/**
 * The edges, each with the place among the operands that it leads to.
 * @param {Trace} trace
 */
export function edges(trace) {
  /** @type {Map<string, number>} */
  const seen = new Map();
  return trace.edges.map((edge) => {
    const key = `${edge.from} ${edge.to}`;
    const nth = seen.get(key) ?? 0;
    seen.set(key, nth + 1);
    const places = trace.nodes[edge.to].operands.flatMap((from, place) => (from === edge.from ? [place] : []));
    return { ...edge, operand: places[nth] };
  });
}

/**
 * @param {Trace} trace
 * @param {Moment} moment
 * @param {Actions} actions
 * @param {ReturnType<typeof edges>[number]} edge
 */
function drawEdge(trace, moment, actions, { from, to, points, operand }) {
  const last = points.length - 1;
  let path = "";
  points.forEach(([x, y], i) => {
    const end = i === last ? x - HEAD : x;
    if (i === 0) path += `M${x} ${y}`;
    else if (i % 2 === 0) path += `H${end}`;
    else {
      const [before, level] = points[i - 1];
      const middle = (before + end) / 2;
      path += `C${middle} ${level} ${middle} ${y} ${end} ${y}`;
    }
  });
  const sends = moment.phase === "backward" && moment.active === to && moment.sent.some((sent) => sent.to === from && sent.operand === operand);
  const takes = moment.phase === "forward" && moment.active === to;
  const chosen = actions.use !== null && actions.use[0] === to && actions.use[1] === operand;
  const kind = `edge${takes ? " takes" : ""}${sends ? " sends" : ""}${chosen ? " chosen" : ""}`;
  const [x, y] = points[last];
  const names = `${trace.nodes[from].name} to ${trace.nodes[to].name}`;
  return svg("g", { class: kind, click: () => actions.choose(from, null, [to, operand]) },
    svg("title", {}, names),
    svg("path", { class: "reach", d: path }),
    svg("path", { class: "line", d: path }),
    svg("path", { class: "head", d: `M${x} ${y}l${-HEAD} -4v8z` }));
}

/**
 * @param {Trace} trace
 * @param {Moment} moment
 * @param {Actions} actions
 * @param {number} i
 */
function drawNode(trace, moment, actions, i) {
  const node = trace.nodes[i];
  const { halfNode, beside, apart } = trace.sizes;
  const stem = node.x + node.width;
  const known = moment.values.has(i);
  const gradient = moment.gradients.get(i);
  const uses = trace.backward.flatMap((step) => step.sent).filter((sent) => sent.to === i).length;
  const receives = moment.sent.some((sent) => sent.to === i);
  const classes = ["node", node.kind, known ? "known" : "unknown", moment.active === i ? "active" : "", actions.selected === i ? "selected" : "", receives ? "receives" : ""];
  const choose = () => actions.choose(i, null, null);
  const shape = svg("g", {
    class: "shape", role: "button", tabindex: 0, "aria-label": spoken(node, known, gradient?.total ?? null),
    "aria-pressed": actions.selected === i ? "true" : "false", click: choose,
    keydown: (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      choose();
    },
  },
  svg("rect", { x: node.x, y: node.y - halfNode, width: node.width, height: 2 * halfNode, rx: node.kind === "operation" ? halfNode : node.kind === "parameter" ? 6 : 1 }),
  svg("text", { class: node.text.length === 1 ? "symbol" : "", x: node.x + node.width / 2, y: node.y + (node.text.length === 1 ? 6.5 : 4.5), "text-anchor": "middle" }, node.text));

  const left = stem + beside;
  const group = svg("g", { class: classes.join(" ") },
    svg("path", { class: "line", d: `M${stem} ${node.y}H${node.right}` }), shape);
  const heading = node.formula === null ? "" : `${node.name} = ${node.formula}`;
  const size = node.shape[0] === 1 && node.shape[1] === 1 ? "" : `${node.shape[0]}×${node.shape[1]}`;
  const height = contentHeight(trace, node) + trace.sizes.line;
  const top = node.y - apart - height;
  group.append(svg("text", { class: "heading", x: left, y: top + 12 }, heading, " ", svg("tspan", { class: "muted" }, size)));
  if (known) group.append(matrix(trace, node, node.value, "value", [left, top + trace.sizes.line], (index) => {
    if (node.kind === "operation") return () => actions.choose(i, [Math.floor(index / node.shape[1]), index % node.shape[1]], null);
    return (/** @type {SVGElement} */ at) => editHere(at, finite(node.value[index]), (value) => actions.edit(i, index, value));
  }));
  if (gradient) {
    const below = node.y + apart;
    const sum = uses > 1 ? ` ${gradient.arrived} of ${uses}` : "";
    const all = gradient.arrived < uses ? "" : " all";
    group.append(
      svg("text", { class: `heading gradient${all}`, x: left, y: below + 12 }, `δ${node.name}`, svg("tspan", { class: "muted" }, sum)),
      matrix(trace, node, gradient.total, "gradient", [left, below + trace.sizes.line], (index) => () =>
        actions.choose(i, [Math.floor(index / node.shape[1]), index % node.shape[1]], null)));
  }
  return group;
}

/**
 * @param {Trace} trace
 * @param {GraphNode} node
 */
function contentHeight(trace, node) {
  return node.shape[0] * (node.asNumbers || node.shape.every((size) => size === 1) ? trace.sizes.line : trace.sizes.cell);
}

/**
 * What a screen reader says about a node.
 * @param {GraphNode} node
 * @param {boolean} known
 * @param {Num[] | null} gradient
 */
function spoken(node, known, gradient) {
  // The symbol in the node is part of its name, so that people who speak to their computer can say it.
  const what = node.formula === null ? node.kind : `${node.text}, ${node.formula}`;
  const numbers = (/** @type {Num[]} */ list) => (list.length > 4 ? `${node.shape[0]} by ${node.shape[1]} numbers` : list.map((value) => format(value)).join(", "));
  const value = known ? `, value ${numbers(node.value)}` : ", not computed yet";
  return `${node.name}, ${what}${value}${gradient ? `, gradient ${numbers(gradient)}` : ""}`;
}

/**
 * Numbers in rows, or colours with the numbers on hover.
 * @param {Trace} trace
 * @param {GraphNode} node
 * @param {Num[]} numbers
 * @param {string} kind
 * @param {[number, number]} corner
 * @param {(index: number) => (at: SVGElement) => void} action
 */
function matrix(trace, node, numbers, kind, [left, top], action) {
  const [rows, columns] = node.shape;
  const { line, column, cell } = trace.sizes;
  const group = svg("g", { class: kind });
  const texts = numbers.length === 1 ? [format(numbers[0], 6)] : aligned(numbers);
  const largest = numbers.reduce((/** @type {number} */ most, value) => Math.max(most, Math.abs(finite(value)) || 0), 0);
  numbers.forEach((value, index) => {
    const [row, place] = [Math.floor(index / columns), index % columns];
    if (node.asNumbers || numbers.length === 1) {
      const single = rows === 1 && columns === 1;
      const text = svg("text", {
        class: "number", x: left + (single ? 0 : (place + 1) * column - 6), y: top + row * line + 12,
        "text-anchor": single ? "start" : "end", click: () => action(index)(text),
      }, texts[index]);
      group.append(text);
      return;
    }
    const rect = svg("rect", {
      class: `heat ${level(value, largest)}`, x: left + place * cell, y: top + row * cell, width: cell, height: cell,
      click: () => action(index)(rect),
    }, svg("title", {}, `row ${row + 1}, column ${place + 1}: ${format(value, 6)}`));
    group.append(rect);
  });
  return group;
}

/**
 * The class of a cell's colour.
 * @param {Num} value
 * @param {number} largest
 */
export function level(value, largest) {
  const number = finite(value);
  if (Number.isNaN(number)) return "none";
  const step = largest === 0 ? 0 : Math.round((number / largest) * LEVELS);
  return step < 0 ? `minus${-step}` : `plus${step}`;
}

/**
 * Puts a field over a number of the drawing.
 * @param {SVGElement} at
 * @param {number} value
 * @param {(value: number) => void} changed
 */
function editHere(at, value, changed) {
  const picture = at.closest(".picture");
  if (!(picture instanceof HTMLElement)) return;
  const box = at.getBoundingClientRect();
  const outer = picture.getBoundingClientRect();
  let done = false;
  const end = (/** @type {boolean} */ keep) => {
    if (done) return;
    done = true;
    const number = input.valueAsNumber;
    input.remove();
    if (keep && Number.isFinite(number) && number !== value) changed(number);
    else picture.focus();
  };
  const input = html("input", {
    class: "edit", type: "number", step: "any", value, "aria-label": "New value",
    blur: () => end(true),
    keydown: (/** @type {KeyboardEvent} */ event) => {
      event.stopPropagation();
      if (event.key === "Enter") end(true);
      if (event.key === "Escape") end(false);
    },
  });
  input.style.left = `${box.left - outer.left + picture.scrollLeft - 6}px`;
  input.style.top = `${box.top - outer.top + picture.scrollTop - 6}px`;
  picture.append(input);
  input.select();
}
