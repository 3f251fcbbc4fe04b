// One camera's picture, what is drawn over it, and the gestures by which a person points into it.

import * as overlay from "./overlay.js";

const FAR = 4; // pixels of the picture that a pointer moves before it drags
const SPARSE = 3; // pixels between the points of a trace

export class View {
  constructor(camera, size, { show, steer, tool }) {
    Object.assign(this, { camera, size, show, steer, tool });
    this.canvas = document.createElement("canvas");
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "application");
    this.canvas.setAttribute("aria-label", `Picture of the ${camera} camera: arrows move a cross, Enter points`);
    this.context = this.canvas.getContext("2d");
    this.picture = this.frame = this.seen = this.drawn = this.cursor = this.pending = null;
    this.listen();
    new ResizeObserver(() => this.draw()).observe(this.canvas);
  }

  async update(frame, file) {
    this.frame = frame;
    this.pending = null;
    const picture = await createImageBitmap(file);
    if (this.frame !== frame) return; // a newer one has come meanwhile
    this.picture = picture;
    this.draw();
  }

  draw() {
    const width = Math.round(this.canvas.clientWidth * Math.min(2, devicePixelRatio || 1));
    if (!width || !this.picture) return;
    this.canvas.width = this.canvas.height = width;
    const [context, scale] = [this.context, width / this.size];
    context.imageSmoothingQuality = "high";
    context.drawImage(this.picture, 0, 0, width, width);
    const { grounding, before, attention, unsure, steered } = this.frame;
    const main = this.camera === this.frame.cameras[0];
    if (main && attention && this.show.attention) overlay.attention(context, attention);
    if (main && before && this.show.old) overlay.grounding(context, before, scale, { old: true });
    if (main && grounding) overlay.grounding(context, grounding, scale, { unsure });
    if (main && this.seen) overlay.things(context, this.seen, scale);
    if (steered && steered.camera === this.camera) overlay.gesture(context, steered, scale);
    for (const drawn of [this.pending, this.drawn]) if (drawn) overlay.gesture(context, drawn, scale);
    if (this.cursor) overlay.gesture(context, { point: this.cursor }, scale);
  }

  point(drawn) {
    this.pending = drawn; // shown until a frame says that it was understood
    this.draw();
    this.steer(this.camera, drawn);
  }

  at(event) {
    const area = this.canvas.getBoundingClientRect();
    const inside = (value) => Math.max(0, Math.min(this.size, Math.round(10 * this.size * value) / 10));
    return [inside((event.clientX - area.left) / area.width), inside((event.clientY - area.top) / area.height)];
  }

  listen() {
    let start = null, path = [], kind = "point";
    const { canvas } = this;
    const end = () => { start = this.drawn = null; this.draw(); };
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      start = this.at(event);
      path = [start];
      kind = event.shiftKey ? "trace" : this.tool();
      if (event.pointerType !== "touch" || kind !== "auto") canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!start) return;
      const here = this.at(event), last = path.at(-1);
      if (Math.hypot(here[0] - last[0], here[1] - last[1]) >= SPARSE) path.push(here);
      const far = Math.hypot(here[0] - start[0], here[1] - start[1]) > FAR;
      this.drawn = !far ? null : kind === "trace" ? { trace: path } : { box: corners(start, here) };
      this.draw();
    });
    canvas.addEventListener("pointerup", (event) => {
      if (!start) return;
      const here = this.at(event), drawn = this.drawn ?? { point: start };
      if (drawn.trace) drawn.trace = [...path.slice(0, 500), here];
      end();
      this.point(drawn);
    });
    canvas.addEventListener("pointercancel", end);
    canvas.addEventListener("keydown", (event) => this.key(event));
    canvas.addEventListener("blur", () => { this.cursor = null; this.draw(); });
  }

  key(event) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (way) {
      const far = event.shiftKey ? 16 : 4;
      const from = this.cursor ?? [this.size / 2, this.size / 2];
      this.cursor = from.map((value, axis) => Math.max(0, Math.min(this.size, value + far * way[axis])));
    } else if (event.key === "Enter" && this.cursor) {
      this.point({ point: this.cursor });
    } else return;
    event.preventDefault();
    this.draw();
  }
}

function corners([a, b], [c, d]) {
  return [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)];
}
