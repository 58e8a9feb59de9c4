// Keeps the status page current, and shows administrators more. It asks and shows; there is nothing here that acts.
"use strict";

const PUBLIC_POLL_MS = 5_000;
const INSIDE_POLL_MS = 30_000;
const ANSWER_MS_MAX = 10_000;
const STREAM_RETRY_MS = 2_000;
const LATER_MS_MIN = 1_000;
const LATER_MS_MAX = 60_000;
const HISTORY_SHOWN_MAX = 40;
const LOG_LINES = 200;
const OPEN = ["queued", "running", "pausing"];
const HOME = document.currentScript.src; // the page itself may be found without a slash at its end
const KEPT = "windlass.token"; // in this tab's storage, for as long as the tab is open

const $ = (id) => document.getElementById(id);

// An element. Text is always text: nothing that is told can become markup.
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

/* ---- Numbers and times for a person ---- */

const whole = new Intl.NumberFormat("en");
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const exact = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "medium" });

function duration(ms) {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${(ms / 1_000).toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function size(bytes) {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (bytes >= 1_000 && unit < units.length - 1) (bytes /= 1_000), unit++;
  return `${unit && bytes < 100 ? bytes.toFixed(1) : Math.round(bytes)} ${units[unit]}`;
}

function ago(at) {
  const seconds = (Date.parse(at) - Date.now()) / 1_000;
  for (const [unit, length] of [["day", 86_400], ["hour", 3_600], ["minute", 60]]) {
    if (Math.abs(seconds) >= length) return relative.format(Math.round(seconds / length), unit);
  }
  return "just now";
}

const when = (at) => element("time", { datetime: at, title: exact.format(new Date(at)) }, ago(at));
const tag = (text) => element("span", { class: "tag" }, text);
const soft = (...children) => element("p", { class: "soft" }, ...children);
const badge = (state) => element("span", { class: "badge", "data-state": state }, state);

/* ---- What everybody sees: the page itself, asked for again ---- */

async function refresh() {
  const answer = await fetch(location.pathname, { signal: AbortSignal.timeout(ANSWER_MS_MAX) }).catch(() => null);
  $("stale").hidden = Boolean(answer?.ok);
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const [now, next] = [$("public"), page.getElementById("public")];
  if (!next || now.outerHTML === next.outerHTML) return;
  const headline = page.getElementById("headline").textContent;
  if ($("headline").textContent !== headline) $("spoken").textContent = headline;
  document.title = page.title;
  now.replaceWith(next);
  if (token) look();
}

/* ---- What administrators see ---- */

// What is done with this tab's storage. A browser may refuse it: then the token is in the variable alone.
function stored(done) {
  try {
    return done(sessionStorage);
  } catch {
    return null;
  }
}

let token = stored((storage) => storage.getItem(KEPT));
let following = null;
let looks = 0; // begun so far; leaving counts as one
let tooSoon = 0; // looks one behind the other that came too soon

class Refused extends Error {}

// Too much came from this address: whether the token is good, nobody has said.
class TooSoon extends Error {
  constructor(problem, answer) {
    super(problem.detail || "This address has asked too much.");
    this.ms = 1_000 * (Number(answer.headers.get("retry-after")) || 0);
  }
}

async function ask(path, more = {}) {
  const headers = { accept: "application/json", authorization: `Bearer ${token}`, ...more.headers };
  const answer = await fetch(new URL(path, HOME).href, { ...more, headers, cache: "no-store" });
  if (answer.status === 401 || answer.status === 403 || answer.status === 429) {
    const problem = await answer.json().catch(() => ({}));
    if (answer.status === 429) throw new TooSoon(problem, answer);
    throw new Refused([problem.title, problem.next_step].filter(Boolean).join(". ") || `The answer was ${answer.status}.`);
  }
  return answer;
}

async function documentOf(path) {
  const answer = await ask(path);
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.detail || body.title || `The answer was ${answer.status}.`);
  return body;
}

function enter(given) {
  leave();
  token = given;
  stored((storage) => storage.setItem(KEPT, given));
  look();
}

function leave(reason = "") {
  token = null;
  tooSoon = 0;
  tell($("later"), "");
  stored((storage) => storage.removeItem(KEPT));
  looks++;
  unfollow();
  showJob(null);
  for (const id of ["run", "history", "validation", "snapshots", "jobs", "log"]) $(id).replaceChildren();
  $("inside").hidden = true;
  $("door").hidden = false;
  $("refusal").textContent = reason;
}

// Everything but the run, which tells of itself. Of several looks the newest counts: what another brings is left.
async function look() {
  const mine = ++looks;
  try {
    const [status, log] = await Promise.all([documentOf("api/migration/status"), documentOf(logPath())]);
    if (mine !== looks) return;
    showStatus(status);
    showLog(log.lines);
    tooSoon = 0;
    tell($("later"), "");
    $("refusal").textContent = "";
    $("door").hidden = true;
    $("inside").hidden = false;
    if (!following && !document.hidden) follow();
  } catch (error) {
    if (mine !== looks) return;
    if (error instanceof Refused) leave(error.message);
    else if (error instanceof TooSoon) later(error);
    else if ($("inside").hidden) $("refusal").textContent = error.message;
    else $("history").replaceChildren(soft(error.message));
  }
}

// Looks again when windlass says, and later each time, since one look asks more than once; says so meanwhile.
function later({ message, ms }) {
  const mine = looks;
  const wait = Math.min(LATER_MS_MAX, Math.max(ms, LATER_MS_MIN * 2 ** tooSoon++));
  const said = `${message} The page looks again in ${duration(wait)}.`;
  if ($("inside").hidden) $("refusal").textContent = said;
  else tell($("later"), said);
  setTimeout(() => mine === looks && !document.hidden && look(), wait);
}

const logPath = () => `api/migration/logs?limit=${LOG_LINES}&kind=${document.querySelector("[name=kind]:checked").value}`;

function showStatus(status) {
  showHistory(status);
  showValidation([status.running, ...status.recent].filter(Boolean));
  showSnapshots(status.snapshots);
  showJobs(status);
}

function showHistory({ applied, unfinished, drift, running, lock }) {
  const items = applied.toReversed().slice(0, HISTORY_SHOWN_MAX).map((row) => element("li",
    { class: row.success ? "done" : "failed" },
    element("p", { class: "what" }, element("span", {}, row.description || row.name || `Migration ${row.number}`), tag(row.version)),
    element("p", { class: "soft" }, `#${row.number} `, when(row.applied_at),
      row.applied_by ? ` by ${row.applied_by}` : "",
      row.execution_time_ms === null ? "" : `, took ${duration(row.execution_time_ms)}`),
    row.success ? "" : element("p", { class: "refusal" }, row.error_message || "It failed, and was not critical.")));
  const parts = [];
  if (unfinished && !running && !lock) parts.push(notice(`${unfinished.migration || unfinished.snapshot} was interrupted`, unfinished.next_step));
  for (const finding of drift) parts.push(notice(finding.message, finding.remedy));
  parts.push(items.length ? element("ol", { class: "timeline" }, ...items) : soft("Nothing was applied yet."));
  if (applied.length > HISTORY_SHOWN_MAX) parts.push(soft(`and ${whole.format(applied.length - HISTORY_SHOWN_MAX)} earlier`));
  $("history").replaceChildren(...parts);
}

const notice = (message, next) => element("div", { class: "notice" }, element("p", {}, message), next ? soft(next) : "");

function showValidation(jobs) {
  const reportOf = (job) => (job.kind === "validate" ? job.result : job.result?.validation);
  const job = jobs.find((job) => reportOf(job));
  if (!job) return $("validation").replaceChildren(soft("There was none yet."));
  const report = reportOf(job);
  const findings = [...report.critical_issues, ...report.warnings];
  $("validation").replaceChildren(
    element("p", { class: "what" }, badge(report.overall ? "passed" : "failed"), element("span", {}, `${report.checks} checks`),
      element("span", { class: "soft" }, when(job.finished_at || job.created_at))),
    ...findings.map((finding) => notice(finding.message, finding.remedy)));
}

function showSnapshots(snapshots) {
  const rows = snapshots.slice(0, 8).map((one) => element("li", {},
    element("p", { class: "what" }, element("span", {}, when(one.created_at)),
      tag(one.db_version || "empty")),
    element("p", { class: "soft" }, size(one.payload_bytes), ", ", whole.format(one.records_count), " rows, ",
      one.marks.verified ? element("span", {}, `looked at `, when(one.marks.verified.at), `: ${one.marks.verified.result}`)
        : "not looked at since"),
    one.message ? soft(one.message) : ""));
  const more = snapshots.length > rows.length ? soft(`and ${snapshots.length - rows.length} older`) : "";
  $("snapshots").replaceChildren(...(rows.length ? [element("ul", { class: "list" }, ...rows), more] : [soft("There is none yet.")]));
}

function showJobs({ running, recent, lock }) {
  const jobs = [running, ...recent].filter(Boolean).slice(0, 8);
  const rows = jobs.map((job) => element("li", {},
    element("p", { class: "what" }, element("span", {}, job.kind), badge(job.state)),
    element("p", { class: "soft" }, when(job.created_at), ` by ${job.requested_by}`,
      job.finished_at && job.started_at ? `, took ${duration(Date.parse(job.finished_at) - Date.parse(job.started_at))}` : ""),
    job.problem ? notice(job.problem.detail, job.problem.next_step) : ""));
  const holder = lock && !running ? notice(`The lock is held by ${lock.host || "a run that has not told its name"}.`, lock.doing) : "";
  $("jobs").replaceChildren(holder, rows.length ? element("ul", { class: "list" }, ...rows) : soft("There was none yet."));
}

function showLog(lines) {
  const rows = lines.toReversed().map((line) => element("tr", { "data-level": line.level },
    element("td", {}, element("time", { datetime: line.at }, line.at.replace("T", " ").slice(0, 19))),
    element("td", {}, line.level), element("td", {}, line.actor ? `${line.actor}: ${line.message}` : line.message)));
  const head = element("thead", {}, element("tr", {}, ...["Time (UTC)", "Level", "What"].map((text) => element("th", { scope: "col" }, text))));
  $("log").replaceChildren(rows.length ? element("table", {}, head, element("tbody", {}, ...rows)) : soft("Nothing was told yet."));
}

/* ---- The run, live: server-sent events, read by fetch, because a token has no place in an address ---- */

// Until the run has ended, or there is none, or nobody looks. A stream that is cut is asked for again after a while.
async function follow() {
  const stop = (following = new AbortController());
  let [ended, wasOpen] = [false, false];
  let wait = STREAM_RETRY_MS;
  while (!ended && !stop.signal.aborted) {
    try {
      const answer = await ask("api/migration/progress", { headers: { accept: "text/event-stream" }, signal: stop.signal });
      if (stop.signal.aborted) return;
      if (answer.status === 404) showJob(null);
      if (!answer.ok) break;
      for await (const { event, data } of events(answer.body)) {
        if (stop.signal.aborted) return;
        if (!data) continue;
        showJob(JSON.parse(data));
        ended ||= event === "end";
        wasOpen ||= !ended;
      }
    } catch (error) {
      if (stop.signal.aborted) return;
      if (error instanceof Refused) return leave(error.message);
      wait = Math.max(STREAM_RETRY_MS, error instanceof TooSoon ? error.ms : 0);
    }
    if (!ended) await new Promise((done) => setTimeout(done, wait));
  }
  if (stop.signal.aborted) return;
  following = null;
  if (wasOpen) await look().then(refresh).catch(() => { /* it is tried again */ });
}

function unfollow() {
  following?.abort();
  following = null;
}

async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const parts = (held + value).split("\n\n");
      held = parts.pop();
      for (const part of parts) {
        const event = {};
        for (const line of part.split("\n")) {
          const at = line.indexOf(":");
          if (at > 0) event[line.slice(0, at)] = line.slice(at + 1).trimStart();
        }
        yield event;
      }
    }
  } finally {
    await reader.cancel().catch(() => { /* it has ended already */ });
  }
}

