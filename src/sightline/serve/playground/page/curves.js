// The predicted chunk as curves: millimetres of the three directions, the turn, and where the hand is closed.

const LINES = [
  [0, 1000, "--x", ["#c2410c", "#ff9a6b"]],
  [1, 1000, "--y", ["#15803d", "#6fdc98"]],
  [2, 1000, "--z", ["#1d4ed8", "#86a5ff"]],
  [5, 180 / Math.PI, "--turn", ["#7e22ce", "#cf9bff"]],
];

export function curves(canvas, { chunk, executed }) {
  const context = canvas.getContext("2d");
  const { width, height } = canvas;
  const style = getComputedStyle(document.body);
  const dark = matches(style);
  context.clearRect(0, 0, width, height);
  if (!chunk.length) return;
  const steps = Math.max(2, chunk.length);
  const left = 46, x = (step) => left + (step * (width - left - 10)) / (steps - 1 || 1);
  const values = LINES.map(([index, unit]) => chunk.map((action) => action[index] * unit));
  const reach = Math.max(10, ...values.flat().map(Math.abs));
  const y = (value) => height / 2 - (value / reach) * (height / 2 - 16);
  const faint = dark ? "#98a1b5" : "#5d667a";
  chunk.forEach((action, step) => {
    if (action[6] >= 0) return;
    context.fillStyle = dark ? "rgba(152,161,181,.22)" : "rgba(93,102,122,.16)";
    context.fillRect(x(step) - (x(1) - x(0)) / 2, 0, x(1) - x(0), height);
  });
  context.strokeStyle = faint;
  context.lineWidth = 1;
  context.setLineDash([3, 5]);
  context.strokeRect(left, y(0), width - left - 10, 0);
  context.setLineDash([]);
  context.fillStyle = faint;
  context.font = "20px system-ui, sans-serif";
  for (const value of [reach, 0, -reach]) context.fillText(String(Math.round(value)), 0, y(value) + 7);
  LINES.forEach(([, , , colours], number) => {
    context.strokeStyle = colours[dark ? 1 : 0];
    context.lineWidth = 4;
    context.lineJoin = "round";
    context.beginPath();
    values[number].forEach((value, step) => context[step ? "lineTo" : "moveTo"](x(step), y(value)));
    context.stroke();
  });
  if (executed > 0) {
    context.strokeStyle = faint;
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(x(Math.min(executed, steps) - 1), 4);
    context.lineTo(x(Math.min(executed, steps) - 1), height - 4);
    context.stroke();
  }
}

function matches(style) {
  const [red] = style.backgroundColor.match(/\d+/g).map(Number);
  return red < 128;
}
