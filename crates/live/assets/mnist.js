// A net that learns MNIST while one watches: its accuracy, its first weights, its worst mistakes.

import { button, choice, finite, format, html, numberInput, refill, settings, slider } from "./dom.js";
import { curves } from "./learning.js";
import { image } from "./pixels.js";
import { stream } from "./stream.js";
import { changeFrom, inForce, settle, write } from "./state.js";

/** @typedef {import("./dom.js").Num} Num */
/**
 * @typedef {object} Mistake
 * @property {number} image its number among the test images
 * @property {number} label
 * @property {number} predicted
 * @property {Num} probability
 * @property {Num} loss
 * @property {string} pixels bytes in base64
 */
/** @typedef {{images: number, loss: Num, accuracy: Num, mistakes: Mistake[]}} Evaluation */
/**
 * A moment of the training.
 * @typedef {object} Frame
 * @property {number} step
 * @property {number} epoch
 * @property {number[]} sizes
 * @property {Num} batchLoss
 * @property {string[]} weights bytes in base64, for each of the first units
 * @property {Evaluation} [evaluation]
 */

/** What is taken where the address says nothing. @type {Record<string, string>} */
const DEFAULTS = { hidden: "64", f: "relu", optimizer: "sgd", batch: "64", decay: "0", seed: "1", speed: "0" };
/** @type {Record<string, string>} */
const RATES = { sgd: "0.1", momentum: "0.02", adam: "0.001" };
/** @type {[string, string][]} */
const F = [["relu", "ReLU"], ["tanh", "tanh"], ["sigmoid", "sigmoid"], ["elu", "ELU"]];
/** @type {[string, string][]} */
const SPEEDS = [["0", "as fast as it can"], ["1000", "1000 steps a second"], ["100", "100 steps a second"], ["10", "10 steps a second"]];
/** Settings that may change while the net learns. */
const CHANGEABLE = ["rate", "batch", "optimizer", "decay"];
const STEPS = 200_000;
/** Points of a curve that are kept. */
const KEPT = 300;

export class MnistTraining {
  /**
   * @param {(step: number) => void} evaluated is told of every step that test images say something of
   */
  constructor(evaluated) {
    this.evaluated = evaluated;
    this.parameters = new URLSearchParams();
    /** @type {AbortController | null} */
    this.running = null;
    /** @type {Frame | null} */
    this.frame = null;
    /** @type {Evaluation | null} */
    this.evaluation = null;
    /** @type {{step: number, training: {loss: Num, accuracy: Num}, test: {loss: Num, accuracy: Num}}[]} */
    this.history = [];
    this.drawn = true;
    this.controls = html("div", {});
    this.isLong = false;
    /** The settings whose controls are shown. */
    this.shown = "";
    this.main = button("Train", () => (this.isOn() ? this.finish() : this.go(true)), { class: "main" });
    this.run = html("div", { class: "bar", role: "group", "aria-label": "Training" }, this.main,
      button("One step", () => { this.pause(); this.train(this.step() + 1).catch(() => {}); }),
      button("Start again", () => { this.pause(); this.restart(); this.go(false); }));
    this.status = html("p", { class: "said", id: "status" });
    this.ended = html("p", { class: "said", id: "ended", role: "status" });
    this.weights = html("div", { class: "weights", role: "img", "aria-label": "Weights of the first layer's units" });
    this.curves = html("div", { class: "twocurves" });
    this.mistakes = html("div", { class: "mistakes" });
    this.counted = html("h3", {});
    /** @type {HTMLCanvasElement[]} */
    this.canvases = [];
    this.place = html("section", { class: "panel", "aria-label": "Training on MNIST" }, html("h2", {}, "A net learns MNIST"), settings(this.controls), this.run, this.status, this.ended,
      html("div", { class: "learning" },
        html("div", { class: "column" }, html("h3", {}, "Weights of the first layer's units"), html("p", { class: "muted" }, "Green raises the unit's sum, purple lowers it."), this.weights),
        html("div", { class: "column" }, this.curves)),
      this.counted, this.mistakes);
  }

