// What is drawn over pictures. Coordinates are pixels of the picture; `scale` is canvas pixels for one of them.

export const COLOURS = { target: "#ffb000", reference: "#00beff", place: "#46ff96", trace: "#ff00aa" };
const OLD = "rgba(225, 225, 240, .8)";
const OTHERS = ["#78dc50", "#aa82ff", "#ff785a", "#3cdcbe", "#f0e65a", "#e678d2", "#8fb7ff"];

export const colourOf = (index) => OTHERS[index % OTHERS.length];

function line(context, points, scale, colour, width, dash = []) {
  if (points.length < 2) return;
  context.beginPath();
  points.forEach(([u, v], index) => context[index ? "lineTo" : "moveTo"](u * scale, v * scale));
  context.setLineDash(dash);
  context.lineJoin = context.lineCap = "round";
  context.strokeStyle = "rgba(10, 12, 18, .65)";
  context.lineWidth = width + 2;
  context.stroke();
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke();
  context.setLineDash([]);
}

export function box(context, corners, scale, colour, caption = "", dash = []) {
  const [x1, y1, x2, y2] = corners;
  line(context, [[x1, y1], [x2, y1], [x2, y2], [x1, y2], [x1, y1]], scale, colour, Math.max(1.5, scale * 0.7), dash);
  if (!caption) return;
  const size = Math.max(10, Math.min(15, scale * 5));
  context.font = `600 ${size}px system-ui, sans-serif`;
  const width = context.measureText(caption).width + 8;
  const left = Math.max(0, Math.min(x1 * scale, context.canvas.width - width));
  const top = y1 * scale > size + 6 ? y1 * scale - size - 5 : y1 * scale;
  context.fillStyle = colour;
  context.fillRect(left, top, width, size + 5);
  context.fillStyle = "#12141a";
  context.fillText(caption, left + 4, top + size);
}

function cross(context, [u, v], scale, colour) {
  const reach = Math.max(6, scale * 3.2);
  for (const [ink, width] of [["rgba(10,12,18,.8)", 4.5], [colour, 2.2]]) {
    context.strokeStyle = ink;
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(u * scale - reach, v * scale);
    context.lineTo(u * scale + reach, v * scale);
    context.moveTo(u * scale, v * scale - reach);
    context.lineTo(u * scale, v * scale + reach);
    context.stroke();
  }
}

function ring(context, [u, v], scale, colour) {
  const radius = Math.max(5, scale * 2.4);
  for (const [ink, width] of [["rgba(10,12,18,.8)", 4.5], [colour, 2.4]]) {
    context.strokeStyle = ink;
    context.lineWidth = width;
    context.beginPath();
    context.arc(u * scale, v * scale, radius, 0, 7);
    context.stroke();
  }
}

export function grounding(context, told, scale, { old = false, unsure = [] } = {}) {
  const colour = (role) => (old ? OLD : COLOURS[role]);
  const width = Math.max(1.5, scale * 0.8);
  line(context, told.trace, scale, colour("trace"), old ? 1.2 : width, old ? [4, 4] : []);
  for (const role of Object.keys(told.boxes).reverse()) {
    const sure = told.confidence[role];
    const caption = old ? "" : `${role}${sure === undefined ? "" : ` ${Math.round(100 * sure)}%`}`;
    box(context, told.boxes[role], scale, colour(role), caption, old || unsure.includes(role) ? [5, 4] : []);
  }
  for (const role of Object.keys(told.points).reverse()) {
    if (role === "reference") continue;
    (role === "target" ? cross : ring)(context, told.points[role], scale, colour(role));
  }
}

export function things(context, list, scale) {
  list.forEach((thing, index) => box(context, thing.box, scale, colourOf(index), thing.label));
}

export function gesture(context, drawn, scale) {
  const ink = "#ffffff";
  if (drawn.trace) line(context, drawn.trace, scale, ink, 2.5);
  if (drawn.box) box(context, drawn.box, scale, ink, "", [6, 4]);
  if (drawn.point) ring(context, drawn.point, scale, ink);
}

const heat = document.createElement("canvas");
export function attention(context, cells) {
  heat.width = cells[0].length;
  heat.height = cells.length;
  const pixels = new ImageData(heat.width, heat.height);
  cells.flat().forEach((value, index) => {
    pixels.data.set([255, 90 + 150 * (1 - value), 30, 190 * value ** 1.5], 4 * index);
  });
  heat.getContext("2d").putImageData(pixels, 0, 0);
  context.imageSmoothingEnabled = true;
  context.drawImage(heat, 0, 0, context.canvas.width, context.canvas.height);
}
