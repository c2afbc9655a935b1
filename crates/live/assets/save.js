// Saves figures and weights as files.

import { button, show } from "./dom.js";

/** Properties of the style sheet that a figure needs. */
const PROPERTIES = ["fill", "stroke", "stroke-width", "stroke-dasharray", "font-family", "font-size", "font-weight", "text-anchor", "opacity"];

/**
 * A figure as text that shows the same anywhere.
 * @param {SVGSVGElement} figure
 */
function standalone(figure) {
  const copy = /** @type {SVGSVGElement} */ (figure.cloneNode(true));
  const originals = [figure, ...figure.querySelectorAll("*")];
  const copies = [copy, ...copy.querySelectorAll("*")];
  originals.forEach((element, i) => {
    const style = getComputedStyle(element);
    for (const property of PROPERTIES) copies[i].setAttribute(property, style.getPropertyValue(property));
    for (const attribute of ["class", "tabindex", "role"]) copies[i].removeAttribute(attribute);
  });
  const page = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  const background = getComputedStyle(document.documentElement).backgroundColor;
  for (const [attribute, value] of [["width", "100%"], ["height", "100%"], ["fill", background]]) page.setAttribute(attribute, value);
  copy.prepend(page);
  return new Blob([new XMLSerializer().serializeToString(copy)], { type: "image/svg+xml" });
}

/**
 * @param {Blob} content
 * @param {string} name
 */
function download(content, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

/**
 * Saves a figure as SVG, or as PNG with twice as many pixels as it has on the page.
 * @param {SVGSVGElement | null | undefined} figure
 * @param {string} name
 * @param {"svg" | "png"} kind
 */
export async function save(figure, name, kind) {
  if (!figure) return;
  const content = standalone(figure);
  if (kind === "svg") return download(content, `${name}.svg`);
  const picture = new Image();
  picture.src = URL.createObjectURL(content);
  await picture.decode();
  const canvas = document.createElement("canvas");
  canvas.width = 2 * picture.width;
  canvas.height = 2 * picture.height;
  canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(picture.src);
  canvas.toBlob((pixels) => { if (pixels) download(pixels, `${name}.png`); });
}

/**
 * Buttons that save a figure.
 * @param {() => SVGSVGElement | null | undefined} figure finds it when it is wanted
 * @param {string} name
 */
export function saveButtons(figure, name) {
  return (/** @type {const} */ (["svg", "png"])).map((kind) => button(`Save as ${kind.toUpperCase()}`, () => {
    save(figure(), name, kind).catch(() => show("the picture could not be saved"));
  }));
}

/**
 * Saves the weights of a net as a file of some form.
 * @param {string} path
 * @param {URLSearchParams} question
 * @param {string} form safetensors, json or rust
 */
export async function saveWeights(path, question, form) {
  question.set("form", form);
  try {
    const response = await fetch(`${path}?${question}`);
    if (!response.ok) throw new Error((await response.json()).error);
    show("");
    download(await response.blob(), `net.${form === "rust" ? "rs" : form}`);
  } catch (error) {
    show(error instanceof TypeError ? "the server does not answer; start `trainer live` again" : String(/** @type {Error} */ (error).message));
  }
}
