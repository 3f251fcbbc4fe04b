// A photograph of one's own: dropped, shown, asked about.

import * as overlay from "./overlay.js";
import { list } from "./lists.js";

const SIDE = 1280; // pixels of the longer side that are sent; a policy sees fewer

export class Photo {
  constructor(link, note) {
    Object.assign(this, { link, note });
    this.root = document.getElementById("photo");
    this.canvas = document.getElementById("answer");
    this.form = document.getElementById("ask");
    document.getElementById("file").addEventListener("change", ({ target }) => this.take(target.files[0]));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.ask(document.getElementById("question").value.trim());
    });
    for (const name of ["dragover", "dragleave", "drop"]) {
      document.body.addEventListener(name, (event) => this.drag(name, event));
    }
  }

  drag(name, event) {
    if (![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
    event.preventDefault();
    this.root.classList.toggle("over", name === "dragover");
    if (name === "drop") this.take(event.dataTransfer.files[0]);
  }

  async take(file) {
    if (!file) return;
    try {
      this.picture = await createImageBitmap(file);
    } catch {
      this.note("This file is no picture that the browser can show; a JPEG or PNG file is.", "problem");
      return;
    }
    const scale = Math.min(1, SIDE / Math.max(this.picture.width, this.picture.height));
    this.canvas.width = Math.round(this.picture.width * scale);
    this.canvas.height = Math.round(this.picture.height * scale);
    this.canvas.hidden = this.form.hidden = false;
    this.draw();
    this.file = await new Promise((done) => this.canvas.toBlob(done, "image/jpeg", 0.92));
    this.ask("");
    this.root.scrollIntoView({ block: "nearest" });
  }

  ask(words) {
    this.root.dataset.state = "asking";
    if (this.file) this.link.upload("ask", words ? { words } : {}, this.file);
  }

  answer({ words, grounding, things }) {
    this.root.dataset.state = "answered";
    this.draw();
    const context = this.canvas.getContext("2d");
    const scale = 1;
    if (grounding?.found) overlay.grounding(context, grounding, scale);
    else if (!grounding) overlay.things(context, things, scale);
    const found = !grounding ? things : !grounding.found ? [] : Object.keys(grounding.boxes).map((role) => (
      { label: `${role}: ${words}`, confidence: grounding.confidence[role] ?? 0 }));
    list(document.getElementById("found"), found, grounding ? `It sees no ${words} here.` : "It recognises nothing in this picture.");
  }

  draw() {
    this.canvas.getContext("2d").drawImage(this.picture, 0, 0, this.canvas.width, this.canvas.height);
  }
}
