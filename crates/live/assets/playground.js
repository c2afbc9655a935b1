// Part 2: a net that learns in the plane while one watches.

import { button, choice, format, html, numberInput, refill, settings, show, slider, svg } from "./dom.js";
import { EDGE, NetPicture, activations, composed, curves, dots, gradients, matrix, paint } from "./learning.js";
import { save, saveWeights } from "./save.js";
import { stream } from "./stream.js";
import { changeFrom, inForce, settle, write } from "./state.js";

/** @typedef {import("./learning.js").Frame} Frame */
/** @typedef {import("./learning.js").Points} Points */

/** @type {[string, string][]} */
const DATA = [["circles", "circles"], ["xor", "XOR"], ["blobs", "blobs"], ["spiral", "spiral"], ["moons", "moons"], ["stripes", "stripes"], ["plane", "a plane to fit"], ["hills", "hills to fit"], ["own", "your own points"]];
/** @type {[string, string][]} */
const F = [["tanh", "tanh"], ["relu", "ReLU"], ["sigmoid", "sigmoid"], ["elu", "ELU"]];
/** What is taken where the address says nothing. @type {Record<string, string>} */
const DEFAULTS = { data: "circles", f: "tanh", hidden: "8,8", optimizer: "sgd", rate: "0.1", batch: "16", decay: "0", dropout: "0", clip: "0", noise: "0.1", classes: "2", points: "300", test: "0.3", seed: "1", momentum: "0.9", "stop-loss": "0", "stop-step": "0", "stop-accuracy": "0" };
/** Settings that may change while the net learns. */
const CHANGEABLE = ["rate", "batch", "optimizer", "momentum", "decay", "dropout", "clip", "noise"];
/** Where to stop changes no number. */
const STOPS = ["stop-loss", "stop-step", "stop-accuracy"];
const MANY = ["blobs", "spiral", "stripes"];
const STEPS = 10_000_000;
/** Points of a curve that are kept. */
const KEPT = 400;

export class Playground {
  name = "playground";
  title = "Playground";

  constructor() {
    this.parameters = new URLSearchParams();
    /** @type {Frame | null} */
    this.frame = null;
    /** @type {Points | null} */
    this.points = null;
    /** @type {Frame[]} */
    this.history = [];
    /** @type {AbortController | null} */
    this.running = null;
    this.isLong = false;
    this.drawn = true;
    /** The points that are drawn. @type {Points | null} */
    this.dotted = null;
    this.shown = "";
    this.class = 0;
  }

  /** @param {HTMLElement} place */
  open(place) {
    this.shown = "";
    this.frame = null;
    this.dotted = null;
    this.history = [];
    this.controls = html("div", {});
    this.main = button("Train", () => (this.isOn() ? this.pause() : this.go(true)), { class: "main" });
    this.run = html("div", { class: "bar", role: "group", "aria-label": "Training" }, this.main,
      button("One step", () => { this.pause(); this.train(this.step() + 1).catch(() => {}); }),
      button("Start again", () => { this.pause(); this.frame = null; this.restart(); this.shown = ""; this.go(false); }));
    this.status = html("p", { class: "said", id: "status" });
    this.ended = html("p", { class: "said", id: "ended", role: "status" });
    this.canvas = html("canvas", { "aria-hidden": "true" });
    this.overlay = svg("svg", { viewBox: "0 0 200 200", role: "img", "aria-label": "Decision surface and points", click: (/** @type {PointerEvent} */ event) => this.addPoint(event) });
    this.detail = html("p", { class: "said" });
    this.net = new NetPicture((text) => { if (this.detail) this.detail.textContent = text; });
    this.side = html("section", { class: "panel", "aria-label": "Progress" });
    place.append(html("h2", { class: "hidden" }, "Playground"), settings(this.controls), this.run, this.status, this.ended,
      html("div", { class: "split" },
        html("div", { class: "learning" },
          html("div", { class: "wide", tabindex: 0, role: "group", "aria-label": "Net" }, this.net.place),
          html("div", { class: "surface" }, this.canvas, this.overlay), this.detail),
        this.side));
    this.showRun();
  }

  close() {
    this.pause();
  }

  repaint() {
    this.dotted = null;
    this.showFrame();
  }

