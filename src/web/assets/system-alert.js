// <system-alert>: tells an application's users that its database waits for a migration, and when that is over.
// docs/BANNER.md says how it is used. It is served without such comments, and without the blanks before each line.
(() => {
  const NAME = "system-alert", HOME = document.currentScript?.src || location;
  const POLL_S = 30, POLL_S_MIN = 2, BACKOFF_S_MAX = 300, DAY_MS = 864e5, ANSWER_MS = 1e4, SUCCESS_MS = 1e4;
  const SIGNS = { warning: "!", error: "!", info: "i", success: "✓" };
  const ASK = " Please contact the administrator.", BITTE = " Bitte kontaktieren Sie den Administrator.";
  // What is told: how it looks, its words.
  const KINDS = {
    behind: ["warning", "Database migration required." + ASK, "Datenbank-Migration erforderlich." + BITTE],
    running: ["info", "The system is being updated.", "Das System wird gerade aktualisiert."],
    apart: ["error", "Application and database do not match." + ASK,
      "Anwendung und Datenbank passen nicht zusammen." + BITTE],
    down: ["error", "The database cannot be reached. Please try later.",
      "Die Datenbank ist nicht erreichbar. Bitte versuchen Sie es später erneut."],
    updated: ["success", "System updated to version ", "System aktualisiert auf Version "],
    back: ["success", "The system is available again.", "Das System ist wieder verfügbar."],
  };
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    :host(:not([hidden])) { display: block }
    [part=""] :not(p, span) { display: none }
    .warning { --a: light-dark(#fff4d6, #35290b); --b: light-dark(#5c4000, #ffe3a3) }
    .error { --a: light-dark(#fdebe9, #3c1614); --b: light-dark(#7d1a12, #ffd0cb) }
    .info { --a: light-dark(#e7f0fc, #11273f); --b: light-dark(#123f73, #c3dfff) }
    .success { --a: light-dark(#e4f5ea, #10301d); --b: light-dark(#14532d, #bdf0cf) }
    div { --bg: var(--system-alert-background, var(--a)); --fg: var(--system-alert-color, var(--b)) }
    .banner { display: flex; align-items: center; gap: .8em; padding: .6em 1em; background: var(--bg); color: var(--fg);
      box-shadow: inset 0 -1px #0002; font: 15px/1.4 var(--system-alert-font, system-ui) }
    b { flex: none; width: 1.4em; border-radius: 1em; background: var(--fg); color: var(--bg); text-align: center }
    p { flex: 1; display: flex; flex-wrap: wrap; gap: 0 1.5em; margin: 0 }
    button { all: unset; padding: 0 .4em; font-size: 1.4em; cursor: pointer }
    button:hover { outline: 1px solid }
    button:focus-visible { outline: 2px solid }`);
  const make = (tag, part, more) => Object.assign(document.createElement(tag), { part }, more);

  customElements.get(NAME) || customElements.define(NAME, class extends HTMLElement {
    static observedAttributes = ["lang", "src", "interval"];
    kind = "";
    failures = 0;
    round = 0;
    due = 0;

    constructor() {
      super();
      this.sign = make("b", "icon", { ariaHidden: true });
      this.message = make("span", "message");
      this.versions = make("span", "versions");
      this.button = make("button", "close", { textContent: "×", onclick: () => this.draw(this.closed = this.kind) });
      // Always there, so that each change is read out.
      const status = make("p", "text", { role: "status" });
      status.append(this.message, this.versions);
      this.box = make("div", "");
      this.box.append(this.sign, status, this.button);
      const root = this.attachShadow({ mode: "open" });
      root.adoptedStyleSheets = [sheet];
      root.append(this.box);
      this.watch = new MutationObserver(() => this.draw());
      this.draw();
    }
    connectedCallback() {
      document.addEventListener("visibilitychange", this);
      this.watch.observe(document.documentElement, { attributeFilter: ["lang"] });
      this.plan();
    }
    disconnectedCallback() {
      document.removeEventListener("visibilitychange", this);
      this.watch.disconnect();
      clearTimeout(this.timer, this.round++);
    }
    attributeChangedCallback(name) {
      if (name == "lang") this.draw();
      else if (this.isConnected) this.plan(this.due = 0);
    }

    // Comes again when it is time; a hidden tab waits until somebody looks.
    handleEvent() { this.plan(); }
    plan() {
      clearTimeout(this.timer);
      // What no timer can hold is over at once.
      if (!document.hidden) this.timer = setTimeout(() => this.ask(), Math.min(this.due - Date.now(), DAY_MS));
    }
    async ask() {
      const round = ++this.round;
      let wait = Math.max(+this.getAttribute("interval") || POLL_S, POLL_S_MIN), answer, health;
      this.due = Date.now() + wait * 1e3;
      // Whatever fails, what was last known stays.
      try {
        answer = await fetch(this.getAttribute("src") || new URL("api/system/health", HOME),
          { credentials: "omit", signal: AbortSignal.timeout(ANSWER_MS) });
        health = await answer.json();
      } catch {}
      if (round != this.round) return;
      if (health?.backend_version) {
        this.failures = 0;
        this.learn(health, answer.status);
      } else {
        const backoff = Math.min(wait * 2 ** ++this.failures, BACKOFF_S_MAX);
        wait = Math.max(wait, backoff, +answer?.headers.get("retry-after") || 0);
      }
      this.due = Date.now() + wait * (1e3 + Math.random() * 200);
      this.plan();
    }
    learn(health, status) {
      const at = health.actual_db_version;
      let kind = status == 503 ? "down" : health.migration_running ? "running"
        : { ok: "", error: "apart" }[health.status] ?? "behind";
      // The version it all began at: 0 where only a change can end it, null while an outage hides it.
      if (kind) this.since ??= kind == "behind" ? 0 : kind == "down" ? at : at ?? 0;
      else if (this.kind && KINDS[this.kind][0] != "success") {
        kind = at && (this.since ?? at) != at ? "updated" : "back";
        this.since = null;
        setTimeout(() => kind == this.kind && this.show("", this.health), SUCCESS_MS);
      } else kind = this.kind;
      this.show(kind, health);
    }
    show(kind, health) {
      const news = kind != this.kind;
      Object.assign(this, { kind, health }, news && { closed: "" });
      this.draw();
      news && this.dispatchEvent(new CustomEvent(NAME, { detail: { kind, health }, bubbles: true }));
    }
    draw() {
      const german = /^de/i.test(this.closest("[lang]")?.lang || navigator.language);
      const [level, ...words] = this.kind != this.closed && KINDS[this.kind] || [];
      const { backend_version: backend, actual_db_version: database } = this.health || {};
      const write = (part, text) => part.textContent == text || (part.textContent = text);
      this.box.lang = german ? "de" : "en";
      this.box.className = this.box.part = level ? "banner " + level : "";
      this.button.ariaLabel = german ? "Schließen" : "Close";
      write(this.sign, SIGNS[level] || "");
      write(this.message, level ? words[+german] + (this.kind == "updated" ? database : "") : "");
      write(this.versions, !level || level == "success" || this.kind == "down" && !database ? ""
        : `Backend: v${backend} | ${german ? "Datenbank" : "Database"}: ${database ? "v" + database : german ? "leer" : "empty"}`);
    }
  });
})();
