"use strict";
// Shows the controller and gives orders to it. Everything that comes is put in as text, never as markup.
const byId = (id) => document.getElementById(id);
const known = (value) => value !== null && value !== undefined;
const rate = (bps) => known(bps) ? (bps >= 1e6 ? (bps / 1e6).toFixed(2) + " Mbit/s" : Math.round(bps / 1e3) + " kbit/s") : null;
const seconds = (s) => known(s) ? (s < 1 ? Math.round(s * 1000) + " ms" : s.toFixed(1) + " s") : null;
const percent = (ratio) => known(ratio) ? (ratio * 100).toFixed(1) + " %" : null;
const clock = (s) => known(s) ? new Date(s * 1000).toLocaleTimeString([], { hour12: false }) : null;
const target = (t) => t ? rate(t.bitrate_bps) + (t.audio_only ? ", audio only" : ", " + t.width_px + "x" + t.height_px + " at " + t.frame_rate_hz) : null;
const since = (from, to) => known(from) && known(to) ? "+" + (to - from).toFixed(2) + " s" : null;
const TOKEN = "vvlive-token";

const ORDERS = [
  { name: "Emergency scene", order: { emergency: true }, danger: true },
  { name: "Audio only", order: { audio_only: true }, danger: true },
  { name: "Hold as it is", order: { hold: true } },
  { name: "Main scene", order: { scene: "main" } },
];
const MORE = [
  { name: "Simple scene", order: { scene: "simple" } },
  { name: "Offline scene", order: { scene: "offline" } },
  { name: "At most 1.5 Mbit/s", order: { bitrate_cap_bps: 1500000 } },
  { name: "At most 800 kbit/s", order: { bitrate_cap_bps: 800000 } },
  { name: "State HIGH", order: { state: "HIGH" } },
  { name: "State MEDIUM", order: { state: "MEDIUM" } },
  { name: "State LOW", order: { state: "LOW" } },
  { name: "State VERY_LOW", order: { state: "VERY_LOW" } },
];
// What OBS does at once; an override would not end it.
const STUDIO = [
  { name: "Fix the ingest", path: "api/ingest/fix" },
  { name: "Mute", path: "api/ingest/mute?muted=true" },
  { name: "Unmute", path: "api/ingest/mute?muted=false" },
  { name: "Start the stream", path: "api/obs/stream/start" },
  { name: "End the stream", path: "api/obs/stream/stop", danger: true },
  { name: "Start recording", path: "api/obs/record/start" },
  { name: "End recording", path: "api/obs/record/stop" },
  { name: "Try all again now", path: "api/state-machine/reset-retry" },
];

