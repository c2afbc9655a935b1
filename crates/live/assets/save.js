// Saves a figure as a file that shows the same anywhere.

/** Properties of the style sheet that a figure needs. */
const PROPERTIES = ["fill", "stroke", "stroke-width", "stroke-dasharray", "font-family", "font-size", "font-weight", "text-anchor", "opacity"];

/**
 * @param {SVGSVGElement | null} figure
 * @param {string} name
 */
export function save(figure, name) {
  if (!figure) return;
  const copy = /** @type {SVGSVGElement} */ (figure.cloneNode(true));
  const originals = [figure, ...figure.querySelectorAll("*")];
  const copies = [copy, ...copy.querySelectorAll("*")];
  originals.forEach((element, i) => {
    const style = getComputedStyle(element);
    for (const property of PROPERTIES) copies[i].setAttribute(property, style.getPropertyValue(property));
    for (const attribute of ["class", "tabindex", "role"]) copies[i].removeAttribute(attribute);
  });
  const background = getComputedStyle(document.documentElement).backgroundColor;
  const page = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [attribute, value] of [["width", "100%"], ["height", "100%"], ["fill", background]]) page.setAttribute(attribute, value);
  copy.prepend(page);
  const text = new XMLSerializer().serializeToString(copy);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