// What a run is shown in. It is made once, and only what changes is written: nobody loses the focus or a selection.

const fact = (name) => element("div", {}, element("dt", {}, name), element("dd"));

const panel = {
  bar: element("progress", { max: 100, value: 0, "aria-label": "Progress of the run" }),
  share: element("span", { class: "share" }),
  facts: Object.fromEntries(["Done", "Rows", "Rate", "For", "Took", "Left", "By"].map((name) => [name, fact(name)])),
  waiting: notice("It waits for", " "),
  statement: element("pre", { class: "statement", tabindex: "0", "aria-label": "Statement" }),
  within: soft(),
  problem: notice("", " "),
};
const panelRows = [
  element("div", { class: "bar" }, panel.bar, panel.share),
  element("dl", { class: "facts" }, ...Object.values(panel.facts)),
  panel.waiting, panel.statement, panel.within, panel.problem,
];

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// Shows `node` with `text` in its last element, or in itself; hides it where there is none to show.
function tell(node, text) {
  node.hidden = !text;
  write(node.lastElementChild ?? node, text || "");
}

function showJob(job) {
  write($("run-title"), job ? title(job) : "Run");
  write($("run-state"), job?.state ?? "");
  $("run-state").dataset.state = job?.state ?? "";
  if (!job) return $("run").replaceChildren(soft("There was no run yet."));
  showProgress(job);
  if (!panel.bar.isConnected) $("run").replaceChildren(...panelRows);
}