  /** @param {URLSearchParams} parameters */
  async follow(parameters) {
    this.pause();
    this.parameters = parameters;
    this.history = [];
    this.evaluation = null;
    this.shown = "";
    this.showControls();
    await this.train(this.step());
  }

  /**
   * @param {string} name
   * @returns {string}
   */
  get(name) {
    return inForce(this.parameters, name) ?? (name === "rate" ? RATES[this.get("optimizer")] : DEFAULTS[name]);
  }

  step() {
    return Number(this.parameters.get("steps") ?? 0);
  }

  /**
   * Changes a setting: from this step on if that is possible, else the net begins again.
   * @param {string} name
   * @param {string | number} value
   */
  change(name, value) {
    const wasOn = this.isOn();
    this.pause();
    const step = this.step();
    if (CHANGEABLE.includes(name) && step > 0) {
      changeFrom(this.parameters, step, name, value);
      // Each optimizer has a rate of its own.
      if (name === "optimizer") changeFrom(this.parameters, step, "rate", RATES[value]);
    } else {
      // The speed changes no number.
      if (name !== "speed") this.restart();
      this.parameters.set(name, String(value));
      if (name === "optimizer") this.parameters.delete("rate");
    }
    this.go(wasOn);
  }

  /** Forgets the training, but not the settings that are in force. */
  restart() {
    settle(this.parameters);
    this.history = [];
    this.evaluation = null;
    this.frame = null;
  }

  /** @param {boolean} on whether to go on training */
  go(on) {
    write("digits", this.parameters);
    this.showControls();
    this.train(on ? STEPS : this.step()).catch(() => { /* The message at the bottom says it. */ });
  }

  showControls() {
    // A control that somebody uses stays where it is.
    const key = `${this.get("hidden")} ${this.get("optimizer")}`;
    if (this.shown === key) return;
    this.shown = key;
    const set = (/** @type {string} */ name) => (/** @type {string | number} */ value) => this.change(name, value);
    const layers = this.get("hidden").split(",").filter((text) => text !== "").map(Number);
    const shape = () => this.change("hidden", layers.join(","));
    refill(this.controls, html("div", { class: "bar" },
      ...layers.map((units, l) => numberInput(`Layer ${l + 1}`, units, { min: 1, max: 256, step: 1 }, (value) => { layers[l] = value; shape(); })),
      button("Add a layer", () => { layers.push(32); shape(); }, { disabled: layers.length >= 3 }),
      button("Remove the last layer", () => { layers.pop(); shape(); }, { disabled: layers.length === 0 }),
      choice("f", this.get("f"), F, set("f"))),
    html("div", { class: "bar" },
      choice("Optimizer", this.get("optimizer"), [["sgd", "SGD"], ["momentum", "momentum"], ["adam", "Adam"]], set("optimizer")),
      slider("Rate", Number(this.get("rate")), { min: 1e-4, max: 10, log: true, late: true }, set("rate")),
      numberInput("Batch", Number(this.get("batch")), { min: 1, max: 1024, step: 1 }, set("batch")),
      numberInput("Weight decay", Number(this.get("decay")), { min: 0, max: 10 }, set("decay")),
      numberInput("Seed", Number(this.get("seed")), { min: 0, max: 4294967295, step: 1 }, set("seed")),
      choice("Speed", this.get("speed"), SPEEDS, set("speed"))));
  }

  /** Whether it trains until it is stopped. */
  isOn() {
    return this.running !== null && this.isLong;
  }

  showRun() {
    this.main.textContent = this.isOn() ? "Pause" : "Train";
  }

  /** Ends the training, if one goes on; the address has the step then. */
  pause() {
    this.running?.abort();
    this.running = null;
    // The last frame may wait to be drawn.
    if (!this.drawn) this.showFrame();
    if (this.frame && this.frame.step > 0) {
      this.parameters.set("steps", String(this.frame.step));
      write("digits", this.parameters);
    }
    this.showRun();
  }