function put(parent, tag, text, kind) {
  const element = document.createElement(tag);
  element.textContent = known(text) ? text : "unknown";
  element.className = known(text) ? (kind || "") : "unknown";
  parent.append(element);
  return element;
}
function cell(parent, name, text, kind) {
  const box = document.createElement("div");
  box.className = "cell";
  put(box, "b", name);
  put(box, "span", text, kind);
  parent.append(box);
}
function list(id, rows) {
  const element = byId(id);
  element.replaceChildren();
  if (!rows.length) put(element, "li", "none yet");
  rows.forEach(([head, text]) => {
    const line = document.createElement("li");
    put(line, "b", head);
    put(line, "span", text);
    element.append(line);
  });
}
function device(d) {
  if (d.reachable === false) return ["does not answer", "bad"];
  if (!known(d.reachable)) return [null];
  if (known(d.changed_by_hand_for_s)) return ["changed by hand, respected for " + Math.round(d.changed_by_hand_for_s) + " s"];
  if (d.confirmed === true) return ["as wanted", "good"];
  return d.confirmed === false ? [d.in_flight ? "being changed" : "not as wanted", d.in_flight ? "" : "bad"] : ["reachable"];
}
function notices(s) {
  const found = [];
  if (!s.source.answering) found.push(s.source.problem);
  if (!s.source.armed) found.push(s.source.self_test);
  if (s.encoder && s.encoder.problem) found.push("Encoder: " + s.encoder.problem);
  if (s.studio && s.studio.problem) found.push("OBS: " + s.studio.problem);
  if (s.studio) s.studio.findings.forEach((text) => found.push("OBS: " + text));
  if (s.history_problem) found.push("History is not kept: " + s.history_problem);
  if (s.vps_problem) found.push(s.vps_problem);
  if (s.edge && !s.edge.connected) found.push("No connection from the rig's controller" + (known(s.edge.age_s) ? " for " + Math.round(s.edge.age_s) + " s" : ""));
  return found.join(" \u2014 ");
}
function showOverride(s) {
  byId("override").hidden = !known(s.override_until_s);
  byId("override-orders").textContent = s.override_orders.join(", ");
  byId("override-why").textContent = s.override_reason + ", until " + clock(s.override_until_s);
}
function showStatus(s) {
  byId("studio").hidden = !s.studio;
  byId("rig").textContent = s.rig + " (" + s.policy + ")";
  byId("notice").textContent = notices(s);
  showOverride(s);
  const rig = s.encoder ? s : (s.edge && s.edge.status) || null;
  const state = rig ? rig.state : s.edge_state;
  byId("state").textContent = known(state) ? state : "unknown";
  byId("state").className = known(state) ? "" : "unknown";
  byId("why").textContent = rig ? (rig.reason || "") : "state of the rig's controller";
  const cells = byId("cells"), o = s.observed || {};
  cells.replaceChildren();
  if (rig && rig.encoder) {
    cell(cells, "Encoder wanted", target(rig.target));
    cell(cells, "Encoder plays", target(rig.encoder.plays));
    cell(cells, "Encoder", ...device(rig.encoder));
  }
  if (s.studio) {
    cell(cells, "Scene wanted", s.scene);
    cell(cells, "Scene shown", s.studio.shows_name);
    cell(cells, "OBS", ...device(s.studio));
    cell(cells, "Why this scene", s.scene_reason);
  }
  cell(cells, "Data", known(o.age_s) ? o.freshness + ", " + seconds(o.age_s) + " old" : null, o.freshness === "fresh" ? "good" : "bad");
  const low = rate(o.capacity_lower_bps), high = rate(o.capacity_upper_bps);
  cell(cells, "Capacity", low || high ? "at least " + (low || "unknown") + ", at most " + (high || "unknown") : null);
  cell(cells, "Delivered", rate(o.delivered_bps));
  cell(cells, "Drain time", seconds(o.drain_time_s));
  cell(cells, "Loss", percent(o.loss_ratio));
  cell(cells, "Ingest receives", rate(o.ingest_received_bps));
  cell(cells, "Picture late by", seconds(o.ingest_lag_s));
  if (s.edge && known(s.edge.age_s)) cell(cells, "Heard of the rig", seconds(s.edge.age_s) + " ago", s.edge.connected ? "good" : "bad");
  showUplinks(s.uplinks);
}
function showUplinks(uplinks) {
  const element = byId("uplinks");
  element.replaceChildren();
  if (!uplinks.length) put(element, "span", null);
  uplinks.forEach((u) => {
    const box = document.createElement("div"), grid = document.createElement("div");
    box.className = "uplink";
    grid.className = "grid";
    put(box, "b", u.name);
    put(box, "span", known(u.dead) ? (u.dead ? " dead" : " alive") : null, u.dead ? "bad" : "good");
    cell(grid, "Delivers", rate(u.delivered_bps));
    cell(grid, "RTT", seconds(u.rtt_s));
    cell(grid, "At least", rate(u.capacity_lower_bps));
    cell(grid, "Loss", percent(u.loss_ratio));
    box.append(grid);
    element.append(box);
  });
}
// Both controllers' decisions, from the timeline: what came of their orders is told in events of its own, newest first.
function showDecisions(found) {
  const orders = new Map(), key = (e) => e.origin + " " + e.data.decision;
  found.events.filter((e) => e.kind === "order").forEach((e) => {
    const before = orders.get(key(e));
    if (!before || (e.subject === "encoder" && before.subject !== "encoder")) orders.set(key(e), e);
  });
  const decisions = found.events.filter((e) => e.kind !== "order").sort((a, b) => b.at_s - a.at_s);
  list("decisions", decisions.slice(0, 15).map((e) => {
    const d = e.data, order = orders.has(key(e)) ? orders.get(key(e)).data : {}, parts = [clock(e.at_s)];
    if (d.target) parts.push(d.from ? d.from + " \u2192 " + d.state : d.state, target(d.target));
    if (d.scene) parts.push("scene " + d.scene);
    const became = [["applied", since(e.at_s, order.applied_s)], ["shown", since(e.at_s, order.shown_s)]];
    became.filter((one) => one[1]).forEach((one) => parts.push(one.join(" ")));
    return [parts.join(" \u00b7 "), e.text];
  }));
}
function showEvents(found) {
  list("events", found.events.map((e) => [clock(e.at_s) + " \u00b7 " + e.subject, e.text]));
}
async function ask(path, options, read) {
  const token = localStorage.getItem(TOKEN);
  const headers = token ? { Authorization: "Bearer " + token } : {};
  const own = options || {};
  const answer = await fetch(path, { ...own, cache: "no-store", signal: AbortSignal.timeout(5000),
    headers: { ...headers, ...(own.body ? { "Content-Type": "application/json" } : {}) } });
  if (!answer.ok) {
    const told = await answer.json().catch(() => ({}));
    const error = new Error(typeof told.detail === "string" ? told.detail : "HTTP " + answer.status);
    error.refused = answer.status === 401 || answer.status === 403;
    throw error;
  }
  return read ? read(answer) : answer.json();
}
async function asDataUrl(answer) {
  const picture = new FileReader(), read = new Promise((resolve) => { picture.onload = () => resolve(picture.result); });
  picture.readAsDataURL(await answer.blob());
  return read;
}
function confirmed(question, told) {
  return new Promise((resolve) => {
    const box = byId("confirm");
    byId("yes").hidden = told === true;
    byId("no").textContent = told === true ? "Close" : "No";
    byId("question").textContent = question;
    const answer = (value) => { box.close(); resolve(value); };
    byId("yes").onclick = () => answer(true);
    byId("no").onclick = () => answer(false);
    box.oncancel = () => resolve(false);
    box.showModal();
  });
}
async function order(path, options) {
  try {
    await ask(path, options);
    await look();
  } catch (error) {
    if (error.refused) byId("more").open = true;
    await confirmed("It was not done: " + error.message, true);
  }
}
function button(parent, name, danger, done) {
  const element = put(parent, "button", name, danger ? "danger" : "");
  element.type = "button";
  element.onclick = done;
}
function overriding(parent, { name, order: fields, danger }) {
  button(parent, name, danger, async () => {
    const length = byId("for"), words = length.options[length.selectedIndex].text;
    if (!await confirmed(name + " for " + words + "?")) return;
    const body = { ...fields, for_s: Number(length.value), reason: byId("reason").value || "by hand, from the page" };
    await order("api/override", { method: "POST", body: JSON.stringify(body) });
  });
}
function acting(parent, { name, path, danger }) {
  button(parent, name, danger, async () => {
    if (await confirmed(name + "?")) await order(path, { method: "POST" });
  });
}
async function showPicture() {
  try {
    byId("screenshot").src = await ask("api/obs/screenshot", {}, asDataUrl);
    byId("screenshot").hidden = false;
  } catch (error) {
    await confirmed("There is no picture: " + error.message, true);
  }
}
async function look() {
  const [status, decisions, events] = await Promise.all(
    [ask("api/status"), ask("api/events?limit=60&kind=transition&kind=decision&kind=order"), ask("api/events?limit=15&kind=uplink&kind=device&kind=alert&kind=override&kind=session&kind=controller")]);
  showStatus(status);
  showDecisions(decisions);
  showEvents(events);
}
async function refresh() {
  try {
    await look();
  } catch (error) {
    byId("notice").textContent = error.refused ? error.message : "The controller does not answer; what stands below is old.";
    byId("state").textContent = "unknown";
    byId("state").className = "unknown";
    if (error.refused) byId("more").open = true;
  }
  setTimeout(refresh, 1000);
}
ORDERS.forEach((one) => overriding(byId("orders"), one));
MORE.forEach((one) => overriding(byId("more-orders"), one));
STUDIO.forEach((one) => acting(byId("studio-orders"), one));
button(byId("studio-orders"), "Show the picture", false, showPicture);
byId("end").onclick = async () => {
  if (await confirmed("End the order by hand?")) await order("api/override", { method: "DELETE" });
};
byId("token-form").onsubmit = (event) => {
  event.preventDefault();
  localStorage.setItem(TOKEN, byId("token").value.trim());
  byId("token").value = "";
  byId("more").open = false;
};
refresh();
