// The socket: commands go out as JSON, what comes back is JSON, or a map with files behind it.

const text = new TextDecoder();

export function unpack(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const head = JSON.parse(text.decode(new Uint8Array(buffer, 4, length)));
  let at = 4 + length;
  head.files = head.files.map((size) => {
    const file = new Blob([new Uint8Array(buffer, at, size)], { type: "image/jpeg" });
    at += size;
    return file;
  });
  return head;
}

export class Link {
  constructor(hear, change) {
    this.hear = hear;
    this.change = change;
    this.tries = 0;
    this.open();
  }

  open() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.socket = new WebSocket(`${scheme}://${location.host}/live`);
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => { this.tries = 0; };
    this.socket.onmessage = ({ data }) => this.hear(typeof data === "string" ? JSON.parse(data) : unpack(data));
    this.socket.onclose = () => {
      this.change("away");
      this.tries += 1;
      setTimeout(() => this.open(), Math.min(8000, 400 * 2 ** this.tries));
    };
  }

  send(name, fields = {}) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ do: name, ...fields }));
  }

  upload(name, fields, file) {
    const head = new TextEncoder().encode(JSON.stringify({ do: name, ...fields }));
    const size = new DataView(new ArrayBuffer(4));
    size.setUint32(0, head.length, true);
    this.socket.send(new Blob([size.buffer, head, file]));
  }
}
