// Lists of things with how sure the policy is of each.

import { colourOf } from "./overlay.js";

const DOUBT = 0.5;

export function list(root, things, none) {
  root.replaceChildren(...things.map((thing, index) => {
    const item = document.createElement("li"), name = document.createElement("span");
    const mark = document.createElement("i"), sure = document.createElement("span");
    mark.style.background = colourOf(index);
    name.append(mark, thing.label);
    sure.textContent = `${Math.round(100 * thing.confidence)}%${thing.confidence < DOUBT ? " · not sure" : ""}`;
    item.append(name, sure);
    return item;
  }));
  if (!things.length) root.textContent = none;
}

export function meters(root, confidence) {
  const rows = Object.entries(confidence).map(([role, value]) => {
    const row = document.createElement("div"), bar = document.createElement("div");
    const fill = document.createElement("i"), told = document.createElement("output");
    row.className = "meter";
    fill.className = role;
    fill.style.width = `${100 * value}%`;
    told.textContent = `${Math.round(100 * value)}%`;
    bar.append(fill);
    row.append(role, bar, told);
    return row;
  });
  root.replaceChildren(...rows);
}

export function options(select, names, chosen) {
  select.replaceChildren(...names.map((name) => new Option(name || "nobody", name, false, name === chosen)));
}
