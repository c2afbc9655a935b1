// Part 3: a net that learns MNIST, and a pad to draw a digit: what that net or another one makes of it.

import { ask, button, choice, finite, format, html } from "./dom.js";
import { MnistTraining } from "./mnist.js";
import { picture } from "./pixels.js";
import { RunList } from "./runs.js";
import { saveWeights } from "./save.js";
import { write } from "./state.js";

/** @typedef {import("./dom.js").Num} Num */
/**
 * @typedef {object} Answer
 * @property {string} seen bytes in base64
 * @property {string | null} doubt
 * @property {Num[]} probabilities
 * @property {number} likeliest
 * @property {number} class
 * @property {Num[]} gradient
 * @property {Num} autodiffApart
 * @property {{unit: number, value: Num, weight: Num, said: Num, gradient: Num[]}[]} units
 * @property {string} net
 */

/** Pixels of the drawing that the server gets, and of the pad. */
const SIDE = 56;
const PAD = 280;
/** Width of the pen, and how far the keys move it. */
const PEN = 20;
const KEY_STEP = 10;

export class Digits {
  name = "digits";
  title = "Digits";

  constructor() {
    this.parameters = new URLSearchParams();
    /** @type {[number, number]} */
    this.pen = [PAD / 2, PAD / 4];
    /** @type {string[]} */
    this.nets = ["pretrained"];
    /** @type {Answer | null} */
    this.answered = null;
    /** The step whose net is asked while one trains. */
    this.step = 0;
  }

  /** @param {HTMLElement} place */
  open(place) {
    this.pad = html("canvas", {
      class: "pad", width: PAD, height: PAD, tabindex: 0, role: "application",
      "aria-label": "Pad to draw a digit; arrow keys move the pen, with Shift they draw",
      pointerdown: (/** @type {PointerEvent} */ event) => this.start(event),
      keydown: (/** @type {KeyboardEvent} */ event) => this.key(event),
    });
    this.result = html("div", { class: "digit", id: "digit" });
    this.training = new MnistTraining((step) => this.evaluated(step));
    this.choices = html("div", { class: "bar" });
    this.about = html("p", { class: "said", id: "net", role: "status" });
    this.runs = new RunList((net) => this.choose(net));
    this.trainingPlace = html("div", {});
    place.append(html("h2", { class: "hidden" }, "Digits"), this.choices, this.about, this.runs.place, this.trainingPlace,
      html("p", {}, "Draw a digit with mouse, finger or pen. The net sees the drawing scaled and centred as MNIST's images are."),
      html("div", { class: "learning" }, html("div", {}, this.pad, html("div", { class: "bar" }, button("Clear", () => this.clear()))), this.result));
    ask("/api/nets", new URLSearchParams()).then((nets) => {
      if (nets) this.nets = nets;
      this.showChoices();
    }, () => { /* The message at the bottom says it. */ });
  }

  close() {
    this.training?.pause();
  }

  repaint() {
    this.training?.showFrame();
    if (this.answered) this.showAnswer(this.answered);
  }

  nothing() {
    this.answered = null;
    this.result?.replaceChildren(html("p", { class: "muted" }, "Nothing is drawn yet."));
  }

  net() {
    return this.parameters.get("net") ?? "pretrained";
  }

  showChoices() {
    const nets = this.nets.map((name) => /** @type {[string, string]} */ ([name, name === "pretrained" ? "pretrained" : `run ${name}`]));
    const open = this.net();
    if (open.startsWith("run:")) nets.push([open, `run ${open.slice("run:".length)}`]);
    this.runs?.choose(open);
    this.choices?.replaceChildren(
      choice("Net", open, [...nets, ["trained", "train one here"]], (value) => this.choose(value)),
      ...["safetensors", "json", "rust"].map((form) => button(`Weights as ${{ safetensors: "safetensors", json: "JSON", rust: "Rust code" }[form]}`,
        () => saveWeights("/api/digits/weights", this.question(), form))));
  }

  /** @param {string} net */
  choose(net) {
    this.training?.pause();
    if (net === "pretrained") this.parameters.delete("net");
    else this.parameters.set("net", net);
    write(this.name, this.parameters);
    this.follow(this.parameters).catch(() => { /* The message at the bottom says it. */ });
  }

