// Kept episodes: small pictures that play when they are chosen.

const HZ = 10;

export class Gallery {
  constructor(link) {
    this.link = link;
    this.root = document.getElementById("kept");
    this.cards = new Map();
  }

  list({ episodes, folder }) {
    this.cards = new Map(episodes.map((episode) => [episode.number, this.cards.get(episode.number) ?? this.card(episode)]));
    this.root.replaceChildren(...[...this.cards.values()].map(({ item }) => item));
    const robots = [...new Set(episodes.map(({ robot }) => robot))];
    const links = robots.map((robot) => {
      const link = document.createElement("a");
      link.href = `export/${robot}.zip`;
      link.textContent = `${robot}.zip`;
      link.className = "link";
      return link;
    });
    const told = document.getElementById("export");
    told.replaceChildren(robots.length ? "LeRobot v3.0 dataset: " : "Kept episodes become a LeRobot v3.0 dataset.");
    links.forEach((link, index) => told.append(index ? ", " : "", link));
    if (robots.length) told.append(` (also in ${folder})`);
  }

  card(episode) {
    const item = document.createElement("li"), button = document.createElement("button");
    const canvas = document.createElement("canvas"), told = document.createElement("span");
    canvas.width = canvas.height = 224;
    told.className = episode.success ? "good" : "bad";
    told.textContent = ` ${episode.outcome}`;
    button.append(canvas, `“${episode.instruction}”, seed ${episode.seed}.`, told);
    button.title = `Play (${episode.policy}${episode.steered ? ", steered" : ""})`;
    button.addEventListener("click", () => this.link.send("replay", { number: episode.number }));
    item.append(button);
    this.link.send("replay", { number: episode.number });
    return { item, canvas, fresh: true, turn: 0 };
  }

  async play({ number, files, steps }) {
    const card = this.cards.get(number);
    if (!card) return;
    const each = files.length / steps, context = card.canvas.getContext("2d");
    const turn = ++card.turn, last = card.fresh ? 1 : steps;
    card.fresh = false;
    for (let step = 0; step < last && card.turn === turn; step++) {
      context.drawImage(await createImageBitmap(files[step * each]), 0, 0, 224, 224);
      if (last > 1) await new Promise((done) => setTimeout(done, 1000 / HZ));
    }
  }
}
