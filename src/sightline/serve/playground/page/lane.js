// One policy in its scene: its pictures, its guidance switch, and in a sentence how it stands.

import { View } from "./view.js";

const NAMES = { target: "what to take", place: "where to put it" };

export class Lane {
  constructor(number, settings, actions) {
    this.number = number;
    this.actions = actions;
    this.settings = settings;
    this.views = new Map();
    this.root = document.getElementById("lane").content.firstElementChild.cloneNode(true);
    this.root.dataset.lane = number;
    this.part = (name) => this.root.querySelector(`.${name}`);
    this.part("guided").addEventListener("change", (event) => actions.guide(number, event.target.checked));
  }

  tell(name, { guided, looks }, playing) {
    this.playing = playing;
    this.part("who").textContent = name;
    this.part("guided").checked = guided;
    this.part("guided").closest("label").hidden = !looks;
  }

  frame(frame) {
    frame.cameras.forEach((camera, index) => {
      if (!this.views.has(camera)) this.add(camera, frame.size, index > 0);
      this.views.get(camera).update(frame, frame.files[index]);
    });
    Object.assign(this.root.dataset, { step: frame.step, done: frame.done, success: frame.success, lifted: frame.lifted });
    const banner = this.part("banner");
    const doubts = frame.done ? [] : frame.unsure.map((role) => NAMES[role]);
    const absent = frame.grounding && !frame.grounding.found && !frame.done;
    banner.hidden = !doubts.length && !absent && frame.judged;
    banner.textContent = absent
      ? "It sees no such thing here, so the arm stays where it is. Click on what you mean."
      : doubts.length ? `It is not sure ${doubts.join(" and ")}: what it points at may be wrong. Click on what you mean.`
      : "Whether this succeeds is for you to judge.";
    const outcome = this.part("outcome");
    outcome.textContent = frame.outcome || (frame.step ? `Step ${frame.step}${frame.lifted ? `: it has lifted the ${frame.lifted}` : ""}` : this.playing ? "Looking around…" : "Ready.");
    outcome.className = `outcome ${frame.done ? (frame.success ? "good" : "bad") : ""}`;
  }

  add(camera, size, inset) {
    const steer = (name, drawn) => this.actions.steer(this.number, name, drawn);
    const view = new View(camera, size, { ...this.settings, steer });
    const figure = document.createElement("figure");
    const caption = document.createElement("figcaption");
    caption.textContent = camera;
    figure.className = inset ? "inset" : "";
    figure.append(view.canvas, caption);
    this.part("views").append(figure);
    this.views.set(camera, view);
  }

  seen(things) {
    const [first] = this.views.values();
    if (first) first.seen = things;
    this.draw();
  }

  draw() {
    for (const view of this.views.values()) view.draw();
  }
}
