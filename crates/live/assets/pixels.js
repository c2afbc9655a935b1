// Pixels as pictures.

import { theme } from "./learning.js";

/**
 * Draws numbers on a canvas of as many pixels: from black to white for 0 to 1, or purple below zero and green above,
 * relative to the largest.
 * @param {HTMLCanvasElement} canvas
 * @param {number[]} values
 * @param {boolean} signed
 */
export function image(canvas, values, signed) {
  const context = canvas.getContext("2d");
  if (!context) return;
  const picture = context.createImageData(canvas.width, canvas.height);
  const largest = Math.max(1e-9, ...values.map(Math.abs));
  const page = theme() === "dark" ? [38, 43, 49] : [240, 240, 240];
  const [below, above] = theme() === "dark" ? [[201, 148, 216], [143, 220, 151]] : [[118, 42, 131], [27, 120, 55]];
  values.forEach((value, i) => {
    const share = Math.abs(value) / (signed ? largest : 1);
    const [from, to] = signed ? [page, value < 0 ? below : above] : [[0, 0, 0], [255, 255, 255]];
    for (let channel = 0; channel < 3; channel++) picture.data[4 * i + channel] = from[channel] + share * (to[channel] - from[channel]);
    picture.data[4 * i + 3] = 255;
  });
  context.putImageData(picture, 0, 0);
}

/**
 * A square picture of some values.
 * @param {number[]} values
 * @param {boolean} signed
 * @param {string} label
 */
export function picture(values, signed, label) {
  const side = Math.round(Math.sqrt(values.length));
  const canvas = document.createElement("canvas");
  canvas.width = side;
  canvas.height = side;
  canvas.className = "pixels";
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", label);
  image(canvas, values, signed);
  return canvas;
}