  /** Says which net is asked. */
  async showNet() {
    if (this.about) this.about.textContent = "";
    /** @type {{name: string, sizes: number[], f: string, accuracy: number | null} | null} */
    const net = await ask("/api/net", new URLSearchParams({ net: this.net() }));
    if (!net || !this.about) return;
    const accuracy = net.accuracy === null ? "" : ` It classifies ${(100 * net.accuracy).toFixed(2)} % of MNIST's test images correctly.`;
    this.about.textContent = `${net.name}: ${net.sizes.join(" → ")} units${net.sizes.length > 2 ? `, ${net.f}` : ""}.${accuracy}`;
  }

  /** @param {URLSearchParams} parameters */
  async follow(parameters) {
    this.parameters = parameters;
    this.showChoices();
    this.blank();
    const drawn = parameters.get("pixels");
    if (drawn) this.restore(drawn);
    else this.nothing();
    if (this.net() === "trained" && this.training) {
      this.step = Number(parameters.get("steps") ?? 0);
      this.about?.replaceChildren();
      this.trainingPlace?.replaceChildren(this.training.place);
      // The drawing is answered when the net is there.
      await this.training.follow(parameters);
      return;
    }
    this.training?.pause();
    this.trainingPlace?.replaceChildren();
    await this.showNet();
    if (drawn) await this.answer();
  }

  /**
   * The net that is trained knows something new.
   * @param {number} step
   */
  evaluated(step) {
    this.step = step;
    if (this.parameters.has("pixels")) this.answer().catch(() => { /* The message at the bottom says it. */ });
  }

  /** What the server is asked: the address, and while a net trains, its step. */
  question() {
    const question = new URLSearchParams(this.parameters);
    if (this.net() === "trained") question.set("steps", String(this.step));
    return question;
  }

  context() {
    return /** @type {CanvasRenderingContext2D} */ (this.pad?.getContext("2d", { willReadFrequently: true }));
  }

  blank() {
    const context = this.context();
    context.fillStyle = "black";
    context.fillRect(0, 0, PAD, PAD);
  }

  clear() {
    for (const name of ["pixels", "class"]) this.parameters.delete(name);
    write(this.name, this.parameters);
    this.blank();
    this.nothing();
  }

  /**
   * A stroke from one point to another.
   * @param {[number, number]} from
   * @param {[number, number]} to
   */
  stroke(from, to) {
    const context = this.context();
    context.strokeStyle = "white";
    context.lineWidth = PEN;
    context.lineCap = "round";
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(to[0] + 0.01, to[1]);
    context.stroke();
  }