  /** Pauses and evaluates the net on all test images. */
  finish() {
    this.pause();
    this.go(false);
  }

  /**
   * Trains from the address's step to another one.
   * @param {number} stop
   */
  async train(stop) {
    this.running?.abort();
    const controller = new AbortController();
    this.running = controller;
    this.isLong = stop - this.step() > 1;
    this.ended.textContent = "";
    this.showRun();
    const question = new URLSearchParams(this.parameters);
    for (const name of ["net", "pixels", "class"]) question.delete(name);
    question.set("stop", String(stop));
    await stream("/api/training", question, controller.signal, (event) => this.take(event, stop < STEPS));
    if (this.running === controller) this.pause();
  }

  /**
   * @param {any} event
   * @param {boolean} isShort whether it was only to take a step or none
   */
  take(event, isShort) {
    if (event.repeating !== undefined) {
      this.status.textContent = `Repeating the steps of the address: ${event.repeating}`;
      return;
    }
    if (event.end !== undefined) {
      if (!isShort || !event.end.startsWith("step")) this.ended.textContent = `Ended: ${event.end}.`;
      return;
    }
    /** @type {Frame} */
    const frame = event;
    this.frame = frame;
    if (frame.evaluation) {
      this.evaluation = frame.evaluation;
      const { loss, accuracy } = frame.evaluation;
      if (this.history[this.history.length - 1]?.step !== frame.step) this.history.push({ step: frame.step, training: { loss: frame.batchLoss, accuracy: "nan" }, test: { loss, accuracy } });
      if (this.history.length > KEPT) this.history = this.history.filter((_, i) => i % 2 === 0 || i === this.history.length - 1);
      this.evaluated(frame.step);
    }
    if (!this.drawn) return;
    this.drawn = false;
    requestAnimationFrame(() => { this.drawn = true; this.showFrame(); });
  }

  showFrame() {
    const { frame, evaluation } = this;
    if (!frame) return;
    if (this.canvases.length !== frame.weights.length) {
      this.canvases = frame.weights.map(() => html("canvas", { width: 28, height: 28, "aria-hidden": "true" }));
      this.weights.replaceChildren(...this.canvases);
    }
    frame.weights.forEach((text, unit) => image(this.canvases[unit], [...atob(text)].map((letter) => (letter.charCodeAt(0) - 127) / 127), true));
    const accuracy = evaluation ? `, accuracy ${(100 * finite(evaluation.accuracy)).toFixed(1)} % of ${evaluation.images === 10000 ? "all" : "the first"} ${evaluation.images.toLocaleString("en")} test images` : "";
    const batches = frame.batchLoss === "nan" ? "" : `: loss of the batches ${format(frame.batchLoss)}`;
    this.status.textContent = `Step ${frame.step}, epoch ${frame.epoch}${batches}${accuracy}`;
    if (!evaluation) return;
    if (this.history.length > 1) this.curves.replaceChildren(
      html("p", { class: "muted" }, html("span", { class: "key first" }), "batches ", html("span", { class: "key second" }), "test images"),
      curves(this.history, "loss"), curves(this.history, "accuracy"));
    else this.curves.replaceChildren(html("p", { class: "muted" }, "Loss and accuracy appear here while the net trains."));
    this.counted.textContent = evaluation.mistakes.length > 0 ? `Worst mistakes among ${evaluation.images.toLocaleString("en")} test images` : "No mistakes";
    this.mistakes.replaceChildren(...evaluation.mistakes.map((mistake) => {
      const canvas = html("canvas", { width: 28, height: 28, class: "pixels", role: "img", "aria-label": `Test image ${mistake.image}` });
      image(canvas, [...atob(mistake.pixels)].map((letter) => letter.charCodeAt(0) / 255), false);
      return html("figure", { class: "small" }, canvas, html("figcaption", {}, `a ${mistake.label}, read as ${mistake.predicted} (${(100 * finite(mistake.probability)).toFixed(0)} %)`));
    }));
  }
}