  /** @param {URLSearchParams} parameters */
  async follow(parameters) {
    this.pause();
    this.parameters = parameters;
    this.history = [];
    this.showControls();
    // One frame: where the training stands.
    await this.train(this.step());
  }

  /** @param {string} name */
  get(name) {
    const rate = ["plane", "hills"].includes(this.parameters.get("data") ?? "") ? "0.01" : DEFAULTS.rate;
    return inForce(this.parameters, name) ?? (name === "rate" ? rate : DEFAULTS[name]);
  }

  step() {
    return Number(this.parameters.get("steps") ?? 0);
  }

  // Choices.

  /**
   * Changes a setting: from this step on if that is possible, else the net begins again.
   * @param {string} name
   * @param {string | number} value
   */
  change(name, value) {
    const wasOn = this.isOn();
    this.pause();
    const step = this.step();
    if (CHANGEABLE.includes(name) && step > 0) changeFrom(this.parameters, step, name, value);
    else {
      if (!STOPS.includes(name)) this.restart();
      this.parameters.set(name, String(value));
      if (name === "data" && !MANY.includes(String(value))) this.parameters.delete("classes");
      if (name === "data" && value !== "own") this.parameters.delete("point");
    }
    this.go(wasOn);
  }

  /** Forgets the training, but not the settings that are in force. */
  restart() {
    settle(this.parameters);
    this.history = [];
    if (this.ended) this.ended.textContent = "";
  }

  /** @param {boolean} on whether to go on training */
  go(on) {
    write(this.name, this.parameters);
    this.showControls();
    this.train(on ? STEPS : this.step()).catch(() => { /* The message at the bottom says it. */ });
  }

  showControls() {
    const key = ["data", "f", "hidden", "optimizer", "init"].map((name) => this.get(name)).join("|");
    if (this.shown === key) return;
    this.shown = key;
    const set = (/** @type {string} */ name) => (/** @type {string | number} */ value) => this.change(name, value);
    const data = this.get("data");
    const whole = (/** @type {string} */ label, /** @type {string} */ name, /** @type {number} */ min, /** @type {number} */ max) =>
      numberInput(label, Number(this.get(name)), { min, max, step: 1 }, set(name));
    const layers = this.get("hidden").split(",").filter((text) => text !== "").map(Number);
    const shape = () => {
      const only = functions.every((f) => f === functions[0]) ? functions[0] ?? "tanh" : functions.join(",");
      this.parameters.set("f", only);
      this.change("hidden", layers.join(","));
    };
    const first = html("div", { class: "bar" }, choice("Data", data, DATA, set("data")),
      MANY.includes(data) && whole("Classes", "classes", 2, 5), data !== "own" && whole("Points", "points", 10, 1000),
      data !== "own" && slider("Noise", Number(this.get("noise")), { min: 0, max: 1, late: true }, set("noise")),
      slider("Test share", Number(this.get("test")), { min: 0, max: 0.9 }, set("test")), whole("Seed", "seed", 0, 4294967295));
    const functions = this.functions();
    const second = html("div", { class: "bar layers" },
      ...layers.map((units, l) => html("fieldset", {}, html("legend", {}, `Layer ${l + 1}`),
        numberInput("Units", units, { min: 1, max: 16, step: 1 }, (value) => { layers[l] = value; shape(); }),
        choice("f", functions[l], F, (value) => { functions[l] = value; shape(); }))),
      button("Add a layer", () => { layers.push(4); functions.push(functions[functions.length - 1] ?? "tanh"); shape(); }, { disabled: layers.length >= 6 }),
      button("Remove the last layer", () => { layers.pop(); functions.pop(); shape(); }, { disabled: layers.length === 0 }),
      choice("Initialiser", this.parameters.get("init") ?? "", [["", "for f"], ["he", "He"], ["glorot", "Glorot"], ["zeros", "zeros"]], (value) => {
        if (value) this.change("init", value);
        else { this.pause(); this.restart(); this.parameters.delete("init"); this.go(false); }
      }));
    const optimizer = this.get("optimizer");
    const third = html("div", { class: "bar" },
      choice("Optimizer", optimizer, [["sgd", "SGD"], ["momentum", "momentum"], ["nesterov", "Nesterov's momentum"], ["adam", "Adam"], ["adamw", "AdamW"]], set("optimizer")),
      ["momentum", "nesterov"].includes(optimizer) && slider("Momentum", Number(this.get("momentum")), { min: 0, max: 0.99, late: true }, set("momentum")),
      slider("Rate", Number(this.get("rate")), { min: 1e-4, max: 10, log: true, late: true }, set("rate")), whole("Batch", "batch", 1, 256),
      numberInput("Weight decay", Number(this.get("decay")), { min: 0, max: 10 }, set("decay")),
      slider("Dropout", Number(this.get("dropout")), { min: 0, max: 0.9 }, set("dropout")),
      numberInput("Limit of the gradient, 0 for none", Number(this.get("clip")), { min: 0, max: 1e6 }, set("clip")),
      html("fieldset", {}, html("legend", {}, "Stop at (0: never)"),
        numberInput("Step", Number(this.get("stop-step")), { min: 0, max: STEPS, step: 1 }, set("stop-step")),
        numberInput("Loss", Number(this.get("stop-loss")), { min: 0, max: 1e9 }, set("stop-loss")),
        html("span", { class: data === "plane" || data === "hills" ? "away" : "" }, numberInput("Accuracy", Number(this.get("stop-accuracy")), { min: 0, max: 1 }, set("stop-accuracy")))));
    refill(this.controls, first, second, third, data === "own" && this.ownPoints());
  }

