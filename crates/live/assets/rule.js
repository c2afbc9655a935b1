// The rule of a node: formulas with this moment's numbers, where each factor comes from, three witnesses.

import { finite, format, formula, html, keepFocus } from "./dom.js";

/** @typedef {import("./dom.js").Num} Num */
/** @typedef {import("./graph.js").Trace} Trace */
/** @typedef {{symbol: string, value: Num, from: string, node: number | null}} Factor */
/** @typedef {{by: number, byName: string, operand: number, formula: string, lines: string[][], value: Num, factors: Factor[]}} Use */
/**
 * @typedef {object} Witnesses
 * @property {Num[]} manual
 * @property {Num[]} autodiff
 * @property {Num[]} finite
 * @property {Num[]} finiteError
 * @property {Num} autodiffApart
 * @property {Num} finiteApart
 * @property {Num} largest
 */
/**
 * @typedef {object} Rule
 * @property {string} name
 * @property {[number, number]} shape
 * @property {[number, number]} element
 * @property {Num} value
 * @property {{formula: string, lines: string[][]} | null} forward
 * @property {boolean} isOutput
 * @property {Num | null} gradient
 * @property {Use[]} uses
 * @property {Witnesses | null} witnesses
 */
/**
 * @typedef {object} Actions
 * @property {[number, number] | null} use
 * @property {(node: number, element: [number, number] | null, use: [number, number] | null) => void} choose
 * @property {(index: number, value: number) => void} edit
 */

/**
 * @param {HTMLElement} panel
 * @param {Trace} trace
 * @param {number} node
 * @param {Rule} rule
 * @param {Actions} actions
 */
export function showRule(panel, trace, node, rule, actions) {
  const { name, shape, element } = rule;
  const isMatrix = shape[0] * shape[1] > 1;
  const at = isMatrix ? `, row ${element[0] + 1}, column ${element[1] + 1}` : "";
  const kind = trace.nodes[node].kind;
  const children = [html("h2", {}, name, html("span", { class: "muted" }, ` ${kind}${isMatrix ? `, ${shape[0]}×${shape[1]}` : ""}`))];

  children.push(html("h3", {}, "Value"));
  if (rule.forward) children.push(written(rule.forward));
  else children.push(html("p", {}, kind === "input" ? "Data: it is given and gets no gradient." : "It is given, and training changes it."));
  children.push(table(trace, node, rule, actions));

  if (rule.gradient !== null) {
    children.push(html("h3", {}, `Gradient δ${name}`));
    if (rule.isOutput) children.push(html("p", {}, `The backward pass begins here: δ${name} = 1.`));
    else if (rule.uses.length === 0) children.push(html("p", {}, "The output does not depend on it."));
    const chosen = rule.uses.filter((use) => actions.use !== null && use.by === actions.use[0] && use.operand === actions.use[1]);
    const shown = chosen.length > 0 ? chosen : rule.uses;
    if (rule.uses.length > 1) children.push(sum(node, rule, actions));
    for (const use of shown) children.push(oneUse(trace, use, rule.uses.length > 1, actions));
    if (rule.witnesses) children.push(...witnesses(rule, rule.witnesses, at));
  } else if (kind === "operation") {
    children.push(html("p", {}, "It is only shown: the output does not depend on it, so it gets no gradient."));
  }
  const draw = () => panel.replaceChildren(...children);
  const details = () => [...panel.querySelectorAll("details")];
  // The controls of another node are others.
  if (panel.dataset.node === name) {
    const open = details().map((element) => element.open);
    keepFocus(panel, draw);
    details().forEach((element, i) => { element.open = open[i] ?? element.open; });
  } else draw();
  panel.dataset.node = name;
}

/**
 * A formula, and below it its numbers, in pieces so that long lines break.
 * @param {{formula: string, lines: string[][]}} of
 */
function written({ formula: rule, lines }) {
  const line = (/** @type {string[]} */ pieces, kind = "") => html("p", { class: kind }, ...pieces.flatMap((piece) => [formula(piece), " "]));
  return html("div", { class: "formula" }, line([rule], "whole"), ...lines.map((pieces) => line(pieces)));
}

/**
 * The numbers, with fields to change those of a leaf, or buttons to choose the element that is written out.
 * @param {Trace} trace
 * @param {number} node
 * @param {Rule} rule
 * @param {Actions} actions
 */
