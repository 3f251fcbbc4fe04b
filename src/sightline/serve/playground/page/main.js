// The page: what comes from the playground goes to the parts that show it, what a person does goes back.

import { curves } from "./curves.js";
import { Gallery } from "./gallery.js";
import { Lane } from "./lane.js";
import { Link } from "./link.js";
import { list, meters, options } from "./lists.js";
import { keys } from "./keys.js";
import { Photo } from "./photo.js";

const element = (id) => document.getElementById(id);
const show = { attention: false, old: true };
const settings = { show, tool: () => document.querySelector("[name=tool]:checked").value };
const asked = new URLSearchParams(location.search);
let state = null, lanes = [], choices = null, arrivals = [];

const link = new Link(hear, (name) => status(name, "Lost the playground; trying again…"));
const gallery = new Gallery(link);
const photo = new Photo(link, note);
const actions = {
  guide: (lane, on) => link.send("guidance", { lane, on }),
  steer: (lane, camera, drawn) => link.send("steer", { lane, camera, ...(drawn.trace ? {} : { role: element("role").value }), ...drawn }),
};

const heard = { loading, welcome, state: tell, frame, note: (event) => note(event.text, event.kind), seen, replay: (event) => gallery.play(event),
  gallery: (event) => gallery.list(event), answer: (event) => photo.answer(event) };

function hear(event) {
  heard[event.type]?.(event);
}

function status(name, words) {
  document.body.dataset.state = name;
  element("status").textContent = words;
}

function loading() {
  status("loading", "The policy is being loaded…");
}

function welcome(event) {
  choices = event;
  options(element("collection"), event.collections);
  options(element("robot"), event.robots);
  options(element("tasks"), event.tasks);
  options(element("first"), event.policies);
  options(element("second"), ["", ...event.policies]);
  const wanted = state ?? Object.fromEntries(asked);
  const names = state ? state.policies : asked.getAll("policy").filter((name) => event.policies.includes(name)).slice(0, 2);
  const seed = Number.parseInt(wanted.seed, 10);
  link.send("new", {
    ...(Number.isInteger(seed) && seed >= 0 ? { seed } : {}),
    ...Object.fromEntries(["collection", "robot", "tasks"].filter((key) => wanted[key]).map((key) => [key, wanted[key]])),
    ...(asked.get("say") && !state ? { say: asked.get("say") } : {}),
  });
  if (names.length > 1 || (names.length && names[0] !== event.policies[0])) link.send("policies", { names });
}

function tell(event) {
  const other = !state || state.seed !== event.seed || state.policies.join() !== event.policies.join();
  if (other || lanes.length !== event.policies.length) clear(event.policies.length);
  state = event;
  status(event.playing ? "playing" : "paused", event.playing ? "Acting" : "Paused");
  if (document.activeElement !== element("words")) element("words").value = event.instruction;
  element("play").textContent = event.playing ? "Pause" : "Play";
  element("undo").disabled = !event.undo;
  for (const key of ["seed", "collection", "robot", "tasks"]) element(key).value = event[key];
  element("first").value = event.policies[0];
  element("second").value = event.policies[1] ?? "";
  element("speed").value = String(event.speed);
  lanes.forEach((lane, index) => lane.tell(event.policies[index], event.lanes[index], event.playing));
  element("examples").replaceChildren(...event.examples.map((words) => {
    const chip = document.createElement("button");
    chip.textContent = words;
    chip.addEventListener("click", () => { element("words").value = words; link.send("say", { words }); });
    return chip;
  }));
  history.replaceState(null, "", address());
}

function clear(count) {
  lanes = Array.from({ length: count }, (_, number) => new Lane(number, settings, actions));
  element("lanes").replaceChildren(...lanes.map(({ root }) => root));
  element("lanes").classList.toggle("two", count > 1);
  element("seen").replaceChildren();
}

function address() {
  const told = new URLSearchParams({ seed: state.seed });
  if (state.collection !== choices.collections[0]) told.set("collection", state.collection);
  if (state.robot !== choices.robots[0]) told.set("robot", state.robot);
  if (state.tasks !== choices.tasks[0]) told.set("tasks", state.tasks);
  if (state.instruction !== state.examples[0]) told.set("say", state.instruction);
  if (state.policies.length > 1 || state.policies[0] !== choices.policies[0]) {
    state.policies.forEach((name) => told.append("policy", name));
  }
  return `?${told}`;
}

