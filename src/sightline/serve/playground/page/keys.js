// Keys that do something wherever one is on the page, except where text is typed.

export function keys(actions) {
  document.addEventListener("keydown", (event) => {
    const { target, key } = event;
    const typing = target.matches("input:not([type=checkbox]):not([type=radio]), select, textarea");
    const pressing = key === " " && target.matches("button, input, a");
    if (typing || pressing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (!actions[key]) return;
    event.preventDefault();
    actions[key]();
  });
}