  /**
   * @param {PointerEvent} event
   * @returns {[number, number]}
   */
  at(event) {
    const box = /** @type {HTMLCanvasElement} */ (this.pad).getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * PAD, ((event.clientY - box.top) / box.height) * PAD];
  }

  /** @param {PointerEvent} event */
  start(event) {
    event.preventDefault();
    this.pad?.focus();
    let last = this.at(event);
    this.stroke(last, last);
    const move = (/** @type {PointerEvent} */ event) => {
      const next = this.at(event);
      this.stroke(last, next);
      last = next;
      this.soon();
    };
    const end = () => {
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", end);
      window.removeEventListener("pointercancel", end);
      this.drawn();
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", end);
    window.addEventListener("pointercancel", end);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!by) return;
    event.preventDefault();
    const within = (/** @type {number} */ value) => Math.max(PEN / 2, Math.min(PAD - PEN / 2, value));
    /** @type {[number, number]} */
    const next = [within(this.pen[0] + KEY_STEP * by[0]), within(this.pen[1] + KEY_STEP * by[1])];
    if (event.shiftKey) {
      this.stroke(this.pen, next);
      this.drawn();
    }
    this.pen = next;
  }

  /** While one draws: at most ten times a second. */
  soon() {
    if (this.waiting) return;
    this.waiting = true;
    setTimeout(() => { this.waiting = false; this.drawn(); }, 100);
  }

  /** Puts the drawing into the address, and asks. */
  drawn() {
    this.result?.setAttribute("aria-busy", "true");
    const { data } = this.context().getImageData(0, 0, PAD, PAD);
    const by = PAD / SIDE;
    let text = "";
    for (let row = 0; row < SIDE; row++) {
      for (let column = 0; column < SIDE; column++) {
        let sum = 0;
        for (let i = 0; i < by * by; i++) sum += data[4 * ((row * by + Math.floor(i / by)) * PAD + column * by + (i % by))];
        text += String.fromCharCode(Math.round(sum / (by * by)));
      }
    }
    this.parameters.set("pixels", btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""));
    write(this.name, this.parameters);
    this.answer().catch(() => { /* The message at the bottom says it. */ });
  }

  /**
   * Draws what the address says.
   * @param {string} text
   */
  restore(text) {
    let bytes = "";
    try {
      bytes = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    } catch {
      return; // The server says what is wrong with it.
    }
    const context = this.context();
    const by = PAD / SIDE;
    for (let i = 0; i < Math.min(bytes.length, SIDE * SIDE); i++) {
      const grey = bytes.charCodeAt(i);
      context.fillStyle = `rgb(${grey} ${grey} ${grey})`;
      context.fillRect((i % SIDE) * by, Math.floor(i / SIDE) * by, by, by);
    }
  }

  async answer() {
    /** @type {Answer | null} */
    const answer = await ask("/api/digit", this.question());
    if (answer) this.showAnswer(answer);
  }

  /** @param {Answer} answer */
  showAnswer(answer) {
    this.answered = answer;
    this.result?.setAttribute("aria-busy", "false");
    const seen = [...atob(answer.seen)].map((letter) => letter.charCodeAt(0) / 255);
    const rows = answer.probabilities.map((value, k) => html("tr", { class: k === answer.likeliest ? "total" : "" },
      html("th", { scope: "row" }, String(k)), html("td", {}, html("meter", { min: 0, max: 1, value: finite(value), "aria-hidden": "true" })),
      html("td", {}, `${(100 * finite(value)).toFixed(1)} %`)));
    const classes = answer.probabilities.map((_, k) => /** @type {[string, string]} */ ([String(k), String(k)]));
    const units = answer.units.map((unit) => html("figure", { class: "small" }, picture(unit.gradient.map(finite), true, `What unit ${unit.unit + 1} looks for`),
      html("figcaption", {}, `unit ${unit.unit + 1}: ${format(unit.value, 3)} · ${format(unit.weight, 3)} = ${format(unit.said, 3)}`)));
    this.result?.replaceChildren(
      html("p", { class: "verdict", role: "status" }, `It is a ${answer.likeliest}`, html("span", { class: "muted" }, ` with ${(100 * finite(answer.probabilities[answer.likeliest])).toFixed(1)} %`)),
      answer.doubt ? html("p", { class: "warnings" }, `Doubtful: ${answer.doubt}`) : "",
      html("div", { class: "learning" },
        html("figure", {}, html("figcaption", {}, "what the net sees, 28×28"), picture(seen, false, "What the net sees")),
        html("figure", {}, html("figcaption", {}, `gradient of the logit of ${answer.class}: green ink would raise it, purple lower it`), picture(answer.gradient.map(finite), true, "Gradient with respect to the pixels"),
          html("p", { class: "muted" }, `By the hand-derived rules; autodiff differs by ${format(answer.autodiffApart)} at most.`)),
        html("table", {}, html("caption", {}, "Probabilities"), ...rows)),
      html("div", { class: "bar" }, choice("Class", this.parameters.get("class") ?? "", [["", "the likeliest"], ...classes], (value) => {
        if (value === "") this.parameters.delete("class");
        else this.parameters.set("class", value);
        write(this.name, this.parameters);
        this.answer().catch(() => { /* The message at the bottom says it. */ });
      })),
      units.length === 0 ? "" : html("h3", {}, `Units of the last hidden layer that say most for ${answer.class}, and most against it`),
      html("div", { class: "histograms" }, ...units),
      html("p", { class: "muted" }, units.length === 0 ? "" : "Below each: value times weight. The picture is the gradient of the unit's sum with respect to the pixels."));
  }
}
