// One WebSocket for the page: subscribes, notices gaps by sequence, comes back by itself, and says how fresh it is.

const BEATS_MISSED_MS = 3000; // heartbeats come each second
const GIVE_UP_MS = 8000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10000;
const PRIVATE = new Set(["orders", "fills", "positions", "account"]);

export class Stream {
  // onState(state, ageMs): "connecting", "live", "stale" or "reconnecting".
  constructor(url, { account, onState }) {
    this.url = url;
    this.account = account;
    this.onState = onState;
    this.channels = new Map(); // name -> {handle, sequence}; sequence is null until the channel is subscribed
    this.asked = new Map(); // id of a request -> what to do with its answer
    this.nextId = 1;
    this.waitMs = FIRST_WAIT_MS;
    this.heardAt = 0;
    this.state = "connecting";
    setInterval(() => this.watch(), 500);
  }

  // handle(message) for every message of the channel, each once and in order.
  subscribe(name, handle) {
    this.channels.set(name, { handle, sequence: null });
    this.ask(name);
  }

  unsubscribe(name) {
    this.channels.delete(name);
    this.request({ op: "unsubscribe", channels: [name] });
  }

  connect() {
    this.socket = new WebSocket(this.url);
    this.isAuthenticated = false;
    this.socket.onopen = () => this.opened();
    this.socket.onmessage = (event) => this.heard(JSON.parse(event.data));
    this.socket.onclose = () => this.closed();
  }

  opened() {
    this.heardAt = Date.now();
    this.asked.clear();
    if (this.account) {
      this.request({ op: "auth", account: Number(this.account) }, (answer) => {
        this.isAuthenticated = !answer.error;
        if (this.isAuthenticated) this.askAll((name) => PRIVATE.has(name));
      });
    }
    this.askAll((name) => !PRIVATE.has(name));
  }

  closed() {
    for (const channel of this.channels.values()) channel.sequence = null;
    this.tell("reconnecting");
    setTimeout(() => this.connect(), this.waitMs * (0.75 + Math.random() / 2));
    this.waitMs = Math.min(this.waitMs * 2, LONGEST_WAIT_MS);
  }

  askAll(isWanted) {
    for (const name of this.channels.keys()) if (isWanted(name)) this.ask(name);
  }

  ask(name) {
    const channel = this.channels.get(name);
    if (this.socket?.readyState !== WebSocket.OPEN || (PRIVATE.has(name) && !this.isAuthenticated)) return;
    channel.sequence = null;
    this.request({ op: "subscribe", channels: [name] }, (answer) => {
      if (answer.error) return setTimeout(() => this.channels.has(name) && this.ask(name), 2000);
      channel.sequence = answer.result.channels[name];
    });
  }

  request(message, then) {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    const id = this.nextId++;
    if (then) this.asked.set(id, then);
    this.socket.send(JSON.stringify({ ...message, id }));
  }

  heard(message) {
    this.heardAt = Date.now();
    this.waitMs = FIRST_WAIT_MS;
    this.tell("live");
    if (message.channel === undefined) {
      this.asked.get(message.id)?.(message);
      this.asked.delete(message.id);
      return;
    }
    const channel = this.channels.get(message.channel);
    if (channel === undefined || channel.sequence === null) return;
    if (message.type === "snapshot") {
      channel.sequence = message.sequence;
      channel.handle(message);
    } else if (message.previous_sequence > channel.sequence) {
      this.ask(message.channel); // something was missed: begin anew
    } else if (message.type !== "heartbeat" && message.sequence >= channel.sequence) {
      // The same sequence again: a state that has none of its own, like that of the engine, or a repeat, which changes nothing.
      channel.sequence = message.sequence;
      channel.handle(message);
    }
  }

  watch() {
    const ageMs = Date.now() - this.heardAt;
    if (this.socket?.readyState !== WebSocket.OPEN || ageMs < BEATS_MISSED_MS) return;
    this.tell("stale", ageMs);
    if (ageMs > GIVE_UP_MS) this.socket.close();
  }

  tell(state, ageMs = 0) {
    if (state === this.state && state !== "stale") return;
    this.state = state;
    this.onState(state, ageMs);
  }
}