function frame(event) {
  const lane = lanes[event.lane];
  if (!lane) return;
  lane.frame(event);
  if (event.step && lane.views.values().next().value?.seen) lane.seen(null);
  if (event.lane) return;
  curves(element("curves"), event);
  if (event.grounding) meters(element("sure"), event.grounding.confidence);
  else element("sure").textContent = event.step ? "It does not say." : "It has not looked yet.";
  timed(event);
}

function timed({ ms }) {
  const now = performance.now();
  arrivals = [...arrivals.filter((time) => now - time < 2000), now];
  const span = (arrivals.at(-1) - arrivals[0]) / 1000;
  const rate = span > 0.3 ? (arrivals.length - 1) / span : 0;
  const names = { chunk: "thinking of a chunk", planner: "of it, looking", expert: "of it, drawing actions", physics: "physics of a step", pictures: "pictures of a step" };
  const rows = Object.entries(names).filter(([key]) => key in ms).map(([key, words]) => [words, `${ms[key].toFixed(0)} ms`]);
  if (rate) rows.push(["pictures a second", rate.toFixed(1)]);
  document.body.dataset.rate = rate.toFixed(1);
  element("times").replaceChildren(...rows.flatMap(([words, value]) => {
    const name = document.createElement("dt"), told = document.createElement("dd");
    [name.textContent, told.textContent] = [words, value];
    return [name, told];
  }));
}

function seen({ lane, things }) {
  lanes[lane]?.seen(things);
  list(element("seen"), things, "Nothing that it knows.");
}

function note(words, kind = "note") {
  const line = document.createElement("p");
  line.className = kind;
  line.textContent = words;
  element("notes").append(line);
  while (element("notes").children.length > 3) element("notes").firstChild.remove();
  setTimeout(() => line.remove(), kind === "problem" ? 9000 : 5000);
}

const press = {
  play: () => link.send("play", { on: !state?.playing }),
  step: () => link.send("step"),
  reset: () => link.send("reset"),
  undo: () => link.send("undo"),
  fresh: () => link.send("new"),
  see: () => link.send("see", { lane: 0 }),
  keep: () => link.send("keep", { lane: 0 }),
  theme: () => {
    const next = { "": "light", light: "dark", dark: "" }[document.documentElement.dataset.theme ?? ""];
    document.documentElement.dataset.theme = next;
    note(next ? `Theme: ${next}.` : "Theme: as the system says.");
  },
  share: () => navigator.clipboard?.writeText(location.href).then(() => note("Copied the link to this scene."), () => note(location.href)),
  "help-button": () => element("help").showModal(),
};
for (const [id, act] of Object.entries(press)) element(id).addEventListener("click", act);

element("say").addEventListener("submit", (event) => {
  event.preventDefault();
  const words = element("words").value.trim();
  if (words) link.send("say", { words });
  element("words").blur();
});
element("scene").addEventListener("submit", (event) => {
  event.preventDefault();
  const names = [element("first").value, element("second").value].filter(Boolean);
  const changed = names.join() !== state.policies.join();
  const seed = element("seed").valueAsNumber;
  const world = Object.fromEntries(["collection", "robot", "tasks"].map((key) => [key, element(key).value]));
  link.send("new", { ...(Number.isInteger(seed) ? { seed } : {}), ...world });
  if (changed) link.send("policies", { names });
});
element("speed").addEventListener("change", ({ target }) => link.send("speed", { value: Number(target.value) }));
element("tool").addEventListener("change", () => document.body.classList.toggle("drawing", settings.tool() !== "auto"));
for (const [id, key] of [["attention", "attention"], ["old", "old"]]) {
  element(id).addEventListener("change", ({ target }) => { show[key] = target.checked; lanes.forEach((lane) => lane.draw()); });
}
keys({
  " ": press.play, ".": press.step, r: press.reset, u: press.undo, n: press.fresh, w: press.see, k: press.keep,
  "?": press["help-button"], "/": () => element("words").select(), g: () => lanes[0]?.part("guided").click(),
  a: () => element("attention").click(), b: () => element("old").click(),
});