function table(trace, node, rule, actions) {
  const { kind, value } = trace.nodes[node];
  const [rows, columns] = rule.shape;
  const cell = (/** @type {number} */ row, /** @type {number} */ column) => {
    const index = row * columns + column;
    const isChosen = row === rule.element[0] && column === rule.element[1];
    const where = `row ${row + 1}, column ${column + 1}`;
    if (kind === "operation") {
      return html("td", {}, html("button", {
        type: "button", class: "plain", "aria-pressed": String(isChosen), "aria-label": `${where}: ${format(value[index])}`,
        click: () => actions.choose(node, [row, column], actions.use),
      }, format(value[index])));
    }
    const input = html("input", {
      type: "number", step: "any", value: rounded(finite(value[index])), title: String(value[index]), "aria-label": `${rule.name}, ${where}`, class: isChosen ? "chosen" : "",
      focus: () => { if (!isChosen && columns * rows > 1) actions.choose(node, [row, column], actions.use); },
      change: () => { if (Number.isFinite(input.valueAsNumber)) actions.edit(index, input.valueAsNumber); },
    });
    return html("td", {}, input);
  };
  const body = Array.from({ length: rows }, (_, row) => html("tr", {}, ...Array.from({ length: columns }, (_, column) => cell(row, column))));
  return html("div", { class: "wide", tabindex: 0, role: "group", "aria-label": `Numbers of ${rule.name}` }, html("table", { class: "matrix" }, ...body));
}

/**
 * Several uses: their gradients add up.
 * @param {number} node
 * @param {Rule} rule
 * @param {Actions} actions
 */
function sum(node, rule, actions) {
  const rows = rule.uses.map((use) => html("tr", {},
    html("th", { scope: "row" }, html("button", {
      type: "button", class: "plain", click: () => actions.choose(node, rule.element, [use.by, use.operand]),
    }, `from ${use.byName}`)),
    html("td", {}, format(use.value, 6))));
  rows.push(html("tr", { class: "total" }, html("th", { scope: "row" }, "sum"), html("td", {}, format(rule.gradient, 6))));
  return html("div", {}, html("p", {}, `${rule.name} is used ${rule.uses.length} times: the gradients that come back add up.`), html("table", {}, ...rows));
}

/**
 * @param {Trace} trace
 * @param {Use} use
 * @param {boolean} named
 * @param {Actions} actions
 */
function oneUse(trace, use, named, actions) {
  const rows = use.factors.map((factor) => {
    const from = factor.node === null
      ? factor.from
      : html("button", { type: "button", class: "plain", click: () => actions.choose(/** @type {number} */ (factor.node), null, null) }, factor.from);
    const symbol = html("td", { class: "from" });
    symbol.append(formula(factor.symbol));
    return html("tr", {}, symbol, html("td", {}, format(factor.value)), html("td", { class: "from" }, from));
  });
  return html("div", { class: "use" },
    named && html("h4", {}, `From ${use.byName} = ${trace.nodes[use.by].formula}`),
    written(use),
    html("details", { open: use.factors.length <= 6 }, html("summary", {}, "Where the factors come from"),
      html("div", { class: "wide", tabindex: 0, role: "group", "aria-label": "Factors" }, html("table", { class: "factors" }, ...rows))));
}

/**
 * @param {Rule} rule
 * @param {Witnesses} said
 * @param {string} at
 */
function witnesses(rule, said, at) {
  const index = rule.element[0] * rule.shape[1] + rule.element[1];
  const row = (/** @type {string} */ who, /** @type {string} */ value, /** @type {string} */ apart) =>
    html("tr", {}, html("th", { scope: "row" }, who), html("td", {}, value), html("td", {}, apart));
  const digits = 9;
  return [
    html("h3", {}, "Three witnesses"),
    html("div", { class: "wide", tabindex: 0, role: "group", "aria-label": "Witnesses" }, html("table", { class: "witnesses" },
      html("tr", {}, html("td"), html("th", { scope: "col" }, `δ${rule.name}${at}`), html("th", { scope: "col" }, "largest difference")),
      row("hand-derived rule", exact(said.manual[index], digits), ""),
      row("Burn's autodiff", exact(said.autodiff[index], digits), format(said.autodiffApart)),
      row("finite differences", `${exact(said.finite[index], digits)} ± ${format(said.finiteError[index])}`, format(said.finiteApart)))),
    html("p", { class: "muted" }, "The largest difference from the rule is over all elements of the matrix."),
  ];
}

/**
 * A number in a field: as much of it as the field shows.
 * @param {number} value
 */
function rounded(value) {
  return Number.isNaN(value) ? "" : Number(value.toPrecision(5));
}

/**
 * @param {Num} value
 * @param {number} digits
 */
function exact(value, digits) {
  return typeof value === "number" ? String(Number(value.toPrecision(digits))).replaceAll("-", "−") : format(value);
}