  // One's own points.

  ownPoints() {
    const names = [0, 1, 2, 3, 4].map((k) => /** @type {[string, string]} */ ([String(k), `class ${k + 1}`]));
    const file = html("input", { type: "file", accept: ".csv,.txt,text/csv", change: () => this.readFile(file) });
    return html("div", { class: "bar" }, html("span", {}, "Click into the plane to add a point."),
      choice("Class", String(this.class), names, (value) => { this.class = Number(value); }),
      button("Remove the last point", () => this.setPoints(this.parameters.getAll("point").slice(0, -1))),
      html("label", {}, "CSV with x, y, class (1 to 5) ", file));
  }

  /** @param {string[]} points */
  setPoints(points) {
    this.pause();
    this.restart();
    this.parameters.delete("point");
    for (const point of points) this.parameters.append("point", point);
    this.go(false);
  }

  /** @param {PointerEvent} event */
  addPoint(event) {
    if (this.get("data") !== "own" || !this.overlay) return;
    const box = this.overlay.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * 2 - 1;
    const y = 1 - ((event.clientY - box.top) / box.height) * 2;
    this.setPoints([...this.parameters.getAll("point"), `${(EDGE * x).toFixed(3)},${(EDGE * y).toFixed(3)},${this.class}`]);
  }

  /** @param {HTMLInputElement} input */
  async readFile(input) {
    const file = input.files?.[0];
    if (!file) return;
    if (file.size > 100_000) return show("the file has more than 100 kB; keep 400 points or fewer");
    const lines = (await file.text()).split(/\r?\n/).filter((line) => line.trim() !== "");
    const rows = lines.map((line) => line.split(/[,;\t]/).map((cell) => Number(cell.trim())));
    const first = rows[0]?.some(Number.isNaN) ? 1 : 0;
    const wrong = rows.findIndex((row, i) => i >= first && !(row.length === 3 && row.every(Number.isFinite) && Number.isInteger(row[2]) && row[2] >= 1 && row[2] <= 5));
    if (wrong >= 0) return show(`line ${wrong + 1} of ${file.name}: expected x, y and a class from 1 to 5`);
    const points = rows.slice(first);
    const largest = Math.max(1e-9, ...points.flatMap(([x, y]) => [Math.abs(x), Math.abs(y)]));
    // Larger coordinates are brought into the plane that is shown.
    const scale = largest > EDGE ? 1 / largest : 1;
    this.setPoints(points.map(([x, y, k]) => `${(x * scale).toFixed(3)},${(y * scale).toFixed(3)},${k - 1}`));
  }

  // Training.

  /** Whether it trains until it is stopped; a request for the frame of one step is no training. */
  isOn() {
    return this.running !== null && this.isLong;
  }

  pause() {
    this.running?.abort();
    this.running = null;
    // The last frame may wait to be drawn.
    if (!this.drawn) this.showFrame();
    if (this.frame && this.frame.step >= this.step() && this.frame.step > 0) {
      this.parameters.set("steps", String(this.frame.step));
      write(this.name, this.parameters);
    }
    this.showRun();
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
    this.frame = null;
    if (this.ended) this.ended.textContent = "";
    this.showRun();
    const question = new URLSearchParams(this.parameters);
    question.set("stop", String(stop));
    await stream("/api/playground", question, controller.signal, (event) => this.event(event, stop === this.step()));
    if (this.running === controller) this.pause();
  }

