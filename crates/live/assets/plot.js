// A plane with axes, in the coordinates of a function.

import { format, svg } from "./dom.js";

/** @typedef {[number, number]} Point */

const MARGIN = { left: 46, right: 14, top: 12, bottom: 30 };

export class Plot {
  /**
   * @param {{x: Point, y: Point, width: number, height: number, label: string, ticks?: number | [number, number], handles?: boolean}} options about so many ticks on each axis; with handles, it is more than a picture
   */
  constructor({ x, y, width, height, label, ticks = 5, handles = false }) {
    this.x = x;
    this.y = y;
    this.width = width;
    this.height = height;
    this.area = svg("g", {});
    const clip = `clip-${label.replaceAll(/\W/g, "-")}`;
    this.content = svg("g", { "clip-path": `url(#${clip})` });
    const [left, top] = [MARGIN.left, MARGIN.top];
    const [inner, tall] = [width - left - MARGIN.right, height - top - MARGIN.bottom];
    this.area.append(svg("defs", {}, svg("clipPath", { id: clip }, svg("rect", { x: left, y: top, width: inner, height: tall }))),
      svg("rect", { class: "frame", x: left, y: top, width: inner, height: tall }));
    const [across, up] = Array.isArray(ticks) ? ticks : [ticks, ticks];
    for (const value of nice(x, across)) {
      const at = this.toX(value);
      this.area.append(svg("path", { class: "tick", d: `M${at} ${top + tall}v4` }),
        svg("text", { class: "axis", x: at, y: top + tall + 18, "text-anchor": "middle" }, format(value)));
    }
    for (const value of nice(y, up)) {
      const at = this.toY(value);
      this.area.append(svg("path", { class: "tick", d: `M${left} ${at}h-4` }),
        svg("text", { class: "axis", x: left - 8, y: at + 4, "text-anchor": "end" }, format(value)));
    }
    this.svg = svg("svg", { class: "plot", viewBox: `0 0 ${width} ${height}`, role: handles ? "group" : "img", "aria-label": label }, this.area, this.content);
  }

  /** @param {number} value */
  toX(value) {
    const [low, high] = this.x;
    return MARGIN.left + ((value - low) / (high - low)) * (this.width - MARGIN.left - MARGIN.right);
  }

  /** @param {number} value */
  toY(value) {
    const [low, high] = this.y;
    return this.height - MARGIN.bottom - ((value - low) / (high - low)) * (this.height - MARGIN.top - MARGIN.bottom);
  }

  /**
   * The point of the plane under a pointer.
   * @param {{clientX: number, clientY: number}} event
   * @returns {Point}
   */
  pointOf(event) {
    const box = this.svg.getBoundingClientRect();
    const inX = ((event.clientX - box.left) / box.width) * this.width;
    const inY = ((event.clientY - box.top) / box.height) * this.height;
    const shareX = (inX - MARGIN.left) / (this.width - MARGIN.left - MARGIN.right);
    const shareY = (this.height - MARGIN.bottom - inY) / (this.height - MARGIN.top - MARGIN.bottom);
    return [this.x[0] + shareX * (this.x[1] - this.x[0]), this.y[0] + shareY * (this.y[1] - this.y[0])];
  }

  /**
   * The path of a line through points; what is far outside stays within what can be drawn.
   * @param {Point[]} points
   */
  path(points) {
    const near = (/** @type {number} */ value) => Math.max(-9999, Math.min(9999, value)).toFixed(2);
    return points.map(([x, y], i) => `${i === 0 ? "M" : "L"}${near(this.toX(x))} ${near(this.toY(y))}`).join("");
  }

  /**
   * @param {Point[]} points
   * @param {string} kind
   */
  line(points, kind) {
    this.content.append(svg("path", { class: `curve ${kind}`, d: this.path(points) }));
  }
}

/**
 * The width of a plot in its place: no wider than that, so that its text keeps its size.
 * @param {HTMLElement | undefined} place
 * @param {number} widest
 */
export function widthIn(place, widest) {
  return Math.max(300, Math.min(widest, place?.clientWidth || widest));
}

/**
 * Round numbers in a range.
 * @param {Point} range
 * @param {number} count
 */
export function nice([low, high], count) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough) ?? rough;
  const first = Math.ceil(low / step - 1e-9);
  const values = [];
  for (let i = first; i * step <= high + step * 1e-9; i++) values.push(Number((i * step).toPrecision(12)));
  return values;
}