function title({ kind, state, progress }) {
  const name = kind[0].toUpperCase() + kind.slice(1);
  return OPEN.includes(state) && progress.step ? `${name}: ${progress.step}` : name;
}

function showProgress(job) {
  const { progress } = job;
  const open = OPEN.includes(job.state);
  const share = job.state === "succeeded" ? 100 : progress.percentage;
  panel.bar.value = share;
  write(panel.share, `${Math.floor(share)} %`);
  showFacts(job, open);
  tell(panel.waiting, open && progress.waiting_for);
  tell(panel.statement, open && progress.statement);
  const within = open && progress.within;
  tell(panel.within, within && within.phase + (within.percentage === null ? "" : `, ${Math.floor(within.percentage)} %`));
  write(panel.problem.firstElementChild, job.problem?.detail ?? "");
  tell(panel.problem, job.problem?.next_step);
  panel.problem.hidden = !job.problem;
}

function showFacts({ progress, requested_by }, open) {
  const { Done, Rows, Rate, For, Took, Left, By } = panel.facts;
  const elapsed = duration(progress.elapsed_ms);
  tell(Done, progress.total && `${whole.format(progress.completed)} of ${whole.format(progress.total)}`);
  tell(Rows, progress.rows_done !== null && whole.format(progress.rows_done)
    + (progress.rows_total ? ` of about ${whole.format(progress.rows_total)}` : ""));
  tell(Rate, open && progress.rate !== null && `${whole.format(Math.round(progress.rate))} rows a second`);
  tell(For, open && elapsed);
  tell(Took, !open && elapsed);
  tell(Left, open && progress.estimated_end && duration(Math.max(0, Date.parse(progress.estimated_end) - Date.now())));
  tell(By, requested_by);
}

/* ---- It begins ---- */

// Again and again, unless nobody looks.
function every(ms, what) {
  setInterval(() => document.hidden || what().catch(() => { /* it is tried again */ }), ms);
}

$("door").hidden = false;
$("door").querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  enter($("token").value.trim());
  $("token").value = "";
});
$("leave").addEventListener("click", () => leave());
for (const choice of document.querySelectorAll("[name=kind]")) choice.addEventListener("change", look);
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return unfollow();
  refresh().catch(() => { /* it is tried again */ });
  if (token) look();
});
every(PUBLIC_POLL_MS, refresh);
every(INSIDE_POLL_MS, async () => token && look());
if (token) look();