  /**
   * @param {any} event
   * @param {boolean} isStill whether it is only to show where the training stands
   */
  event(event, isStill) {
    if (event.repeating !== undefined) {
      if (this.status) this.status.textContent = `Repeating the steps of the address: ${event.repeating}`;
      return;
    }
    if (event.end !== undefined) {
      if (this.ended && !isStill) this.ended.textContent = `Ended: ${event.end}.`;
      return;
    }
    if (event.points) this.points = event.points;
    this.frame = event;
    if (this.history[this.history.length - 1]?.step !== event.step) this.history.push(event);
    // Every other point goes when there are too many, so that the curve keeps its beginning.
    if (this.history.length > KEPT) this.history = this.history.filter((_, i) => i % 2 === 0 || i === this.history.length - 1);
    if (!this.drawn) return;
    this.drawn = false;
    requestAnimationFrame(() => { this.drawn = true; this.showFrame(); });
  }

  showRun() {
    if (this.main) this.main.textContent = this.isOn() ? "Pause" : "Train";
  }

  showFrame() {
    const frame = this.frame;
    if (!frame || this.history.length === 0 || !this.canvas || !this.overlay) return;
    paint(this.canvas, frame.surface, frame.confusion !== null);
    if (this.points && this.dotted !== this.points) {
      this.overlay.replaceChildren(dots(this.points));
      this.dotted = this.points;
    }
    this.net?.show(frame, this.functions());
    if (this.status) {
      const accuracy = frame.confusion ? `, accuracy ${format(frame.training.accuracy, 3)} training, ${format(frame.test.accuracy, 3)} test` : "";
      this.status.textContent = `Step ${frame.step}, epoch ${frame.epoch}: loss ${format(frame.training.loss)} training, ${format(frame.test.loss)} test${accuracy}`;
    }
    const warnings = frame.warnings.map((text) => html("li", {}, text));
    this.side?.replaceChildren(
      warnings.length > 0 && html("ul", { class: "warnings", "aria-label": "Warnings" }, ...warnings) || "",
      html("p", { class: "muted" }, html("span", { class: "key first" }), "training ", html("span", { class: "key second" }), "test"),
      this.history.length < 2 ? html("p", { class: "muted" }, "Curves appear here while the net trains.") : "",
      curves(this.history, "loss"), frame.confusion ? curves(this.history, "accuracy") : "",
      gradients(frame.norms), html("h3", {}, "Activations"), activations(frame.histograms),
      frame.confusion ? html("h3", {}, "Confusion matrix") : "", frame.confusion ? matrix(frame.confusion) : "",
      html("h3", {}, "Save"),
      html("div", { class: "bar" }, ...["safetensors", "json", "rust"].map((form) => button(`Weights as ${{ safetensors: "safetensors", json: "JSON", rust: "Rust code" }[form]}`, () => this.save(form)))),
      html("div", { class: "bar" }, ...(/** @type {("svg" | "png")[]} */ (["svg", "png"])).map((kind) => button(`Picture as ${kind.toUpperCase()}`, () => this.savePicture(kind)))));
  }

  /** The activation of each hidden layer. */
  functions() {
    const named = this.get("f").split(",");
    return this.get("hidden").split(",").filter((text) => text !== "").map((_, l) => named[l] ?? named[0]);
  }

  /**
   * Saves the weights of the moment that is shown.
   * @param {string} form
   */
  save(form) {
    if (!this.frame) return;
    const question = new URLSearchParams(this.parameters);
    question.set("steps", String(this.frame.step));
    saveWeights("/api/playground/weights", question, form);
  }

  /**
   * Saves the net and the surface.
   * @param {"svg" | "png"} kind
   */
  savePicture(kind) {
    if (!this.net || !this.canvas || !this.overlay) return;
    const picture = composed(this.net, this.canvas, this.overlay);
    // Its style is that of the page while it is in it.
    document.body.append(picture);
    save(picture, "playground", kind).catch(() => show("the picture could not be saved")).finally(() => picture.remove());
  }
}
